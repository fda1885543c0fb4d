"""Alerts: what a channel was told of a story, what is held back, what it does not want to hear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from bot.model import Channel
from bot.store.engine import insert
from bot.store.tables import alerts, articles, deliveries, exceptions, mutes, sources

# States of an alert.
POSTED = "posted"
LISTED = "listed"  # told with others in one post; a step up gives it a post of its own
HELD = "held"  # until quiet hours or a full hour are over; then it is told with the others that were held
WAITING = "waiting"  # for as many sources as its subscription asks for
MUTED = "muted"
DIGEST = "digest"  # for the digest only


@dataclass(frozen=True, slots=True)
class Alert:
    id: int
    code: str
    delivery_key: str
    workspace: str
    channel_id: int
    story_id: int
    article_id: int  # the one that the headline and the sentence are from
    why: tuple[str, ...]
    created_at: datetime
    subscription_ids: tuple[int, ...] = ()
    state: str = POSTED
    held_until: datetime | None = None
    held_why: str = ""
    told: Mapping[str, Any] | None = None
    version: int = 1
    posted_at: datetime | None = None


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


def _row(alert: Alert) -> dict[str, Any]:
    row = {name: getattr(alert, name) for name in Alert.__slots__ if name != "id"}
    listed = {"why": list(alert.why), "subscription_ids": list(alert.subscription_ids)}
    return row | listed | {"held_why": alert.held_why or None}


def insert_alert(cx: Connection, alert: Alert) -> Alert | None:
    """The new alert with its id and code, or None if this channel has had this story."""
    alert = replace(alert, code=_free_code(cx, alert.delivery_key))
    query = insert(cx, alerts).values(_row(alert)).on_conflict_do_nothing().returning(alerts.c.id)
    alert_id = cx.execute(query).scalar()
    return replace(alert, id=alert_id) if alert_id is not None else None


def insert_alerts(cx: Connection, found: Iterable[Alert]) -> set[int]:
    """Many at once: the stories of these that their channel had not had. Their short ids are longer, so that none has to be looked for."""
    rows = [_row(replace(alert, code=f"V-{_letters(alert.delivery_key)[:9]}")) for alert in found]
    query = insert(cx, alerts).on_conflict_do_nothing().returning(alerts.c.story_id)
    return set(cx.execute(query, rows).scalars()) if rows else set()


def save(cx: Connection, alert: Alert, now: datetime) -> None:
    cx.execute(update(alerts).where(alerts.c.id == alert.id).values({**_row(alert), "updated_at": now}))


def of_stories(cx: Connection, story_ids: Sequence[int]) -> list[Alert]:
    """The alerts of all channels about some stories."""
    found: list[Alert] = []
    for at in range(0, len(story_ids), 500):
        query = select(alerts).where(alerts.c.story_id.in_(list(story_ids[at : at + 500])))
        found += [_alert(row) for row in cx.execute(query.order_by(alerts.c.id))]
    return found


def due(cx: Connection, now: datetime, limit: int = 2_000) -> list[Alert]:
    """Alerts that were held until now, those of a channel together, oldest first."""
    query = select(alerts).where(alerts.c.state == HELD, alerts.c.held_until <= now)
    return [_alert(row) for row in cx.execute(query.order_by(alerts.c.channel_id, alerts.c.id).limit(limit))]


def posts_since(cx: Connection, channel_id: int, since: datetime) -> list[datetime]:
    """When a channel was last given a post of its own for an alert, oldest first."""
    query = select(alerts.c.posted_at).where(alerts.c.channel_id == channel_id, alerts.c.posted_at > since)
    return sorted(cx.execute(query).scalars())


def latest(cx: Connection, channel: Channel, limit: int) -> list[Alert]:
    """The newest alerts of a channel, newest first."""
    query = select(alerts).where(alerts.c.channel_id == channel.id).order_by(alerts.c.id.desc()).limit(limit)
    return [_alert(row) for row in cx.execute(query)]


def by_code(cx: Connection, workspace: str, code: str) -> Alert | None:
    """An alert by its short id; another workspace's is as unknown as one that never was."""
    wanted = code.strip().upper()
    wanted = wanted if wanted.startswith("V-") else f"V-{wanted}"
    row = cx.execute(select(alerts).where(alerts.c.code == wanted, alerts.c.workspace == workspace)).one_or_none()
    return _alert(row) if row else None


def sent_cards(cx: Connection, channel_id: int, source_kind: str) -> list[Any]:
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


