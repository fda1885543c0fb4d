"""Lists of feeds as OPML, in and out. Nothing here fetches, and nothing a list names is opened.

A list comes from a stranger: it may declare entities that grow or that point at files, be cut off, or carry
another encoding than it says. It is decoded here, its document type is taken off, and only then is it parsed.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from bot.data_files import data_folder
from bot.errors import SourceError
from bot.sources.address import checked_address, refuse_private_literal

MAX_FILE = 5 * 1024 * 1024  # bytes
MOST = 10_000  # feeds of one list
LONGEST = 300  # characters of a title or a group's path
BETWEEN = " / "  # between a group and the group inside it

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML cannot hold them
_DOCTYPE = re.compile(r"<!DOCTYPE\s[^<>\[\]]*>", re.IGNORECASE)
_DECLARES = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CODECS = re.compile(r"(utf|iso-?8859|latin|windows|cp12|koi8|gb|big5|shift|sjis|euc)", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_REFERENCE = re.compile(r"&(?:#(\d{1,7});|#[xX]([0-9a-fA-F]{1,6});|([A-Za-z]\w{1,30});)?")
_XML_NAMES = {"amp", "lt", "gt", "quot", "apos"}


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """One feed of a list; the group is a path such as `Regional / Africa`."""

    address: str
    title: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Opml:
    """What a list yielded: its feeds, each address once, and (what, why) of each entry that is left out."""

    feeds: tuple[OpmlFeed, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()


@cache
def shipped_feeds() -> tuple[OpmlFeed, ...]:
    """The feeds that come with Vedette; none is read until somebody adds its group."""
    return load_opml(data_folder("config") / "feeds.opml").feeds


def in_groups(rows: Iterable[tuple[str, str]]) -> list[OpmlFeed]:
    """(address, title) rows as feeds, those of a shipped group in it."""
    place = {feed.address: feed.group for feed in shipped_feeds()}
    return [OpmlFeed(address, title, place.get(address, "")) for address, title in rows]


def load_opml(path: Path, allow: Collection[str] = ()) -> Opml:
    """Read a list from a file; raises `SourceError` if it cannot be opened or is none."""
    try:
        if not path.is_file():  # a pipe or a device would never end
            raise SourceError(f"There is no file {path}.", "missing", "Check the path.")
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path} cannot be read ({why}).", "missing", "Check the path.") from error
    return read_opml(data, allow)


def read_opml(data: bytes, allow: Collection[str] = ()) -> Opml:
    """The feeds of a list, in its order; raises `SourceError` if it is too large, unsafe or no OPML at all.

    An address that is no plain web address, or a private one that is not among the `host:port` pairs of
    `allow`, is a fault.
    """
    if len(data) > MAX_FILE:
        raise SourceError(
            f"The list is larger than {MAX_FILE // 1024 // 1024} MB.", "too-large", "Split it into several files."
        )
    root = _parse(_decoded(data))
    feeds: dict[str, OpmlFeed] = {}
    faults: list[tuple[str, str]] = []
    beyond = 0
    for raw, title, group in _entries(root):
        if len(feeds) + len(faults) >= MOST:
            beyond += 1
            continue
        try:
            address = checked_address(raw)
            refuse_private_literal(address, allow)
        except SourceError as error:
            faults.append((plain(raw) or title or "an entry without an address", str(error)))
        else:
            feeds.setdefault(address, OpmlFeed(address, "" if title == plain(raw) else title, group))
    if beyond:
        faults.append((f"{beyond:,} more entries", f"A list may hold {MOST:,} at most."))
    return Opml(tuple(feeds.values()), tuple(faults))


def write_opml(title: str, feeds: Iterable[OpmlFeed]) -> bytes:
    """A list as OPML 2.0 in UTF-8, groups nested; `read_opml` gives the same feeds back, group by group."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = plain(title)
    folders: dict[str, Any] = {"": etree.SubElement(root, "body")}
    for feed in feeds:
        name, address = plain(feed.title), _FORBIDDEN.sub("", feed.address)
        values = {"type": "rss", "text": name or address, "title": name, "xmlUrl": address}
        etree.SubElement(_folder(folders, group_path(feed.group)), "outline", {k: v for k, v in values.items() if v})
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def plain(text: str) -> str:
    """A title as it is kept: one line, nothing that XML cannot hold, at most `LONGEST` characters."""
    return " ".join(_FORBIDDEN.sub("", text[: 4 * LONGEST]).split())[:LONGEST].strip()


