"""Golden cards: look at the files in tests/golden after a change; `VEDETTE_GOLDEN=write` makes them anew."""

from __future__ import annotations

import os
import unicodedata
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.card import (
    Bars,
    Button,
    Card,
    Field,
    Fields,
    Listing,
    Quote,
    Run,
    Style,
    Text,
    Tone,
    card_from_data,
    card_to_data,
    code,
    line,
    quiet,
    strong,
)
from bot.chat.console import ConsoleChat, new_console, render
from bot.model import Channel
from bot.outbox import Post

GOLDEN = Path(__file__).parent.parent / "golden"
MARKED = (
    Run("Two battalions of the "),
    Run("Quds Force", Style.MARK),
    Run(" went to "),
    Run("Samarra", Style.MARK),
    Run("."),
)
SOURCE = (Run("Reuters", link="https://reuters.example/a?b=c"), quiet(", 13 Jun 2014"))
HOSTILE = (
    "<!channel> @everyone [x](javascript:1) \x1b[31m\u202egnp.exe\u202c \u200b*bold* `code`\x07 " + "z" + "\u0301" * 40
)

CARDS = {
    "empty": Card(title="Nothing here yet."),
    "ordinary": Card(
        title="Quds Force reported at Samarra",
        tone=Tone.ALERT,
        code="V-7F3K2",
        blocks=(
            Quote(MARKED, SOURCE),
            Fields((Field("Actors", line("Quds Force (part of IRGC)")), Field("Places", line("Samarra, Salah ad-Din")))),
            Bars("Mentions a day", (0, 1, 3, 0, 8), "9 Jun", "13 Jun 2014"),
            Listing("Also", (line(strong("Towns fall"), quiet("  Desk")), line(code("/whois ISIS")))),
        ),
        buttons=(Button("Why", "/why V-7F3K2"),),
        footer=line("To stop: ", code("/unsubscribe 1")),
    ),
    "huge": Card(title="Long " * 60, blocks=(Text(line("word " * 400)), Listing("Many", tuple(line(f"line {n}") for n in range(40))))),
    "hostile": Card(title=HOSTILE, blocks=(Text(line(HOSTILE)), Quote(line(HOSTILE), (Run(HOSTILE, link="https://evil.example/"),)))),
    "arabic": Card(title="فيلق القدس في سامراء", blocks=(Text(line("قالت مصادر أمنية إن كتيبتين وصلتا إلى سامراء.")),)),
}  # fmt: skip


def drawn(card: Card) -> str:
    out = StringIO()
    new_console(out).print(render(card))
    return out.getvalue()


@pytest.mark.parametrize("name", sorted(CARDS))
def test_cards_look_as_they_did(name: str) -> None:
    file = GOLDEN / f"console-{name}.txt"
    if os.environ.get("VEDETTE_GOLDEN") == "write":
        file.write_text(drawn(CARDS[name]), encoding="utf-8")
    assert drawn(CARDS[name]) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(CARDS))
def test_a_card_survives_the_outbox(name: str) -> None:
    assert card_from_data(card_to_data(CARDS[name])) == CARDS[name]


@given(st.text(max_size=200))
def test_no_text_reaches_the_terminal_with_controls(text: str) -> None:
    shown = drawn(Card(title=text, blocks=(Text(line(text)), Fields((Field(text, line(text)),)), Quote(line(text)))))
    bad = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs")} - set("\n\u200c\u200d")
    assert not bad


async def test_a_possible_repeat_is_said(tmp_path: Path) -> None:
    out = StringIO()
    chat = ConsoleChat(new_console(out), tmp_path / "ledger.jsonl")
    channel = Channel(1, "home", "console", "console", "console")
    await chat.send(Post(channel, CARDS["empty"], "k", in_doubt=True))
    assert "possible repeat" in out.getvalue()
    assert '"possible_repeat": true' in (tmp_path / "ledger.jsonl").read_text()