def tally(cx: Connection, channel: Channel, since: datetime | None = None) -> dict[str, int]:
    """State → number of a channel's alerts."""
    query = select(alerts.c.state, func.count()).where(alerts.c.channel_id == channel.id).group_by(alerts.c.state)
    if since:
        query = query.where(alerts.c.created_at > since)
    return {state: int(number) for state, number in cx.execute(query)}


def judged(cx: Connection, channel: Channel, since: datetime) -> dict[int, tuple[int, int]]:
    """Subscription → (alerts it raised, those of them that somebody called wrong)."""
    wrong = set(
        cx.execute(
            select(exceptions.c.alert_id).where(exceptions.c.channel_id == channel.id, exceptions.c.created_at > since)
        ).scalars()
    )
    query = select(alerts.c.id, alerts.c.subscription_ids).where(
        alerts.c.channel_id == channel.id, alerts.c.created_at > since
    )
    found: dict[int, tuple[int, int]] = {}
    for row in cx.execute(query):
        for subscription in row.subscription_ids or ():
            raised, bad = found.get(subscription, (0, 0))
            found[subscription] = raised + 1, bad + (row.id in wrong)
    return found


def _alert(row: Any) -> Alert:
    return Alert(
        row.id, row.code, row.delivery_key, row.workspace, row.channel_id, row.story_id, row.article_id, tuple(row.why),
        row.created_at, tuple(row.subscription_ids or ()), row.state, row.held_until, row.held_why or "", row.told,
        row.version, row.posted_at,
    )  # fmt: skip


# Mutes: always with an end.


@dataclass(frozen=True, slots=True)
class Mute:
    id: int
    kind: str  # story | entity | feed
    target: str
    label: str
    until: datetime
    created_by: str


def mute(
    cx: Connection, channel: Channel, kind: str, target: str, label: str, until: datetime, by: str, now: datetime
) -> Mute:
    """A mute; one that is there already gets the new end."""
    row = {
        "workspace": channel.workspace, "channel_id": channel.id, "kind": kind, "target": target, "label": label,
        "until": until, "created_by": by, "created_at": now,
    }  # fmt: skip
    query = insert(cx, mutes).values(row)
    query = query.on_conflict_do_update(
        index_elements=["channel_id", "kind", "target"], set_={"until": until, "created_by": by}
    ).returning(mutes.c.id)
    return Mute(cx.execute(query).scalar_one(), kind, target, label, until, by)


def mutes_of(cx: Connection, channel_id: int, now: datetime) -> list[Mute]:
    """The mutes of a channel that have not ended, those that end first before the others."""
    query = select(mutes).where(mutes.c.channel_id == channel_id, mutes.c.until > now).order_by(mutes.c.until)
    return [Mute(r.id, r.kind, r.target, r.label, r.until, r.created_by) for r in cx.execute(query)]


def unmute(cx: Connection, channel: Channel, mute_id: int) -> bool:
    query = delete(mutes).where(mutes.c.id == mute_id, mutes.c.channel_id == channel.id)
    return cx.execute(query).rowcount == 1


# Exceptions: what readers called wrong.


@dataclass(frozen=True, slots=True)
class Exemption:
    id: int
    kind: str  # story | outlet | name
    target: str
    surface: str
    label: str
    created_by: str
    created_at: datetime


def add_exception(
    cx: Connection, channel: Channel, alert_id: int, kind: str, target: str, surface: str, label: str, by: str, now: datetime
) -> Exemption:  # fmt: skip
    row = {
        "workspace": channel.workspace, "channel_id": channel.id, "alert_id": alert_id, "kind": kind, "target": target,
        "surface": surface, "label": label, "created_by": by, "created_at": now,
    }  # fmt: skip
    cx.execute(insert(cx, exceptions).values(row).on_conflict_do_nothing())
    same = [exceptions.c[name] == row[name] for name in ("channel_id", "kind", "target", "surface")]
    return _exemption(cx.execute(select(exceptions).where(*same)).one())


def exceptions_of(cx: Connection, channel_id: int) -> list[Exemption]:
    query = select(exceptions).where(exceptions.c.channel_id == channel_id).order_by(exceptions.c.id)
    return [_exemption(row) for row in cx.execute(query)]


def drop_exception(cx: Connection, channel: Channel, exception_id: int) -> Exemption | None:
    query = delete(exceptions).where(exceptions.c.id == exception_id, exceptions.c.channel_id == channel.id)
    row = cx.execute(query.returning(*exceptions.c)).one_or_none()
    return _exemption(row) if row else None


def _exemption(row: Any) -> Exemption:
    return Exemption(row.id, row.kind, row.target, row.surface, row.label, row.created_by, row.created_at)
