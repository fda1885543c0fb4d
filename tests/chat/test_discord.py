"""Discord, through the real discord.py, against a fake server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.entities.catalogue import Catalogue
from bot.settings import Settings
from bot.store.engine import Store
from tests.chat.contract import perform
from tests.chat.discord_front import DiscordFront, pointed_at
from tests.fakes import House, StandingClock
from tests.fakes.discord import FakeDiscord


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    server = await FakeDiscord().start()
    yield server
    await server.stop()


@pytest.fixture
async def front(
    fake: FakeDiscord, tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock
) -> AsyncIterator[DiscordFront]:
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(store, catalogue, pointed_at(settings, fake), clock)
    opened = await (await DiscordFront(fake, house).open()).ready()
    yield opened
    await opened.close()
    store.close()


async def test_discord_keeps_the_contract(front: DiscordFront) -> None:
    await perform(front, front.house)
    assert front.fake.problems == []
