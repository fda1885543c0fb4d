"""Workspaces that installed the bot by themselves. What is kept of each is encrypted before it comes here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from bot.store.engine import insert
from bot.store.tables import installs


def save_install(cx: Connection, platform: str, workspace: str, secret: str, now: datetime) -> None:
    row = {"platform": platform, "workspace": workspace, "secret": secret, "updated_at": now}
    query = insert(cx, installs).values(row)
    cx.execute(query.on_conflict_do_update(index_elements=["platform", "workspace"], set_=row))


def install_of(cx: Connection, platform: str, workspace: str) -> str | None:
    query = select(installs.c.secret).where(installs.c.platform == platform, installs.c.workspace == workspace)
    found: str | None = cx.execute(query).scalar()
    return found


def installs_on(cx: Connection, platform: str) -> dict[str, str]:
    """Workspace → its secret."""
    query = select(installs.c.workspace, installs.c.secret).where(installs.c.platform == platform)
    return {str(row.workspace): str(row.secret) for row in cx.execute(query)}


def remove_install(cx: Connection, platform: str, workspace: str) -> bool:
    query = delete(installs).where(installs.c.platform == platform, installs.c.workspace == workspace)
    return cx.execute(query).rowcount == 1
