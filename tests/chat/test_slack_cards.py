"""Golden blocks: look at the files in tests/golden after a change; `VEDETTE_GOLDEN=write` makes them anew."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.card import Bars, Button, Card, Does, Field, Fields, Listing, Quote, Run, Style, Text, Tone, code, line
from bot.chat.slack_cards import as_typed, clip, message, plain_version, safe_link, units
from bot.chat.slack_views import answer_view, home_view
from bot.chat.slack_words import command_line, message_words, plain_line, spoken_line
from tests.chat.test_console import CARDS, HOSTILE
from tests.fakes.slack_limits import faults_of_message, faults_of_view, texts

GOLDEN = Path(__file__).parent.parent / "golden"
EVIL = (
    "<!channel>", "<!here|x>", "<@U123>", "@everyone", "<#C1|x>", "<https://evil.example/|bank>", "<!subteam^S0123456>", "&amp;",
    "&lt;!channel&gt;", "*b* _i_ ~s~ `c` ```x```", "\u202e\u2066x", "\u200b\u200b", "\x00\x1b[31m", ":tada:", "javascript:1", "> quote",
    "z" + "\u0301" * 60, "\U0001f600" * 50, "x" * 5000, "word " * 900, "\ud800", "\n\n\n", "",
)  # fmt: skip
HOSTILE_TEXT = st.lists(st.one_of(st.sampled_from(EVIL), st.text(max_size=40)), max_size=6).map("".join)
LINKS = st.one_of(
    st.none(),
    st.sampled_from(
        ["https://reuters.example/a", "javascript:alert(1)", "http://a@evil.example/", "https://", "https://пример.example/ü",
         "file:///etc/passwd", "https://x.example/" + "a" * 3000, "https://x.example/>|<", "http://[::1", "https://x.example:99999/"]
    ),
    HOSTILE_TEXT,
)  # fmt: skip
RUNS = st.lists(st.builds(Run, HOSTILE_TEXT, st.sampled_from(Style), LINKS), max_size=5).map(tuple)
BLOCKS = st.one_of(
    st.builds(Text, RUNS),
    st.builds(Quote, RUNS, RUNS),
    st.builds(Fields, st.lists(st.builds(Field, HOSTILE_TEXT, RUNS), max_size=4).map(tuple)),
    st.builds(Listing, HOSTILE_TEXT, st.lists(RUNS, max_size=30).map(tuple)),
    st.builds(Bars, HOSTILE_TEXT, st.lists(st.integers(-2, 99), max_size=40).map(tuple), HOSTILE_TEXT, HOSTILE_TEXT),
)
HOSTILE_CARDS = st.builds(
    Card,
    title=HOSTILE_TEXT,
    tone=st.sampled_from(Tone),
    code=HOSTILE_TEXT,
    link=LINKS,
    blocks=st.lists(BLOCKS, max_size=60).map(tuple),
    buttons=st.lists(st.builds(Button, HOSTILE_TEXT, HOSTILE_TEXT, st.sampled_from(Does)), max_size=30).map(tuple),
    footer=RUNS,
)


def drawn(card: Card) -> str:
    made = message(card)
    return json.dumps({"text": made.text, "blocks": made.blocks}, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize("name", sorted(CARDS))
def test_cards_look_as_they_did(name: str) -> None:
    file = GOLDEN / f"slack-{name}.json"
    if os.environ.get("VEDETTE_GOLDEN") == "write":
        file.write_text(drawn(CARDS[name]), encoding="utf-8")
    assert drawn(CARDS[name]) == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(CARDS))
def test_slack_would_take_each(name: str) -> None:
    made = message(CARDS[name])
    assert not list(faults_of_message({"text": made.text, "blocks": made.blocks}))


@settings(max_examples=100, deadline=None)
@given(HOSTILE_CARDS, HOSTILE_TEXT)
def test_nothing_hostile_calls_anybody_or_is_too_long(card: Card, note: str) -> None:
    made = message(card, note=note.strip() and f"note {note}"[:200])
    assert not list(faults_of_message({"text": made.text, "blocks": made.blocks}))
    assert not list(faults_of_message({"text": plain_version(card)}))
    for view in (answer_view(card, {}), home_view(card, {})):
        assert not list(faults_of_view(view))
    said = [text for block in made.blocks for text in texts(block) if block["type"] != "actions"]
    controls = {char for text in said for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
    assert not controls - set("\n\t\u200c\u200d")


def test_a_user_group_is_called_only_where_the_post_says_so() -> None:
    card = CARDS["hostile"]
    assert "usergroup" not in drawn(card)
    for written in ("S0123456", "<!subteam^S0123456>", "<!subteam^S0123456|@ops>"):
        made = message(card, mention=written)
        body = {"text": made.text, "blocks": made.blocks}
        assert not list(faults_of_message(body, mentions=frozenset({"S0123456"})))
        assert list(faults_of_message(body)) == ["live element 'usergroup'"]
    for other in ("<!channel>", "here", "U0123456", "@everyone"):
        made = message(card, mention=other)
        assert not list(faults_of_message({"text": made.text, "blocks": made.blocks}))


def test_what_is_cut_says_so_and_where_the_rest_is() -> None:
    long = Card(title="T", link="https://a.example/x", blocks=tuple(Text(line("word " * 900)) for _ in range(20)))
    blocks = message(long).blocks
    assert any(text.endswith("word…") for text in texts(blocks))
    last = blocks[-1]["elements"][0]["elements"]
    assert (last[0]["text"], last[1]["url"], last[1]["text"]) == ("More: ", "https://a.example/x", "a.example")


def test_a_title_too_long_for_a_header_stands_below_it_whole() -> None:
    title = "Long " * 60
    made = message(Card(title=title))
    assert units(made.blocks[0]["text"]["text"]) <= 150
    assert made.blocks[1]["elements"][0]["elements"][0]["text"] == title.strip()


def test_commands_are_named_as_slack_knows_them() -> None:
    assert (
        as_typed("/feeds list, /whois X, /subscribe Y, /nonsense")
        == "/vedette feeds list, /whois X, /subscribe Y, /nonsense"
    )
    assert as_typed("https://a.example/feeds") == "https://a.example/feeds"
    said = drawn(Card(title="x", blocks=(Text(line("He said /feeds. ", code("/feeds add x"))),)))
    assert "He said /feeds. " in said
    assert "/vedette feeds add x" in said


def test_what_removes_asks_first() -> None:
    buttons = (
        Button("Stop", "/unsubscribe 3"),
        Button("Out", "/feeds remove https://a.example/"),
        Button("Why", "/why V-7F3K2"),
    )
    elements = message(Card(title="x", buttons=buttons)).blocks[-1]["elements"]
    assert [("confirm" in each, each.get("style")) for each in elements] == [
        (True, "danger"), (True, "danger"), (False, None)
    ]  # fmt: skip


@given(st.text(max_size=60), st.integers(0, 80))
def test_clip_keeps_to_its_limit(text: str, most: int) -> None:
    assert units(clip(text, most)) <= max(most, 0)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://reuters.example/a?b=c#d", "reuters.example"),
        ("http://127.0.0.1:80/x", "127.0.0.1"),
        ("https://xn--e1afmkfd.example/", "xn--e1afmkfd.example"),
        ("https://пример.example/", "xn--e1afmkfd.example"),
    ],
)
def test_links_show_where_they_lead(url: str, host: str) -> None:
    assert safe_link(url) == (url, host)


@pytest.mark.parametrize(
    "url",
    ["javascript:1", "//x", "https://a@b.example", "https:///x", "ftp://x", "https://x y", None, "", "https://x\u202e"],
)
def test_what_is_no_plain_link_is_none(url: str | None) -> None:
    assert safe_link(url) is None


@pytest.mark.parametrize(
    ("typed", "line_"),
    [
        ("subscribe Quds Force", "/subscribe Quds Force"),
        ("", "/help"),
        ("feeds add <https://a.example/x?a=1&amp;b=2>", "/feeds add https://a.example/x?a=1&b=2"),
        ("feeds add <https://a.example|a.example>", "/feeds add https://a.example"),
        ("subscribe near:“Baquba” 40km", '/subscribe near:"Baquba" 40km'),
        ("admins add <@U0BOB0001|bob>", "/admins add @U0BOB0001"),
        ("search &lt;!channel&gt;", "/search <!channel>"),
    ],
)
def test_what_is_typed_loses_slacks_notation(typed: str, line_: str) -> None:
    assert command_line("/vedette", typed) == line_
    assert command_line("/whois", "Quds  Force") == "/whois Quds Force"


def test_a_mention_is_a_command_without_our_name() -> None:
    assert spoken_line("<@UBOT> whois Quds Force", "UBOT") == "/whois Quds Force"
    assert spoken_line("<@UBOT|vedette>: /feeds list", "UBOT") == "/feeds list"
    assert spoken_line("<@UBOT>", "UBOT") == "/help"


@given(st.text(max_size=300))
def test_any_words_become_a_line(text: str) -> None:
    for made in (
        plain_line(text),
        command_line("/vedette", text),
        spoken_line(text, "UBOT"),
        message_words({"text": text}),
    ):
        assert "\n" not in made
        assert len(made) <= 3_100


def test_the_hostile_card_says_its_words_and_nothing_more() -> None:
    said = drawn(Card(title=HOSTILE))
    assert "<!channel>" in said.split('"blocks"')[1], "in blocks it is mere text"
    assert "<!channel>" not in said.split('"blocks"')[0], "the fallback is escaped"
