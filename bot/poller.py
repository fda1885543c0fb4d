"""The reading loop: claim what is due, read it, hand it to the pipeline; a failure gets a next try, never an end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from bot import metrics
from bot.cards import notice
from bot.cards.card import card_to_data
from bot.committer import Committer
from bot.errors import SourceError
from bot.hubs import Hubs
from bot.model import Clock
from bot.pages import Pages
from bot.pipeline import Batch, Ingested, Pipeline
from bot.pulse import Pulse
from bot.settings import Settings
from bot.sources import pace, websub
from bot.sources.discover import feed_links, looks_like_html
from bot.sources.fetch import Fetched, Fetcher
from bot.sources.folder import changed_files, read_files
from bot.sources.parsing import Parsers
from bot.store import outbox, sources, subscriptions
from bot.store.engine import Store
from bot.store.sources import Source

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
SILENT = timedelta(hours=1)  # after so long a failing feed is spoken of
MOVED = 3  # permanent redirects in a row after which the new address is kept
AT_ONCE = 100  # sources that are being read; the fetcher keeps as many connections
TO_A_HOST = 2
FILES_A_BATCH = 50
MOST_NAMED = 5  # feeds of a page that are named as next steps
PUSH_TRIES, PUSH_PAUSE = 40, 0.5  # seconds: longer than a poll takes
Progress = Callable[[int, int, str], None]  # done, of, what


def _silent(_done: int, _total: int, _what: str) -> None:
    return None


def _moves(source: Source, answer: Fetched) -> dict[str, Any]:
    """How often in a row permanent redirects have led to the same place; what is temporary is followed, not kept."""
    if not answer.moved:
        return {"moved_to": None, "moved_times": 0}
    again = source.moved_times if answer.moved == source.moved_to else 0
    return {"moved_to": answer.moved, "moved_times": again + 1}


class Poller:
    def __init__(
        self, store: Store, pipeline: Pipeline, fetcher: Fetcher, settings: Settings, clock: Clock, owner: str
    ) -> None:
        self._store = store
        self._pipeline = pipeline
        self._fetcher = fetcher
        self._settings = settings
        self._clock = clock
        self._owner = owner
        self._parsers = Parsers()
        self.pages = Pages(store, fetcher, settings, clock)
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._committer = Committer(pipeline)
        self.pulse = Pulse()
        self.hubs: Hubs | None = None  # set where hubs can reach us

    def close(self) -> None:
        """End the parsing children."""
        self._parsers.close()
        self.pages.close()

    def wake(self) -> None:
        """A row may be due now. Safe from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, stop: asyncio.Event, on_news: Callable[[], None]) -> None:
        """Read what is due until told to stop; each tick of the schedule, and each `/feeds add`, wakes it.

        A source that takes its time holds up nobody: others are begun as soon as they are due and there is room.
        """
        self._loop = asyncio.get_running_loop()
        busy: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            self._wake.clear()
            self.pulse.beat("poller")
            try:
                begun = await self._begin(busy, None, _silent, on_news)
            except Exception:
                log.exception("poller: nothing could be claimed")
                begun = 0
            if not begun:
                waker = asyncio.create_task(self._wake.wait())
                await self._room(busy, waker)
                waker.cancel()
        await asyncio.gather(*busy)

    async def read_due(
        self, kind: str | None = None, progress: Progress = _silent, on_news: Callable[[], None] = lambda: None
    ) -> int:
        """Read every source that is due, once; how many were."""
        busy: set[asyncio.Task[None]] = set()
        count = await self._begin(busy, kind, progress, on_news)
        more = count == AT_ONCE
        while busy:
            await self._room(busy)
            if more and len(busy) <= AT_ONCE // 2:
                room = AT_ONCE - len(busy)
                begun = await self._begin(busy, kind, progress, on_news)
                count, more = count + begun, begun == room
        return count

    async def _begin(
        self, busy: set[asyncio.Task[None]], kind: str | None, progress: Progress, on_news: Callable[[], None]
    ) -> int:
        """Claim what is due, as far as there is room, and begin to read it; how many were begun."""
        due = await asyncio.to_thread(self._claim, kind, AT_ONCE - len(busy)) if len(busy) < AT_ONCE else []
        for source in due:
            task = asyncio.create_task(self._read_alone(source, progress, on_news))
            busy.add(task)
            task.add_done_callback(busy.discard)
        return len(due)

    async def _room(self, busy: set[asyncio.Task[None]], *others: asyncio.Task[Any]) -> None:
        """Until half of the places are free, or everything is read, or another thing has happened."""
        full = len(busy) > AT_ONCE // 2
        while busy and not any(other.done() for other in others):
            await asyncio.wait({*busy, *others}, return_when=asyncio.FIRST_COMPLETED)
            if full and len(busy) <= AT_ONCE // 2:
                return
        if not busy and others:
            await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)

    def _claim(self, kind: str | None, most: int) -> list[Source]:
        with self._store.write() as cx:
            return sources.claim_due(cx, self._owner, self._clock.now(), LEASE, most, kind)

    async def _read_alone(self, source: Source, progress: Progress, on_news: Callable[[], None]) -> None:
        try:
            await self._read(source, progress, on_news)
        except Exception:
            log.exception("source %s: its failure could not be noted; its lease will end", source.address)

    async def _read(self, source: Source, progress: Progress, on_news: Callable[[], None]) -> None:
        try:
            if source.kind == "folder":
                result = await asyncio.to_thread(self._read_folder, source, progress)
            else:
                result = await self._read_feed(source)
            metrics.fetched("new" if result.articles else "same")
            if self.hubs and result.articles:
                self.hubs.missed(source)
            if result.alerts or source.told_at:
                on_news()
        except SourceError as error:
            metrics.fetched(error.error_class)
            await asyncio.to_thread(self._failed, source, error)
            on_news()
        except Exception as error:
            metrics.fetched("defect")
            log.exception("source %s failed", source.address)
            unknown = SourceError(f"It could not be read ({type(error).__name__}).", "unknown")
            await asyncio.to_thread(self._failed, source, unknown)

    def _failed(self, source: Source, error: SourceError) -> None:
        """A next try, later each time; and a word to its channels once it has failed for an hour, or is gone for good."""
        now, feeds = self._clock.now(), self._settings.feeds
        wait = pace.after_failures(feeds.min_interval, feeds.max_interval, source.failures + 1, error.wait)
        again = now + pace.jittered(wait)
        since = source.failing_since or now
        gone = error.error_class == "http-410"
        log.warning("source %s: %s next try %s", source.address, error, again.isoformat(timespec="seconds"))
        with self._store.write() as cx:
            if not sources.fail_read(cx, source, now, again, str(error)):
                return
            if gone:
                sources.park(cx, source.id)
            if source.told_at is None and (gone or now - since >= SILENT):
                sources.told(cx, source.id, now)
                for channel in subscriptions.readers_of(cx, source.id):
                    next_try = None if gone else again
                    card = notice.failing(source.title, source.address, since, str(error), next_try, channel.timezone)
                    key = outbox.delivery_key("feed-silent", channel.id, source.id, since.isoformat())
                    outbox.enqueue(cx, key, channel.id, channel.platform, "notice", card_to_data(card), now)

    def _is_back(self, source: Source) -> None:
        """Those who were told of its silence are told of its end."""
        now = self._clock.now()
        with self._store.write() as cx:
            sources.told(cx, source.id, None)
            for channel in subscriptions.readers_of(cx, source.id):
                card = notice.back(source.title, source.address, source.failing_since or now, channel.timezone)
                key = outbox.delivery_key("feed-back", channel.id, source.id, source.told_at)
                outbox.enqueue(cx, key, channel.id, channel.platform, "notice", card_to_data(card), now)

    async def _read_feed(self, source: Source) -> Ingested:
        async with self._place_at(source.address):
            answer = await self._fetcher.get(source.address, source.etag, source.last_modified)
        digest = hashlib.sha256(answer.body).hexdigest() if answer.body else source.body_hash
        columns = _moves(source, answer)
        columns["latency"] = answer.latency if source.latency is None else 0.8 * source.latency + 0.2 * answer.latency
        if answer.status == 304 or digest == source.body_hash:
            batch = Batch(
                source,
                (),
                self._next_poll(source, source.rhythm, answer.fresh),
                title=source.title,
                etag=answer.etag or source.etag,
                last_modified=answer.last_modified or source.last_modified,
                body_hash=digest,
                columns=columns,
            )
        else:
            try:
                parsed = await self._parsers.parse(answer.body, answer.address, answer.content_type)
            except SourceError as error:
                if error.error_class != "not-a-feed" or not looks_like_html(answer.body, answer.content_type):
                    raise
                await self._find_feed(source, answer, error)
                return Ingested()
            if self.hubs:
                await asyncio.to_thread(self.hubs.note, source, answer, parsed)
            columns["rhythm"] = pace.rhythm(document.published for document in parsed.documents)
            asked = max(answer.fresh, timedelta(minutes=parsed.ttl or 0))
            batch = Batch(
                source,
                await self.pages.fill(source, parsed.documents),
                self._next_poll(source, columns["rhythm"], asked),
                title=parsed.title,
                etag=answer.etag,
                last_modified=answer.last_modified,
                body_hash=digest,
                columns=columns,
            )
        result = await self._committer.commit(batch)
        if source.told_at:
            await asyncio.to_thread(self._is_back, source)
        if columns["moved_times"] >= MOVED:
            await asyncio.to_thread(self._move, source, answer.moved)
        return result

    def _place_at(self, address: str) -> asyncio.Semaphore:
        """A feed waits here for its host, so that the time of its fetch is its own."""
        host = address.split("/", 3)[2]
        place = self._hosts.get(host)
        if place is None:
            place = self._hosts[host] = asyncio.Semaphore(TO_A_HOST)
        return place

    def _next_poll(self, source: Source, gap: float | None, asked: timedelta) -> datetime:
        now, feeds = self._clock.now(), self._settings.feeds
        quiet = now - (source.news_at or source.created_at)
        wait = pace.interval(feeds.min_interval, feeds.max_interval, gap, quiet, asked)
        return now + pace.jittered(self._paced(source, wait))

    async def _find_feed(self, source: Source, page: Fetched, error: SourceError) -> None:
        """A page stands where a feed was expected: go on at the one feed it names. Raises `SourceError` if there is not one.

        The feed is tried before the move, so that two pages that name each other end here. A source that was
        read before stays where it is: a page in its place may be a passing fault.
        """
        links = await asyncio.to_thread(feed_links, page.body, page.address)
        found = [address for address, _ in links if address != source.address]
        if not found:
            raise error
        if len(found) > 1 or source.first_read_at:
            steps = ", ".join(f"/feeds add {address}" for address in found[:MOST_NAMED])
            named = "a feed" if len(found) == 1 else f"{len(found)} feeds"
            raise SourceError(f"The answer is a page that names {named}; add what you want: {steps}.", "not-a-feed")
        try:
            answer = await self._fetcher.get(found[0])
            await self._parsers.parse(answer.body, answer.address, answer.content_type)
        except SourceError as fault:
            sentence = f"The answer is a page; the feed it names, {found[0]}, cannot be read: {fault}"
            raise SourceError(sentence, fault.error_class) from fault
        await asyncio.to_thread(self._move, source, found[0])

    def _move(self, source: Source, address: str) -> None:
        with self._store.write() as cx:
            moved = sources.move_source(cx, source, address)
        if moved:
            log.info("source %s: read at %s from now on", source.address, address)

    def _paced(self, source: Source, interval: timedelta) -> timedelta:
        """A feed whose hub sends it is polled more seldom, as a safety net."""
        slower = websub.pace(interval, self.hubs.promise(source) if self.hubs else None, self._clock.now())
        return min(slower, max(interval, self._settings.feeds.max_interval))

    async def take_push(self, source_id: int, body: bytes, content_type: str) -> Ingested | None:
        """Read what a hub has sent as a poll would; validators and the next poll stay as they are.

        None: it could not be read now, and the feed is polled next instead.
        """
        source = await self._claim_soon(source_id)
        if source is None:
            await asyncio.to_thread(self._due_now, source_id)
            return None
        try:
            parsed = await self._parsers.parse(body, source.address, content_type)
            batch = Batch(
                source,
                await self.pages.fill(source, parsed.documents),
                source.next_check_at,
                title=source.title,
                etag=source.etag,
                last_modified=source.last_modified,
                body_hash=source.body_hash,
            )
            result = await self._committer.commit(batch)
        except Exception as error:
            if not isinstance(error, SourceError):
                log.exception("what the hub of %s sent could not be read", source.address)
            await asyncio.to_thread(self._give_back, source)
            return None
        if self.hubs:
            self.hubs.heard(source_id)
        return None if result.lost_lease else result

    async def _claim_soon(self, source_id: int) -> Source | None:
        """The source's lease, waiting out a poll that is under way."""
        for _ in range(PUSH_TRIES):
            source = await asyncio.to_thread(self._claim_one, source_id)
            if source:
                return source
            await asyncio.sleep(PUSH_PAUSE)
        return None

    def _claim_one(self, source_id: int) -> Source | None:
        with self._store.write() as cx:
            return sources.claim_one(cx, source_id, self._owner, self._clock.now(), LEASE)

    def _give_back(self, source: Source) -> None:
        with self._store.write() as cx:
            sources.give_back(cx, source, self._clock.now())

    def _due_now(self, source_id: int) -> None:
        with self._store.write() as cx:
            sources.due_now(cx, source_id, self._clock.now())

    def _read_folder(self, source: Source, progress: Progress) -> Ingested:
        folder = Path(source.address)
        if not folder.is_dir():
            raise SourceError(
                f"The folder {folder} is not there.", "missing", "Create it, or name another in [corpus] folders."
            )
        with self._store.read() as cx:
            known = sources.file_signatures(cx, source.id)
        changed, gone = changed_files(folder, known)
        done = 0
        total = Ingested()
        for start in range(0, max(1, len(changed)), FILES_A_BATCH):
            part = changed[start : start + FILES_A_BATCH]
            reads = read_files(folder, part)
            for read in reads:
                if read.fault:
                    log.warning("%s: %s", folder / read.path, read.fault)
            last = start + FILES_A_BATCH >= len(changed)
            batch = Batch(
                source,
                tuple(read.document for read in reads if read.document),
                self._next_look(last),
                files=tuple(reads),
                gone=tuple(gone) if last else (),
                title=source.title,
            )

            def tell(title: str) -> None:
                nonlocal done
                done += 1
                progress(done, len(changed), title)

            result = self._pipeline.ingest(batch, tell)
            if result.lost_lease:
                break
            total = Ingested(total.articles + result.articles, total.alerts + result.alerts)
        return total

    def _next_look(self, last: bool) -> datetime:
        now = self._clock.now()
        return now + self._settings.corpus.interval if last else now
