"""The walk along a card's citations: every sentence is looked up in the archive, every name in the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.cards.card import Card, Field, Fields, Listing, Quote, Run, Style, plain_text
from bot.cards.compose import moment
from bot.cards.picture import MapSpec, NetworkSpec, Picture
from bot.entities.catalogue import Catalogue
from bot.model import FiledArticle
from bot.store import articles
from bot.store.engine import Store

_COUNTED = re.compile(r"(.+) \(([\d,]+)\)")


def quotes(card: Card) -> Iterator[Quote]:
    yield from (block for block in card.blocks if isinstance(block, Quote))


def untraceable(card: Card, store: Store, workspace: str, timezone: str, catalogue: Catalogue) -> list[str]:
    """What a card says that neither the archive nor the catalogue holds, in words; nothing if all is well."""
    return [
        *(fault for quote in quotes(card) for fault in _quote_faults(quote, store, workspace, timezone)),
        *(f"no entity is called {name!r}" for name in names(card) if name not in _every_name(catalogue)),
    ]


def _quote_faults(quote: Quote, store: Store, workspace: str, timezone: str) -> Iterator[str]:
    said = plain_text(quote.runs)
    if quote.place is None:
        yield f"no place is given for {said!r}"
        return
    article_id, start, end = quote.place
    with store.read() as cx:
        article = articles.article(cx, workspace, article_id)
    if article is None:
        yield f"article {article_id} cannot be seen by {workspace}"
        return
    sentence = article.text[start:end].replace("\n", " ")
    parts = [part for part in (said.removeprefix("… ").removesuffix(" …"),) if part]
    if not parts or any(part not in sentence for part in parts):
        yield f"{said!r} does not stand at {start}–{end} of article {article_id}: {sentence!r}"
    yield from _mark_faults(quote, sentence)
    yield from _source_faults(quote, article, timezone)


def _mark_faults(quote: Quote, sentence: str) -> Iterator[str]:
    for run in quote.runs:
        if run.style is Style.MARK and run.text not in sentence:
            yield f"{run.text!r} is marked and not in {sentence!r}"


def _source_faults(quote: Quote, article: FiledArticle, timezone: str) -> Iterator[str]:
    source = plain_text(quote.source)
    day = moment(article.at, timezone, day_only=True)
    for part in (article.outlet, day if article.published else f"read {day}"):
        if part not in source:
            yield f"{part!r} is missing in the source {source!r}"
    links = {run.link for run in quote.source if run.link}
    if links - {article.url}:
        yield f"{links} is not the address of article {article.id}"


def names(card: Card) -> Iterator[str]:
    """The entities that a card counts or draws: `Samarra (3)` in its fields, the strong names of its lists, those of its pictures."""
    for block in card.blocks:
        if isinstance(block, Fields):
            yield from (name for field in block.fields for name, _ in counts(field))
        elif isinstance(block, Listing):
            yield from (run.text for row in block.lines for run in row[:1] if run.style is Style.STRONG)
        elif isinstance(block, Picture) and isinstance(block.spec, MapSpec):
            yield from (place.name for place in block.spec.places)
        elif isinstance(block, Picture) and isinstance(block.spec, NetworkSpec):
            yield from (node.name for node in block.spec.nodes)


def counts(field: Field) -> Iterator[tuple[str, int]]:
    """(name, number) of each `Samarra (3)` in a field."""
    if field.label in ("Led by", "Led"):  # there the numbers are years
        return
    for run in field.runs:
        if isinstance(run, Run) and (found := _COUNTED.fullmatch(run.text)):
            yield found[1], int(found[2].replace(",", ""))


def _every_name(catalogue: Catalogue) -> frozenset[str]:
    return frozenset(entity.name for entity in catalogue.entities.values())
