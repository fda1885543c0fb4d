"""Very many rules in arrays: postings by key as slices, everything that has more to be checked looked at in one step.

Built once from conditions that are equal to a few clauses; a rule can be taken out at any time, new ones are kept elsewhere
until the next building. A position is the place of a rule's number among all numbers, sorted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.rules.clauses import Clause, clauses_of
from bot.rules.query import Condition

MOST_CHECKS = 4  # keys that a clause may check besides the one it is filed under
Ints = NDArray[np.int32]


def packable(condition: Condition) -> tuple[Clause, ...] | None:
    """The clauses of a condition, if it has some and none is too long."""
    clauses = clauses_of(condition)
    if clauses is None or any(len(c.required) + len(c.forbidden) - 1 > MOST_CHECKS for c in clauses):
        return None
    return clauses


class Compact:
    """`sure` are the rules that a key alone fires; `checked` those that need more keys, one row for each rule and clause."""

    def __init__(
        self, nodes: Sequence[tuple[tuple[Clause, ...], Sequence[int]]], commonness: Callable[[str], int]
    ) -> None:
        """`nodes` are (clauses, numbers of the subscriptions that ask them)."""
        self._lock = threading.Lock()
        self._keys: dict[str, int] = {}
        asked = self._number_keys(nodes)
        weights = (asked + np.array([commonness(key) for key in self._keys], np.int64) * 1_000_000_000).tolist()
        flat = np.array([number for _, numbers in nodes for number in numbers], np.int64)
        self._ids = np.sort(flat)
        self._gone = np.zeros(len(flat), bool)
        self._removed = 0
        self._twice = any(len(clauses) > 1 for clauses, _ in nodes)
        # A key stands twice in the state: that it is there, and, behind all keys, that it is not there.
        size = len(self._keys)
        self._state = np.concatenate((np.zeros(size, bool), np.ones(size, bool)))
        places = iter(np.searchsorted(self._ids, flat).tolist())
        sure: tuple[list[int], list[int]] = ([], [])
        checked: tuple[list[int], list[int], list[list[int]]] = ([], [], [])
        for clauses, numbers in nodes:
            positions = [next(places) for _ in numbers]
            for clause in clauses:
                required = [self._keys[key] for key in clause.required]
                rarest = min(required, key=weights.__getitem__)
                required.remove(rarest)
                rest = required + [self._keys[key] + size for key in clause.forbidden]
                keys, filed = checked[:2] if rest else sure
                keys += [rarest] * len(positions)
                filed += positions
                if rest:
                    checked[2].extend([rest + rest[:1] * (MOST_CHECKS - len(rest))] * len(positions))
        self._sure_first, order = _by_key(sure[0], size)
        self._sure = np.array(sure[1], np.int32)[order]
        self._checked_first, order = _by_key(checked[0], size)
        self._checked = np.array(checked[1], np.int32)[order]
        columns = np.array(checked[2], np.int32).reshape(-1, MOST_CHECKS)[order]
        self._columns = [np.ascontiguousarray(column) for column in columns.T]

    @property
    def count(self) -> int:
        return len(self._ids) - self._removed

    def _number_keys(self, nodes: Sequence[tuple[tuple[Clause, ...], Sequence[int]]]) -> NDArray[np.int64]:
        """How many rules ask for each key, by its number."""
        asked: list[int] = []
        for clauses, numbers in nodes:
            for clause in clauses:
                for key in (*clause.required, *clause.forbidden):
                    number = self._keys.setdefault(key, len(self._keys))
                    if number == len(asked):
                        asked.append(0)
                    asked[number] += len(numbers)
        return np.array(asked, np.int64)

    def remove(self, number: int) -> None:
        at = int(np.searchsorted(self._ids, number))
        if at < len(self._ids) and self._ids[at] == number and not self._gone[at]:
            self._gone[at] = True
            self._removed += 1

    def numbers(self, terms: frozenset[str]) -> NDArray[np.int64]:
        """The numbers of the rules that an article with these keys fires, sorted."""
        keys = self._keys
        there = np.array([keys[term] for term in terms if term in keys], np.int32)
        if not len(there):
            return np.empty(0, np.int64)
        starts, ends = self._sure_first[there].tolist(), self._sure_first[there + 1].tolist()
        parts = [self._sure[start:end] for start, end in zip(starts, ends, strict=True) if end > start]
        rows = _ranges(self._checked_first[there], self._checked_first[there + 1])
        if len(rows):
            turned = np.concatenate((there, there + len(keys)))
            with self._lock:
                self._state[turned] ^= True
                for column in self._columns:
                    rows = rows[self._state[column[rows]]]
                self._state[turned] ^= True
            parts.append(self._checked[rows])
        fired = np.concatenate(parts) if parts else np.empty(0, np.int32)
        fired.sort()
        if self._twice and len(fired):
            fired = fired[np.concatenate(([True], fired[1:] != fired[:-1]))]
        if self._removed:
            fired = fired[~self._gone[fired]]
        return self._ids[fired]


def _by_key(keys: Sequence[int], size: int) -> tuple[Ints, NDArray[np.intp]]:
    """(where each key's rows begin, one more at the end; the order of the rows)."""
    numbers = np.array(keys, np.int32)
    first = np.concatenate(([0], np.cumsum(np.bincount(numbers, minlength=size))))
    return first.astype(np.int32), np.argsort(numbers, kind="stable")


def _ranges(starts: Ints, ends: Ints) -> Ints:
    """All numbers from each start to before its end, one range behind the other."""
    lengths = ends - starts
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.int32)
    before = np.cumsum(lengths) - lengths
    numbers: Ints = (np.arange(total, dtype=np.int32) + np.repeat(starts - before, lengths)).astype(np.int32)
    return numbers
