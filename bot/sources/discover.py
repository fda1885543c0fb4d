"""Finding the feeds of a site in one of its pages. Nothing here fetches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from bot.errors import SourceError
from bot.sources.address import checked_address

MOST = 20
MAX_PAGE = 2 * 1024 * 1024  # bytes of a page that are looked at
LONGEST = 500  # characters of an address
_TYPES = {"application/rss+xml", "application/atom+xml", "application/feed+json"}
_FEEDISH = re.compile(r"(?:^|/)(?:feed|rss|atom|feed\.json)/?$|\.(?:xml|rss|atom)$", re.IGNORECASE)
_NO_FEED = re.compile(r"(?:sitemap|opensearch|manifest|browserconfig)[^/]*\.xml$", re.IGNORECASE)
_COMMENTS = re.compile(r"/comments/", re.IGNORECASE)


def looks_like_html(body: bytes, content_type: str) -> bool:
    """Whether an answer is a page for people rather than a feed."""
    start = body[:1024].lower()
    return "html" in content_type.lower() or b"<!doctype html" in start or b"<html" in start


def feed_links(html: bytes, address: str) -> list[tuple[str, str]]:
    """(address, title) of the feeds that a page names, in its order; those it only links to if it names none.

    The feed of a blog's comments is left out where the page names another. Addresses that are no plain web
    addresses, and the page's own, are left out.
    """
    page = html[:MAX_PAGE]
    parser = etree.HTMLParser(no_network=True, recover=True, remove_comments=True, encoding=_encoding(page))
    try:
        root = etree.fromstring(page, parser) if page.strip() else None
    except etree.LxmlError:
        root = None
    if root is None:
        return []
    base = next((_joined(address, tag.get("href")) for tag in root.iter("base") if tag.get("href")), address)
    named = _chosen(_named(root), base or address, address)
    return named or _chosen(_linked(root), base or address, address)


def _named(root: Any) -> Iterator[tuple[str, str]]:
    for link in root.iter("link"):
        kind = link.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in link.get("rel", "").lower().split() and kind in _TYPES:
            yield link.get("href", ""), link.get("title", "")


def _linked(root: Any) -> Iterator[tuple[str, str]]:
    for link in root.iter("a"):
        href = link.get("href", "").strip()
        path = re.split(r"[?#]", href, maxsplit=1)[0]
        if _FEEDISH.search(path) and not _NO_FEED.search(path):
            yield href, "".join(link.itertext())


def _chosen(found: Iterator[tuple[str, str]], base: str, own: str) -> list[tuple[str, str]]:
    links: dict[str, str] = {}
    for href, title in found:
        target = _joined(base, href)
        if target and target != own and len(target) <= LONGEST:
            links.setdefault(target, " ".join(title.split())[:200])
        if len(links) >= MOST:
            break
    articles = {target: title for target, title in links.items() if not _COMMENTS.search(urlsplit(target).path)}
    return list((articles or links).items())


def _joined(base: str, href: str) -> str | None:
    try:
        return checked_address(urljoin(base, href.strip())) if href.strip() else None
    except (SourceError, ValueError):
        return None


def _encoding(page: bytes) -> str | None:
    """UTF-8 where the page is that; otherwise the parser goes by what the page says of itself."""
    try:
        page[:-4].decode("utf-8") if len(page) == MAX_PAGE else page.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"
