"""Channels, what they subscribe to, and the alerts they got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, or_, select, update

from bot.model import Channel
from bot.store.engine import insert, inserted
from bot.store.tables import alerts, articles, channels, deliveries, source_workspaces, sources, subscriptions


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    workspace: str
    channel_id: int
    query: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    id: int
    code: str
    workspace: str
    channel_id: int
    story_id: int
    article_id: int
    why: tuple[str, ...]
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


def channel(cx: Connection, channel_id: int) -> Channel:
    return _channel(cx.execute(select(channels).where(channels.c.id == channel_id)).one())


def _channel(row: Any) -> Channel:
    return Channel(row.id, row.workspace, row.platform, row.address, row.name, row.timezone)


def add_subscription(
    cx: Connection, channel: Channel, query: str, created_by: str, now: datetime
) -> tuple[Subscription, bool]:
    """The channel's subscription to this query; True if it is new."""
    row = {
        "workspace": channel.workspace, "channel_id": channel.id, "query": query, "created_by": created_by, "created_at": now
    }  # fmt: skip
    query_once = insert(cx, subscriptions).values(row).on_conflict_do_nothing(index_elements=["channel_id", "query"])
    added = inserted(cx, query_once, subscriptions.c.id)
    found = select(subscriptions).where(subscriptions.c.channel_id == channel.id, subscriptions.c.query == query)
    return _subscription(cx.execute(found).one()), added


def remove_subscription(cx: Connection, channel: Channel, subscription_id: int) -> Subscription | None:
    """The subscription taken away, or None if this channel has none of that number."""
    query = (
        delete(subscriptions)
        .where(subscriptions.c.id == subscription_id, subscriptions.c.channel_id == channel.id)
        .returning(*subscriptions.c)
    )
    row = cx.execute(query).one_or_none()
    return _subscription(row) if row else None


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


def all_subscriptions(cx: Connection) -> list[Subscription]:
    return [_subscription(row) for row in cx.execute(select(subscriptions).order_by(subscriptions.c.id))]


def subscriptions_mark(cx: Connection) -> tuple[int, int | None, datetime | None]:
    """Changes whenever a subscription is added or removed; cheap to ask before every article.

    The time is in it because SQLite gives the number of a removed last row to the next one.
    """
    columns = (func.count(), func.max(subscriptions.c.id), func.max(subscriptions.c.created_at))
    count, newest, at = cx.execute(select(*columns)).one()
    return int(count), newest, at


def _subscription(row: Any) -> Subscription:
    return Subscription(row.id, row.workspace, row.channel_id, row.query, row.created_by, row.created_at)


def _letters(key: str) -> str:
    digits = int(key, 16)
    letters = ""
    while len(letters) < 12:
        digits, place = divmod(digits, 32)
        letters += "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[place]
    return letters


def _free_code(cx: Connection, key: str) -> str:
    """A short id for people to type, as V-7F3K2: letters without I, L, O, U; longer only where the short one is taken."""
    letters = _letters(key)
    for length in range(5, 12):
        code = f"V-{letters[:length]}"
        if cx.execute(select(alerts.c.id).where(alerts.c.code == code)).first() is None:
            break
    return code


def insert_alert(
    cx: Connection, key: str, channel: Channel, story_id: int, article_id: int, why: Sequence[str], now: datetime
) -> Alert | None:
    """The new alert, or None if this channel has had this story."""
    code = _free_code(cx, key)
    row = {
        "code": code,
        "delivery_key": key,
        "workspace": channel.workspace,
        "channel_id": channel.id,
        "story_id": story_id,
        "article_id": article_id,
        "why": list(why),
        "created_at": now,
    }
    query = insert(cx, alerts).values(row).on_conflict_do_nothing().returning(alerts.c.id)
    alert_id = cx.execute(query).scalar()
    if alert_id is None:
        return None
    return Alert(alert_id, code, channel.workspace, channel.id, story_id, article_id, tuple(why), now)


def insert_alerts(
    cx: Connection, channel: Channel, found: Mapping[int, tuple[str, int, Sequence[str]]], now: datetime
) -> set[int]:
    """Many at once, story id → (key, article id, why): the stories of these that the channel had not had.

    They are told in one card; their short ids are longer, so that none has to be looked for.
    """
    rows = [
        {
            "code": f"V-{_letters(key)[:9]}",
            "delivery_key": key,
            "workspace": channel.workspace,
            "channel_id": channel.id,
            "story_id": story_id,
            "article_id": article_id,
            "why": list(why),
            "created_at": now,
        }
        for story_id, (key, article_id, why) in found.items()
    ]
    query = insert(cx, alerts).on_conflict_do_nothing().returning(alerts.c.story_id)
    return set(cx.execute(query, rows).scalars()) if rows else set()


def alerts_of(cx: Connection, channel: Channel, limit: int) -> list[Alert]:
    """The newest alerts of a channel, newest first."""
    query = select(alerts).where(alerts.c.channel_id == channel.id).order_by(alerts.c.id.desc()).limit(limit)
    return [_alert(row) for row in cx.execute(query)]


def alert_by_code(cx: Connection, workspace: str, code: str) -> Alert | None:
    """An alert by its short id; another workspace's is as unknown as one that never was."""
    query = select(alerts).where(alerts.c.code == code.upper(), alerts.c.workspace == workspace)
    row = cx.execute(query).one_or_none()
    return _alert(row) if row else None


def sent_alert_cards(cx: Connection, channel_id: int, source_kind: str) -> list[Any]:
    """The cards, as data, of alerts that a channel got from sources of one kind, oldest first."""
    query = (
        select(deliveries.c.card)
        .join_from(deliveries, alerts, alerts.c.delivery_key == deliveries.c.delivery_key)
        .join(articles, articles.c.id == alerts.c.article_id)
        .join(sources, sources.c.id == articles.c.source_id)
        .where(alerts.c.channel_id == channel_id, sources.c.kind == source_kind, deliveries.c.state == "sent")
        .order_by(deliveries.c.id)
    )
    return list(cx.execute(query).scalars())


def alert_count(cx: Connection, channel: Channel) -> int:
    return int(cx.execute(select(func.count()).where(alerts.c.channel_id == channel.id)).scalar_one())


def _alert(row: Any) -> Alert:
    return Alert(
        row.id, row.code, row.workspace, row.channel_id, row.story_id, row.article_id, tuple(row.why), row.created_at
    )
