from __future__ import annotations

from datetime import timedelta

import pytest

from bot.entities.catalogue import Catalogue
from bot.pipeline import Batch
from bot.settings import Settings
from bot.store import alerts, articles, outbox, sources
from bot.store.engine import Store
from tests.fakes import START, House, StandingClock, document

SEEN = "The Quds Force was seen at Samarra, officers told Reuters on Friday."


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


def depth(house: House, channel=None) -> int:
    with house.store.read() as cx:
        return sum(outbox.depth(cx, (channel or house.channel).id).values())


def test_an_article_a_channel_follows_becomes_one_delivery(house: House) -> None:
    house.follow("Quds Force")
    assert house.ingest(document(SEEN)) == 1
    assert depth(house) == 1
    with house.store.read() as cx:
        alert = alerts.latest(cx, house.channel, 5)[0]
        cited = articles.latest_citations(cx, "home", ["quds-force"], 5)
    assert alert.why == ("naming Quds Force",)
    assert alert.code.startswith("V-")
    assert len(alert.code) == 7
    assert cited[0].sentence == SEEN
    start, end = cited[0].marks[0]
    assert cited[0].sentence[start - cited[0].start : end - cited[0].start] == "Quds Force"


def test_other_articles_become_none(house: House) -> None:
    house.follow("Quds Force")
    assert house.ingest(document("Samarra was quiet on Friday, its mayor said.")) == 0


def test_the_same_item_again_is_nothing(house: House) -> None:
    house.follow("Quds Force")
    for key in ("a.md", "a.md", "renamed.md"):
        house.ingest(document(SEEN, key))
    assert depth(house) == 1
    with house.store.read() as cx:
        assert articles.totals(cx, "home")[0] == 1


def test_the_same_text_from_another_source_joins_the_story(house: House) -> None:
    house.follow("Quds Force")
    house.ingest(document(SEEN, "a"))
    house.ingest(document(SEEN + " (Reuters)", "b"), address="/elsewhere")
    assert depth(house) == 1
    with house.store.read() as cx:
        assert articles.totals(cx, "home")[:2] == (2, 1)


def test_a_changed_text_is_an_update_not_an_article(house: House) -> None:
    house.follow("Quds Force")
    house.ingest(document(SEEN, "a.md"))
    house.ingest(document(SEEN + " Baghdad confirmed it.", "a.md"))
    assert depth(house) == 1
    with house.store.read() as cx:
        assert articles.totals(cx, "home")[0] == 1
        assert articles.search_words(cx, "home", "confirmed", 5)[0].text.endswith("Baghdad confirmed it.")
        assert len(articles.latest_citations(cx, "home", ["iq-baghdad"], 5)) == 1


def test_each_channel_gets_its_own_alert(house: House) -> None:
    other = house.new_channel("two")
    house.follow("Quds Force")
    house.follow("Samarra", other)
    assert house.ingest(document(SEEN)) == 2
    assert (depth(house), depth(house, other)) == (1, 1)


def test_two_subscriptions_of_a_channel_make_one_alert_with_both_reasons(house: House) -> None:
    house.follow("Quds Force")
    house.follow("Samarra")
    assert house.ingest(document(SEEN)) == 1
    with house.store.read() as cx:
        assert alerts.latest(cx, house.channel, 1)[0].why == ("naming Quds Force", "naming Samarra")


def test_a_workspace_hears_nothing_of_anothers_feeds(house: House) -> None:
    house.follow("Quds Force")
    fresh = document(SEEN, published=START)
    assert house.ingest(fresh, kind="feed", address="https://a.example/", workspace="abroad") == 0
    with house.store.read() as cx:
        assert articles.search_words(cx, "home", "Samarra", 5) == []
        assert len(articles.search_words(cx, "abroad", "Samarra", 5)) == 1
        assert articles.latest_citations(cx, "home", ["quds-force"], 5) == []


def test_a_feeds_back_log_is_filed_without_a_word(house: House) -> None:
    house.follow("Quds Force")
    old = document(SEEN, "old", published=START - timedelta(days=3))
    undated = document("The Quds Force left Baghdad again.", "undated")
    fresh = document(
        "Fresh from Samarra: the IRGC and the Quds Force met there.", "fresh", published=START - timedelta(hours=1)
    )
    assert house.ingest(old, undated, fresh, kind="feed", address="https://a.example/") == 1
    later = document("Undated but new: more of the Quds Force came to Iraq today.", "later")
    assert house.ingest(later, kind="feed", address="https://a.example/") == 1
    with house.store.read() as cx:
        assert articles.totals(cx, "home")[0] == 4


def test_a_document_in_the_folder_is_news_whatever_its_date(house: House) -> None:
    house.follow("Quds Force")
    assert house.ingest(document(SEEN, published=START - timedelta(days=4000))) == 1


def test_a_lost_lease_writes_nothing(house: House) -> None:
    house.follow("Quds Force")
    late = house.source()
    house.clock.move(timedelta(hours=1))
    with house.store.write() as cx:
        sources.due_now(cx, late.id, house.clock.now())
        assert sources.claim_due(cx, "other", house.clock.now(), timedelta(minutes=1), 10)
    result = house.pipeline.ingest(Batch(late, (document(SEEN),), house.clock.now()))
    assert result.lost_lease
    assert depth(house) == 0


def test_a_new_subscription_is_seen_by_the_next_article(house: House) -> None:
    assert house.ingest(document("The IRGC spoke of Baghdad.", "1")) == 0
    house.follow("Samarra")
    assert house.ingest(document(SEEN, "2")) == 1


def test_short_ids_grow_where_they_would_collide(house: House) -> None:
    house.follow("Quds Force")
    house.ingest(document(SEEN))
    with house.store.read() as cx:
        alert = alerts.latest(cx, house.channel, 1)[0]
        again = alerts._free_code(cx, outbox.delivery_key("alert", house.channel.id, alert.story_id, "first"))
    assert again.startswith(alert.code)
    assert len(again) == len(alert.code) + 1


def test_words_are_found_as_they_are_spelt_or_not(house: House) -> None:
    house.ingest(document("Sévaré: the “milítias” left — in haste.", "a"))
    with house.store.read() as cx:
        for words in ("militias", "SEVARE", "haste militias", "'militias'"):
            assert len(articles.search_words(cx, "home", words, 5)) == 1, words
        for words in ("militia", "", "'", 'militias" OR "x', "NOT militias"):
            assert articles.search_words(cx, "home", words, 5) == [], words
