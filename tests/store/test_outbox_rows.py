from __future__ import annotations

from datetime import timedelta

from bot.store import outbox, subscriptions
from bot.store.engine import Store
from tests.fakes import START

LEASE = timedelta(seconds=10)


def channel(store: Store, address: str = "one") -> int:
    with store.write() as cx:
        return subscriptions.ensure_channel(cx, "console", "home", address, address, "UTC", START).id


def put(store: Store, key: str, channel_id: int) -> bool:
    with store.write() as cx:
        return outbox.enqueue(cx, key, channel_id, "console", "alert", {"title": key}, START)


def claim(store: Store, owner: str = "one", now=START) -> list[outbox.Delivery]:
    with store.write() as cx:
        return outbox.claim(cx, owner, ["console"], now, LEASE, 10)


def test_an_effect_is_entered_once(store: Store) -> None:
    here = channel(store)
    assert put(store, "k", here)
    assert not put(store, "k", here)


def test_a_channel_gets_its_deliveries_in_order_and_others_do_not_wait(store: Store) -> None:
    one, two = channel(store, "one"), channel(store, "two")
    for key, where in (("1", one), ("2", one), ("3", two)):
        put(store, key, where)
    first = claim(store)
    assert [delivery.delivery_key for delivery in first] == ["1", "3"]
    assert claim(store) == []
    with store.write() as cx:
        assert outbox.mark_sent(cx, first[0], "m", START)
    assert [delivery.delivery_key for delivery in claim(store)] == ["2"]


def test_a_delivery_whose_holder_died_is_claimed_again_in_doubt(store: Store) -> None:
    put(store, "k", channel(store))
    dead = claim(store, "one")[0]
    assert not dead.in_doubt
    again = claim(store, "two", START + LEASE)[0]
    assert again.in_doubt
    assert again.attempts == 2
    with store.write() as cx:
        assert not outbox.mark_sent(cx, dead, "m", START), "the epoch fences the first holder"
        assert outbox.mark_sent(cx, again, "m", START)


def test_a_delivery_put_back_waits_and_keeps_its_doubt(store: Store) -> None:
    here = channel(store)
    put(store, "k", here)
    later = START + timedelta(minutes=5)
    with store.write() as cx:
        taken = outbox.claim(cx, "one", ["console"], START, LEASE, 10)[0]
        outbox.put_back(cx, taken, later, "busy", in_doubt=True)
        assert outbox.next_due(cx, ["console"]) == later
    assert claim(store, now=START + LEASE) == []
    assert claim(store, now=later)[0].in_doubt


def test_a_buried_delivery_frees_the_channel(store: Store) -> None:
    here = channel(store)
    put(store, "1", here)
    put(store, "2", here)
    with store.write() as cx:
        outbox.bury(cx, outbox.claim(cx, "one", ["console"], START, LEASE, 10)[0], "gone")
    assert [delivery.delivery_key for delivery in claim(store)] == ["2"]
    with store.read() as cx:
        assert outbox.depth(cx, here) == {"dead": 1, "claimed": 1}
