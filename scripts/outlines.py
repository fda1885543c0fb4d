"""Compile `bot/pictures/outlines.npz`, the outlines that maps are drawn from, from Natural Earth's layers (public domain).

    python scripts/outlines.py FOLDER

FOLDER holds, as Natural Earth names them: `ne_10m_land.shp`, `ne_10m_lakes.shp`, `ne_10m_admin_0_boundary_lines_land.shp`,
`ne_10m_admin_1_states_provinces_lines.shp` and `.dbf`, `ne_10m_rivers_lake_centerlines.shp` and `.dbf`,
`ne_10m_populated_places_simple.dbf`, `countries-50m.json` (the countries as TopoJSON, for their names alone), and
`contested/` with the boundary lines once more, beside a `.dbf` that says which of them are disputed; `provinces/IRQ.json` (TopoJSON of
the provinces themselves) and the like for countries whose layer of lines has holes, as Iraq's has round Kurdistan.
"""

from __future__ import annotations

import json
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

UNITS = 2_000  # steps a degree: 55 m, less than a pixel of the closest map
NEAR = 0.05  # degrees: a boundary this near to a disputed one is that one
CONTESTED = (  # west, south, east, north: boundaries inside are disputed, though the layer does not say so
    (32.0, 45.7, 36.8, 46.4),  # the neck of Crimea
    (-13.5, 27.5, -8.5, 27.8),  # Western Sahara
    (32.4, 34.8, 34.2, 35.4),  # Cyprus
    (20.0, 42.5, 21.9, 43.4),  # Kosovo
    (42.6, 7.9, 49.2, 11.6),  # Somaliland
)
WHOLE = {
    "Antigua and Barb.": "Antigua and Barbuda",
    "Bosnia and Herz.": "Bosnia and Herzegovina",
    "Central African Rep.": "Central African Republic",
    "Congo": "Republic of the Congo",
    "Czechia": "Czechia",
    "Côte d'Ivoire": "Côte d’Ivoire",
    "Dem. Rep. Congo": "DR Congo",
    "Dominican Rep.": "Dominican Republic",
    "Eq. Guinea": "Equatorial Guinea",
    "Macedonia": "North Macedonia",
    "Marshall Is.": "Marshall Islands",
    "N. Cyprus": "Northern Cyprus",
    "S. Sudan": "South Sudan",
    "Solomon Is.": "Solomon Islands",
    "St. Kitts and Nevis": "Saint Kitts and Nevis",
    "St. Vin. and Gren.": "Saint Vincent and the Grenadines",
    "Swaziland": "Eswatini",
    "eSwatini": "Eswatini",
    "United States of America": "United States",
    "W. Sahara": "Western Sahara",
}


def main(folder: Path, target: Path) -> None:
    disputed = disputed_cells(folder / "contested")
    borders = [part for shape in shapes(folder / "ne_10m_admin_0_boundary_lines_land.shp") for part in shape]
    cut = [(part, int(is_disputed(part, disputed))) for part in joined(borders)]
    better = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (folder / "provinces").glob("*.json")}
    provinces = [
        part
        for shape, row in with_rows(folder / "ne_10m_admin_1_states_provinces_lines")
        if row["featurecla"] in ("Admin-1 boundary", "Admin-1 region boundary") and row["adm0_a3"] not in better
        for part in joined(shape)
    ] + [arc for topology in better.values() for arc in shared_arcs(topology)]
    rivers = [
        (part, round(float(row["scalerank"])))
        for shape, row in with_rows(folder / "ne_10m_rivers_lake_centerlines")
        for part in joined(shape)
    ]
    names, countries = country_rings(json.loads((folder / "countries-50m.json").read_text(encoding="utf-8")))
    layers = {
        "land": largest_first(part for shape in shapes(folder / "ne_10m_land.shp") for part in shape),
        "lakes": largest_first(part for shape in shapes(folder / "ne_10m_lakes.shp") for part in shape),
        "borders": cut,
        "provinces": [(part, 0) for part in provinces],
        "rivers": rivers,
        "countries": countries,
    }
    arrays: dict[str, np.ndarray] = {"country_names": np.array(names), **cities(folder)}
    for name, parts in layers.items():
        packed = pack(parts)
        arrays |= {f"{name}_{key}": value for key, value in packed.items()}
        print(f"{name}: {len(parts):,} lines, {len(packed['steps']):,} points")
    np.savez_compressed(target, **arrays)
    print(f"{target}: {target.stat().st_size:,} bytes")


