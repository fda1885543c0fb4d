"""What the decision on stories knows of an article: read once from its text, then kept and compared many times."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import numpy as np

from bot.stories import lexicon
from bot.stories.minhash import Numbers, signature, word_runs
from bot.stories.names import sounds
from bot.text.fold import fold_key

LEAD = 1_000  # characters below which a text tells what it is about; further down stands the background
WORDS = 110  # content words that are kept
TOWNS_OF_A_ROUND_UP = 6
HEADED = 220  # characters: who and what is named so early is what the text is about

# `BEIJING (Reuters) -` says where the reporter sits, not where it happened.
_DATELINE = re.compile(r"(?<=\n)[A-Z][A-Z .'-]{2,30}(?:,[^\n(—–]{2,30})?(?: \([^)\n]{2,40}\))? ?(?:--?|—|–) ")

Named = tuple[str, str, int, int]  # entity id, kind, and the span where it is named


@dataclass(frozen=True, slots=True)
class Reading:
    """An article as it is compared. Numbers stand for words; entities are ids; `hours` since 1970."""

    content_hash: str
    link: str | None
    hours: float
    outlet: str
    language: str  # guessed; words are compared within a language only
    runs: Numbers
    signature: Numbers
    words: Numbers
    title: Numbers
    towns: frozenset[str]
    places: frozenset[str]  # regions and countries
    actors: frozenset[str]
    headed: frozenset[str]  # the towns of the headline and the first sentence
    sounds: frozenset[str]  # names by their consonants, whether a catalogue holds them or not
    events: int  # bits, see lexicon.EVENT_BIT
    numbers: frozenset[int]
    dead: frozenset[int]
    days: frozenset[int]  # days that the text names, as ordinals
    round_up: bool  # tells of many things
    past: bool  # an anniversary, a look back


def read(
    content_hash: str,
    link: str | None,
    at: datetime,
    outlet: str,
    title: str,
    text: str,
    named: Iterable[Named],
    ignored: Container[str] = (),
) -> Reading:
    """`text` begins with the title, as an article's does; `named` are its entities. Media in `ignored` are nobody's town.

    What a workspace tracks for itself (ids beginning with `w:`) has no say in stories, which everybody shares.
    """
    lead = text[:LEAD]
    words = fold_key(lead).split()
    spans: list[tuple[int, int]] = []
    bodies: list[tuple[int, int]] = []
    sorts: dict[str, set[str]] = {"town": set(), "region": set(), "actor": set()}
    headed = set()
    filed_in = _DATELINE.search(lead)
    for entity, kind, start, end in named:
        if filed_in and filed_in.start() <= start < filed_in.end():
            continue
        if start >= LEAD or entity in ignored or entity.startswith("w:"):
            continue
        entity = sys.intern(entity)
        sort = _SORT.get(kind, "actor")
        sorts[sort].add(entity)
        if start < HEADED and sort == "town":
            headed.add(entity)
        spans.append((start, end))
        if sort == "actor":
            bodies.append((start, end))
    plain = _without(lead, spans)
    body = fold_key(plain).split()
    heading = fold_key(plain[: len(title)]).split()
    runs = word_runs(text)
    days = _days(words, at.date())
    numbers, dead = _numbers(words)
    opening = f" {' '.join(words[: len(fold_key(title).split()) + 3])} "
    past = any(word.startswith(lexicon.PAST) for word in words[:45]) or _looks_back(fold_key(title).split())
    return Reading(
        content_hash,
        link,
        at.timestamp() / 3600,
        sys.intern(outlet),
        _language(words, lead),
        runs,
        signature(runs),
        _content(body),
        _content(heading),
        _kept(sorts["town"]),
        _kept(sorts["region"]),
        _kept(sorts["actor"]),
        _kept(headed),
        _kept(set(sounds(_without(lead, bodies)))),
        _events(words),
        numbers,
        dead,
        days,
        len(sorts["town"]) >= TOWNS_OF_A_ROUND_UP or any(phrase in opening for phrase in lexicon.ROUND_UP),
        past,
    )


def numbers_of(text: str) -> tuple[frozenset[int], frozenset[int]]:
    """(all numbers, those of people killed) that a text gives where it tells what it is about."""
    return _numbers(fold_key(text[:LEAD]).split())


_SORT = {"town": "town", "place": "town", "region": "region", "country": "region"}
_NOBODY: frozenset[str] = frozenset()


def _without(lead: str, spans: Sequence[tuple[int, int]]) -> str:
    """The lead with its names blanked: they are evidence of their own, and their words no further one."""
    letters = list(lead)
    for start, end in spans:
        letters[start:end] = " " * (min(end, len(letters)) - start)
    return "".join(letters)


def _kept(found: set[str]) -> frozenset[str]:
    return frozenset(found) if found else _NOBODY


@lru_cache(maxsize=100_000)
def _known_word(word: str) -> tuple[int, int]:
    """(number of a word, 0 for one that says nothing; the events it speaks of)."""
    empty = (
        len(word) < 3 or word.isdigit() or word in lexicon.EMPTY or word in lexicon.NUMBER or word in lexicon.WEEKDAY
    )
    return 0 if empty else zlib.crc32(_stem(word).encode()) or 1, lexicon.events_of(word)


def _stem(word: str) -> str:
    """English and French plurals and the endings of verbs off, roughly: enough to bring likes together."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 3 and word.isascii():
            return word[: -len(ending)]
    return word[:7] if len(word) > 8 and not word.isascii() else word


