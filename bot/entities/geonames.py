"""A GeoNames dump (`IQ.zip`, `IQ.txt`, `allCountries.zip`): read, sifted, and kept beside the compiled gazetteer.

Format: https://download.geonames.org/export/dump/readme.txt, nineteen columns parted by tabs.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserError

COLUMNS = 19
MOST_NAMED_FAULTS = 5
# Feature class and code → level: 0 a town, 1 a province, 2 a district, 3 another kind of place that news names.
_CODES = {
    "A.ADM1": 1, "A.ADM2": 2, "S.AIRB": 3, "S.AIRP": 3, "S.AIRF": 3, "S.DAM": 3, "S.PRN": 3, "S.CMPRF": 3, "S.PSN": 3,
    "T.MT": 3, "T.MTS": 3, "T.PASS": 3, "T.ISL": 3, "H.LK": 3, "H.STRT": 3, "H.RSV": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A place as its source gives it, before compiling."""

    geonameid: int
    name: str
    names: tuple[str, ...]
    lat: float
    lon: float
    population: int
    country: str  # ISO 3166, upper case
    admin1: str  # as in GeoNames: "IQ.10", or ""
    level: int  # 0 a city, 1 a province, 2 a district, 3 another place


@dataclass(slots=True)
class Sifted:
    """What came of reading a dump."""

    kept: int = 0
    left_out: int = 0  # features that news does not name: wells, hotels, streams
    broken: int = 0
    faults: tuple[str, ...] = ()


def read_line(line: str) -> Place | None:
    """A place, or None for a feature that is left out. Raises `ValueError` on a broken line."""
    cells = line.rstrip("\r\n").split("\t")
    if len(cells) != COLUMNS:
        raise ValueError(f"{len(cells)} columns instead of {COLUMNS}")
    level = 0 if cells[6] == "P" else _CODES.get(f"{cells[6]}.{cells[7]}")
    if level is None:
        return None
    lat, lon = float(cells[4]), float(cells[5])
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError(f"impossible position {lat}, {lon}")
    if len(cells[8]) != 2 or not cells[1]:
        raise ValueError("no name or no country")
    names = tuple(name for name in (cells[2], *cells[3].split(",")) if name and name != cells[1])
    admin = f"{cells[8]}.{cells[10]}" if cells[10] else ""
    return Place(int(cells[0]), cells[1], names, lat, lon, int(cells[14] or 0), cells[8], admin, level)


def keep(path: Path, folder: Path) -> Sifted:
    """Sift a dump into `folder`, where the next opening of the gazetteer takes it in. All or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    done = Sifted()
    target = folder / f"{path.stem}.tsv"
    part = target.with_suffix(".part")
    try:
        with _lines(path) as lines, part.open("w", encoding="utf-8") as out:
            for number, line in enumerate(lines, 1):
                try:
                    row = read_line(line)
                except ValueError as error:
                    done.broken += 1
                    if len(done.faults) < MOST_NAMED_FAULTS:
                        done.faults += (f"line {number}: {error}",)
                    continue
                if row is None:
                    done.left_out += 1
                else:
                    done.kept += 1
                    out.write(line.rstrip("\r\n") + "\n")
        if not done.kept:
            raise UserError(
                f"{path} holds no place in GeoNames' format.",
                "Take a country file from download.geonames.org/export/dump.",
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return done


def kept_rows(folder: Path) -> Iterator[Place]:
    """The places of all dumps that were kept."""
    for path in kept_files(folder):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = read_line(line)
                if row is not None:
                    yield row


def kept_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.tsv"))


@contextmanager
def _lines(path: Path) -> Iterator[Iterable[str]]:
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as packed:
                inner = next((n for n in packed.namelist() if n.endswith(".txt") and "readme" not in n.lower()), "")
                if not inner:
                    raise UserError(f"{path} holds no .txt file.", "Take a country file as GeoNames packs it.")
                with packed.open(inner) as raw:
                    yield io.TextIOWrapper(raw, encoding="utf-8", errors="replace", newline="\n")
        else:
            with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                yield lines
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} cannot be read: {error}.", "Give the path of a .zip or .txt file.") from error
