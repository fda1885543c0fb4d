"""What a process has to remember across restarts, and the long lines of buttons."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.store.engine import insert
from bot.store.tables import button_lines, notes


def note(cx: Connection, key: str, value: Any, now: datetime) -> None:
    """Keep a JSON-able value under a key, over what was there."""
    row = {"key": key, "value": value, "updated_at": now}
    cx.execute(insert(cx, notes).values(row).on_conflict_do_update(index_elements=["key"], set_=row))


def noted(cx: Connection, key: str) -> Any:
    """The value kept under a key, or None."""
    return cx.execute(select(notes.c.value).where(notes.c.key == key)).scalar()


def keep_line(cx: Connection, line: str, now: datetime) -> str:
    """A short key for a button's command line, the same for the same line."""
    key = hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    cx.execute(insert(cx, button_lines).values(key=key, line=line, created_at=now).on_conflict_do_nothing())
    return key


def kept_line(cx: Connection, key: str) -> str | None:
    return cx.execute(select(button_lines.c.line).where(button_lines.c.key == key)).scalar()
