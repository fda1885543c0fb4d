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
        self._by_workspace: dict[str, list[Rule]] = {}
        for rule in rules:
            self._by_workspace.setdefault(rule.workspace, []).append(rule)

    @property
    def workspaces(self) -> Iterable[str]:
        return self._by_workspace

    def fire(self, workspace: str, facts: Facts) -> list[Rule]:
        """The rules of a workspace that an article fires; `facts` are what this workspace may see of it."""
        return [rule for rule in self._by_workspace.get(workspace, ()) if rule.query.fires(facts)]
