"""Which story an article belongs to: a pure decision over what is known of recent articles."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from bot.model import Article
from bot.text.fold import fold_key

SAME_TEXT = 0.6  # share of common three-word runs from which two texts are one text, edited
_TRACKING = ("utm_", "fbclid", "gclid", "mc_", "ref", "cmpid", "ocid", "ns_", "at_medium", "at_campaign", "at_custom")


@dataclass(frozen=True, slots=True)
class Recent:
    """What clustering knows of an article already filed."""

    story_id: int
    content_hash: str
    link: str | None
    shingles: frozenset[int]


def story_id(source_id: int, key: str) -> int:
    """The id of the story that an article opens: the same on every retry."""
    digest = hashlib.sha256(f"{source_id}\x1f{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def recent(story: int, text: str, content_hash: str, url: str | None) -> Recent:
    return Recent(story, content_hash, canonical_link(url), shingles(text))


def assign(article: Article, source_id: int, others: Sequence[Recent]) -> int:
    """The story of an article: that of an equal text, link or nearly equal text, else a new one."""
    own = recent(story_id(source_id, article.key), article.text, article.content_hash, article.url)
    for other in others:
        if other.content_hash == own.content_hash or (own.link and own.link == other.link):
            return other.story_id
    best = max(others, key=lambda other: resemblance(own.shingles, other.shingles), default=None)
    if best and resemblance(own.shingles, best.shingles) >= SAME_TEXT:
        return best.story_id
    return own.story_id


def shingles(text: str) -> frozenset[int]:
    words = fold_key(text).split()
    return frozenset(hash(tuple(words[i : i + 3])) for i in range(max(1, len(words) - 2)))


def resemblance(left: frozenset[int], right: frozenset[int]) -> float:
    """Jaccard's measure: 1 for equal sets, 0 for sets with nothing in common."""
    common = len(left & right)
    return common / (len(left) + len(right) - common) if common else 0.0


def canonical_link(url: str | None) -> str | None:
    """An address without tracking parameters, fragment and trailing slash; the front page of a site is no identity."""
    if not url:
        return None
    parts = urlsplit(url)
    query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if not key.lower().startswith(_TRACKING)])
    path = parts.path.rstrip("/")
    if not path and not query:
        return None
    return urlunsplit(("https", parts.netloc.lower().removeprefix("www."), path, query, ""))
