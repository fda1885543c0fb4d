"""The HTTP side on loopback: well, unwell, and silent about everything that is not its reader's business."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from bot import metrics
from bot.app import Service, open_app
from bot.chat.console import ConsoleChat, new_console
from bot.errors import ConfigFaults, VedetteError
from bot.outbox import Outbox, SendLater, SendNever
from bot.pulse import Pulse
from bot.settings import Settings, load_settings
from bot.store import outbox, sources, tables
from bot.store.engine import Store
from bot.store.figures import Figures, figures
from bot.web import ASK_TIMEOUT, Web, health
from tests.fakes import House, RememberingChat, StandingClock, document
from tests.test_live_feed import SMALL

ADDRESS = "https://secret-desk.example/feed"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Ticks:
    """A monotonic clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def house(store: Store, catalogue: Any, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


@asynccontextmanager
async def serving(store: Any, clock: StandingClock, pulse: Pulse | None = None) -> AsyncIterator[str]:
    async def push(_source: int, _body: bytes, _type: str) -> bool:
        return True

    server = Web("127.0.0.1:0", store, clock, pulse or Pulse(), None, push)
    await server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()


async def get(address: str, method: str = "GET", **more: Any) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.request(method, address, **more) as answer:
        return answer.status, await answer.text()


async def get_json(address: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status, await answer.json()


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """(name, label values) → value, read by Prometheus' own parser."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


WELL = Figures(3, 1, 0, 0, 0, 12.0, 0, 0.0)


@pytest.mark.parametrize(
    ("loops", "found", "well"),
    [
        ({"poller": 0.2, "outbox": 119.0}, WELL, True),
        ({"poller": 121.0}, WELL, False),
        ({}, "It did not answer within 3 seconds.", False),
        ({}, Figures(3, 1, 0, 0, 0, 30 * 60.0, 1, 15 * 60.0), True),
        ({}, Figures(3, 1, 0, 0, 0, 30 * 60.0 + 1, 0, 0.0), False),
        ({}, Figures(3, 1, 0, 0, 0, 0.0, 1, 15 * 60.0 + 1), False),
    ],
)
def test_health_is_a_pure_decision(loops: dict[str, float], found: Figures | str, well: bool) -> None:
    decided, says = health(loops, found)
    assert decided is well
    assert says["status"] == ("ok" if well else "degraded")


async def test_healthz_tells_well_from_unwell(house: House, store: Store, clock: StandingClock) -> None:
    ticks = Ticks()
    pulse = Pulse(ticks)
    for loop in ("poller", "outbox", "digests"):
        pulse.beat(loop)
    with store.write() as cx:
        source, _ = sources.add_source(cx, "feed", ADDRESS, "home", clock.now())
    async with serving(store, clock, pulse) as base:
        ticks.now += 2
        assert await get_json(f"{base}/healthz") == (
            200,
            {
                "status": "ok",
                "loops": {"poller": 2.0, "outbox": 2.0, "digests": 2.0},
                "oldest_due_feed_seconds": 0.0,
                "oldest_undelivered_seconds": 0.0,
                "database": "ok",
            },
        )
        ticks.now += 120
        assert (await get_json(f"{base}/healthz"))[0] == 503, "the loops stand still"
        for loop in ("poller", "outbox", "digests"):
            pulse.beat(loop)
        clock.move(timedelta(minutes=31))
        status, says = await get_json(f"{base}/healthz")
        assert (status, says["oldest_due_feed_seconds"]) == (503, 31 * 60.0)
        with store.write() as cx:
            sources.due_now(cx, source.id, clock.now() + timedelta(days=1))
            outbox.enqueue(cx, "k", house.channel.id, "console", "notice", {}, clock.now())
        assert (await get_json(f"{base}/healthz"))[0] == 200
        clock.move(timedelta(minutes=16))
        status, says = await get_json(f"{base}/healthz")
        assert (status, says["oldest_undelivered_seconds"]) == (503, 16 * 60.0)


def test_figures_count_what_somebody_reads(house: House, store: Store, clock: StandingClock) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    with store.write() as cx:
        ids = [sources.add_source(cx, "feed", f"https://{n}.example/", "home", now)[0].id for n in range(6)]
        row = tables.sources.c.id
        cx.execute(
            update(tables.sources).where(row == ids[1]).values(parked=True, next_check_at=now - hour, failures=3)
        )
        cx.execute(update(tables.sources).where(row == ids[2]).values(failures=2, next_check_at=now + hour))
        cx.execute(update(tables.sources).where(row == ids[3]).values(hub_until=now + hour, next_check_at=now + hour))
        cx.execute(update(tables.sources).where(row == ids[4]).values(next_check_at=now - hour / 2))
        sources.due_now(cx, ids[5], now - 9 * hour)
        sources.remove_source(cx, "https://5.example/", "home")
        outbox.enqueue(cx, "later", house.channel.id, "console", "notice", {}, now + hour)
    with store.read() as cx:
        found = figures(cx, now)
    assert found == Figures(
        feeds=5, due=2, failing=1, parked=1, pushed=1, oldest_due=1800.0, outbox_depth=1, oldest_undelivered=0.0
    )


class HangingStore:
    """A database that takes the question and does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self) -> Any:
        self.asked += 1
        time.sleep(ASK_TIMEOUT + 2)
        raise RuntimeError("postgresql://user:password@host/ is gone")


async def test_a_database_that_hangs_is_unwell_in_bounded_time(clock: StandingClock) -> None:
    store = HangingStore()
    async with serving(store, clock) as base:
        async with asyncio.timeout(30):  # that it ends is tested, not how fast this machine is
            answers = await asyncio.gather(*(get(f"{base}/healthz") for _ in range(20)), get(f"{base}/metrics"))
        assert [status for status, _ in answers] == [503] * 20 + [200]
        assert "did not answer within 3 seconds" in answers[0][1]
        assert samples(answers[-1][1])[("vedette_database_up", ())] == 0
        assert store.asked == 1, "those who ask share one question"
        await asyncio.sleep(ASK_TIMEOUT)


async def test_a_database_that_fails_is_named_without_its_address(clock: StandingClock) -> None:
    class Broken:
        def read(self) -> Any:
            raise ConnectionError("postgresql://user:password@host/ is gone")

    async with serving(Broken(), clock) as base:
        status, text = await get(f"{base}/healthz")
        assert status == 503
        assert "ConnectionError" in text
        assert "password" not in text


async def test_metrics_count_and_name_nobody(house: House, store: Store, clock: StandingClock) -> None:
    house.follow("Samarra")
    chat = RememberingChat()
    chat.failures = [SendLater("busy", timedelta(seconds=1)), SendNever("gone")]
    with store.write() as cx:
        sources.add_source(cx, "feed", ADDRESS, "home", clock.now())
    async with serving(store, clock, house_pulse()) as base:
        before = samples((await get(f"{base}/metrics"))[1])
        house.ingest(document("The Quds Force comes to Samarra"), document("Rain", key="b.md"))
        house.ingest()
        sender = Outbox(store, [chat], clock, "test", timedelta(seconds=5))
        depth = samples((await get(f"{base}/metrics"))[1])[("vedette_outbox_depth", ())]
        for _ in range(3):
            await sender.drain()
            clock.move(timedelta(minutes=1))
        metrics.fetched("http-404")
        status, text = await get(f"{base}/metrics")
    after = samples(text)

    def grew(name: str, *labels: str) -> float:
        return after[(name, labels)] - before.get((name, labels), 0)

    assert status == 200
    assert depth == 1
    assert after[("vedette_outbox_depth", ())] == 0
    assert after[("vedette_feeds_due", ())] == 1
    assert grew("vedette_articles_total") == 2
    assert grew("vedette_alerts_total", "console") == 1
    assert grew("vedette_deliveries_total", "console", "later") == 1
    assert grew("vedette_deliveries_total", "console", "never") == 1
    assert grew("vedette_fetches_total", "http-404") == 1
    assert grew("vedette_match_seconds_count") == 1, "a read that brings nothing is not matched"
    assert grew("vedette_ingest_seconds_count") == 2
    assert ("vedette_loop_age_seconds", ("poller",)) in after
    for secret in ("secret-desk", "http://", "https://", "Samarra", "home", "corpus", house.channel.name + '"'):
        assert secret not in text


def house_pulse() -> Pulse:
    pulse = Pulse()
    pulse.beat("poller")
    return pulse


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/", None, 404),
        ("GET", "/admin", None, 404),
        ("GET", "/websub/1/abc", None, 404),
        ("POST", "/websub/1/abc", b"x", 404),
        ("POST", "/healthz", None, 405),
        ("HEAD", "/healthz", None, 405),
        ("DELETE", "/metrics", None, 405),
        ("POST", "/metrics", b"x", 413),
        ("GET", "/healthz", b"x" * 100_000, 413),
        ("POST", "/nowhere", b"x", 413),
    ],
)
async def test_nothing_else_is_there(
    method: str, path: str, body: bytes | None, expected: int, house: House, clock: StandingClock
) -> None:
    async with serving(house.store, clock) as base:
        assert (await get(base + path, method, data=body))[0] == expected


