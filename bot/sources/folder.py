"""A watched folder: each new or changed file becomes a document, each unreadable one a named fault.

A file is opened below the folder by its real path: links that lead out, devices and pipes are refused.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from bot.model import Document

SUFFIXES = {".txt", ".md", ".html", ".htm"}
MAX_FILE = 5 * 1024 * 1024
_HEADING = re.compile(r"\A\s*(#{1,3} [^\n]+)\n(?!\s*\n)")


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file of a folder: what it yielded, and what was wrong with it (both may be there)."""

    path: str  # relative to the folder
    signature: str  # size and modification time
    document: Document | None = None
    fault: str | None = None


class _Fault(Exception):
    """Why a file yields no document, as a sentence."""


def changed_files(folder: Path, known: Mapping[str, str]) -> tuple[list[Path], set[str]]:
    """(files that are new or changed since `known`, the relative paths of `known` that are gone)."""
    found = {str(path.relative_to(folder)): path for path in sorted(_files(folder))}
    changed = [path for name, path in found.items() if known.get(name) != signature(path)]
    return changed, set(known) - set(found)


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)


def signature(path: Path) -> str:
    try:
        about = path.lstat()
    except OSError:
        return "gone"
    return f"{about.st_size}:{about.st_mtime_ns}"


def read_files(folder: Path, paths: list[Path], progress: Callable[[int], None] = lambda _: None) -> list[FileRead]:
    """Read the given files; one bad file never stops the others."""
    root = folder.resolve()
    reads = []
    for count, path in enumerate(paths, 1):
        relative, mark = str(path.relative_to(folder)), signature(path)
        try:
            document, note = _document(root, path, relative)
            reads.append(FileRead(relative, mark, document, note))
        except _Fault as fault:
            reads.append(FileRead(relative, mark, None, str(fault)))
        progress(count)
    return reads


def _document(root: Path, path: Path, relative: str) -> tuple[Document, str | None]:
    text, note = _decode(_bytes(root, path))
    if path.suffix.lower() in (".html", ".htm"):
        return _from_page(text, relative), note
    front, body = _front_matter(text)
    if not body.strip():
        raise _Fault("the file is empty")
    if path.suffix.lower() == ".md":
        body = _HEADING.sub(r"\1\n\n", body)  # the heading is the title, whether or not a line is left free below it
    document = Document(
        key=relative,
        title=_string(front, "title"),
        body=body,
        outlet=_string(front, "outlet") or None,
        url=_link(front),
        published=_moment(front.get("date")),
        language=_string(front, "language") or None,
    )
    return document, note


def _bytes(root: Path, path: Path) -> bytes:
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            raise _Fault("the link leads out of the folder")
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise _Fault(f"the file cannot be read ({error.strerror or error})") from error
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise _Fault("this is no ordinary file")
        if about.st_size > MAX_FILE:
            raise _Fault(f"the file is larger than {MAX_FILE // 1024 // 1024} MB")
        try:
            body = file.read(MAX_FILE + 1)
        except OSError as error:
            raise _Fault(f"the file cannot be read ({error.strerror or error})") from error
    if not body.strip():
        raise _Fault("the file is empty")
    return body


def _decode(body: bytes) -> tuple[str, str | None]:
    """(text, a note if it was not UTF-8). Undeclared encodings are guessed, binary files refused."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return body.decode("utf-16"), None
        except UnicodeDecodeError as error:
            raise _Fault("the file is in no known encoding; save it as UTF-8") from error
    if b"\0" in body[:4096] or body.startswith((b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise _Fault("the file is binary, not text")
    try:
        return body.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        guesses = from_bytes(body)
    if not guesses:
        raise _Fault("the file is in no known encoding; save it as UTF-8")
    # Short Western texts fit several code pages; the one that most of the world's old files are in goes first.
    encoding = (
        "cp1252" if any("cp1252" in (g.encoding, *g.could_be_from_charset) for g in guesses) else guesses[0].encoding
    )
    note = f"the file is not UTF-8; it was read as {encoding}, so check its accents"
    return body.decode(encoding, errors="replace"), note


def _front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    import frontmatter
    import yaml

    if not text.startswith("---"):
        return {}, text
    try:
        front, body = frontmatter.parse(text)
    except (yaml.YAMLError, ValueError):
        return {}, text
    return front, body


def _from_page(markup: str, relative: str) -> Document:
    import trafilatura

    found = trafilatura.bare_extraction(markup, with_metadata=True)
    page: Mapping[str, Any] = found if isinstance(found, dict) else found.as_dict() if found else {}
    document = Document(
        key=relative,
        title=str(page.get("title") or ""),
        body=str(page.get("text") or ""),
        outlet=page.get("sitename") or None,
        published=_moment(page.get("date")),
    )
    if not document.body.strip():
        document = replace(document, body=markup, is_html=True)
    return document


def _string(front: Mapping[str, Any], key: str) -> str:
    value = front.get(key)
    return str(value).strip() if value is not None else ""


def _link(front: Mapping[str, Any]) -> str | None:
    link = _string(front, "url")
    return link if link.startswith(("http://", "https://")) else None


def _moment(value: Any) -> datetime | None:
    """A date of front matter: a day is taken as noon UTC, so that it is the same day in most of the world."""
    if isinstance(value, str):
        try:
            value = (
                datetime.fromisoformat(value.strip())
                if "T" in value or " " in value.strip()
                else date.fromisoformat(value.strip())
            )
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(12), UTC)
    return None
