"""Provinces on cards: an alert for anything inside one, and where a place lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.data_files import data_folder
from bot.entities.catalogue import load_catalogue
from bot.outbox import Outbox
from bot.settings import Settings
from bot.store.engine import Store
from tests.fakes import House, RememberingChat, StandingClock, card_text, document
from tests.test_alerts import LEASE


@pytest.fixture
def house(tmp_path: Path, settings: Settings, clock: StandingClock) -> House:
    shipped = load_catalogue([data_folder("config") / "entities"])
    return House(Store(f"sqlite:///{tmp_path / 'house.db'}"), shipped, settings, clock)


def words(text: str) -> str:
    return " ".join(text.split())


async def test_an_alert_for_a_province_says_which_one_a_town_lies_in(house: House) -> None:
    house.follow("within:Diyala")
    house.ingest(document("Shells fell on Baquba, and in Idlib talks went on, officers said.", title="Shelling"))
    chat = RememberingChat()
    await Outbox(house.store, [chat], house.clock, "test", LEASE).drain()
    [post] = chat.sent
    told = words(card_text(post.card))
    assert "Baquba, Diyala" in told
    assert "Idlib" in told
    assert "Idlib Governorate" not in told, "a town needs no province of its own name behind it"
    assert "naming anywhere in Diyala" in told


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("Baquba", "In Diyala, Iraq Lies at 33.74° N"),
        ("Idlib", "In Idlib Governorate, Syria Lies at"),
        ("Bakhmut", "In Donetsk Oblast, Ukraine Lies at"),
        ("Kyiv", "In Ukraine Lies at"),
        ("Majdal Shams", "In Golan Heights Lies at 33.27° N"),
        ("Abyei", "In Abyei Area Lies at 9.59° N"),
        ("Jerusalem", "Lies at"),
    ],
)
def test_where_says_the_province(name: str, where: str, house: House) -> None:
    assert where in words(card_text(house.say(f"/where {name}"))).replace(" │ │ ", " ")