def group_path(text: str) -> str:
    """A group's path as it is kept: `A / B`, without empty steps."""
    path = BETWEEN.join(step for part in plain(text).split("/") if (step := part.strip()))
    while len(path) > LONGEST:
        path = path.rpartition(BETWEEN)[0]
    return path


def _folder(folders: dict[str, Any], path: str) -> Any:
    if path not in folders:
        outer, _, name = path.rpartition(BETWEEN)
        folders[path] = etree.SubElement(_folder(folders, outer), "outline", text=name)
    return folders[path]


def _entries(root: Any) -> Iterator[tuple[str, str, str]]:
    """(address as written, title, group) of each outline that names a feed; a group's path is made once, on the way in."""
    waiting = [(child, "") for child in reversed(root) if isinstance(child.tag, str)]
    while waiting:
        element, group = waiting.pop()
        inner = group
        if _name(element) == "outline":
            said = {key.lower(): value for key, value in element.attrib.items()}
            title = plain(said.get("title", "")) or plain(said.get("text", ""))
            if "xmlurl" in said:
                yield said["xmlurl"], title, group
            elif title and len(element):
                inner = group_path(f"{group}/{title}")
        waiting += [(child, inner) for child in reversed(element) if isinstance(child.tag, str)]


def _parse(text: str) -> Any:
    text = _DOCTYPE.sub("", text, count=1)
    if _DECLARES.search(text):
        raise SourceError(
            "The list declares entities of its own, which no list of feeds needs; it is not read.",
            "unsafe",
            "Take the <!DOCTYPE …> out of the file, or export the list again.",
        )
    text = re.sub(r"^\s*<\?xml[^>]*>", "", text)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, recover=True, huge_tree=False, encoding="utf-8",
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(_REFERENCE.sub(_reference, text).encode("utf-8"), parser)
    except etree.LxmlError:
        root = None
    if root is None or (_name(root) != "opml" and next(root.iter("{*}outline"), None) is None):
        raise SourceError(
            "The file is no OPML list.", "not-opml", "Export the list from your feed reader again, as OPML."
        )
    return root


def _reference(match: re.Match[str]) -> str:
    """A reference that XML knows stays; HTML's become letters; a bare & (as in ?a=1&b=2) becomes a letter too."""
    decimal, hexadecimal, name = match.groups()
    if decimal or hexadecimal:
        number = int(decimal) if decimal else int(hexadecimal, 16)
        return "" if number > 0x10FFFF or _FORBIDDEN.match(chr(number)) else f"&#{number};"
    if name in _XML_NAMES:
        return match[0]
    letter = html.unescape(match[0]) if name else match[0]
    return html.escape(letter, quote=True)


def _decoded(data: bytes) -> str:
    """The text of a file; undecodable bytes are replaced. Only encodings of text are believed."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _FORBIDDEN.sub("", data[len(mark) :].decode(name, "replace"))
    if data[:2] in (b"<\0", b"\0<"):
        return _FORBIDDEN.sub("", data.decode("utf-16-le" if data[0] else "utf-16-be", "replace"))
    declared = _DECLARED.match(data[:400])
    name = declared[1].decode("ascii") if declared else "utf-8"
    if not _CODECS.match(name) or name.lower().replace("-", "").replace("_", "") in ("utf7", "utf16", "utf32"):
        name = "utf-8"
    try:
        text = data.decode(name, "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    return _FORBIDDEN.sub("", text)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
