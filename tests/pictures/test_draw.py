"""Golden pictures: look at the files in tests/golden/pictures after a change; `VEDETTE_GOLDEN=write` makes them anew."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.cards.picture import ActivitySpec, MapPlace, MapSpec, Mode, PictureSpec
from bot.pictures.draw import picture_png
from tests.pictures.specs import (
    ACTIVITY,
    DATE_LINE,
    EMPTY,
    GOLDEN,
    HOSTILE_ACTIVITY,
    HOSTILE_MAP,
    HOSTILE_NETWORK,
    IRAQ,
    NETWORK,
    WORLD,
)

FOLDER = Path(__file__).parent.parent / "golden" / "pictures"
LIMIT = 300_000  # bytes
ALIKE = 1.0  # mean difference of a channel, of 255: a label moved by a line is more than that

os.environ.setdefault("SOURCE_DATE_EPOCH", "0")


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"), dtype=np.int16)


def difference(one: bytes, two: bytes) -> float:
    a, b = pixels(one), pixels(two)
    return float(np.abs(a - b).mean()) if a.shape == b.shape else 255.0


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_pictures_look_as_they_did(name: str, mode: Mode) -> None:
    file = FOLDER / f"{name}-{mode}.png"
    drawn = picture_png(GOLDEN[name], mode)
    if os.environ.get("VEDETTE_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(drawn)
    assert difference(drawn, file.read_bytes()) < ALIKE


def test_a_place_that_moved_is_another_picture() -> None:
    """The comparison above can fail: one town of eight a little further east is told apart."""
    moved = replace(IRAQ, places=(replace(IRAQ.places[0], lon=45.2), *IRAQ.places[1:]))
    assert difference(picture_png(moved, Mode.LIGHT), picture_png(IRAQ, Mode.LIGHT)) > ALIKE


@pytest.mark.parametrize(
    "spec", [*GOLDEN.values(), DATE_LINE, WORLD, HOSTILE_MAP, HOSTILE_ACTIVITY, HOSTILE_NETWORK, *EMPTY]
)
def test_every_picture_is_small_enough_for_a_chat(spec: PictureSpec) -> None:
    drawn = picture_png(spec, Mode.DARK)
    width, height = Image.open(BytesIO(drawn)).size
    assert len(drawn) < LIMIT
    assert width <= 1200
    assert height <= 800


@pytest.mark.parametrize("spec", [IRAQ, ACTIVITY, NETWORK])
def test_the_same_spec_is_the_same_bytes_in_another_process(spec: PictureSpec) -> None:
    name = next(name for name, item in GOLDEN.items() if item is spec)
    code = (
        "import sys; from bot.pictures.draw import picture_png; from tests.pictures.specs import GOLDEN;"
        f"from bot.cards.picture import Mode; sys.stdout.buffer.write(picture_png(GOLDEN[{name!r}], Mode.DARK))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(__file__).parents[2])
    assert picture_png(spec, Mode.DARK) == picture_png(spec, Mode.DARK) == other.stdout


def test_the_two_modes_are_light_and_dark() -> None:
    assert pixels(picture_png(IRAQ, Mode.LIGHT)).mean() > 200
    assert pixels(picture_png(IRAQ, Mode.DARK)).mean() < 80


def test_only_what_is_under_alert_has_the_loud_colour() -> None:
    calm = replace(IRAQ, places=tuple(replace(item, alert=False) for item in IRAQ.places))
    assert vermilion(IRAQ) > 500
    assert vermilion(calm) == 0


def vermilion(spec: MapSpec) -> int:
    red, green, blue = np.moveaxis(pixels(picture_png(spec, Mode.LIGHT)), 2, 0)
    return int(((red > 180) & (green < 110) & (blue < 90)).sum())


def test_the_gaza_strip_has_land_sea_and_its_borders() -> None:
    """At the scale of a strip 40 km long: the sea lies north-west, the land south-east, and both are there."""
    seen = pixels(picture_png(GOLDEN["gaza"], Mode.LIGHT))
    water, land = np.array([0xCF, 0xDE, 0xE6]), np.array([0xF6, 0xF4, 0xEE])
    assert (seen[60, 100] == water).all()
    assert (seen[700, 1100] == land).all()


def test_land_across_the_date_line_is_whole() -> None:
    """Chukotka lies on both sides of 180 degrees; no line is drawn down through its land, and no sea."""
    seen = pixels(picture_png(DATE_LINE, Mode.LIGHT))
    land = np.array([0xF6, 0xF4, 0xEE])
    assert (seen[100, 340:440] == land).all()


def test_a_caspian_is_water_and_its_islands_are_land() -> None:
    spec = MapSpec((MapPlace("Baku", 40.38, 49.89), MapPlace("Turkmenbashi", 40.02, 52.97)))
    seen = pixels(picture_png(spec, Mode.LIGHT))
    assert (seen[400, 600] == np.array([0xCF, 0xDE, 0xE6])).all()


def test_a_year_of_days_and_one_day_are_drawn() -> None:
    year = ActivitySpec("Articles a day", ACTIVITY.first, tuple(range(400)))
    day = ActivitySpec("Articles a day", ACTIVITY.first, (3,), 1.0)
    for spec in (year, day, replace(year, small=True), replace(day, small=True), replace(day, values=(0,))):
        assert picture_png(spec, Mode.LIGHT)
