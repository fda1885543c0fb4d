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

WIDTHS = (1, 2, 4)  # keys that a clause may check besides the one it is filed under, rounded up
Ints = NDArray[np.int32]


def packable(condition: Condition) -> tuple[Clause, ...] | None:
    """The clauses of a condition, if it has some and none is too long."""
    clauses = clauses_of(condition)
    if clauses is None or any(len(c.required) + len(c.forbidden) - 1 > WIDTHS[-1] for c in clauses):
        return None
    return clauses


class Compact:
    def __init__(
        self, nodes: Sequence[tuple[tuple[Clause, ...], Sequence[int]]], commonness: Callable[[str], int]
    ) -> None:
        """`nodes` are (clauses, numbers of the subscriptions that ask them)."""
        self._lock = threading.Lock()
        self._keys: dict[str, int] = {}
        asked = self._number_keys(nodes)
        weight = asked + np.array([commonness(key) for key in self._keys], np.int64) * 1_000_000_000
        weights: list[int] = weight.tolist()
        self._ids = np.sort(np.array([number for _, numbers in nodes for number in numbers], np.int64))
        self._gone = np.zeros(len(self._ids), bool)
        self._removed = 0
        self._twice = any(len(clauses) > 1 for clauses, _ in nodes)
        counts = [len(numbers) for _, numbers in nodes]
        self._first_of_node = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        flat = np.array([number for _, numbers in nodes for number in numbers], np.int64)
        self._of_node = np.searchsorted(self._ids, flat).astype(np.int32)
        # A key stands twice in the state: that it is there, and, behind all keys, that it is not there.
        size = len(self._keys)
        self._state = np.concatenate((np.zeros(size, bool), np.ones(size, bool)))
        sure: tuple[list[int], list[int]] = ([], [])
        checked: dict[int, tuple[list[int], list[int], list[list[int]]]] = {width: ([], [], []) for width in WIDTHS}
        for node, (clauses, _) in enumerate(nodes):
            for clause in clauses:
                required = [self._keys[key] for key in clause.required]
                forbidden = [self._keys[key] + size for key in clause.forbidden]
                if len(required) == 1 and not forbidden:
                    sure[0].append(required[0])
                    sure[1].append(node)
                    continue
                rarest = min(required, key=weights.__getitem__)
                rest = [key for key in required if key != rarest] + forbidden
                width = next(width for width in WIDTHS if width >= len(rest))
                keys, of, columns = checked[width]
                keys.append(rarest)
                of.append(node)
                columns.append(rest + [rest[0]] * (width - len(rest)))
        self._sure = self._postings_of(np.array(sure[0], np.int32), np.array(sure[1], np.int32))
        self._checked = [_Checked(size, *lists) for lists in checked.values() if lists[0]]

    @property
    def count(self) -> int:
        return len(self._ids) - self._removed

    def _number_keys(self, nodes: Sequence[tuple[tuple[Clause, ...], Sequence[int]]]) -> NDArray[np.int64]:
        """How many rules require each key, by its number."""
        asked: list[int] = []
        for clauses, numbers in nodes:
            for clause in clauses:
                for key in (*clause.required, *clause.forbidden):
                    number = self._keys.setdefault(key, len(self._keys))
                    if number == len(asked):
                        asked.append(0)
                    asked[number] += len(numbers)
        return np.array(asked, np.int64)

    def _postings_of(self, keys: Ints, nodes: Ints) -> tuple[Ints, Ints]:
        """(first, positions): the positions that a key alone fires are `positions[first[key]:first[key + 1]]`."""
        starts, ends = self._first_of_node[nodes], self._first_of_node[nodes + 1]
        positions = self._of_node[_ranges(starts, ends)]
        by_rule = np.repeat(keys, ends - starts)
        order = np.lexsort((positions, by_rule))
        return _firsts(by_rule[order], len(self._keys)), positions[order]

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
        first, positions = self._sure
        starts, ends = first[there].tolist(), first[there + 1].tolist()
        parts = [positions[start:end] for start, end in zip(starts, ends, strict=True) if end > start]
        with self._lock:
            self._state[there] = True
            self._state[there + len(keys)] = False
            held = [checked.held(there, self._state) for checked in self._checked]
            self._state[there] = False
            self._state[there + len(keys)] = True
        nodes = np.concatenate(held) if held else np.empty(0, np.int32)
        parts.append(self._of_node[_ranges(self._first_of_node[nodes], self._first_of_node[nodes + 1])])
        fired = np.concatenate(parts)
        fired.sort()
        if self._twice and len(fired):
            fired = fired[np.concatenate(([True], fired[1:] != fired[:-1]))]
        if self._removed:
            fired = fired[~self._gone[fired]]
        return self._ids[fired]


class _Checked:
    """Clauses with the same number of things to check, by the key they are filed under."""

    def __init__(self, size: int, keys: Sequence[int], nodes: Sequence[int], columns: Sequence[Sequence[int]]) -> None:
        order = np.argsort(np.array(keys, np.int32), kind="stable")
        self._first = _firsts(np.array(keys, np.int32)[order], size)
        self._nodes = np.array(nodes, np.int32)[order]
        self._columns = [np.ascontiguousarray(column) for column in np.array(columns, np.int32)[order].T]

    def held(self, there: Ints, state: NDArray[np.bool_]) -> Ints:
        """The nodes that have a clause of which everything holds."""
        starts, ends = self._first[there], self._first[there + 1]
        rows = _ranges(starts, ends)
        for column in self._columns:
            rows = rows[state[column[rows]]]
        return self._nodes[rows]


def _firsts(keys: Ints, size: int) -> Ints:
    """Where each key's rows begin among sorted ones; one more at the end."""
    return np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=size)))).astype(np.int32)


def _ranges(starts: Ints, ends: Ints) -> Ints:
    """All numbers from each start to before its end, one range behind the other."""
    lengths = ends - starts
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.int32)
    before = np.cumsum(lengths) - lengths
    numbers: Ints = (np.arange(total, dtype=np.int32) + np.repeat(starts - before, lengths)).astype(np.int32)
    return numbers
