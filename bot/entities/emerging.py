"""Names that no list holds: runs of capitalised words that several stories share. A cheap look, without the model.

Only scripts with capital letters can be looked at this way.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FEWEST = 3  # stories that make a name one that keeps turning up
LONGEST = 60  # letters
_WORD = r"[A-ZÀ-ÖØ-ÞŁŚŠŞŽÇĞİ][\w'’-]+"
_LINK = r"(?:al|el|bin|ibn|bint|abu|ul|ud|de|del|da|dos|van|von)"
_RUN = re.compile(rf"{_WORD}(?:(?: {_LINK})?[ ](?:(?:al|el|ul|ad|as|ash|an)-)?{_WORD}){{1,4}}")
_PLACE = re.compile(rf"(?:village|town|district|suburb|neighbourhood|neighborhood|camp|city) of ({_WORD}(?: {_WORD})?)")
# Words that begin a sentence or stand before a name and are no part of it.
_LEADING = frozenset(
    """
    the a an in on at but and as for from by after before when while since until with of to it he she they this that these those
    its his her their there here also yet so both meanwhile however according earlier later last next
    president vice prime minister premier king queen prince emir sheikh shaikh imam ayatollah pope bishop archbishop
    general gen brigadier brig major maj colonel col lieutenant lt captain capt sergeant sgt commander admiral marshal chief
    senator sen representative rep congressman governor gov mayor judge justice ambassador secretary spokesman spokeswoman
    spokesperson director chairman chairwoman leader deputy former acting foreign defence defense interior mr mrs ms dr prof professor
    """.split()
)
_TRAILING = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
# A run of such words alone is no name of anything in particular.
_GENERIC = _LEADING | _TRAILING | frozenset(
    """
    january february march april may june july august september october november december ministry government council parliament
    assembly office department army police forces force guard guards court house street road bridge hospital university airport
    north south east west northern southern eastern western central national state federal supreme new old great international
    security affairs health operations command civil united nations god war world islamic muslim christian sunni shia shiite
    kurdish arab arabic european african american asian ramadan eid christmas easter reuters monday
    """.split()
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Emerging:
    """A name, the stories that have it, and the article it was found in last."""

    name: str
    stories: int
    article_id: int


def emerging_names(texts: Iterable[tuple[int, int, str, Sequence[tuple[int, int]]]]) -> list[Emerging]:
    """What keeps turning up in (story id, article id, text, spans that are known names), most often first."""
    stories: dict[str, set[int]] = {}
    latest: dict[str, int] = {}
    for story, article, text, known in texts:
        for name in unknown_names(text, known):
            stories.setdefault(name, set()).add(story)
            latest[name] = article
    often = [name for name, found in stories.items() if len(found) >= FEWEST]
    # A name that only ever stands inside a longer one is told with that.
    whole = [
        name
        for name in often
        if not any(name != other and name in other and stories[name] <= stories[other] for other in often)
    ]
    found = [Emerging(name, len(stories[name]), latest[name]) for name in whole]
    return sorted(found, key=lambda one: (-one.stories, one.name))


def unknown_names(text: str, known: Sequence[tuple[int, int]]) -> set[str]:
    """The capitalised runs of a text that touch no known name."""
    taken = sorted(known)
    starts = [start for start, _ in taken]
    found = set()
    for pattern, group in ((_RUN, 0), (_PLACE, 1)):
        for match in pattern.finditer(text):
            name, start = _trimmed(match[group], match.start(group))
            at = bisect_right(starts, start + len(name) - 1)
            free = at == 0 or max(end for _, end in taken[max(0, at - 3) : at]) <= start
            if free and 3 < len(name) <= LONGEST and (group or " " in name or "-" in name):
                found.add(name)
    return found


def _trimmed(run: str, start: int) -> tuple[str, int]:
    """Without titles before it and days behind it; empty if nothing particular is left."""
    words = run.split(" ")
    while words and words[0].lower() in _LEADING:
        start += len(words.pop(0)) + 1
    while words and words[-1].lower() in _TRAILING:
        words.pop()
    name = re.sub(r"['’]s?$", "", " ".join(words))
    return ("" if all(word.lower() in _GENERIC for word in words) else name), start
