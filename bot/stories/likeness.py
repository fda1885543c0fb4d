"""How much speaks for two articles telling of one happening: a sum of points, each with its reason.

The points were fitted to one half of the gold groups and rounded; `make eval` prints how they fare on the other half.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from bot.stories.lexicon import event_names
from bot.stories.minhash import Numbers, common, resemblance
from bot.stories.reading import Reading

WINDOW_HOURS = 72.0
SAME_TEXT = 0.5  # share of common three-word runs from which two texts are one text, edited
Rarity = Callable[[str], float]  # entity → 0.1 (everywhere) … 1 (hardly ever named)
WordRarity = Callable[[Numbers], float]  # words → the sum of their rarities

POINTS = {
    "text": 5.0,
    "words": 3.5,
    "title": 2.6,
    "towns": 3.4,
    "headed": 3.0,
    "names": 3.1,
    "actors": 4.5,
    "places": 3.7,
    "events": 3.4,
    "numbers": 2.1,
    "dead": 0.7,
    "day": 1.2,
    "other towns": -1.9,
    "other words": -3.5,
    "other events": -2.1,
    "other dead": -0.6,
    "other day": -0.8,
    "new numbers": -3.9,
    "hours": -2.8,
    "kind": -7.0,
}
BASE = -6.0
ENOUGH = 0.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` from `ENOUGH` up is the same happening; `parts` are the shares of each kind of evidence."""

    score: float
    parts: dict[str, float]


def likeness(one: Reading, other: Reading, rarity: Rarity, weight: WordRarity) -> Likeness:
    """Symmetric in its two articles."""
    parts = evidence(one, other, rarity, weight)
    return Likeness(BASE + sum(POINTS[name] * value for name, value in parts.items()), parts)


def evidence(one: Reading, other: Reading, rarity: Rarity, weight: WordRarity) -> dict[str, float]:
    """Each kind of evidence that is there, from 0 (none) to about 1 (all one could wish)."""
    gap = abs(one.hours - other.hours)
    dead = one.dead & other.dead
    found = {
        "text": min(1.0, 1.6 * resemblance(one.runs, other.runs)),
        "words": _shared(one.words, other.words, weight) if one.language == other.language else 0.0,
        "title": _shared(one.title, other.title, weight) if one.language == other.language else 0.0,
        "towns": _in_common(one.towns, other.towns, rarity, 1.5),
        "headed": len(one.headed & other.headed) / max(1, len(one.headed | other.headed)),
        "names": 0.0 if one.towns & other.towns else _in_common(one.sounds, other.sounds, rarity, 1.5, lenient=0.25),
        "actors": _in_common(one.actors, other.actors, rarity, 1.0) * 0.6,
        "places": _in_common(one.places, other.places, rarity, 1.0),
        "events": _events(one, other),
        "numbers": min(1.5, sum(map(_telling, one.numbers & other.numbers))),
        "dead": 1.0 if dead else 0.0,
        "day": 1.0 if one.days & other.days else 0.0,
        "other towns": 0.0 if one.sounds & other.sounds else _apart(one.towns, other.towns),
        "other words": _other_words(one, other),
        "other events": 1.0 if one.events and other.events and not one.events & other.events else 0.0,
        "other dead": 1.0 if one.dead and other.dead and not dead else 0.0,
        "other day": _days_apart(one, other),
        "new numbers": 0.0,
        "hours": gap / 24,
        "kind": 1.0 if one.past != other.past or one.round_up != other.round_up else 0.0,
    }
    if gap >= 12 and _new_numbers(one, other):
        found["new numbers"] = 0.5 + 4 * found["words"]  # the more the words are alike, the more it is a daily count
    return {name: value for name, value in found.items() if value}


def _shared(left: Numbers, right: Numbers, weight: WordRarity) -> float:
    """The weight of the common words as a share of the lighter side's, held back where there are few."""
    both = common(left, right)
    if not len(both):
        return 0.0
    one, other = weight(left), weight(right)
    return weight(both) / max(2.0, 0.5 * (min(one, other) + 0.5 * (one + other)))


def _in_common(one: frozenset[str], other: frozenset[str], rarity: Rarity, most: float, lenient: float = 0.0) -> float:
    """The rarity of what both name; less where they name much besides, as long texts with a background do."""
    both = one & other
    if not both:
        return 0.0
    few, many = sorted((len(one), len(other)))
    spread: float = len(both) / (few ** (0.5 + lenient) * many ** (0.5 - lenient))
    return min(most, sum(map(rarity, both))) * spread


def _events(one: Reading, other: Reading) -> float:
    both = (one.events & other.events).bit_count()
    return both / (one.events | other.events).bit_count() if both else 0.0


def _other_words(one: Reading, other: Reading) -> float:
    """Two texts of one language that share hardly a word beside names."""
    if one.language != other.language or min(len(one.words), len(other.words)) < 5:
        return 0.0
    both = len(common(one.words, other.words)) / min(len(one.words), len(other.words))
    return max(0.0, 1.0 - both / 0.25)


def _telling(number: int) -> float:
    """How much it says that two texts share this number."""
    if number < 3:
        return 0.0
    return min(1.0, 0.25 + log(number) / 8) * (0.6 if number % 10 == 0 else 1.0)


def _new_numbers(one: Reading, other: Reading) -> bool:
    """A count of every day in the words of the day before: none of its numbers is the same, nor is the day."""
    return bool(one.numbers and other.numbers) and not one.numbers & other.numbers and not one.days & other.days


def _apart(left: frozenset[str], right: frozenset[str]) -> float:
    return 1.0 if left and right and not left & right else 0.0


def _days_apart(one: Reading, other: Reading) -> float:
    """0: the days named are the same, or none are; 0.5: one day apart, as a night's two ends are; else 1."""
    if not one.days or not other.days or one.days & other.days:
        return 0.0
    return 0.6 if min(abs(a - b) for a in one.days for b in other.days) == 1 else 1.2


def reason(found: Likeness, one: Reading, other: Reading, name: Callable[[str], str]) -> str:
    """`Baquba, ISIS, 9 dead, same day, words alike (4.1)`: what was common, most telling first."""
    shared = [name(entity) for entity in sorted((one.towns & other.towns) | (one.actors & other.actors))]
    said = shared[:4]
    if one.dead & other.dead:
        said.append(f"{max(one.dead & other.dead)} dead")
    if one.days & other.days:
        said.append("the same day")
    if one.events & other.events:
        said.append(" and ".join(event_names(one.events & other.events)[:2]))
    if found.parts.get("words", 0) > 0.35:
        said.append("words alike")
    return f"{', '.join(said) or 'words alike'} ({found.score:.1f})"
