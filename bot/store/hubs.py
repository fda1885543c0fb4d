"""Which feed is subscribed at which WebSub hub, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from bot.store.tables import source_workspaces, sources


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a feed says of its hub, and how long the hub has promised to send."""

    id: int
    hub: str | None
    hub_topic: str | None
    hub_until: datetime | None


_COLUMNS = [sources.c[name] for name in Subscribed.__slots__]
_FOLLOWED = sources.c.id.in_(select(source_workspaces.c.source_id))


def note(cx: Connection, source_id: int, hub: str | None, topic: str | None) -> None:
    """The hub that a feed names now; another one than before is subscribed anew."""
    query = update(sources).where(sources.c.id == source_id)
    cx.execute(query.values(hub=hub, hub_topic=topic, hub_until=None))


def ending(cx: Connection, before: datetime) -> Sequence[Subscribed]:
    """Feeds with a hub whose subscription is not there or ends before this time."""
    query = (
        select(*_COLUMNS)
        .where(
            sources.c.hub.is_not(None),
            sources.c.parked.is_(False),
            or_(sources.c.hub_until.is_(None), sources.c.hub_until < before),
            _FOLLOWED,
        )
        .order_by(sources.c.id)
    )
    return [Subscribed(**row._mapping) for row in cx.execute(query)]


def find(cx: Connection, source_id: int) -> Subscribed | None:
    """The row of a feed that somebody still reads."""
    row = cx.execute(select(*_COLUMNS).where(sources.c.id == source_id, _FOLLOWED)).first()
    return Subscribed(**row._mapping) if row else None


def promised(cx: Connection, source_id: int, until: datetime) -> None:
    cx.execute(update(sources).where(sources.c.id == source_id).values(hub_until=until))


def denied(cx: Connection, source_id: int, now: datetime) -> None:
    """The hub sends no more: the feed is polled again, beginning now."""
    cx.execute(update(sources).where(sources.c.id == source_id).values(hub_until=None, next_check_at=now))
