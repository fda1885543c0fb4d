"""The values behind fields: distances, patterns, languages, hours. Text in, value out, or `Wrong` with the fix."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from bot.rules.terms import LANGUAGES, compiled

MAX_PATTERN = 200  # characters
MAX_KM = 5_000.0
OPTIONS = ("min-sources", "every", "quiet", "max")
_KM = {"k": 1.0, "mi": 1.609344, "m": 0.001}
_QUIET = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)\s*[-–—]\s*([01]?\d|2[0-3])[:.]([0-5]\d)")
_MOST = re.compile(r"(\d{1,4})\s*/\s*(h|d|hour|day)")
_LANGUAGE_CODES = {name.lower(): code for code, name in LANGUAGES.items()}


def clipped(text: str, most: int = 40) -> str:
    """What was typed, short enough for a sentence."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


class Wrong(Exception):
    """A value that cannot be: a sentence, and what to write instead."""

    def __init__(self, sentence: str, fix: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fix = fix


def kilometres_of(text: str) -> float:
    """Kilometres of `40km`, `25 mi` or `500m`."""
    if re.search(r",\d{3}(?!\d)", text):
        raise Wrong(f"{clipped(text)} can be read in two ways:", "Write it without a comma: 50000km, or 50.5km")
    number = re.match(r"[-−+]?[\d.,]+", text)
    unit = text[number.end() :].strip().lower() if number else ""
    scale = next((scale for start, scale in _KM.items() if unit.startswith(start)), 0.0)
    km = round(float(number[0].replace("−", "-").replace(",", ".")) * scale, 3) if number else 0.0
    if not 0.001 <= km <= MAX_KM:
        raise Wrong(
            f"A radius of {clipped(text)} is not possible:",
            f"Write a radius of 1m to {MAX_KM:,.0f}km, such as near:Baquba 40km",
        )
    return km


def pattern_of(text: str) -> str:
    """The pattern of `/rocket (attack|fire)/`."""
    import re2

    pattern = text[1:].removesuffix("i").removesuffix("/")
    if len(pattern) > MAX_PATTERN:
        raise Wrong(f"The pattern is longer than {MAX_PATTERN} characters:", "Shorten it.")
    try:
        program = compiled(pattern)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise Wrong(
            f"The pattern cannot be used ({clipped(said)}):",
            "Patterns are those of RE2: no look-ahead, no back-references, no huge repeats. Try /rocket (attack|fire)/",
        ) from None
    if program.search(b"") is not None:
        raise Wrong("The pattern matches every article, for it matches nothing too:", "Use + in place of *.")
    return pattern


def language_of(text: str) -> str:
    """The code of `arabic`, `ar` or `ar-IQ`."""
    code = _LANGUAGE_CODES.get(text.lower(), text.lower().partition("-")[0])
    if not re.fullmatch("[a-z]{2,3}", code):
        raise Wrong(f"There is no language “{clipped(text)}”:", "Write its name or code: lang:arabic or lang:ar")
    return code


def option_of(field: str, text: str) -> tuple[str, Any]:
    """(attribute of `Options`, value) of an option."""
    text = text.strip().lower()
    if field == "min-sources":
        if not re.fullmatch("[1-9]|[1-4][0-9]|50", text):
            raise Wrong(f"min-sources:{clipped(text)} is not possible:", "Write a number from 1 to 50: min-sources:2")
        return "min_sources", int(text)
    if field == "every":
        if text not in ("story", "update"):
            raise Wrong(f"every:{clipped(text)} is not possible:", "Write every:story or every:update")
        return "every", text
    if field == "quiet":
        hours = _QUIET.fullmatch(text)
        if not hours or hours.group(1, 2) == hours.group(3, 4):
            raise Wrong("These are no quiet hours:", "Write them as quiet:22:00-06:00")
        return "quiet", (time(int(hours[1]), int(hours[2])), time(int(hours[3]), int(hours[4])))
    most = _MOST.fullmatch(text)
    if not most or not int(most[1]):
        raise Wrong("This is no number of posts:", "Write max:10/h for ten an hour, max:30/d for thirty a day.")
    return "most", (int(most[1]), most[2][0])
