"""Every bad address, every way it can reach us: directly, by name, by redirect, by a name that changes its mind, by a list, at poll time.

What is counted is connections: nothing but what a test allows may be connected to.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.entities.catalogue import Catalogue
from bot.errors import SourceError
from bot.poller import Poller
from bot.settings import Settings
from bot.sources.address import is_public
from bot.sources.fetch import Fetcher
from bot.sources.opml import read_opml
from bot.store import sources
from bot.store.engine import Store
from tests.fakes import House, StandingClock

BAD = [
    "0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.31.255.1", "192.0.0.8", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
SPELLED = [
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "１２７.０.０.１",
    "127。0。0。1",
    "127.0.0.1.",
]
GOOD = [
    "1.1.1.1", "8.8.8.8", "9.9.9.9", "93.184.216.34", "151.101.1.164", "13.107.42.14", "23.1.2.3", "52.84.0.1", "104.16.0.1",
    "172.15.0.1", "172.32.0.1", "192.167.0.1", "198.17.0.1", "198.20.0.1", "203.0.112.1", "223.255.255.1", "100.128.0.1",
    "2606:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888",
]  # fmt: skip


def host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


class Net:
    """The names of the world as a test wants them, and a record of every connection that is tried."""

    def __init__(self) -> None:
        self.names: dict[str, list[list[str]]] = {}  # each asking takes the next answer; the last one stays
        self.tried: list[str] = []
        self.open = ""  # the one port that really answers

    def answer(self, name: str) -> list[str]:
        answers = self.names[name]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    made = Net()
    real_connect = BaseSelectorEventLoop.sock_connect
    real_lookup = asyncio.BaseEventLoop.getaddrinfo

    async def connect(loop: asyncio.BaseEventLoop, sock: socket.socket, address: tuple[str, int]) -> None:
        if str(address[1]) == made.open:
            await real_connect(loop, sock, address)
            return
        made.tried.append(address[0])
        raise ConnectionRefusedError(111, "refused by the test")

    async def lookup(loop: asyncio.BaseEventLoop, name: str, port: int, **more: object) -> list[object]:
        if name not in made.names:
            return await real_lookup(loop, name, port, **more)  # type: ignore[arg-type, return-value]
        found = []
        for address in made.answer(name):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            place = (address, port, 0, 0) if ":" in address else (address, port)
            found.append((family, socket.SOCK_STREAM, 6, "", place))
        return found

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", connect)
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", lookup)
    return made


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    made = Fetcher((), timedelta(seconds=3))
    yield made
    await made.close()


async def refused(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(SourceError) as caught:
        await fetcher.get(address)
    assert caught.value.error_class == "guard", str(caught.value)


async def test_directly(net: Net, fetcher: Fetcher) -> None:
    for address in [*map(host, BAD), *SPELLED]:
        for scheme in ("http", "https"):
            await refused(fetcher, f"{scheme}://{address}/feed")
    assert net.tried == []


async def test_by_name(net: Net, fetcher: Fetcher) -> None:
    for address in BAD:
        net.names["news.example"] = [[address]]
        await refused(fetcher, "https://news.example/feed")
        net.names["news.example"] = [["1.1.1.1", address]]  # one bad address among good ones spoils the name
        await refused(fetcher, "https://news.example/feed")
    assert net.tried == []


async def test_by_a_name_that_changes_its_mind(net: Net, fetcher: Fetcher) -> None:
    for address in BAD:
        net.names["rebind.example"] = [["1.1.1.1"], [address]]
        with pytest.raises(SourceError) as caught:
            await fetcher.get("http://rebind.example/feed")
        assert caught.value.error_class == "connection"
        await refused(fetcher, "http://rebind.example/feed")
    assert set(net.tried) == {"1.1.1.1"}, "only the address that was checked is connected to"


async def test_by_redirect(net: Net) -> None:
    target = ""

    async def elsewhere(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    app = web.Application()
    app.router.add_get("/feed", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    net.open = str(runner.addresses[0][1])
    fetcher = Fetcher([f"127.0.0.1:{net.open}"], timedelta(seconds=3))
    try:
        for address in [*map(host, BAD), *SPELLED]:
            target = f"http://{address}/feed"
            await refused(fetcher, f"http://127.0.0.1:{net.open}/feed")
        for address in BAD:
            net.names["inner.example"] = [[address]]
            target = "http://inner.example/feed"
            await refused(fetcher, f"http://127.0.0.1:{net.open}/feed")
        for wrong in ("file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "http://u:p@a.example/"):
            target = wrong
            with pytest.raises(SourceError):
                await fetcher.get(f"http://127.0.0.1:{net.open}/feed")
    finally:
        await fetcher.close()
        await runner.cleanup()
    assert net.tried == []


def test_by_a_list() -> None:
    outlines = "".join(f'<outline xmlUrl="http://{address}/feed"/>' for address in [*map(host, BAD), *SPELLED])
    found = read_opml(f"<opml><body>{outlines}</body></opml>".encode())
    assert found.feeds == ()
    assert len(found.faults) == len(BAD) + len(SPELLED)


async def test_at_poll_time(
    net: Net, tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock
) -> None:
    """A row that is in the database already, whoever put it there."""
    house = House(Store(f"sqlite:///{tmp_path / 'house.db'}"), catalogue, settings, clock)
    fetcher = Fetcher((), timedelta(seconds=3))
    poller = Poller(house.store, house.pipeline, fetcher, settings, clock, "test")
    rows = [f"http://{address}/feed" for address in [*map(host, BAD), *SPELLED]]
    for number, address in enumerate(BAD):
        net.names[f"n{number}.example"] = [[address]]
        rows.append(f"http://n{number}.example/feed")
    with house.store.write() as cx:
        for address in rows:
            sources.add_source(cx, "feed", address, "home", clock.now())
    try:
        while await poller.read_due():
            pass
    finally:
        await fetcher.close()
        poller.close()
    with house.store.read() as cx:
        failed = sources.sources_of(cx, "home")
    assert len(failed) == len(rows)
    assert all(source.failures == 1 and "not fetched" in (source.last_error or "") for source in failed)
    assert net.tried == []


async def test_public_addresses_are_connected_to(net: Net, fetcher: Fetcher) -> None:
    assert len(GOOD) == 20
    for address in GOOD:
        assert is_public(address)
        with pytest.raises(SourceError) as caught:
            await fetcher.get(f"http://{host(address)}/feed")
        assert caught.value.error_class == "connection"
        net.names["news.example"] = [[address]]
        with pytest.raises(SourceError):
            await fetcher.get("http://news.example/feed")
    assert {socket.getaddrinfo(tried, 80, flags=socket.AI_NUMERICHOST)[0][4][0] for tried in net.tried} == set(GOOD)
    assert len(net.tried) >= 2 * len(GOOD)
