"""WebSub (https://www.w3.org/TR/websub/), the parts that touch nothing: who the hub is, whose signature this is, how often to poll.

No secret is stored: each feed's is derived from one master key, and so is the path its hub calls.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

from bot.errors import VedetteError

KEY_FILE = "secret.key"
KEY_BYTES = 32
SLOW_PACE = timedelta(hours=1)
_METHODS = ("sha1", "sha256", "sha384", "sha512")
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def header_links(headers: Iterable[str], base: str = "") -> list[tuple[str, str]]:
    """(rel, address) of each link in HTTP Link headers (RFC 8288); relative ones are completed with `base`."""
    found = []
    for header in headers:
        for target, parameters in _LINK.findall(header):
            rel = _REL.search(parameters)
            for word in (rel[1] or rel[2] or "").lower().split() if rel else ():
                found.append((word, _joined(base, target.strip())))
    return found


def _joined(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        return ""


def link_to(links: Iterable[tuple[str, str]], rel: str) -> str:
    """The first web address with this relation, or an empty text."""
    for word, address in links:
        if rel in word.lower().split() and address.startswith(("http://", "https://")):
            return address
    return ""


def hub_of(
    link_headers: Sequence[str], feed_links: Sequence[tuple[str, str]], base: str = ""
) -> tuple[str, str] | None:
    """(hub, topic) that a feed names; its HTTP headers speak before its body. None unless both are there."""
    headers = header_links(link_headers, base)
    hub = link_to(headers, "hub") or link_to(feed_links, "hub")
    topic = link_to(headers, "self") or link_to(feed_links, "self")
    return (hub, topic) if hub and topic else None


def signature_ok(body: bytes, header: str, secret: str) -> bool:
    """Whether `X-Hub-Signature` is the HMAC of exactly this body; takes as long for a near miss as for a far one."""
    method, _, given = header.strip().partition("=")
    if method.lower() not in _METHODS:
        return False
    right = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(right.encode(), given.strip().lower().encode("utf-8", "replace"))


def secret_of(key: bytes, source_id: int) -> str:
    """What a feed's hub signs with: 64 characters, the same after every restart."""
    return hmac.new(key, f"websub secret {source_id}".encode(), hashlib.sha256).hexdigest()


def token_of(key: bytes, source_id: int) -> str:
    """The part of a callback's path that nobody guesses."""
    return hmac.new(key, f"websub path {source_id}".encode(), hashlib.sha256).hexdigest()[:40]


def pace(interval: timedelta, hub_until: datetime | None, now: datetime) -> timedelta:
    """How long until the next poll: an hour at least while a hub sends, but not past the end of its promise."""
    if hub_until is None or hub_until <= now:
        return interval
    return max(interval, min(SLOW_PACE, hub_until - now))


def master_key(folder: Path) -> bytes:
    """The 32 bytes in `secret.key`, made on first use for its owner's eyes alone; raises `VedetteError`."""
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise VedetteError(
            f"The key file {path} cannot be used ({error.strerror}).", "Give the service's user the right to it."
        ) from error
    if len(key) != KEY_BYTES:
        raise VedetteError(
            f"The key file {path} does not hold {KEY_BYTES} bytes.", "Remove it; a new one is made at the next start."
        )
    return key


def _make_key(path: Path) -> None:
    """Whole or not at all; of two processes that start together, the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
