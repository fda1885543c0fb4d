"""`/whynot`: the step that dropped an article is named, from the archive or from the page itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from bot.checks import Checks
from bot.entities.catalogue import Catalogue
from bot.model import Document
from bot.outbox import Outbox
from bot.pages import Pages
from bot.pipeline import Batch
from bot.settings import Settings
from bot.sources.fetch import Fetcher
from bot.store import alerts
from bot.store.engine import Store
from tests.fakes import House, RememberingChat, StandingClock, card_text

URL = "https://desk.example/story"
TEXT = "The Quds Force was seen at Samarra on Monday, two residents of the town said."


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


def bring(house: House, hours_old: float = 0.0) -> None:
    source = house.source("feed", "https://desk.example/feed")
    house.pipeline.ingest(Batch(source, (), house.clock.now()))
    source = house.source("feed", "https://desk.example/feed")
    published = house.clock.now() - timedelta(hours=hours_old)
    item = Document("1", "Seen at Samarra", TEXT, url=URL, outlet="Desk", published=published)
    house.pipeline.ingest(Batch(source, (item,), house.clock.now()))


def test_what_a_query_lacks_is_named(house: House) -> None:
    house.follow('"Quds Force" AND Baghdad')
    bring(house)
    said = card_text(house.say(f"/whynot {URL}?utm_source=x"))
    assert "No subscription here asks for it" in said
    assert "lacks: naming Baghdad" in said
    assert '/subscribe "Samarra"' in said


def test_an_article_that_was_told_says_under_which_id(house: House) -> None:
    house.follow("Samarra")
    bring(house)
    with house.store.read() as cx:
        code = alerts.latest(cx, house.channel, 1)[0].code
    said = card_text(house.say(f"/whynot {URL}"))
    assert "It was told here" in said
    assert f"/why {code}" in said


def test_an_old_item_and_a_muted_name_are_reasons(house: House) -> None:
    house.follow("Samarra")
    bring(house, hours_old=50)
    assert "it was 50 hours old when the feed brought it" in card_text(house.say(f"/whynot {URL}"))
    house.say("/mute Samarra 8h")
    assert "Samarra is muted until" in card_text(house.say(f"/whynot {URL}"))


def test_a_bad_address_and_none_get_a_sentence(house: House) -> None:
    assert "Why not what?" in house.say("/whynot").title
    assert "only http and https" in card_text(house.say("/whynot ftp://a.example/"))


def test_another_workspaces_article_is_not_in_the_archive(house: House) -> None:
    source = house.source("feed", "https://desk.example/feed", "theirs")
    item = Document("1", "Seen at Samarra", TEXT, url=URL, outlet="Desk")
    house.pipeline.ingest(Batch(source, (item,), house.clock.now()))
    assert house.say(f"/whynot {URL}").title == "Not in the archive"


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async def page(_request: web.Request) -> web.Response:
        words = "<p>" + "</p><p>".join([TEXT] * 12) + "</p>"
        html = f"<html><body><article><h1>Seen at Samarra</h1>{words}</article></body></html>"
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/story", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_page_that_no_feed_brought_is_read_for_the_answer(house: House, site: str, settings: Settings) -> None:
    house.follow("Baghdad")
    allowed = [site.removeprefix("http://")]
    fetcher = Fetcher(allowed, timedelta(seconds=5))
    pages = Pages(house.store, fetcher, settings, house.clock)
    woken: list[bool] = []
    checks = Checks(house.store, pages, house.known, timedelta(hours=24), house.clock, lambda: woken.append(True))
    chat = RememberingChat()
    try:
        assert house.say(f"/whynot {site}/story").title == "Not in the archive"
        assert house.say(f"/whynot {site}/none").title == "Not in the archive"
        assert await checks.once() == 2
        assert await checks.once() == 0
        await Outbox(house.store, [chat], house.clock, "test", timedelta(seconds=5)).drain()
    finally:
        pages.close()
        await fetcher.close()
    said = [card_text(post.card) for post in chat.sent]
    assert woken
    assert any("No subscription here asks for it" in text and "lacks: naming Baghdad" in text for text in said)
    assert any("cannot be read" in text and "404" in text for text in said)


async def test_the_guard_holds_for_asked_pages(house: House, site: str, settings: Settings) -> None:
    fetcher = Fetcher([], timedelta(seconds=5))
    pages = Pages(house.store, fetcher, settings, house.clock)
    checks = Checks(house.store, pages, house.known, timedelta(hours=24), house.clock, lambda: None)
    chat = RememberingChat()
    try:
        house.say(f"/whynot {site}/story")
        await checks.once()
        await Outbox(house.store, [chat], house.clock, "test", timedelta(seconds=5)).drain()
    finally:
        pages.close()
        await fetcher.close()
    assert "cannot be read" in card_text(chat.sent[0].card)
