"""Socket Mode: what happens on Slack comes over a WebSocket that we open.

slack_sdk's own client looks at its connection every few seconds only and tries again at once and for ever. This one
notices a cut at once, waits longer after each failure, ends where a token is wrong, and opens the next connection
before Slack closes the old one. Bolt does the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.chat.slack_api import REVOKED, Api, Refused
from bot.chat.slack_seen import Seen

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
HEARTBEAT = 10.0  # seconds between pings; without an answer the connection is given up
OLD = 30.0  # seconds that a connection which Slack is about to close is still listened to
PATIENCE = 10.0
REFUSED = (
    "Slack refuses SLACK_APP_TOKEN (%s), so nothing can be asked there; alerts go out all the same. Make a new "
    "app-level token with the scope connections:write at api.slack.com/apps, Basic Information, and start again."
)
SWITCHED_OFF = (
    "Socket Mode is switched off for this Slack app, so nothing can be asked there. Switch it on at api.slack.com/apps, "
    "Socket Mode; I look again every minute."
)
TOO_MANY = "Slack says that too many connections of this app are open. Does another Vedette run with the same token?"


class Socket:
    """The connection: envelopes in, acknowledgements out."""

    def __init__(self, app: AsyncApp, token: str, api: Api) -> None:
        self._app, self._token, self._api = app, token, api
        self._seen = Seen()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._wait = 0.0  # asked for by Slack
        self._opened = 0.0  # when the last one was opened, in the loop's time
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled, or until Slack says that the token is wrong."""
        try:
            while await self._next():
                pass
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _next(self) -> bool:
        """One connection, until it is lost or about to be; False if there is no use in another."""
        if self._failures:
            await asyncio.sleep(max(self._wait, backoff(self._failures)))
        elif asyncio.get_running_loop().time() - self._opened < FIRST_WAIT:
            await asyncio.sleep(FIRST_WAIT)  # told to leave as soon as it was there: not so fast
        self._wait, self._opened = 0.0, asyncio.get_running_loop().time()
        try:
            said = await self._api.call(self._token, "apps.connections.open", {})
        except Refused as refused:
            return self._refusal(refused)
        leaving = asyncio.Event()
        listening = asyncio.create_task(self._listen(str(said.get("url", "")), leaving))
        self._tasks.add(listening)
        listening.add_done_callback(self._tasks.discard)
        going = asyncio.create_task(leaving.wait())
        await asyncio.wait({listening, going}, return_when=asyncio.FIRST_COMPLETED)
        going.cancel()
        return True

    def _refusal(self, refused: Refused) -> bool:
        self._failures += 1
        if refused.error in REVOKED or refused.error in ("not_allowed_token_type", "missing_scope"):
            log.error(REFUSED, refused.error)
            return False
        self._wait = min(refused.wait, LONGEST_WAIT * 10)
        if self._failures == 1 or self._failures % 10 == 0:
            log.warning("Slack: no connection (%s); I keep trying", refused)
        return True

    async def _listen(self, url: str, leaving: asyncio.Event) -> None:
        try:
            async with self._api.session().ws_connect(
                url, heartbeat=HEARTBEAT, max_msg_size=8 * 1024 * 1024, timeout=aiohttp.ClientWSTimeout(ws_close=2.0)
            ) as ws:
                async with asyncio.timeout(None) as limit:
                    leaving_soon = asyncio.create_task(self._limit(leaving, limit))
                    try:
                        async for message in ws:
                            if message.type is aiohttp.WSMsgType.TEXT:
                                self._take(ws, message.data, leaving)
                    finally:
                        leaving_soon.cancel()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.info("Slack: a connection ended (%s)", type(error).__name__)
        if not leaving.is_set():
            self._failures += 1
            self.connected.clear()
            if self._failures == 1:
                log.warning("Slack: the connection was lost; I open another")

    @staticmethod
    async def _limit(leaving: asyncio.Event, limit: asyncio.Timeout) -> None:
        await leaving.wait()
        limit.reschedule(asyncio.get_running_loop().time() + OLD)

    def _take(self, ws: aiohttp.ClientWebSocketResponse, text: str, leaving: asyncio.Event) -> None:
        """What comes in is handled beside, so that one slow answer holds up no acknowledgement."""
        try:
            said = json.loads(text)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        match said.get("type"):
            case "hello":
                if self._failures:
                    log.warning("Slack: connected again")
                self._failures = 0
                self.connected.set()
            case "disconnect":
                self._told_to_leave(str(said.get("reason", "")), leaving)
            case _:
                task = asyncio.create_task(self._envelope(ws, said))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _told_to_leave(self, reason: str, leaving: asyncio.Event) -> None:
        if reason == "link_disabled":
            self._failures, self._wait = max(self._failures, 1), LONGEST_WAIT
            log.error(SWITCHED_OFF)
        elif reason == "too_many_websockets":
            self._failures += 1
            log.warning(TOO_MANY)
        leaving.set()

    async def _envelope(self, ws: aiohttp.ClientWebSocketResponse, said: dict[str, Any]) -> None:
        """An envelope that comes again is acknowledged again, and not obeyed again."""
        request = SocketModeRequest.from_dict(said)
        if request is None:
            return
        answer: dict[str, Any] = {"envelope_id": request.envelope_id}
        try:
            if self._seen.is_new(request.envelope_id):
                done = await run_async_bolt_app(self._app, request)
                if done.body:
                    with contextlib.suppress(ValueError):
                        answer["payload"] = json.loads(done.body)
        except Exception:
            log.exception("Slack: an envelope could not be handled")
        try:
            await ws.send_str(json.dumps(answer))
        except (aiohttp.ClientError, ConnectionError, RuntimeError):
            log.info("Slack: an acknowledgement could not be sent; Slack will repeat the envelope")


def backoff(failures: int) -> float:
    """1 s, 2 s, 4 s … a minute, each up to a quarter longer so that many do not return at once."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 10)) * (1 + random.random() / 4)  # noqa: S311
