"""Pieces that several cards share: a marked sentence, a citation, a moment, a list of names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.cards.card import Line, Quote, Run, Style, line, quiet
from bot.model import Citation

SENTENCE_LIMIT = 320


def moment(at: datetime, timezone: str, *, day_only: bool = False) -> str:
    """`13 Jun 2014, 12:00` in the channel's own time."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local.day} {local:%b %Y}" if day_only else f"{local.day} {local:%b %Y, %H:%M}"


def marked(sentence: str, start: int, marks: Sequence[tuple[int, int]]) -> Line:
    """A sentence (which begins at `start` of its article) as runs, its marked spans set off; long ones are cut round the first mark."""
    spans = sorted(
        (max(0, a - start), min(len(sentence), b - start)) for a, b in marks if a < start + len(sentence) and b > start
    )
    low, high = _window(sentence, spans[0] if spans else (0, 0))
    runs: list[Run] = [Run("… ")] if low else []
    at = low
    for a, b in spans:
        if a < at or b > high:
            continue
        runs += [Run(_flat(sentence[at:a])), Run(_flat(sentence[a:b]), Style.MARK)]
        at = b
    runs.append(Run(_flat(sentence[at:high])))
    if high < len(sentence):
        runs.append(Run(" …"))
    return tuple(run for run in runs if run.text)


def _window(sentence: str, span: tuple[int, int]) -> tuple[int, int]:
    if len(sentence) <= SENTENCE_LIMIT:
        return 0, len(sentence)
    low = max(0, min(span[0] - SENTENCE_LIMIT // 3, len(sentence) - SENTENCE_LIMIT))
    if low:
        low = sentence.find(" ", low, span[0]) + 1 or low
    high = min(len(sentence), low + SENTENCE_LIMIT)
    if high < len(sentence):
        high = max(sentence.rfind(" ", low, high), min(span[1], len(sentence)), low + 1)
    return low, high


def _flat(text: str) -> str:
    return text.replace("\n", " ")


def source_line(outlet: str, at: datetime, published: bool, timezone: str, url: str | None, title: str = "") -> Line:
    """`Reuters, 13 Jun 2014 · Towns fall in Diyala`."""
    day = moment(at, timezone, day_only=True)
    return line(
        Run(outlet, link=url),
        quiet(f", {day}" if published else f", read {day}"),
        quiet(f" · {title}") if title else "",
    )


def cite(sentence: str, start: int, marks: Sequence[tuple[int, int]], source: Line) -> Quote:
    return Quote(marked(sentence, start, marks), source)


def quote(citation: Citation, timezone: str, *, titled: bool = True) -> Quote:
    """A sentence of the archive with its outlet, its day and the article's title."""
    title = citation.title if titled and citation.start else ""
    source = source_line(citation.outlet, citation.at, citation.published, timezone, citation.url, title)
    place = (citation.article_id, citation.start, citation.end)
    return Quote(marked(citation.sentence, citation.start, citation.marks), source, place)


def names(items: Sequence[str], limit: int = 8) -> Line:
    """`A · B · C and 4 more`."""
    runs: list[Run] = []
    for item in items[:limit]:
        if runs:
            runs.append(quiet(" · "))
        runs.append(Run(item))
    if len(items) > limit:
        runs.append(quiet(f" and {len(items) - limit} more"))
    return tuple(runs)


def count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
