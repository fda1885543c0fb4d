"""Which subscriptions fire on an article, without asking each of them.

Every condition is filed under keys of which an article must have one to fire it, the rarest it can choose; an article looks
only under its own keys. What is found so is checked exactly. Each workspace has a shelf of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.rules.clauses import Clause, clauses_of, cover
from bot.rules.compact import Compact, packable
from bot.rules.facts import Facts
from bot.rules.query import Condition, Query

COMPACT_FROM = 100_000  # subscriptions of one workspace that are packed into arrays; later ones are kept beside them
# How common keys are before anything is counted: kinds and languages are met in most articles, a town in few.
_COMMON = {"e": 0, "g0": 1, "g1": 2, "in": 2, "s": 3, "sw": 3, "o": 3, "g2": 3, "g3": 4, "g": 5, "k": 5, "l": 5}
_ALWAYS = ""  # stands for the key of conditions that no key covers
_SHORT = 4  # letters; words of fewer are mostly "the" and "of"


@dataclass(frozen=True, slots=True)
class Rule:
    """A subscription as the index needs it."""

    subscription_id: int
    workspace: str
    channel_id: int
    text: str
    query: Query


class Row(Protocol):
    """A subscription as it is stored."""

    @property
    def id(self) -> int: ...
    @property
    def workspace(self) -> str: ...
    @property
    def channel_id(self) -> int: ...
    @property
    def query(self) -> str: ...


R = TypeVar("R", bound=Row)


class RuleIndex:
    """The rules of all channels; `fire` answers for one article."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._rules: dict[int, Rule] = {}
        self._shelves: dict[str, _Shelf] = {}
        self._take_all(rules)

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def workspaces(self) -> Collection[str]:
        return self._shelves.keys()

    def get(self, subscription_id: int) -> Rule | None:
        return self._rules.get(subscription_id)

    def add(self, rule: Rule) -> None:
        """File a rule, in place of an earlier one of this number; the next article meets it."""
        self.remove(rule.subscription_id)
        self._rules[rule.subscription_id] = rule
        shelf = self._shelves.get(rule.workspace)
        if shelf is None:
            shelf = self._shelves[rule.workspace] = _Shelf(())
        shelf.add(rule)

    def remove(self, subscription_id: int) -> None:
        """Take a rule out, if it is there."""
        rule = self._rules.pop(subscription_id, None)
        if rule is not None:
            shelf = self._shelves[rule.workspace]
            shelf.remove(rule)
            if not shelf.count:
                del self._shelves[rule.workspace]

    def renew(self, rows: Iterable[R], changed: Collection[str], made: Callable[[R], Rule | None]) -> None:
        """Hold these subscriptions and no others. Only new ones are made, and those of workspaces whose names have `changed`."""
        wanted = {row.id: row for row in rows}
        for gone in self._rules.keys() - wanted.keys():
            self.remove(gone)
        fresh: list[Rule] = []
        for row in wanted.values():
            held = self._rules.get(row.id)
            same = held and (held.workspace, held.channel_id, held.text) == (row.workspace, row.channel_id, row.query)
            if not same or row.workspace in changed:
                self.remove(row.id)
                rule = made(row)
                fresh += [rule] if rule else []
        self._take_all(fresh)

    def _take_all(self, rules: Iterable[Rule]) -> None:
        by_workspace: dict[str, list[Rule]] = {}
        for rule in rules:
            by_workspace.setdefault(rule.workspace, []).append(rule)
        for workspace, own in by_workspace.items():
            self._take(workspace, own)

    def _take(self, workspace: str, rules: Sequence[Rule]) -> None:
        """File several rules; many of them together with all others of the shelf, so that these are packed too."""
        self._rules.update((rule.subscription_id, rule) for rule in rules)
        shelf = self._shelves.get(workspace)
        if shelf is None or shelf.loose + len(rules) >= COMPACT_FROM:
            everything = [rule for rule in self._rules.values() if rule.workspace == workspace]
            self._shelves[workspace] = _Shelf(everything)
            return
        for rule in rules:
            shelf.add(rule)

    def fire(self, workspace: str, facts: Facts) -> list[Rule]:
        """The rules of a workspace that an article fires, by number; `facts` are what this workspace may see of it."""
        return [self._rules[number] for number in sorted(map(int, self.numbers(workspace, facts)))]

    def numbers(self, workspace: str, facts: Facts) -> Sequence[int] | NDArray[np.int64]:
        """The same as subscription numbers, each once, in no order."""
        shelf = self._shelves.get(workspace)
        return shelf.numbers(facts) if shelf else ()


@dataclass(slots=True, eq=False)
class _Check:
    """What must hold besides the key it is filed under: the rest of a clause, or a whole condition. `numbers` fire then."""

    numbers: dict[int, None]
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    condition: Condition | None = None
    several: bool = False  # filed under several keys, or one of several clauses: it may be met more than once

    def holds(self, terms: frozenset[str], facts: Facts) -> bool:
        if self.condition is not None:
            return self.condition.fires(facts)
        return self.required <= terms and self.forbidden.isdisjoint(terms)

    @property
    def pair(self) -> tuple[str, bool] | None:
        """The one other key to look at, and whether it must be there; None where there is more to it."""
        if self.condition is not None or self.several or len(self.required) + len(self.forbidden) != 1:
            return None
        return next(iter(self.required | self.forbidden)), bool(self.required)


