"""Sources: which are due, who holds their lease, how they fare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Integer, Row, Update, bindparam, delete, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from bot.model import Article
from bot.sources.identity import Archive, Filed
from bot.store.engine import insert, inserted
from bot.store.tables import UtcTime, articles, files, source_workspaces, sources

EVERYBODY = "*"
MOST_PARAMETERS = 5_000  # of one query
AT_ONCE = 500  # rows of one statement; both engines limit its parameters


@dataclass(frozen=True, slots=True)
class Source:
    """One row of `sources`, as its reader needs it."""

    id: int
    kind: str
    address: str
    title: str
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    next_check_at: datetime
    first_read_at: datetime | None
    last_success_at: datetime | None
    failures: int
    failing_since: datetime | None
    last_error: str | None
    told_at: datetime | None
    parked: bool
    moved_to: str | None
    moved_times: int
    news_at: datetime | None
    rhythm: float | None
    latency: float | None
    hub: str | None
    hub_topic: str | None
    hub_until: datetime | None
    pages: str | None
    created_at: datetime
    lease_epoch: int


_COLUMNS = [sources.c[name] for name in Source.__slots__]


def _source(row: Row[Any]) -> Source:
    values: Sequence[Any] = row  # the columns are those of `Source`, in its order
    return Source(*values)


def add_source(
    cx: Connection, kind: str, address: str, workspace: str, now: datetime, title: str = ""
) -> tuple[Source, bool]:
    """The source at this address, read by `workspace` from now on; True if it is new to that workspace."""
    row = {"kind": kind, "address": address, "title": title, "next_check_at": now, "created_at": now}
    cx.execute(insert(cx, sources).values(row).on_conflict_do_nothing(index_elements=["address"]))
    source = _source(cx.execute(select(*_COLUMNS).where(sources.c.address == address)).one())
    link = insert(cx, source_workspaces).values(source_id=source.id, workspace=workspace)
    return source, inserted(cx, link.on_conflict_do_nothing(), source_workspaces.c.source_id)


def add_feeds(cx: Connection, feeds: Iterable[tuple[str, str]], workspace: str, now: datetime) -> int:
    """Enter many feeds (address, title) for a workspace, due now; how many it did not read before, by itself or as everybody."""
    listed = list(dict(feeds).items())
    new = 0
    for start in range(0, len(listed), AT_ONCE):
        part = dict(listed[start : start + AT_ONCE])
        rows = [
            {"kind": "feed", "address": address, "title": title, "next_check_at": now, "created_at": now}
            for address, title in part.items()
        ]
        cx.execute(insert(cx, sources).on_conflict_do_nothing(index_elements=["address"]), rows)
        ids = _feeds_at(cx, part)
        read = select(source_workspaces.c.source_id).where(
            source_workspaces.c.source_id.in_(ids), source_workspaces.c.workspace.in_((workspace, EVERYBODY))
        )
        fresh = sorted(set(ids) - set(cx.execute(read).scalars()))
        if fresh:
            links = [{"source_id": one, "workspace": workspace} for one in fresh]
            cx.execute(insert(cx, source_workspaces).on_conflict_do_nothing(), links)
        new += len(fresh)
    return new


def remove_feeds(cx: Connection, addresses: Iterable[str], workspace: str) -> int:
    """Stop reading these feeds for a workspace; how many it read itself. What everybody reads stays."""
    listed = list(addresses)
    gone = 0
    for start in range(0, len(listed), AT_ONCE):
        link = delete(source_workspaces).where(
            source_workspaces.c.source_id.in_(_feeds_at(cx, listed[start : start + AT_ONCE])),
            source_workspaces.c.workspace == workspace,
        )
        gone += cx.execute(link).rowcount
    return gone


def _feeds_at(cx: Connection, addresses: Iterable[str]) -> list[int]:
    query = select(sources.c.id).where(sources.c.address.in_(list(addresses)), sources.c.kind == "feed")
    return list(cx.execute(query).scalars())


def move_source(cx: Connection, source: Source, address: str) -> bool:
    """Read a source at another address from now on; its readers, its articles and its turn stay. False if the lease has passed on.

    If another source has that address already, this one's readers read that one, and this one is never due again.
    """
    other = cx.execute(select(sources.c.id).where(sources.c.address == address)).scalar()
    if other is None:
        fresh = {"address": address, "title": "", "moved_times": 0, "failures": 0, "lease_owner": None}
        empty = (
            "etag",
            "last_modified",
            "body_hash",
            "moved_to",
            "failing_since",
            "last_error",
            "told_at",
            "lease_until",
        )
        return cx.execute(_held(source).values({**fresh, **dict.fromkeys(empty)})).rowcount == 1
    if other == source.id or cx.execute(_held(source).values(lease_owner=None, lease_until=None)).rowcount != 1:
        return False
    rows = [{"source_id": other, "workspace": workspace} for workspace in readers(cx, source.id)]
    if rows:
        cx.execute(insert(cx, source_workspaces).on_conflict_do_nothing(), rows)
    cx.execute(delete(source_workspaces).where(source_workspaces.c.source_id == source.id))
    return True


def due_now(cx: Connection, source_id: int, now: datetime) -> None:
    """Whatever its pace: it is read at the next wake, even one that its publisher had ended."""
    cx.execute(update(sources).where(sources.c.id == source_id).values(next_check_at=now, parked=False))


def remove_source(cx: Connection, address: str, workspace: str) -> bool:
    """Stop reading for this workspace; a source nobody reads is never due again, its articles stay."""
    found = cx.execute(select(sources.c.id).where(sources.c.address == address)).scalar()
    if found is None:
        return False
    link = delete(source_workspaces).where(
        source_workspaces.c.source_id == found, source_workspaces.c.workspace == workspace
    )
    return cx.execute(link).rowcount == 1


def set_pages(cx: Connection, source_id: int, workspace: str, pages: str) -> bool:
    """Whether a feed's pages are fetched: auto, on or off. False if the workspace does not read it itself, or everybody does."""
    own = readers(cx, source_id)
    if workspace not in own or EVERYBODY in own:
        return False
    return cx.execute(update(sources).where(sources.c.id == source_id).values(pages=pages)).rowcount == 1


