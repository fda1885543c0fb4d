"""What an article must have for a condition to fire, as sets of keys: the form in which conditions are filed and checked.

A clause is a set of keys that must all be there and a set of which none may be. A condition made of exact terms is equal
to a few clauses, one of which must hold; any other is only covered by keys, and is asked itself after one of them was met.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.rules.query import AllOf, AnyOf, Condition, NoneOf
from bot.rules.terms import Words

MOST_CLAUSES = 12
Weight = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Clause:
    required: frozenset[str]
    forbidden: frozenset[str] = frozenset()


def clauses_of(condition: Condition) -> tuple[Clause, ...] | None:
    """Clauses of which one holds exactly where the condition fires; None where there are none, too many, or one requires nothing."""
    found = _clauses(condition, wanted=True)
    if found is None or not all(clause.required for clause in found):
        return None
    return tuple(dict.fromkeys(clause for clause in found if not clause.required & clause.forbidden)) or None


def _clauses(condition: Condition, *, wanted: bool) -> list[Clause] | None:
    """Clauses of a condition, or of its contrary."""
    if isinstance(condition, NoneOf):
        return _clauses(condition.part, wanted=not wanted)
    if isinstance(condition, AllOf | AnyOf):
        parts = [_clauses(part, wanted=wanted) for part in condition.parts]
        found: list[Clause] = []
        if isinstance(condition, AnyOf) == wanted:
            for part in parts:
                if part is None or len(found) + len(part) > MOST_CLAUSES:
                    return None
                found += part
            return found
        found = [Clause(frozenset())]
        for part in parts:
            if part is None or len(found) * len(part) > MOST_CLAUSES:
                return None
            found = [Clause(a.required | b.required, a.forbidden | b.forbidden) for a in found for b in part]
        return found
    keys = condition.keys
    if not condition.exact or keys is None:
        return None
    if not wanted:
        return [Clause(frozenset(), keys)]
    return [Clause(frozenset((key,))) for key in keys]


def cover(condition: Condition, weight: Weight) -> frozenset[str] | None:
    """Keys of which an article that fires has at least one, the lightest such set; None if there is none."""
    if isinstance(condition, NoneOf):
        return None
    if isinstance(condition, AnyOf):
        parts = [cover(part, weight) for part in condition.parts]
        return frozenset().union(*(part for part in parts if part)) if None not in parts else None
    if isinstance(condition, AllOf):
        found = [part for part in (cover(part, weight) for part in condition.parts) if part is not None]
        return min(found, key=lambda keys: sum(map(weight, keys)), default=None)
    if isinstance(condition, Words):
        return frozenset((min(condition.each, key=weight),))
    return condition.keys
