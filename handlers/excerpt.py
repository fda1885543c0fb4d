"""The sentence of an article that answers a search."""

from __future__ import annotations

from collections.abc import Sequence

from bot.entities.nlp import sentences
from bot.model import Citation, FiledArticle, Sentence


def excerpt(article: FiledArticle, spans: Sequence[tuple[int, int]]) -> Citation:
    """The sentence below the headline with most of the spans, cited; without any span, the first sentence."""
    below = len(article.title)
    parts = [part for part in sentences(article.text) if part.start >= below] or [Sentence(0, len(article.text))]
    inside = {part: [span for span in spans if part.start <= span[0] < part.end] for part in parts}
    best = max(parts, key=lambda part: (len({_word(article, span) for span in inside[part]}), -part.start))
    if spans and not inside[best]:  # they stand in the headline alone
        best = Sentence(0, below)
    marks = tuple(span for span in spans if best.start <= span[0] < best.end)
    return Citation(
        article_id=article.id,
        story_id=article.story_id,
        title=article.title,
        outlet=article.outlet,
        url=article.url,
        at=article.at,
        published=article.published,
        start=best.start,
        end=best.end,
        sentence=article.text[best.start : best.end],
        marks=marks,
    )


def _word(article: FiledArticle, span: tuple[int, int]) -> str:
    return article.text[span[0] : span[1]].casefold()
