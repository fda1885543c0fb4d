"""Discord's web interface: one request, one answer, every fault told apart. It repeats nothing by itself."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import aiohttp

from bot.chat.discord_limits import Limits

log = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=9, connect=4)  # shorter than the lease of a delivery
NO_ANSWER = 5.0  # seconds to wait after a 429 that does not say how long
CLOUDFLARE = 60.0  # the same for one that Discord itself did not write


class Unreachable(Exception):
    """No answer. `sent`: the request may have arrived all the same."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Refused(Exception):
    """An answer other than yes; `code` and the message are Discord's own."""

    def __init__(self, status: int, code: int, message: str, wait: float = 0.0, *, everywhere: bool = False) -> None:
        super().__init__(f"Discord answered {status}{f' ({code})' if code else ''}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.wait = wait  # seconds, of a 429
        self.everywhere = everywhere  # a 429 that holds for every route


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A body, and the files that it shows."""

    body: dict[str, Any]
    files: tuple[Attachment, ...] = ()

    def plus(self, **more: Any) -> Message:
        return Message(self.body | more, self.files)


class Rest:
    """Requests with the bot's token at the bot's pace, and those of interactions, which need neither."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address.rstrip("/")
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self.limits = Limits()

    async def ask(
        self,
        method: str,
        route: str,
        parts: Mapping[str, str] = {},
        body: Any = None,
        files: Sequence[Attachment] = (),
    ) -> Any:
        """The answer's JSON. `route` as `/channels/{channel}/messages`. Raises `Wait`, `Refused` or `Unreachable`."""
        name, major = f"{method} {route}", parts.get("channel") or parts.get("guild") or ""
        await self.limits.turn(name, major)
        headers = {"Authorization": f"Bot {self._token}"}
        status, answered, data = await self._exchange(method, route.format(**parts), headers, body, files)
        self.limits.learn(name, major, status, answered)
        try:
            return _yes(status, answered, data)
        except Refused as refused:
            if refused.status == 429:
                self.limits.refused(name, major, refused.wait, everywhere=refused.everywhere)
            raise

    async def answer(
        self, method: str, route: str, parts: Mapping[str, str], body: Any = None, files: Sequence[Attachment] = ()
    ) -> Any:
        """For an interaction: its own token is in the address, the bot's limits do not count. Raises as `ask`, without `Wait`."""
        status, answered, data = await self._exchange(method, route.format(**parts), {}, body, files)
        return _yes(status, answered, data)

    async def _exchange(
        self, method: str, path: str, headers: dict[str, str], body: Any, files: Sequence[Attachment]
    ) -> tuple[int, Any, Any]:
        data: Any = None
        if body is not None:
            text = json.dumps(body, ensure_ascii=False)
            data = _form(text, files) if files else text.encode("utf-8")
            if not files:
                headers["Content-Type"] = "application/json"
        try:
            async with self._opened().request(method, f"{self._address}{path}", data=data, headers=headers) as response:
                raw = await response.read()
                return response.status, response.headers, _json(raw)
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"Discord cannot be reached: {type(error).__name__}", sent=False) from None
        except TimeoutError as error:
            sent = not isinstance(error, aiohttp.ConnectionTimeoutError)
            raise Unreachable("Discord did not answer in time", sent=sent) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"The connection to Discord broke: {type(error).__name__}", sent=True) from None

    def _opened(self) -> aiohttp.ClientSession:
        """Made inside the loop that uses it. Proxies named in the environment are not used."""
        if self._session is None:
            agent = f"DiscordBot (self-hosted, {version('vedette')}) Vedette"
            self._session = aiohttp.ClientSession(
                headers={"User-Agent": agent},
                timeout=TIMEOUT,
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            await asyncio.sleep(0)
            self._session = None


def _form(text: str, files: Sequence[Attachment]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", text, content_type="application/json")
    for number, file in enumerate(files):
        form.add_field(f"files[{number}]", file.content, filename=file.name, content_type="image/png")
    return form


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _yes(status: int, headers: Any, data: Any) -> Any:
    if 200 <= status < 300:
        return data
    said = data if isinstance(data, dict) else {}
    code = said["code"] if isinstance(said.get("code"), int) else 0
    message = str(said.get("message") or "no reason given")[:200]
    if status != 429:
        faults = json.dumps(said["errors"], ensure_ascii=False)[:500] if said.get("errors") else ""
        raise Refused(status, code, f"{message} {faults}".strip())
    everywhere = not said or bool(said.get("global")) or headers.get("X-RateLimit-Scope") == "global"
    wait = _seconds(said.get("retry_after")) or _seconds(headers.get("Retry-After"))
    raise Refused(429, code, message, wait or (NO_ANSWER if said else CLOUDFLARE), everywhere=everywhere)


def _seconds(value: Any) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0
