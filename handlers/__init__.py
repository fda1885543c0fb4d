"""Commands, written once for every platform: an explicit list, and one way in."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace

from bot.cards.card import Button, Card, Does, Listing, Tone, code, line
from bot.errors import VedetteError
from bot.model import Channel, Request
from handlers import admins, alerts, digests, feeds, house, lookups, subscriptions, track, whynot
from handlers.context import Command, Context, trouble
from handlers.paging import paged
from handlers.suggest import suggest

MOST_COMPLETED = 12  # lines of the prompt’s menu
log = logging.getLogger(__name__)

_LISTED: tuple[Command, ...] = (
    *lookups.COMMANDS,
    *subscriptions.COMMANDS,
    *alerts.COMMANDS,
    *whynot.COMMANDS,
    *track.COMMANDS,
    *digests.COMMANDS,
    *feeds.COMMANDS,
    *admins.COMMANDS,
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
    if request.channel.platform != "console":
        wait = context.flood.wait(request.channel.workspace, request.user, context.clock.now())
        if wait:
            seconds = max(1, round(wait.total_seconds()))
            return trouble(
                f"That was quick. Try again in {seconds} second{'s' if seconds != 1 else ''}; alerts come as always."
            )
        return _shareable(paged(_answer(context, request), *_page(request.text)), request)
    return _answer(context, request)


def _shareable(card: Card, request: Request) -> Card:
    """A look-up that one person sees can be shown to all."""
    _, text = _page(request.text)
    command = _command(text)[1]
    alone = not request.public and not text.endswith(" public")
    if command is None or not command.looks_up or not alone or card.tone is Tone.WARNING:
        return card
    return replace(card, buttons=(*card.buttons, Button("Share", request.text.strip(), Does.SHARE)))


def _page(text: str) -> tuple[int, str]:
    """(page, line) of `page 2 /subscriptions`, as the buttons under a list say it."""
    found = re.fullmatch(r"\s*page (\d{1,4}) (.*)", text, re.S)
    return (int(found[1]), found[2]) if found else (1, text.strip())


def _command(text: str) -> tuple[str, Command | None, str]:
    """(name as typed, what it stands for, the rest) of a line."""
    name, _, rest = text.strip().lstrip("/").partition(" ")
    if name == "vedette":
        name, _, rest = rest.strip().partition(" ")
    name = name.lower()
    return name, BY_NAME.get(ALIASES.get(name, name)), rest.strip()


def _answer(context: Context, request: Request) -> Card:
    page, text = _page(request.text)
    request = replace(request, text=text, page=page)
    name, command, rest = _command(text)
    if command is None:
        return _unknown(name, request.text.strip())
    if command.looks_up and rest.endswith(" public"):
        rest, request = rest.removesuffix(" public").rstrip(), replace(request, public=True)
    if command.needs_rights(rest):
        if not request.can_manage:
            return trouble(
                f"Only people who manage this channel can use /{command.name}{' that way' if not command.changes else ''}.",
                "Ask one of them, or use the command in a direct message.",
            )
        if command.workspace and not request.can_admin:
            return trouble(
                f"/{command.name} changes what the whole workspace reads, and only its admins can do that.",
                "Ask one of them.",
            )
    try:
        return command.handler(context.of(request.channel.workspace), replace(request, text=rest))
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


def completions(context: Context, channel: Channel, typed: str) -> Iterator[tuple[str, str]]:
    """(whole line, what it is) for what has been typed so far: commands first, then names after `/whois` and its like."""
    head, space, rest = typed.partition(" ")
    if not space:
        yield from (
            (f"/{command.name}", command.about) for command in COMMANDS if f"/{command.name}".startswith(head or "/")
        )
        return
    command = BY_NAME.get(ALIASES.get(head.lstrip("/"), head.lstrip("/")))
    if command and command.verbs and " " not in rest:
        yield from ((f"{head} {verb.name}", verb.about) for verb in command.verbs if verb.name.startswith(rest))
    elif command and command.options and rest:
        for item in suggest(context, channel, command.options[0].takes, rest)[:MOST_COMPLETED]:
            yield f"{head} {item.value}", item.label
