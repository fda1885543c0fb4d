"""Which story an article belongs to: a pure decision over what is known of recent articles."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Article
from bot.text.fold import fold_key

SAME_TEXT = 0.6  # share of common three-word runs from which two texts are one text, edited
COMMON = 64  # a run that so many articles share tells nothing about any of them
NEAREST = 5


@dataclass(frozen=True, slots=True)
class Recent:
    """What clustering knows of an article already filed."""

    story_id: int
    content_hash: str
    link: str | None
    shingles: frozenset[int]


def story_id(source_id: int, key: str) -> int:
    """The id of the story that an article opens: the same on every retry."""
    digest = hashlib.sha256(f"{source_id}\x1f{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Runs:
    """The word runs of texts, kept by the text's hash: the same recent articles are asked for again and again."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._kept: dict[str, frozenset[int]] = {}
        self._lock = threading.Lock()

    def __contains__(self, content_hash: str) -> bool:
        return content_hash in self._kept

    def of(self, content_hash: str, text: str = "") -> frozenset[int]:
        found = self._kept.get(content_hash)
        if found is None:
            found = shingles(text)
            with self._lock:
                self._kept[content_hash] = found
                while len(self._kept) > self._most:
                    del self._kept[next(iter(self._kept))]
        return found


class Index:
    """Recent articles, found by text, link, or the word runs they share.

    Where `many` are to be placed, an index of the runs is made; for a few it costs more than looking at each.
    """

    def __init__(self, articles: Iterable[Recent] = (), *, many: bool = False) -> None:
        self._all: list[Recent] = []
        self._texts: dict[str, int] = {}
        self._links: dict[str, int] = {}
        self._many = many
        self._runs: dict[int, list[int]] = {}
        for article in articles:
            self.add(article)

    def add(self, article: Recent) -> None:
        number = len(self._all)
        self._all.append(article)
        self._texts.setdefault(article.content_hash, article.story_id)
        if article.link:
            self._links.setdefault(article.link, article.story_id)
        for run in article.shingles if self._many else ():
            holders = self._runs.setdefault(run, [])
            if len(holders) < COMMON:
                holders.append(number)

    def place(self, article: Article, source_id: int) -> Recent:
        """The article with its story: that of an equal text, link or nearly equal text, else a new one. It is added."""
        runs = shingles(article.text)
        own = Recent(story_id(source_id, article.key), article.content_hash, article.link, runs)
        known = self._texts.get(own.content_hash) or self._links.get(own.link or "")
        story = known or self._alike(own) or own.story_id
        placed = Recent(story, own.content_hash, own.link, own.shingles)
        self.add(placed)
        return placed

    def _sharing(self, own: Recent) -> list[Recent]:
        """The articles that share most word runs."""
        shared: Counter[int] = Counter()
        for run in own.shingles:
            holders = self._runs.get(run, ())
            if len(holders) < COMMON:
                shared.update(holders)
        return [self._all[number] for number, _ in shared.most_common(NEAREST)]

    def _alike(self, own: Recent) -> int | None:
        near = self._sharing(own) if self._many else [other for other in self._all if _may_be_alike(own, other)]
        best = max(near, key=lambda other: resemblance(own.shingles, other.shingles), default=None)
        return best.story_id if best and resemblance(own.shingles, best.shingles) >= SAME_TEXT else None


def _may_be_alike(one: Recent, other: Recent) -> bool:
    """Sets of very different sizes cannot have so much in common."""
    small, large = sorted((len(one.shingles), len(other.shingles)))
    return small >= SAME_TEXT * large


def shingles(text: str) -> frozenset[int]:
    words = fold_key(text).split()
    return frozenset(hash(tuple(words[i : i + 3])) for i in range(max(1, len(words) - 2)))


def resemblance(left: frozenset[int], right: frozenset[int]) -> float:
    """Jaccard's measure: 1 for equal sets, 0 for sets with nothing in common."""
    common = len(left & right)
    return common / (len(left) + len(right) - common) if common else 0.0