def sources_of(cx: Connection, workspace: str) -> Sequence[Source]:
    query = select(*_COLUMNS).where(sources.c.id.in_(visible(workspace))).order_by(sources.c.kind, sources.c.address)
    return [_source(row) for row in cx.execute(query)]


def visible(workspace: str):  # type: ignore[no-untyped-def]  # the type of a scalar select is SQLAlchemy's private matter
    """The ids of the sources a workspace reads, as a subquery: every question about articles carries it."""
    return (
        select(source_workspaces.c.source_id)
        .where(source_workspaces.c.workspace.in_((workspace, EVERYBODY)))
        .scalar_subquery()
    )


def items_a_day(cx: Connection, workspace: str, now: datetime) -> dict[int, float]:
    """Source → new articles a day, over the last thirty days or as long as it has been read."""
    since = now - timedelta(days=30)
    query = (
        select(articles.c.source_id, func.count(), func.min(sources.c.created_at))
        .join_from(articles, sources, sources.c.id == articles.c.source_id)
        .where(articles.c.source_id.in_(visible(workspace)), articles.c.seen_at > since)
        .group_by(articles.c.source_id)
    )
    found = {}
    for source_id, number, created in cx.execute(query):
        days = (now - max(since, created)) / timedelta(days=1)
        found[source_id] = number / max(1.0, days)
    return found


def readers(cx: Connection, source_id: int) -> frozenset[str]:
    query = select(source_workspaces.c.workspace).where(source_workspaces.c.source_id == source_id)
    return frozenset(cx.execute(query).scalars())


def claim_due(
    cx: Connection, owner: str, now: datetime, lease: timedelta, limit: int, kind: str | None = None
) -> list[Source]:
    """Take the sources that are due and nobody holds; each claim raises the epoch, which fences the last holder."""
    given = {"owner": owner, "now": now, "until": now + lease, "most": limit}
    return [_source(row) for row in cx.execute(_claiming(kind), given)]