def settings_with(tmp_path: Path, **environ: str) -> Settings:
    (tmp_path / "corpus").mkdir(exist_ok=True)
    base = {
        "VEDETTE_STORE_FOLDER": str(tmp_path / "var"),
        "VEDETTE_CORPUS_FOLDERS": str(tmp_path / "corpus"),
        "VEDETTE_ENTITIES_MODEL": "false",
    }
    return load_settings(environ=base | environ)


async def during(service: Service, talk: Callable[[], Awaitable[None]]) -> None:
    """Run the service while `talk` goes on; what fails in `talk` fails the test."""
    running = asyncio.create_task(service.run())
    try:
        await talk()
    finally:
        service.stop.set()
        await running
        await service.close()


async def test_the_service_serves_while_it_runs(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/healthz"
    settings = settings_with(tmp_path, VEDETTE_HTTP_LISTEN=f"127.0.0.1:{port}")
    with open_app(settings, catalogue_files=[SMALL]) as app:
        service = Service(app, [ConsoleChat(new_console(StringIO()), tmp_path / "ledger.jsonl")])

        async def talk() -> None:
            await asyncio.sleep(1)
            status, says = await get_json(address)
            assert status == 200
            assert set(says["loops"]) == {"poller", "outbox", "digests"}
            assert max(says["loops"].values()) < 6

        await during(service, talk)
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(address)
    assert not (tmp_path / "var" / "secret.key").exists(), "no key where no hub can call"


async def test_a_port_in_use_is_a_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = settings_with(tmp_path, VEDETTE_HTTP_LISTEN=f"127.0.0.1:{taken.getsockname()[1]}")
        with open_app(settings, catalogue_files=[SMALL]) as app:
            service = Service(app, [ConsoleChat(new_console(StringIO()), tmp_path / "ledger.jsonl")])
            with pytest.raises(VedetteError, match="another program listens there") as caught:
                await service.run()
            assert caught.value.next_step
            await service.close()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("LISTEN", "8080"), ("LISTEN", "http://a:1"), ("PUBLIC_URL", "vedette.example"), ("PUBLIC_URL", "https://a/?b")],
)
def test_a_wrong_place_to_listen_is_refused(variable: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults, match=variable):
        settings_with(tmp_path, **{f"VEDETTE_HTTP_{variable}": value})
