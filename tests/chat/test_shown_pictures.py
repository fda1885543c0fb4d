"""Look-ups and digests on all three fronts, with the pictures that the studio draws and the words for who sees none."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from bot.cards.card import Card, card_to_data
from bot.cards.picture import Mode, Picture
from bot.chat.console import new_console, render
from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.pictures.studio import Studio
from bot.settings import Settings
from bot.store import outbox, subscriptions
from bot.store.engine import Store
from tests.chat.discord_front import DiscordFront, pointed_at
from tests.chat.slack_front import HOME, SlackFront, slack_house
from tests.fakes import House, StandingClock
from tests.fakes.discord import FakeDiscord
from tests.test_digest import longest_digest
from tests.war import invade

PICTURED = {
    "/where Samarra": "Map of Samarra",
    "/where Quds Force": "Map of Quds Force",
    "/timeline Samarra": "Samarra, mentions a day",
    "/digest now": "Map of the places named",
}
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def whole() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    drawing = Studio(tmp_path / "pictures")
    yield drawing
    drawing.close()


def is_picture(data: bytes) -> bool:
    """A PNG of some size that is light enough for a phone."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) > MOST_BYTES:
        return False
    width, height = struct.unpack(">II", data[16:24])
    return min(width, height) > 100


async def test_on_discord(
    tmp_path: Path, whole: Catalogue, settings: Settings, clock: StandingClock, studio: Studio
) -> None:
    fake = await FakeDiscord().start()
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(store, whole, pointed_at(settings, fake), clock)
    invade(house)
    front = await (await DiscordFront(fake, house).open(draw=lambda spec: studio.picture_of(spec, Mode.DARK))).ready()
    try:
        for number, (line, alt) in enumerate(PICTURED.items()):
            before = len(fake.uploads)
            shown = await front.say(line, user=f"user{number}")
            attached = shown.handle["attachments"]
            assert any(alt in one["description"] for one in attached), f"{line}: {attached}"
            assert [one["filename"] for one in attached] == [name for name, _ in fake.uploads[before:]]
            assert all(is_picture(content) for _, content in fake.uploads[before:])
        before = len(fake.uploads)
        _posted(house, "discord", f"discord:{front.guild}", front.channel, _digest(house))
        await front.delivered()
        assert len(fake.uploads) > before
        assert all(is_picture(content) for _, content in fake.uploads[before:])
        assert fake.problems == []
    finally:
        await front.close()
        await fake.stop()
        store.close()


async def test_on_slack(tmp_path: Path, whole: Catalogue, clock: StandingClock, studio: Studio) -> None:
    async with slack_house(tmp_path, whole, clock) as front:
        invade(front.house)
        front.slack.pictures.draw = lambda spec: studio.picture_of(spec, Mode.LIGHT)
        front.fake.works_on_files = 1
        for number, (line, alt) in enumerate(PICTURED.items()):
            response, _ = await front.give(line, user=f"user{number}")
            images = await _images(front, response)
            assert any(alt in block["alt_text"] for block in images), f"{line}: {images}"
        assert front.fake.refused_answers == 1, "a picture that Slack still works on is shown a little later"
        assert all(is_picture(file["bytes"]) and "channel_id" not in file for file in front.fake.files)

        shared = len(front.fake.files)
        _posted(front.house, "slack", f"slack:{HOME}", "C0FIELD01", _digest(front.house))
        await front.outbox.drain()
        await front.fake.until(lambda: len(front.fake.files) > shared)
        (message,) = front.fake.posted("C0FIELD01")
        assert (front.fake.files[-1]["channel_id"], front.fake.files[-1]["thread_ts"]) == ("C0FIELD01", message.ts)


async def test_where_slack_takes_no_file_the_picture_is_told(
    tmp_path: Path, whole: Catalogue, clock: StandingClock, studio: Studio
) -> None:
    async with slack_house(tmp_path, whole, clock) as front:
        invade(front.house)
        front.slack.pictures.draw = lambda spec: studio.picture_of(spec, Mode.LIGHT)
        front.fake.scopes_missing.add("files.getUploadURLExternal")
        response, _ = await front.give("/where Samarra", user="ann")
        await front.fake.until(lambda: len(_answers(front, response)) == 2)
        (told,) = _answers(front, response)[1]["blocks"]
        assert "Map of Samarra" in told["elements"][0]["text"]


def test_in_a_terminal(tmp_path: Path, whole: Catalogue, settings: Settings, clock: StandingClock) -> None:
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(store, whole, settings, clock)
    invade(house)
    for line in PICTURED:
        out = StringIO()
        console = new_console(out)
        console.width = 100
        console.print(render(house.say(line)))
        assert any(bar in out.getvalue() for bar in "▁▂▃▄▅▆▇█"), line
        assert max(map(len, out.getvalue().splitlines())) <= 100
    store.close()


def _answers(front: SlackFront, response: str) -> list[dict[str, Any]]:
    return [body for each, body in front.fake.answers if each == response]


async def _images(front: SlackFront, response: str) -> list[dict[str, Any]]:
    """The image blocks that came after the words of an answer."""

    def found() -> list[dict[str, Any]]:
        return [block for body in _answers(front, response)[1:] for block in body["blocks"] if block["type"] == "image"]

    return list(await front.fake.until(found))


def _digest(house: House) -> Card:
    """The longest possible, with the pictures of an ordinary one; the fakes object to whatever is over a limit."""
    pictures = tuple(block for block in house.say("/digest now").blocks if isinstance(block, Picture))
    assert len(pictures) == 2
    longest = longest_digest()
    return replace(longest, blocks=(*longest.blocks, *pictures))


def _posted(house: House, platform: str, workspace: str, address: str, card: Card) -> None:
    with house.store.write() as cx:
        row = subscriptions.ensure_channel(cx, platform, workspace, address, "#field", "UTC", house.clock.now())
        outbox.enqueue(cx, f"digest {address}", row.id, platform, "digest", card_to_data(card), house.clock.now())