@cache
def _claiming(kind: str | None) -> ReturningUpdate[Any]:
    """Made once a kind: to make it takes longer than to run it."""
    now = bindparam("now", type_=UtcTime())
    # EXISTS, for a list of all that is followed would be made anew at each claim.
    followed = select(source_workspaces.c.source_id).where(source_workspaces.c.source_id == sources.c.id).exists()
    due = (
        select(sources.c.id)
        .where(
            sources.c.next_check_at <= now,
            sources.c.parked.is_(False),
            or_(sources.c.lease_until.is_(None), sources.c.lease_until <= now),
            followed,
        )
        .order_by(sources.c.next_check_at)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
    )
    if kind:
        due = due.where(sources.c.kind == kind)
    raised = {
        "lease_owner": bindparam("owner"),
        "lease_until": bindparam("until"),
        "lease_epoch": sources.c.lease_epoch + 1,
    }
    return update(sources).where(sources.c.id.in_(due.scalar_subquery())).values(raised).returning(*_COLUMNS)


def claim_one(cx: Connection, source_id: int, owner: str, now: datetime, lease: timedelta) -> Source | None:
    """Take this source, due or not, if somebody follows it and nobody holds it."""
    free = or_(sources.c.lease_until.is_(None), sources.c.lease_until <= now)
    taken = (
        update(sources)
        .where(sources.c.id == source_id, free, sources.c.id.in_(select(source_workspaces.c.source_id)))
        .values(lease_owner=owner, lease_until=now + lease, lease_epoch=sources.c.lease_epoch + 1)
        .returning(*_COLUMNS)
    )
    row = cx.execute(taken).first()
    return _source(row) if row else None


def give_back(cx: Connection, source: Source, next_check_at: datetime) -> bool:
    """End a claim without a word on how the source fares."""
    return (
        cx.execute(_held(source).values(next_check_at=next_check_at, lease_owner=None, lease_until=None)).rowcount == 1
    )


def finish_read(
    cx: Connection,
    source: Source,
    now: datetime,
    next_check_at: datetime,
    *,
    brought: bool = False,
    more: Mapping[str, Any] | None = None,
) -> bool:
    """A read that worked; `brought` says whether it brought anything new, `more` are further columns.

    False if the lease has passed to somebody else meanwhile: then nothing may be written."""
    values: dict[str, Any] = {
        "next_check_at": next_check_at,
        "first_read_at": func.coalesce(sources.c.first_read_at, now),
        "last_success_at": now,
        "failures": 0,
        "failing_since": None,
        "last_error": None,
        "lease_owner": None,
        "lease_until": None,
    }
    values |= more or {}
    if brought:
        values["news_at"] = now
    return cx.execute(_held(source).values(values)).rowcount == 1


def finish_unchanged(cx: Connection, ends: Iterable[tuple[Source, datetime, Mapping[str, Any]]], now: datetime) -> None:
    """Reads that worked and brought nothing: (source, its next poll, further columns).

    A row whose lease has passed to somebody else meanwhile stays as it is.
    """
    alike: dict[frozenset[str], list[dict[str, Any]]] = {}
    for source, next_check_at, more in ends:
        row = {"held": source.id, "epoch": source.lease_epoch, "time": now, "next_check_at": next_check_at, **more}
        alike.setdefault(frozenset(row), []).append(row)
    for names, rows in alike.items():
        cx.execute(_finishing(names), rows)


@cache
def _finishing(names: frozenset[str]) -> Update:
    """Made once, as `_claiming`."""
    now = bindparam("time", type_=UtcTime())
    given: dict[str, Any] = {name: bindparam(name) for name in names - {"held", "epoch", "time"}}
    fixed = {
        "first_read_at": func.coalesce(sources.c.first_read_at, now),
        "last_success_at": now,
        "failures": 0,
        "failing_since": None,
        "last_error": None,
        "lease_owner": None,
        "lease_until": None,
    }
    held = update(sources).where(sources.c.id == bindparam("held"), sources.c.lease_epoch == bindparam("epoch"))
    return held.values({**given, **fixed})


def fail_read(cx: Connection, source: Source, now: datetime, next_check_at: datetime, error: str) -> bool:
    """A read that failed: when it is tried again, and why."""
    values = {
        "next_check_at": next_check_at,
        "failures": sources.c.failures + 1,
        "failing_since": func.coalesce(sources.c.failing_since, now),
        "last_error": error,
        "lease_owner": None,
        "lease_until": None,
    }
    return cx.execute(_held(source).values(values)).rowcount == 1


