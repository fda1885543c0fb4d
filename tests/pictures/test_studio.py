"""Pictures are drawn once, kept, and never in the way of the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.cards.picture import MapPlace, MapSpec, Mode
from bot.pictures import studio as module
from bot.pictures.draw import picture_png
from bot.pictures.studio import NoPicture, Studio, picture_key
from tests.pictures.specs import ACTIVITY, GAZA, IRAQ


@pytest_asyncio.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    opened = Studio(tmp_path / "pictures")
    yield opened
    await asyncio.to_thread(opened.close)


async def test_a_picture_is_drawn_in_the_child_kept_and_had_again(studio: Studio, tmp_path: Path) -> None:
    first = await studio.picture_of(GAZA, "dark")
    assert first == picture_png(GAZA, Mode.DARK)
    assert [item.suffix for item in (tmp_path / "pictures").glob("*.p*")] == [".png"]
    assert await studio.picture_of(GAZA, Mode.DARK) is first
    later = Studio(tmp_path / "pictures")
    assert await later.picture_of(GAZA, "dark") == first
    assert later._pool is None, "the file was enough"


async def test_many_who_ask_at_once_share_one_drawing(studio: Studio) -> None:
    all_of_them = await asyncio.gather(*(studio.picture_of(ACTIVITY, "light") for _ in range(50)))
    assert len({id(png) for png in all_of_them}) == 1


async def test_one_who_gives_up_does_not_spoil_it_for_the_others(studio: Studio) -> None:
    impatient = asyncio.create_task(studio.picture_of(ACTIVITY, "light"))
    patient = asyncio.create_task(studio.picture_of(ACTIVITY, "light"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).startswith(b"\x89PNG")


async def test_half_a_file_is_drawn_again(studio: Studio, tmp_path: Path) -> None:
    file = tmp_path / "pictures" / f"{picture_key(ACTIVITY, Mode.LIGHT)}.png"
    file.parent.mkdir()
    file.write_bytes(b"\x89PNG half of it")
    drawn = await studio.picture_of(ACTIVITY, "light")
    assert drawn.endswith(b"IEND\xaeB`\x82")
    assert file.read_bytes() == drawn


async def test_a_child_that_dies_costs_one_picture(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_draw", _dies)
    with pytest.raises(NoPicture) as caught:
        await studio.picture_of(ACTIVITY, "light")
    assert caught.value.next_step
    monkeypatch.undo()
    assert await studio.picture_of(ACTIVITY, "light")


def _dies(*_: object) -> bytes:
    os._exit(9)


async def test_a_folder_that_cannot_be_written_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    studio = Studio(tmp_path / "file")
    try:
        assert await studio.picture_of(ACTIVITY, "light")
    finally:
        await asyncio.to_thread(studio.close)


def test_the_folder_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLDER_BYTES", 2_500)
    for number in range(5):
        file = tmp_path / f"{number}.png"
        module._keep(file, b"x" * 1_000)
        os.utime(file, (number, number))
    module._keep(tmp_path / "new.png", b"x" * 1_000)
    assert sorted(item.name for item in tmp_path.glob("*.png")) == ["4.png", "new.png"]


def test_every_part_of_a_spec_is_in_its_key() -> None:
    town = MapPlace("Samarra", 34.198, 43.874, 3)
    others = [
        MapSpec((town,)),
        MapSpec((town,), "Iraq"),
        MapSpec((town,), "", (34.0, 43.0)),
        MapSpec((town,), "", (34.0, 43.0), 5.0),
        MapSpec((MapPlace("Samarra", 34.198, 43.874, 4),)),
        MapSpec((MapPlace("Samarra", 34.198, 43.874, 3, alert=True),)),
        IRAQ,
    ]
    keys = {picture_key(spec, mode) for spec in others for mode in Mode}
    assert len(keys) == 2 * len(others)
