from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cards.card import Card, Tone
from bot.entities.catalogue import Catalogue
from bot.settings import Settings
from bot.store import alerts, sources
from bot.store.engine import Store
from handlers import COMMANDS, completions
from tests.fakes import House, StandingClock, card_text, document

SEEN = "The Qods Force was seen at Samarra, officers told Reuters. ISIS had left Baghdad, they said."


@pytest.fixture
def house(tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    made = House(store, catalogue, settings, clock)
    made.ingest(
        document(SEEN, title="Guards at the shrine", outlet="Desk", published=datetime(2014, 6, 13, tzinfo=UTC))
    )
    return made


def says(card: Card, *parts: str) -> None:
    text = " ".join(card_text(card).split())
    for part in parts:
        assert part in text, f"{part!r} is not in {text}"


def test_whois_tells_who_it_is_and_what_was_read(house: House) -> None:
    says(
        house.say("/whois Quds Force"),
        "Quds Force",
        "actor (military)",
        "Qods Force · IRGC-QF",
        "فيلق القدس",
        "Part of IRGC",
        "Esmail Qaani (since 2020) · Qassem Soleimani (1998–2020)",
        "Seen at Samarra (1)",
        "was seen at Samarra, officers told Reuters.",
        "Desk, 13 Jun 2014 · Guards at the shrine",
    )


@pytest.mark.parametrize("typed", ["qods force", "IRGC-QF", "QUDS  FORCE", "Quds Froce", "فيلق القدس", "quds-force"])
def test_every_spelling_and_a_typo_reach_the_same_card(typed: str, house: House) -> None:
    card = house.say(f"/whois {typed}")
    assert card.title == "Quds Force"


def test_where_gives_position_and_neighbours(house: House) -> None:
    says(
        house.say("/where Samarra"),
        "Salah ad-Din, Iraq",
        "34.20° N, 43.87° E",
        "108 km NNW of Baghdad",
        "Seen with Quds Force (1)",
    )


def test_an_unknown_name_gets_the_nearest_ones(house: House) -> None:
    says(house.say("/whois Samarkand"), "Nothing in the catalogue is called “Samarkand”", "/search Samarkand")
    says(house.say("/whois"), "Which name?", "/whois Quds Force")


def test_search_marks_the_words_and_says_when_there_are_none(house: House) -> None:
    says(
        house.say("/search officers reuters"),
        "1 article with “officers reuters”",
        "Guards at the shrine",
        "officers told Reuters",
    )
    says(house.say("/search submarine"), "No article here contains “submarine”")
    says(house.say("/search …"), "Search for what?")


def test_subscribing_previews_lists_and_can_be_undone(house: House) -> None:
    says(house.say("/subscriptions"), "follows nothing yet", "/subscribe Quds Force")
    says(
        house.say("/subscribe qods force"),
        "You now follow #1",
        "Articles naming Quds Force",
        "It would have fired 1 time in 30 days",
        "/unsubscribe 1",
    )
    says(house.say("/subscribe Quds Force"), "You follow already #1")
    says(house.say("/subscriptions"), "1 subscription", "#1", "naming Quds Force")
    says(house.say("/unsubscribe 1"), "No longer followed", '/subscribe "Quds Force"')
    says(house.say("/unsubscribe 1"), "follows nothing")


def test_unsubscribing_by_name_and_by_a_wrong_number(house: House) -> None:
    house.say("/subscribe Quds Force")
    says(house.say("/unsubscribe 99"), "No subscription here is “99”", "/unsubscribe 1")
    assert house.say("/unsubscribe qods force").tone is Tone.DONE


def test_why_shows_the_subscription_and_the_words(house: House) -> None:
    house.say("/subscribe Quds Force")
    house.ingest(document("IRGC-QF men went to Samarra.", "b"))
    says(house.say("/why"), "Which alert?", "/why V-")

    with house.store.read() as cx:
        code = alerts.latest(cx, house.channel, 1)[0].code
    says(house.say(f"/why {code.lower()}"), "articles naming Quds Force", "“IRGC-QF”")
    says(house.say("/why V-00000"), "No alert here is called")


def test_another_workspaces_alert_is_as_unknown_as_one_that_never_was(house: House) -> None:
    house.say("/subscribe Quds Force")
    house.ingest(document("IRGC-QF men went to Samarra.", "b"))

    with house.store.read() as cx:
        code = alerts.latest(cx, house.channel, 1)[0].code
    foreign = house.new_channel("two", "abroad")
    mine, never = house.say(f"/why {code}", foreign), house.say("/why V-ZZZZZ", foreign)
    assert card_text(mine).replace(code, "?") == card_text(never).replace("V-ZZZZZ", "?")


def test_changes_need_the_right_to_make_them(house: House) -> None:
    for text in (
        "/subscribe Samarra",
        "/unsubscribe 1",
        "/feeds add https://a.example/",
        "/feeds remove x",
        "/digest at 07:00",
        "/digest off",
    ):
        says(house.say(text, can_manage=False), "Only people who manage this channel")
    with house.store.read() as cx:
        assert [source.kind for source in sources.sources_of(cx, "home")] == ["folder"]


def test_feeds_come_and_go(house: House) -> None:
    woken = []
    house.context.woken.append(lambda: woken.append(1))
    says(house.say("/feeds"), "No feed is read yet")
    says(house.say("/feeds add https://A.example/feed"), "Feed added: https://a.example/feed")
    assert woken
    says(house.say("/feeds add a.example/feed"), "read already")
    says(house.say("/feeds health"), "1 feed", "not read yet; due now")
    with house.store.write() as cx:
        source = sources.claim_due(cx, "x", house.clock.now(), timedelta(minutes=1), 5, "feed")[0]
        sources.fail_read(
            cx, source, house.clock.now(), house.clock.now() + timedelta(minutes=10), "The server answered 404."
        )
    says(house.say("/feeds health"), "1 failing", "The server answered 404. Next try 1 Mar 2026, 12:10")
    says(house.say("/status"), "Failing sources", "404")
    says(house.say("/feeds remove a.example"), "No longer read", "/feeds add")
    says(house.say("/feeds remove a.example"), "No feed here is")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "https://me:pw@a.example/", "http://["])
