"""A fast way to read what most feeds are: well-formed RSS 2, RSS 1 or Atom without surprises. Any doubt, and it says so.

It answers only where its answer is feedparser's, field by field (tests/sources/test_fast.py compares them); whatever it does
not know for certain is feedparser's to read.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

ATOM = "{http://www.w3.org/2005/Atom}"
_ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
_DC_DATE = "{http://purl.org/dc/elements/1.1/}date"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_RFC822 = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:GMT|UT|UTC|Z|[+-]\d{4}|[ECMP][SD]T)"
)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)", re.ASCII)
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_WESTERN = frozenset({"windows-1252", "iso-8859-1"})
_RSS1 = "{http://purl.org/rss/1.0/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_WINDOWS = re.compile("[\x80-\x9f]")  # feedparser takes these for characters of Windows-1252
_ODD = re.compile(r"[\x80-\x9f\s]|&[A-Za-z0-9_#]+;?|:///")
# Elements of an item that decide nothing we keep; anything else that is not handled below is a doubt.
_IDLE = frozenset(
    """
    category author comments enclosure
    {http://purl.org/dc/elements/1.1/}creator {http://purl.org/dc/elements/1.1/}subject {http://purl.org/dc/elements/1.1/}publisher
    {http://wellformedweb.org/CommentAPI/}commentRss {http://wellformedweb.org/CommentAPI/}comment
    {http://purl.org/rss/1.0/modules/slash/}comments {http://www.georss.org/georss}point
    {http://search.yahoo.com/mrss/}content {http://search.yahoo.com/mrss/}thumbnail {http://search.yahoo.com/mrss/}credit
    {http://search.yahoo.com/mrss/}keywords {http://search.yahoo.com/mrss/}category
    {http://rssnamespace.org/feedburner/ext/1.0}origLink com-wordpress:feed-additions:1
    """.split()
)
# In a namespace that is not ours, elements of these names may still be read as the feed's own.
_TELLING = frozenset("title language source item entry link guid id description summary content".split())
_PLAIN_RDF = frozenset((f"{_RSS1}link", f"{_RSS1}description", f"{_RSS1}image", _DC_DATE))
_IDLE_ATOM = frozenset(ATOM + name for name in ("author", "category", "contributor", "rights"))


@dataclass(slots=True)
class Entry:
    """The fields of an item that we keep, as its feed has them; `body` is the longest of its texts."""

    id: str = ""
    link: str = ""
    title: str = ""
    body: str = ""
    published: datetime | None = None
    outlet: str = ""


@dataclass(slots=True)
class Feed:
    title: str = ""
    language: str = ""
    links: list[dict[str, str]] = field(default_factory=list)  # WebSub looks for its hub here
    entries: list[Entry] = field(default_factory=list)
    ttl: int | None = None  # minutes


class _Doubt(Exception):
    """Something that feedparser may read in another way."""


def read(body: bytes, content_type: str = "") -> Feed | None:
    """The feed, or None where feedparser must decide."""
    from lxml import etree

    if not _is_plain(body, content_type):
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=False, recover=False
    )
    try:
        root = etree.fromstring(body.strip(), parser)
        if root.getroottree().docinfo.doctype or b"xml:base" in body:
            return None
        if root.tag == "rss":
            return None if b"xml:lang" in body else _rss(root)
        if root.tag == f"{_RDF}RDF":
            return None if b"xml:lang" in body else _rdf(root)
        return _atom(root) if root.tag == f"{ATOM}feed" else None
    except (etree.XMLSyntaxError, _Doubt, ValueError, OverflowError):
        return None


def _is_plain(body: bytes, content_type: str) -> bool:
    """Whether nobody can be in doubt about the characters: UTF-8, or the western charset that is declared and not denied."""
    head = body[:400].lstrip()
    if not head.startswith(b"<") or b"\x00" in body[:400]:
        return False
    declared = _DECLARED.match(head)
    charset = re.search(r"charset=[\"']?([\w.-]+)", content_type, re.IGNORECASE)
    named = [
        found.lower() for found in (declared[1].decode() if declared else "", charset[1] if charset else "") if found
    ]
    if "text/" in content_type and not charset:
        return False
    if declared and named[0] in _WESTERN and len(set(named)) == 1:
        return True
    if any(name not in _UTF8 for name in named):
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(element: Any) -> str:
    """The text of an element without children, as feedparser settles it."""
    if len(element):
        raise _Doubt
    text: str = (element.text or "").strip()
    if text.isascii():
        return text
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        text = text.encode("latin-1").decode("utf-8")  # text that was encoded twice
    if _WINDOWS.search(text):
        raise _Doubt
    return text


def _plain(text: str) -> str:
    """An id or a link that reads the same whoever reads it."""
    if _ODD.search(text):
        raise _Doubt
    return text


def _date(text: str) -> datetime | None:
    if _ISO.fullmatch(text):
        when = datetime.fromisoformat(text)
    elif _RFC822.fullmatch(text):
        when = parsedate_to_datetime(text)
    elif not text:
        return None
    else:
        raise _Doubt
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def _rss(root: Any) -> Feed:
    channels = [child for child in root if child.tag == "channel"]
    if len(channels) != 1 or len(root) != 1 or root.get("version") not in ("2.0", "0.91", "0.92"):
        raise _Doubt
    feed = Feed()
    for child in channels[0]:
        tag = child.tag
        if tag == "item":
            feed.entries.append(_rss_item(child))
        elif tag == "title":
            feed.title = _once(feed.title, _text(child))
        elif tag == "language":
            feed.language = _text(child)
        elif tag == "ttl":
            text = _text(child)
            feed.ttl = int(text) if text.isdigit() and len(text) < 7 else None
        elif tag == f"{ATOM}link":
            feed.links.append({str(key): str(value) for key, value in child.attrib.items()})
        elif not isinstance(tag, str):
            continue
        elif tag.startswith("{") and tag.rpartition("}")[2].lower() in _TELLING:
            raise _Doubt
        elif tag == "image" or tag.startswith("{http://www.itunes.com"):
            continue
        elif len(child) and tag not in ("image", "textInput", "cloud", "skipHours", "skipDays"):
            raise _Doubt
    return feed


def _rdf(root: Any) -> Feed:
    """RSS 1: the items stand beside the channel, and what they are about is their id."""
    feed = Feed()
    for child in root:
        tag = child.tag
        if tag == f"{_RSS1}item":
            entry = _rss_item(child, _RSS1)
            entry.id = entry.id or _plain(child.get(f"{_RDF}about", ""))
            feed.entries.append(entry)
        elif tag == f"{_RSS1}channel":
            for part in child:
                if part.tag == f"{_RSS1}title":
                    feed.title = _once(feed.title, _text(part))
                elif part.tag == f"{ATOM}link":
                    feed.links.append({str(key): str(value) for key, value in part.attrib.items()})
                elif part.tag == f"{_RSS1}items" or not isinstance(part.tag, str):
                    continue
                elif len(part) or part.tag not in _PLAIN_RDF:
                    raise _Doubt
        elif isinstance(tag, str) and tag != f"{_RSS1}image":
            raise _Doubt
    return feed


def _once(old: str, new: str) -> str:
    if old:
        raise _Doubt
    return new


def _rss_item(item: Any, space: str = "") -> Entry:
    entry = Entry()
    seen: set[str] = set()
    contents: list[str] = []
    dates: dict[str, datetime | None] = {}
    has_link, permalink = False, False
    for child in item:
        tag = child.tag
        if not isinstance(tag, str):  # a comment between elements
            continue
        if tag in _IDLE:
            if len(child):
                raise _Doubt
            continue
        tag = tag.removeprefix(space)
        if tag in seen:
            raise _Doubt
        seen.add(tag)
        text = _text(child)
        if tag == "title":
            entry.title = text
        elif tag == "link":
            entry.link, has_link = _plain(text), True
        elif tag == "guid":
            permalink = child.get("isPermaLink", "true") == "true"
            entry.id = _plain(text) if permalink else _settled(text)
        elif tag == "description":
            contents.append(text)
        elif tag == _ENCODED:
            contents.insert(0, text)
        elif tag in ("pubDate", _DC_DATE):
            dates[tag] = _date(text)
        elif tag == "source":
            entry.outlet = text
        else:
            raise _Doubt
    if permalink and not has_link:
        entry.link = entry.id
    entry.body = _longest(contents)
    entry.published = dates.get("pubDate") or dates.get(_DC_DATE)
    return entry


def _longest(contents: list[str]) -> str:
    """Content before a summary, as feeds mean it."""
    return next((text for text in contents if text), "")


def _settled(text: str) -> str:
    if "\n" in text:
        raise _Doubt
    return text


def _atom(root: Any) -> Feed:
    feed = Feed(language=str(root.get(_XML_LANG, "")))
    for child in root:
        tag = child.tag
        if tag == f"{ATOM}entry":
            feed.entries.append(_atom_entry(child))
        elif tag == f"{ATOM}title":
            feed.title = _once(feed.title, _typed(child))
        elif tag == f"{ATOM}link":
            feed.links.append({str(key): str(value) for key, value in child.attrib.items()})
        elif isinstance(tag, str) and tag != f"{ATOM}id" and tag.rpartition("}")[2].lower() in _TELLING:
            raise _Doubt
    return feed


def _atom_entry(item: Any) -> Entry:
    entry = Entry()
    seen: set[str] = set()
    content = summary = ""
    dates: dict[str, datetime | None] = {}
    take: dict[str, Callable[[Any], str]] = {f"{ATOM}title": _typed, f"{ATOM}summary": _typed, f"{ATOM}content": _typed}
    for child in item:
        tag = child.tag
        if not isinstance(tag, str) or tag in _IDLE or tag in _IDLE_ATOM:
            continue
        if tag == f"{ATOM}link":
            if not child.get("href"):
                raise _Doubt
            if child.get("rel", "alternate") == "alternate":
                if child.get("type", "text/html") not in ("text/html", "application/xhtml+xml") or entry.link:
                    raise _Doubt
                entry.link = _plain(str(child.get("href", "")))
            continue
        if tag in seen or item.get(_XML_LANG) or child.get(_XML_LANG):
            raise _Doubt
        seen.add(tag)
        text = take.get(tag, _text)(child)
        if tag == f"{ATOM}id":
            entry.id = _plain(text)
        elif tag == f"{ATOM}title":
            entry.title = text
        elif tag == f"{ATOM}summary":
            summary = text
        elif tag == f"{ATOM}content":
            content = text
        elif tag in (f"{ATOM}published", f"{ATOM}updated"):
            dates[tag] = _date(text)
        else:
            raise _Doubt
    if not entry.link and entry.id:
        raise _Doubt  # an id that may count as a link
    entry.body = content or summary
    entry.published = dates.get(f"{ATOM}published") or dates.get(f"{ATOM}updated")
    return entry


def _typed(element: Any) -> str:
    if element.get("type", "text") not in ("text", "html") or element.get("src") or element.get("mode"):
        raise _Doubt
    return _text(element)
