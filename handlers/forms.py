"""Forms: the same commands with a field for each part, where a platform can show one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model import Channel
from bot.store import digests, subscriptions
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
        with context.store.read() as cx:
            set_now = digests.schedule_of(cx, channel.id)
        return Form(
            "digest",
            "Daily digest",
            (
                FormField(
                    "time", "Local time; empty for none", set_now.at if set_now else "07:00", "07:00", required=False
                ),
                FormField(
                    "zone",
                    "Time zone",
                    set_now.timezone if set_now else channel.timezone,
                    "Asia/Baghdad",
                    required=False,
                ),
            ),
        )
    return None


def _subscription(name: str, title: str, query: str) -> Form:
    hint = 'Quds Force, or: near:"Baquba" 40km AND militia'
    return Form(name, title, (FormField("query", "A name, words, or a query", query, hint, long=True),))


def form_line(name: str, values: Mapping[str, str]) -> str:
    """The command that a filled form stands for."""
    given = {key: " ".join(value.split()) for key, value in values.items()}
    if name == "digest":
        return (
            f"/digest at {given.get('time')} {given.get('zone', '')}".rstrip() if given.get("time") else "/digest off"
        )
    return f"/{name} {' '.join(value for value in given.values() if value)}"
