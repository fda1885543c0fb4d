"""Who and what is named more, or less, than it usually is: counts of a window against 28 days before it. Pure.

Named articles come in bursts, so one test is not enough. A count stands out only if it is improbable for a steady
stream of the usual rate (Poisson) and also far outside the spread that the days themselves had (Welford).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log, sqrt

BASELINE = timedelta(days=28)
ENOUGH = 14  # days of the baseline on which anything at all was read
BY_CHANCE = 0.01  # how many of all that are looked at may stand out by chance
SPREADS = 3.0  # standard deviations
FEWEST = 4  # articles that make a rise
RARE = 0.05  # a silence that is less probable is told
RARE_FOLLOWED = 0.2  # of what somebody follows, a lesser silence is worth a word
DUE = 0.25  # and only if a steady stream would not have been silent either
USUAL = 1.0  # articles a day from which silence is worth a word
SHORTEST = timedelta(hours=6)  # a shorter window says more about the hour than about the day
LONGEST = timedelta(days=7)  # of a longer one the last week is looked at


@dataclass(frozen=True, slots=True)
class Usual:
    """What an entity's days were like: articles a day, their variance, how many days had none, of how many."""

    mean: float
    variance: float
    silent: int
    days: int


@dataclass(frozen=True, slots=True)
class Mover:
    """`seen` articles of a window against `usual` a day; `surprise` is how improbable that is, 1 for not at all."""

    entity: str
    seen: int
    expected: float
    usual: Usual
    surprise: float


def usual_of(counts: Iterable[int]) -> Usual:
    """Mean and variance of daily counts in one pass (Welford's recurrence); the variance is that of a sample."""
    mean = spread = 0.0
    number = silent = 0
    for count in counts:
        number += 1
        silent += not count
        step = count - mean
        mean += step / number
        spread += step * (count - mean)
    return Usual(mean, spread / (number - 1) if number > 1 else 0.0, silent, number)


def at_least(count: int, rate: float) -> float:
    """The probability of `count` or more where `rate` are expected (Poisson)."""
    if count <= 0:
        return 1.0
    if rate <= 0:
        return 0.0
    if count <= rate:
        return max(0.0, 1.0 - at_most(count - 1, rate))
    total, term, number = 0.0, _exactly(count, rate), count
    while term > total * 1e-12:
        total += term
        number += 1
        term *= rate / number
    return min(1.0, total)


def at_most(count: int, rate: float) -> float:
    """The probability of `count` or fewer where `rate` are expected (Poisson)."""
    if count < 0:
        return 0.0
    if rate <= 0:
        return 1.0
    if count >= rate:
        return max(0.0, 1.0 - at_least(count + 1, rate))
    total, term, number = 0.0, _exactly(count, rate), count
    while number >= 0 and term > total * 1e-12:
        total += term
        term *= number / rate
        number -= 1
    return min(1.0, total)


def _exactly(count: int, rate: float) -> float:
    return exp(count * log(rate) - rate - lgamma(count + 1))


def movers(
    counts: Mapping[str, int], usual: Mapping[str, Usual], days: float, tested: int = 0
) -> tuple[list[Mover], list[Mover]]:
    """(up, down), the most surprising first, of `counts` in a window of so many days. Down are those still named.

    `tested` is how many names are looked at, where others are beside these: the more, the more it takes.
    """
    up, down = [], []
    tested = tested or len(usual)
    for entity, before in usual.items():
        seen = counts.get(entity, 0)
        # Whatever was never named in the baseline could still have been: half an article in all of it.
        expected = max(before.mean, 0.5 / max(1, before.days)) * days
        spread = sqrt(max(before.variance * days, expected))
        if seen > expected and seen >= FEWEST:
            chance = at_least(seen, expected)
            if chance * tested < BY_CHANCE and seen - expected > SPREADS * spread:
                up.append(Mover(entity, seen, expected, before, chance))
        elif 0 < seen < expected:
            chance = at_most(seen, expected)
            if chance * tested < BY_CHANCE and expected - seen > spread:
                down.append(Mover(entity, seen, expected, before, chance))
    return sorted(up, key=order), sorted(down, key=order)


def fallen_silent(
    counts: Mapping[str, int], usual: Mapping[str, Usual], days: float, *, least: float = USUAL, rare: float = RARE
) -> list[Mover]:
    """Those not counted at all in a window of so many days, though days without them are rare and some were due.

    How rare is taken from the days themselves: a name that comes in bursts is silent often, one that comes daily never.
    Whoever is counted on fewer than `least` a day can be silent at any time.
    """
    found = []
    for entity, before in usual.items():
        expected = before.mean * days
        share = (before.silent + 1) / (before.days + 2)  # Laplace's: no silent day in four weeks is not never
        chance = share ** max(1.0, days)
        if not counts.get(entity) and before.mean >= least and at_most(0, expected) < DUE and chance < rare:
            found.append(Mover(entity, 0, expected, before, chance))
    return sorted(found, key=order)


def order(mover: Mover) -> tuple[float, float, str]:
    """What is most surprising comes first."""
    return mover.surprise, -abs(mover.seen - mover.expected), mover.entity
