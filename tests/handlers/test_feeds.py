"""`/feeds` with many feeds at once: shipped groups, lists in and out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.cards.card import Tone
from bot.entities.catalogue import Catalogue
from bot.settings import Settings
from bot.sources.opml import OpmlFeed, load_opml, shipped_feeds, write_opml
from bot.store import sources
from bot.store.engine import Store
from handlers.feed_lists import group_names
from tests.fakes import START, House, StandingClock, card_text


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


@pytest.fixture
def opml(tmp_path: Path) -> Path:
    path = tmp_path / "mine.opml"
    feeds = [OpmlFeed("https://a.example/", "A"), OpmlFeed("https://b.example/"), OpmlFeed("http://10.0.0.1/", "In")]
    path.write_bytes(write_opml("Mine", feeds))
    return path


def addresses(house: House, workspace: str = "home") -> set[str]:
    with house.store.read() as cx:
        return {source.address for source in sources.sources_of(cx, workspace)}


def test_the_shipped_list_is_sound() -> None:
    feeds = shipped_feeds()
    assert len(feeds) >= 60
    assert len({feed.address for feed in feeds}) == len(feeds)
    assert all(feed.title and feed.group and feed.address.startswith("https://") for feed in feeds)
    assert {"Wire and broadcasters", "Regional", "UN and aid", "Think tanks and monitors"} <= set(group_names())


def test_no_shipped_feed_is_read_until_its_group_is_chosen(house: House) -> None:
    assert addresses(house) == set()
    text = card_text(house.say("/feeds groups"))
    assert "None is read until you add its group" in text
    assert "/feeds add group UN and aid" in text
    assert "/feeds groups" in card_text(house.say("/feeds")), "the empty list leads there"


def test_a_group_comes_and_goes(house: House) -> None:
    card = house.say("/feeds add group un and aid")
    chosen = {feed.address for feed in shipped_feeds() if feed.group == "UN and aid"}
    assert card.title == f"{len(chosen)} feeds added from UN and aid"
    assert "/feeds remove group UN and aid" in card_text(card)
    assert addresses(house) == chosen
    assert addresses(house, "away") == set()
    assert house.say("/feeds add group UN and aid").title == "All feeds of UN and aid are read already"
    assert f"{len(chosen)} read here" in card_text(house.say("/feeds groups"))
    card = house.say("/feeds remove group UN and aid")
    assert card.title == f"No longer read: {len(chosen)} feeds of UN and aid"
    assert "/feeds add group UN and aid" in card_text(card)
    assert addresses(house) == set()
    assert house.say("/feeds remove group UN and aid").tone is Tone.WARNING


def test_an_outer_group_holds_its_inner_ones(house: House) -> None:
    house.say("/feeds add group Regional / Africa")
    assert "were read already" in card_text(house.say("/feeds add group Regional"))
    house.say("/feeds remove group africa")
    assert addresses(house) == {
        feed.address
        for feed in shipped_feeds()
        if feed.group.startswith("Regional") and feed.group != "Regional / Africa"
    }


@pytest.mark.parametrize("typed", ["", " nowhere", " regional /"])
def test_a_group_that_is_not_there_names_those_that_are(typed: str, house: House) -> None:
    card = house.say(f"/feeds add group{typed}")
    assert card.tone is Tone.WARNING
    assert "/feeds add group Regional / Africa" in card_text(card)


def test_a_list_is_taken_in_and_its_faults_are_named(house: House, opml: Path) -> None:
    house.say("/feeds add https://a.example/")
    card = house.say(f"/feeds import {opml}")
    text = card_text(card)
    assert card.title == "1 feed added from the list"
    assert "1 feed of it was read already" in text
    assert "1 entry is left out" in text
    assert "10.0.0.1 leads to a private" in text
    assert f"/feeds remove import {opml}" in text
    assert addresses(house) == {"https://a.example/", "https://b.example/"}
    assert house.say(f"/feeds remove import {opml}").title == "No longer read: 2 feeds of the list"
    assert addresses(house) == set()


def test_feeds_of_a_list_are_due_now_with_their_titles(house: House, opml: Path) -> None:
    house.say(f"/feeds import {opml}")
    with house.store.read() as cx:
        found = {source.address: (source.title, source.next_check_at) for source in sources.sources_of(cx, "home")}
    assert found == {"https://a.example/": ("A", START), "https://b.example/": ("", START)}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Which list?"),
        (" none.opml", "There is no file"),
        (" https://a.example/list.opml", "not fetched"),
        (" ~nobody-here/x", "There is no file"),
    ],
)
def test_a_list_that_cannot_be_read_says_why(typed: str, says: str, house: House) -> None:
    card = house.say(f"/feeds import{typed}")
    assert card.tone is Tone.WARNING
    assert says in card.title
    assert card.blocks, "with the next step"


def test_elsewhere_no_path_is_opened(house: House, opml: Path) -> None:
    discord = replace(house.channel, platform="discord")
    for verb in ("import", "remove import"):
        card = house.say(f"/feeds {verb} {opml}", discord)
        assert card.tone is Tone.WARNING
        assert "vedette feeds import FILE" in card_text(card)
    assert addresses(house) == set()
    house.say("/feeds add https://a.example/")
    card = house.say("/feeds export", discord)
    assert 'xmlUrl="https://a.example/"' in card_text(card)
    assert not (house.context.settings.store.folder / "feeds.opml").exists()


def test_what_is_read_is_written_as_a_list(house: House) -> None:
    house.say("/feeds add https://a.example/?x=1&y=2")
    house.say("/feeds add group UN and aid")
    text = card_text(house.say("/feeds export"))
    path = house.context.settings.store.folder / "feeds.opml"
    assert str(path.resolve()) in "".join(text.split("\n"))
    written = load_opml(path).feeds
    assert {feed.address for feed in written} == addresses(house)
    assert {feed.group for feed in written} == {"", "UN and aid"}


def test_nothing_to_write_tells_the_next_step(house: House) -> None:
    card = house.say("/feeds export")
    assert card.tone is Tone.WARNING
    assert "/feeds groups" in card_text(card)


def test_what_everybody_reads_stays(house: House) -> None:
    with house.store.write() as cx:
        sources.add_feeds(cx, [("https://a.example/", "A")], sources.EVERYBODY, START)
    card = house.say("/feeds remove https://a.example/")
    assert card.tone is Tone.WARNING
    assert "vedette feeds remove https://a.example/" in card_text(card)
    assert addresses(house) == {"https://a.example/"}


def test_only_managers_may(house: House, opml: Path) -> None:
    for typed in ("add group UN and aid", "remove group UN and aid", f"import {opml}", f"remove import {opml}"):
        assert "Only people who manage" in house.say(f"/feeds {typed}", can_manage=False).title
    assert addresses(house) == set()


def test_ten_thousand_feeds_are_entered_at_once(house: House) -> None:
    rows = [(f"https://a{number}.example/", "") for number in range(10_000)]
    with house.store.write() as cx:
        assert sources.add_feeds(cx, rows, "home", START) == 10_000
        assert sources.add_feeds(cx, rows[:7], "home", START) == 0
        assert sources.remove_feeds(cx, [address for address, _ in rows], "home") == 10_000
