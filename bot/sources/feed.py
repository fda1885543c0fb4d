"""A feed's body becomes documents: the fast reader where it is certain, feedparser for everything else, JSON Feed too.

feedparser is handed bytes in a buffer, never a text: given a text it may open the file or fetch the address that the text names.
"""

from __future__ import annotations

import calendar
import hashlib
import html
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from bot.errors import SourceError
from bot.model import Document
from bot.sources import fast
from bot.sources.fast import Entry, Feed
from bot.sources.websub import link_to

MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    title: str
    documents: tuple[Document, ...]
    hub: str = ""  # WebSub: who sends what is new, and under which address it knows the feed
    topic: str = ""
    ttl: int | None = None  # minutes for which the feed asks not to be polled again


def parse_feed(body: bytes, address: str, content_type: str = "") -> ParsedFeed:
    """Read what can be read: undated, unordered, id-less and ill-formed feeds are normal. Raises `SourceError` if it is none."""
    feed = _json_feed(body) or fast.read(body, content_type) or _by_feedparser(body, content_type)
    title = feed.title.strip() or (urlsplit(address).hostname or address)
    documents = tuple(_document(entry, title, feed.language, address) for entry in feed.entries[:MAX_ENTRIES])
    links = [(link.get("rel", ""), link.get("href", "")) for link in feed.links]
    return ParsedFeed(title, documents, link_to(links, "hub"), link_to(links, "self"), feed.ttl)


def _by_feedparser(body: bytes, content_type: str) -> Feed:
    import feedparser

    headers = {"content-type": content_type} if content_type else {}
    parsed = feedparser.parse(
        io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )
    if not parsed.entries and not parsed.get("version"):
        raise SourceError("The answer is no feed.", "not-a-feed", "Give the address of the feed itself (RSS, Atom).")
    links = [{str(key): str(value) for key, value in link.items()} for link in parsed.feed.get("links", ())]
    ttl = str(parsed.feed.get("ttl", ""))
    return Feed(
        title=str(parsed.feed.get("title", "")),
        language=str(parsed.feed.get("language") or ""),
        links=links,
        entries=[_entry(entry) for entry in parsed.entries],
        ttl=int(ttl) if ttl.isdigit() and len(ttl) < 7 else None,
    )


def _entry(entry: Any) -> Entry:
    contents = [str(part.get("value", "")) for part in entry.get("content") or ()]
    body = max(contents, key=len, default="") or str(entry.get("summary", ""))
    source = entry.get("source") or {}
    return Entry(
        id=str(entry.get("id") or ""),
        link=str(entry.get("link") or ""),
        title=str(entry.get("title") or ""),
        body=body,
        published=_time(entry.get("published_parsed") or entry.get("updated_parsed")),
        outlet=str(source.get("title") or ""),
    )


def _time(parsed: Any) -> datetime | None:
    if not parsed:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _json_feed(body: bytes) -> Feed | None:
    """JSON Feed 1.0 and 1.1 (https://jsonfeed.org/version/1.1); None for anything else."""
    if not body[:50].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    try:
        data = json.loads(body)
        if not str(data.get("version", "")).startswith("https://jsonfeed.org/version/"):
            return None
        items = [item for item in data.get("items") or () if isinstance(item, dict)]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return None
    return Feed(
        title=_words(data.get("title")),
        language=_words(data.get("language")),
        links=[
            {"rel": "hub", "href": _words(hub.get("url"))} for hub in data.get("hubs") or () if isinstance(hub, dict)
        ],
        entries=[_json_item(item) for item in items],
    )


def _json_item(item: Mapping[str, Any]) -> Entry:
    text = _words(item.get("content_html")) or html.escape(_words(item.get("content_text")), quote=False)
    return Entry(
        id=_words(item.get("id")),
        link=_words(item.get("url")) or _words(item.get("external_url")),
        title=_words(item.get("title")),
        body=text or html.escape(_words(item.get("summary")), quote=False),
        published=_iso(_words(item.get("date_published")) or _words(item.get("date_modified"))),
    )


def _words(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _iso(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _document(entry: Entry, outlet: str, language: str, address: str) -> Document:
    link = _link(entry.link, address)
    given = entry.id or link
    key = given or hashlib.sha256(f"{entry.title}\n{entry.body}".encode("utf-8", "replace")).hexdigest()
    return Document(
        key=key,
        title=entry.title,
        body=entry.body,
        is_html=True,
        url=link or None,
        outlet=entry.outlet or outlet,
        published=entry.published,
        language=language or None,
    )


_WHOLE = re.compile(r"https?://[^\s/?#;\[\]\\]+/[^\s?#;\\]*(?:\?[^\s#;\\]+)?")  # joining leaves it as it is


def _link(link: str, address: str) -> str:
    """The item's address in full, or nothing where it is no web address."""
    if _WHOLE.fullmatch(link):
        return link
    try:
        whole = urljoin(address, link.strip()) if link.strip() else ""
    except ValueError:
        return ""
    return whole if whole.startswith(("http://", "https://")) else ""
