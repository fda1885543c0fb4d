"""In a terminal a picture is bars and words."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

import pytest

from bot.cards.card import Card, Tone
from bot.cards.picture import picture
from bot.chat.console import new_console, render
from tests.pictures.specs import (
    ACTIVITY,
    EMPTY,
    FORTY,
    HOSTILE_ACTIVITY,
    HOSTILE_MAP,
    HOSTILE_NETWORK,
    IRAQ,
    NETWORK,
)

GOLDEN = Path(__file__).parent.parent / "golden"
CARDS = {
    "pictures": Card("The brief", Tone.DIGEST, blocks=tuple(map(picture, (IRAQ, ACTIVITY, NETWORK, FORTY)))),
    "pictures-hostile": Card(
        "The brief", blocks=tuple(map(picture, (HOSTILE_MAP, HOSTILE_ACTIVITY, HOSTILE_NETWORK, *EMPTY)))
    ),
}


@pytest.mark.parametrize("name", sorted(CARDS))
def test_pictures_in_text_look_as_they_did(name: str) -> None:
    out = StringIO()
    new_console(out).print(render(CARDS[name]))
    file = GOLDEN / f"console-{name}.txt"
    if os.environ.get("VEDETTE_GOLDEN") == "write":
        file.write_text(out.getvalue(), encoding="utf-8")
    assert out.getvalue() == file.read_text(encoding="utf-8")
