"""`/digest now|at|off`: the brief of a channel."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import Connection

from bot.cards.card import Button, Card, Does, Text, Tone, code, line
from bot.cards.compose import moment
from bot.editor import build_digest, window_now
from bot.model import Channel, Request
from bot.store import digests
from bot.store.digests import DigestSchedule
from bot.store.windows import Window
from bot.timetable import EVERY_DAY, Timetable, days_text, digest_day, first_digest, parse_days
from handlers.context import Command, Context, Option, Takes, Verb, trouble

USAGE = "/digest now, /digest at 07:00 Asia/Baghdad weekdays, or /digest off"
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_NOW = Button("Now", "/digest now")


def digest(context: Context, request: Request) -> Card:
    verb, _, rest = request.text.strip().partition(" ")
    if verb == "now":
        return _now(context, request, rest.strip())
    if verb == "at":
        return _at(context, request, rest.strip())
    if verb == "off":
        return _off(context, request)
    if verb:
        return trouble(f"/digest does not know “{verb}”.", f"Type {USAGE}")
    return _state(context, request)


def _now(context: Context, request: Request, since: str) -> Card:
    now = context.clock.now()
    channel = request.channel
    with context.store.read() as cx:
        zone = _zone(digests.schedule_of(cx, channel.id), channel)
        window = window_now(cx, channel, now)
        if since:
            start = _since(since, now, ZoneInfo(zone))
            if start is None or start >= now:
                return trouble(f"“{since}” is no time to begin at.", "Type /digest now 7d, or /digest now 2014-06-13")
            window = Window(channel.workspace, start, now, by_document=True)
        return build_digest(cx, channel, window, context.known, zone)


def _since(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """`12h`, `7d`, `2w` before now, or a local day."""
    ago = re.fullmatch(r"(\d{1,3}) ?([hdw])", text)
    if ago:
        return now - int(ago[1]) * UNITS[ago[2]]
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        return None


def _zone(schedule: DigestSchedule | None, channel: Channel) -> str:
    return schedule.timetable.zone if schedule else channel.timezone


def _at(context: Context, request: Request, text: str) -> Card:
    clock, _, rest = text.partition(" ")
    at = _clock(clock)
    if at is None:
        return trouble("At what time?", "Type /digest at 07:00 Asia/Baghdad")
    now = context.clock.now()
    with context.store.write() as cx:
        old = digests.schedule_of(cx, request.channel.id)
        zone, days = _zone(old, request.channel), old.timetable.days if old else EVERY_DAY
        for word in re.split(r"\s+", re.sub(r"\s*,\s*", ",", rest.strip())):
            given = parse_days(word)
            if given:
                days = given
            elif word:
                known = {name.casefold(): name for name in available_timezones()}
                if word.casefold() not in known:
                    return _unknown(word, known.values())
                zone = known[word.casefold()]
        timetable = Timetable(at, zone, days)
        due = _set(cx, request.channel, old, timetable, now)
    return Card(
        title=f"A digest comes {timetable.in_words()}.",
        tone=Tone.DONE,
        blocks=(Text(line(f"The next one: {moment(due, zone)}.")),),
        footer=line("To stop: ", code("/digest off")),
    )


def _set(cx: Connection, channel: Channel, old: DigestSchedule | None, timetable: Timetable, now: datetime) -> datetime:
    """Keep a timetable; when its first digest is due. A day that has had its digest gets no second one."""
    taken = digests.days_taken(cx, channel.id, now.date() - timedelta(days=2))
    moved = old is not None and old.timetable.zone != timetable.zone
    due = first_digest(now, timetable, taken, old.last_digest_at if old else None, moved=moved)
    digests.free_days(cx, channel.id, digest_day(due, timetable))
    digests.set_schedule(cx, channel.id, timetable, due)
    return due


def _unknown(word: str, zones: Iterable[str]) -> Card:
    near = sorted(name for name in zones if word.casefold() in name.casefold())[:5]
    return trouble(
        f"“{word}” is no time zone and no day.",
        f"Perhaps {', '.join(near)}" if near else "Give an IANA zone such as Asia/Baghdad, and days such as Sun-Thu",
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
        return trouble("No digest comes here.", "Set one: /digest at 07:00")
    given = old.timetable
    return Card(
        title="No digest comes here any more.",
        tone=Tone.DONE,
        footer=line("To take it back: ", code(f"/digest at {given.at} {given.zone} {days_text(given.days)}")),
    )


def _state(context: Context, request: Request) -> Card:
    with context.store.read() as cx:
        schedule = digests.schedule_of(cx, request.channel.id)
    if schedule is None:
        return Card(
            title="No digest comes here yet.",
            blocks=(Text(line("Type ", code(USAGE))),),
            buttons=(_NOW, Button("Set a time", "/digest", Does.FORM)),
        )
    zone = schedule.timetable.zone
    said = [f"The next one: {moment(schedule.next_digest_at, zone)}."]
    if schedule.last_digest_at:
        said.append(f"The last one told up to {moment(schedule.last_digest_at, zone)}.")
    return Card(
        title=f"The digest comes {schedule.timetable.in_words()}.",
        blocks=(Text(line(" ".join(said))),),
        buttons=(_NOW, Button("Change", "/digest", Does.FORM), Button("Off", "/digest off")),
        footer=line("To change it: ", code("/digest at 07:00 Asia/Baghdad weekdays")),
    )


COMMANDS = (
    Command(
        "digest",
        "/digest now [SINCE] | at TIME [ZONE] [DAYS] | off",
        "Show the digest, or set when it comes",
        digest,
        changing_verbs=frozenset({"at", "off"}),
        example="/digest at 07:00 Asia/Baghdad Sun-Thu",
        verbs=(
            Verb(
                "now",
                "Show the digest now",
                (Option("since", "How far back: 12h, 7d, or a day such as 2014-06-13"),),
            ),
            Verb(
                "at",
                "Set when the digest comes",
                (
                    Option("time", "Local time, such as 07:00", required=True),
                    Option("zone", "Time zone, such as Asia/Baghdad", Takes.ZONE),
                    Option("days", "daily, weekdays, weekends, Sun-Thu, or Mon,Wed,Fri"),
                ),
            ),
            Verb("off", "Stop the digest"),
        ),
    ),
)
