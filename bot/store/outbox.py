"""The outbox's rows: put in with what caused them, claimed under a lease, marked when sent.

Order is kept in each channel: a row is claimed only when no earlier row of its channel is unfinished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from bot.store.engine import insert
from bot.store.tables import channels, deliveries

_STATES: tuple[ColumnElement[str], ...] = (
    literal_column("'waiting'"),
    literal_column("'claimed'"),
)  # as the partial index has them


unfinished = deliveries.c.state.in_(_STATES)


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    delivery_key: str
    channel_id: int
    platform: str
    kind: str
    card: Any
    attempts: int
    in_doubt: bool  # an earlier attempt may have arrived: say so, or look before sending again
    lease_epoch: int
    action: str  # post | edit | reply | notify
    target: str | None  # the delivery_key of the post that is edited or replied to
    mention: str | None
    created_at: datetime


_COLUMNS = [deliveries.c[name] for name in Delivery.__slots__]


def delivery_key(*parts: object) -> str:
    """The one key of an effect, the same on every retry and after every restart."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def enqueue(
    cx: Connection,
    key: str,
    channel_id: int,
    platform: str,
    kind: str,
    card: Any,
    now: datetime,
    *,
    action: str = "post",
    target: str | None = None,
    mention: str | None = None,
    audience: int = 1,
    not_before: datetime | None = None,
) -> bool:
    """Put a card in the outbox; False if this effect is already there.

    `target` is the key of the post that an edit or reply belongs to; `audience` says to how many channels the
    same effect goes: where many wait, those that few wait for go first.
    """
    row = {
        "delivery_key": key,
        "channel_id": channel_id,
        "platform": platform,
        "kind": kind,
        "card": card,
        "not_before": not_before or now,
        "created_at": now,
        "action": action,
        "target": target,
        "mention": mention,
        "audience": audience,
    }
    return bool(enqueue_all(cx, [row]))


