"""What workspaces track beside the catalogue: entities as JSON, the same shape as a block of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from bot.store.tables import tracked

Mark = tuple[int, int | None, datetime | None]
SHARED = "*"  # imported by whoever runs the bot, for every workspace


def mark(cx: Connection) -> Mark:
    """Changes whenever something is added or removed; cheap to ask before every article and command.

    The time is in it because SQLite gives the number of a removed last row to the next one.
    """
    count, newest, at = cx.execute(select(func.count(), func.max(tracked.c.id), func.max(tracked.c.created_at))).one()
    return int(count), newest, at


def everything(cx: Connection) -> list[tuple[str, dict[str, Any]]]:
    """(workspace, entity) of all workspaces: for the matcher, which shows nobody anything."""
    return [(row.workspace, row.entity) for row in cx.execute(select(tracked).order_by(tracked.c.id))]


def replace(cx: Connection, workspace: str, entities: Iterable[Mapping[str, Any]], by: str, now: datetime) -> None:
    """Enter entities; one that the workspace has under the same id is replaced."""
    rows = [dict(entity) for entity in entities]
    remove(cx, workspace, {row["id"] for row in rows})
    if rows:
        cx.execute(
            tracked.insert(),
            [{"workspace": workspace, "entity": row, "created_by": by, "created_at": now} for row in rows],
        )


def remove(cx: Connection, workspace: str, ids: set[str]) -> int:
    """How many of these the workspace had."""
    own = cx.execute(select(tracked.c.id, tracked.c.entity).where(tracked.c.workspace == workspace))
    gone = [row.id for row in own if row.entity.get("id") in ids]
    for at in range(0, len(gone), 500):
        cx.execute(delete(tracked).where(tracked.c.id.in_(gone[at : at + 500])))
    return len(gone)
