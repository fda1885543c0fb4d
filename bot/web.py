"""The HTTP side: /healthz, /metrics, and what hubs call. Off unless `[http] listen` is set.

Anybody may knock here. Nothing that is answered names a feed, a channel or a workspace; every body is
capped, every wait is bounded, and no path with a hub's token in it is ever logged.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot import metrics
from bot.errors import VedetteError
from bot.export import atom_feed, feed_token
from bot.model import Clock
from bot.pulse import Pulse
from bot.store import subscriptions
from bot.store.engine import Store
from bot.store.export import exported_alerts
from bot.store.figures import Figures, figures

if TYPE_CHECKING:
    from bot.hubs import Hubs

LOOP_SILENT = 120.0  # seconds; beyond these the house is not well
DELIVERY_LATE = 15 * 60.0
FEED_LATE = 30 * 60.0
ASK_TIMEOUT = 3.0
MAX_BODY = 10 * 1024 * 1024
BODY_TIMEOUT = 15.0
PUSH_TIMEOUT = 8.0  # a hub waits so long for the article to be filed; afterwards it is filed all the same
MOST_PUSHES = 8
GRACE = 2.0
FEED_SPAN = timedelta(days=30)
FEED_ITEMS = 100

Push = Callable[[int, bytes, str], Awaitable[bool]]
Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
_BODIES = web.AppKey("bodies", frozenset)  # the paths besides those of hubs that may be sent something


def health(loops: Mapping[str, float], found: Figures | str) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and what /healthz says; `found` is a sentence where the database did not answer."""
    known = found if isinstance(found, Figures) else None
    well = (
        known is not None
        and known.oldest_due <= FEED_LATE
        and known.oldest_undelivered <= DELIVERY_LATE
        and all(age <= LOOP_SILENT for age in loops.values())
    )
    return well, {
        "status": "ok" if well else "degraded",
        "loops": dict(loops),
        "oldest_due_feed_seconds": known.oldest_due if known else None,
        "oldest_undelivered_seconds": known.oldest_undelivered if known else None,
        "database": "ok" if known else found,
    }


def gauges(found: Figures | str) -> dict[str, tuple[str, float]]:
    """What /metrics says of the database: name → (help, value)."""
    up = {"vedette_database_up": ("Whether the database answered.", float(isinstance(found, Figures)))}
    if isinstance(found, str):
        return up
    return up | {
        "vedette_feeds": ("Feeds that somebody reads.", found.feeds),
        "vedette_feeds_due": ("Feeds whose time to be read has come.", found.due),
        "vedette_feeds_failing": ("Feeds whose last read failed.", found.failing),
        "vedette_feeds_parked": ("Feeds that their publishers have ended.", found.parked),
        "vedette_feeds_pushed": ("Feeds that a hub sends.", found.pushed),
        "vedette_feeds_oldest_due_seconds": ("How long the most overdue feed has waited.", found.oldest_due),
        "vedette_outbox_depth": ("Deliveries not yet sent.", found.outbox_depth),
        "vedette_outbox_oldest_seconds": ("How long the oldest of them has waited.", found.oldest_undelivered),
    }


