"""Discord is away for an hour of simulated time; then everything that had waited comes, in order, at the pace it allows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.chat.discord import DiscordChat
from bot.chat.discord_limits import ALLOWED, MOST_REFUSED, SPAN, Limits, Wait
from bot.entities.catalogue import Catalogue
from bot.outbox import Outbox
from bot.settings import Settings
from bot.store import outbox as rows
from bot.store import subscriptions
from bot.store.engine import Store
from tests.chat.discord_front import pointed_at
from tests.fakes import House
from tests.fakes.discord import FakeDiscord
from tests.fakes.virtual import VirtualClock, run_virtually

CHANNELS = 200


@dataclass
class Drained:
    first: float  # seconds from Discord's return to the first alert
    seconds: float  # from the first to the last
    requests: int
    refused: int
    came: dict[str, list[int]]
    problems: list[str]


async def after_an_outage(
    clock: Any,
    folder: Path,
    catalogue: Catalogue,
    settings: Settings,
    away: Callable[[FakeDiscord], None],
    alerts: int,
) -> Drained:
    fake = await FakeDiscord().start()
    fake.pace, fake.bucket = ALLOWED, (5, 5.0)
    guild = fake.guild("Field office", *(f"c{number}" for number in range(CHANNELS)))
    store = Store(f"sqlite:///{folder / 'drain.db'}")
    event.listen(
        store._engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF")
    )  # the disk is not tested
    store._engine.dispose()
    house = House(store, catalogue, pointed_at(settings, fake), clock)
    wait_here = [channel["id"] for channel in fake.guilds[guild]["channels"]]
    with store.write() as cx:
        channels = [
            subscriptions.ensure_channel(cx, "discord", f"discord:{guild}", address, address, "UTC", clock.now())
            for address in wait_here
        ]
        for number in range(alerts):
            card = {"type": "Card", "title": f"Alert {number}", "code": "V-7F3K2"}
            rows.enqueue(cx, f"k{number}", channels[number % CHANNELS].id, "discord", "alert", card, clock.now())
    bot = DiscordChat(house.context, fake.token)
    outbox = Outbox(store, [bot], clock, "test", timedelta(seconds=15))
    stop = asyncio.Event()
    away(fake)
    running = asyncio.create_task(outbox.run(stop))
    loop = asyncio.get_running_loop()
    await asyncio.sleep(3600)
    fake.down = False
    began, seen = loop.time(), len(fake.seen)
    came: dict[str, list[int]] = {}
    while sum(map(len, fake.messages.values())) < alerts and loop.time() - began < 3600:
        await asyncio.sleep(1)
    stop.set()
    await running
    await bot.close()
    for channel in wait_here:
        came[channel] = [int(message["embeds"][0]["title"].split()[1]) for message in fake.messages[channel]]
    posts = [one for one in fake.seen[seen:] if one.method == "POST"]
    await fake.stop()
    store.close()
    moments = [one.at for one in posts if one.status == 200]
    refused = sum(1 for one in posts if one.status == 429)
    return Drained(moments[0] - began, moments[-1] - moments[0], len(posts), refused, came, fake.problems)


def down(fake: FakeDiscord) -> None:
    fake.down = True


def sends_away(fake: FakeDiscord) -> None:
    fake.fail("^POST /channels", "ratelimit", wait=3600, everywhere=True, times=1)


@pytest.mark.parametrize(("away", "alerts"), [(down, 10_000), (sends_away, 1_000)])
def test_what_waited_for_an_hour_comes_whole_and_in_order(
    tmp_path: Path, catalogue: Catalogue, settings: Settings, away: Callable[[FakeDiscord], None], alerts: int
) -> None:
    drained = run_virtually(lambda clock: after_an_outage(clock, tmp_path, catalogue, settings, away, alerts))
    numbers = Counter(number for came in drained.came.values() for number in came)
    assert len(numbers) == alerts, "none is lost"
    assert max(numbers.values()) == 1, "none is doubled"
    assert all(came == sorted(came) for came in drained.came.values()), "each channel has its order"
    assert drained.refused <= alerts / 1000
    assert drained.first <= 10
    if alerts >= 10_000:  # fewer are over before the pace is reached
        assert alerts / drained.seconds >= 0.95 * ALLOWED
    assert drained.problems == []


def test_no_second_ever_holds_more_than_is_allowed() -> None:
    async def hurry(_: VirtualClock) -> list[float]:
        limits, moments = Limits(), list[float]()

        async def one(number: int) -> None:
            await asyncio.sleep(number % 7 * 0.013)
            await limits.turn("GET /x", str(number))
            moments.append(asyncio.get_running_loop().time())

        await asyncio.gather(*map(one, range(2000)))
        return moments

    moments = sorted(run_virtually(hurry))
    assert max(sum(1 for at in moments if start <= at < start + 1) for start in moments) <= ALLOWED
    assert len(moments) / (moments[-1] - moments[0]) >= 0.95 * ALLOWED


def test_it_stops_asking_long_before_discord_bans_it() -> None:
    async def unlucky(_: VirtualClock) -> tuple[int, float]:
        limits = Limits()
        loop = asyncio.get_running_loop()
        for number in range(20_000):
            try:
                await limits.turn("POST /x", str(number))
            except Wait as wait:
                await asyncio.sleep(wait.seconds if wait.everywhere else 0)
                await limits.turn("POST /x", str(number))
                return number, loop.time()
            limits.learn("POST /x", str(number), 403, {})
        return 20_000, loop.time()

    asked, when = run_virtually(unlucky)
    assert asked == MOST_REFUSED
    assert when >= SPAN
