"""`/digest now|at|off`: the brief of a channel."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from bot.cards.card import Card, Text, Tone, code, line
from bot.cards.compose import moment
from bot.digest import next_digest
from bot.editor import build_digest
from bot.model import Request
from bot.store import digests
from handlers.context import Command, Context, Option, Takes, Verb, trouble

USAGE = "/digest now, /digest at 07:00 Asia/Baghdad, or /digest off"


def digest(context: Context, request: Request) -> Card:
    verb, _, rest = request.text.strip().partition(" ")
    if verb == "now":
        return _now(context, request)
    if verb == "at":
        return _at(context, request, rest.strip())
    if verb == "off":
        return _off(context, request)
    if verb:
        return trouble(f"/digest does not know “{verb}”.", f"Type {USAGE}")
    return _state(context, request)


def _now(context: Context, request: Request) -> Card:
    now = context.clock.now()
    with context.store.read() as cx:
        return build_digest(cx, request.channel, None, now, context.catalogue)


def _at(context: Context, request: Request, text: str) -> Card:
    parts = text.split()
    clock = _clock(parts[0]) if parts else None
    if clock is None:
        return trouble("At what time?", "Type /digest at 07:00 Asia/Baghdad")
    zone = parts[1] if len(parts) > 1 else request.channel.timezone
    known = {name.casefold(): name for name in available_timezones()}
    if zone.casefold() not in known:
        near = sorted(name for name in known.values() if zone.casefold() in name.casefold())[:5]
        return trouble(
            f"“{zone}” is no time zone.",
            f"Perhaps {', '.join(near)}" if near else "Give an IANA zone such as Asia/Baghdad",
        )
    zone = known[zone.casefold()]
    due = next_digest(context.clock.now(), clock, zone)
    with context.store.write() as cx:
        digests.set_schedule(cx, request.channel.id, clock, zone, due)
    title = f"A digest comes every day at {clock} ({zone})."
    return Card(
        title=title,
        tone=Tone.DONE,
        blocks=(Text(line(f"The next one: {moment(due, zone)}.")),),
        footer=line("To stop: ", code("/digest off")),
    )


def _clock(text: str) -> str | None:
    match = re.fullmatch(r"(\d{1,2})[:.h](\d{2})", text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        return None
    return f"{int(match[1]):02}:{match[2]}"


def _off(context: Context, request: Request) -> Card:
    with context.store.write() as cx:
        old = digests.schedule_of(cx, request.channel.id)
        digests.drop_schedule(cx, request.channel.id)
    if old is None:
        return trouble("This channel has no daily digest.", "Set one: /digest at 07:00")
    return Card(
        title="The daily digest is off.",
        tone=Tone.DONE,
        footer=line("To take it back: ", code(f"/digest at {old.at} {old.timezone}")),
    )


def _state(context: Context, request: Request) -> Card:
    with context.store.read() as cx:
        schedule = digests.schedule_of(cx, request.channel.id)
    title = (
        f"The digest comes every day at {schedule.at} ({schedule.timezone})."
        if schedule
        else "This channel has no daily digest."
    )
    return Card(title=title, blocks=(Text(line("Type ", code(USAGE))),))


COMMANDS = (
    Command(
        "digest",
        "/digest now | at TIME [ZONE] | off",
        "Show the digest, or set when it comes",
        digest,
        changing_verbs=frozenset({"at", "off"}),
        example="/digest now",
        verbs=(
            Verb("now", "Show the digest now"),
            Verb(
                "at",
                "Set when the digest comes",
                (
                    Option("time", "Local time, such as 07:00", required=True),
                    Option("zone", "Time zone, such as Asia/Baghdad", Takes.ZONE),
                ),
            ),
            Verb("off", "Stop the daily digest"),
        ),
    ),
)
