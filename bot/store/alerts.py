"""Alerts: what a channel was told of a story, what is held back, what it does not want to hear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

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


def letters(key: str) -> str:
    digits = int(key, 16)
    letters = ""
    while len(letters) < 12:
        digits, place = divmod(digits, 32)
        letters += "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[place]
    return letters


def _free_code(cx: Connection, key: str) -> str:
    """A short id for people to type, as V-7F3K2: letters without I, L, O, U; longer only where the short one is taken."""
    own = letters(key)
    for length in range(5, 12):
        code = f"V-{own[:length]}"
        if cx.execute(select(alerts.c.id).where(alerts.c.code == code)).first() is None:
            break
    return code


def _row(alert: Alert) -> dict[str, Any]:
    row = {name: getattr(alert, name) for name in Alert.__slots__ if name != "id"}
    listed = {"why": list(alert.why), "subscription_ids": list(alert.subscription_ids)}
    return row | listed | {"held_why": alert.held_why or None}


def codes_for(cx: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Delivery key → a short id for people to type, none of them taken; longer only where the short one is."""
    short = {key: f"V-{letters(key)[:5]}" for key in keys}
    taken: set[str] = set()
    wanted = list(short.values())
    for at in range(0, len(wanted), 500):
        taken.update(cx.execute(select(alerts.c.code).where(alerts.c.code.in_(wanted[at : at + 500]))).scalars())
    for key, code in short.items():
        short[key] = _free_code(cx, key) if code in taken else code
        while short[key] in taken:
            short[key] = f"V-{letters(key)[: len(short[key]) - 1]}"
        taken.add(short[key])
    return short


def insert_alerts(cx: Connection, found: Sequence[Alert]) -> set[str]:
    """Many at once: the delivery keys of those whose channel had not had their story."""
    rows = [_row(alert) for alert in found]
    query = insert(cx, alerts).on_conflict_do_nothing().returning(alerts.c.delivery_key)
    return set(cx.execute(query, rows).scalars()) if rows else set()


_SAVE = update(alerts).where(alerts.c.id == bindparam("number"))  # the columns are those of the row it is given


def save(cx: Connection, alert: Alert, now: datetime) -> None:
    cx.execute(_SAVE, {**_row(alert), "updated_at": now, "number": alert.id})


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


def posts_in(cx: Connection, channel_ids: Sequence[int], since: datetime) -> dict[int, list[datetime]]:
    """Channel → when it was last given a post of its own for an alert, oldest first."""
    found: dict[int, list[datetime]] = {}
    for part in _parts(channel_ids):
        query = select(alerts.c.channel_id, alerts.c.posted_at).where(
            alerts.c.channel_id.in_(part), alerts.c.posted_at > since
        )
        for row in cx.execute(query.order_by(alerts.c.posted_at)):
            found.setdefault(row.channel_id, []).append(row.posted_at)
    return found


def _parts(ids: Sequence[int], size: int = 500) -> Iterator[list[int]]:
    for at in range(0, len(ids), size):
        yield list(ids[at : at + size])


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


def mutes_in(cx: Connection, channel_ids: Sequence[int], now: datetime) -> dict[int, list[Mute]]:
    """Channel → its mutes that have not ended."""
    found: dict[int, list[Mute]] = {}
    for part in _parts(channel_ids):
        query = select(mutes).where(mutes.c.channel_id.in_(part), mutes.c.until > now).order_by(mutes.c.until)
        for r in cx.execute(query):
            mute = Mute(r.id, r.kind, r.target, r.label, r.until, r.created_by)
            found.setdefault(r.channel_id, []).append(mute)
    return found


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


def exceptions_in(cx: Connection, channel_ids: Sequence[int]) -> dict[int, list[Exemption]]:
    """Channel → its exceptions."""
    found: dict[int, list[Exemption]] = {}
    for part in _parts(channel_ids):
        query = select(exceptions).where(exceptions.c.channel_id.in_(part)).order_by(exceptions.c.id)
        for row in cx.execute(query):
            found.setdefault(row.channel_id, []).append(_exemption(row))
    return found


def drop_exception(cx: Connection, channel: Channel, exception_id: int) -> Exemption | None:
    query = delete(exceptions).where(exceptions.c.id == exception_id, exceptions.c.channel_id == channel.id)
    row = cx.execute(query.returning(*exceptions.c)).one_or_none()
    return _exemption(row) if row else None


def _exemption(row: Any) -> Exemption:
    return Exemption(row.id, row.kind, row.target, row.surface, row.label, row.created_by, row.created_at)
