"""Chats: how soon a command is acknowledged on Discord and Slack while many come at once, through the real client libraries.

The platforms are the fake ones of the tests, on loopback and in the same process, so their work is in the figures too,
but for their checks of bodies.
Discord and Slack both give up on a command that nobody acknowledged within three seconds.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.entities.catalogue import Catalogue, load_catalogue
from bot.settings import load_settings
from bot.store.engine import Store
from tests.chat.discord_front import DiscordFront, pointed_at
from tests.chat.slack_front import HOME, slack_house
from tests.conftest import SMALL
from tests.fakes import House, StandingClock
from tests.fakes.discord import FakeDiscord


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    median_ms: float
    slowest_ms: float
    answered: int


def run(quick: bool) -> list[Row]:
    logging.disable(logging.WARNING)
    try:
        return asyncio.run(_run(50 if quick else 200))
    finally:
        logging.disable(logging.NOTSET)


async def _run(commands: int) -> list[Row]:
    catalogue = load_catalogue([SMALL])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return [await _discord(place, catalogue, commands), await _slack(place, catalogue, commands)]


async def _discord(folder: Path, catalogue: Catalogue, commands: int) -> Row:
    fake = await FakeDiscord().start()
    fake.checks = False
    store = Store(f"sqlite:///{folder / 'discord.db'}")
    settings = load_settings(environ={"VEDETTE_STORE_FOLDER": str(folder)})
    house = House(store, catalogue, pointed_at(settings, fake), StandingClock())
    front = await (await DiscordFront(fake, house).open()).ready()
    typed = front.typed("/whois Quds Force")
    users = [f"8000000000000{number:05}" for number in range(commands)]
    done = [await fake.interact(2, typed, front.channel, user=user) for user in users]
    await fake.until(lambda: all(one.original for one in done), 60)
    await front.close()
    await fake.stop()
    store.close()
    return _row("Discord, all at once", [one.acknowledged for one in done])


async def _slack(folder: Path, catalogue: Catalogue, commands: int) -> Row:
    async with slack_house(folder, catalogue, StandingClock()) as front:
        asked = [
            front.fake.command("whois Quds Force", user=f"U0USER{n:04}", channel="C0FIELD01", team=HOME)
            for n in range(commands)
        ]
        envelopes = await asyncio.gather(*(front.fake.envelope("slash_commands", one) for one in asked))
        await front.fake.until(lambda: len(front.fake.answers) == commands, 60)
        return _row("Slack, all at once", [envelope.took for envelope in envelopes])


def _row(what: str, seconds: list[float]) -> Row:
    return Row(what, statistics.median(seconds) * 1000, max(seconds) * 1000, len(seconds))


def show(rows: Sequence[Row]) -> None:
    print(f"Commands acknowledged, {rows[0].answered} at once          median     slowest")
    for row in rows:
        print(f"  {row.what:<38} {row.median_ms:8.0f} ms {row.slowest_ms:8.0f} ms")
    print()


if __name__ == "__main__":
    show(run(quick=False))
