"""Whom an entity is named with, from a sample of the articles that name it. Pure: rows in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

from bot.model import Citation

Place = tuple[str, int]  # a mention: the entity, and where the sentence begins that names it


@dataclass(frozen=True, slots=True)
class Seen:
    """An article that names the entity asked for, with all its mentions."""

    id: int
    story_id: int
    at: datetime
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest articles that name an entity, newest first; `whole` says whether they are all."""

    articles: tuple[Seen, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Sighting:
    """A sentence that names an entity, with everybody it names."""

    citation: Citation
    entities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Companion:
    """How much an entity shares with the one asked for: articles, stories, and articles with a sentence that names both."""

    entity: str
    articles: int
    stories: int
    sentences: int


def companions(sample: Sample, own: Collection[str]) -> list[Companion]:
    """Everybody named beside `own`, those that share most articles first."""
    in_articles: Counter[str] = Counter()
    in_sentences: Counter[str] = Counter()
    stories: dict[str, set[int]] = {}
    for article in sample.articles:
        sentences = {sentence for entity, sentence in article.places if entity in own}
        in_sentences.update({entity for entity, sentence in article.places if sentence in sentences})
        for entity in {entity for entity, _ in article.places}:
            in_articles[entity] += 1
            stories.setdefault(entity, set()).add(article.story_id)
    found = [
        Companion(entity, number, len(stories[entity]), in_sentences[entity])
        for entity, number in in_articles.items()
        if entity not in own
    ]
    return sorted(found, key=lambda one: (-one.articles, -one.sentences, one.entity))


def ties(sample: Sample, among: Collection[str]) -> Counter[tuple[str, str]]:
    """How many articles of the sample name two of these entities in one sentence; each pair in the order of its ids."""
    found: Counter[tuple[str, str]] = Counter()
    wanted = frozenset(among)
    for article in sample.articles:
        by_sentence: dict[int, set[str]] = {}
        for entity, sentence in article.places:
            if entity in wanted:
                by_sentence.setdefault(sentence, set()).add(entity)
        pairs = {
            (a, b)
            for together in by_sentence.values()
            if len(together) > 1
            for a in together
            for b in together
            if a < b
        }
        found.update(pairs)
    return found


def log_likelihood(both: int, sample: int, other: int, everything: int) -> float:
    """Dunning's G² of how much oftener an entity is named in the sample than in the rest of the archive; below 0 if it is rarer.

    `both` of the `sample` articles name it, and `other` of `everything`, which includes the sample.
    """
    rest, elsewhere = everything - sample, other - both
    if rest <= 0 or other <= 0 or sample <= 0:
        return 0.0
    table = ((both, sample, other), (elsewhere, rest, other))
    left = ((sample - both, sample, everything - other), (rest - elsewhere, rest, everything - other))
    score = 2 * sum(seen * log(seen * everything / (row * column)) for seen, row, column in (*table, *left) if seen > 0)
    return score if both * rest > elsewhere * sample else -score


def scored(
    found: Sequence[Companion], sample: int, totals: Mapping[str, int], everything: int
) -> list[tuple[Companion, float]]:
    """Companions with their log-likelihood, the most telling first; `totals` are articles that name each in all."""
    rows = [
        (one, log_likelihood(one.articles, sample, totals.get(one.entity, one.articles), everything)) for one in found
    ]
    return sorted(rows, key=lambda row: (-row[1], -row[0].sentences, -row[0].articles, row[0].entity))
