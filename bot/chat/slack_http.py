"""Slack over HTTP: signed requests instead of a socket, and the pages by which other workspaces install the app."""

from __future__ import annotations

import asyncio
import hmac
import html
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from aiohttp import web
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.chat.slack_api import Refused
from bot.chat.slack_seen import Seen
from bot.chat.slack_teams import Teams
from bot.errors import VedetteError
from bot.model import Clock

log = logging.getLogger(__name__)

SCOPES = (
    "app_mentions:read", "channels:history", "channels:read", "chat:write", "commands", "files:write", "groups:history",
    "groups:read", "im:history", "im:write", "users:read",
)  # fmt: skip
MAX_BODY = 1024 * 1024
BODY_TIMEOUT = 10.0
STATE_FOR = 600.0  # seconds in which an installation has to come back
MOST_STATES = 1_000
COOKIE = "vedette_install"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Now(SignatureClock):
    """Our clock, so that the tests' may stand."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


class Gate:
    """Lets in what Slack has signed in the last five minutes, once."""

    def __init__(self, signing_secret: str, clock: Clock) -> None:
        self._verifier = SignatureVerifier(signing_secret, _Now(clock))
        self._seen = Seen(lambda: clock.now().timestamp())

    def lets_in(self, body: bytes, timestamp: str, signature: str) -> bool:
        if not re.fullmatch(r"[0-9]{1,12}", timestamp, re.ASCII) or not signature.isascii():
            return False
        if not self._verifier.is_valid(body, timestamp, signature):
            return False
        return self._seen.is_new(f"{timestamp} {signature}")


class Pages:
    """The routes that bot/web.py serves for us."""

    def __init__(
        self, app: AsyncApp, gate: Gate | None, teams: Teams, api_url: str, client_id: str, public: str
    ) -> None:
        self._app, self._gate, self._teams = app, gate, teams
        self._client_id, self._public = client_id, public.rstrip("/")
        self._authorize = re.sub(r"api/?$", "", api_url).rstrip("/") + "/oauth/v2/authorize"
        self._states: dict[str, float] = {}

    def routes(self) -> list[tuple[str, str, Handler]]:
        made: list[tuple[str, str, Handler]] = []
        if self._gate:
            made.append(("POST", "/slack/events", self.events))
        if self._client_id and self._public:
            made += [("GET", "/slack/install", self.install), ("GET", "/slack/oauth_redirect", self.installed)]
        return made

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Commands, buttons, forms and events alike."""
        if (request.content_length or 0) > MAX_BODY:
            return web.Response(status=413)
        try:
            body = await asyncio.wait_for(request.read(), BODY_TIMEOUT)
        except TimeoutError:
            return web.Response(status=408)
        stamp, signature = (request.headers.get(f"X-Slack-{name}", "") for name in ("Request-Timestamp", "Signature"))
        if self._gate is None or len(body) > MAX_BODY or not self._gate.lets_in(body, stamp, signature):
            return web.Response(status=401, text="Not signed by Slack, too old, or seen before.\n")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return web.Response(status=400)
        bolt = AsyncBoltRequest(body=text, headers=dict(request.headers), query=request.query_string)
        done = await self._app.async_dispatch(bolt)
        kind = (done.headers.get("content-type") or ["text/plain"])[0].partition(";")[0]
        return web.Response(status=done.status, text=done.body or "", content_type=kind)

    async def install(self, _request: web.Request) -> web.StreamResponse:
        """To Slack's own page, with a state that comes back once, to the same browser."""
        now = asyncio.get_running_loop().time()
        self._states = {state: until for state, until in self._states.items() if until > now}
        if len(self._states) >= MOST_STATES:
            return _page(503, "Too many installations have been begun", "Try again in ten minutes.")
        state = secrets.token_urlsafe(24)
        self._states[state] = now + STATE_FOR
        asked = {
            "client_id": self._client_id, "scope": ",".join(SCOPES), "state": state, "redirect_uri": self._redirect_uri
        }  # fmt: skip
        answer = web.Response(status=302, headers={"Location": f"{self._authorize}?{urlencode(asked)}"})
        answer.set_cookie(
            COOKIE,
            state,
            max_age=int(STATE_FOR),
            httponly=True,
            samesite="Lax",
            secure=self._public.startswith("https:"),
            path="/slack/",
        )
        return answer

    @property
    def _redirect_uri(self) -> str:
        return f"{self._public}/slack/oauth_redirect"

    async def installed(self, request: web.Request) -> web.StreamResponse:
        state, code = request.query.get("state", ""), request.query.get("code", "")
        until = self._states.pop(state, 0.0)
        same = hmac.compare_digest(state.encode(), request.cookies.get(COOKIE, "").encode())
        if until < asyncio.get_running_loop().time() or not same:
            return _page(400, "This installation was not begun here", "Begin it again at /slack/install.")
        if not code:
            return _page(400, "Nothing was installed", "Slack gave no permission. Begin again at /slack/install.")
        try:
            install = await self._teams.admit(code, self._redirect_uri)
        except (Refused, VedetteError) as error:
            log.error("Slack: an installation failed: %s", error)
            return _page(502, "Slack did not finish the installation", "Begin it again at /slack/install.")
        log.warning("Slack: workspace %s has installed the app", install.team)
        answer = _page(
            200, f"Vedette keeps watch in {install.name or install.team}", "In a channel: /subscribe Quds Force"
        )
        answer.del_cookie(COOKIE, path="/slack/")
        return answer


def _page(status: int, title: str, says: str) -> web.Response:
    title, says = html.escape(title), html.escape(says)
    text = (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><body style='font:1.1rem/1.6 system-ui;max-width:34rem;margin:15vh auto;padding:0 1rem'>"
        f"<h1 style='font-size:1.5rem'>{title}</h1><p>{says}</p>"
    )
    return web.Response(status=status, text=text, content_type="text/html")