def shapes(path: Path) -> Iterator[list[np.ndarray]]:
    """The parts of each line or polygon of a shapefile, as longitude and latitude."""
    data = path.read_bytes()
    at = 100
    while at + 12 <= len(data):
        length, kind = struct.unpack(">i", data[at + 4 : at + 8])[0] * 2, struct.unpack("<i", data[at + 8 : at + 12])[0]
        if kind in (3, 5):
            parts, points = struct.unpack("<ii", data[at + 44 : at + 52])
            starts = [*struct.unpack(f"<{parts}i", data[at + 52 : at + 52 + 4 * parts]), points]
            xy = np.frombuffer(data, "<f8", points * 2, at + 52 + 4 * parts).reshape(-1, 2)
            yield [xy[a:b] for a, b in pairwise(starts)]
        elif kind == 0:
            yield []
        else:
            return  # behind the last record
        at += 8 + length


def rows(path: Path) -> Iterator[dict[str, str]]:
    data = path.read_bytes()
    count, head, size = struct.unpack("<xxxxIHH", data[:12])
    columns, at = [], 32
    while data[at] != 13:
        columns.append((data[at : at + 11].split(b"\0")[0].decode().lower(), data[at + 16]))
        at += 32
    for number in range(count):
        at, row = head + number * size + 1, {}
        for name, width in columns:
            row[name] = data[at : at + width].decode("utf-8", "replace").strip(" \0")
            at += width
        yield row


def with_rows(stem: Path) -> Iterable[tuple[list[np.ndarray], dict[str, str]]]:
    return zip(shapes(stem.with_suffix(".shp")), rows(stem.with_suffix(".dbf")), strict=False)


def disputed_cells(folder: Path) -> set[tuple[int, int]]:
    """Squares of `NEAR` degrees that a disputed boundary runs through."""
    found: set[tuple[int, int]] = set()
    for shape, row in with_rows(folder / "ne_10m_admin_0_boundary_lines_land"):
        if row["featurecla"].startswith(("Disputed", "Line of control", "Indeterminant")):
            for part in shape:
                found |= set(map(tuple, np.floor(dense(part) / NEAR).astype(int).tolist()))
    return found


def dense(part: np.ndarray) -> np.ndarray:
    """The line with a point every `NEAR / 4` degrees at least."""
    pieces = []
    for a, b in pairwise(part):
        steps = max(1, int(np.abs(b - a).max() / NEAR * 4))
        pieces.append(a + (b - a) * np.linspace(0, 1, steps, endpoint=False)[:, None])
    return np.vstack([*pieces, part[-1:]])


def is_disputed(part: np.ndarray, disputed: set[tuple[int, int]]) -> bool:
    """Whether most of the line runs along a disputed one, or all of it in a contested square."""
    (west, south), (east, north) = part.min(axis=0), part.max(axis=0)
    if any(west >= w and south >= s and east <= e and north <= n for w, s, e, n in CONTESTED):
        return True
    cells = np.floor(dense(part) / NEAR).astype(int).tolist()
    near = sum(any((x + dx, y + dy) in disputed for dx in (-1, 0, 1) for dy in (-1, 0, 1)) for x, y in cells)
    return near > 0.6 * len(cells)


