"""Which place of that name? A pure choice over the places that share a name, made for a whole document at once.

In the order of weight: a province or country written behind it ("Paris, Texas"), the countries the text speaks
of, nearness to its other places, the outlet's home, and the number of people who live there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10

from bot.geo import distance_km
from bot.model import Entity, Kind

NEAR_KM = 250.0
TIE = 0.35  # closer scores than this are a tie, and said to be one
_CONTAINED, _COUNTRY, _PROVINCE, _NEAR, _HOME, _TRACKED, _CAPITAL = 6.0, 2.6, 1.0, 0.8, 0.6, 0.9, 0.6


@dataclass(frozen=True, slots=True)
class Toponym:
    """One name of a document with everything it could be; `behind` are the names written after it behind a comma."""

    key: str
    choices: tuple[Entity, ...]
    behind: tuple[str, ...] = ()
    times: int = 1


@dataclass(frozen=True, slots=True)
class Choice:
    entity: Entity
    confidence: float
    reasons: tuple[str, ...]
    rejected: tuple[str, ...] = ()


def resolve(
    toponyms: Sequence[Toponym], tracked: frozenset[str], capitals: Mapping[str, str], home: str | None = None
) -> dict[str, Choice]:
    """The place that each name stands for. `tracked` are ids of the catalogue; `capitals` is ISO code → folded name."""
    codes = _codes(toponyms)
    votes = _votes(toponyms, tracked, capitals)
    first = {t.key: _best(t, codes, votes, {}, tracked, capitals, home) for t in toponyms if t.choices}
    anchors = {
        key: (choice.entity.lat, choice.entity.lon)
        for key, choice in first.items()
        if choice.confidence > 0.6
        and choice.entity.kind is not Kind.COUNTRY
        and choice.entity.lat is not None
        and choice.entity.lon is not None
    }
    votes = _second_votes(toponyms, first)
    return {t.key: _best(t, codes, votes, anchors, tracked, capitals, home) for t in toponyms if t.choices}


def prior(entity: Entity) -> float:
    """How often news means this place when nothing else is known: by people, and provinces less than their towns."""
    if entity.kind is Kind.COUNTRY:
        return 8.8
    if not entity.population and not entity.id.startswith("g:"):
        return 5.0
    weight = log10(entity.population + 100)
    return weight - (0.6 if entity.type == "province" else 1.6 if entity.type == "district" else 0.0)


def _codes(toponyms: Sequence[Toponym]) -> dict[str, set[str]]:
    """Folded name → the country codes and province ids that it can stand for: what "X, Y" is read with."""
    codes: dict[str, set[str]] = {}
    for toponym in toponyms:
        found = codes.setdefault(toponym.key, set())
        for entity in toponym.choices:
            if entity.kind is Kind.COUNTRY and entity.country:
                found.add(entity.country)
            elif entity.kind is Kind.REGION:
                found.add(entity.within or entity.id)
                if not entity.id.startswith("g:"):
                    found.add(entity.id)
    return codes


def _votes(
    toponyms: Sequence[Toponym], tracked: frozenset[str], capitals: Mapping[str, str]
) -> dict[str, tuple[str, float]]:
    """Name → the country it speaks for, and how firmly: names that leave little choice weigh most."""
    votes: dict[str, tuple[str, float]] = {}
    for toponym in toponyms:
        ranked = sorted(toponym.choices, key=lambda e: -(prior(e) + _bonus(toponym.key, e, tracked, capitals)))[:2]
        if not ranked or not ranked[0].country:
            continue
        lead = (
            prior(ranked[0]) - prior(ranked[1]) if len(ranked) > 1 and ranked[1].country != ranked[0].country else 9.0
        )
        weight = 1.0 if lead > 2 else 0.5 if lead > 1 else 0.2
        votes[toponym.key] = ranked[0].country, weight * min(3, toponym.times)
    return votes


def _second_votes(toponyms: Sequence[Toponym], chosen: Mapping[str, Choice]) -> dict[str, tuple[str, float]]:
    votes: dict[str, tuple[str, float]] = {}
    for toponym in toponyms:
        choice = chosen.get(toponym.key)
        if choice and choice.entity.country:
            votes[toponym.key] = choice.entity.country, choice.confidence * min(3, toponym.times)
    return votes


def _bonus(key: str, entity: Entity, tracked: frozenset[str], capitals: Mapping[str, str]) -> float:
    bonus = _TRACKED if entity.id in tracked else 0.0
    if (
        entity.kind is Kind.TOWN
        and entity.country
        and capitals.get(entity.country) == key
        and entity.population > 20_000
    ):
        bonus += _CAPITAL
    return bonus


def _best(
    toponym: Toponym,
    codes: Mapping[str, set[str]],
    said: Mapping[str, tuple[str, float]],
    anchors: Mapping[str, tuple[float, float]],
    tracked: frozenset[str],
    capitals: Mapping[str, str],
    home: str | None,
) -> Choice:
    votes = Counter[str]()
    for key, (country, weight) in said.items():
        if key != toponym.key:  # what a name says about itself is no evidence
            votes[country] += weight  # type: ignore[assignment]
    total = sum(votes.values()) or 1.0
    judged: list[tuple[float, Entity, list[str]]] = []
    wanted: set[str] = set().union(*(codes.get(name, set()) for name in toponym.behind))
    for entity in toponym.choices:
        score, reasons = prior(entity) + _bonus(toponym.key, entity, tracked, capitals), []
        if wanted and (entity.country in wanted or entity.within in wanted or entity.id in wanted):
            score += _CONTAINED + (1.0 if entity.within in wanted else 0.0)
            reasons.append(f"“{toponym.behind[0]}” stands behind it")
        if entity.country and votes[entity.country]:
            share = votes[entity.country] / total
            score += _COUNTRY * share + 0.4
            if share > 0.2:
                reasons.append(f"the text speaks of {entity.country}")
        near = [key for key, point in anchors.items() if key != toponym.key and _is_near(entity, point)]
        if near:
            score += _NEAR * min(2, len(near)) / 2 + _NEAR / 2
            reasons.append(f"near {near[0]}")
        if home and entity.country == home:
            score += _HOME
        if entity.population:
            reasons.append(f"{entity.population:,} people")
        judged.append((score, entity, reasons))
    judged.sort(key=lambda item: -item[0])
    score, entity, reasons = judged[0]
    others = [(s, e) for s, e, _ in judged[1:] if not _same_spot(e, entity)]
    lead = score - others[0][0] if others else 9.0
    if lead < TIE:
        reasons.append(f"nearly a tie with {others[0][1].name} ({others[0][1].country})")
    confidence = max(0.3, min(1.0, 0.5 + lead / 4))
    rejected = tuple(f"{e.name} ({e.country})" for _, e in others[:3])
    return Choice(entity, round(confidence, 2), tuple(reasons), rejected)


def _is_near(entity: Entity, point: tuple[float, float]) -> bool:
    if entity.lat is None or entity.lon is None or abs(entity.lat - point[0]) > 3:
        return False
    return distance_km((entity.lat, entity.lon), point) <= NEAR_KM


def _same_spot(a: Entity, b: Entity) -> bool:
    if None in (a.lat, a.lon, b.lat, b.lon):
        return False
    return distance_km((a.lat or 0, a.lon or 0), (b.lat or 0, b.lon or 0)) < 60