class Web:
    """The server; `hubs` is None where hubs cannot reach us."""

    def __init__(
        self,
        listen: str,
        store: Store,
        clock: Clock,
        pulse: Pulse,
        hubs: Hubs | None,
        push: Push,
        key: bytes = b"",
    ) -> None:
        self._key = key  # of the secret addresses of channels' feeds
        self.listen = listen
        self._store = store
        self._clock = clock
        self._pulse = pulse
        self._hubs = hubs
        self._push = push
        self._runner: web.AppRunner | None = None
        self._question: asyncio.Future[Figures | str] | None = None
        self._pushes: set[asyncio.Task[bool]] = set()
        self._handling = 0
        self.routes: list[Route] = []  # of chats; set before the start

    async def start(self) -> None:
        """Listen, if that is set; raises `VedetteError` if the place is taken."""
        if not self.listen:
            return
        app = web.Application(client_max_size=MAX_BODY, middlewares=[_manners])
        app.router.add_get("/healthz", self._healthz, allow_head=False)
        app.router.add_get("/metrics", self._metrics, allow_head=False)
        if self._key:
            app.router.add_get(r"/alerts/{channel:\d{1,18}}/{token:[0-9a-f]{40}}.atom", self._alerts, allow_head=False)
        if self._hubs:
            place = app.router.add_resource(r"/websub/{source:\d{1,18}}/{token:\w{1,100}}")
            place.add_route("GET", self._asked)
            place.add_route("POST", self._pushed)
        for method, path, handler in self.routes:
            app.router.add_route(method, path, handler)
        app[_BODIES] = frozenset(path for method, path, _ in self.routes if method == "POST")
        # Bodies stay as they were sent: the signature is over those bytes, and nothing is inflated for strangers.
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=GRACE,
            keepalive_timeout=30,
            lingering_time=1.0,
            auto_decompress=False,
        )
        await self._runner.setup()
        host, _, port = self.listen.rpartition(":")
        try:
            await web.TCPSite(self._runner, host.strip("[]"), int(port)).start()
        except (OSError, OverflowError) as error:
            await self.close()
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            why = "another program listens there" if taken else f"the system refuses it ({error})"
            raise VedetteError(
                f"[http] listen = {self.listen} cannot be used: {why}.", "End that program, or choose another port."
            ) from error

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._runner.addresses[0][1]) if self._runner else 0

    async def close(self) -> None:
        """Listen no more; what a hub has sent gets a moment to be filed."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()
        if self._pushes:
            _, late = await asyncio.wait(self._pushes, timeout=GRACE)
            for task in late:
                task.cancel()

    async def _alerts(self, request: web.Request) -> web.Response:
        """A channel's alerts as Atom; an unknown channel and a wrong secret are answered alike."""
        channel_id, token = int(request.match_info["channel"]), request.match_info["token"]
        if not hmac.compare_digest(token, feed_token(self._key, channel_id)):
            raise web.HTTPNotFound
        body = await asyncio.to_thread(self._feed, channel_id, str(request.url.path))
        if body is None:
            raise web.HTTPNotFound
        return web.Response(body=body, content_type="application/atom+xml", charset="utf-8")

    def _feed(self, channel_id: int, address: str) -> bytes | None:
        since = self._clock.now() - FEED_SPAN
        with self._store.read() as cx:
            channel = subscriptions.find_by_id(cx, channel_id)
            if channel is None:
                return None
            rows = list(exported_alerts(cx, channel.workspace, since, channel_id))[-FEED_ITEMS:]
        return atom_feed(channel.name, address, reversed(rows), self._clock.now())

    async def _healthz(self, _request: web.Request) -> web.Response:
        well, says = health(self._pulse.ages(), await self._figures())
        return web.Response(text=json.dumps(says) + "\n", status=200 if well else 503, content_type="application/json")

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = metrics.exposition(gauges(await self._figures()), self._pulse.ages())
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def _figures(self) -> Figures | str:
        """One question to the database at a time, however many ask; a sentence after three seconds without an answer."""
        if self._question is None or self._question.done():
            self._question = asyncio.get_running_loop().create_future()
            # A thread of its own: those of the loop's pool are for work, and a database that hangs would use them up.
            threading.Thread(target=self._ask, args=(self._question,), daemon=True).start()
        try:
            return await asyncio.wait_for(asyncio.shield(self._question), ASK_TIMEOUT)
        except TimeoutError:
            return f"It did not answer within {ASK_TIMEOUT:.0f} seconds."

    def _ask(self, question: asyncio.Future[Figures | str]) -> None:
        found: Figures | str
        try:
            with self._store.read() as cx:
                found = figures(cx, self._clock.now())
        except Exception as error:  # what it says may hold an address or a password
            found = f"It cannot be asked ({type(error).__name__})."
        try:
            question.get_loop().call_soon_threadsafe(_settle, question, found)
        except RuntimeError:
            return  # the loop has ended meanwhile

    async def _asked(self, request: web.Request) -> web.Response:
        """A hub asks whether we want what it was told."""
        hubs, source_id = self._known(request)
        answer = await asyncio.to_thread(hubs.answer, source_id, dict(request.query))
        if answer is None:
            raise web.HTTPNotFound
        return web.Response(text=answer)

    async def _pushed(self, request: web.Request) -> web.Response:
        """A hub sends what is new. Unsigned or wrongly signed, it is thanked for and thrown away, as the standard says."""
        hubs, source_id = self._known(request)
        if self._handling >= MOST_PUSHES:
            metrics.pushed("busy")
            return web.Response(status=503, headers={"Retry-After": "60"})
        self._handling += 1
        try:
            if await asyncio.to_thread(hubs.find, source_id) is None:
                return web.Response(status=410)  # nobody reads this feed any more
            if (request.content_length or 0) > MAX_BODY:
                return web.Response(status=413)
            body = await asyncio.wait_for(request.read(), BODY_TIMEOUT)
            if not hubs.signed(source_id, body, request.headers.get("X-Hub-Signature", "")):
                metrics.pushed("ignored")
                return web.Response(status=202)
            return await self._take(source_id, body, request.headers.get("Content-Type", ""))
        except TimeoutError:
            return web.Response(status=408)
        finally:
            self._handling -= 1

    async def _take(self, source_id: int, body: bytes, content_type: str) -> web.Response:
        task = asyncio.ensure_future(self._push(source_id, body, content_type))
        self._pushes.add(task)
        task.add_done_callback(self._took)
        done, _ = await asyncio.wait({task}, timeout=PUSH_TIMEOUT)
        if not done:
            return web.Response(status=202)
        return web.Response(status=500 if task.cancelled() or task.exception() else 200)

    def _took(self, task: asyncio.Task[bool]) -> None:
        self._pushes.discard(task)
        failed = task.cancelled() or task.exception() is not None
        metrics.pushed("kept" if failed or not task.result() else "taken")

    def _known(self, request: web.Request) -> tuple[Hubs, int]:
        source_id = int(request.match_info["source"])
        if self._hubs is None or not self._hubs.knows(source_id, request.match_info["token"]):
            raise web.HTTPNotFound
        return self._hubs, source_id


def _settle(question: asyncio.Future[Figures | str], found: Figures | str) -> None:
    if not question.done():
        question.set_result(found)


@web.middleware
async def _manners(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """No bodies but those of hubs and chats; nothing is cached, framed or guessed at."""
    is_push = request.method == "POST" and (request.path.startswith("/websub/") or request.path in request.app[_BODIES])
    answer: web.StreamResponse
    if request.body_exists and not is_push:
        answer = web.Response(status=413)
    else:
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            answer = web.Response(status=error.status, text=f"{error.status} {error.reason}\n", headers=_allow(error))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _allow(error: web.HTTPException) -> dict[str, str]:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