def test_a_bad_address_gets_a_sentence(address: str, house: House) -> None:
    card = house.say(f"/feeds add {address}")
    assert card.tone is Tone.WARNING
    assert "pw@" not in card_text(card)


def test_the_digest_is_set_shown_and_stopped(house: House) -> None:
    says(house.say("/digest now"), "1 story in 1 article", "Guards at the shrine", "Quds Force (1)", "Samarra (1)")
    says(house.say("/digest"), "No digest comes here yet")
    says(
        house.say("/digest at 7:00 asia/baghdad"),
        "every day at 07:00 (Asia/Baghdad)",
        "The next one: 2 Mar 2026, 07:00",
    )
    says(house.say("/digest"), "every day at 07:00")
    says(house.say("/digest at 25:00"), "At what time?")
    says(house.say("/digest at 07:00 Bagdad"), "is no time zone and no day")
    says(house.say("/digest now someday"), "is no time to begin at", "/digest now 7d")
    says(house.say("/digest now 2014-06-12"), "1 story in 1 article since 12 Jun 2014, 00:00")
    says(house.say("/digest off"), "No digest comes here any more", "/digest at 07:00 Asia/Baghdad daily")
    says(house.say("/digest never"), "does not know “never”")


def test_help_lists_every_command_and_explains_one(house: House) -> None:
    for command in COMMANDS:
        if not command.hidden:
            says(house.say("/help"), command.usage.split()[0], command.about)
        says(house.say(f"/help {command.name}"), command.about)


def test_a_wrong_command_names_the_nearest(house: House) -> None:
    says(house.say("/whos Quds Force"), "There is no command “whos”", "/whois NAME", "/help")
    says(house.say("Quds Force"), "/whois Quds Force")
    says(house.say("/"), "Type a command")


def test_aliases_and_the_vedette_prefix_work(house: House) -> None:
    assert house.say("/vedette whois Quds Force").title == "Quds Force"
    assert house.say("whois Quds Force").title == "Quds Force"
    says(house.say("/subs"), "follows nothing")


def test_a_text_tells_whom_it_names(house: House) -> None:
    text = "Quds Force men left Samarra, and the Quds Force said nothing."
    says(house.say(f"/who-is-in {text}"), "2 names in this text", "Quds Force", "×2", "Samarra", "/whois Quds Force")
    says(house.say("/who-is-in nothing of note"), "I know nobody and no place in this text", "/search")


def test_a_text_names_nobody_that_another_workspace_tracks(house: House) -> None:
    abroad = house.new_channel("two", "abroad")
    house.say("/track Ansar Brigade", abroad)
    says(house.say("/who-is-in The Ansar Brigade came.", abroad), "Ansar Brigade")
    says(house.say("/who-is-in The Ansar Brigade came."), "I know nobody")


def test_status_names_unreadable_files(house: House) -> None:
    source = house.source()
    with house.store.write() as cx:
        sources.note_files(cx, source.id, [("bad.txt", "1:1", "the file is binary, not text")], house.clock.now())
    says(house.say("/status"), "1 article in 1 story", "bad.txt", "the file is binary, not text")


def test_a_defect_is_a_sentence_not_a_traceback(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "read", lambda self: 1 / 0)
    says(house.say("/status"), "Something went wrong")


def test_completion_offers_commands_then_names(house: House) -> None:
    assert ("/whois", "Say who or what a name is, and what was read about it") in list(
        completions(house.context, house.channel, "/wh")
    )
    assert "/whois Quds Force" in [text for text, _ in completions(house.context, house.channel, "/whois qod")]
