"""Discord's cards: look at the golden files after a change; `VEDETTE_GOLDEN=write` makes them anew."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.card import Bars, Button, Card, Does, Field, Fields, Listing, Quote, Run, Style, Text, code, line, strong
from bot.cards.picture import MapPlace, MapSpec, picture
from bot.chat.discord_cards import custom_id, pressed, render, too_long
from bot.chat.discord_text import clean_link, clip, escaped, host_of, units
from tests.chat.test_console import CARDS
from tests.fakes.discord_checks import faults_of, over

GOLDEN = Path(__file__).parent.parent / "golden"
ALL = {
    **CARDS,
    "huge": Card(
        title="Long " * 60,
        code="V-7F3K2",
        link="https://reuters.example/a",
        blocks=(
            Text(line("word " * 400)),
            Listing("Many", tuple(line(f"line {n} ", "of words " * 12) for n in range(90))),
            Fields(tuple(Field(f"Label {n}", line("value " * 400)) for n in range(30))),
        ),
        buttons=tuple(Button(f"Button {n} {'x' * 100}", f"/why {n} {'y' * 200 if n % 2 else ''}") for n in range(40)),
        footer=line("To stop: ", code("/unsubscribe 1")),
    ),
}
ATTACKS = (
    "@everyone", "@here", "<@1>", "<@!12>", "<@&12>", "<#1234>", "<t:1:R>", "</cmd:12>", "<:e:123>", "<a:e:123>",
    "<id:customize>", "[x](https://evil.example)", "[x](<https://evil.example>)", "https://evil.example/a_b",
    "www.evil.example", "http://[::1]/", "discord://x", "steam://run", "**b**", "__u__", "_i_", "*i*", "~~s~~", "||s||",
    "`c`", "``c``", "```\nc\n```", "# h", "## h", "-# h", "- l", "* l", "1. l", "> q", ">>> q", "\\", "\\\\*", "\u202e",
    "\u200b", "\x1b[31m", "\x00", "\ufeff", "\U000e0041", "z\u0301\u0301\u0301\u0301\u0301", "\ud800", "😀", "👩‍👩‍👧", "فيلق", "\n",
    " ", "a", "Hit",
)  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=30)), max_size=12).map("".join)
links = st.one_of(
    st.none(),
    st.sampled_from(
        ["https://a.example/b?c=d_e*f", "javascript:alert(1)", "https://u:p@a.example/", "https://а.example/", "file:///x",
         "https://a.example/)<@1>", "https://a.example/ x", "https://a.example/>|| [x](y)"]
    ),
    hostile,
)  # fmt: skip
runs = st.lists(st.builds(Run, hostile, st.sampled_from(Style), links), max_size=6).map(tuple)
blocks = st.one_of(
    st.builds(Text, runs),
    st.builds(Quote, runs, runs),
    st.builds(Listing, hostile, st.lists(runs, max_size=4).map(tuple)),
    st.builds(Fields, st.lists(st.builds(Field, hostile, runs), max_size=3).map(tuple)),
    st.builds(Bars, hostile, st.lists(st.integers(-5, 10**6), max_size=40).map(tuple), hostile, hostile),
)
cards = st.builds(
    Card,
    title=hostile,
    code=st.sampled_from(["", "V-7F3K2"]),
    link=links,
    blocks=st.lists(blocks, max_size=5).map(tuple),
    buttons=st.lists(st.builds(Button, hostile, hostile, st.sampled_from(Does)), max_size=30).map(tuple),
    footer=runs,
)


def payload(card: Card, **how: Any) -> dict[str, Any]:
    return render(card, lambda line: "k" * 20, **how)


def texts(body: dict[str, Any]) -> list[str]:
    parts = []
    for embed in body["embeds"]:
        parts += [embed.get("title", ""), embed.get("description", "")]
    return parts


@pytest.mark.parametrize("name", sorted(ALL))
def test_cards_look_as_they_did(name: str) -> None:
    file = GOLDEN / f"discord-{name}.json"
    drawn = json.dumps(payload(ALL[name]), ensure_ascii=False, indent=1) + "\n"
    if os.environ.get("VEDETTE_GOLDEN") == "write":
        file.write_text(drawn, encoding="utf-8")
    assert drawn == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_card_is_one_that_discord_takes(name: str) -> None:
    assert faults_of(payload(ALL[name]), "/channels/{channel_id}/messages", "post") == []


@settings(max_examples=300, deadline=None)
@given(cards)
def test_no_card_is_too_long_or_alive(card: Card) -> None:
    body = payload(card)
    assert over(body) == []
    assert body["allowed_mentions"] == {"parse": []}
    for text in texts(body):
        bad = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn")}
        assert bad <= set("\n\u200c\u200d")
        bare = re.sub(r"\\[^0-9A-Za-z\s]|`[^`]*`", "", text)  # without escapes and code, as they are read
        assert all(clean_link(address) for address in re.findall(r"<([^>]*)>", bare))


@given(hostile)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    shown = re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped(text))
    assert shown == re.sub("@(?=everyone|here)", "＠", text, flags=re.IGNORECASE)


@given(hostile)
def test_escaped_text_has_no_live_markup(text: str) -> None:
    """Taking the escapes away, no sign of markup is left, and no address that becomes a link."""
    left = re.sub(r"\\[^0-9A-Za-z\s]", "", escaped(text))
    assert not set(left) & set("*_~`|<>[]")
    assert not re.search(r"(?m)^\s*([#+=-]|\d{1,9}[.)])", re.sub(r"\\[^0-9A-Za-z\s]", "X", escaped(text)))
    assert not re.search(r"[a-z]://|\bwww\.", escaped(text), re.IGNORECASE)


@given(hostile, st.integers(0, 60))
def test_a_clipped_text_keeps_its_limit(text: str, limit: int) -> None:
    assert units(clip(text, limit)) <= max(limit, 1)


def test_a_long_text_is_cut_at_a_word() -> None:
    assert clip("Two battalions of the Quds Force", 20) == "Two battalions of…"
    assert clip("x" * 30, 20) == "x" * 19 + "…"


def test_a_link_shows_where_it_leads() -> None:
    shown = payload(Card("T", blocks=(Text((Run("BBC News", link="https://evil.example/a"),)),)))["embeds"][0][
        "description"
    ]
    assert shown == "BBC News <https://evil.example/a>"
    card = Card(
        "Title",
        link="https://www.reuters.example/a",
        blocks=(Text((Run("Reuters", link="https://www.reuters.example/a"),)),),
    )
    embed = payload(card)["embeds"][0]
    assert embed["author"] == {"name": "reuters.example"}
    assert embed["description"] == "Reuters (reuters.example)"
    assert host_of("https://аpple.example/") == "xn--pple-43d.example"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:x",
        "https://a@b.example/",
        "https://a.example/x@here",
        "https://a.example/<@1>",
        "ftp://a.example/",
        "",
        None,
    ],
)
def test_no_other_link_is_made(address: str | None) -> None:
    card = Card("Title", link=address, blocks=(Text((Run("words", link=address),)),))
    embed = payload(card)["embeds"][0]
    assert "url" not in embed
    assert "<" not in embed["description"]


def test_only_the_role_that_was_asked_for_is_called() -> None:
    body = payload(Card("<@&99> @everyone"), mention="<@&123456789012345678>")
    assert body["content"] == "<@&123456789012345678>"
    assert body["allowed_mentions"] == {"parse": [], "roles": ["123456789012345678"]}
    assert "content" not in payload(Card("x"), mention="@everyone")


def test_a_button_carries_its_line_or_a_key_of_it() -> None:
    short, long = Button("Why", "/why V-7F3K2"), Button("Follow", "/subscribe " + "a" * 200, Does.SHARE)
    assert custom_id(short, str) == "v:A:/why V-7F3K2"
    assert custom_id(long, lambda line: "k" * 20) == "v:S:#" + "k" * 20
    assert too_long(Card("x", buttons=(short, long))) == [long.line]
    assert pressed("v:A:/why V-7F3K2") == (Does.ANSWER, "/why V-7F3K2")
    assert pressed("poll:1") is pressed("v:X:/why") is pressed("") is None


@given(st.integers(60, 140))
def test_what_is_kept_is_exactly_what_is_too_long(length: int) -> None:
    button = Button("x", "/" + "é" * length)
    assert ("#" in custom_id(button, lambda line: "k")) == bool(too_long(Card("x", buttons=(button,))))


def test_markup_that_would_touch_is_kept_apart() -> None:
    runs = (code("a"), code("b"), strong("c"), Run("d", Style.STRONG, "https://x.example/" + "y" * 200))
    assert payload(Card("x", blocks=(Text(runs),)))["embeds"][0]["description"] == "`a` `b` **c** **d** (x.example)"


def test_a_list_to_copy_keeps_its_lines() -> None:
    shown = payload(Card("x", blocks=(Text(line(code('<opml>\n <outline text="a"/>\n</opml>'))),)))["embeds"][0]
    assert shown["description"] == '```\n<opml>\n <outline text="a"/>\n</opml>\n```'


def test_a_picture_comes_as_a_file_or_in_words() -> None:
    shown = picture(MapSpec((MapPlace("Samarra", 34.2, 43.9), MapPlace("@everyone", 33.3, 44.4)), "Iraq"))
    card = Card("T", blocks=(Text(line("Before")), shown, Text(line("After"))))
    said = payload(card)["embeds"][0]
    assert "Samarra" in said["description"]
    assert "image" not in said
    body = payload(card, drawn=[0])
    assert body["embeds"][0]["image"] == {"url": "attachment://picture-1.png"}
    assert body["attachments"][0]["filename"] == "picture-1.png"
    assert "Samarra" in body["attachments"][0]["description"]
    assert "Samarra" not in body["embeds"][0]["description"]
    assert faults_of(body, "/channels/{channel_id}/messages", "post", ("picture-1.png",)) == []
