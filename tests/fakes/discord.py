"""A Discord on loopback that speaks the real protocols: the web interface (v10) and the gateway.

It is strict: bodies beyond the documented limits, live mentions, requests above the pace and late first answers are
noted in `problems`, and bodies are held against Discord's own OpenAPI document where that is at hand. Faults are put in
by `fail`, one for each matching request.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes import DISCORD_TOKEN
from tests.fakes.discord_checks import faults_of

EPOCH = 1_420_070_400_000
MANAGE = 1 << 4
BODY: web.RequestKey[Any] = web.RequestKey("body", object)
FILES: web.RequestKey[Any] = web.RequestKey("files", tuple)


@dataclass
class Fault:
    """What happens to the next `times` requests that match."""

    matches: re.Pattern[str]  # of "POST /channels/1/messages"
    kind: str  # status | ratelimit | lost | cut
    status: int = 500
    code: int = 0
    wait: float = 0.0
    everywhere: bool = False
    via: bool = True
    times: int = 1


@dataclass
class Seen:
    method: str
    path: str
    status: int
    body: Any
    at: float


@dataclass
class Done:
    """An interaction and what became of it."""

    id: str
    token: str
    kind: int
    began: float
    acknowledged: float = 0.0  # seconds it took
    first: dict[str, Any] = field(default_factory=dict)
    original: dict[str, Any] | None = None
    follow_ups: list[dict[str, Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class FakeDiscord:
    token = DISCORD_TOKEN
    app_id = "900000000000000001"

    def __init__(self) -> None:
        self.guilds: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.commands: list[dict[str, Any]] = []
        self.interactions: dict[str, Done] = {}  # by token
        self.seen: list[Seen] = []
        self.uploads: list[tuple[str, bytes]] = []  # (name, content) of every file, in order
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.checks = True  # whether bodies are held against Discord's description; a benchmark leaves that out
        self.identifies: list[dict[str, Any]] = []
        self.resumes = 0
        self.revoked = False
        self.down = False
        self.closed: set[str] = set()  # channels that we may not write in
        self.no_threads: set[str] = set()
        self.pace = 0  # requests a second that are allowed; 0: any
        self.bucket: tuple[int, float] | None = None  # (posts, seconds) of a channel
        self.zombie = False
        self.close_with = 0  # what an IDENTIFY is answered with
        self.heartbeat = 30_000
        self.nonce_for = 180.0
        self._nonces: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}
        self._times: deque[float] = deque()
        self._buckets: dict[str, deque[float]] = {}
        self._sockets: dict[web.WebSocketResponse, dict[str, Any]] = {}
        self._sessions: dict[str, dict[str, Any]] = {}
        self._last_id = 1_300_000_000_000_000_000
        self._runner: web.AppRunner | None = None
        self.port = 0

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> FakeDiscord:
        app = web.Application(middlewares=[self._watched], client_max_size=30 * 2**20)
        api = "/api/v10"
        route = app.router.add_route
        route("GET", f"{api}/users/@me", self._me)
        route("GET", f"{api}/oauth2/applications/@me", self._application)
        route("GET", f"{api}/applications/@me", self._application)
        route("GET", f"{api}/gateway", self._where)
        route("GET", f"{api}/gateway/bot", self._where)
        route("PUT", f"{api}/applications/{{app}}/commands", self._put_commands)
        route("GET", f"{api}/applications/{{app}}/commands", self._get_commands)
        route("GET", f"{api}/guilds/{{guild}}", self._get_guild)
        route("POST", f"{api}/users/@me/channels", self._private)
        route("GET", f"{api}/channels/{{channel}}/messages", self._history)
        route("POST", f"{api}/channels/{{channel}}/messages", self._post)
        route("GET", f"{api}/channels/{{channel}}/messages/{{message}}", self._get_message)
        route("PATCH", f"{api}/channels/{{channel}}/messages/{{message}}", self._edit)
        route("POST", f"{api}/channels/{{channel}}/messages/{{message}}/threads", self._thread)
        route("POST", f"{api}/interactions/{{id}}/{{token}}/callback", self._callback)
        route("PATCH", f"{api}/webhooks/{{app}}/{{token}}/messages/@original", self._original)
        route("GET", f"{api}/webhooks/{{app}}/{{token}}/messages/@original", self._get_original)
        route("POST", f"{api}/webhooks/{{app}}/{{token}}", self._follow_up)
        route("GET", "/gateway", self._gateway)
        route("GET", "/gateway/", self._gateway)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return self

    async def stop(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=1001)
        if self._runner:
            await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway/"

    def new_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def guild(self, name: str, *channels: str, owner: str = "700000000000000001") -> str:
        guild = self.new_id()
        made = [self._new_channel(guild, name) for name in channels]
        self.guilds[guild] = {
            "id": guild, "name": name, "owner_id": owner, "system_channel_id": made[0]["id"] if made else None,
            "roles": [{"id": guild, "name": "@everyone", "permissions": "0", "position": 0, "color": 0,
                       "hoist": False, "managed": False, "mentionable": False}],
            "emojis": [], "features": [], "stickers": [], "channels": made, "threads": [], "members": [], "presences": [],
            "voice_states": [], "stage_instances": [], "guild_scheduled_events": [], "member_count": 3, "large": False,
            "unavailable": False, "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
            "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "premium_subscription_count": 0, "afk_timeout": 60,
            "preferred_locale": "en-US", "system_channel_flags": 0, "joined_at": "2026-01-01T00:00:00+00:00",
        }  # fmt: skip
        return guild

    def _new_channel(self, guild: str, name: str, kind: int = 0, **more: Any) -> dict[str, Any]:
        made = {"id": self.new_id(), "type": kind, "guild_id": guild, "name": name, "position": 0,
                "permission_overwrites": [], "nsfw": False, "parent_id": None, "flags": 0, **more}  # fmt: skip
        self.channels[made["id"]] = made
        self.messages[made["id"]] = []
        return made

    def fail(self, matches: str, kind: str = "status", **how: Any) -> Fault:
        fault = Fault(re.compile(matches), kind, **how)
        self.faults.append(fault)
        return fault

    # -- every request ------------------------------------------------------------------------------------------------

    @web.middleware
    async def _watched(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        if request.path.startswith("/gateway"):
            return await handler(request)
        now = asyncio.get_running_loop().time()
        path = request.path.removeprefix("/api/v10")
        body, files = await _read(request)
        request[BODY], request[FILES] = body, tuple(files)
        self.uploads += files.items()
        fault = next((f for f in self.faults if f.times and f.matches.search(f"{request.method} {path}")), None)
        response: web.Response
        if self.down or (fault and fault.kind == "cut"):
            self._spend(fault)
            self.seen.append(Seen(request.method, path, 0, body, now))
            assert request.transport
            request.transport.abort()
            raise ConnectionResetError
        if fault and fault.kind == "ratelimit":
            self._spend(fault)
            response = _limited(fault.wait, fault.everywhere, fault.via)
        elif fault and fault.kind == "status":
            self._spend(fault)
            response = _error(fault.status, fault.code, "the fake says so")
        elif path.startswith(("/interactions", "/webhooks")):
            response = await handler(request)
        elif self.revoked or request.headers.get("Authorization") != f"Bot {self.token}":
            response = _error(401, 0, "401: Unauthorized")
        elif self.pace and self._too_fast(now):
            response = _limited(self._times[0] + 1 - now, True, True)
        else:
            response = await handler(request)
        self.seen.append(Seen(request.method, path, response.status, body, now))
        if fault and fault.kind == "lost":
            self._spend(fault)
            assert request.transport
            request.transport.abort()
            raise ConnectionResetError
        return response

    def _spend(self, fault: Fault | None) -> None:
        if fault:
            fault.times -= 1

    def _too_fast(self, now: float) -> bool:
        while self._times and now - self._times[0] >= 1:
            self._times.popleft()
        if len(self._times) >= self.pace:
            return True
        self._times.append(now)
        return False

    def _bucket_of(self, channel: str, now: float) -> tuple[bool, dict[str, str]]:
        """Whether a post is within its channel's bucket, and the headers that say so."""
        if not self.bucket:
            return True, {}
        most, span = self.bucket
        times = self._buckets.setdefault(channel, deque())
        while times and now - times[0] >= span:
            times.popleft()
        within = len(times) < most
        if within:
            times.append(now)
        headers = {
            "X-RateLimit-Bucket": "posts", "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(most - len(times)), "X-RateLimit-Reset-After": f"{times[0] + span - now:.3f}",
        }  # fmt: skip
        return within, headers

    # -- the web interface --------------------------------------------------------------------------------------------

    async def _me(self, request: web.Request) -> web.Response:
        return _json(self._user())

    def _user(self) -> dict[str, Any]:
        return {"id": self.app_id, "username": "Vedette", "discriminator": "0001", "avatar": None, "bot": True,
                "flags": 0, "verified": True, "mfa_enabled": True, "global_name": None}  # fmt: skip

    async def _application(self, request: web.Request) -> web.Response:
        return _json(
            {"id": self.app_id, "name": "Vedette", "icon": None, "description": "", "summary": "", "bot_public": True,
             "bot_require_code_grant": False, "verify_key": "0" * 64, "flags": 0, "rpc_origins": [],
             "owner": self._user(), "team": None, "redirect_uris": [], "interactions_endpoint_url": None}
        )  # fmt: skip

    async def _where(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 990, "reset_after": 1000, "max_concurrency": 1}
        return _json({"url": self.gateway_url, "shards": 1, "session_start_limit": limit})

    async def _put_commands(self, request: web.Request) -> web.Response:
        self._hold(request[BODY], "/applications/{application_id}/commands", "put")
        self.commands = [{**entry, "id": self.new_id(), "application_id": self.app_id} for entry in request[BODY]]
        return _json(self.commands)

    async def _get_commands(self, request: web.Request) -> web.Response:
        return _json(self.commands)

    async def _get_guild(self, request: web.Request) -> web.Response:
        found = self.guilds.get(request.match_info["guild"])
        return _json(found) if found else _error(404, 10004, "Unknown Guild")

    async def _private(self, request: web.Request) -> web.Response:
        user = str(request[BODY]["recipient_id"])
        found = next((c for c in self.channels.values() if c["type"] == 1 and c["recipients"][0]["id"] == user), None)
        return _json(found or self.private(user))

    def private(self, user: str) -> dict[str, Any]:
        made = {"id": self.new_id(), "type": 1, "flags": 0, "last_message_id": None, "recipients": [_person(user)]}
        self.channels[made["id"]] = made
        self.messages[made["id"]] = []
        return made

    async def _history(self, request: web.Request) -> web.Response:
        refused = self._refusal(request)
        limit = int(request.query.get("limit", "50"))
        return refused or _json(self.messages[request.match_info["channel"]][::-1][:limit])

    async def _get_message(self, request: web.Request) -> web.Response:
        found = self._message(request)
        return _json(found) if found else _error(404, 10008, "Unknown Message")

    def _message(self, request: web.Request) -> dict[str, Any] | None:
        messages = self.messages.get(request.match_info["channel"], [])
        return next((m for m in messages if m["id"] == request.match_info["message"]), None)

    def _refusal(self, request: web.Request) -> web.Response | None:
        channel = request.match_info["channel"]
        if channel not in self.channels:
            return _error(404, 10003, "Unknown Channel")
        if channel in self.closed:
            private = self.channels[channel]["type"] == 1
            return _error(403, 50007 if private else 50001, "Cannot send" if private else "Missing Access")
        return None

    async def _post(self, request: web.Request) -> web.Response:
        refused = self._refusal(request)
        if refused:
            return refused
        channel, body, now = request.match_info["channel"], request[BODY], asyncio.get_running_loop().time()
        within, headers = self._bucket_of(channel, now)
        if not within:
            return _limited(float(headers["X-RateLimit-Reset-After"]), False, True, headers)
        faults = self._hold(body, "/channels/{channel_id}/messages", "post", request[FILES])
        if faults:
            return _json({"code": 50035, "message": "Invalid Form Body", "errors": faults}, status=400)
        key = (channel, str(body.get("nonce")))
        if body.get("enforce_nonce") and key in self._nonces and now - self._nonces[key][0] < self.nonce_for:
            return _json(self._nonces[key][1], headers=headers)
        made = self._make(channel, body)
        self._nonces[key] = (now, made)
        return _json(made, headers=headers)

    def _make(self, channel: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        made = {
            "id": self.new_id(), "channel_id": channel, "type": 0, "author": self._user(), "content": "", "tts": False,
            "timestamp": "2026-03-01T12:00:00+00:00", "edited_timestamp": None, "mention_everyone": False, "mentions": [],
            "mention_roles": [], "attachments": [], "embeds": [], "components": [], "pinned": False, "flags": 0,
            **{key: value for key, value in body.items() if key not in ("enforce_nonce", "attachments")}, **more,
        }  # fmt: skip
        if channel in self.messages:
            self.messages[channel].append(made)
        return made

    async def _edit(self, request: web.Request) -> web.Response:
        refused = self._refusal(request)
        message = self._message(request)
        if refused or not message:
            return refused or _error(404, 10008, "Unknown Message")
        self._hold(request[BODY], "/channels/{channel_id}/messages/{message_id}", "patch", request[FILES])
        message.update(request[BODY])
        return _json(message)

    async def _thread(self, request: web.Request) -> web.Response:
        refused = self._refusal(request)
        message = self._message(request)
        if refused or not message:
            return refused or _error(404, 10008, "Unknown Message")
        channel = request.match_info["channel"]
        if channel in self.no_threads:
            return _error(403, 50013, "Missing Permissions")
        if message["id"] in self.channels:
            return _error(400, 160004, "A thread has already been created for this message")
        self._hold(request[BODY], "/channels/{channel_id}/messages/{message_id}/threads", "post")
        name = request[BODY]["name"]
        made = {"id": message["id"], "type": 11, "guild_id": self.channels[channel]["guild_id"], "parent_id": channel,
                "name": name, "owner_id": self.app_id, "message_count": 0, "member_count": 1, "flags": 0,
                "thread_metadata": {"archived": False, "auto_archive_duration": 1440, "locked": False,
                                    "archive_timestamp": "2026-03-01T12:00:00+00:00"}}  # fmt: skip
        self.channels[message["id"]] = made
        self.messages[message["id"]] = []
        return _json(made, status=201)

    async def _callback(self, request: web.Request) -> web.Response:
        done = self.interactions.get(request.match_info["token"])
        if done is None or done.id != request.match_info["id"]:
            return _error(404, 10062, "Unknown interaction")
        if done.first:
            return _error(400, 40060, "Interaction has already been acknowledged.")
        body = request[BODY]
        self._hold(body, "/interactions/{interaction_id}/{interaction_token}/callback", "post")
        done.first, done.acknowledged = body, time.monotonic() - done.began
        if done.acknowledged > 1:
            self.problems.append(f"acknowledged after {done.acknowledged:.2f} s")
        if body["type"] in (4, 7):
            done.original = body.get("data") or {}
        done.changed.set()
        return web.Response(status=204)

    async def _original(self, request: web.Request) -> web.Response:
        done = self.interactions.get(request.match_info["token"])
        if done is None or not done.first:
            return _error(404, 10015, "Unknown Webhook")
        self._hold(request[BODY], "/webhooks/{webhook_id}/{webhook_token}/messages/@original", "patch", request[FILES])
        done.original = request[BODY]
        done.changed.set()
        return _json(self._make("", request[BODY]))

    async def _get_original(self, request: web.Request) -> web.Response:
        done = self.interactions[request.match_info["token"]]
        return _json(self._make("", done.original or {}))

    async def _follow_up(self, request: web.Request) -> web.Response:
        done = self.interactions.get(request.match_info["token"])
        if done is None or not done.first:
            return _error(404, 10015, "Unknown Webhook")
        self._hold(request[BODY], "/webhooks/{webhook_id}/{webhook_token}", "post", request[FILES])
        done.follow_ups.append(request[BODY])
        done.changed.set()
        return _json(self._make("", request[BODY]))

    def _hold(self, body: Any, path: str, method: str, files: tuple[str, ...] = ()) -> list[str]:
        """Hold a body against the limits and the OpenAPI document."""
        found = faults_of(body, path, method, files) if self.checks else []
        self.problems += [f"{method.upper()} {path}: {fault}" for fault in found]
        return found

    # -- the gateway --------------------------------------------------------------------------------------------------

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        packed = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        state: dict[str, Any] = {"packed": packed, "session": None}
        self._sockets[socket] = state
        await self._say(socket, {"op": 10, "d": {"heartbeat_interval": self.heartbeat}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._heard(socket, state, json.loads(message.data))
        finally:
            self._sockets.pop(socket, None)
        return socket

    async def _heard(self, socket: web.WebSocketResponse, state: dict[str, Any], message: dict[str, Any]) -> None:
        op, data = message["op"], message.get("d")
        if op == 1 and not self.zombie:
            await self._say(socket, {"op": 11})
        elif op == 2:
            self.identifies.append(data)
            if self.close_with:
                await socket.close(code=self.close_with)
            elif data["token"] != self.token or self.revoked:
                await socket.close(code=4004)
            else:
                session = {"id": self.new_id(), "sequence": 0, "missed": []}
                self._sessions[session["id"]] = state["session"] = session
                await self._open(socket, session, data.get("shard"))
        elif op == 6:
            session = self._sessions.get(data["session_id"])
            if session is None:
                await self._say(socket, {"op": 9, "d": False})
                return
            self.resumes += 1
            state["session"] = session
            missed, session["missed"] = session["missed"], []
            for event in missed:
                if event["s"] > data["seq"]:
                    await self._say(socket, event)
            await self._event(socket, session, "RESUMED", {})

    async def _open(self, socket: web.WebSocketResponse, session: dict[str, Any], shard: list[int] | None) -> None:
        own = [g for g in self.guilds.values() if not shard or (int(g["id"]) >> 22) % shard[1] == shard[0]]
        ready = {"v": 10, "user": self._user(), "session_id": session["id"], "resume_gateway_url": self.gateway_url,
                 "guilds": [{"id": g["id"], "unavailable": True} for g in own],
                 "application": {"id": self.app_id, "flags": 0}, **({"shard": shard} if shard else {})}  # fmt: skip
        await self._event(socket, session, "READY", ready)
        for guild in own:
            await self._event(socket, session, "GUILD_CREATE", guild)

    async def _event(self, socket: web.WebSocketResponse | None, session: dict[str, Any], name: str, data: Any) -> None:
        session["sequence"] += 1
        event = {"op": 0, "t": name, "s": session["sequence"], "d": data}
        try:
            if socket is None or socket.closed:
                raise ConnectionResetError
            await self._say(socket, event)
        except ConnectionResetError:
            session["missed"].append(event)

    async def _say(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        text = json.dumps(message)
        packed = self._sockets[socket]["packed"]
        if packed:
            await socket.send_bytes(packed.compress(text.encode()) + packed.flush(zlib.Z_SYNC_FLUSH))
        else:
            await socket.send_str(text)

    async def op(self, op: int, data: Any = None) -> None:
        """7 (reconnect) or 9 (invalid session) to every connection."""
        if op == 9 and not data:
            self._sessions.clear()
        for socket in list(self._sockets):
            await self._say(socket, {"op": op, "d": data})

    async def close(self, code: int) -> None:
        for socket in list(self._sockets):
            await socket.close(code=code)

    def cut(self) -> None:
        """The line goes dead in mid-stream."""
        for socket in list(self._sockets):
            assert socket._req is not None
            assert socket._req.transport is not None
            socket._req.transport.abort()

    # -- what people do -----------------------------------------------------------------------------------------------

    async def interact(
        self, kind: int, data: dict[str, Any], channel: str, *, user: str = "800000000000000001", rights: int = 0,
        message: dict[str, Any] | None = None, id: str = "", token: str = "",
    ) -> Done:  # fmt: skip
        """An event to the bot; what comes of it is noted in the value given back."""
        place = self.channels[channel]
        done = Done(id or self.new_id(), token or f"canary-interaction-{self.new_id()}", kind, time.monotonic())
        self.interactions[done.token] = done
        event: dict[str, Any] = {
            "id": done.id, "application_id": self.app_id, "type": kind, "token": done.token, "version": 1, "data": data,
            "channel_id": channel, "channel": place, "app_permissions": "0", "locale": "en-GB", "entitlements": [],
            "authorizing_integration_owners": {}, "attachment_size_limit": 10_485_760,
            "context": 0 if place["type"] != 1 else 1,
        }  # fmt: skip
        if place["type"] == 1:
            event["user"] = _person(user)
        else:
            event |= {
                "guild_id": place["guild_id"],
                "guild": {"id": place["guild_id"], "locale": "en-GB", "features": []},
            }
            event["member"] = {"user": _person(user), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False,
                               "mute": False, "flags": 0, "permissions": str(rights), "nick": None}  # fmt: skip
        if message:
            event["message"] = {**self._make("", {}), "channel_id": channel, **message}
        for session in list(self._sessions.values())[-1:]:
            socket = next((s for s, state in self._sockets.items() if state["session"] is session), None)
            await self._event(socket, session, "INTERACTION_CREATE", event)
        return done

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        """Wait for something to become so."""
        for _ in range(int(seconds / 0.01)):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"not within {seconds} s; problems: {self.problems}")


def _json(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """With the very content type that Discord gives."""
    text = json.dumps(data).encode()
    return web.Response(status=status, body=text, headers={"Content-Type": "application/json", **(headers or {})})


def _person(user: str) -> dict[str, Any]:
    return {"id": user, "username": f"user{user[-3:]}", "discriminator": "0", "avatar": None, "global_name": "Ann <@1>"}


async def _read(request: web.Request) -> tuple[Any, dict[str, bytes]]:
    """(JSON of the body, its files by name)."""
    if request.content_type.startswith("multipart/"):
        body: Any = {}
        files: dict[str, bytes] = {}
        async for part in await request.multipart():
            assert hasattr(part, "name")
            if part.name == "payload_json":
                body = json.loads(await part.text())
            else:
                files[part.filename or ""] = bytes(await part.read())
        return body, files
    raw = await request.read()
    return (json.loads(raw) if raw else None), {}


def _error(status: int, code: int, message: str) -> web.Response:
    if status >= 500:
        return web.Response(status=status, text="<html>upstream</html>", content_type="text/html")
    return _json({"code": code, "message": message}, status=status)


def _limited(wait: float, everywhere: bool, via: bool, more: dict[str, str] | None = None) -> web.Response:
    headers = {"Retry-After": str(max(1, round(wait))), **(more or {})}
    if not via:
        return web.Response(status=429, text="<html>error 1015</html>", content_type="text/html", headers=headers)
    headers |= {"Via": "1.1 google", "X-RateLimit-Scope": "global" if everywhere else "user"}
    data = {"message": "You are being rate limited.", "retry_after": wait, "global": everywhere}
    return _json(data, status=429, headers=headers)
