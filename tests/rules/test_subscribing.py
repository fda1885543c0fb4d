"""The language from the command to the alert: what is stored, what fires, what the card says of distances."""

from __future__ import annotations

import pytest

from bot.settings import Settings
from bot.store import alerts, subscriptions
from bot.store.engine import Store
from bot.store.tables import deliveries
from tests.fakes import House, StandingClock, card_text, document
from tests.rules.worlds import CATALOGUE

NEWS = "Fighters of ISIS were seen at Khalis on Friday, and a bridge at Kirkuk was closed, officers said."


@pytest.fixture
def house(store: Store, settings: Settings, clock: StandingClock) -> House:
    return House(store, CATALOGUE, settings, clock)


def sent(house: House) -> str:
    with house.store.read() as cx:
        rows = cx.execute(deliveries.select().order_by(deliveries.c.id)).all()
    return str([row.card for row in rows])


def test_an_alert_says_how_far_what_was_asked_for_lies(house: House) -> None:
    house.say('/subscribe near:"Baquba" 40km -Samarra')
    assert house.ingest(document(NEWS)) == 1
    card = sent(house)
    assert "Khalis, Diyala (13 km NW of Baquba)" in card
    assert "of Baquba)" not in card.replace("Khalis, Diyala (13 km NW of Baquba)", "")


def test_the_answer_says_the_query_in_words_and_how_it_is_told(house: House) -> None:
    house.ingest(document(NEWS))
    said = card_text(house.say("/subscribe ISIS within:Diyala quiet:22:00-06:00 max:5/d mention:@duty if (ISIS)"))
    assert 'You now follow #1: "ISIS" AND within:"Diyala" quiet:22:00-06:00 max:5/d' in said
    assert "naming ISIS and anywhere in Diyala" in said
    assert "Quiet from 22:00 to 06:00; at most 5 posts a day; call @duty for those naming ISIS." in said
    assert "would have fired 1 time" in said
    listed = card_text(house.say("/subscriptions"))
    assert "at most 5 posts a day" in listed
    assert "No longer followed" in card_text(house.say("/unsubscribe 1"))


def test_a_fault_is_told_with_its_place_and_nothing_is_followed(house: House) -> None:
    said = card_text(house.say("/subscribe ISIS naer:Baquba 40km"))
    assert "▸naer:Baquba" in said
    assert "Perhaps near: is meant" in said
    assert "follows nothing" in card_text(house.say("/subscriptions"))


def test_an_ambiguous_name_is_asked_about_and_the_choice_kept(house: House) -> None:
    assert '"Tripoli, Libya" or "Tripoli, Lebanon"' in card_text(house.say("/subscribe Tripoli"))
    assert 'follow #1: "Tripoli, Lebanon"' in card_text(house.say('/subscribe "Tripoli, Lebanon"'))
    assert "naming Tripoli, Lebanon" in card_text(house.say("/subscriptions"))


def test_one_that_can_no_longer_be_read_stops_no_other(house: House) -> None:
    with house.store.write() as cx:
        subscriptions.add_subscription(cx, house.channel, 'near:"Gone Town" 5km', "test", house.clock.now())
    house.say("/subscribe ISIS")
    assert house.ingest(document(NEWS)) == 1
    assert "fires no longer" in card_text(house.say("/subscriptions"))


def test_subscriptions_come_and_go_between_articles(house: House) -> None:
    house.say("/subscribe Kirkuk")
    assert house.ingest(document(NEWS, "a")) == 1
    house.say("/subscribe bridge")
    other = "Trucks wait at a bridge over the Tigris south of the city, drivers told a radio station."
    assert house.ingest(document(other, "b")) == 1
    house.say("/unsubscribe bridge")
    third = "The old bridge of the northern district will be opened again in spring, the mayor promised."
    assert house.ingest(document(third, "c")) == 0
    assert house.ingest(document("Kirkuk had a quiet night, its governor said on Sunday.", "d")) == 1
    with house.store.read() as cx:
        number = subscriptions.subscriptions_of(cx, house.channel)[0].id
    house.say(f"/edit #{number} Tikrit")
    assert house.ingest(document("Shops in Kirkuk sold out of candles before the long weekend.", "e")) == 0
    assert house.ingest(document("Tikrit counts its votes by hand after the machines broke down.", "f")) == 1


def test_fields_of_the_source_are_asked(house: House) -> None:
    house.say("/subscribe ISIS source:corpus")
    house.say("/subscribe ISIS source:elsewhere")
    assert house.ingest(document(NEWS)) == 1
    with house.store.read() as cx:
        assert alerts.latest(cx, house.channel, 1)[0].why == ("naming ISIS and from the source corpus",)
