"""A card as a Discord message: one embed, a second where it is long, and buttons. No network, no state."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from bot.cards.card import Bars, Block, Button, Card, Does, Fields, Listing, Quote, Run, Style, Text, Tone
from bot.cards.picture import Picture
from bot.chat.discord_text import (
    bold,
    clean_link,
    clip,
    code,
    code_block,
    flat,
    host_of,
    line_of,
    plain,
    units,
)

TITLE, DESCRIPTION, NAME, TOTAL = 256, 4096, 256, 6000  # Discord's limits, in units
LABEL, CUSTOM_ID, ROW, ROWS, ALT = 80, 100, 5, 5, 1024
PICTURES = 4  # ours: of one message
PARAGRAPH, LINE = 1600, 500  # ours: one long text leaves room for the rest
RESERVE = 160  # units of the last line that says how much was cut
NOBODY: dict[str, Any] = {"parse": []}  # no post calls anybody by what stands in it
_ROLE = re.compile(r"(?<!\d)\d{15,21}(?!\d)", re.ASCII)
MOST_ROLES = 5
_COLOURS = {
    Tone.ALERT: 0xC0392B,
    Tone.INFO: 0x5B7C99,
    Tone.DIGEST: 0x2E5E8C,
    Tone.DONE: 0x3F8F5F,
    Tone.WARNING: 0xC9902B,
    Tone.TROUBLE: 0xC0392B,
}
_BLOCKS = "▁▂▃▄▅▆▇█"
_DOES = {Does.ANSWER: "A", Does.REPLACE: "R", Does.SHARE: "S", Does.FORM: "F"}
_DONE = {letter: does for does, letter in _DOES.items()}
MARK = "v:"  # begins every custom_id of ours
Keep = Callable[[str], str]  # a short key for a line that is too long for a button


def render(
    card: Card, keep: Keep, *, mention: str = "", shared_by: str = "", drawn: Collection[int] = ()
) -> dict[str, Any]:
    """The body of a message, everything that Discord limits within its limits.

    `mention` are the roles that it may call; `drawn` says which of `pictures_of(card)` come with it as files. The
    others are told in words.
    """
    link = clean_link(card.link)
    head: dict[str, Any] = {"title": clip(flat(card.title) or "–", TITLE), "color": _COLOURS[card.tone]}
    if link:
        head["url"] = link
        head["author"] = {"name": plain(host_of(link), NAME)}
    footer = " · ".join(part for part in (card.code, f"shared by {shared_by}" if shared_by else "") if part)
    if footer:
        head["footer"] = {"text": plain(footer, NAME)}
    spent = units(head["title"]) + sum(units(head.get(part, {}).get(key, "")) for part, key in _SMALL)
    bodies = _fitted(_lines(card, link, drawn), TOTAL - spent, link)
    embeds = [head | ({"description": bodies[0]} if bodies else {})]
    embeds += [{"description": body, "color": head["color"]} for body in bodies[1:]]
    for number in sorted(drawn):
        image = {"url": f"attachment://{file_name(number)}"}
        if number == min(drawn):
            embeds[0]["image"] = image
        else:
            embeds.append({"image": image, "color": head["color"]})
    roles = _ROLE.findall(mention)[:MOST_ROLES]
    payload: dict[str, Any] = {
        "embeds": embeds,
        "components": _rows(card.buttons, keep),
        "allowed_mentions": NOBODY | {"roles": roles} if roles else NOBODY,
    }
    if roles:
        payload["content"] = " ".join(f"<@&{role}>" for role in roles)
    if drawn:
        payload["attachments"] = [
            {"id": str(place), "filename": file_name(number), "description": plain(pictures_of(card)[number].alt, ALT)}
            for place, number in enumerate(sorted(drawn))
        ]
    return payload


def pictures_of(card: Card) -> list[Picture]:
    """The pictures that a message of the card can show."""
    return [block for block in card.blocks if isinstance(block, Picture)][:PICTURES]


def file_name(number: int) -> str:
    return f"picture-{number + 1}.png"


_SMALL = (("author", "name"), ("footer", "text"))


def _lines(card: Card, link: str | None, drawn: Collection[int]) -> Iterator[str]:
    """The body line by line; an empty one between blocks that do not belong together."""
    before: Block | None = None
    shown = [id(block) for number, block in enumerate(pictures_of(card)) if number in drawn]
    for block in card.blocks:
        if id(block) in shown:
            continue
        if before and not (isinstance(block, Quote) and isinstance(before, Text)):
            yield ""
        yield from _block(block, link)
        before = block
    if card.footer:
        yield from (
            ("", f"-# {line_of(card.footer, LINE, link)}") if before else (f"-# {line_of(card.footer, LINE, link)}",)
        )


def _block(block: Block, link: str | None) -> Iterator[str]:
    match block:
        case Text((Run(text, Style.CODE, None),)) if "\n" in text:
            yield code_block(text, DESCRIPTION - RESERVE)
        case Text(runs):
            yield line_of(runs, PARAGRAPH, link)
        case Quote(runs, source):
            yield f"> {line_of(runs, PARAGRAPH, link)}"
            if source:
                yield f"> — {line_of(source, LINE, link)}"
        case Fields(fields):
            for field in fields:
                yield f"{bold(clip(flat(field.label), 100, str))}  {line_of(field.runs, LINE * 2, link)}"
        case Listing(heading, lines):
            if heading:
                yield bold(clip(flat(heading), NAME, str))
            for item in lines:
                yield f"- {line_of(item, LINE, link)}"
        case Bars():
            yield _bars(block)
        case Picture():
            yield clip(flat(block.alt), PARAGRAPH)


def _bars(bars: Bars) -> str:
    top = max(bars.values, default=0) or 1
    drawn = "".join(_BLOCKS[min(7, -(-value * 8 // top) - 1)] if value > 0 else "·" for value in bars.values[-90:])
    ends = [clip(flat(end), 100) for end in (bars.label, bars.first, bars.last)]
    return " ".join(part for part in (ends[0], "", ends[1], code(drawn), ends[2], f" highest {top}") if part)


def _fitted(lines: Iterator[str], room: int, link: str | None) -> list[str]:
    """The lines in bodies of embeds; where they are more than fit, the last one says so."""
    bodies: list[list[str]] = [[]]
    sizes = [0]
    spent = 0
    everything = list(lines)
    whole = sum(units(item) + 1 for item in everything)
    most = room if whole <= min(room, DESCRIPTION) else room - RESERVE
    for number, item in enumerate(everything):
        size = units(item) + 1
        if spent + size > most:
            bodies[-1].append(_cut_here(sum(1 for left in everything[number:] if left), link))
            break
        if sizes[-1] + size > DESCRIPTION - RESERVE:
            bodies.append([])
            sizes.append(0)
        if item or bodies[-1]:
            bodies[-1].append(item)
            sizes[-1] += size
        spent += size
    return [body for body in ("\n".join(lines).strip("\n") for lines in bodies) if body]


def _cut_here(left: int, link: str | None) -> str:
    more = f"… {left:,} more {'line' if left == 1 else 'lines'}"
    return f"{more} <{link}>" if link and len(link) < RESERVE - 40 else more


def _rows(buttons: Sequence[Button], keep: Keep) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for button in buttons:
        key = custom_id(button, keep)
        made.setdefault(key, {"type": 2, "style": 2, "label": plain(button.label, LABEL) or "…", "custom_id": key})
    items = list(made.values())[: ROW * ROWS]
    return [{"type": 1, "components": items[start : start + ROW]} for start in range(0, len(items), ROW)]


def custom_id(button: Button, keep: Keep) -> str:
    """`v:A:/why V-7F3K2`; a line that is too long stands there by its key, `v:A:#3f…`."""
    whole = f"{MARK}{_DOES[button.does]}:{button.line}"
    return whole if units(whole) <= CUSTOM_ID else f"{MARK}{_DOES[button.does]}:#{keep(button.line)}"


def too_long(card: Card) -> list[str]:
    """The command lines of buttons that have to be kept elsewhere."""
    return [button.line for button in card.buttons if units(button.line) + len(MARK) + 2 > CUSTOM_ID]


def pressed(custom_id: str) -> tuple[Does, str] | None:
    """What a button does, and its line or `#key`; None if it is none of ours."""
    if not custom_id.startswith(MARK) or custom_id[2:3] not in _DONE or custom_id[3:4] != ":":
        return None
    return _DONE[custom_id[2]], custom_id[4:]
