"""A feed on loopback: one alert within a poll, none for the same item again, none after a restart."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from email.utils import format_datetime
from io import StringIO
from pathlib import Path

import pytest
from aiohttp import web

from bot.app import Service, SystemClock, open_app
from bot.chat.console import ConsoleChat, new_console
from bot.settings import Settings, load_settings
from bot.store import sources
from tests.fakes import card_text

SMALL = Path(__file__).parent / "data" / "entities"


class Publisher:
    """A small news site: it knows ETags and gzip, and can be told to fail."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.status = 200
        self.asked: list[int] = []  # the status of each answer
        self.delay = 0.0

    async def feed(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay)
        etag = f'"{len(self.items)}"'
        if self.status != 200:
            self.asked.append(self.status)
            return web.Response(status=self.status)
        if request.headers.get("If-None-Match") == etag:
            self.asked.append(304)
            return web.Response(status=304, headers={"ETag": etag})
        self.asked.append(200)
        body = (
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>Desk</title>{"".join(self.items)}</channel></rss>'
        )
        headers = {"ETag": etag, "Content-Encoding": "gzip", "Content-Type": "application/rss+xml"}
        return web.Response(body=gzip.compress(body.encode()), headers=headers)

    def publish(self, title: str) -> None:
        when = format_datetime(SystemClock().now())
        self.items.append(f"<item><title>{title}</title><guid>{title}</guid><pubDate>{when}</pubDate></item>")


@pytest.fixture
async def site() -> AsyncIterator[tuple[Publisher, str]]:
    publisher = Publisher()
    app = web.Application()
    app.router.add_get("/feed", publisher.feed)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    port = runner.addresses[0][1]
    yield publisher, f"127.0.0.1:{port}"
    await runner.cleanup()


def settings_for(tmp_path: Path, pair: str) -> Settings:
    (tmp_path / "corpus").mkdir(exist_ok=True)
    environ = {
        "VEDETTE_STORE_FOLDER": str(tmp_path / "var"),
        "VEDETTE_CORPUS_FOLDERS": str(tmp_path / "corpus"),
        "VEDETTE_FEEDS_MIN_INTERVAL": "1s",
        "VEDETTE_FETCH_ALLOW": pair,
        "VEDETTE_FETCH_TIMEOUT": "2s",
    }
    return load_settings(environ=environ)


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    for _ in range(int(seconds * 20)):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


async def watch(tmp_path: Path, pair: str, during: Callable[[Service], object]) -> list[str]:
    """Run the service while `during` goes on; the ledger's titles afterwards."""
    ledger = tmp_path / "ledger.jsonl"
    with open_app(settings_for(tmp_path, pair), catalogue_files=[SMALL]) as app:
        service = Service(app, [ConsoleChat(new_console(StringIO()), ledger)])
        app.context.woken.append(service.poller.wake)

        async def talk() -> None:
            result = during(service)
            if asyncio.iscoroutine(result):
                await result

        await service.run(talk)
        await service.close()
    return [] if not ledger.exists() else [line for line in ledger.read_text().splitlines() if "Samarra" in line]


async def test_an_item_is_one_alert_and_stays_one(site: tuple[Publisher, str], tmp_path: Path) -> None:
    publisher, pair = site

    async def first_day(service: Service) -> None:
        answer = await asyncio.to_thread(service.app.answer, f"/feeds add http://{pair}/feed")
        assert "Feed added" in card_text(answer)
        await until(lambda: publisher.asked == [200])
        publisher.publish("The Quds Force comes to Samarra")
        ledger = tmp_path / "ledger.jsonl"
        await until(lambda: ledger.exists() and "Samarra" in ledger.read_text())
        await until(lambda: publisher.asked.count(304) >= 2)

    assert len(await watch(tmp_path, pair, first_day)) == 1

    async def second_day(service: Service) -> None:
        asked = len(publisher.asked)
        publisher.publish("Rain in the hills")
        await until(lambda: len(publisher.asked) >= asked + 2)

    assert len(await watch(tmp_path, pair, second_day)) == 1, "a restart repeats nothing"
    assert 304 in publisher.asked


@pytest.mark.parametrize(
    ("status", "delay", "says"), [(404, 0, "404"), (500, 0, "500"), (200, 5, "did not answer in time")]
)
async def test_a_failing_feed_is_named_with_its_next_try(
    status: int, delay: float, says: str, site: tuple[Publisher, str], tmp_path: Path
) -> None:
    publisher, pair = site
    publisher.status, publisher.delay = status, delay

    async def bad_day(service: Service) -> None:
        await asyncio.to_thread(service.app.answer, f"/feeds add http://{pair}/feed")

        def failed() -> bool:
            with service.app.store.read() as cx:
                return any(source.failures for source in sources.sources_of(cx, "console"))

        await until(failed)
        text = card_text(await asyncio.to_thread(service.app.answer, "/feeds health"))
        assert says in text
        assert "Next try" in text

    await watch(tmp_path, pair, bad_day)


async def test_a_feed_at_a_private_address_is_refused_unless_allowed(
    site: tuple[Publisher, str], tmp_path: Path
) -> None:
    publisher, pair = site

    async def attempt(service: Service) -> None:
        await asyncio.to_thread(service.app.answer, f"/feeds add http://{pair}/feed")
        await asyncio.sleep(1.5)
        text = card_text(await asyncio.to_thread(service.app.answer, "/status"))
        assert "not fetched" in text

    await watch(tmp_path, "127.0.0.1:1", attempt)
    assert publisher.asked == []
