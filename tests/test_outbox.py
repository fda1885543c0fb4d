from __future__ import annotations

from datetime import timedelta

import pytest

from bot.entities.catalogue import Catalogue
from bot.outbox import Outbox, SendLater, SendNever, backoff
from bot.settings import Settings
from bot.store import outbox as rows
from bot.store.engine import Store
from tests.fakes import House, RememberingChat, StandingClock, document

LEASE = timedelta(seconds=15)


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    made = House(store, catalogue, settings, clock)
    made.follow("Quds Force")
    made.ingest(document("The Quds Force was seen at Samarra."))
    return made


def sender(house: House, chat: RememberingChat) -> Outbox:
    return Outbox(house.store, {chat.platform: chat}, house.clock, "test", LEASE)


async def test_a_card_comes_out_as_it_went_in(house: House) -> None:
    chat = RememberingChat()
    assert await sender(house, chat).drain() == 1
    channel, card, _, in_doubt = chat.sent[0]
    assert (channel.address, card.title, in_doubt) == ("one", "The Quds Force was seen at Samarra.", False)
    assert await sender(house, chat).drain() == 0


async def test_later_waits_as_long_as_the_platform_asks(house: House) -> None:
    chat = RememberingChat()
    chat.failures = [SendLater("slow down", timedelta(seconds=60))]
    out = sender(house, chat)
    assert await out.drain() == 0
    house.clock.move(timedelta(seconds=59))
    assert await out.drain() == 0
    house.clock.move(timedelta(seconds=1))
    assert await out.drain() == 1
    assert not chat.sent[0][3], "a refusal leaves no doubt"


async def test_a_lost_answer_leaves_a_doubt(house: House) -> None:
    chat = RememberingChat()
    chat.failures = [SendLater("cut", timedelta(seconds=1), in_doubt=True), ValueError("bug")]
    out = sender(house, chat)
    for _ in range(3):
        await out.drain()
        house.clock.move(timedelta(minutes=1))
    assert [in_doubt for *_, in_doubt in chat.sent] == [True]


async def test_never_is_kept_with_its_reason(house: House) -> None:
    chat = RememberingChat()
    chat.failures = [SendNever("the channel is gone")]
    await sender(house, chat).drain()
    with house.store.read() as cx:
        assert rows.depth(cx, house.channel.id) == {"dead": 1}


def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [backoff(attempt).total_seconds() for attempt in range(1, 20)]
    assert 2 <= waits[0] <= 2.4
    assert 4 <= waits[1] <= 4.8
    assert max(waits) <= 15 * 60 * 1.2
    assert waits[-1] >= 15 * 60
