"""`/track`: what one workspace watches for, and no other sees."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.cards.card import Tone
from bot.entities.catalogue import Catalogue
from bot.settings import Settings
from bot.store import articles, seen
from bot.store.engine import Store
from tests.fakes import House, StandingClock, card_text, document


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


def test_a_new_actor_is_matched_in_the_next_article_and_alerts(house: House) -> None:
    card = house.say("/track Ansar Brigade as actor aka Ansar Battalion, لواء الأنصار")
    assert card.title == "Tracked in this workspace: Ansar Brigade"
    house.say('/subscribe "Ansar Brigade"')
    assert house.ingest(document("Fighters of the Ansar Battalion entered Samarra.")) == 1
    assert "Mentions 1 in 1 article" in " ".join(card_text(house.say("/whois ansar brigade")).split())


def test_no_other_workspace_sees_it(house: House) -> None:
    other = house.new_channel("two", workspace="away")
    house.say("/track Ansar Brigade as actor")
    house.say("/subscribe kind:actor", other)
    house.say("/subscribe kind:actor")
    assert house.ingest(document("The Ansar Brigade was heard of at Samarra.")) == 1
    assert house.say("/whois Ansar Brigade", other).tone is Tone.WARNING
    assert "Ansar" not in card_text(house.say("/where Samarra", other)).replace("The Ansar Brigade was heard of", "")
    assert "Reported there Ansar Brigade (1)" in " ".join(card_text(house.say("/where Samarra")).split())
    with house.store.read() as cx:
        assert seen.mention_count(cx, "away", ["iq-samarra"])[0] == 1
        cited = articles.citations_of(cx, "away", [1])[1]
    assert [entity for entity, _ in cited] == ["iq-samarra"]


def test_two_workspaces_may_track_the_same_name(house: House) -> None:
    other = house.new_channel("two", workspace="away")
    for channel in (house.channel, other):
        house.say("/track Ansar Brigade", channel)
        house.say('/subscribe "Ansar Brigade"', channel)
    assert house.ingest(document("The Ansar Brigade was heard of.")) == 2


def test_a_further_name_of_a_known_entity_counts_for_it_here_alone(house: House) -> None:
    other = house.new_channel("two", workspace="away")
    house.say("/track Quds Force aka Ghods Corps")
    for channel in (house.channel, other):
        house.say("/subscribe Quds Force", channel)
    assert house.ingest(document("The Ghods Corps was seen at Samarra.")) == 1
    assert house.ingest(document("The Quds Force was seen at Baghdad.", key="b")) == 2
    text = " ".join(card_text(house.say("/whois Ghods Corps")).split())
    assert "Mentions 2 in 2 articles" in text
    assert "IRGC-QF" in text


def test_it_can_be_taken_back(house: House) -> None:
    house.say("/track New Camp as place aka Camp Nine at 34.5, 44.6 in IQ")
    assert "34.50° N, 44.60° E" in card_text(house.say("/where Camp Nine"))
    card = house.say("/track remove camp nine")
    assert card.title == "No longer tracked: New Camp"
    assert "/track New Camp aka Camp Nine as place at 34.5, 44.6" in card_text(card)
    assert house.say("/where New Camp").tone is Tone.WARNING
    assert "nothing called" in house.say("/track remove New Camp").title


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/track X", "is a single letter"),
        ("/track 2014", "is only digits"),
        ("/track Quds Force", "is in the catalogue already"),
        ("/track Nowhere as town", "lat is missing"),
        ("/track Nowhere as town at 95, 10", "impossible"),
        ("/track Nowhere as town at 34", "is no position"),
        ("/track " + "long " * 60, "longer than 120 letters"),
    ],
)
def test_what_cannot_be_tracked_says_why_and_what_to_type(typed: str, said: str, house: House) -> None:
    card = house.say(typed)
    assert card.tone is Tone.WARNING
    assert said in card.title
    assert "/" in card_text(card)


def test_only_managers_may(house: House) -> None:
    assert "Only people who manage" in house.say("/track Ansar Brigade", can_manage=False).title


def test_the_empty_list_tells_the_next_step(house: House) -> None:
    assert "/track Ansar Brigade aka Ansar Battalion" in card_text(house.say("/track"))


def test_a_second_process_sees_it(
    house: House, catalogue: Catalogue, settings: Settings, clock: StandingClock, tmp_path: Path
) -> None:
    second = House(house.store, catalogue, settings, clock)
    house.say("/track Ansar Brigade")
    house.say('/subscribe "Ansar Brigade"')
    assert second.ingest(document("The Ansar Brigade was heard of.")) == 1


def test_a_name_added_in_the_place_of_another_is_seen(house: House) -> None:
    """The row before it is gone, and its number may be given again."""
    house.say("/track Quds Force aka Ghods Corps")
    house.say("/subscribe Quds Force")
    house.ingest(document("The Ghods Corps was seen.", key="a"))
    house.clock.move(timedelta(minutes=1))
    house.say("/track Quds Force aka Sepah Nine")
    assert house.ingest(document("Later the Sepah Nine was heard of far away.", key="b")) == 1


def test_a_subscription_in_the_place_of_another_fires(house: House) -> None:
    house.say("/subscribe Samarra")
    house.ingest(document("Samarra was quiet.", key="a"))
    house.clock.move(timedelta(minutes=1))
    house.say("/unsubscribe 1")
    house.say("/subscribe Quds Force")
    assert house.ingest(document("The Quds Force was heard of elsewhere.", key="b")) == 1
