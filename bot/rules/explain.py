"""Which parts of a query an article meets and which it does not: what `/why` and `/whynot` show. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from bot.rules.facts import Facts
from bot.rules.query import AllOf, Condition, in_words


def parts_met(condition: Condition, facts: Facts) -> Iterator[tuple[bool, str]]:
    """(met, in words) of each part that must hold; alternatives are one part."""
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from parts_met(part, facts)
    else:
        yield condition.fires(facts), in_words(condition)


def lacking(condition: Condition, facts: Facts) -> list[str]:
    """What keeps an article from firing a query, in words."""
    return [words for met, words in parts_met(condition, facts) if not met]


def nearness(condition: Condition, facts: Facts) -> tuple[int, int]:
    """(parts met, parts): how near an article comes to a query."""
    met = [good for good, _ in parts_met(condition, facts)]
    return sum(met), len(met)