def enqueue_all(cx: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Many posts at once, as `enqueue` takes them one by one; the keys of those that were not there yet."""
    query = insert(cx, deliveries).on_conflict_do_nothing(index_elements=["delivery_key"])
    return set(cx.execute(query.returning(deliveries.c.delivery_key), list(rows)).scalars()) if rows else set()


def post_row(
    key: str, channel_id: int, platform: str, kind: str, card: Any, now: datetime, mention: str | None, audience: int
) -> dict[str, Any]:
    """A row for `enqueue_all`."""
    return {
        "delivery_key": key,
        "channel_id": channel_id,
        "platform": platform,
        "kind": kind,
        "card": card,
        "not_before": now,
        "created_at": now,
        "action": "post",
        "mention": mention,
        "audience": audience,
    }


_untried = (deliveries.c.state == "waiting", deliveries.c.attempts == 0)
_RENEW_POST = update(deliveries).where(deliveries.c.delivery_key == bindparam("of"), *_untried)
_RENEW_EDIT = update(deliveries).where(deliveries.c.target == bindparam("of"), deliveries.c.action == "edit", *_untried)
_POST = select(deliveries.c.channel_id, deliveries.c.platform, deliveries.c.kind).where(
    deliveries.c.delivery_key == bindparam("of")
)


def edit(cx: Connection, key: str, target: str, card: Any, now: datetime) -> bool:
    """Bring a message up to date; in the outbox itself where it, or an edit of it, has not been tried yet.

    False if the message will be the first that its channel sees of this: nothing more need be said.
    """
    given = {"of": target, "card": card}
    if cx.execute(_RENEW_POST, given).rowcount:
        return False
    if cx.execute(_RENEW_EDIT, given).rowcount:
        return True
    post = cx.execute(_POST, {"of": target}).first()
    if post is None:
        return False
    return enqueue(cx, key, post.channel_id, post.platform, post.kind, card, now, action="edit", target=target)


def _parked() -> ColumnElement[bool]:
    """Whether the channel of a delivery is parked."""
    return exists().where(channels.c.id == deliveries.c.channel_id, channels.c.parked_reason.is_not(None))


# Asked many times a second, so they are made once.
_earlier = deliveries.alias("earlier")
_now = bindparam("now", type_=deliveries.c.not_before.type)
_free = or_(
    and_(deliveries.c.state == "waiting", deliveries.c.not_before <= _now),
    and_(deliveries.c.state == "claimed", deliveries.c.lease_until <= _now),
)
_of_platforms = deliveries.c.platform.in_(bindparam("platforms", expanding=True))
_first_of_channel = ~exists().where(
    _earlier.c.channel_id == deliveries.c.channel_id,
    _earlier.c.id < deliveries.c.id,
    _earlier.c.state.in_(_STATES),
)
_ANY_DUE = select(deliveries.c.id).where(_free, _of_platforms).limit(1)
_DUE = (
    select(deliveries.c.id)
    .where(_of_platforms, _free, _first_of_channel, ~_parked())
    .order_by(deliveries.c.audience, deliveries.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True, of=deliveries)
)
_TAKE = (
    update(deliveries)
    .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state="claimed",
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until", type_=deliveries.c.lease_until.type),
        lease_epoch=deliveries.c.lease_epoch + 1,
        attempts=deliveries.c.attempts + 1,
        in_doubt=or_(deliveries.c.in_doubt, deliveries.c.state == "claimed"),
    )
    .returning(*_COLUMNS)
)


def claim(
    cx: Connection, owner: str, platforms: Sequence[str], now: datetime, lease: timedelta, limit: int
) -> list[Delivery]:
    """Take the next delivery of each channel. One found already claimed is in doubt: its holder died on the way."""
    ids = list(cx.execute(_DUE, {"platforms": list(platforms), "now": now, "most": limit}).scalars())
    if not ids:
        return []
    taken = {"ids": ids, "owner": owner, "until": now + lease}
    rows: Sequence[Row[Any]] = cx.execute(_TAKE, taken).all()
    return sorted((Delivery(**row._mapping) for row in rows), key=lambda delivery: delivery.id)


def any_due(cx: Connection, platforms: Sequence[str], now: datetime) -> bool:
    """Whether a look is worth a write."""
    return cx.execute(_ANY_DUE, {"platforms": list(platforms), "now": now}).first() is not None


def reference_of(cx: Connection, key: str) -> str | None:
    """Where the message of a delivery that was sent can be found."""
    query = select(deliveries.c.message_ref).where(deliveries.c.delivery_key == key, deliveries.c.state == "sent")
    found: str | None = cx.execute(query).scalar()
    return found


def mark_sent(cx: Connection, delivery: Delivery, message_ref: str, now: datetime) -> bool:
    return _finish(cx, delivery, state="sent", message_ref=message_ref, sent_at=now, error=None)


def put_back(
    cx: Connection, delivery: Delivery, not_before: datetime, error: str, *, in_doubt: bool, tried: bool = True
) -> bool:
    """An attempt that failed: when to try again, and whether the platform may have taken it all the same.

    One that was not `tried`, for its turn had not come, counts for no attempt: the first fault waits no longer for it.
    """
    doubt, attempts = delivery.in_doubt or in_doubt, delivery.attempts - (not tried)
    return _finish(cx, delivery, state="waiting", not_before=not_before, error=error, in_doubt=doubt, attempts=attempts)


def bury(cx: Connection, delivery: Delivery, error: str) -> bool:
    """A delivery that can never arrive: kept, with its reason, for `/status`."""
    return _finish(cx, delivery, state="dead", error=error)


def _finish(cx: Connection, delivery: Delivery, **values: Any) -> bool:
    query = (
        update(deliveries)
        .where(deliveries.c.id == delivery.id, deliveries.c.lease_epoch == delivery.lease_epoch)
        .values(lease_owner=None, lease_until=None, **values)
    )
    return cx.execute(query).rowcount == 1


def next_due(cx: Connection, platforms: Sequence[str]) -> datetime | None:
    """When the earliest unfinished delivery can be tried."""
    when = func.coalesce(deliveries.c.lease_until, deliveries.c.not_before)
    query = select(func.min(when)).where(unfinished, deliveries.c.platform.in_(list(platforms)), ~_parked())
    found: datetime | None = cx.execute(query).scalar()
    return found


def depth(cx: Connection, channel_id: int) -> dict[str, int]:
    """State → number of deliveries of a channel."""
    query = (
        select(deliveries.c.state, func.count())
        .where(deliveries.c.channel_id == channel_id)
        .group_by(deliveries.c.state)
    )
    return {state: int(count) for state, count in cx.execute(query)}