@dataclass(slots=True, eq=False)
class _Posting:
    """What is filed under one key. The commonest sorts stand apart, so that each is gone through in the shortest way."""

    sure: dict[int, None] = field(default_factory=dict)  # numbers that the key alone fires
    also: dict[int, None] = field(default_factory=dict)  # likewise, but other keys fire them too
    pairs: dict[_Check, tuple[str, bool]] = field(
        default_factory=dict
    )  # what asks for one key more, or for its absence
    checks: dict[_Check, None] = field(default_factory=dict)  # everything else

    def file(self, check: _Check) -> None:
        if pair := check.pair:
            self.pairs[check] = pair
        else:
            self.checks[check] = None

    def drop(self, check: _Check) -> None:
        if self.pairs.pop(check, None) is None:
            del self.checks[check]

    @property
    def empty(self) -> bool:
        return not (self.sure or self.also or self.pairs or self.checks)


@dataclass(slots=True, eq=False)
class _Node:
    """A condition, with all subscriptions that ask exactly it, and where it is filed."""

    numbers: dict[int, None] = field(default_factory=dict)
    sure: list[str] = field(default_factory=list)
    checks: list[tuple[str, _Check]] = field(default_factory=list)

    def sure_in(self, posting: _Posting) -> dict[int, None]:
        return posting.sure if len(self.sure) + len(self.checks) == 1 else posting.also


class _Shelf:
    """The rules of one workspace: a packed base if they are many, and a dictionary of keys for those that came since."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._nodes: dict[Condition, _Node] = {}
        self._postings: dict[str, _Posting] = {}
        self._always = _Posting()  # of conditions that no key covers
        self._asked: dict[str, int] = {}  # key → how many rules require it, as far as counted
        self._base: Compact | None = None
        if len(rules) >= COMPACT_FROM:
            rules = self._pack(rules)
        self._held = 0
        for rule in rules:
            self._count(clauses_of(rule.query.condition))
        for rule in rules:
            self.add(rule)
        self._kept = self._held  # rules that cannot be packed wait for no packing

    @property
    def loose(self) -> int:
        """Rules that came since the base was packed."""
        return self._held - self._kept

    @property
    def count(self) -> int:
        return self._held + (self._base.count if self._base else 0)

    def _pack(self, rules: Sequence[Rule]) -> list[Rule]:
        """Pack what can be; the rest is returned."""
        nodes: dict[Condition, list[int]] = {}
        for rule in rules:
            nodes.setdefault(rule.query.condition, []).append(rule.subscription_id)
        packed = [(clauses, numbers) for condition, numbers in nodes.items() if (clauses := packable(condition))]
        taken = {number for _, numbers in packed for number in numbers}
        self._base = Compact(packed, _commonness)
        return [rule for rule in rules if rule.subscription_id not in taken]

    def _count(self, clauses: tuple[Clause, ...] | None) -> None:
        for clause in clauses or ():
            for key in clause.required:
                self._asked[key] = self._asked.get(key, 0) + 1

    def _weight(self, key: str) -> float:
        return _commonness(key) * 1e9 + self._asked.get(key, 0)

    def add(self, rule: Rule) -> None:
        node = self._nodes.get(rule.query.condition)
        if node is None:
            node = self._nodes[rule.query.condition] = _Node()
            self._file(rule.query.condition, node)
        node.numbers[rule.subscription_id] = None
        for key in node.sure:
            node.sure_in(self._posting(key))[rule.subscription_id] = None
        self._held += 1

    def _file(self, condition: Condition, node: _Node) -> None:
        clauses = clauses_of(condition)
        if clauses is not None:
            for clause in clauses:
                key = min(clause.required, key=self._weight)
                if len(clause.required) == 1 and not clause.forbidden:
                    node.sure.append(key)
                else:
                    node.checks.append((key, _Check(node.numbers, clause.required - {key}, clause.forbidden)))
        else:
            check = _Check(node.numbers, condition=condition)
            keys = cover(condition, self._weight)
            node.checks += [(key, check) for key in (keys if keys is not None else (_ALWAYS,))]
        for key, check in node.checks:
            check.several = len(node.sure) + len(node.checks) > 1
            (self._always if key == _ALWAYS else self._posting(key)).file(check)

    def _posting(self, key: str) -> _Posting:
        posting = self._postings.get(key)
        if posting is None:
            posting = self._postings[key] = _Posting()
        return posting

    def remove(self, rule: Rule) -> None:
        number, condition = rule.subscription_id, rule.query.condition
        node = self._nodes.get(condition)
        if node is None or number not in node.numbers:
            assert self._base is not None
            self._base.remove(number)
            return
        self._held -= 1
        del node.numbers[number]
        for key in node.sure:
            del node.sure_in(self._postings[key])[number]
        if not node.numbers:
            del self._nodes[condition]
            for key, check in node.checks:
                (self._always if key == _ALWAYS else self._postings[key]).drop(check)
        for key in (*node.sure, *(key for key, _ in node.checks)):
            posting = self._postings.get(key)
            if posting and posting.empty:
                del self._postings[key]

    def numbers(self, facts: Facts) -> Sequence[int] | NDArray[np.int64]:
        terms = facts.terms
        postings = self._postings
        fired: list[int] = []
        again: list[int] = []
        for key in postings.keys() & terms:
            posting = postings[key]
            if posting.sure:
                fired += posting.sure
            if posting.pairs:
                for check, (other, wanted) in posting.pairs.items():
                    if (other in terms) is wanted:
                        fired += check.numbers
            if posting.also:
                again += posting.also
            if posting.checks:
                for check in posting.checks:
                    if check.holds(terms, facts):
                        again += check.numbers
        for check in self._always.checks:
            if check.holds(terms, facts):
                fired += check.numbers
        if again:
            fired += set(again)
        if self._base is None:
            return fired
        packed = self._base.numbers(terms)
        return np.concatenate((packed, np.array(fired, np.int64))) if fired else packed


def _commonness(key: str) -> int:
    kind, colon, _ = key.partition(":")
    return _COMMON.get(kind, 1) if colon or key == "g" else int(len(key) < _SHORT)
