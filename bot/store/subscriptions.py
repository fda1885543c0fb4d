"""Channels, what they subscribe to, and the alerts they got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, exists, or_, select, update

from bot.model import Channel
from bot.store import notes
from bot.store.engine import insert, inserted
from bot.store.tables import channels, source_workspaces, subscriptions

MARK = "subscriptions"


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    workspace: str
    channel_id: int
    query: str
    created_by: str
    created_at: datetime


def ensure_channel(
    cx: Connection, platform: str, workspace: str, address: str, name: str, timezone: str, now: datetime
) -> Channel:
    """The channel at this address, entered on first sight. Somebody speaks to us there, so it is parked no longer."""
    row = {
        "platform": platform, "workspace": workspace, "address": address, "name": name, "timezone": timezone, "created_at": now
    }  # fmt: skip
    cx.execute(insert(cx, channels).values(row).on_conflict_do_nothing())
    at = (channels.c.platform == platform, channels.c.workspace == workspace, channels.c.address == address)
    found = cx.execute(select(channels).where(*at)).one()
    if found.parked_reason or (name and found.name != name):
        cx.execute(
            update(channels).where(channels.c.id == found.id).values(parked_reason=None, name=name or found.name)
        )
    return _channel(found)


def park_channel(cx: Connection, channel_id: int, reason: str) -> bool:
    """Send nothing there any more; False if that was so already."""
    query = update(channels).where(channels.c.id == channel_id, channels.c.parked_reason.is_(None))
    return cx.execute(query.values(parked_reason=reason)).rowcount == 1


def find_channel(cx: Connection, platform: str, workspace: str, address: str) -> Channel | None:
    query = select(channels).where(
        channels.c.platform == platform, channels.c.workspace == workspace, channels.c.address == address
    )
    row = cx.execute(query).one_or_none()
    return _channel(row) if row else None


def readers_of(cx: Connection, source_id: int) -> list[Channel]:
    """The channels that follow anything in a workspace that reads a source: whom its health concerns."""
    workspaces = select(source_workspaces.c.workspace).where(source_workspaces.c.source_id == source_id)
    everybody = exists().where(source_workspaces.c.source_id == source_id, source_workspaces.c.workspace == "*")
    query = (
        select(channels)
        .where(
            channels.c.id.in_(select(subscriptions.c.channel_id)), or_(channels.c.workspace.in_(workspaces), everybody)
        )
        .order_by(channels.c.id)
    )
    return [_channel(row) for row in cx.execute(query)]


def find_by_id(cx: Connection, channel_id: int) -> Channel | None:
    row = cx.execute(select(channels).where(channels.c.id == channel_id)).one_or_none()
    return _channel(row) if row else None


def channels_with(cx: Connection, ids: Sequence[int]) -> dict[int, Channel]:
    found: dict[int, Channel] = {}
    for at in range(0, len(ids), 500):
        query = select(channels).where(channels.c.id.in_(list(ids[at : at + 500])))
        found |= {row.id: _channel(row) for row in cx.execute(query)}
    return found


def channel(cx: Connection, channel_id: int) -> Channel:
    return _channel(cx.execute(select(channels).where(channels.c.id == channel_id)).one())


def _channel(row: Any) -> Channel:
    return Channel(row.id, row.workspace, row.platform, row.address, row.name, row.timezone, row.threads)


def add_subscription(
    cx: Connection, channel: Channel, query: str, created_by: str, now: datetime
) -> tuple[Subscription, bool]:
    """The channel's subscription to this query; True if it is new."""
    row = {
        "workspace": channel.workspace, "channel_id": channel.id, "query": query, "created_by": created_by, "created_at": now
    }  # fmt: skip
    query_once = insert(cx, subscriptions).values(row).on_conflict_do_nothing(index_elements=["channel_id", "query"])
    added = inserted(cx, query_once, subscriptions.c.id)
    if added:
        _changed(cx, now)
    found = select(subscriptions).where(subscriptions.c.channel_id == channel.id, subscriptions.c.query == query)
    return _subscription(cx.execute(found).one()), added


def remove_subscription(cx: Connection, channel: Channel, subscription_id: int, now: datetime) -> Subscription | None:
    """The subscription taken away, or None if this channel has none of that number."""
    query = (
        delete(subscriptions)
        .where(subscriptions.c.id == subscription_id, subscriptions.c.channel_id == channel.id)
        .returning(*subscriptions.c)
    )
    row = cx.execute(query).one_or_none()
    if row is None:
        return None
    _changed(cx, now)
    return _subscription(row)


def change_subscription(cx: Connection, channel: Channel, subscription_id: int, query: str, now: datetime) -> bool:
    """Another query under the same number; False if the channel has that query already."""
    same = select(subscriptions.c.id).where(subscriptions.c.channel_id == channel.id, subscriptions.c.query == query)
    if cx.execute(same).first():
        return False
    change = update(subscriptions).where(
        subscriptions.c.id == subscription_id, subscriptions.c.channel_id == channel.id
    )
    if cx.execute(change.values(query=query, created_at=now)).rowcount != 1:
        return False
    _changed(cx, now)
    return True


def set_threads(cx: Connection, channel: Channel, *, on: bool) -> None:
    cx.execute(update(channels).where(channels.c.id == channel.id).values(threads=on))


def subscriptions_of(cx: Connection, channel: Channel) -> list[Subscription]:
    query = select(subscriptions).where(subscriptions.c.channel_id == channel.id).order_by(subscriptions.c.id)
    return [_subscription(row) for row in cx.execute(query)]


def followed_channels(cx: Connection, platform: str, workspace: str) -> list[tuple[Channel, list[Subscription]]]:
    """The channels of a workspace that follow anything, each with what it follows."""
    where = (channels.c.platform == platform, channels.c.workspace == workspace)
    query = select(subscriptions).join(channels, channels.c.id == subscriptions.c.channel_id).where(*where)
    rows: dict[int, list[Subscription]] = {}
    for row in cx.execute(query.order_by(subscriptions.c.id)):
        rows.setdefault(row.channel_id, []).append(_subscription(row))
    found = select(channels).where(*where, channels.c.id.in_(rows)).order_by(channels.c.name, channels.c.id)
    return [(_channel(row), rows[row.id]) for row in cx.execute(found)]


def with_ids(cx: Connection, ids: Sequence[int]) -> list[Subscription]:
    """In the order of their numbers; those that are gone are left out."""
    query = select(subscriptions).where(subscriptions.c.id.in_(list(ids))).order_by(subscriptions.c.id)
    return [_subscription(row) for row in cx.execute(query)]


def all_subscriptions(cx: Connection) -> list[Subscription]:
    return [_subscription(row) for row in cx.execute(select(subscriptions).order_by(subscriptions.c.id))]


def subscriptions_mark(cx: Connection) -> str | None:
    """Another one whenever a subscription was added, changed or removed; as cheap to ask with a million as with one."""
    mark: str | None = notes.noted(cx, MARK)
    return mark


def _changed(cx: Connection, now: datetime) -> None:
    notes.note(cx, MARK, uuid4().hex, now)


def _subscription(row: Any) -> Subscription:
    return Subscription(row.id, row.workspace, row.channel_id, row.query, row.created_by, row.created_at)
