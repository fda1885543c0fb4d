"""Digests from end to end: what they say of an invented war, that every word is cited, and that each comes exactly once."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from bot.cards.card import Card, Does, Line, Listing, Quote, Text, card_from_data, plain_text
from bot.cards.picture import ActivitySpec, MapSpec, Picture
from bot.chat import discord_cards, slack_cards
from bot.data_files import data_folder
from bot.digest import ROOM, digest_card, length
from bot.digest_facts import DigestFacts, Tallies
from bot.editor import send_due_digests
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.known import Known
from bot.model import Headline
from bot.ranking import Story
from bot.settings import Settings
from bot.store import articles, digests, subscriptions
from bot.store.engine import Store
from bot.store.tables import deliveries
from bot.store.tables import digests as sent_days
from bot.timetable import Timetable, next_digest
from handlers.forms import form_for, form_line
from tests.fakes import START, House, StandingClock, card_text, document
from tests.war import invade

MORNING = timedelta(hours=19)  # from START, noon, to seven o'clock


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


@pytest.fixture(scope="module")
def iraq() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture
def war(store: Store, iraq: Catalogue, settings: Settings) -> House:
    house = House(store, iraq, settings, StandingClock(START - timedelta(days=32)))
    house.follow("Samarra")
    house.follow("Tikrit")
    invade(house)
    return house


def digest_cards(house: House) -> list[Card]:
    with house.store.read() as cx:
        query = select(deliveries.c.card).where(deliveries.c.kind == "digest").order_by(deliveries.c.id)
        return [card_from_data(row) for row in cx.execute(query).scalars()]


def send(house: House) -> int:
    return send_due_digests(house.store, house.known, house.clock.now())


def listing(card: Card, heading: str) -> str:
    found = [block for block in card.blocks if isinstance(block, Listing) and block.heading == heading]
    return "\n".join(plain_text(row) for row in found[0].lines) if found else ""


def test_a_day_of_war(war: House) -> None:
    """One house, looked at from all sides, for it takes a while to build."""
    card = war.say("/digest now 1d")
    said = card_text(card)
    assert "stories in 16 articles from 6 outlets since 28 Feb 2026, 12:00" in said
    assert "Samarra stands out: 13 articles against 2.3 a day usually." in said
    assert "Peshmerga enter Samarra and take the dam" in said
    assert "4 outlets · 1 origin (Tigris Wire)" in said
    assert "Siege of Baquba enters its second week" in listing(card, "Also")
    assert "grew by 2 articles to 5" in said
    assert "Tikrit  not named; 2.1 a day usually; last on 28 Feb 2026" in listing(card, "Gone quiet")
    assert "No more of: Ferry sinks at Mosul" in listing(card, "Gone quiet")
    assert "Peshmerga named with Samarra" in listing(card, "For the first time")
    assert "Amber Shield Brigade  3 stories" in listing(card, "Names the catalogue lacks")
    assert [button.line for button in card.buttons] == ["/track Amber Shield Brigade"]
    assert re.search(r"Alerts: \d+ posted here since", said)
    assert "6 feeds, all answering" in said
    specs = [block.spec for block in card.blocks if isinstance(block, Picture)]
    places, activity = specs
    assert isinstance(places, MapSpec)
    assert isinstance(activity, ActivitySpec)
    assert [(place.name, place.alert) for place in places.places] == [("Samarra", True), ("Baquba", False)]
    assert (len(activity.values), sum(activity.values), round(activity.baseline or 0, 1)) == (14, 120, 8.0)
    _every_statement_has_its_source(war, card)
    _another_workspace_hears_nothing_of_it(war)
    _what_is_followed_comes_first(war)
    _tracked_names_stop_being_unknown(war)
    _the_archive_is_told_by_its_own_dates(war)
    _a_broken_feed_is_named(war)


def _every_statement_has_its_source(war: House, card: Card) -> None:
    """Each quote stands in an article of the outlet it names; each line of a list is cited, or is a name with its numbers."""
    with war.store.read() as cx:
        filed = articles.articles_between(cx, "home", None, None, 10_000)
    by_url = {article.url: article for article in filed}
    quotes = [block for block in card.blocks if isinstance(block, Quote)]
    assert len(quotes) == 5
    for quote in quotes:
        source = by_url[_link(quote.source)]
        assert plain_text(quote.runs).strip("… ") in source.text
        assert source.outlet in plain_text(quote.source)
        marked = [run.text for run in quote.runs if run.style == "mark"]
        assert marked
        assert all(word in source.text for word in marked)
    titles = {article.title for article in filed}
    numbered = [block for block in card.blocks if isinstance(block, Text) and block.runs[0].text[0].isdigit()]
    assert all(any(run.text in titles for run in block.runs) for block in numbered[1:])
    for block in card.blocks:
        if isinstance(block, Listing) and block.heading in ("Also", "For the first time", "Names the catalogue lacks"):
            for row in block.lines:
                assert by_url[_link(row)].outlet in plain_text(row)
    known = {entity.name for entity in war.catalogue.entities.values()}
    quiet = listing(card, "Gone quiet").splitlines()[0]
    assert quiet.split("  ")[0] in known


def _link(runs: Line) -> str | None:
    return next(run.link for run in runs if run.link)


def _another_workspace_hears_nothing_of_it(war: House) -> None:
    with war.store.write() as cx:
        from bot.store import sources

        sources.add_source(cx, "feed", "https://private.example/feed", "elsewhere", war.clock.now())
    war.ingest(
        document("A secret of Samarra.", published=war.clock.now() - timedelta(hours=1)),
        kind="feed",
        address="https://private.example/feed",
        workspace="elsewhere",
    )
    assert "secret" not in card_text(war.say("/digest now 1d"))
    assert "13 articles against 2.3" in card_text(war.say("/digest now 1d"))
    other = war.new_channel("there", "elsewhere")
    assert "A secret of Samarra" in card_text(war.say("/digest now 1d", other))


def _what_is_followed_comes_first(war: House) -> None:
    baquba = war.new_channel("baquba")
    war.follow("Baquba", baquba)
    titles = [plain_text(block.runs) for block in war.say("/digest now 1d", baquba).blocks if isinstance(block, Text)]
    assert "Baquba" in titles[1]
    assert "Baquba" in titles[2]


def _tracked_names_stop_being_unknown(war: House) -> None:
    war.say("/track Amber Shield Brigade")
    war.ingest(document("The Amber Shield Brigade left at noon.", key="b", published=war.clock.now()))
    assert "Amber Shield Brigade" in card_text(war.say("/whois Amber Shield Brigade"))


def _the_archive_is_told_by_its_own_dates(war: House) -> None:
    """Nothing scheduled, a large archive, months later: the last day of the documents, not of the reading."""
    war.clock.move(timedelta(days=90))
    assert "since 28 Feb 2026" in card_text(war.say("/digest now"))
    assert "Digest, Sunday 1 Mar 2026" in card_text(war.say("/digest now"))


def _a_broken_feed_is_named(war: House) -> None:
    from bot.store import sources

    war.say("/digest at 12:00 UTC")
    with war.store.write() as cx:
        now = war.clock.now()
        feed = next(one for one in sources.sources_of(cx, "home") if one.title == "Radio Delta")
        claimed = sources.claim_one(cx, feed.id, "x", now, timedelta(minutes=1))
        assert claimed
        sources.fail_read(cx, claimed, now, now, "The server answered 500.")
    war.clock.move(timedelta(days=1))
    send(war)
    said = card_text(digest_cards(war)[-1])
    assert "Nothing new was read since" in said
    assert "Radio Delta  nothing new since 1 Mar 2026" in said
    assert "It fails: The server answered 500." in said
    assert "It answers as always." in said
    assert "6 feeds, 1 failing: Radio Delta" in said


def test_nothing_happened_is_one_line(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    house.clock.move(MORNING)
    assert send(house) == 1
    card = digest_cards(house)[0]
    assert [type(block) for block in card.blocks] == [Text]
    assert "Nothing new was read since 1 Mar 2026, 07:00." in card_text(card)


def test_an_empty_archive_says_what_to_do(house: House) -> None:
    assert "Nothing has been read yet. Add a feed: /feeds add" in card_text(house.say("/digest now"))


def test_a_digest_tells_what_came_in_since_the_last_one(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    house.ingest(document("Quds Force men at Samarra.", key="1"))
    house.clock.move(MORNING)
    send(house)
    house.ingest(document("ISIS men in Baghdad.", key="2"))
    house.clock.move(timedelta(days=1))
    send(house)
    first, second = map(card_text, digest_cards(house))
    assert "Quds Force men at Samarra" in first
    assert "ISIS men in Baghdad" not in first
    assert "ISIS men in Baghdad" in second
    assert "Quds Force men at Samarra" not in second
    assert "Nothing new was read since 3 Mar 2026, 06:58" in card_text(house.say("/digest now"))


def test_what_is_old_is_not_told_as_news(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    house.ingest(document("ISIS men in Baghdad.", key="new"))
    house.ingest(document("Quds Force men at Samarra.", key="old", published=datetime(2014, 6, 13, tzinfo=UTC)))
    house.clock.move(MORNING)
    send(house)
    said = card_text(digest_cards(house)[0])
    assert "1 story in 1 article" in said
    assert "Beside these, 1 older article of 13 Jun 2014 went to the archive." in said


def test_it_comes_once_whoever_looks(house: House, database_url: str) -> None:
    """Two processes, at the same moment, again and again."""
    house.say("/digest at 7:00 UTC")
    house.ingest(document("ISIS men in Baghdad."))
    house.clock.move(MORNING)
    stores = [Store(database_url), Store(database_url)]
    together = threading.Barrier(2)
    made: list[int] = []

    def look(store: Store) -> None:
        known = Known(house.catalogue, house.known.lookup_of("home"))
        together.wait()
        made.append(sum(send_due_digests(store, known, house.clock.now()) for _ in range(3)))

    threads = [threading.Thread(target=look, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert sorted(made) == [0, 1]
    assert len(digest_cards(house)) == 1


def test_a_schedule_that_was_read_before_another_process_sent_it(house: House) -> None:
    """The slower one finds the schedule moved on, and writes nothing."""
    house.say("/digest at 7:00 UTC")
    house.clock.move(MORNING)
    with house.store.read() as cx:
        seen = digests.due_schedules(cx, house.clock.now())[0]
    assert send(house) == 1
    with house.store.write() as cx:
        assert not digests.advance(cx, seen, seen.next_digest_at, house.clock.now(), None)
        assert not digests.take_day(cx, house.channel.id, date(2026, 3, 2), house.clock.now())


def test_a_late_digest_says_so(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    house.clock.move(MORNING + timedelta(hours=5, minutes=59))
    assert send(house) == 1
    assert "Late: it was due at 2 Mar 2026, 07:00." in card_text(digest_cards(house)[0])


def test_a_digest_later_than_six_hours_is_left_out_and_the_next_says_so(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    house.ingest(document("ISIS men in Baghdad."))
    house.clock.move(MORNING + timedelta(hours=6, minutes=1))
    assert send(house) == 0
    house.clock.move(timedelta(hours=18))
    assert send(house) == 1
    said = card_text(digest_cards(house)[0])
    assert "No digest could be sent since 2 Mar 2026; this one covers that time." in said
    house.clock.move(timedelta(days=1))
    send(house)
    assert "could be sent" not in card_text(digest_cards(house)[1])


def test_after_days_of_downtime_the_one_of_this_morning_comes(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    house.ingest(document("ISIS men in Baghdad."))
    house.clock.move(MORNING + timedelta(days=3, hours=2))
    assert send(house) == 1
    said = card_text(digest_cards(house)[0])
    assert "Late: it was due at 5 Mar 2026, 07:00." in said
    assert "No digest could be sent since 2 Mar 2026" in said
    assert send(house) == 0


def test_a_later_time_on_the_same_day_brings_no_second_one(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    house.clock.move(MORNING)
    send(house)
    house.clock.move(timedelta(minutes=10))
    assert "The next one: 3 Mar 2026, 12:00" in card_text(house.say("/digest at 12:00"))
    house.clock.move(timedelta(hours=6))
    assert send(house) == 0
    house.clock.move(timedelta(hours=23))
    assert send(house) == 1


def test_a_channel_that_cannot_be_reached_gathers_no_digests(house: House) -> None:
    house.say("/digest at 7:00 UTC")
    with house.store.write() as cx:
        subscriptions.park_channel(cx, house.channel.id, "gone")
    house.clock.move(MORNING)
    assert send(house) == 0


def test_one_broken_digest_does_not_hold_up_the_others(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    import bot.editor

    good = house.new_channel("two")
    for channel in (house.channel, good):
        house.say("/digest at 7:00 UTC", channel)
    house.clock.move(MORNING)
    build = bot.editor.facts_for

    def faulty(cx: object, channel: object, *rest: object) -> DigestFacts:
        if channel == house.channel:
            raise ValueError
        return build(cx, channel, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(bot.editor, "facts_for", faulty)
    assert send(house) == 1


@pytest.mark.parametrize("zone", ["America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Baghdad"])
def test_forty_days_round_a_change_of_clocks_through_the_store(house: House, zone: str) -> None:
    """Half-hour by half-hour: one row a local day, each at its minute."""
    clock = StandingClock(datetime(2026, 3, 1, tzinfo=UTC))
    timetable = Timetable("02:30" if zone == "America/New_York" else "00:00", zone)
    with house.store.write() as cx:
        digests.set_schedule(cx, house.channel.id, timetable, next_digest(clock.now(), timetable))
    expected, at = [], clock.now()
    while at < clock.now() + timedelta(days=60):
        at = next_digest(at, timetable)
        expected.append(at)
    came = []
    for moment in expected:
        for when in (moment - timedelta(seconds=1), moment, moment + timedelta(minutes=30)):
            if send_due_digests(house.store, house.known, when):
                came.append(when)
    assert came == expected
    with house.store.read() as cx:
        days = sorted(cx.execute(select(sent_days.c.local_date)).scalars())
    assert [(later - day).days for day, later in pairwise(days)] == [1] * (len(expected) - 1)


def longest_digest() -> Card:
    """Five hundred stories with the longest of everything."""
    long = "Commander Alexandrovich of the Western Operations Room " * 6
    stories = tuple(
        Story(n, (Headline(n, n, 1, long[:200], long, f"https://long.example/{'path/' * 50}{n}", START, True),))
        for n in range(500)
    )
    tallies = Tallies(500, 500, 500, 90, START, START)
    names = tuple(long[:200] for _ in range(40))
    facts = DigestFacts(
        START - timedelta(days=1), START, "Asia/Baghdad", tallies, stories[:15], {}, feeds=90, failing=names
    )
    return digest_card(facts, {})


def test_the_longest_digest_stays_within_its_room() -> None:
    card = longest_digest()
    assert length(card) <= ROOM
    assert "more stories, all in the archive" in card_text(card)
    whole = ("Commander Alexandrovich", "more stories, all in the archive", "failing")
    discord = json.dumps(discord_cards.render(card, lambda line: line), ensure_ascii=False)
    slack = json.dumps(slack_cards.message(card).blocks, ensure_ascii=False)
    for said in whole:
        assert said in discord, said
        assert said in slack, said


def test_the_form_sets_what_is_typed(house: House) -> None:
    assert form_line("digest", {"time": "7:00", "zone": "Asia/Baghdad", "days": "Sun-Thu"}) == (
        "/digest at 7:00 Asia/Baghdad Sun-Thu"
    )
    assert form_line("digest", {"time": "", "zone": "Asia/Baghdad", "days": "daily"}) == "/digest off"
    house.say("/digest at 6:30 Asia/Baghdad Mon, Wed, Fri")
    form = form_for(house.context, house.channel, "/digest")
    assert form
    assert [field.value for field in form.fields] == ["06:30", "Asia/Baghdad", "Mon,Wed,Fri"]
    again = form_line("digest", {field.name: field.value for field in form.fields})
    assert again == "/digest at 06:30 Asia/Baghdad Mon,Wed,Fri"
    state = house.say("/digest")
    assert state.title == "The digest comes on Mon,Wed,Fri at 06:30 (Asia/Baghdad)."
    assert [(button.line, button.does) for button in state.buttons] == [
        ("/digest now", Does.ANSWER),
        ("/digest", Does.FORM),
        ("/digest off", Does.ANSWER),
    ]
    assert "2 Mar 2026, 06:30" in card_text(state)
    assert "on weekdays" in house.say("/digest at 06:30 weekdays").title
    assert "is no time zone and no day" in house.say("/digest at 06:30 someday").title
