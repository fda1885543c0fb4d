"""The reading loop: claim what is due, read it, hand it to the pipeline; a failure gets a next try, never an end."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import SourceError
from bot.model import Clock
from bot.pipeline import Batch, Ingested, Pipeline
from bot.settings import Settings
from bot.sources.discover import feed_links, looks_like_html
from bot.sources.feed import parse_feed
from bot.sources.fetch import Fetched, Fetcher
from bot.sources.folder import changed_files, read_files
from bot.store import sources
from bot.store.engine import Store
from bot.store.sources import Source

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
AT_ONCE = 20
FILES_A_BATCH = 50
MOST_NAMED = 5  # feeds of a page that are named as next steps
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

    def wake(self) -> None:
        """A row may be due now. Safe from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, stop: asyncio.Event, on_news: Callable[[], None]) -> None:
        """Read what is due until told to stop; each tick of the schedule, and each `/feeds add`, wakes it."""
        self._loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._wake.clear()
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
            if result.alerts:
                on_news()
        except SourceError as error:
            await asyncio.to_thread(self._failed, source, str(error))
        except Exception as error:
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
        next_check = self._clock.now() + self._settings.feeds.min_interval
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
        try:
            parsed = await asyncio.to_thread(parse_feed, answer.body, answer.address, answer.content_type)
        except SourceError as error:
            if error.error_class != "not-a-feed" or not looks_like_html(answer.body, answer.content_type):
                raise
            await self._find_feed(source, answer, error)
            return Ingested()
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
            await asyncio.to_thread(parse_feed, answer.body, answer.address, answer.content_type)
        except SourceError as fault:
            sentence = f"The answer is a page; the feed it names, {found[0]}, cannot be read: {fault}"
            raise SourceError(sentence, fault.error_class) from fault
        await asyncio.to_thread(self._move, source, found[0])

    def _move(self, source: Source, address: str) -> None:
        with self._store.write() as cx:
            moved = sources.move_source(cx, source, address)
        if moved:
            log.info("source %s: a page; its feed %s is read instead", source.address, address)

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
