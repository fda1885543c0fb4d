"""A feed's body becomes documents. feedparser reads bytes only: handed a text, it may open a file or an address."""

from __future__ import annotations

import calendar
import hashlib
import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.errors import SourceError
from bot.model import Document
from bot.sources.websub import link_to


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    title: str
    documents: tuple[Document, ...]
    hub: str = ""  # WebSub: who sends what is new, and under which address it knows the feed
    topic: str = ""


def parse_feed(body: bytes, address: str, content_type: str = "") -> ParsedFeed:
    """Read what can be read: undated, unordered, id-less and ill-formed feeds are normal. Raises `SourceError` if it is none."""
    import feedparser

    headers = {"content-location": address}
    if content_type:
        headers["content-type"] = content_type
    parsed = feedparser.parse(io.BytesIO(body), response_headers=headers, resolve_relative_uris=True)
    if not parsed.entries and not parsed.get("version"):
        raise SourceError("The answer is no feed.", "not-a-feed", "Give the address of the feed itself (RSS, Atom).")
    title = str(parsed.feed.get("title", "")).strip() or (urlsplit(address).hostname or address)
    documents = tuple(_document(entry, title, parsed.feed.get("language")) for entry in parsed.entries)
    links = [(str(link.get("rel", "")), str(link.get("href", ""))) for link in parsed.feed.get("links", ())]
    return ParsedFeed(title, documents, hub=link_to(links, "hub"), topic=link_to(links, "self"))


def _document(entry: Any, outlet: str, language: str | None) -> Document:
    contents = entry.get("content") or []
    body = max((str(part.get("value", "")) for part in contents), key=len, default="") or str(entry.get("summary", ""))
    link = entry.get("link") or None
    title = str(entry.get("title", ""))
    key = (
        str(entry.get("id") or link or "") or hashlib.sha256(f"{title}\n{body}".encode("utf-8", "replace")).hexdigest()
    )
    source = entry.get("source") or {}
    return Document(
        key=key,
        title=title,
        body=body,
        is_html=True,
        url=link if link and str(link).startswith(("http://", "https://")) else None,
        outlet=str(source.get("title") or outlet),
        published=_time(entry.get("published_parsed") or entry.get("updated_parsed")),
        language=language or None,
    )


def _time(parsed: Any) -> datetime | None:
    if not parsed:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def parse_file(path: Path) -> dict[str, Any]:
    """One line of `vedette parse --jsonl`: path, ok, entries, error_class, ms."""
    started = time.perf_counter()
    entries, error_class = 0, None
    try:
        entries = len(parse_feed(path.read_bytes(), "https://feed.invalid/").documents)
    except SourceError as error:
        error_class = error.error_class
    except OSError as error:
        error_class = type(error).__name__
    took = round((time.perf_counter() - started) * 1000, 2)
    return {"path": str(path), "ok": error_class is None, "entries": entries, "error_class": error_class, "ms": took}
