"""Nearly equal texts: runs of three words as numbers, MinHash signatures of them, and an index that finds the like.

32 bands of 2 rows bring together what shares a fifth of its runs or more; the caller checks with the exact measure.
All of it is numpy over small arrays, and the index is three of them, so an article costs half a kilobyte.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.text.fold import fold

Numbers = NDArray[np.uint32]

LEAD = 2_400  # characters that are compared; copies of an agency's text differ most in where they end
RUN = 3  # words
BANDS, ROWS = 32, 2
ROWS_IN_ALL = BANDS * ROWS
DEEP = 64  # articles that are looked at behind one band's key, newest first; more share it only as boilerplate
LIKELY = 0.2  # share of equal rows from which the exact measure is worth asking

_LONGEST = 1 << 14
_SPACE = 0x20
_THREE_BYTES = 0xE0  # letters from U+0800 up begin with it
_PLAIN = bytes(byte if byte > 127 or chr(byte).isalnum() else _SPACE for byte in range(256))
_MARKS = tuple(mark.encode() for mark in "“”‘’–—…")
FEW = 1  # candidates that are not worth sifting before the exact measure


def _powers(base: int) -> NDArray[np.uint64]:
    steps = np.full(_LONGEST + 1, base, np.uint64)
    steps[0] = 1
    return np.multiply.accumulate(steps)


_BASE = 0x9E3779B97F4A7C15
_UP, _DOWN = _powers(_BASE), _powers(pow(_BASE, -1, 1 << 64))
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_chance = np.random.default_rng(2014)
_TIMES = (_chance.integers(0, 1 << 31, (ROWS_IN_ALL, 1), np.uint32) << np.uint32(1)) | np.uint32(1)
_BAND = _chance.integers(0, 1 << 32, BANDS, np.uint32)
_FIRST, _SECOND = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)


def word_runs(text: str, words: int = RUN) -> Numbers:
    """The runs of so many words in the lead of a text as numbers, sorted, each once; equal in every process.

    A text of fewer words is one run; an empty one has none.
    """
    letters = _letters(text[:LEAD])
    blank = letters == _SPACE
    edges = (blank[1:] != blank[:-1]).nonzero()[0]
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return np.empty(0, np.uint32)
    # A polynomial over all bytes; its value between two places, brought down to place 0, is that of the word alone.
    total = np.cumsum(letters * _UP[: len(letters)], dtype=np.uint64)
    values = (total.take(ends) - total.take(starts)) * _DOWN.take(starts)
    count = min(words, len(values))
    runs = values[count - 1 :].copy()
    for back in range(1, count):
        runs *= _MIX
        runs ^= values[count - 1 - back : len(values) - back]
    runs *= _MIX
    return _each_once((runs >> _HALF).astype(np.uint32))


def _letters(text: str) -> NDArray[np.uint8]:
    """Lower-case letters between spaces, one at either end. Scripts without spaces take the way of `fold`, a character a word."""
    data = text.lower().encode("utf-8", "surrogatepass")
    if b"\xe2\x80" in data:
        for mark in _MARKS:
            data = data.replace(mark, b" ")
    data = b" " + data.translate(_PLAIN)[: _LONGEST - 2] + b" "
    letters = np.frombuffer(data, np.uint8)
    if letters.max() >= _THREE_BYTES:
        letters = np.frombuffer(fold(text).data[: _LONGEST - 1] + b" ", np.uint8)
    return letters


def _each_once(values: Numbers) -> Numbers:
    """`np.unique` without its ceremony."""
    values.sort()
    if len(values) < 2:
        return values
    keep = np.empty(len(values), np.bool_)
    keep[0] = True
    np.not_equal(values[1:], values[:-1], out=keep[1:])
    return values[keep]


def signature(runs: Numbers) -> Numbers:
    """The least of the runs under each of 64 shuffles."""
    if not len(runs):
        return np.full(ROWS_IN_ALL, 0xFFFFFFFF, np.uint32)
    least: Numbers = (runs * _TIMES).min(axis=1)
    return least


def common(left: Numbers, right: Numbers) -> Numbers:
    """The numbers that stand in both; each side sorted, each number once."""
    if len(left) > len(right):
        left, right = right, left
    if not len(left):
        return left
    places = right.searchsorted(left)
    both: Numbers = left[right.take(places, mode="clip") == left]
    return both


def resemblance(left: Numbers, right: Numbers) -> float:
    """Jaccard's measure: 1 for equal sets, 0 for sets with nothing in common."""
    both = len(common(left, right))
    return both / (len(left) + len(right) - both) if both else 0.0


class Near:
    """Signatures by number (0, 1, 2 … as they are added), and which of them are like a given one."""

    def __init__(self) -> None:
        self._count = 0
        self._signatures = np.empty((256, ROWS_IN_ALL), np.uint32)
        self._next = np.empty(256 * BANDS, np.int32)  # the place before it with the same key, or -1
        self._heads = np.full(1 << 14, -1, np.int32)  # the newest place with a key; a place is number · 32 + band
        self._shift = _shift(self._heads)

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._signatures.nbytes + self._next.nbytes + self._heads.nbytes

    def add(self, one: Numbers) -> int:
        number = self._count
        if number == len(self._signatures):
            self._grow()
        self._signatures[number] = one
        slots = self._slots(one)
        first = number * BANDS
        self._next[first : first + BANDS] = self._heads[slots]
        self._heads[slots] = _OFFSETS + first
        self._count += 1
        return number

    def like(self, one: Numbers) -> NDArray[np.intp]:
        """The numbers of signatures that share a band with this one; of many, those that share enough rows."""
        places = self._heads.take(self._slots(one))
        found: set[int] = set()
        for _ in range(DEEP):
            places = places[places >= 0]
            if not places.size:
                break
            found.update((places >> _BAND_BITS).tolist())
            places = self._next.take(places)
        if not found:
            return _NONE
        numbers = np.array(sorted(found), np.intp)
        if len(numbers) <= FEW:
            return numbers
        equal = np.add.reduce(self._signatures[numbers] == one, axis=1, dtype=np.intp)
        likely: NDArray[np.intp] = numbers[equal >= LIKELY * ROWS_IN_ALL]
        return likely

    def _slots(self, one: Numbers) -> Numbers:
        """Where the keys of the bands of a signature (or of many, one a line) stand among the heads."""
        keys: Numbers = (one[..., ::2] * _FIRST + _BAND ^ one[..., 1::2]) * _SECOND
        return keys >> self._shift

    def _grow(self) -> None:
        room = len(self._signatures) * 3 // 2
        self._signatures = _longer(self._signatures, room)
        self._next = _longer(self._next, room * BANDS)
        if 2 * room * BANDS > len(self._heads):
            self._heads = np.full(4 * len(self._heads), -1, np.int32)
            self._shift = _shift(self._heads)
            slots = self._slots(self._signatures[: self._count]).ravel()
            order = np.argsort(slots, kind="stable").astype(np.int32)
            same = slots[order[1:]] == slots[order[:-1]]
            self._next[order[:1]] = -1
            self._next[order[1:]] = np.where(same, order[:-1], -1)
            self._heads[slots[order]] = order  # of equal slots the last one stays


def _longer(array: Any, room: int) -> Any:
    grown = np.empty((room, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown


def _shift(heads: NDArray[np.int32]) -> np.uint32:
    return np.uint32(32 - (len(heads).bit_length() - 1))


_OFFSETS = np.arange(BANDS, dtype=np.int32)
_BAND_BITS = BANDS.bit_length() - 1
_NONE = np.empty(0, np.intp)
