"""Commands, written once for every platform: an explicit list, and one way in."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from bot.cards.card import Card, Listing, Tone, code, line
from bot.errors import VedetteError
from bot.model import Request
from handlers import digests, feeds, house, lookups, subscriptions, track
from handlers.context import Command, Context, trouble

log = logging.getLogger(__name__)

_LISTED: tuple[Command, ...] = (
    *lookups.COMMANDS,
    *subscriptions.COMMANDS,
    *track.COMMANDS,
    *digests.COMMANDS,
    *feeds.COMMANDS,
    *house.COMMANDS,
)
COMMANDS: tuple[Command, ...] = (*_LISTED, house.make_help(_LISTED))
BY_NAME = {command.name: command for command in COMMANDS}
ALIASES = {
    "sub": "subscribe",
    "unsub": "unsubscribe",
    "subs": "subscriptions",
    "list": "subscriptions",
    "feed": "feeds",
    "?": "help",
    "commands": "help",
}


def dispatch(context: Context, request: Request) -> Card:
    """Answer one line such as `/whois Quds Force`. Always a card, never an exception."""
    name, _, rest = request.text.strip().lstrip("/").partition(" ")
    if name == "vedette":
        name, _, rest = rest.strip().partition(" ")
    name = name.lower()
    command = BY_NAME.get(ALIASES.get(name, name))
    if command is None:
        return _unknown(name, request.text.strip())
    if command.changes and not request.can_manage:
        return trouble(
            f"Only people who manage this channel can use /{command.name}.",
            "Ask one of them, or use the command in a direct message.",
        )
    try:
        return command.handler(context.of(request.channel.workspace), replace(request, text=rest.strip()))
    except VedetteError as error:
        return trouble(str(error), *([error.next_step] if error.next_step else []))
    except Exception:
        log.exception("command /%s failed in channel %d", command.name, request.channel.id)
        return trouble(
            "Something went wrong here; it has been written to the log.",
            "Try again; if it stays, tell whoever runs this bot.",
        )


def _unknown(name: str, text: str) -> Card:
    from rapidfuzz import process

    if not name:
        return trouble("Type a command.", "/help lists them.")
    near = [match for match, _, _ in process.extract(name, list(BY_NAME), limit=3, score_cutoff=60)]
    lines = [line(code(BY_NAME[match].usage), f"  {BY_NAME[match].about}") for match in near]
    if not text.startswith("/"):
        lines.append(line(code(f"/whois {text}"), "  Look the name up"))
    return Card(
        title=f"There is no command “{name}”.",
        tone=Tone.WARNING,
        blocks=(Listing("Perhaps", (*lines, line(code("/help"), "  List the commands"))),),
    )


def completions(context: Context, typed: str) -> Iterator[tuple[str, str]]:
    """(whole line, what it is) for what has been typed so far: commands first, then names after `/whois` and its like."""
    head, space, rest = typed.partition(" ")
    if not space:
        yield from (
            (f"/{command.name}", command.about) for command in COMMANDS if f"/{command.name}".startswith(head or "/")
        )
        return
    if head in ("/whois", "/where", "/subscribe") and rest:
        for hit in context.lookup.complete(rest, 12):
            yield f"{head} {hit.entity.name}", hit.name if hit.name != hit.entity.name else hit.entity.type
