"""Which story an article belongs to: a pure decision over what is known of the articles round its time.

Evidence is an equal text or link, nearly equal text, or enough points for the same happening (`likeness.py`).
A `Window` keeps the readings of recent articles and finds the few that are worth comparing.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log

import numpy as np

from bot.stories.likeness import ENOUGH, SAME_TEXT, WINDOW_HOURS, likeness, reason
from bot.stories.minhash import Near, Numbers, resemblance
from bot.stories.reading import Reading

MOST = 60_000  # articles kept; from here on the older third is let go
HOLDERS = 400  # newest articles that are looked at behind one entity or word
COMPARED = 48  # candidates that are compared in full
WORD_SLOTS = 1 << 18


@dataclass(frozen=True, slots=True)
class Placed:
    """An article's story, and why it is this one ("" where the article opens it)."""

    story_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    reading: Reading
    story_id: int
    opens: int = 0  # the id of the story it would have opened: its own name


def story_id(source_id: int, key: str) -> int:
    """The id of the story that an article opens: the same on every retry."""
    digest = hashlib.sha256(f"{source_id}\x1f{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Window:
    """The articles that new ones are compared with. Not safe for several threads at once; the caller holds a lock."""

    def __init__(self, name: Callable[[str], str] = str, most: int = MOST) -> None:
        self._name = name
        self._most = most
        self._clear()

    def _clear(self) -> None:
        self._all: list[Filed] = []
        self._near = Near()
        self._texts: dict[str, int] = {}
        self._links: dict[str, int] = {}
        self._holders: dict[str | int, deque[int]] = {}
        self._named: Counter[str] = Counter()
        self._words = np.zeros(WORD_SLOTS, np.uint32)
        self._held: set[int] = set()
        self._opened: dict[int, float] = {}  # story → hours of its first article

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Filed]:
        return iter(self._all)

    def __contains__(self, opens: object) -> bool:
        return opens in self._held

    def add(self, reading: Reading, story: int, opens: int = 0) -> None:
        """Take an article in; at the most that are kept, those of the oldest third are let go."""
        if len(self._all) >= self._most:
            newest = sorted(self._all, key=lambda filed: filed.reading.hours)[self._most // 3 :]
            kept = {id(filed) for filed in newest}
            left = [filed for filed in self._all if id(filed) in kept]
            self._clear()
            for filed in left:
                self._take(filed)
        self._take(Filed(reading, story, opens))

    def _take(self, filed: Filed) -> None:
        reading = filed.reading
        number = self._near.add(reading.signature)
        self._all.append(filed)
        self._held.add(filed.opens)
        self._texts[reading.content_hash] = number
        if reading.link:
            self._links[reading.link] = number
        entities = reading.towns | reading.actors | reading.places | reading.sounds
        self._named.update(entities)
        named: list[str | int] = [*reading.towns, *reading.actors, *reading.sounds]
        for handle in named + self._telling_words(reading):
            self._holders.setdefault(handle, deque(maxlen=HOLDERS)).append(number)
        self._words[_slots(reading.words)] += 1
        self._opened[filed.story_id] = min(reading.hours, self._opened.get(filed.story_id, reading.hours))

    def _telling_words(self, reading: Reading) -> list[str | int]:
        """The rarest words of a headline; names that no catalogue holds are among them."""
        if not len(reading.title):
            return []
        return [int(word) for word in reading.title[np.argsort(-self._rarities(reading.title), kind="stable")[:5]]]

    def place(self, reading: Reading, opens: int) -> Placed:
        """The story of an article, or a new one of the id `opens`. Nothing is added.

        Equal states of the window give equal answers; an equal text or link joins in whatever order articles come.
        """
        for known, found in (
            ("the same text", self._texts.get(reading.content_hash)),
            ("the same link", self._link(reading)),
        ):
            if found is not None:
                return Placed(self._all[found].story_id, known)
        own = {
            id(words): self._weight(words) for words in (reading.words, reading.title)
        }  # asked for at each comparison

        def weight(words: Numbers) -> float:
            known = own.get(id(words))
            return self._weight(words) if known is None else known

        best: tuple[float, float, int] | None = None
        why = ""
        for number in self._candidates(reading):
            filed = self._all[number]
            if not self._in_reach(reading, filed):
                continue
            found_like = likeness(reading, filed.reading, self.rarity, weight)
            if found_like.score < ENOUGH:
                continue
            rank = (found_like.score, -filed.reading.hours, -filed.story_id)
            if best is None or rank > best:
                best = rank
                alike = resemblance(reading.runs, filed.reading.runs)
                why = (
                    f"text {alike:.0%} alike"
                    if alike >= SAME_TEXT
                    else reason(found_like, reading, filed.reading, self._name)
                )
        return Placed(-best[2], why) if best else Placed(opens)

    def _link(self, reading: Reading) -> int | None:
        return self._links.get(reading.link) if reading.link else None

    def _in_reach(self, reading: Reading, filed: Filed) -> bool:
        """A story goes on for three days after its first article, and no longer."""
        first = self._opened.get(filed.story_id, filed.reading.hours)
        return max(abs(reading.hours - filed.reading.hours), reading.hours - first) <= WINDOW_HOURS

    def _candidates(self, reading: Reading) -> list[int]:
        """The numbers of the articles that share most with this one."""
        points: Counter[int] = Counter()
        for handle in sorted(reading.towns | reading.actors | reading.sounds):
            weight = self.rarity(handle)
            for number in self._holders.get(handle, ()):
                points[number] += weight  # type: ignore[assignment]
        for word in self._telling_words(reading):
            for number in self._holders.get(word, ()):
                points[number] += 0.5  # type: ignore[assignment]
        for number in self._near.like(reading.signature):
            points[int(number)] += 10
        for number in list(points):
            points[number] -= abs(self._all[number].reading.hours - reading.hours) / 48  # type: ignore[assignment]
        return [number for number, _ in points.most_common(COMPARED)]

    def rarity(self, entity: str) -> float:
        """1 for what is hardly ever named, down to 0.15 for what every second article names."""
        share = log((len(self._all) + 400) / (self._named[entity] + 3))
        return max(0.15, min(1.0, share / 4.5))

    def _rarities(self, words: Numbers) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        rare = np.log((len(self._all) + 400) / (self._words[_slots(words)] + 3.0)) / 4.5
        return np.clip(rare, 0.05, 1.0)

    def _weight(self, words: Numbers) -> float:
        return float(self._rarities(words).sum())


def _slots(words: Numbers) -> Numbers:
    return words & np.uint32(WORD_SLOTS - 1)
