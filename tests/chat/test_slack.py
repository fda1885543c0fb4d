"""Vedette on Slack, with the real Bolt, against a Slack of our own."""

from __future__ import annotations

from pathlib import Path

from bot.entities.catalogue import Catalogue
from tests.chat.contract import perform
from tests.chat.slack_front import slack_house
from tests.fakes import StandingClock


async def test_slack_keeps_the_contract(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        await perform(front, front.house)
        median = sorted(front.took)[len(front.took) // 2]
        assert median < 0.1, f"acknowledged after {median:.3f} s"
