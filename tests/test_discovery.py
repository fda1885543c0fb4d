"""A site's address in place of its feed's: the reading loop goes on at the feed."""

from __future__ import annotations

import pytest

from bot.entities.catalogue import Catalogue
from bot.errors import SourceError
from bot.poller import Poller
from bot.settings import Settings
from bot.sources.fetch import Fetched
from bot.store import sources
from bot.store.engine import Store
from tests.fakes import START, House, StandingClock, card_text

SITE, FEED = "https://site.example/", "https://site.example/feed"
RSS = b"<rss version='2.0'><channel><title>Desk</title><item><title>Rain</title><guid>1</guid></item></channel></rss>"


class Web:
    """A web of a few pages; everything else is not found."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, str]] = {FEED: (RSS, "application/rss+xml")}
        self.asked: list[str] = []

    def page(self, address: str, *feeds: str) -> None:
        links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{feed}">' for feed in feeds)
        self.pages[address] = (f"<html><head>{links}</head><body>Hello</body></html>".encode(), "text/html")

    async def get(self, address: str, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        self.asked.append(address)
        if address not in self.pages:
            raise SourceError("The server answered 404.", "http-404")
        body, kind = self.pages[address]
        return Fetched(address, 200, body, None, None, kind)


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def poller(house: House, web: Web, settings: Settings) -> Poller:
    return Poller(house.store, house.pipeline, web, settings, house.clock, "test")  # type: ignore[arg-type]


def own(house: House, workspace: str = "home") -> list[sources.Source]:
    with house.store.read() as cx:
        return list(sources.sources_of(cx, workspace))


async def test_the_one_feed_of_a_page_is_read_instead(house: House, web: Web, poller: Poller) -> None:
    web.page(SITE, "/feed")
    house.say(f"/feeds add {SITE}")
    await poller.read_due()
    (moved,) = own(house)
    assert (moved.address, moved.failures) == (FEED, 0)
    assert moved.next_check_at <= house.clock.now()
    await poller.read_due()
    (read,) = own(house)
    assert (read.address, read.title, read.last_success_at) == (FEED, "Desk", START)
    assert web.asked == [SITE, FEED, FEED]


async def test_readers_are_joined_if_the_feed_is_read_already(house: House, web: Web, poller: Poller) -> None:
    other = house.new_channel("two", workspace="away")
    house.say(f"/feeds add {FEED}", other)
    await poller.read_due()
    web.page(SITE, "/feed")
    house.say(f"/feeds add {SITE}")
    await poller.read_due()
    assert [source.address for source in own(house)] == [FEED]
    assert [source.address for source in own(house, "away")] == [FEED]
    assert await poller.read_due() == 0


async def test_several_feeds_are_named_to_choose_from(house: House, web: Web, poller: Poller) -> None:
    web.page(SITE, *(f"/{number}.xml" for number in range(7)))
    house.say(f"/feeds add {SITE}")
    await poller.read_due()
    text = card_text(house.say("/feeds health"))
    assert "a page that names 7 feeds" in text
    assert text.count("/feeds add https://site.example/") == 5


async def test_a_page_without_a_feed_is_no_feed(house: House, web: Web, poller: Poller) -> None:
    web.page(SITE)
    house.say(f"/feeds add {SITE}")
    await poller.read_due()
    assert "The answer is no feed." in card_text(house.say("/feeds health"))


async def test_two_pages_that_name_each_other_do_not_go_round(house: House, web: Web, poller: Poller) -> None:
    web.page(SITE, "https://b.example/")
    web.page("https://b.example/", SITE)
    house.say(f"/feeds add {SITE}")
    await poller.read_due()
    assert await poller.read_due() == 0
    (source,) = own(house)
    assert (source.address, source.failures) == (SITE, 1)
    assert "https://b.example/, cannot be read" in str(source.last_error)


async def test_a_feed_that_was_read_stays_where_it_is(house: House, web: Web, poller: Poller) -> None:
    house.say(f"/feeds add {FEED}")
    await poller.read_due()
    web.pages["https://ad.example/feed"] = web.pages[FEED]
    web.page(FEED, "https://ad.example/feed")
    house.clock.move(house.context.settings.feeds.max_interval)
    await poller.read_due()
    (source,) = own(house)
    assert source.address == FEED
    assert "/feeds add https://ad.example/feed" in str(source.last_error)
