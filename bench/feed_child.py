"""Processes of their own for what is measured about feeds: a publisher, pollers, commits, a crowd of feeds.

`python -m bench.feed_child JOB ARGUMENTS`: the arguments and the answer are one line of JSON each.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from sqlalchemy import func, select, update

from bench import feed_files
from bot import poller as polling
from bot.app import App, open_app
from bot.committer import Committer
from bot.model import Document
from bot.pipeline import Batch, Ingested
from bot.poller import Poller
from bot.settings import load_settings
from bot.sources.fetch import Fetched, Fetcher
from bot.sources.parsing import Parsers
from bot.store import sources, tables
from bot.store.sources import EVERYBODY
from tests.fakes import START, StandingClock

ETAG = '"1"'
BEAT = 0.002  # seconds


# The publisher: many ports, because a poller opens at most two connections to each.


async def serve(ports: int, certificate: str) -> None:
    """Answer 304 on so many ports of loopback until standard input ends; with a certificate, on a new TLS connection each."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    headers = {"ETag": ETAG, **({"Connection": "close"} if certificate else {})}

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=304, headers=headers)

    app = web.Application()
    app.router.add_get("/{feed}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    for _ in range(ports):
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    print(json.dumps([address[1] for address in runner.addresses]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


# The house: everything of the service but its loops.


@contextlib.contextmanager
def _house(clock: StandingClock, **environ: str) -> Iterator[App]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "corpus").mkdir()
        given = {"VEDETTE_STORE_FOLDER": f"{folder}/var", "VEDETTE_CORPUS_FOLDERS": f"{folder}/corpus", **environ}
        with open_app(load_settings(environ=given), clock) as app:
            yield app


def _enter(app: App, addresses: Sequence[str]) -> None:
    """Feeds that were read before: the next read is conditional."""
    with app.store.write() as cx:
        sources.add_feeds(cx, [(address, "Desk") for address in addresses], EVERYBODY, app.clock.now())
        cx.execute(update(tables.sources).values(etag=ETAG, body_hash="known", first_read_at=app.clock.now()))


@contextlib.asynccontextmanager
async def _poller(app: App, fetcher: Any) -> AsyncIterator[Poller]:
    poller = Poller(app.store, app.pipeline, fetcher, app.settings, app.clock, app.owner)
    try:
        yield poller
    finally:
        poller.close()
        await fetcher.close()


# Conditional GETs.


async def poll(addresses: list[str], rounds: int) -> dict[str, float]:
    """Polls a second of the product and of bare aiohttp, best of so many rounds each."""
    pairs = ",".join(sorted({address.split("/")[2] for address in addresses}))
    clock = StandingClock()
    best = {"product": 0.0, "bare": 0.0}
    with _house(clock, VEDETTE_FETCH_ALLOW=pairs) as app:
        _enter(app, addresses)
        async with (
            _poller(app, Fetcher(app.settings.fetch.allow, app.settings.fetch.timeout)) as poller,
            _bare() as session,
        ):
            for _ in range(rounds + 1):  # the first opens connections and fills caches
                clock.move(timedelta(days=2))
                began = time.perf_counter()
                while await poller.read_due("feed"):
                    pass
                took = time.perf_counter() - began
                best["product"] = max(best["product"], len(addresses) / took)
                began = time.perf_counter()
                await _get_all(session, addresses)
                best["bare"] = max(best["bare"], len(addresses) / (time.perf_counter() - began))
            with app.store.read() as cx:
                failed = [one.last_error for one in sources.sources_of(cx, EVERYBODY) if one.failures]
    if failed:
        raise SystemExit(f"{len(failed)} feeds could not be read, the first for: {failed[0]}")
    return best


def _bare() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=100, limit_per_host=2)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _get_all(session: aiohttp.ClientSession, addresses: list[str]) -> None:
    queue = iter(addresses)

    async def worker() -> None:
        for address in queue:
            async with session.get(address, headers={"If-None-Match": ETAG}) as answer:
                await answer.read()
                if answer.status != 304:
                    raise SystemExit(f"The publisher answered {answer.status}.")

    await asyncio.gather(*(worker() for _ in range(polling.AT_ONCE)))


# The loop while a large feed is parsed.


async def stall(size: int, rounds: int) -> dict[str, float]:
    """The longest pause of a heartbeat in ms: the feed in a child of the product, and by feedparser where the heart beats."""
    import feedparser

    body = feed_files.feed("whole", size)
    parsers = Parsers()
    await parsers.parse(feed_files.feed("whole", 5_000), "https://a.example/")
    pauses: list[float] = []
    heart = asyncio.create_task(_beat(pauses))
    await asyncio.sleep(0.1)
    pauses.clear()
    for _ in range(rounds):
        await parsers.parse(body, "https://a.example/")
    await asyncio.sleep(2 * BEAT)
    own = max(pauses)
    pauses.clear()
    feedparser.parse(io.BytesIO(body))
    await asyncio.sleep(2 * BEAT)
    inline = max(pauses)
    heart.cancel()
    parsers.close()
    return {"product": own * 1000, "inline": inline * 1000}


async def _beat(pauses: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(BEAT)
        pauses.append(time.perf_counter() - began - BEAT)


# Commits.


def commits(texts: list[str]) -> dict[str, float]:
    """Feeds committed a second, one new item each; and bare SQLite doing as many transactions of one row."""
    clock = StandingClock()
    with _house(clock) as app:
        addresses = [f"https://site{number}.example/feed" for number in range(len(texts))]
        _enter(app, addresses)
        with app.store.write() as cx:
            claimed = sources.claim_due(cx, app.owner, clock.now(), timedelta(hours=1), len(texts), "feed")
        batches = [
            Batch(
                source,
                (
                    Document(
                        f"item-{number}", f"Report {number}", text, url=f"{source.address}/{number}", published=START
                    ),
                ),
                clock.now() + timedelta(hours=1),
                title="Desk",
                etag=ETAG,
            )
            for number, (source, text) in enumerate(zip(claimed, texts, strict=True))
        ]
        app.pipeline.ingest(batches[0])  # loads what is loaded once
        began = time.perf_counter()
        results = asyncio.run(_committed(app, batches[1:]))
        took = time.perf_counter() - began
        if sum(result.articles for result in results) != len(results):
            raise SystemExit("An item was not filed.")
        bare = _bare_commits(app, len(results))
        alerts = sum(result.alerts for result in results)
    return {"product": len(results) / took, "bare": bare, "alerts": alerts}


async def _committed(app: App, batches: Sequence[Batch]) -> list[Ingested]:
    """As the poller does it: so many reads end at once as it has under way."""
    committer, queue, results = Committer(app.pipeline), iter(batches), []

    async def reader() -> None:
        for batch in queue:
            results.append(await committer.commit(batch))

    await asyncio.gather(*(reader() for _ in range(polling.AT_ONCE)))
    return results


def _bare_commits(app: App, count: int) -> float:
    import sqlite3

    with contextlib.closing(sqlite3.connect(app.settings.store.folder / "bare.db", isolation_level=None)) as cx:
        cx.execute("PRAGMA journal_mode=WAL")
        cx.execute("PRAGMA synchronous=FULL")
        cx.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)")
        began = time.perf_counter()
        for number in range(count):
            cx.execute("BEGIN IMMEDIATE")
            cx.execute("INSERT INTO bare (text) VALUES (?)", [f"row {number}"])
            cx.execute("COMMIT")
        return count / (time.perf_counter() - began)


# A crowd.


class Unchanged:
    """A fetcher that has nothing new to say."""

    async def get(self, address: str, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        await asyncio.sleep(0)
        return Fetched(address, 304, b"", etag, last_modified, "")

    async def close(self) -> None:
        return None


async def crowd(feeds: int, minutes: int, tick: float) -> dict[str, float]:
    """So many feeds for so many simulated minutes: memory, how late the latest poll was, how long the work of a tick took."""
    clock = StandingClock()
    step, polls, late, longest = timedelta(seconds=tick), 0, timedelta(0), 0.0
    with _house(clock) as app:
        _enter(app, [f"https://site{number}.example/feed" for number in range(feeds)])
        async with _poller(app, Unchanged()) as poller:
            began = time.perf_counter()
            while done := await poller.read_due("feed"):
                polls += done
            first = time.perf_counter() - began
            for _ in range(int(minutes * 60 / tick)):
                clock.move(step)
                late = max(late, _waiting(app))
                start = time.perf_counter()
                while done := await poller.read_due("feed"):
                    polls += done
                longest = max(longest, time.perf_counter() - start)
            took = time.perf_counter() - began
    return {
        "polls": polls,
        "memory": _peak_mb(),
        "late": late.total_seconds(),
        "first": first,
        "longest": longest,
        "speed": minutes * 60 / took,
    }


def _waiting(app: App) -> timedelta:
    """For how long the feed that waits longest has been due."""
    feeds = tables.sources.c
    with app.store.read() as cx:
        oldest = cx.execute(select(func.min(feeds.next_check_at)).where(feeds.kind == "feed")).scalar_one()
    return max(timedelta(0), app.clock.now() - oldest)


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main(job: str, arguments: str) -> None:
    logging.disable(logging.WARNING)
    given = json.loads(arguments)
    if job == "serve":
        asyncio.run(serve(**given))
        return
    work: Any = {"poll": poll, "stall": stall, "commits": commits, "crowd": crowd}[job]
    result = work(**given)
    print(json.dumps(asyncio.run(result) if asyncio.iscoroutine(result) else result))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else sys.stdin.readline())
