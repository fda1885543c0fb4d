"""Cards as Slack blocks: pure, no network.

Nothing here is mrkdwn: text stands in `rich_text` and `plain_text`, where no character has a meaning, so there
is nothing to escape and nothing that could call anybody. The fallback text alone is read by Slack for `<…>` and
`&`; it is escaped there. Slack's limits: docs.slack.dev/reference/block-kit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from bot.cards.card import (
    Bars,
    Block,
    Button,
    Card,
    Does,
    Fields,
    Line,
    Listing,
    Quote,
    Run,
    Style,
    Text,
    Tone,
)
from bot.cards.picture import Picture
from bot.text.inert import inert
from handlers import BY_NAME

ALL = 12_000  # UTF-16 units over all blocks; Slack refuses messages from somewhere above 13,000
MOST_BLOCKS = 50
PART = 2_900  # of one block; Slack cuts at 3,000
HEADER = 150
FOOTER = 1_000
BUTTON = 75
VALUE = 2_000
VALUES = 4_000  # of all buttons of a message
FALLBACK = 1_000
MOST_BUTTONS = 25
LINK = 2_000
AT_HOME = ("whois", "subscribe")  # registered under their own names; all others are verbs of /vedette

_BARS = "▁▂▃▄▅▆▇█"
_TONES = {
    Tone.ALERT: "🔴 ",
    Tone.WARNING: "🟡 ",
    Tone.TROUBLE: "🔴 ",
    Tone.DONE: "🟢 ",
    Tone.INFO: "",
    Tone.DIGEST: "🔵 ",
}
_STYLES = {Style.STRONG: {"bold": True}, Style.MARK: {"bold": True}, Style.CODE: {"code": True}}
_REMOVES = re.compile(r"/?(unsubscribe|feeds remove|digest off|untrack|admins remove)\b")
_TYPED = re.compile(r"(?<![\w/:.@<])/([a-z]{2,20})\b")
MOST_GROUPS = 5
_GROUP = re.compile(r"(?:<!subteam\^)?(S[A-Z0-9]{5,20})(?:\|[^>]{0,80})?>?")


@dataclass(slots=True)
class Budget:
    """What may still be said, in UTF-16 units; `cut` once something had to be left out."""

    left: int = ALL
    cut: bool = False

    def take(self, text: str, most: int) -> str:
        room = min(most, self.left)
        kept = clip(text, room)
        if kept != text:
            self.cut = True
        self.left -= units(kept)
        return kept


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: `blocks` to look at, `text` for notifications and readers aloud, escaped."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""


def units(text: str) -> int:
    """Length as Slack counts it, or a little more."""
    return len(text) + sum(char > "\uffff" for char in text)


def clip(text: str, most: int) -> str:
    """At most so many UTF-16 units, cut at a word, with an ellipsis."""
    if units(text) <= most:
        return text
    if most <= 1:
        return ""
    kept = text[: most - 1]
    while units(kept) > most - 1:
        kept = kept[:-1]
    word = max(kept.rfind(" "), kept.rfind("\n"))
    if word > len(kept) * 2 // 3:
        kept = kept[:word]
    return kept.rstrip() + "…"


def escaped(text: str) -> str:
    """For the places where Slack reads `<…>` and `&`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def safe_link(url: str | None) -> tuple[str, str] | None:
    """(address, host as it is shown) of a link that may be given; None for anything that is not plainly on the web."""
    if not url or len(url) > LINK or inert(url) != url or re.search(r"[\s<>|\"\\^`{}]", url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        if parts.scheme not in ("http", "https") or "@" in parts.netloc or not host:
            return None
        shown = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        return None
    return url, shown


def as_typed(text: str) -> str:
    """Commands as they are typed on Slack: `/feeds list` is `/vedette feeds list`."""

    def known(found: re.Match[str]) -> str:
        name = found[1]
        return f"/vedette {name}" if name in BY_NAME and name not in AT_HOME else found[0]

    return _TYPED.sub(known, text)


def message(card: Card, *, mention: str = "", note: str = "", most: int = MOST_BLOCKS) -> Message:
    """A card as a message. `mention` are the user groups that are called, `note` is said first, in small letters."""
    budget = Budget()
    blocks: list[dict[str, Any]] = []
    groups = [found[1] for part in mention.split()[:MOST_GROUPS] if (found := _GROUP.fullmatch(part))]
    if groups:
        blocks.append(_rich([_section([{"type": "usergroup", "usergroup_id": group} for group in groups])]))
    if _flat(note):
        blocks.append(_small(budget, _flat(note)))
    title = _flat(card.title) or "–"
    blocks.append({"type": "header", "text": _plain(budget.take(_TONES[card.tone] + title, HEADER))})
    below = _below_title(budget, card, title)
    footer = _words(card.footer)
    budget.left -= min(units(footer), FOOTER) + _buttons_cost(card.buttons)
    tail = [_small(Budget(FOOTER), footer)] if footer else []
    tail += _actions(card.buttons)
    room = most - len(blocks) - len(tail) - 2
    body = [*below, *(made for block in card.blocks if (made := _block(budget, block, card.tone)))]
    if len(body) > room:
        body, budget.cut = body[:room], True
    if budget.cut and len(body) and card.link and (more := safe_link(card.link)):
        body.append(_rich([_section([{"type": "text", "text": "More: "}, _link(more[0], more[1])])]))
    return Message([*blocks, *body, *tail], fallback(card, note))


def fallback(card: Card, note: str = "") -> str:
    """The card in one plain line or two, escaped."""
    said = " ".join(filter(None, (f"[{_flat(note)}]" if note else "", _flat(card.title) or "–", _flat(card.code))))
    return _escaped_within(said, FALLBACK)


def plain_version(card: Card, note: str = "") -> str:
    """The whole card as escaped plain text: what is sent when Slack does not take its blocks."""
    parts = [f"[{_flat(note)}]" if note else "", " ".join(filter(None, (_flat(card.title) or "–", _flat(card.code))))]
    for block in card.blocks:
        parts += _plain_block(block)
    link = safe_link(card.link)
    parts += [link[0]] if link else []
    return _escaped_within("\n".join(filter(None, parts)), PART)


def _escaped_within(text: str, most: int) -> str:
    kept = clip(text, most)
    while units(escaped(kept)) > most:
        kept = clip(text, len(kept) * most // units(escaped(kept)) - 1)
    return escaped(kept)


def _plain_block(block: Block) -> list[str]:
    match block:
        case Text(runs):
            return [_words(runs)]
        case Quote(runs, source):
            return [f"“{_words(runs)}”", _words(source)]
        case Fields(fields):
            return [f"{_flat(item.label)}: {_words(item.runs)}" for item in fields]
        case Listing(heading, lines):
            return [_flat(heading), *(f"• {_words(item)}" for item in lines)]
        case Bars():
            return [_drawn(block)]
        case Picture():
            return [_flat(block.alt)]


def _below_title(budget: Budget, card: Card, title: str) -> list[dict[str, Any]]:
    """The short id and the link, under the header, which can hold neither; and a title too long for it, whole."""
    made: list[dict[str, Any]] = []
    if units(_TONES[card.tone] + title) > HEADER:
        made.append(_rich([_section(_texts(budget, title, {"bold": True}, PART))]))
    parts: list[dict[str, Any]] = []
    if card.code:
        parts += _texts(budget, _flat(card.code), {"code": True}, 100)
    if link := safe_link(card.link):
        parts += [{"type": "text", "text": "  "}] if parts else []
        parts.append(_link(link[0], f"Read at {link[1]}"))
        budget.left -= units(link[0]) + units(link[1])
    if parts:
        made.append(_rich([_section(parts)]))
    return made


def _block(budget: Budget, block: Block, tone: Tone) -> dict[str, Any] | None:
    if budget.left < 20:
        budget.cut = True
        return None
    before = budget.left
    match block:
        case Text(runs):
            parts = [_section(_runs(budget, runs, tone, PART))]
        case Quote(runs, source):
            said = _runs(budget, runs, tone, PART - 600)
            told = _runs(budget, source, tone, 500)
            parts = [{"type": "rich_text_quote", "elements": [*said, *([_text("\n")] if said and told else []), *told]}]
        case Fields(fields):
            lines: list[dict[str, Any]] = []
            for item in fields:
                room = PART - (before - budget.left)
                label = _texts(budget, _flat(item.label), {"bold": True}, min(room, 200))
                value = _runs(budget, item.runs, tone, room - 210)
                if label and value:
                    lines += [*([_text("\n")] if lines else []), *label, _text("  "), *value]
            parts = [_section(lines)]
        case Listing(heading, rows):
            parts = _listing(budget, heading, rows, tone)
        case Picture():
            return None  # uploaded beside the message, with its words
        case Bars():
            parts = [_section(_texts(budget, _drawn(block), {"code": True}, PART))]
    full = [part for part in parts if part["elements"]]
    return _rich(full) if full else None


def _listing(budget: Budget, heading: str, rows: Iterable[Line], tone: Tone) -> list[dict[str, Any]]:
    before = budget.left
    title = _texts(budget, _flat(heading), {"bold": True}, 300)
    items = []
    for row in rows:
        room = PART - (before - budget.left)
        if room < 40 or budget.left < 40:
            budget.cut = True
            items.append(_section([_text("…")]))
            break
        if made := _runs(budget, row, tone, room):
            items.append(_section(made))
    return [_section(title), {"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": items}]


def _runs(budget: Budget, runs: Line, tone: Tone, most: int) -> list[dict[str, Any]]:
    """Elements of at most so many units together; a link shows its host beside its words."""
    made: list[dict[str, Any]] = []
    end = budget.left - most
    for run in runs:
        room = budget.left - max(end, 0)
        if room < 4:
            budget.cut = True
            break
        link = safe_link(run.link)
        if link and units(link[0]) + units(link[1]) + 10 < room:
            words = budget.take(_flat(run.text), room - units(link[0]) - units(link[1]) - 3).strip()
            made.append(_link(link[0], f"{words} ({link[1]})" if words and words != link[1] else link[1], run.style))
            budget.left -= units(link[0]) + units(link[1]) + 3
            continue
        made += _texts(budget, _typed(run, tone), _STYLES.get(run.style, {}), room)
    return made


def _typed(run: Run, tone: Tone) -> str:
    """Our own hints name commands; they are named as Slack knows them. Text from articles stays as it is."""
    ours = run.style is Style.CODE or tone in (Tone.WARNING, Tone.TROUBLE)
    return as_typed(inert(run.text)) if ours else inert(run.text)


def _texts(budget: Budget, text: str, style: dict[str, bool], most: int) -> list[dict[str, Any]]:
    kept = budget.take(text, most)
    return [{"type": "text", "text": kept} | ({"style": style} if style else {})] if kept else []


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _link(url: str, words: str, style: Style = Style.PLAIN) -> dict[str, Any]:
    dress = {"bold": True} if style in (Style.STRONG, Style.MARK) else {}
    return {"type": "link", "url": url, "text": words} | ({"style": dress} if dress else {})


def _section(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": elements}


def _rich(elements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": elements}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def small(text: str) -> dict[str, Any]:
    """A line in small letters."""
    return _small(Budget(FOOTER), text)


def _small(budget: Budget, text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_plain(budget.take(text, FOOTER))]}


def _flat(text: str) -> str:
    return " ".join(inert(text).split())


def _words(runs: Line) -> str:
    """A line without its dress; links show their hosts."""
    parts = []
    for run in runs:
        link = safe_link(run.link)
        text = as_typed(inert(run.text)) if run.style is Style.CODE else inert(run.text)
        parts.append(f"{text} ({link[1]})" if link and link[1] != text else text)
    return " ".join("".join(parts).split(" ")).strip()


def _drawn(bars: Bars) -> str:
    top = max(bars.values, default=0) or 1
    drawn = "".join(_BARS[min(7, -(-value * 8 // top) - 1)] if value > 0 else "·" for value in bars.values)
    return " ".join(filter(None, (_flat(bars.label), _flat(bars.first), drawn, _flat(bars.last), f" highest {top}")))


def _shown(buttons: tuple[Button, ...]) -> list[Button]:
    """Those that Slack can carry; a command of more than 2,000 characters is nobody's."""
    shown: list[Button] = []
    spent = 0
    for button in buttons[:MOST_BUTTONS]:
        value = inert(button.line)
        if value.strip() and units(value) <= VALUE and spent + units(value) <= VALUES:
            shown.append(replace(button, line=value))
            spent += units(value)
    return shown


def _buttons_cost(buttons: tuple[Button, ...]) -> int:
    return sum(units(button.line) + BUTTON for button in _shown(buttons))


def _actions(buttons: tuple[Button, ...]) -> list[dict[str, Any]]:
    shown = [_button(number, button) for number, button in enumerate(_shown(buttons))]
    return [{"type": "actions", "elements": shown}] if shown else []


def _button(number: int, button: Button) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "button",
        "action_id": f"do:{button.does.value}:{number}",
        "text": _plain(clip(_flat(button.label) or "…", BUTTON)),
        "value": button.line,
    }
    if _REMOVES.match(button.line) and button.does is not Does.FORM:
        made["style"] = "danger"
        made["confirm"] = {
            "title": _plain("Are you sure?"),
            "text": _plain(clip(f"This carries out {as_typed(inert(button.line))}", 300)),
            "confirm": _plain("Yes"),
            "deny": _plain("No"),
            "style": "danger",
        }
    return made
