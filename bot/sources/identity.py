"""Is this item new, the same again, or a known one that has changed? Pure decisions.

A changed id, date, title or tracking parameter is not news. A text that says something else is an update.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.model import Article
from bot.text.fold import fold_key

# "Last updated 10:32 GMT" changes with every look and says nothing.
_STAMP = re.compile(
    r"\b(?:last )?(?:updated?|modified|edited)\b.{0,40}?\d{1,2}[:.]\d\d(?: ?[ap]\.?m\.?)?(?: [A-Z]{2,4})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Filed:
    """An article that this source has brought before."""

    id: int
    story_id: int
    content_hash: str
    title: str
    text: str  # as the source gave it; what its page said beyond that is no part of its identity


@dataclass(frozen=True, slots=True)
class Archive:
    """What is filed under the keys, links and texts of a batch."""

    keys: Mapping[str, Filed] = field(default_factory=dict)
    links: Mapping[str, Filed] = field(default_factory=dict)
    bodies: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


def told_apart(articles: Iterable[Article]) -> list[Article]:
    """The different articles of one batch: an id or a link that several texts share identifies none of them."""
    by_text: dict[str, Article] = {}
    for article in articles:
        by_text.setdefault(article.content_hash, article)
    keys = Counter(article.key for article in by_text.values())
    links = Counter(article.link for article in by_text.values() if article.link)
    found = []
    for article in by_text.values():
        if keys[article.key] > 1:
            article = replace(article, key=f"{article.key}#{article.content_hash[:16]}")
        if article.link and links[article.link] > 1:
            article = replace(article, link=None)
        found.append(article)
    return found


def sift(articles: Iterable[Article], archive: Archive) -> list[tuple[Article, Filed | None]]:
    """What is to be filed: new articles, and changed ones with the row they change. The rest has been here before."""
    sifted: list[tuple[Article, Filed | None]] = []
    for article in articles:
        if article.content_hash in archive.texts or (article.body_hash and article.body_hash in archive.bodies):
            continue
        filed = archive.keys.get(article.key) or archive.links.get(article.link or "")
        if filed is None or says_something_else(filed, article):
            sifted.append((article, filed))
    return sifted


def says_something_else(filed: Filed, article: Article) -> bool:
    """Whether the words below the title differ; where there are none, the title's words."""
    old, new = _body(filed.title, filed.text), _body(article.title, article.text)
    if not old and not new:
        old, new = filed.title, article.title
    return _words(old) != _words(new)


def _body(title: str, text: str) -> str:
    return text[len(title) :] if text.startswith(title) else text


def _words(text: str) -> Counter[str]:
    return Counter(fold_key(_STAMP.sub(" ", text)).split())
