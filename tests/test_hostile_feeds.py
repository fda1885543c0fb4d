"""Servers and feeds that mean harm: each is named in `/feeds health`, and the others are read as ever."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import update

from bot.entities.catalogue import Catalogue
from bot.errors import SourceError
from bot.poller import Poller
from bot.settings import Settings
from bot.sources.fetch import Fetcher
from bot.sources.parsing import Parsers
from bot.store import outbox, sources, subscriptions
from bot.store.engine import Store
from bot.store.tables import sources as source_rows
from tests.fakes import House, StandingClock, card_text

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "'
    + "&a;" * 10
    + '">'
    + "".join(f'<!ENTITY {chr(99 + n)} "{f"&{chr(98 + n)};" * 10}">' for n in range(9))
    + ']><rss version="2.0"><channel><title>&k;</title><item><title>&k;</title></item></channel></rss>'
)
GOOD = '<rss version="2.0"><channel><title>Desk</title><item><title>Calm in Samarra</title><guid>1</guid></item></channel></rss>'


async def killed(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100000"})
    await response.prepare(request)
    await response.write(b"<rss>")
    assert request.transport is not None
    request.transport.abort()
    return response


async def slow(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(200):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"<item><title>more</title></item>" * 2000)


async def bomb(_request: web.Request) -> web.Response:
    body = gzip.compress(bytes(300_000_000), 9)
    return web.Response(body=body, headers={"Content-Encoding": "gzip"})


async def around(request: web.Request) -> web.Response:
    return web.Response(status=301, headers={"Location": f"/around?{time.monotonic_ns()}"})


async def laughs(_request: web.Request) -> web.Response:
    return web.Response(text=LAUGHS, content_type="application/rss+xml")


async def gone(_request: web.Request) -> web.Response:
    return web.Response(status=410)


async def busy(_request: web.Request) -> web.Response:
    return web.Response(status=503, headers={"Retry-After": "7200"})


async def good(_request: web.Request) -> web.Response:
    return web.Response(text=GOOD, content_type="application/rss+xml")


async def moved(_request: web.Request) -> web.Response:
    return web.Response(status=308, headers={"Location": "/good"})


PATHS: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
    "killed": killed, "slow": slow, "endless": endless, "bomb": bomb, "around": around, "laughs": laughs, "gone": gone,
    "busy": busy, "good": good, "moved": moved,
}  # fmt: skip


@pytest.fixture
async def site() -> AsyncIterator[str]:
    app = web.Application()
    for name, handler in PATHS.items():
        app.router.add_get(f"/{name}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
def house(tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(Store(f"sqlite:///{tmp_path / 'house.db'}"), catalogue, settings, clock)


@pytest.fixture
async def poller(house: House, site: str, settings: Settings, clock: StandingClock) -> AsyncIterator[Poller]:
    fetcher = Fetcher([site], timedelta(seconds=2))
    made = Poller(house.store, house.pipeline, fetcher, settings, clock, "test")
    yield made
    await fetcher.close()
    made.close()


def state(house: House, name: str) -> sources.Source:
    with house.store.read() as cx:
        return next(source for source in sources.sources_of(cx, "home") if source.address.endswith(f"/{name}"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("killed", "The connection failed"),
        ("slow", "did not answer in time"),
        ("endless", "larger than 10 MB"),
        ("bomb", "The answer is"),
        ("around", "redirects more than 5 times"),
        ("laughs", ""),
    ],
)
async def test_it_is_named_and_the_loop_lives(name: str, says: str, house: House, site: str, poller: Poller) -> None:
    house.say(f"/feeds add http://{site}/{name}")
    house.say(f"/feeds add http://{site}/good")
    turns = 0

    async def heartbeat() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    beating = asyncio.create_task(heartbeat())
    await poller.read_due()
    beating.cancel()
    assert turns >= 1, "the loop went on"
    assert state(house, "good").failures == 0
    text = " ".join(card_text(house.say("/feeds health")).split())
    if says:
        assert says in text
        assert "Next try" in text
        assert state(house, name).failures == 1
    else:
        assert "hahahaha" not in text, "no entity is expanded"


async def test_a_feed_that_is_gone_is_parked_told_and_can_be_added_anew(
    house: House, site: str, poller: Poller
) -> None:
    house.follow("Quds Force")
    house.say(f"/feeds add http://{site}/gone")
    await poller.read_due()
    assert state(house, "gone").parked
    with house.store.read() as cx:
        assert outbox.depth(cx, house.channel.id) == {"waiting": 1}
    house.clock.move(timedelta(days=3))
    assert await poller.read_due() == 0
    assert "ended by its publisher" in " ".join(card_text(house.say("/feeds health")).split())


async def test_a_server_that_asks_for_time_gets_it(house: House, site: str, poller: Poller) -> None:
    house.say(f"/feeds add http://{site}/busy")
    await poller.read_due()
    wait = state(house, "busy").next_check_at - house.clock.now()
    assert timedelta(hours=2) <= wait <= timedelta(hours=2.2)


async def test_a_move_for_good_is_kept_after_three_times(house: House, site: str, poller: Poller) -> None:
    house.say(f"/feeds add http://{site}/moved")
    for turn in range(3):
        assert state(house, "moved").moved_times == turn
        await poller.read_due()
        house.clock.move(timedelta(days=1, hours=2))
    assert state(house, "good").failures == 0
    with house.store.read() as cx:
        assert len(sources.sources_of(cx, "home")) == 1


async def test_channels_are_told_once_of_silence_and_once_of_its_end(house: House, site: str, poller: Poller) -> None:
    house.follow("Quds Force")
    house.say(f"/feeds add http://{site}/killed")

    def told() -> int:
        with house.store.read() as cx:
            return sum(outbox.depth(cx, house.channel.id).values())

    for _ in range(12):
        await poller.read_due()
        house.clock.move(timedelta(minutes=30))
    assert told() == 1
    with house.store.write() as cx:
        row = state(house, "killed")
        sources.due_now(cx, row.id, house.clock.now())
        # the same feed answers again
        cx.execute(update(source_rows).where(source_rows.c.id == row.id).values(address=f"http://{site}/good"))
    await poller.read_due()
    assert told() == 2
    house.clock.move(timedelta(days=1))
    await poller.read_due()
    assert told() == 2
    with house.store.read() as cx:
        assert subscriptions.readers_of(cx, row.id) == [house.channel]


async def test_a_source_that_takes_its_time_holds_up_no_other(house: House, site: str, poller: Poller) -> None:
    """While one answer is awaited, sources that become due are read."""
    house.say(f"/feeds add http://{site}/slow")
    stop = asyncio.Event()
    running = asyncio.create_task(poller.run(stop, lambda: None))
    await asyncio.sleep(0.3)
    house.say(f"/feeds add http://{site}/good")
    poller.wake()
    while state(house, "good").last_success_at is None:
        await asyncio.sleep(0.05)
    assert state(house, "slow").failures == 0, "it is still being waited for"
    stop.set()
    poller.wake()
    await running
    assert state(house, "slow").failures == 1


HOSTILE = [
    b"<rss><channel><item><author>" + b"a@" * 20_000 + b"</author></item>",
    b"<!h" * 50_000,
    b"<rss version='2.0'><channel>" + b"<item>" * 30_000,
    b"[" * 100_000,
    b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b"[" * 50_000,
    LAUGHS.encode(),
    b"\xff\xfe" + b"\x00<" * 10_000,
    b"<?xml version='1.0' encoding='utf-7'?><rss><channel/></rss>",
    b"<?xml version='1.0' encoding='idna'?><rss><channel/></rss>",
    b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd"><rss version="2.0"><channel><item><title>&xxe;</title></item></channel></rss>',
    b'<!DOCTYPE r [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>&xxe;</title></channel></rss>',
    b"http://127.0.0.1:9/feed",
    b"/etc/passwd",
    b"",
    b"\x00" * 100_000,
    b"<a " + b"x='1' " * 50_000 + b">",
    b"<rss><channel><item><title>" + b"&#x41;" * 100_000 + b"</title></item></channel></rss>",
]


def test_no_feed_hangs_or_breaks_the_parser_and_the_next_is_read() -> None:
    parsers = Parsers(children=1)
    try:
        for body in HOSTILE:
            with contextlib.suppress(SourceError):
                parsed = parsers.parse_now(body, "https://feed.invalid/")
                assert "root:" not in parsed.title
                assert all("root:" not in document.title for document in parsed.documents)
            assert parsers.parse_now(GOOD.encode(), "https://a.example/").title == "Desk"
    finally:
        parsers.close()


async def test_one_hostile_feed_does_not_hold_up_the_others() -> None:
    """With a child that is stuck, the other child reads the rest."""
    parsers = Parsers(children=2)
    try:
        await parsers.parse(GOOD.encode(), "https://a.example/")
        stuck = asyncio.create_task(parsers.parse(HOSTILE[0] * 3, "https://b.example/"))
        await asyncio.sleep(0.05)
        done = [await parsers.parse(GOOD.encode(), "https://a.example/") for _ in range(100)]
        assert len(done) == 100
        await asyncio.gather(stuck, return_exceptions=True)
    finally:
        parsers.close()
