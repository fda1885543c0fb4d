"""Which subscriptions fire on an article."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.rules.query import Facts, Query


@dataclass(frozen=True, slots=True)
class Rule:
    """A subscription as the index needs it."""

    subscription_id: int
    workspace: str
    channel_id: int
    text: str
    query: Query


class RuleIndex:
    """The rules of all channels; `fire` answers for one article."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)

    def fire(self, facts: Facts) -> list[Rule]:
        return [rule for rule in self._rules if rule.query.fires(facts)]
