"""Cards: what we say, free of any platform.

A card holds plain runs of text, links, fields and a tone; never markup, never a colour. Each chat
has one renderer that escapes, clips and dresses it. Text from outside is carried as it is: making
it inert is the renderer's duty.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from bot.cards.picture import ActivitySpec, Edge, MapPlace, MapSpec, NetworkSpec, Node, Picture


class Tone(StrEnum):
    ALERT = "alert"
    INFO = "info"
    DIGEST = "digest"
    DONE = "done"
    WARNING = "warning"
    TROUBLE = "trouble"


class Style(StrEnum):
    PLAIN = "plain"
    STRONG = "strong"
    MARK = "mark"  # the matched name inside a sentence
    QUIET = "quiet"
    CODE = "code"  # something to type


@dataclass(frozen=True, slots=True)
class Run:
    text: str
    style: Style = Style.PLAIN
    link: str | None = None


Line = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    runs: Line


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence from an article, and where it stands: `place` is (article id, start, end), so that it can be found again."""

    runs: Line
    source: Line = ()
    place: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Field:
    label: str
    runs: Line


@dataclass(frozen=True, slots=True)
class Fields:
    """Short labelled facts, one a line."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines under an optional heading."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """A small chart: one value a step, drawn as blocks in text and as a picture elsewhere."""

    label: str
    values: tuple[int, ...]
    first: str = ""
    last: str = ""


Block = Text | Quote | Fields | Listing | Bars | Picture


class Does(StrEnum):
    """What becomes of the answer to a button."""

    ANSWER = "answer"  # it is shown to who pressed it
    REPLACE = "replace"  # it takes the place of the card the button stands on
    SHARE = "share"  # it is posted for everybody in the channel
    FORM = "form"  # a form is opened; its fields become a command


@dataclass(frozen=True, slots=True)
class Button:
    """An action a reader can take: a command line, so that it outlives restarts and asks for the same rights as typing it."""

    label: str
    line: str
    does: Does = Does.ANSWER


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    tone: Tone = Tone.INFO
    code: str = ""  # the short id shown beside the title, such as V-7F3K2
    link: str | None = None
    blocks: tuple[Block, ...] = ()
    buttons: tuple[Button, ...] = ()
    footer: Line = ()


def line(*parts: str | Run) -> Line:
    """A line from strings and runs."""
    return tuple(part if isinstance(part, Run) else Run(part) for part in parts if part)


def strong(text: str) -> Run:
    return Run(text, Style.STRONG)


def quiet(text: str) -> Run:
    return Run(text, Style.QUIET)


def code(text: str) -> Run:
    return Run(text, Style.CODE)


def plain_text(runs: Line) -> str:
    return "".join(run.text for run in runs)


_SAYINGS = (Card, Text, Quote, Fields, Field, Listing, Bars, Button, Run)
_PICTURES = (Picture, MapSpec, MapPlace, ActivitySpec, NetworkSpec, Node, Edge)
_TYPES: dict[str, type] = {cls.__name__: cls for cls in (*_SAYINGS, *_PICTURES)}
_NAMES: dict[type, tuple[str, ...]] = {cls: tuple(item.name for item in fields(cls)) for cls in _TYPES.values()}


def card_to_data(value: Any) -> Any:
    """A card as JSON-able data; each value carries its type's name."""
    names = _NAMES.get(type(value))
    if names is not None:
        data: dict[str, Any] = {"type": type(value).__name__}
        for name in names:
            part = getattr(value, name)
            if part is None or part == "" or part == ():
                continue
            data[name] = part if type(part) is str else card_to_data(part)
        return data
    if isinstance(value, tuple):
        return [card_to_data(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def card_from_data(data: Any) -> Any:
    """The inverse of `card_to_data`."""
    if isinstance(data, dict):
        cls = _TYPES[data["type"]]
        parts = {name: card_from_data(part) for name, part in data.items() if name != "type"}
        if cls is Card and "tone" in parts:
            parts["tone"] = Tone(parts["tone"])
        if cls is Run and "style" in parts:
            parts["style"] = Style(parts["style"])
        if cls is Button and "does" in parts:
            parts["does"] = Does(parts["does"])
        if cls is ActivitySpec:
            parts["first"] = date.fromisoformat(parts["first"])
        for required in _REQUIRED.get(cls, ()):
            parts.setdefault(required, ())
        for required in _REQUIRED_TEXT.get(cls, ()):
            parts.setdefault(required, "")
        return cls(**parts)
    if isinstance(data, list):
        return tuple(card_from_data(item) for item in data)
    return data


_REQUIRED: dict[type, tuple[str, ...]] = {
    Text: ("runs",),
    Quote: ("runs",),
    Field: ("runs",),
    Fields: ("fields",),
    Listing: ("lines",),
    Bars: ("values",),
}
_REQUIRED_TEXT: dict[type, tuple[str, ...]] = {
    Card: ("title",),
    Run: ("text",),
    Field: ("label",),
    Listing: ("heading",),
    Bars: ("label",),
    Button: ("label", "line"),
    MapPlace: ("name",),
    ActivitySpec: ("label",),
    Node: ("name", "kind"),
}
