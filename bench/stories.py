"""Finding nearly equal articles again: the product's index beside datasketch's MinHashLSH, same texts, same run.

Stories of 120 words are made from news; asked for is each with 5 to 15 % of its words changed, which must find itself.
Both sides start from the text, and both get 32 bands of 2 rows; a hit counts for the product only where the exact measure holds.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.texts import Corpus
from bot.stories.likeness import SAME_TEXT
from bot.stories.minhash import Near, Numbers, resemblance, signature, word_runs

WORDS = 120
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    engine: str
    stories: int
    per_second: float
    query_ms: float
    recall: float
    bytes_each: float


class _Vedette:
    name = "Vedette (with the exact check)"

    def __init__(self) -> None:
        self._near = Near()
        self._runs: list[Numbers] = []

    def add(self, text: str) -> None:
        runs = word_runs(text)
        self._near.add(signature(runs))
        self._runs.append(runs)

    def find(self, text: str) -> list[int]:
        runs = word_runs(text)
        near = self._near.like(signature(runs))
        return [int(number) for number in near if resemblance(runs, self._runs[number]) >= SAME_TEXT / 2]


class _Datasketch:
    name = "datasketch MinHashLSH"

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(num_perm=64, params=(32, 2))
        self._count = 0

    def add(self, text: str) -> None:
        self._index.insert(self._count, _min_hash(text), check_duplication=False)
        self._count += 1

    def find(self, text: str) -> list[int]:
        return list(self._index.query(_min_hash(text)))


def _min_hash(text: str) -> object:
    from datasketch import MinHash

    words = text.lower().split()
    made = MinHash(num_perm=64)
    made.update_batch([" ".join(words[at : at + 3]).encode() for at in range(len(words) - 2)])
    return made


def run(corpus: Corpus, quick: bool) -> list[Row]:
    chance = random.Random(3)
    size = 2_000 if quick else 30_000
    texts = _stories(corpus, size, chance)
    asked = [(number, _changed(texts[number], texts, chance)) for number in chance.sample(range(size), 300)]
    few = texts[: size // 2]  # datasketch takes minutes for what takes us seconds
    return [_timed(_Vedette, texts, asked), _timed(_Datasketch, texts if quick else few, asked)]


def _stories(corpus: Corpus, size: int, chance: random.Random) -> list[str]:
    """Sentences of news, shuffled together up to 120 words: every story another one."""
    lines = sorted(
        {line.strip() for text in set(corpus.texts) for line in text.split(". ") if 8 < len(line.split()) < 40}
    )
    vocabulary = sorted({word for line in lines for word in line.split()})
    made = []
    for _ in range(size):
        words: list[str] = []
        while len(words) < WORDS:
            line = chance.choice(lines).split()
            for place in range(len(line)):
                if chance.random() < 0.35:  # or the few sentences there are would make all stories one another's likes
                    line[place] = chance.choice(vocabulary)
            words += line
        made.append(" ".join(words[:WORDS]))
    return made


def _changed(text: str, texts: Sequence[str], chance: random.Random) -> str:
    words = text.split()
    others = chance.choice(texts).split()
    for place in chance.sample(range(len(words)), round(len(words) * chance.uniform(0.05, 0.15))):
        words[place] = others[place % len(others)]
    return " ".join(words)


def _timed(make: Callable[[], _Vedette | _Datasketch], texts: Sequence[str], asked: Sequence[tuple[int, str]]) -> Row:
    warm = make()
    for text in texts[:50]:
        warm.add(text)
        warm.find(text)
    engine = make()
    spent = []  # by hundreds: what else the machine does in between hits either side in some of them
    for first in range(0, len(texts), 100):
        began = time.perf_counter()
        for text in texts[first : first + 100]:
            engine.add(text)
        spent.append((time.perf_counter() - began) / len(texts[first : first + 100]))
    own = [(number, text) for number, text in asked if number < len(texts)]
    rounds, good = [], 0
    for turn in range(ROUNDS):
        times = []
        for number, text in own:
            began = time.perf_counter()
            found = engine.find(text)
            times.append(time.perf_counter() - began)
            good += turn == 0 and number in found
        rounds.append(float(np.median(times)))
    return Row(
        engine.name,
        len(texts),
        1 / float(np.quantile(spent, 0.25)),
        min(rounds) * 1000,
        good / len(own),
        _bytes_each(make, texts[:3_000]),
    )


def _bytes_each(make: Callable[[], _Vedette | _Datasketch], texts: Sequence[str]) -> float:
    """What the allocator says the index holds, the texts not counted."""
    tracemalloc.start()
    engine = make()
    for text in texts:
        engine.add(text)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / len(texts)


def show(rows: Sequence[Row]) -> None:
    ours, theirs = rows
    print("Nearly equal articles: 32 bands of 2 rows, 5 to 15 % of the words changed")
    print(f"  {'engine':32} {'stories':>8} {'insert/s':>9} {'query p50 ms':>13} {'recall':>7} {'bytes each':>11}")
    for row in rows:
        print(
            f"  {row.engine:32} {row.stories:8,} {row.per_second:9,.0f} {row.query_ms:13.3f}"
            f" {row.recall:7.3f} {row.bytes_each:11,.0f}"
        )
    print(
        f"  Vedette inserts {ours.per_second / theirs.per_second:.1f} times, asks {theirs.query_ms / ours.query_ms:.1f} times as fast,"
        f" in {ours.bytes_each / theirs.bytes_each:.2f} of the memory\n"
    )
