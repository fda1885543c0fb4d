"""The project's own gold sentences: reading them and judging a matcher's answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.entities.catalogue import Catalogue
from bot.entities.match import Matcher
from bot.geo import distance_km
from bot.model import Mention

SENTENCES = Path(__file__).parent.parent / "tests" / "gold" / "sentences.jsonl"
NEAR_KM = 161.0  # the field's measure for "placed right" (100 miles)


@dataclass(frozen=True, slots=True)
class Judged:
    id: str
    category: str
    faults: tuple[str, ...]


def load() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]


def judge(row: dict[str, Any], matcher: Matcher, catalogue: Catalogue) -> Judged:
    """What is wrong with the answers to one sentence; an entity may be called by any of its names."""
    mentions = matcher.mentions(row["text"], all_places=row["all"])
    faults = [
        f"missed {want['text']!r} = {want['entity']}" for want in row["want"] if not _found(want, mentions, catalogue)
    ]
    for wrong in row["forbid"]:
        for mention in mentions:
            if (
                _is(mention, wrong["entity"], catalogue)
                and mention.text in wrong["text"]
                and _stands_there(row["text"], wrong["text"], mention)
            ):
                faults.append(f"took {mention.text!r} for {wrong['entity']}")
    return Judged(row["id"], row["category"], tuple(faults))


def _is(mention: Mention, name: str, catalogue: Catalogue) -> bool:
    entity = catalogue.get(mention.entity)
    return mention.name == name or (entity is not None and name.lower() in {n.lower() for n in entity.all_names})


def _found(want: dict[str, Any], mentions: tuple[Mention, ...], catalogue: Catalogue) -> bool:
    start, end = want["start"], want["start"] + len(want["text"])
    for mention in mentions:
        if mention.start < end and start < mention.end:
            if want.get("lat") is not None and mention.lat is not None and mention.lon is not None:
                return distance_km((want["lat"], want["lon"]), (mention.lat, mention.lon)) <= NEAR_KM
            return _is(mention, want["entity"], catalogue)
    return False


def _stands_there(text: str, phrase: str, mention: Mention) -> bool:
    at = text.find(phrase)
    while at >= 0:
        if at <= mention.start and mention.end <= at + len(phrase):
            return True
        at = text.find(phrase, at + 1)
    return False
