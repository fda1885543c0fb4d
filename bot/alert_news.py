"""What a channel knows of a story, and what is new to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.alert_facts import dead_in, independent, named_in
from bot.cards.card import Line, line, quiet, strong
from bot.known import Known
from bot.model import Article
from bot.rules.index import Rule
from bot.store.telling import StoryView


def known_of(
    known: Known, workspace: str, view: StoryView, newest: Article | None, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a channel knows once it has seen the card."""
    entities = known.catalogue_of(workspace).entities
    dead = dead_in(newest) if newest else None
    was = (before or {}).get("dead")
    return {
        "outlets": view.outlets,
        "origins": independent(view),
        "named": [key for key in named_in(known, workspace, view) if key in entities],
        "dead": dead if dead is not None else was,
        "titles": {str(article.id): article.title for article in view.articles[:50]},
    }


def news(
    known: Known,
    workspace: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    newest: Article,
    more: Sequence[Rule],
) -> tuple[list[Line], bool]:
    """What the channel did not know, in lines, and whether it is a step up."""
    entities = known.catalogue_of(workspace).entities
    lines: list[Line] = []
    step = bool(more)
    for rule in more:
        lines.append(line("Now also ", strong(rule.query.in_words())))
    old, new = before.get("dead"), after.get("dead")
    if new is not None and old is not None and new != old:
        lines.append(line(strong(f"Killed: {new:,}"), f", before {old:,}"))
        step = True
    elif new is not None and old is None:
        lines.append(line(strong(f"Killed: {new:,}")))
        step = True
    outlets = [outlet for outlet in after["outlets"] if outlet not in before.get("outlets", ())]
    if after["origins"] > 1 >= before.get("origins", 1):
        lines.append(
            line("Confirmed by a second independent source: ", strong(outlets[-1] if outlets else newest.outlet))
        )
        step = True
    elif outlets and after["origins"] > before.get("origins", 1):
        lines.append(line("Also reported by ", ", ".join(outlets)))
    named = [entities[key].name for key in after["named"] if key not in before.get("named", ())]
    if named:
        lines.append(
            line("Now named: ", ", ".join(named[:8]), quiet(f" and {len(named) - 8} more") if len(named) > 8 else "")
        )
    for key, title in after["titles"].items():
        was = before.get("titles", {}).get(key)
        if was and was != title:
            lines.append(line("Headline now: ", title))
    return lines, step
