"""The contract of all chats, on the console."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from bot.chat.console import ConsoleChat, new_console
from bot.entities.catalogue import Catalogue
from bot.outbox import Outbox
from bot.settings import Settings
from bot.store.engine import Store
from tests.chat.contract import Shown, perform
from tests.fakes import House, StandingClock, card_text


class ConsoleFront:
    """The terminal: one channel, one reader, who may do everything."""

    free_text = True
    chat = False

    def __init__(self, house: House, ledger: Path) -> None:
        self._house = house
        self._out = StringIO()
        console = new_console(self._out)
        console.width = 400
        self._outbox = Outbox(
            house.store, [ConsoleChat(console, ledger)], house.clock, "test", house.context.settings.outbox.lease
        )

    async def say(self, line: str, *, user: str, manages: bool, where: str) -> Shown:
        return Shown(card_text(self._house.say(line, can_manage=True)))

    async def delivered(self) -> list[Shown]:
        self._out.truncate(0)
        await self._outbox.drain()
        return [Shown(self._out.getvalue())]

    async def restart(self) -> None:
        return

    async def press(self, shown: Shown, label: str, *, user: str, manages: bool, where: str) -> Shown:
        raise NotImplementedError

    async def fill(self, line: str, values: Mapping[str, str], *, user: str, manages: bool, where: str) -> Shown:
        raise NotImplementedError

    async def suggest(self, line: str, option: str, typed: str, *, user: str, where: str) -> list[str]:
        raise NotImplementedError


async def test_the_console_keeps_the_contract(
    tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(store, catalogue, settings, clock)
    await perform(ConsoleFront(house, tmp_path / "ledger.jsonl"), house)
    store.close()
