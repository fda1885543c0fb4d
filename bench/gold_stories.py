"""The gold groups of stories and the gold sentences of origins: how the product fares on them.

The points of `bot/stories/likeness.py` were fitted on the even groups; the odd ones say how they do elsewhere.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue
from bot.entities.match import Matcher
from bot.stories.cluster import Window
from bot.stories.origins import origins_of
from bot.stories.outlets import load_outlets
from bot.stories.reading import Reading, read
from bot.text.clean import content_hash

GOLD = Path(__file__).parent.parent / "tests" / "gold"


@dataclass(frozen=True, slots=True)
class GoldArticle:
    group: int
    story: str  # unique among all groups
    category: str
    title: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Pairs:
    """Over all pairs of articles: how many of those put together belong together, and the other way round."""

    right: int
    wrong: int
    missed: int
    faults: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)


def load(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLD / name).read_text(encoding="utf-8").splitlines()]


def gold_articles(matcher: Matcher, catalogue: Catalogue) -> list[GoldArticle]:
    media = frozenset(entity.id for entity in catalogue.entities.values() if entity.type == "media")
    found = []
    for number, group in enumerate(load("stories.jsonl")):
        for row in group["articles"]:
            text = f"{row['title']}\n\n{row['text']}"
            named = [(m.entity, m.kind.value, m.start, m.end) for m in matcher.mentions(text)]
            at = datetime.fromisoformat(row["at"])
            reading = read(content_hash(text), None, at, row["outlet"], row["title"], text, named, media)
            story = f"{group['id']}/{row['story']}"
            found.append(GoldArticle(number, story, group["category"], row["title"], reading))
    return found


def judge(articles: Sequence[GoldArticle]) -> Pairs:
    """Put them into stories one after the other, as feeds would bring them."""
    order = sorted(articles, key=lambda article: article.reading.hours)
    window = Window()
    got = []
    for number, article in enumerate(order, 1):
        placed = window.place(article.reading, number)
        window.add(article.reading, placed.story_id, number)
        got.append(placed.story_id)
    tally: Counter[str] = Counter()
    faults = []
    for late in range(len(order)):
        for early in range(late):
            together, same = got[late] == got[early], order[late].story == order[early].story
            if together and same:
                tally["right"] += 1
            elif together or same:
                tally["wrong" if together else "missed"] += 1
                faults.append(f"{'wrong ' if together else 'missed'} {order[late].title} | {order[early].title}")
    return Pairs(tally["right"], tally["wrong"], tally["missed"], tuple(faults))


def halves(articles: Sequence[GoldArticle]) -> tuple[list[GoldArticle], list[GoldArticle]]:
    """(those that the points were fitted on, the others); groups stay whole."""
    return [a for a in articles if a.group % 2 == 0], [a for a in articles if a.group % 2]


def judge_origins(catalogue: Catalogue) -> tuple[int, int, list[str]]:
    """(right, all, the faults): right is exactly the wanted chain, or none where none is wanted."""
    outlets = load_outlets(data_folder("config") / "outlets.toml", catalogue)
    rows = load("origins.jsonl")
    faults = []
    for row in rows:
        got = [list(chain.outlets) for chain in origins_of(row["text"], row["outlet"], None, outlets).chains]
        if got != ([row["want"]] if row["want"] else []):
            faults.append(f"{row['text']}: wanted {row['want']}, got {got}")
    return len(rows) - len(faults), len(rows), faults


def show(matcher: Matcher, catalogue: Catalogue, *, verbose: bool) -> None:
    articles = gold_articles(matcher, catalogue)
    fitted, others = halves(articles)
    for name, some in (("stories, fitted half", fitted), ("stories, other half", others), ("stories, all", articles)):
        pairs = judge(some)
        groups = len({article.group for article in some})
        print(
            f"{name:22} pairwise precision {pairs.precision:.3f}, recall {pairs.recall:.3f} ({groups} groups, {len(some)} articles)"
        )
        if verbose and some is articles:
            print("\n".join(f"    {fault}" for fault in pairs.faults))
    right, total, faults = judge_origins(catalogue)
    print(f"{'origins':22} {right:3} of {total:3} = {right / total:.3f}")
    if verbose:
        print("\n".join(f"    {fault}" for fault in faults))
