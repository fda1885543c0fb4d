"""The reading loop: claim what is due, read it, hand it to the pipeline; a failure gets a next try, never an end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot import metrics
from bot.errors import SourceError
from bot.hubs import Hubs
from bot.model import Clock
from bot.pipeline import Batch, Ingested, Pipeline
from bot.pulse import Pulse
from bot.settings import Settings
from bot.sources.feed import parse_feed
from bot.sources.fetch import Fetcher
from bot.sources.folder import changed_files, read_files
from bot.sources.websub import pace
from bot.store import sources
from bot.store.engine import Store
from bot.store.sources import Source

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
AT_ONCE = 20
FILES_A_BATCH = 50
PUSH_TRIES, PUSH_PAUSE = 40, 0.5  # seconds: longer than a poll takes
Progress = Callable[[int, int, str], None]  # done, of, what


def _silent(_done: int, _total: int, _what: str) -> None:
    return None


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
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.pulse = Pulse()
        self.hubs: Hubs | None = None  # set where hubs can reach us

    def wake(self) -> None:
        """A row may be due now. Safe from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, stop: asyncio.Event, on_news: Callable[[], None]) -> None:
        """Read what is due until told to stop; each tick of the schedule, and each `/feeds add`, wakes it."""
        self._loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._wake.clear()
            self.pulse.beat("poller")
            try:
                if await self.read_due(on_news=on_news):
                    continue
            except Exception:
                log.exception("poller: a round failed")
            await self._wake.wait()

    async def read_due(
        self, kind: str | None = None, progress: Progress = _silent, on_news: Callable[[], None] = lambda: None
    ) -> int:
        """Read every source that is due, once; how many were."""
        due = await asyncio.to_thread(self._claim, kind)
        await asyncio.gather(*(self._read(source, progress, on_news) for source in due))
        return len(due)

    def _claim(self, kind: str | None) -> list[Source]:
        with self._store.write() as cx:
            return sources.claim_due(cx, self._owner, self._clock.now(), LEASE, AT_ONCE, kind)

    async def _read(self, source: Source, progress: Progress, on_news: Callable[[], None]) -> None:
        try:
            if source.kind == "folder":
                result = await asyncio.to_thread(self._read_folder, source, progress)
            else:
                result = await self._read_feed(source)
            metrics.fetched("new" if result.articles else "same")
            if self.hubs and result.articles:
                self.hubs.missed(source)
            if result.alerts:
                on_news()
        except SourceError as error:
            metrics.fetched(error.error_class)
            await asyncio.to_thread(self._failed, source, str(error))
        except Exception as error:
            metrics.fetched("defect")
            log.exception("source %s failed", source.address)
            await asyncio.to_thread(self._failed, source, f"It could not be read ({type(error).__name__}).")

    def _failed(self, source: Source, sentence: str) -> None:
        now = self._clock.now()
        again = now + self._wait(source.failures + 1)
        log.warning("source %s: %s next try %s", source.address, sentence, again.isoformat(timespec="seconds"))
        with self._store.write() as cx:
            sources.fail_read(cx, source, now, again, sentence)

    def _wait(self, failures: int) -> timedelta:
        feeds = self._settings.feeds
        doubled: timedelta = feeds.min_interval * 2 ** min(failures, 16)
        return min(feeds.max_interval, doubled)

    async def _read_feed(self, source: Source) -> Ingested:
        answer = await self._fetcher.get(source.address, source.etag, source.last_modified)
        next_check = self._clock.now() + self._paced(source, self._settings.feeds.min_interval)
        digest = hashlib.sha256(answer.body).hexdigest() if answer.body else source.body_hash
        if answer.status == 304 or digest == source.body_hash:
            same = Batch(
                source,
                (),
                next_check,
                title=source.title,
                etag=answer.etag or source.etag,
                last_modified=answer.last_modified or source.last_modified,
                body_hash=digest,
            )
            return await asyncio.to_thread(self._pipeline.ingest, same)
        parsed = await asyncio.to_thread(parse_feed, answer.body, answer.address, answer.content_type)
        if self.hubs:
            await asyncio.to_thread(self.hubs.note, source, answer, parsed)
        batch = Batch(
            source,
            parsed.documents,
            next_check,
            title=parsed.title,
            etag=answer.etag,
            last_modified=answer.last_modified,
            body_hash=digest,
        )
        return await asyncio.to_thread(self._pipeline.ingest, batch)

    def _paced(self, source: Source, interval: timedelta) -> timedelta:
        """A feed whose hub sends it is polled more seldom, as a safety net."""
        slower = pace(interval, self.hubs.promise(source) if self.hubs else None, self._clock.now())
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
            parsed = await asyncio.to_thread(parse_feed, body, source.address, content_type)
            batch = Batch(
                source,
                parsed.documents,
                source.next_check_at,
                title=source.title,
                etag=source.etag,
                last_modified=source.last_modified,
                body_hash=source.body_hash,
            )
            result = await asyncio.to_thread(self._pipeline.ingest, batch)
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
