"""Hostile cards by the hundred through each renderer; by the hundred thousand in the slow tests.

Titles and bodies are put together from what has a meaning somewhere: mentions, markup of all platforms, links,
controls, marks and overlong words.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from io import StringIO

import pytest

from bot.cards.card import Bars, Button, Card, Does, Field, Fields, Listing, Quote, Run, Style, Text, Tone
from bot.chat import discord_cards, slack_cards
from bot.chat.console import new_console, render
from bot.chat.discord_text import clean_link
from tests.chat.test_discord_cards import ATTACKS, texts
from tests.fakes.discord_checks import over
from tests.fakes.slack_limits import faults_of_message
from tests.fakes.slack_limits import texts as slack_texts

MORE = (
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S0123456>", "<@U0BOB0001>", "<#C0123456|x>", "<https://evil.example|bbc.co.uk>",
    "<mailto:a@b.example>", "<!date^1^{date}^https://evil.example|x>", "&amp;", "&lt;!channel&gt;", "&#60;", ":bomb:",
    "[link=https://evil.example]x[/link]", "[bold red]x[/]", "\x1b]8;;https://evil.example\x07x\x1b]8;;\x07", "\x9b31m",
    "\u2066", "\u2028", "\r\n", "\t", "/vedette feeds remove x", "\ufdfd" * 3, "w" * 300, "word " * 80, "\U0001f468\u200d" * 20,
    "\u0e33" * 40, "\uffff", "\U0010ffff", "</blockquote>", "<script>", "\\u202e", "%0a", "$(id)",
)  # fmt: skip
LINKS = (
    None, None, "https://a.example/b?c=d_e*f", "javascript:alert(1)", "https://u:p@a.example/", "https://а.example/", "file:///x",
    "https://a.example/)<@1>", "https://a.example/ x", "https://a.example/>|| [x](y)", "https://a.example/" + "p" * 3000, "\u202ehttps://x",
)  # fmt: skip
SOUND = set("\n\t\u200c\u200d")


def hostile_cards(number: int, seed: int) -> Iterator[Card]:
    """The same cards for the same seed."""
    chance = random.Random(seed)
    pieces = (*ATTACKS, *MORE)

    def words() -> str:
        text = "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 8)))
        return text * 60 if chance.random() < 0.01 else text

    def runs() -> tuple[Run, ...]:
        styles = tuple(Style)
        return tuple(Run(words(), chance.choice(styles), chance.choice(LINKS)) for _ in range(chance.randrange(1, 4)))

    def block() -> Text | Quote | Listing | Fields | Bars:
        match chance.randrange(5):
            case 0:
                return Text(runs())
            case 1:
                return Quote(runs(), runs())
            case 2:
                return Listing(words(), tuple(runs() for _ in range(chance.randrange(4))))
            case 3:
                return Fields(tuple(Field(words(), runs()) for _ in range(chance.randrange(3))))
            case _:
                return Bars(words(), tuple(chance.randrange(-5, 10**6) for _ in range(30)), words(), words())

    tones, does = tuple(Tone), tuple(Does)
    for _ in range(number):
        yield Card(
            words(),
            chance.choice(tones),
            code=chance.choice(("", "V-7F3K2")),
            link=chance.choice(LINKS),
            blocks=tuple(block() for _ in range(chance.randrange(5))),
            buttons=tuple(Button(words(), words(), chance.choice(does)) for _ in range(chance.randrange(3))),
            footer=runs(),
        )


def faults_on_discord(card: Card) -> list[str]:
    body = discord_cards.render(card, lambda line: "k" * 20)
    found = list(over(body))
    if body["allowed_mentions"] != {"parse": []} or "content" in body:
        found.append("mentions are on")
    for text in texts(body):
        found += controls(text)
        bare = re.sub(r"\\[^0-9A-Za-z\s]|`[^`]*`", "", text)  # without escapes and code, as they are read
        found += [f"link {link}" for link in re.findall(r"<([^>]*)>", bare) if not clean_link(link)]
        if re.search(r"@(everyone|here)", text, re.IGNORECASE):
            found.append("a live mention")
    return found


def faults_on_slack(card: Card) -> list[str]:
    made = slack_cards.message(card)
    found = list(faults_of_message({"text": made.text, "blocks": made.blocks}))
    found += faults_of_message({"text": slack_cards.plain_version(card)})
    shown = [block for block in made.blocks if block["type"] != "actions"]
    return found + [fault for text in slack_texts(shown) for fault in controls(text)]


def faults_in_a_terminal(card: Card) -> list[str]:
    out = StringIO()
    new_console(out).print(render(card))
    return controls(out.getvalue())


def controls(text: str) -> list[str]:
    return [f"U+{ord(c):04X}" for c in set(text) - SOUND if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn")]


@pytest.mark.parametrize("number", [500, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("faults", [faults_on_discord, faults_on_slack, faults_in_a_terminal])
def test_no_card_calls_anybody_or_is_too_long(faults: Callable[[Card], list[str]], number: int) -> None:
    for card in hostile_cards(number, seed=number):
        assert not faults(card), f"{faults(card)[:5]}: {card}"
