from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.entities.catalogue import Catalogue
from bot.outbox import ChannelGone, Outbox, SendLater, SendNever, backoff
from bot.settings import Settings
from bot.store import outbox as rows
from bot.store.engine import Store
from bot.store.tables import deliveries
from tests.fakes import House, RememberingChat, StandingClock, document

LEASE = timedelta(seconds=15)


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    made = House(store, catalogue, settings, clock)
    made.follow("Quds Force")
    made.ingest(document("The Quds Force was seen at Samarra."))
    return made


def sender(house: House, chat: RememberingChat) -> Outbox:
    return Outbox(house.store, [chat], house.clock, "test", LEASE)


async def test_a_card_comes_out_as_it_went_in(house: House) -> None:
    chat = RememberingChat()
    assert await sender(house, chat).drain() == 1
    post = chat.sent[0]
    assert (post.channel.address, post.card.title) == ("one", "The Quds Force was seen at Samarra.")
    assert not post.in_doubt
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
    assert not chat.sent[0].in_doubt, "a refusal leaves no doubt"


async def test_a_turn_that_has_not_come_is_no_attempt(house: House) -> None:
    """Else one that waited its turn for an hour would wait a quarter of an hour more for the first fault it meets."""
    chat = RememberingChat()
    chat.failures = [SendLater("its turn has not come", timedelta(seconds=1), paced=True) for _ in range(9)]
    out = sender(house, chat)
    for _ in range(9):
        assert await out.drain() == 0
        house.clock.move(timedelta(seconds=1))
    with house.store.read() as cx:
        assert cx.execute(select(deliveries.c.attempts)).scalar_one() == 0
    chat.failures = [SendLater("a fault")]
    assert await out.drain() == 0
    house.clock.move(timedelta(seconds=3))
    assert await out.drain() == 1


async def test_a_lost_answer_leaves_a_doubt(house: House) -> None:
    chat = RememberingChat()
    chat.failures = [SendLater("cut", timedelta(seconds=1), in_doubt=True), ValueError("bug")]
    out = sender(house, chat)
    for _ in range(3):
        await out.drain()
        house.clock.move(timedelta(minutes=1))
    assert [post.in_doubt for post in chat.sent] == [True]


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


async def test_a_channel_that_is_gone_is_parked_and_an_admin_told_once(house: House) -> None:
    chat = RememberingChat()
    chat.failures = [ChannelGone("The channel was deleted.")]
    out = sender(house, chat)
    await out.drain()
    assert [post.channel.address for post in chat.sent] == ["admin"]
    house.ingest(document("Later that week many men of the Quds Force came to Baquba.", key="b.md"))
    assert await out.drain() == 0, "nothing is tried in a parked channel"
    house.new_channel("one")
    assert await out.drain() == 2, "it is open again once somebody speaks there"
    assert len(chat.sent) == 3


async def test_a_platform_that_is_down_is_asked_by_one_delivery_at_a_time(house: House) -> None:
    for number in range(30):
        channel = house.new_channel(f"c{number}")
        house.follow("Samarra", channel)
    house.ingest(document("Samarra was quiet.", key="b.md"))
    chat = RememberingChat()
    chat.failures = [SendLater("down", everywhere=True)] * 25
    out = sender(house, chat)
    rounds = []
    for _ in range(12):
        left = len(chat.failures)
        await out.drain()
        rounds.append(left - len(chat.failures))
        house.clock.move(timedelta(seconds=10))
    assert rounds[0] == 20
    assert set(rounds[1:6]) == {1}
    assert len(chat.sent) == 31
    assert not chat.failures


async def test_those_that_few_wait_for_go_first(house: House) -> None:
    channels = [house.new_channel(f"c{number}") for number in range(3)]
    with house.store.write() as cx:
        for channel, audience in zip(channels, (500, 500, 1), strict=True):
            card = {"type": "Card", "title": channel.address}
            rows.enqueue(
                cx, channel.address, channel.id, "console", "alert", card, house.clock.now(), audience=audience
            )
    chat = RememberingChat()
    chat.at_once = 1
    await sender(house, chat).drain()
    assert [post.card.title for post in chat.sent][1:] == ["c2", "c0", "c1"]


async def test_an_edit_and_a_reply_find_their_message(house: House) -> None:
    with house.store.write() as cx:
        for action in ("edit", "reply"):
            card = {"type": "Card", "title": action}
            rows.enqueue(
                cx, action, house.channel.id, "console", "alert", card, house.clock.now(), action=action, target="first"
            )
        orphan = {"type": "Card", "title": "orphan"}
        rows.enqueue(
            cx, "x", house.channel.id, "console", "alert", orphan, house.clock.now(), action="edit", target="never"
        )
        first = cx.execute(select(deliveries.c.delivery_key).order_by(deliveries.c.id)).scalars().first()
        cx.execute(update(deliveries).where(deliveries.c.target == "first").values(target=first))
    chat = RememberingChat()
    await sender(house, chat).drain()
    assert [(post.action, post.target) for post in chat.sent] == [
        ("post", ""), ("edit", "message-1"), ("reply", "message-1")
    ]  # fmt: skip
    with house.store.read() as cx:
        assert rows.depth(cx, house.channel.id) == {"sent": 3, "dead": 1}
