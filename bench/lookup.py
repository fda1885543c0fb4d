"""Looking a name up with a slip of the finger in it, over all names: time, and whether the right name is among the first five."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.data_files import data_folder
from bot.entities.catalogue import load_catalogue
from bot.entities.gazetteer import Gazetteer
from bot.entities.lookup import Lookup
from bot.text.fold import fold_key


@dataclass(frozen=True, slots=True)
class Row:
    engine: str
    queries: int
    p50_ms: float
    p99_ms: float
    top5: float


def run(gazetteer: Gazetteer, names: Sequence[str], quick: bool) -> list[Row]:
    """Random names of five letters or more, one random slip in each."""
    chance = random.Random(14)
    true = chance.sample([name for name in names if len(name) > 4], 2_000)
    typed = [slip(name, chance) for name in true]
    lookup = Lookup(load_catalogue([data_folder("config") / "entities"]), gazetteer)
    for query in typed[:50]:
        lookup.find(query)  # maps the files
    rows = [_timed("Vedette", typed, true, lambda query: [fold_key(hit.name) for hit in lookup.find(query)], lookup)]
    from rapidfuzz import fuzz, process
    from rapidfuzz.distance import OSA

    few = 1 if quick else 10

    def weighted(query: str) -> list[str]:
        return [name for name, _, _ in process.extract(query, names, scorer=fuzz.WRatio, limit=5)]

    def distance(query: str) -> list[str]:
        return [name for name, _, _ in process.extract(query, names, scorer=OSA.distance, limit=5)]

    rows.append(_timed("rapidfuzz process.extract (WRatio)", typed[:few], true, weighted))
    rows.append(_timed("rapidfuzz process.extract (OSA)", typed[: 8 * few], true, distance))
    return rows


def slip(name: str, chance: random.Random) -> str:
    """One letter left out, doubled, changed, or swapped with the next; never the same name again."""
    while True:
        at = chance.randrange(len(name))
        letter = chance.choice(string.ascii_lowercase)
        forms = (
            name[:at] + name[at + 1 :],
            name[:at] + letter + name[at:],
            name[:at] + letter + name[at + 1 :],
            name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :],
        )
        changed = fold_key(chance.choice(forms))
        if changed and changed != name:
            return changed


def _timed(
    engine: str,
    typed: Sequence[str],
    true: Sequence[str],
    find: Callable[[str], list[str]],
    lookup: Lookup | None = None,
) -> Row:
    times, good = [], 0
    for query, name in zip(typed, true, strict=False):
        began = time.perf_counter()
        found = find(query)
        times.append(time.perf_counter() - began)
        good += name in found or (lookup is not None and _same(lookup, query, name))
    p50, p99 = np.percentile(np.array(times) * 1000, [50, 99])
    return Row(engine, len(times), float(p50), float(p99), good / len(times))


def _same(lookup: Lookup, query: str, name: str) -> bool:
    """The product answers with entities: right is any that bears the name, however it is called first."""
    right = {hit.entity.id for hit in lookup.find(name, limit=50)}
    return any(hit.entity.id in right for hit in lookup.find(query))


def show(rows: Sequence[Row]) -> None:
    print("Look-up of a name with one slip, over all names")
    print(
        f"  {'engine':36} {'queries':>8} {'p50 ms':>9} {'p99 ms':>9} {'in the first five':>18}   Vedette is … times as fast"
    )
    for row in rows:
        ratio = "" if row is rows[0] else f"   {row.p50_ms / rows[0].p50_ms:10,.0f}"
        print(f"  {row.engine:36} {row.queries:8,} {row.p50_ms:9.3f} {row.p99_ms:9.3f} {row.top5:18.3f}{ratio}")
    print()
