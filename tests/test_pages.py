"""Teasers on loopback: their pages are read once, with manners, and never make an item new or changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from sqlalchemy import select

from bot import pages
from bot.entities.catalogue import Catalogue
from bot.poller import Poller
from bot.settings import Settings
from bot.sources.fetch import Fetcher
from bot.store import sources
from bot.store.engine import Store
from bot.store.tables import article_versions, articles
from tests.fakes import START, House, StandingClock, card_text

TEASER = (
    "Fighters entered the northern quarter before dawn, officials said on Tuesday, and residents fled to the south …"
)
TEXT = (
    "Fighters entered the northern quarter of Samarra before dawn, officials said on Tuesday, and residents fled to the "
    "south of the town. Two columns of the Quds Force stood at Tikrit in the evening and waited for orders from the capital."
)
WHOLE = " ".join([TEXT] * 3)


class Site:
    """A publisher: a feed of items, a page for each, a robots.txt."""

    def __init__(self) -> None:
        self.items: dict[str, str] = {}
        self.feed_looks = 0
        self.asked: list[str] = []
        self.texts: dict[str, str] = {}
        self.robots = "User-agent: *\nDisallow: /closed"
        self.status = 200
        self.content_type = "text/html"
        self.delay = 0.0
        self.moved: dict[str, str] = {}

    def item(
        self, path: str, title: str, teaser: str = TEASER, *, age: float = 1, guid: str = "", root: str = ""
    ) -> None:
        when = format_datetime(START - timedelta(hours=age))
        self.items[path] = (
            f"<item><title>{title}</title><link>{root}{path}</link><guid>{guid or path}</guid>"
            f"<pubDate>{when}</pubDate><description>{teaser}</description></item>"
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/feed":
            self.feed_looks += 1
            head = f"<title>Desk</title><description>look {self.feed_looks}</description>"
            text = (
                f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(self.items.values())}</channel></rss>'
            )
            return web.Response(text=text, content_type="application/rss+xml")
        if request.path == "/robots.txt":
            return web.Response(text=self.robots)
        self.asked.append(request.path)
        await asyncio.sleep(self.delay)
        if request.path in self.moved:
            raise web.HTTPFound(self.moved[request.path])
        text = self.texts.get(request.path, TEXT)
        if self.content_type == "application/pdf":
            return web.Response(body=b"%PDF-1.7 " + text.encode() * 9, content_type=self.content_type)
        page = (
            f"<!doctype html><html><body><nav>Home</nav><article><p>{text}</p><p>It rained.</p></article></body></html>"
        )
        return web.Response(status=self.status, text=page, content_type=self.content_type)


async def serve(site: Site) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture
def site() -> Site:
    return Site()


class Desk:
    """Everything between the site and the archive."""

    def __init__(self, house: House, poller: Poller, root: str) -> None:
        self.house = house
        self.poller = poller
        self.root = root

    async def poll(self) -> None:
        with self.house.store.write() as cx:
            for source in sources.sources_of(cx, "home"):
                sources.due_now(cx, source.id, self.house.clock.now())
        assert await self.poller.read_due() == 1
        with self.house.store.read() as cx:
            assert [s.last_error for s in sources.sources_of(cx, "home")] == [None]

    def filed(self) -> list[tuple[str, str, int]]:
        with self.house.store.read() as cx:
            rows = cx.execute(select(articles).order_by(articles.c.id)).all()
        return [(row.title, row.text.removeprefix(row.title).strip(), row.version) for row in rows]

    def versions(self) -> list[str]:
        with self.house.store.read() as cx:
            return list(cx.execute(select(article_versions.c.text)).scalars())


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


@pytest.fixture
async def desk(house: House, settings: Settings, site: Site) -> AsyncIterator[Desk]:
    runner, pair = await serve(site)
    fetch = settings.fetch.model_copy(update={"allow": [pair]})
    settings = settings.model_copy(update={"fetch": fetch})
    fetcher = Fetcher([pair], timedelta(seconds=2))
    poller = Poller(house.store, house.pipeline, fetcher, settings, house.clock, "test")
    house.say(f"/feeds add http://{pair}/feed")
    yield Desk(house, poller, f"http://{pair}")
    poller.close()
    await fetcher.close()
    await runner.cleanup()


async def test_a_teaser_is_one_article_with_its_page_however_often_it_is_polled(desk: Desk, site: Site) -> None:
    site.item("/a", "Town attacked")
    for _ in range(3):
        await desk.poll()
    ((title, text, version),) = desk.filed()
    assert (title, version) == ("Town attacked", 1)
    assert text == f"{TEXT}\n\nIt rained."
    assert site.asked == ["/a"]
    assert site.feed_looks == 3


async def test_a_new_id_or_title_of_the_same_teaser_is_not_news(desk: Desk, site: Site) -> None:
    site.item("/a", "Town attacked")
    await desk.poll()
    site.item("/a", "Town attacked", guid="other")
    await desk.poll()
    site.item("/a", "UPDATED: Town attacked", guid="third")
    await desk.poll()
    assert len(desk.filed()) == 1
    assert desk.versions() == []
    assert site.asked == ["/a"]


async def test_a_short_teaser_is_known_by_what_the_feed_said(desk: Desk, site: Site) -> None:
    for title in ("Town attacked", "UPDATED: Town attacked", "Town attacked again"):
        site.item("/a", title, "Fighters entered the town […]")
        await desk.poll()
    assert [version for _, _, version in desk.filed()] == [1]
    assert site.asked == ["/a"]


async def test_a_teaser_that_really_changed_is_an_update_with_the_page_of_today(desk: Desk, site: Site) -> None:
    site.item("/a", "Town attacked")
    await desk.poll()
    site.texts["/a"] = TEXT.replace("Two columns", "Nine columns")
    site.item("/a", "Town attacked", TEASER.replace("before dawn", "at noon"))
    for _ in range(2):
        await desk.poll()
    ((_, text, version),) = desk.filed()
    assert version == 2
    assert "Nine columns" in text
    (old,) = desk.versions()
    assert "Two columns" in old
    assert site.asked == ["/a", "/a"]


async def test_a_name_that_only_the_page_has_raises_an_alert(desk: Desk, site: Site) -> None:
    desk.house.follow("Samarra")
    await desk.poll()
    site.item("/a", "Town attacked")
    await desk.poll()
    text = card_text(desk.house.say("/search Samarra"))
    assert "northern quarter of Samarra" in text
    with desk.house.store.read() as cx:
        from bot.store.tables import deliveries

        cards = list(cx.execute(select(deliveries.c.card)).scalars())
    assert len(cards) == 1
    assert "Samarra" in str(cards[0])


async def test_a_whole_text_an_old_item_and_one_without_a_link_need_no_page(desk: Desk, site: Site) -> None:
    site.item("/whole", "Whole", WHOLE)
    site.item("/old", "Old", age=25)
    site.items["none"] = "<item><title>No link</title><guid isPermaLink='false'>x</guid></item>"
    await desk.poll()
    assert site.asked == []
    assert len(desk.filed()) == 3


async def test_a_feed_has_its_own_setting(desk: Desk, site: Site) -> None:
    house, address = desk.house, f"{desk.root}/feed"
    assert "Pages: auto." in card_text(house.say("/feeds health"))
    assert "off" in house.say(f"/feeds pages {address} off").title
    assert "Pages: off." in card_text(house.say("/feeds health"))
    site.item("/a", "Town attacked")
    await desk.poll()
    assert site.asked == []
    house.say(f"/feeds pages {address} on")
    site.item("/whole", "Whole", WHOLE)
    site.texts["/whole"] = f"{WHOLE} A third column was seen at Beiji."
    await desk.poll()
    assert site.asked == ["/whole"], "what was filed without its page stays as it is"
    assert "Beiji" in desk.filed()[1][1]


async def test_only_those_who_read_a_feed_and_may_change_it_set_its_pages(desk: Desk) -> None:
    house, address = desk.house, f"{desk.root}/feed"
    away = house.new_channel("two", workspace="away")
    assert "No feed here" in house.say(f"/feeds pages {address} off", away).title
    assert "manage" in card_text(house.say(f"/feeds pages {address} off", can_manage=False))
    assert "Which feed" in house.say(f"/feeds pages {address} maybe").title
    assert "Which feed" in house.say("/feeds pages off").title
    with house.store.write() as cx:
        sources.add_source(cx, "feed", address, sources.EVERYBODY, START)
    card = house.say(f"/feeds pages {address} off")
    assert "every workspace" in card.title
    assert "[feeds] pages" in card_text(card)
    assert "Pages: auto." in card_text(house.say("/feeds health"))


async def test_robots_are_obeyed_after_a_redirect_too(desk: Desk, site: Site) -> None:
    site.item("/closed/a", "Closed")
    site.item("/b", "Leads there")
    site.moved["/b"] = "/closed/b"
    await desk.poll()
    assert site.asked == ["/b"]
    assert {text for _, text, _ in desk.filed()} == {TEASER}


@pytest.mark.parametrize(
    ("status", "kind", "delay"),
    [(500, "text/html", 0), (200, "application/pdf", 0), (200, "text/html", 3)],
    ids=["fails", "is no page", "hangs"],
)
async def test_a_page_that_cannot_be_read_costs_nothing(
    status: int, kind: str, delay: float, desk: Desk, site: Site
) -> None:
    site.status, site.content_type, site.delay = status, kind, delay
    site.item("/a", "Town attacked")
    await desk.poll()
    assert desk.filed() == [("Town attacked", TEASER, 1)]
    site.status, site.delay = 200, 0
    await desk.poll()
    assert desk.filed() == [("Town attacked", TEASER, 1)]


async def test_so_many_pages_a_poll_and_no_longer_than_the_budget(
    desk: Desk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        site.item(f"/{number}", f"Town {number} attacked", f"{number} {TEASER}")
    await desk.poll()
    assert len(site.asked) == pages.MOST
    assert sum("rained" in text for _, text, _ in desk.filed()) == pages.MOST
    monkeypatch.setattr(pages, "BUDGET", 0.5)
    site.delay = 1.5
    for number in range(30, 36):
        site.item(f"/{number}", f"Town {number} attacked", f"{number} {TEASER}")
    async with asyncio.timeout(1.4):
        await desk.poll()
    assert len(desk.filed()) == 36


async def test_items_lead_into_no_private_network(desk: Desk, site: Site, settings: Settings) -> None:
    inner = Site()
    runner, pair = await serve(inner)
    try:
        site.item("/x", "Straight", root=f"http://{pair}")
        site.item("/y", "By redirect")
        site.moved["/y"] = f"http://{pair}/y"
        await desk.poll()
        assert inner.asked == [], "a port that is not allowed"
        allow = [*desk.poller._settings.fetch.allow, pair]
        fetcher = Fetcher(allow, timedelta(seconds=2))
        wider = settings.model_copy(update={"fetch": settings.fetch.model_copy(update={"allow": allow})})
        poller = Poller(desk.house.store, desk.house.pipeline, fetcher, wider, desk.house.clock, "test")
        desk.poller, before = poller, desk.poller
        site.item("/x2", "Straight again", f"2 {TEASER}", root=f"http://{pair}")
        site.item("/y2", "By redirect again", f"3 {TEASER}")
        site.moved["/y2"] = f"http://{pair}/y"
        await desk.poll()
        desk.poller = before
        poller.close()
        await fetcher.close()
        assert inner.asked == [], "a port that is allowed for another feed"
        assert "rained" not in str(desk.filed())
    finally:
        await runner.cleanup()


async def test_what_a_hub_sends_is_completed_too(desk: Desk, site: Site) -> None:
    await desk.poll()
    with desk.house.store.read() as cx:
        (source,) = sources.sources_of(cx, "home")
    site.item("/a", "Town attacked", root=desk.root)
    body = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Desk</title>{site.items['/a']}</channel></rss>"
    result = await desk.poller.take_push(source.id, body.encode(), "application/rss+xml")
    assert result is not None
    assert result.articles == 1
    assert "rained" in desk.filed()[0][1]
    await desk.poll()
    assert len(desk.filed()) == 1
    assert site.asked == ["/a"]