def joined(parts: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Lines that follow one another end to start, as one."""
    found: list[list[np.ndarray]] = []
    for part in parts:
        if found and np.array_equal(found[-1][-1][-1], part[0]):
            found[-1].append(part[1:])
        else:
            found.append([part])
    return [np.vstack(pieces) for pieces in found]


def largest_first(rings: Iterable[np.ndarray]) -> list[tuple[np.ndarray, int]]:
    """Rings in the order in which they can be painted over one another; a hole, which turns the other way, is marked 1."""
    marked = [(ring, int(turns_left(ring))) for ring in rings]
    return sorted(marked, key=lambda item: -float(np.prod(np.ptp(item[0], axis=0))))


def turns_left(ring: np.ndarray) -> bool:
    x, y = ring[:, 0], ring[:, 1]
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) > 0


def country_rings(topology: dict) -> tuple[list[str], list[tuple[np.ndarray, int]]]:
    """Names, and the outer rings of the countries with the number of their name."""
    arcs = arcs_of(topology)
    names: list[str] = []
    rings = []
    for shape in topology["objects"]["countries"]["geometries"]:
        name = shape["properties"]["name"]
        if "Is." in name and name not in WHOLE:
            continue
        polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        for polygon in polygons:
            pieces = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in polygon[0]]
            ring = np.vstack([pieces[0], *(piece[1:] for piece in pieces[1:])])
            ring[:, 0] = np.unwrap(ring[:, 0], period=360)  # one across the date line goes on beyond 180
            rings.append((ring, len(names)))
        names.append(WHOLE.get(name, name))
    return names, rings


def arcs_of(topology: dict) -> list[np.ndarray]:
    scale, shift = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def shared_arcs(topology: dict) -> list[np.ndarray]:
    """The lines that two of the shapes have in common."""
    uses: Counter[int] = Counter()
    for shape in next(iter(topology["objects"].values()))["geometries"]:
        polygons = {"Polygon": [shape.get("arcs")], "MultiPolygon": shape.get("arcs")}.get(shape["type"], [])
        uses.update(number if number >= 0 else ~number for polygon in polygons for ring in polygon for number in ring)
    return [arc for number, arc in enumerate(arcs_of(topology)) if uses[number] > 1]


def cities(folder: Path) -> dict[str, np.ndarray]:
    found = [
        (row["name"], float(row["latitude"]), float(row["longitude"]), round(float(row["scalerank"])))
        for row in rows(folder / "ne_10m_populated_places_simple.dbf")
        if row["featurecla"] != "Scientific station" and row["name"]
    ]
    found.sort(key=lambda row: row[3])
    return {
        "city_names": np.array([row[0] for row in found]),
        "city_points": np.array([row[1:3] for row in found], dtype=np.float32),
        "city_ranks": np.array([row[3] for row in found], dtype=np.uint8),
    }


def pack(parts: list[tuple[np.ndarray, int]]) -> dict[str, np.ndarray]:
    """Lines as first points and steps in whole units, each step within two bytes."""
    firsts, steps, sizes, ranks = [], [], [], []
    for part, rank in parts:
        grid = np.rint(part * UNITS).astype(np.int64)
        keep = np.ones(len(grid), dtype=bool)
        keep[1:] = (np.diff(grid, axis=0) != 0).any(axis=1)
        grid = short_steps(grid[keep])
        if len(grid) < 2:
            continue
        firsts.append(grid[0])
        steps.append(np.diff(grid, axis=0, prepend=grid[:1]))
        sizes.append(len(grid))
        ranks.append(rank)
    together = np.vstack(steps).astype(np.int16)
    return {
        "first": np.array(firsts, dtype=np.int32),
        "steps": together,
        "sizes": np.array(sizes, dtype=np.int32),
        "ranks": np.array(ranks, dtype=np.int16),
    }


def short_steps(grid: np.ndarray) -> np.ndarray:
    pieces = [grid[:1]]
    for a, b in pairwise(grid):
        count = int(np.abs(b - a).max() // 30_000) + 1
        if count > 1:
            pieces.append(np.rint(a + (b - a) * np.linspace(0, 1, count + 1)[1:-1, None]).astype(np.int64))
        pieces.append(b[None])
    return np.vstack(pieces)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent.parent / "bot" / "pictures" / "outlines.npz")