def told(cx: Connection, source_id: int, at: datetime | None) -> None:
    """Its channels have been told that it fails, or (None) that it is back."""
    cx.execute(update(sources).where(sources.c.id == source_id).values(told_at=at))


def park(cx: Connection, source_id: int) -> None:
    """Its publisher has ended it (410): it is not read again unless somebody adds it anew."""
    cx.execute(update(sources).where(sources.c.id == source_id).values(parked=True))


def _held(source: Source):  # type: ignore[no-untyped-def]
    return update(sources).where(sources.c.id == source.id, sources.c.lease_epoch == source.lease_epoch)


def release_leases(cx: Connection, owner: str) -> None:
    """Give back what a stopping process still holds."""
    cx.execute(update(sources).where(sources.c.lease_owner == owner).values(lease_owner=None, lease_until=None))


def file_signatures(cx: Connection, source_id: int) -> dict[str, str]:
    rows = cx.execute(select(files.c.path, files.c.signature).where(files.c.source_id == source_id))
    return {row.path: row.signature for row in rows}


def note_files(cx: Connection, source_id: int, seen: Iterable[tuple[str, str, str | None]], now: datetime) -> None:
    """Enter (path, signature, fault) rows into the ledger."""
    for path, signature, fault in seen:
        row = {"source_id": source_id, "path": path, "signature": signature, "fault": fault, "seen_at": now}
        query = insert(cx, files).values(row)
        cx.execute(query.on_conflict_do_update(index_elements=["source_id", "path"], set_=row))


def file_faults(cx: Connection, workspace: str) -> list[tuple[str, str]]:
    """(path, what is wrong) of every file that could not be read as it should."""
    query = (
        select(files.c.path, files.c.fault)
        .where(files.c.fault.is_not(None), files.c.source_id.in_(visible(workspace)))
        .order_by(files.c.path)
    )
    return [(path, fault) for path, fault in cx.execute(query)]


def forget_files(cx: Connection, source_id: int, paths: Iterable[str]) -> None:
    """Take files that are gone out of the ledger, so that their faults are not shown for ever."""
    cx.execute(delete(files).where(files.c.source_id == source_id, files.c.path.in_(list(paths))))


def archive(cx: Connection, source_id: int, batch: Sequence[Article]) -> Archive:
    """What this source has brought before under the keys, links and texts of a batch."""
    own = articles.c.source_id == source_id
    columns = (articles.c.id, articles.c.key, articles.c.link, articles.c.content_hash, articles.c.body_hash)
    known: dict[int, Row[Any]] = {}
    for at in range(0, len(batch), MOST_PARAMETERS):
        part = batch[at : at + MOST_PARAMETERS]
        wanted = (
            (articles.c.key, {article.key for article in part}),
            (articles.c.link, {article.link for article in part if article.link}),
            (articles.c.content_hash, {article.content_hash for article in part}),
            (articles.c.body_hash, {article.body_hash for article in part if article.body_hash}),
        )
        for column, values in wanted:
            if values:
                known |= {row.id: row for row in cx.execute(select(*columns).where(own, column.in_(values)))}
    texts = frozenset(row.content_hash for row in known.values())
    bodies = frozenset(row.body_hash for row in known.values() if row.body_hash)
    fresh = [article for article in batch if article.content_hash not in texts]
    keys, links = {article.key for article in fresh}, {article.link for article in fresh if article.link}
    asked = [row.id for row in known.values() if row.key in keys or row.link in links]
    filed: dict[int, Filed] = {}
    for at in range(0, len(asked), MOST_PARAMETERS):
        query = select(articles).where(articles.c.id.in_(asked[at : at + MOST_PARAMETERS]))
        filed |= {r.id: Filed(r.id, r.story_id, r.content_hash, r.title, r.said or r.text) for r in cx.execute(query)}
    by_key = {row.key: filed[row.id] for row in known.values() if row.id in filed}
    by_link = {row.link: filed[row.id] for row in known.values() if row.id in filed and row.link}
    return Archive(by_key, by_link, bodies, texts)
