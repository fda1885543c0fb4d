"""HTTP manners and the guard: what may be fetched, how long it may take, how much it may weigh.

Addresses come from strangers. Each host is resolved once, every address it has is checked, and the
connection goes to a checked one; each redirect starts from the beginning.
"""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import SourceError
from bot.sources.address import checked_address, is_public, private_fault, refuse_private_literal
from bot.sources.pace import freshness, retry_after
from bot.sources.unpack import ENCODINGS, Unpacker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

MAX_REDIRECTS = 5
ACCEPTED = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: 200 with a body, or 304 without one. `address` is where it came from in the end."""

    address: str
    status: int
    body: bytes
    etag: str | None
    last_modified: str | None
    content_type: str
    fresh: timedelta = timedelta(0)  # for how long the answer calls itself fresh
    moved: str = ""  # where permanent redirects alone have led
    latency: float = 0.0  # seconds
    links: tuple[str, ...] = ()  # the Link headers, as they came


class _GuardedResolver(AbstractResolver):
    """Resolves, and answers only if every address is public (or the pair is on the allow list)."""

    def __init__(self, allow: Collection[str]) -> None:
        self._allow = allow

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        if f"{host}:{port}" not in self._allow and not all(is_public(str(info[4][0])) for info in found):
            raise _Refused(host)
        return [
            ResolveResult(
                hostname=host,
                host=str(info[4][0]),
                port=port,
                family=info[0],
                proto=info[2],
                flags=socket.AI_NUMERICHOST,
            )
            for info in found
        ]

    async def close(self) -> None:
        return None


class _Refused(OSError):
    """A name that leads to a private address."""


class Fetcher:
    """One HTTP session for everything that is fetched."""

    def __init__(self, allow: Collection[str], timeout: timedelta, contact: str = "") -> None:
        self._allow = frozenset(allow)
        self._timeout = aiohttp.ClientTimeout(
            total=timeout.total_seconds(), sock_read=min(5.0, timeout.total_seconds())
        )
        about = f"; {contact}" if contact else ""
        self._agent = f"Vedette/{version('vedette')} (feed reader{about})"
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def get(
        self,
        address: str,
        etag: str | None = None,
        last_modified: str | None = None,
        approve: Callable[[str], Awaitable[None]] | None = None,
    ) -> Fetched:
        """Fetch with the validators of last time; raises `SourceError` with a sentence for `/feeds health`.

        `approve` is asked before each hop, and ends the fetch by raising `SourceError`.
        """
        headers = {"Accept": ACCEPTED}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        here = asked = checked_address(address)
        began, for_good = time.monotonic(), True
        try:
            for _hop in range(MAX_REDIRECTS + 1):
                refuse_private_literal(here, self._allow)
                if approve:
                    await approve(here)
                async with self._open().get(here, headers=headers, allow_redirects=False) as answer:
                    if answer.status not in (301, 302, 303, 307, 308):
                        moved = here if for_good and here != asked else ""
                        return await self._read(here, answer, moved, began)
                    for_good = for_good and answer.status in (301, 308)
                    target = checked_address(urljoin(here, answer.headers.get("Location", "")))
                if here.startswith("https:") and target.startswith("http:"):
                    raise SourceError("The feed redirects from https to http, which is not followed.", "redirect")
                here = target
            raise SourceError(f"The feed redirects more than {MAX_REDIRECTS} times.", "redirect")
        except TimeoutError as error:
            raise SourceError("The server did not answer in time.", "timeout") from error
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, _Refused):
                raise private_fault(here) from error
            raise SourceError(f"The name {urlsplit(here).hostname} cannot be resolved.", "dns") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, _Refused) or isinstance(error.__cause__, _Refused):
                raise private_fault(here) from error
            raise SourceError(f"The connection failed ({type(error).__name__}).", "connection") from error

    async def post_form(self, address: str, fields: Mapping[str, str]) -> int:
        """Send a form and give back the status; redirects are not followed. Raises `SourceError`."""
        here = checked_address(address)
        refuse_private_literal(here, self._allow)
        try:
            async with self._open().post(here, data=dict(fields), allow_redirects=False) as answer:
                return answer.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceError(f"The connection failed ({type(error).__name__}).", "connection") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_GuardedResolver(self._allow), limit=100, limit_per_host=2, use_dns_cache=False
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": self._agent, "Accept-Encoding": ENCODINGS},
            )
        return self._session

    async def _read(self, address: str, answer: aiohttp.ClientResponse, moved: str, began: float) -> Fetched:
        said, now = answer.headers, datetime.now(UTC)
        if answer.status not in (200, 304):
            raise SourceError(
                f"The server answered {answer.status} {(answer.reason or '')[:60]}".strip() + ".",
                f"http-{answer.status}",
                wait=retry_after(said.get("Retry-After", ""), now),
            )
        unpacker = Unpacker(said.get("Content-Encoding", ""))
        if answer.status == 200:
            async for chunk in answer.content.iter_any():
                unpacker.feed(chunk)
        return Fetched(
            address,
            answer.status,
            unpacker.body(),
            etag=said.get("ETag"),
            last_modified=said.get("Last-Modified"),
            content_type=said.get("Content-Type", ""),
            fresh=freshness(said.get("Cache-Control", ""), said.get("Expires", ""), now),
            moved=moved,
            latency=time.monotonic() - began,
            links=tuple(said.getall("Link", ())),
        )
