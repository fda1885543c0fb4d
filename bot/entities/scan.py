"""Finding names: one interface over daachorse, ahocorasick-rs and plain Python, whichever is there.

Patterns are folded names between spaces (` quds force `) and the search is overlapping, so a hit is a whole
word by itself. Leftmost-longest search with a filter for borders afterwards would lose mentions: a longer
match that fails the filter hides a shorter one that would pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Hit = tuple[int, int, int]  # first byte, byte after the last, number of the pattern; borders included


class Scanner(Protocol):
    """Every place at which a pattern stands, by their ends, the longest first."""

    def find(self, data: bytes) -> list[Hit]: ...


def build_scanner(names: Sequence[str]) -> Scanner:
    """A scanner for folded names; a hit's number is the place of its name in this list."""
    patterns = [f" {name} ".encode() for name in names]
    for backend in (Daachorse, RustAhoCorasick):
        try:
            return backend(patterns)
        except ImportError:
            continue
    return WordIndex(patterns)


class Daachorse:
    """A double-array automaton; the fastest, and it can be stored and opened again."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        from daachorse import DoubleArrayAhoCorasick

        self._automaton = DoubleArrayAhoCorasick(list(patterns)) if patterns else None

    def find(self, data: bytes) -> list[Hit]:
        found: list[Hit] = self._automaton.find_overlapping(data) if self._automaton else []
        return found

    def store(self) -> bytes:
        return bytes(self._automaton.serialize()) if self._automaton else b""

    @classmethod
    def open(cls, stored: bytes) -> Daachorse:
        """From the bytes that `store` gave; they must be our own, the reader trusts them."""
        from daachorse import DoubleArrayAhoCorasick

        scanner = cls(())
        scanner._automaton = DoubleArrayAhoCorasick.deserialize(stored) if stored else None
        return scanner


class RustAhoCorasick:
    def __init__(self, patterns: Sequence[bytes]) -> None:
        from ahocorasick_rs import BytesAhoCorasick, Implementation

        self._automaton = BytesAhoCorasick(list(patterns), implementation=Implementation.ContiguousNFA)

    def find(self, data: bytes) -> list[Hit]:
        found = self._automaton.find_matches_as_indexes(data, overlapping=True)
        return sorted(((start, end, number) for number, start, end in found), key=by_end)


class WordIndex:
    """Plain Python: names by their first word. Slower, and right."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        self._by_word: dict[bytes, list[tuple[bytes, int]]] = {}
        for number, pattern in enumerate(patterns):
            self._by_word.setdefault(pattern[1 : pattern.index(b" ", 1)], []).append((pattern, number))

    def find(self, data: bytes) -> list[Hit]:
        hits: list[Hit] = []
        start = 0
        for word in data.split(b" ")[1:-1]:
            for pattern, number in self._by_word.get(word, ()):
                if data.startswith(pattern, start):
                    hits.append((start, start + len(pattern), number))
            start += len(word) + 1
        return sorted(hits, key=by_end)


def longest(hits: Sequence[Hit]) -> list[Hit]:
    """Leftmost, then longest, none overlapping another; neighbours may share the space between them.

    The hits come by their ends, the longest first, as a scanner gives them. A hit that begins inside an accepted one
    is out; one that begins before accepted ones swallows them.
    """
    chosen: list[Hit] = []
    free = 0
    for hit in hits:
        start = hit[0]
        if start < free:
            before = len(chosen)
            while before and start <= chosen[before - 1][0]:
                before -= 1
            if before and start < chosen[before - 1][1] - 1:
                continue
            del chosen[before:]
        chosen.append(hit)
        free = hit[1] - 1
    return chosen


def by_end(hit: Hit) -> tuple[int, int]:
    """The order in which a scanner gives its hits."""
    return hit[1], hit[0]
