from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from bot.errors import SourceError
from bot.sources.fetch import Fetcher
from bot.sources.robots import MOST_HOSTS, Robots, allowed, rules_of
from tests.fakes import StandingClock


def may(robots: str, path: str) -> bool:
    return allowed(rules_of(robots.encode()), f"https://a.example{path}")


@pytest.mark.parametrize(
    ("robots", "path", "verdict"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow:", "/x", True),
        ("User-agent: *\nDisallow: /private", "/private/x", False),
        ("User-agent: *\nDisallow: /private", "/public", True),
        ("User-agent: *\nDisallow: /\nAllow: /news/", "/news/1", True),
        ("User-agent: *\nAllow: /\nDisallow: /private", "/private", False),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*/print", "/news/print", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf?x=1", True),
        ("User-agent: *\nDisallow: /a$", "/a", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /*?print=", "/a?print=1", False),
        ("User-agent: *\nDisallow: /%D8%A7", "/ا", False),
        ("User-agent: *\n\nDisallow: /", "/x", False),
        ("User-agent: Vedette\nDisallow: /\n\nUser-agent: *\nAllow: /", "/x", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: vedette/1.0\nDisallow: /b", "/x", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: vedette\nDisallow:", "/x", True),
        ("User-agent: ved\nDisallow: /", "/x", True),
        ("User-agent: one\nUser-agent: vedette\nDisallow: /a\nUser-agent: two\nDisallow: /b", "/a", False),
        (
            "User-agent: vedette\nDisallow: /a\nUser-agent: two\nDisallow: /\nUser-agent: vedette\nDisallow: /b",
            "/b",
            False,
        ),
        ("\ufeffUSER-AGENT : *  # all\nDISALLOW : /x # no", "/x", False),
        ("<!doctype html><html>no rules</html>", "/x", True),
    ],
)
def test_the_rules_are_read_as_the_standard_says(robots: str, path: str, verdict: bool) -> None:
    assert may(robots, path) is verdict


def test_a_rule_made_to_be_slow_is_not() -> None:
    robots = "User-agent: *\n" + f"Disallow: /{'a*' * 20}b$\n" * 5_000
    assert may(robots, "/" + "a" * 2_000)


class Site:
    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.delay = 0.0
        self.text = "User-agent: *\nDisallow: /private"

    async def robots(self, _request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(self.delay)
        return web.Response(status=self.status, text=self.text)


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, str, Fetcher]]:
    made = Site()
    app = web.Application()
    app.router.add_get("/robots.txt", made.robots)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pair = f"127.0.0.1:{runner.addresses[0][1]}"
    fetcher = Fetcher([pair], timedelta(seconds=1))
    yield made, f"http://{pair}", fetcher
    await fetcher.close()
    await runner.cleanup()


async def lets(robots: Robots, address: str) -> bool:
    try:
        await robots.ask(address)
    except SourceError as error:
        return error.error_class != "robots"
    return True


async def test_a_site_is_asked_once_a_day(site: tuple[Site, str, Fetcher], clock: StandingClock) -> None:
    made, root, fetcher = site
    robots = Robots(fetcher, clock)
    verdicts = await asyncio.gather(*(lets(robots, f"{root}{path}") for path in ("/a", "/b", "/private/c")))
    assert verdicts == [True, True, False]
    assert made.asked == 1
    clock.move(timedelta(hours=23))
    made.text = ""
    assert not await lets(robots, f"{root}/private")
    clock.move(timedelta(hours=1))
    assert await lets(robots, f"{root}/private")
    assert made.asked == 2


@pytest.mark.parametrize(
    ("status", "verdict"), [(404, True), (403, True), (410, True), (429, False), (500, False), (503, False)]
)
async def test_no_file_is_no_rule_and_a_failing_site_is_left_alone(
    status: int, verdict: bool, site: tuple[Site, str, Fetcher], clock: StandingClock
) -> None:
    made, root, fetcher = site
    made.status = status
    robots = Robots(fetcher, clock)
    assert await lets(robots, f"{root}/a") is verdict
    made.status = 200
    clock.move(timedelta(minutes=59))
    assert await lets(robots, f"{root}/a") is verdict
    assert made.asked == 1
    clock.move(timedelta(minutes=1))
    assert await lets(robots, f"{root}/a")


async def test_a_site_that_does_not_answer_is_left_alone(site: tuple[Site, str, Fetcher], clock: StandingClock) -> None:
    made, root, fetcher = site
    made.delay = 3
    assert not await lets(Robots(fetcher, clock), f"{root}/a")


async def test_the_guard_stands_before_the_rules(clock: StandingClock) -> None:
    fetcher = Fetcher((), timedelta(seconds=1))
    try:
        assert not await lets(Robots(fetcher, clock), "http://127.0.0.1/a")
    finally:
        await fetcher.close()


async def test_only_so_many_sites_are_remembered(clock: StandingClock) -> None:
    class Nobody:
        asked = 0

        async def get(self, address: str) -> object:
            self.asked += 1
            raise SourceError("The server answered 404.", "http-404")

    web_ = Nobody()
    robots = Robots(web_, clock)  # type: ignore[arg-type]
    for number in range(MOST_HOSTS + 1):
        await robots.ask(f"https://{number}.example/")
    assert len(robots._sites) == MOST_HOSTS
    await robots.ask(f"https://{MOST_HOSTS}.example/")
    assert web_.asked == MOST_HOSTS + 1
    await robots.ask("https://0.example/")
    assert web_.asked == MOST_HOSTS + 2
