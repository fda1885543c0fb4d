"""Who may change what a workspace reads and follows, beside those its platform names."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from bot.store.engine import insert
from bot.store.tables import admins


def admins_of(cx: Connection, workspace: str) -> list[str]:
    """The users listed, those of longest standing first."""
    query = select(admins.c.user).where(admins.c.workspace == workspace).order_by(admins.c.created_at, admins.c.user)
    return list(cx.execute(query).scalars())


def add_admin(cx: Connection, workspace: str, user: str, created_by: str, now: datetime) -> bool:
    """False if the user was listed already."""
    row = {"workspace": workspace, "user": user, "created_by": created_by, "created_at": now}
    return cx.execute(insert(cx, admins).values(row).on_conflict_do_nothing()).rowcount == 1


def remove_admin(cx: Connection, workspace: str, user: str) -> bool:
    """False if the user was not listed."""
    query = delete(admins).where(admins.c.workspace == workspace, admins.c.user == user)
    return cx.execute(query).rowcount == 1
