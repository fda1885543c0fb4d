"""What counts as the same item: ids, links, dates and titles may change; texts that say something else are updates."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.entities.catalogue import Catalogue
from bot.model import Document
from bot.settings import Settings
from bot.sources import pace
from bot.store import articles, outbox, search
from bot.store.engine import Store
from bot.store.tables import article_versions, deliveries
from bot.text.link import canonical_link
from tests.fakes import START, House, StandingClock, document

FEED = "https://a.example/feed"


@pytest.fixture
def house(tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    made = House(Store(f"sqlite:///{tmp_path / 'house.db'}"), catalogue, settings, clock)
    made.follow("Quds Force")
    made.ingest(kind="feed", address=FEED)  # the first read is behind us
    return made


def item(number: int, turn: int = 0, more: str = "", **changes: object) -> Document:
    chance = random.Random(number)
    words = " ".join("".join(chance.choices("abdefgiklmnorstu", k=6)) for _ in range(25))
    body = f"Report {number}: the Quds Force was seen where {words} lies.{more}"
    values: dict[str, object] = {
        "key": f"guid-{number}-{turn}",
        "title": f"Report {number}",
        "url": f"https://a.example/story/{number}?utm_source=rss&utm_campaign={turn}&fbclid={turn * 31}",
        "published": START - timedelta(hours=1, seconds=number) + timedelta(minutes=turn),
    }
    return document(body, **{**values, **changes})  # type: ignore[arg-type]


def told(house: House) -> int:
    with house.store.read() as cx:
        return sum(outbox.depth(cx, house.channel.id).values())


def filed(house: House) -> int:
    with house.store.read() as cx:
        return articles.totals(cx, "home")[0]


def test_two_hundred_items_with_new_ids_and_links_twenty_times(house: House) -> None:
    house.ingest(*(item(number) for number in range(200)), kind="feed", address=FEED)
    assert (filed(house), told(house)) == (200, 1), "a flood is one card"
    for turn in range(1, 20):
        house.clock.move(timedelta(minutes=10))
        assert house.ingest(*(item(number, turn) for number in range(200)), kind="feed", address=FEED) == 0
    assert (filed(house), told(house)) == (200, 1)


def test_a_new_title_or_date_alone_is_nothing(house: House) -> None:
    house.ingest(item(1), kind="feed", address=FEED)
    house.ingest(item(1, title="Report 1 (corrected headline)"), kind="feed", address=FEED)
    house.ingest(item(1, turn=3, title="Another title"), kind="feed", address=FEED)
    house.ingest(item(1, published=START), kind="feed", address=FEED)
    assert (filed(house), told(house)) == (1, 1)
    with house.store.read() as cx:
        assert cx.execute(select(article_versions)).all() == []


def test_fifty_real_updates_are_kept_as_updates(house: House) -> None:
    house.ingest(*(item(number) for number in range(50)), kind="feed", address=FEED)
    house.clock.move(timedelta(hours=1))
    updated = [
        item(number, turn=1, more=f" Two people were hurt, {number} officials said later.") for number in range(50)
    ]
    house.ingest(*updated, kind="feed", address=FEED)
    assert filed(house) == 50
    with house.store.read() as cx:
        kept = cx.execute(select(article_versions)).all()
        assert len(kept) == 50
        assert all(row.version == 1 and "Two people" not in row.text for row in kept)
        assert len(search.search_words(cx, "home", "hurt officials", 60)) == 50
    house.ingest(*updated, kind="feed", address=FEED)
    with house.store.read() as cx:
        assert len(cx.execute(select(article_versions)).all()) == 50


def test_one_word_that_matters_is_an_update_and_a_time_stamp_is_not(house: House) -> None:
    house.ingest(item(1, more=" Two were killed. Last updated 10:32 GMT."), kind="feed", address=FEED)
    house.ingest(item(1, more=" Two were killed. Last updated 11:45 GMT."), kind="feed", address=FEED)
    with house.store.read() as cx:
        assert cx.execute(select(article_versions)).all() == []
    house.ingest(item(1, more=" Five were killed. Last updated 11:45 GMT."), kind="feed", address=FEED)
    with house.store.read() as cx:
        assert len(cx.execute(select(article_versions)).all()) == 1


def test_one_id_for_all_items_hides_none(house: House) -> None:
    house.ingest(
        *(item(number, key="same", url="https://a.example/news") for number in range(5)), kind="feed", address=FEED
    )
    assert (filed(house), told(house)) == (5, 5)
    house.ingest(
        *(item(number, key="same", url="https://a.example/news") for number in range(6)), kind="feed", address=FEED
    )
    assert (filed(house), told(house)) == (6, 6)


def test_a_first_read_tells_what_is_fresh_in_one_card(
    tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock
) -> None:
    house = House(Store(f"sqlite:///{tmp_path / 'first.db'}"), catalogue, settings, clock)
    house.follow("Quds Force")
    old = [item(number, published=START - timedelta(days=9)) for number in range(30)]
    house.ingest(*old, *(item(number) for number in range(100, 104)), kind="feed", address=FEED)
    assert (filed(house), told(house)) == (34, 1)
    with house.store.read() as cx:
        row = cx.execute(select(deliveries)).one()
    assert row.kind == "summary"
    assert "4 stories from corpus" in str(row.card)


def test_ten_thousand_new_items_are_one_transaction_and_one_card(house: House) -> None:
    asked = len(list(house_writes(house, [item(number) for number in range(10_000)])))
    assert asked == 1
    assert (filed(house), told(house)) == (10_000, 1)


def house_writes(house: House, documents: list[Document]) -> list[object]:
    """Ingest, and say how many write transactions it took."""
    seen: list[object] = []
    real = house.store.write

    def counted() -> object:
        seen.append(object())
        return real()

    source = house.source("feed", FEED)
    from bot.pipeline import Batch

    house.store.write = counted  # type: ignore[method-assign, assignment]
    try:
        house.pipeline.ingest(Batch(source, tuple(documents), house.clock.now()))
    finally:
        house.store.write = real  # type: ignore[method-assign]
    return seen


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.a.example/x/?utm_source=rss#top", "http://a.example/x", True),
        ("https://a.example/x?id=1&fbclid=2", "https://a.example/x?id=1", True),
        ("https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2", True),
        ("https://a.example/x?id=1", "https://a.example/x?id=2", False),
        ("https://a.example/x?reference=1", "https://a.example/x", False),
        ("https://a.example/x", "https://b.example/x", False),
    ],
)
def test_links_compared(one: str, other: str, same: bool) -> None:
    assert (canonical_link(one) == canonical_link(other)) is same


def test_a_front_page_is_no_identity() -> None:
    assert canonical_link("https://a.example/") is None
    assert canonical_link("https://a.example/?utm_source=x") is None
    assert canonical_link("http://[::1") is None


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_a_feed_is_looked_at_in_its_own_rhythm() -> None:
    hourly = pace.rhythm([START - timedelta(hours=n) for n in range(30)])
    assert hourly == 3600
    assert pace.rhythm([START, None]) is None
    assert pace.interval(5 * MINUTE, DAY, hourly, timedelta(0)) == 5 * MINUTE, "a new feed begins at the floor"
    assert pace.interval(5 * MINUTE, DAY, hourly, DAY) == 15 * MINUTE
    assert pace.interval(5 * MINUTE, DAY, None, timedelta(days=2)) == timedelta(hours=6)
    assert pace.interval(5 * MINUTE, DAY, None, timedelta(days=90)) == DAY
    assert pace.interval(5 * MINUTE, DAY, 60.0, DAY, asked=timedelta(hours=1)) == timedelta(hours=1)
    assert pace.interval(5 * MINUTE, DAY, 60.0, DAY, asked=timedelta(days=30)) == DAY


def test_failures_double_the_wait_up_to_a_day_and_never_end_it() -> None:
    waits = [pace.after_failures(5 * MINUTE, DAY, failures) for failures in range(1, 400)]
    assert waits[:3] == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE]
    assert waits[-1] == DAY


@pytest.mark.parametrize(
    ("cache", "expires", "wait"),
    [
        ("max-age=600", "", 600),
        ("public, MAX-AGE=60, must-revalidate", "", 60),
        ("no-cache, max-age=600", "", 0),
        ("max-age=nonsense", "", 0),
        ("", "Sun, 01 Mar 2026 12:10:00 GMT", 600),
        ("", "0", 0),
        ("", "Sun, 01 Mar 2026 11:00:00 GMT", 0),
    ],
)
def test_how_long_an_answer_is_fresh(cache: str, expires: str, wait: int) -> None:
    assert pace.freshness(cache, expires, START) == timedelta(seconds=wait)


@pytest.mark.parametrize(
    ("value", "wait"), [("120", 120), ("Sun, 01 Mar 2026 12:02:00 GMT", 120), ("soon", 0), ("", 0)]
)
def test_retry_after(value: str, wait: int) -> None:
    assert pace.retry_after(value, START) == timedelta(seconds=wait)
