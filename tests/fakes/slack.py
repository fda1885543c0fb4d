"""A Slack of our own on loopback: Web API, Socket Mode, response_url, file upload, OAuth; faults by switch.

Written from Slack's documentation. It keeps what a channel would show, so that lost and doubled messages can be
counted, and it notes every body that Slack would refuse or that would call somebody.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, WSMsgType, web

from tests.fakes import SLACK_APP_TOKEN, SLACK_CLIENT_SECRET, SLACK_TOKEN
from tests.fakes.slack_limits import faults_by_document, faults_of_message, faults_of_view

BOT = "UBOT00001"
READS = (
    "users.info",
    "users.list",
    "conversations.info",
    "users.conversations",
    "conversations.history",
    "conversations.replies",
)


@dataclass
class Message:
    team: str
    channel: str
    ts: str
    body: dict[str, Any]
    edits: int = 0

    @property
    def key(self) -> str:
        return str(((self.body.get("metadata") or {}).get("event_payload") or {}).get("key", ""))


@dataclass
class Envelope:
    """One that was sent over the socket, and how long its acknowledgement took."""

    id: str
    sent: float
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    took: float = 0.0
    payload: Any = None
    acks: int = 0


@dataclass
class FakeSlack:
    """`faults` are given out one a call to the method (or "*"): an error's name, "429", "500", "lost", "slow"."""

    url: str = ""
    tokens: dict[str, str] = field(default_factory=lambda: {SLACK_TOKEN: "T0HOME001"})
    app_tokens: set[str] = field(default_factory=lambda: {SLACK_APP_TOKEN})
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    scopes_missing: set[str] = field(default_factory=set)  # methods
    mentions: frozenset[str] = frozenset()
    messages: list[Message] = field(default_factory=list)
    ephemeral: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # (response_url's id, body)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)  # (method, body, team)
    violations: list[str] = field(default_factory=list)
    faults: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    retry_after: str = "1"
    latency: float = 0.0
    down: str = ""  # a fault that everything meets
    closed_urls: set[str] = field(default_factory=set)  # response_urls that take nothing any more
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    envelopes: dict[str, Envelope] = field(default_factory=dict)
    connections: int = 0
    greets_with: str = ""  # a reason to disconnect, said right after hello
    client: tuple[str, str] = ("111.222", SLACK_CLIENT_SECRET)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)  # OAuth code or refresh token → answer, used once
    strict: bool = True  # a body with a fault is refused
    works_on_files: int = 0  # times that a block with a new file is refused
    refused_answers: int = 0
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _runner: web.AppRunner | None = None
    _uploads: dict[str, bytes] = field(default_factory=dict)

    async def start(self) -> None:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link/", self._link)
        app.router.add_post("/response/{id}", self._response)
        app.router.add_post("/upload/{id}", self._upload)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        for ws in self.sockets:
            await ws.close()
        if self._runner:
            await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def posted(self, channel: str = "") -> list[Message]:
        return [message for message in self.messages if not channel or message.channel == channel]

    def called(self, method: str) -> list[dict[str, Any]]:
        return [body for name, body, _ in self.calls if name == method]

    # --- the Web API

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await self._body(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        team = self.tokens.get(token, "")
        self.calls.append((method, body, team))
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = self.down or self._next_fault(method)
        if fault == "lost":
            await self._carry_out(method, body, team, token)
            request.transport.close() if request.transport else None
            return web.Response()
        if fault == "cut":
            request.transport.close() if request.transport else None
            return web.Response()
        if fault == "slow":
            await asyncio.sleep(30)
        if fault == "429":
            answer = {"ok": False, "error": "ratelimited"}
            return web.json_response(answer, status=429, headers={"Retry-After": self.retry_after})
        if fault.isdecimal():
            return web.Response(status=int(fault), text="<html>upstream</html>", content_type="text/html")
        if fault:
            return web.json_response({"ok": False, "error": fault})
        return web.json_response(await self._carry_out(method, body, team, token))

    @staticmethod
    async def _body(request: web.Request) -> dict[str, Any]:
        if request.content_type == "application/json":
            return dict(await request.json())
        return {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}

    def _next_fault(self, method: str) -> str:
        for name in (method, "*"):
            if self.faults[name]:
                return self.faults[name].popleft()
        return ""

    async def _carry_out(self, method: str, body: dict[str, Any], team: str, token: str) -> dict[str, Any]:
        if method == "apps.connections.open":
            if token not in self.app_tokens:
                return {"ok": False, "error": "invalid_auth"}
            return {"ok": True, "url": f"{self.url.replace('http', 'ws', 1)}/link/?ticket=canary-ticket&app_id=A1"}
        if method == "oauth.v2.access":
            return self.codes.pop(body.get("code") or body.get("refresh_token", ""), {"ok": False, "error": "bad_code"})
        if not team:
            return {"ok": False, "error": "invalid_auth"}
        if method in self.scopes_missing:
            return {"ok": False, "error": "missing_scope", "needed": "channels:history"}
        if method not in READS:
            self.violations += faults_by_document(method, body)
        handler = getattr(self, "do_" + method.replace(".", "_"), None)
        if handler is None:
            return {"ok": False, "error": "unknown_method"}
        answer: dict[str, Any] = handler(body, team)
        return {"ok": "error" not in answer, **answer}

    def do_auth_test(self, _body: dict[str, Any], team: str) -> dict[str, Any]:
        return {"team_id": team, "team": "Field desk", "user_id": BOT, "bot_id": "B1", "url": "https://x.slack.com/"}

    def do_users_info(self, body: dict[str, Any], _team: str) -> dict[str, Any]:
        person = {"id": body["user"], "name": "bob", "tz": "Asia/Baghdad", "profile": {"display_name": "Bob"}}
        return {"user": person | self.people.get(body["user"], {})}

    def do_users_list(self, _body: dict[str, Any], _team: str) -> dict[str, Any]:
        return {"members": [{"id": user, **person} for user, person in self.people.items()]}

    def do_users_conversations(self, body: dict[str, Any], _team: str) -> dict[str, Any]:
        return {"channels": [{"id": each} for each, c in self.channels.items() if body["user"] in c.get("members", ())]}

    def do_conversations_info(self, body: dict[str, Any], _team: str) -> dict[str, Any]:
        found = self.channels.get(body["channel"], {})
        return {"channel": {"id": body["channel"], "name": found.get("name", "field")}}

    def do_conversations_open(self, body: dict[str, Any], _team: str) -> dict[str, Any]:
        return {"channel": {"id": "D" + body["users"][1:]}}

    def do_conversations_history(self, body: dict[str, Any], team: str) -> dict[str, Any]:
        oldest = float(body.get("oldest", 0))
        found = [
            {"ts": m.ts, "text": m.body.get("text"), "metadata": m.body.get("metadata")}
            for m in reversed(self.messages)
            if (m.team, m.channel) == (team, body["channel"]) and float(m.ts) >= oldest
        ]
        if "ts" in body:
            found = [m for m in found if self.find(body["channel"], m["ts"]).body.get("thread_ts") == body["ts"]]
        start, size = int(body.get("cursor") or 0), min(int(body.get("limit", 100)), 200)
        more = len(found) > start + size
        cursor = {"next_cursor": str(start + size) if more else ""}
        return {"messages": found[start : start + size], "has_more": more, "response_metadata": cursor}

    do_conversations_replies = do_conversations_history

    def find(self, channel: str, ts: str) -> Message:
        return next(m for m in self.messages if (m.channel, m.ts) == (channel, ts))

    def _not_shown(self, blocks: list[dict[str, Any]]) -> bool:
        """Whether an image names a file that is not there, or on which Slack still works."""
        named = [block["slack_file"]["id"] for block in blocks if block["type"] == "image"]
        if named and self.works_on_files:
            self.works_on_files -= 1
            return True
        return not {file["id"] for file in self.files}.issuperset(named)

    def _checked(self, body: dict[str, Any]) -> dict[str, Any] | None:
        if self._not_shown(body.get("blocks") or []):
            return {"error": "invalid_blocks"}
        found = list(faults_of_message(body, mentions=self.mentions))
        self.violations += found
        return {"error": "invalid_blocks"} if found and self.strict else None

    def do_chat_postMessage(self, body: dict[str, Any], team: str) -> dict[str, Any]:  # noqa: N802
        if refused := self._checked(body):
            return refused
        if body.get("unfurl_links") or body.get("unfurl_media") or "unfurl_links" not in body:
            self.violations.append("links are unfurled")
        channel = body["channel"] if body["channel"][0] != "U" else "D" + body["channel"][1:]
        if self.channels.get(channel, {}).get("error"):
            return {"error": self.channels[channel]["error"]}
        ts = f"{time.time():.3f}{next(self._numbers):03d}"
        self.messages.append(Message(team, channel, ts, body))
        return {"channel": channel, "ts": ts, "message": {"text": body.get("text")}}

    def do_chat_update(self, body: dict[str, Any], team: str) -> dict[str, Any]:
        if refused := self._checked(body):
            return refused
        for message in self.messages:
            if (message.team, message.channel, message.ts) == (team, body["channel"], body["ts"]):
                message.body, message.edits = {**message.body, **body}, message.edits + 1
                return {"channel": message.channel, "ts": message.ts}
        return {"error": "message_not_found"}

    def do_chat_postEphemeral(self, body: dict[str, Any], _team: str) -> dict[str, Any]:  # noqa: N802
        if refused := self._checked(body):
            return refused
        self.ephemeral.append(body)
        return {"message_ts": f"{time.time():.6f}"}

    def _viewed(self, body: dict[str, Any], id_: str) -> dict[str, Any]:
        found = list(faults_of_view(body["view"]))
        self.violations += found
        if found:
            return {"error": "invalid_arguments"}
        self.views[id_] = body["view"]
        return {"view": {"id": id_, **body["view"]}}

    def do_views_open(self, body: dict[str, Any], _team: str) -> dict[str, Any]:
        if not body.get("trigger_id") or body["trigger_id"].startswith("old"):
            return {"error": "expired_trigger_id"}
        return self._viewed(body, f"V{next(self._numbers):08d}")

    do_views_push = do_views_open

    def do_views_update(self, body: dict[str, Any], _team: str) -> dict[str, Any]:
        return self._viewed(body, body["view_id"])

    def do_views_publish(self, body: dict[str, Any], _team: str) -> dict[str, Any]:
        found = list(faults_of_view(body["view"]))
        self.violations += found
        self.homes[body["user_id"]] = body["view"]
        return {"view": body["view"]}

    def do_files_getUploadURLExternal(self, body: dict[str, Any], _team: str) -> dict[str, Any]:  # noqa: N802
        id_ = f"F{next(self._numbers):08d}"
        self._uploads[id_] = b"\0" * int(body["length"])
        return {"upload_url": f"{self.url}/upload/{id_}", "file_id": id_}

    def do_files_completeUploadExternal(self, body: dict[str, Any], _team: str) -> dict[str, Any]:  # noqa: N802
        for each in body["files"]:
            self.files.append(
                {**body, "id": each["id"], "title": each.get("title"), "bytes": self._uploads[each["id"]]}
            )
        return {"files": body["files"]}

    async def _upload(self, request: web.Request) -> web.Response:
        body, id_ = await request.read(), request.match_info["id"]
        if len(body) != len(self._uploads[id_]):
            self.violations.append("upload of another length than announced")
        self._uploads[id_] = body
        return web.Response(text="OK")

    async def _response(self, request: web.Request) -> web.Response:
        id_ = request.match_info["id"]
        uses = sum(1 for each, _ in self.answers if each == id_)
        if id_ in self.closed_urls or uses >= 5:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        body = await request.json()
        if self._not_shown(body.get("blocks") or []):
            self.refused_answers += 1
            return web.json_response({"ok": False, "error": "invalid_blocks"}, status=404)
        self.violations += list(faults_of_message(body))
        self.answers.append((id_, body))
        return web.Response(text="ok")

    # --- Socket Mode

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(heartbeat=20)
        await ws.prepare(request)
        self.connections += 1
        self.sockets.append(ws)
        await ws.send_json({"type": "hello", "num_connections": len(self.sockets)})
        if self.greets_with:
            await ws.send_json({"type": "disconnect", "reason": self.greets_with})
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                self._acked(json.loads(message.data))
        self.sockets.remove(ws)
        return ws

    def _acked(self, said: dict[str, Any]) -> None:
        envelope = self.envelopes.get(said.get("envelope_id", ""))
        if envelope is None:
            self.violations.append("an unknown envelope was acknowledged")
            return
        envelope.acks += 1
        if not envelope.acked.is_set():
            envelope.took = time.monotonic() - envelope.sent
            envelope.payload = said.get("payload")
            envelope.acked.set()

    async def envelope(self, kind: str, payload: dict[str, Any], *, id_: str = "") -> Envelope:
        """Send one and wait for its acknowledgement."""
        id_ = id_ or f"envelope-{next(self._numbers)}"
        envelope = self.envelopes.setdefault(id_, Envelope(id_, time.monotonic()))
        said = {"envelope_id": id_, "type": kind, "payload": payload, "accepts_response_payload": kind != "events_api"}
        await self.sockets[-1].send_json(said)
        await asyncio.wait_for(envelope.acked.wait(), 10)
        return envelope

    async def until(self, ready: Callable[[], Any], patience: float = 15.0) -> Any:
        """Wait for something to come about."""
        end = time.monotonic() + patience
        while not (found := ready()):
            assert time.monotonic() < end, "it did not come about"
            await asyncio.sleep(0.005)
        return found

    # --- what people do

    def response_url(self) -> tuple[str, str]:
        id_ = f"r{next(self._numbers)}"
        return id_, f"{self.url}/response/{id_}"

    def command(self, text: str, *, command: str = "/vedette", user: str, channel: str, team: str) -> dict[str, Any]:
        return {
            "command": command,
            "text": text,
            "user_id": user,
            "user_name": user.lower(),
            "channel_id": channel,
            "channel_name": "directmessage"
            if channel.startswith("D")
            else self.channels.get(channel, {}).get("name", "field"),
            "team_id": team,
            "api_app_id": "A1",
            "trigger_id": f"trigger-{next(self._numbers)}",
            "response_url": self.response_url()[1],
        }

    def event(self, event: dict[str, Any], *, team: str, id_: str = "") -> dict[str, Any]:
        number = next(self._numbers)
        ts = f"{time.time():.3f}{number:03d}"
        return {
            "type": "event_callback",
            "token": "verification",
            "team_id": team,
            "api_app_id": "A1",
            "event_id": id_ or f"Ev{number:08d}",
            "event_time": int(time.time()),
            "authed_users": [BOT],
            "authorizations": [{"team_id": team, "user_id": BOT, "is_bot": True, "is_enterprise_install": False}],
            "event": {"ts": ts, "event_ts": ts, **event},
        }

    def payload(self, kind: str, *, user: str, team: str, **more: Any) -> dict[str, Any]:
        """An interactive payload: block_actions, view_submission, block_suggestion, message_action, shortcut."""
        return {
            "type": kind,
            "team": {"id": team, "domain": "x"},
            "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": team},
            "api_app_id": "A1",
            "trigger_id": f"trigger-{next(self._numbers)}",
            **more,
        }

    def code(self, team: str, token: str, **more: Any) -> str:
        """An OAuth code that a workspace brings; its token works from then on."""
        code = f"code-{next(self._numbers)}"
        self.tokens[token] = team
        self.codes[code] = {
            "ok": True,
            "access_token": token,
            "token_type": "bot",
            "bot_user_id": BOT,
            "team": {"id": team, "name": "Other desk"},
            "authed_user": {"id": "UINSTALL1"},
            **more,
        }
        return code


async def send_signed(
    session: ClientSession, url: str, secret: str, payload: dict[str, Any], *, at: str = "", signature: str = ""
) -> tuple[int, str]:
    """As Slack sends over HTTP: commands as a form, events as JSON, all else as a form's `payload`."""
    if payload.get("type") in ("event_callback", "url_verification"):
        body, kind = json.dumps(payload), "application/json"
    elif "command" in payload:
        body, kind = urlencode(payload), "application/x-www-form-urlencoded"
    else:
        body, kind = urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded"
    at = at or str(int(time.time()))
    signed = signature or "v0=" + hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": at, "X-Slack-Signature": signed}
    async with session.post(url, data=body.encode(), headers=headers) as answer:
        return answer.status, await answer.text()
