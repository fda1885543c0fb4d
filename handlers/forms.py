"""Forms: the same commands with a field for each part, where a platform can show one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model import Channel
from bot.store import digests, subscriptions
from bot.timetable import Timetable, days_text
from handlers.context import Context


@dataclass(frozen=True, slots=True)
class FormField:
    name: str
    label: str  # at most 45 characters: Discord's limit
    value: str = ""
    hint: str = ""
    long: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """`name` says which command the filled form becomes."""

    name: str
    title: str  # at most 24 characters: Slack's limit
    fields: tuple[FormField, ...]


def form_for(context: Context, channel: Channel, line: str) -> Form | None:
    """The form for a command line such as `/subscribe`, `/edit 3` or `/digest`, filled with what is set; None if it has none."""
    name, _, rest = line.strip().lstrip("/").partition(" ")
    if name == "subscribe":
        return _subscription("subscribe", "Follow", rest.strip())
    if name == "edit":
        with context.store.read() as cx:
            own = subscriptions.subscriptions_of(cx, channel)
        row = next((row for row in own if str(row.id) == rest.strip().lstrip("#")), None)
        return _subscription(f"edit {row.id}", f"Change #{row.id}", row.query) if row else None
    if name == "digest":
        return _digest(context, channel)
    return None


def _digest(context: Context, channel: Channel) -> Form:
    with context.store.read() as cx:
        schedule = digests.schedule_of(cx, channel.id)
    given = schedule.timetable if schedule else Timetable(context.settings.digest.at, channel.timezone)
    fields = (
        FormField("time", "Local time; empty for none", given.at, "07:00", required=False),
        FormField("zone", "Time zone", given.zone, "Asia/Baghdad", required=False),
        FormField("days", "Days", days_text(given.days), "daily, weekdays, Sun-Thu, Mon,Wed,Fri", required=False),
    )
    return Form("digest", "Digest", fields)


def _subscription(name: str, title: str, query: str) -> Form:
    hint = 'Quds Force, or: near:"Baquba" 40km AND militia'
    return Form(name, title, (FormField("query", "A name, words, or a query", query, hint, long=True),))


def form_line(name: str, values: Mapping[str, str]) -> str:
    """The command that a filled form stands for."""
    given = {key: " ".join(value.split()) for key, value in values.items()}
    if name == "digest":
        parts = [given.get(part, "") for part in ("time", "zone", "days")]
        return f"/digest at {' '.join(part for part in parts if part)}" if parts[0] else "/digest off"
    return f"/{name} {' '.join(value for value in given.values() if value)}"
