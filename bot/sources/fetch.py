"""HTTP manners and the guard: what may be fetched, how long it may take, how much it may weigh.

Addresses come from strangers. Each host is resolved once, every address it has is checked, and the
connection goes to a checked one; each redirect starts from the beginning.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import SourceError
from bot.sources.address import PORTS, checked_address, is_public

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_BODY = 10 * 1024 * 1024
MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: 200 with a body, or 304 without one. `address` is where it came from in the end."""

    address: str
    status: int
    body: bytes
    etag: str | None
    last_modified: str | None
    content_type: str
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

    async def get(self, address: str, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        """Fetch with the validators of last time; raises `SourceError` with a sentence for `/feeds health`."""
        headers = {
            "User-Agent": self._agent,
            "Accept": "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
        }
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        here = checked_address(address)
        try:
            for _hop in range(MAX_REDIRECTS + 1):
                self._check_literal(here)
                async with self._open().get(here, headers=headers, allow_redirects=False) as answer:
                    if answer.status not in (301, 302, 303, 307, 308):
                        return await self._read(here, answer)
                    target = checked_address(urljoin(here, answer.headers.get("Location", "")))
                if here.startswith("https:") and target.startswith("http:"):
                    raise SourceError("The feed redirects from https to http, which is not followed.", "redirect")
                here = target
            raise SourceError(f"The feed redirects more than {MAX_REDIRECTS} times.", "redirect")
        except TimeoutError as error:
            raise SourceError("The server did not answer in time.", "timeout") from error
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, _Refused):
                raise _private(here) from error
            raise SourceError(f"The name {urlsplit(here).hostname} cannot be resolved.", "dns") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, _Refused) or isinstance(error.__cause__, _Refused):
                raise _private(here) from error
            raise SourceError(f"The connection failed ({type(error).__name__}).", "connection") from error

    async def post_form(self, address: str, fields: Mapping[str, str]) -> int:
        """Send a form and give back the status; redirects are not followed. Raises `SourceError`."""
        here = checked_address(address)
        self._check_literal(here)
        headers = {"User-Agent": self._agent}
        try:
            async with self._open().post(here, data=dict(fields), headers=headers, allow_redirects=False) as answer:
                return answer.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise SourceError(f"The connection failed ({type(error).__name__}).", "connection") from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_GuardedResolver(self._allow), limit=100, limit_per_host=2, use_dns_cache=False
            )
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _check_literal(self, address: str) -> None:
        """aiohttp does not ask the resolver about a host that is an IP address already; forms such as 127.1 are one to the C library."""
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        if f"{host}:{port}" in self._allow or f"[{host}]:{port}" in self._allow:
            return
        if port not in PORTS.values():
            raise SourceError(
                f"Port {port} is not fetched.",
                "guard",
                f'The operator can allow it: [fetch] allow = ["{host}:{port}"].',
            )
        try:
            literal = str(ipaddress.ip_address(host))
        except ValueError:
            try:
                literal = socket.inet_ntoa(socket.inet_aton(host))
            except (OSError, UnicodeError):
                return
        if not is_public(literal):
            raise _private(address)

    async def _read(self, address: str, answer: aiohttp.ClientResponse) -> Fetched:
        kept: dict[str, Any] = {
            "etag": answer.headers.get("ETag"),
            "last_modified": answer.headers.get("Last-Modified"),
        }
        if answer.status == 304:
            return Fetched(address, 304, b"", **kept, content_type="")
        if answer.status != 200:
            raise SourceError(
                f"The server answered {answer.status} {answer.reason or ''}".strip() + ".", f"http-{answer.status}"
            )
        body = bytearray()
        async for chunk in answer.content.iter_chunked(65536):
            body += chunk
            if len(body) > MAX_BODY:
                raise SourceError(f"The answer is larger than {MAX_BODY // 1024 // 1024} MB.", "too-large")
        return Fetched(
            address,
            200,
            bytes(body),
            **kept,
            content_type=answer.headers.get("Content-Type", ""),
            links=tuple(answer.headers.getall("Link", ())),
        )


def _private(address: str) -> SourceError:
    parts: Any = urlsplit(address)
    port = parts.port or PORTS.get(parts.scheme, 80)
    return SourceError(
        f"{parts.hostname} leads to a private or reserved address, which is not fetched.",
        "guard",
        f'If it is yours, the operator can allow it: [fetch] allow = ["{parts.hostname}:{port}"].',
    )