def _content(words: Sequence[str]) -> Numbers:
    found = {number for word in words if (number := _known_word(word)[0])}
    return np.array(sorted(found)[:WORDS] if len(found) > WORDS else sorted(found), np.uint32)


def _events(words: Sequence[str]) -> int:
    bits = 0
    for word in words[:70]:
        bits |= _known_word(word)[1]
    return bits


_HOURS = (24, 48, 72)  # of a day or two: they count nothing


def _numbers(words: Sequence[str]) -> tuple[frozenset[int], frozenset[int]]:
    """(all numbers, those of people killed) of a lead; years, and numbers that are a day of a month, left out."""
    found: list[tuple[int, int]] = []
    skip = False
    for place, word in enumerate(words):
        if skip:
            skip = False
            continue
        following = words[place + 1] if place + 1 < len(words) else ""
        value = _value(word)
        if value is None or value in _HOURS:
            continue
        if word.isdigit():
            if len(following) == 3 and following.isdigit() and value < 1000:
                value, skip = value * 1000 + int(following), True
            elif following in lexicon.MONTH or (place and words[place - 1] in lexicon.MONTH) or 1900 <= value <= 2100:
                continue
        elif value >= 20 and (unit := _value(following)) is not None and unit < 10 and not following.isdigit():
            value, skip = value + unit, True
        found.append((value, place))
    dead = set()
    for value, place in found:
        near = words[max(0, place - 5) : place + 6]
        if value < 10_000 and any(word.startswith(lexicon.DEAD) for word in near):
            dead.add(value)
    return frozenset(value for value, _ in found), frozenset(dead)


def _value(word: str) -> int | None:
    if word.isdigit() and word.isascii() and len(word) < 8:
        return int(word)
    return lexicon.NUMBER.get(word) or (lexicon.NUMBER.get(word[1:]) if word[:1] in "وب" and len(word) > 3 else None)


def _days(words: Sequence[str], published: date) -> frozenset[int]:
    found = set()
    for place, word in enumerate(words[:160]):
        weekday = lexicon.WEEKDAY.get(word)
        if weekday is not None:
            found.add(lexicon.weekday_before(published, weekday).toordinal())
        month = lexicon.MONTH.get(word)
        if month is None:
            continue
        for beside in (words[place - 1] if place else "", words[place + 1] if place + 1 < len(words) else ""):
            if beside.isdigit() and beside.isascii() and len(beside) < 3 and 1 <= int(beside) <= 28:
                year = published.year - (month + 1 > published.month + 1)
                found.add(date(year, month + 1, int(beside)).toordinal())
    return frozenset(found)


def _looks_back(heading: Sequence[str]) -> bool:
    """`Ten years after the fall`, `Halabja marks 38 years`: a headline that is about what was."""
    if lexicon.PAST_IN_TITLE.intersection(heading):
        return True
    for place, word in enumerate(heading[:-1]):
        if word == "years" and heading[place + 1] in ("after", "on", "since", "later", "ago") and place < 3:
            return True
    return False


def _language(words: Sequence[str], lead: str) -> str:
    """The language whose small words stand most often in a lead, or its script."""
    script = _script(lead)
    tally = {name: sum(word in small for word in words) for name, small in lexicon.SMALL.get(script, {}).items()}
    best = max(tally, key=lambda name: tally[name], default="")
    return best if best and tally[best] else script


def _script(lead: str) -> str:
    tally = {"latin": 0, "cyrillic": 0, "arabic": 0, "other": 0}
    for char in lead[:200]:
        if char < "\u0250":
            tally["latin"] += char.isalpha()
        elif "\u0400" <= char < "\u0530":
            tally["cyrillic"] += 1
        elif "\u0600" <= char < "\u0780":
            tally["arabic"] += 1
        else:
            tally["other"] += char.isalpha()
    return max(tally, key=lambda name: tally[name])
