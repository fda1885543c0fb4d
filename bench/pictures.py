"""Pictures: how long each kind takes to draw, how large it is, and how long the loop stands still meanwhile."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.cards.picture import ActivitySpec, Edge, MapPlace, MapSpec, Mode, NetworkSpec, Node, PictureSpec
from bot.pictures.studio import Studio

_BEAT = 0.002  # seconds between two looks at the clock
_TOWNS = (
    "Baquba 33.74 44.64 12|Samarra 34.20 43.87 7|Tikrit 34.61 43.68 9|Mosul 36.34 43.12 14|Baghdad 33.33 44.42 10|"
    "Kirkuk 35.47 44.39 3|Ramadi 33.42 43.31 2|Fallujah 33.35 43.78 4|Karbala 32.61 44.02 3|Najaf 32.00 44.34 5"
)


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    drawn_ms: float
    again_ms: float  # from memory
    size_kb: float
    stall_ms: float


def run(quick: bool) -> list[Row]:
    return asyncio.run(_run(1 if quick else 5))


async def _run(rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder))
        try:
            began = time.perf_counter()
            await studio.warm()
            rows = [Row("start of the child", (time.perf_counter() - began) * 1000, 0.0, 0.0, 0.0)]
            return rows + [await _timed(studio, what, specs) for what, specs in _specs(rounds).items()]
        finally:
            await asyncio.to_thread(studio.close)


async def _timed(studio: Studio, what: str, specs: Sequence[PictureSpec]) -> Row:
    """The slowest of the specs: a reader waits for one picture, not for a mean."""
    drawn, again, size, stalls = 0.0, 0.0, 0, [0.0]
    heart = asyncio.create_task(_beat(stalls))
    for spec in specs:
        began = time.perf_counter()
        png = await studio.picture_of(spec, Mode.DARK)
        middle = time.perf_counter()
        await studio.picture_of(spec, Mode.DARK)
        drawn, again = max(drawn, middle - began), max(again, time.perf_counter() - middle)
        size = max(size, len(png))
    heart.cancel()
    return Row(what, drawn * 1000, again * 1000, size / 1000, max(stalls) * 1000)


async def _beat(stalls: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_BEAT)
        stalls.append(time.perf_counter() - began - _BEAT)


def _specs(rounds: int) -> dict[str, list[PictureSpec]]:
    """Each round asks for another picture of its kind, so that none is had from memory."""
    rows = (item.rsplit(" ", 3) for item in _TOWNS.split("|"))
    iraq = tuple(MapPlace(name, float(lat), float(lon), int(weight)) for name, lat, lon, weight in rows)
    grid = tuple(MapPlace(f"Town {n}", 31 + n % 8 * 0.8, 36 + n // 8 * 1.9, n) for n in range(40))
    world = tuple(MapPlace(f"City {n}", -40 + n * 10.0, -150 + n * 30.0, n) for n in range(10))
    nodes = tuple(Node(f"Group {n}", "actor", n) for n in range(24))
    ties = tuple(Edge(n % 5, n, n) for n in range(1, 24))
    turns = range(rounds)
    return {
        "map of one town": [MapSpec((MapPlace("Samarra", 34.2 + n, 43.87, 1),)) for n in turns],
        "map of ten towns of Iraq": [MapSpec(iraq[n:] + iraq[:n], f"{n}") for n in turns],
        "map of forty towns": [MapSpec(grid, f"{n}") for n in turns],
        "map of the world": [MapSpec(world, f"{n}") for n in turns],
        "activity of 28 days": [
            ActivitySpec("Mentions", date(2014, 6, 1) + timedelta(n), tuple(range(28)), 9) for n in turns
        ],
        "network of 24 names": [NetworkSpec((*nodes[:-1], Node(f"Last {n}")), ties) for n in turns],
    }


def show(rows: Sequence[Row]) -> None:
    print("Pictures, drawn in a child: the slowest of each kind, and the loop's longest stall meanwhile")
    print(f"  {'picture':28} {'drawn ms':>9} {'again ms':>9} {'size kB':>8} {'stall ms':>9}")
    for row in rows:
        print(f"  {row.what:28} {row.drawn_ms:9,.0f} {row.again_ms:9.3f} {row.size_kb:8.0f} {row.stall_ms:9.1f}")
    print()
