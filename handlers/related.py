"""`/related`: who and what is named with an entity oftener than chance would have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.cards.card import Block, Card, Line, Listing, Run, Text, Tone, line, quiet, strong
from bot.cards.compose import count
from bot.cards.picture import Edge, NetworkSpec, Node, picture
from bot.company import Companion, Sample, companions, scored, ties
from bot.model import Entity, Kind, Request
from bot.store import seen
from bot.store.tallies import EVERY
from handlers import about
from handlers.context import Context

CANDIDATES = 80  # of whom the score is found: those that share most articles
SHOWN = 8  # of each sort
DRAWN = 12  # of all, in the picture
LEAST_DRAWN = 4
SURE = 3.84  # G² beyond which chance is less likely than one in twenty

_Row = tuple[Entity, Companion, float, int]  # who, what is shared, G², articles in all


def related(context: Context, request: Request) -> Card:
    found = about.meant(context, request, "related")
    if isinstance(found, Card):
        return found
    entity, workspace = found.entity, request.channel.workspace
    with context.store.read() as cx:
        sample = seen.sample(cx, workspace, entity.ids, about.SAMPLE)
        beside = _known(context, companions(sample, entity.ids))
        totals = seen.article_totals(cx, workspace, [one.entity for one in beside])
    everything = totals.get(EVERY, 0)
    rows = [
        (known, one, score, totals.get(one.entity, one.articles))
        for one, score in scored(beside, len(sample.articles), totals, everything)
        if (known := context.catalogue.get(one.entity))
    ]
    title = f"Named with {entity.name}"
    buttons = about.buttons(context, entity, "related")
    if not rows:
        said = "Nobody else is named where it is." if sample.articles else "Not named yet in anything read here."
        return Card(title, blocks=(Text(line(quiet(said))),), buttons=buttons)
    own = f"{'' if sample.whole else 'newest '}{count(len(sample.articles), 'article')}"
    oftener = [row for row in rows if row[2] > 0]
    blocks: list[Block] = [
        Text(line(f"In the {own} that name{'s' if own.startswith('1 ') else ''} it, of {everything:,} in all:"))
    ]
    for heading, places in (("Actors", False), ("Places", True)):
        ranked = oftener or sorted(rows, key=lambda row: (-row[1].sentences, -row[1].articles, row[0].name))
        chosen = [row for row in ranked if row[0].kind.is_place == places][:SHOWN]
        if chosen:
            blocks.append(Listing(heading, tuple(_line(row, scored=bool(oftener)) for row in chosen)))
    blocks += _network(sample, entity, [row for row in oftener if row[1].sentences][:DRAWN])
    common = [row[0].name for row in rows if row[2] <= 0]
    if oftener and common:
        more = f" and {len(common) - SHOWN} more" if len(common) > SHOWN else ""
        blocks.append(Text(line(quiet(f"Named with it no oftener than elsewhere: {', '.join(common[:SHOWN])}{more}."))))
    blocks += about.namesakes(context, found, "related")
    order = (
        f"Ordered by log-likelihood (G²) against everything else read; below {SURE} it may be chance."
        if oftener
        else "Ordered by shared sentences: too little else was read to tell more than chance."
    )
    return Card(title, Tone.INFO, blocks=tuple(blocks), buttons=buttons, footer=line(quiet(order)))


def _network(sample: Sample, entity: Entity, rows: Sequence[_Row]) -> list[Block]:
    """Who stands in one sentence with whom; of two or three a list says as much."""
    if len(rows) < LEAST_DRAWN:
        return []
    number = dict.fromkeys(entity.ids, 0) | {row[1].entity: place for place, row in enumerate(rows, 1)}
    weights: Counter[tuple[int, int]] = Counter()
    for (a, b), shared in ties(sample, number).items():
        low, high = sorted((number[a], number[b]))
        if low != high:
            weights[low, high] += shared
    kinds = {kind: kind.value for kind in (Kind.ACTOR, Kind.PERSON)}
    nodes = [Node(entity.name, kinds.get(entity.kind, "place"), len(sample.articles))]
    nodes += [Node(row[0].name, kinds.get(row[0].kind, "place"), row[1].articles) for row in rows]
    edges = tuple(Edge(a, b, shared) for (a, b), shared in sorted(weights.items()))
    return [picture(NetworkSpec(tuple(nodes), edges))]


def _known(context: Context, found: Sequence[Companion]) -> list[Companion]:
    """Those of the catalogue; papers that are quoted and countries at large tell little."""
    kept = []
    for one in found:
        entity = context.catalogue.get(one.entity)
        if entity and entity.type != "media" and entity.kind is not Kind.COUNTRY:
            kept.append(one)
    return kept[:CANDIDATES]


def _line(row: _Row, *, scored: bool) -> Line:
    """`IRGC  12 articles, 3 stories, 9 in one sentence · 40 in all · G² 31.2`."""
    entity, one, score, total = row
    shares = f"  {count(one.articles, 'article')}, {count(one.stories, 'story', 'stories')}"
    sentence = f", {one.sentences:,} in one sentence" if one.sentences else ""
    said = f" · G² {score:.1f}" if scored else ""
    return strong(entity.name), Run(f"{shares}{sentence}"), quiet(f" · {total:,} in all{said}")
