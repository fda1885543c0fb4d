"""Discord: deliveries over its web interface, events over its gateway, which discord.py keeps open."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.cards.card import Card
from bot.cards.picture import PictureSpec
from bot.chat.discord_cards import file_name, pictures_of, render, too_long
from bot.chat.discord_commands import command_tree, tree_mark
from bot.chat.discord_interactions import Event, Interactions
from bot.chat.discord_limits import Wait
from bot.chat.discord_rest import Attachment, Message, Refused, Rest, Unreachable
from bot.chat.discord_send import REVOKED_SENTENCE, Sender
from bot.errors import VedetteError
from bot.outbox import Post
from bot.store import notes
from handlers import COMMANDS
from handlers.context import Context

log = logging.getLogger(__name__)

Draw = Callable[[PictureSpec], Awaitable[bytes]]  # a PNG; raises `VedetteError` if there can be none

DRAWING = 6.0  # seconds that a message waits for a picture; then it says it in words
IDENTIFIES = 20  # an hour; Discord resets the token at 1,000 a day
HOUR = timedelta(hours=1)
LOOK = 5.0  # seconds between two looks whether the budget is open again, or the stop has come
AGAIN = (2.0, 60.0)  # seconds between attempts to connect: the first, the longest
HALTED = 600.0  # seconds after which a token or an intent that was refused is tried again
INTENTS = discord.Intents(guilds=True)
DEFAULT_GATEWAY = "wss://gateway.discord.gg/"
_CLOSED = {
    4004: REVOKED_SENTENCE,
    4014: (
        "Discord refuses the intents that Vedette asks for. It needs only Guilds, which every bot has: check at "
        "https://discord.com/developers/applications that the bot is not limited, and start Vedette again."
    ),
    4011: "Discord wants more than one connection for so many servers: set [discord] shards, such as 2, and start again.",
    4010: "Discord refuses the number of this connection: correct [discord] shards and start again.",
    4012: "Discord no longer speaks this version of its gateway: update Vedette.",
    4013: "Discord does not know the intents that Vedette asks for: update Vedette.",
}

DOWN = "Discord cannot be reached just now; it is tried again. Nothing is lost."
SPENT = (
    f"Discord was connected to {IDENTIFIES} times within an hour, which is the most; the next attempt waits for the hour to "
    "end. Alerts are sent all the same. If Vedette is being restarted in a loop, its log says why."
)


class BudgetSpent(Exception):
    """So many connections were opened within the hour that the next one has to wait."""


class Budget:
    """The moments of our IDENTIFYs, kept in the database so that a crash loop cannot cost the token."""

    def __init__(self, context: Context, shards: int, gap: float) -> None:
        self._context = context
        self._most = max(IDENTIFIES, 2 * shards)
        self._gap = gap
        self._last = float("-inf")

    async def wait(self) -> timedelta:
        """How long until the next one is free; zero now."""
        return await asyncio.to_thread(self._wait)

    async def take(self) -> None:
        """Enter one, five seconds after the last. Raises `BudgetSpent`."""
        if not await asyncio.to_thread(self._take):
            raise BudgetSpent
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(0.0, self._last + self._gap - now))
        self._last = asyncio.get_running_loop().time()

    def _recent(self, cx: Any) -> list[float]:
        now = self._context.clock.now().timestamp()
        kept = notes.noted(cx, "discord:identifies") or []
        return sorted(at for at in kept if now - HOUR.total_seconds() < at <= now + 60)

    def _wait(self) -> timedelta:
        with self._context.store.read() as cx:
            recent = self._recent(cx)
        if len(recent) < self._most:
            return timedelta(0)
        free_at = recent[-self._most] + HOUR.total_seconds()
        return timedelta(seconds=max(0.0, free_at - self._context.clock.now().timestamp()))

    def _take(self) -> bool:
        now = self._context.clock.now()
        with self._context.store.write() as cx:
            recent = self._recent(cx)
            if len(recent) >= self._most:
                return False
            notes.note(cx, "discord:identifies", [*recent, now.timestamp()], now)
            return True


class DiscordChat:
    """One bot of Discord: what the outbox sends through, and the loop that listens."""

    platform = "discord"
    at_once = 50

    def __init__(
        self,
        context: Context,
        token: str,
        draw: Draw | None = None,
        *,
        identify_gap: float = 5.0,
        heartbeat_timeout: float = 60.0,
    ) -> None:
        self._context = context
        self._settings = context.settings.discord
        self._token = token.strip()
        self._draw = draw
        self._rest = Rest(self._settings.api_url, self._token)
        self._sender = Sender(self._rest, self._body)
        self._interactions = Interactions(context, self._rest, self._body, lambda: self._own_id)
        self._budget = Budget(context, self._settings.shards, identify_gap)
        self._heartbeat_timeout = heartbeat_timeout
        self._own_id = ""
        self._busy: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()  # set while the gateway is open

    async def send(self, post: Post) -> str:
        return await self._sender.send(post, self._open_room)

    async def admin_of(self, workspace: str) -> tuple[str, str] | None:
        """The direct messages of the server's owner."""
        guild = await self._guild(workspace)
        if not guild or not guild.get("owner_id"):
            return None
        with contextlib.suppress(Refused, Unreachable, Wait):
            private = await self._rest.ask("POST", "/users/@me/channels", {}, {"recipient_id": str(guild["owner_id"])})
            return str(private["id"]), f"the owner of {guild.get('name') or 'the server'}"
        room = guild.get("system_channel_id")
        return (str(room), f"#{guild.get('name')}") if room else None

    async def _open_room(self, workspace: str) -> str:
        """Where a server shows its own news: for what its owner takes no direct message of."""
        guild = await self._guild(workspace)
        return str(guild.get("system_channel_id") or "") if guild else ""

    async def _guild(self, workspace: str) -> dict[str, Any] | None:
        _, _, guild = workspace.partition(":")
        if not guild.isdigit():
            return None
        try:
            found = await self._rest.ask("GET", "/guilds/{guild}", {"guild": guild})
        except (Refused, Unreachable, Wait):
            return None
        return found if isinstance(found, dict) else None

    async def _body(self, card: Card, mention: str = "", *, shared_by: str = "") -> Message:
        """The message of a card: its pictures drawn, the lines that are too long for a button kept."""
        lines = too_long(card)
        keys = await asyncio.to_thread(self._keep, lines) if lines else {}
        drawn = await self._drawn(card, self._draw) if self._draw else {}
        body = render(card, keys.__getitem__, mention=mention, shared_by=shared_by, drawn=drawn)
        return Message(body, tuple(Attachment(file_name(number), content) for number, content in drawn.items()))

    async def _drawn(self, card: Card, draw: Draw) -> dict[int, bytes]:
        drawn = {}
        for number, picture in enumerate(pictures_of(card)):
            with contextlib.suppress(VedetteError, TimeoutError):
                drawn[number] = await asyncio.wait_for(draw(picture.spec), DRAWING)
        return drawn

    def _keep(self, lines: list[str]) -> dict[str, str]:
        with self._context.store.write() as cx:
            return {line: notes.keep_line(cx, line, self._context.clock.now()) for line in lines}

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until told to stop. Whatever goes wrong is said once, waited out, and tried again."""
        stopping = asyncio.create_task(stop.wait())
        wait, said = AGAIN[0], ""
        try:
            while not stop.is_set():
                began = time.monotonic()
                sentence, pause = await self._connect_once(stopping)
                self.ready.clear()
                if time.monotonic() - began > AGAIN[1]:
                    wait, said = AGAIN[0], ""
                if sentence and sentence != said:
                    log.error(sentence)
                said = sentence or said
                await asyncio.wait({stopping}, timeout=pause or wait)
                wait = min(AGAIN[1], wait * 2)
        finally:
            stopping.cancel()

    async def _connect_once(self, stopping: asyncio.Task[Any]) -> tuple[str, float]:
        """Hold one session until it ends for good; (a sentence for the operator, seconds to wait or 0)."""
        wait = await self._budget.wait()
        if wait:
            return SPENT, min(LOOK, wait.total_seconds())
        client = self._new_client()
        session = asyncio.create_task(client.start(self._token))
        try:
            await asyncio.wait({session, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not session.done():
                return "", 0
            return _told(session.exception())
        finally:
            with contextlib.suppress(Exception):
                await client.close()
            if not session.done():
                session.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await session

    def _new_client(self) -> _Client | _ShardedClient:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we never speak aloud
        Route.BASE = self._settings.api_url.rstrip("/")
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.gateway_url)
        options: dict[str, Any] = {
            "intents": INTENTS,
            "max_messages": None,
            "member_cache_flags": discord.MemberCacheFlags.none(),
            "allowed_mentions": discord.AllowedMentions.none(),
            "heartbeat_timeout": self._heartbeat_timeout,
            "guild_ready_timeout": 0.1,  # nothing here waits for the servers to be known
        }
        shards = self._settings.shards
        client = _ShardedClient(shard_count=shards, **options) if shards else _Client(**options)
        client.hear(self._budget, self._started, self._happened, self.ready)
        if self._settings.gateway_url != DEFAULT_GATEWAY:
            _stay_behind(client, self._settings.gateway_url)
        return client

    async def _started(self, client: discord.Client) -> None:
        """Logged in: who we are, and our commands, which Discord is told only when they have changed."""
        self._own_id = str(client.user.id) if client.user else ""
        tree = command_tree(COMMANDS)
        key, mark = f"discord:commands:{client.application_id}", tree_mark(tree)
        if await asyncio.to_thread(self._noted, key) == mark:
            return
        try:
            await self._rest.ask("PUT", "/applications/{app}/commands", {"app": str(client.application_id)}, tree)
        except (Refused, Unreachable, Wait) as fault:
            log.error(
                "Discord did not take the list of commands: %s. The one it has stays; the next start tries again.",
                fault,
            )
            return
        await asyncio.to_thread(self._note, key, mark)

    def _noted(self, key: str) -> Any:
        with self._context.store.read() as cx:
            return notes.noted(cx, key)

    def _note(self, key: str, value: Any) -> None:
        with self._context.store.write() as cx:
            notes.note(cx, key, value, self._context.clock.now())

    def _happened(self, interaction: discord.Interaction[Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._interactions.take(_event(interaction)))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def close(self) -> None:
        """After the last delivery."""
        if self._busy:
            await asyncio.wait(self._busy, timeout=2)
        self._interactions.close()
        await self._rest.close()


class _Hearing:
    """What our two kinds of client have in common."""

    def hear(
        self,
        budget: Budget,
        started: Callable[[discord.Client], Awaitable[None]],
        happened: Callable[[discord.Interaction[Any]], None],
        ready: asyncio.Event,
    ) -> None:
        self._budget = budget
        self._started = started
        self._happened = happened
        self._open = ready

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self._budget.take()

    async def setup_hook(self) -> None:
        assert isinstance(self, discord.Client)
        await self._started(self)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        self._happened(interaction)

    async def on_ready(self) -> None:
        self._open.set()

    async def on_resumed(self) -> None:
        self._open.set()

    async def on_disconnect(self) -> None:
        self._open.clear()


class _Client(_Hearing, discord.Client):
    pass


class _ShardedClient(_Hearing, discord.AutoShardedClient):
    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        while wait := await self._budget.wait():  # noqa: ASYNC110 - the budget is a row, which sets no event
            await asyncio.sleep(min(LOOK, wait.total_seconds()))
        await super().launch_shard(gateway, shard_id, initial=initial)


def _stay_behind(client: discord.Client, gateway_url: str) -> None:
    """Keep to the proxy that the settings name, where Discord tells us to resume at an address of its own."""
    connect, own = client.http.ws_connect, urlsplit(gateway_url)

    async def at_the_proxy(url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        asked = urlsplit(url)
        if asked.hostname != own.hostname:
            url = asked._replace(scheme=own.scheme, netloc=own.netloc, path=own.path).geturl()
        return await connect(url, compress=compress)

    client.http.ws_connect = at_the_proxy  # type: ignore[method-assign]


def _told(error: BaseException | None) -> tuple[str, float]:
    """What the operator is told about the end of a session, and how long to wait."""
    match error:
        case discord.LoginFailure():
            return REVOKED_SENTENCE, HALTED
        case discord.PrivilegedIntentsRequired():
            return _CLOSED[4014], HALTED
        case discord.ConnectionClosed() if error.code in _CLOSED:
            return _CLOSED[error.code], HALTED
        case None | BudgetSpent():
            return "", 0.0
        case AttributeError():  # what discord.py makes of a gateway that cannot be reached at first
            return DOWN, 0.0
        case discord.HTTPException() | discord.GatewayNotFound() | aiohttp.ClientError() | OSError() | TimeoutError():
            return DOWN, 0.0
        case discord.ConnectionClosed():
            return f"Discord closed the connection ({error.code}); it is opened again.", 0.0
    log.error("the connection to Discord failed", exc_info=error)
    return "", 0.0


def _event(interaction: discord.Interaction[Any]) -> Event:
    """What discord.py read, as the plain value that the rest works with. A thread stands for its channel."""
    channel: Any = interaction.channel
    parent = getattr(channel, "parent_id", None) if isinstance(channel, discord.Thread) else None
    room = getattr(channel, "parent", None) if parent else channel
    name = getattr(room, "name", None) or getattr(channel, "name", None)
    return Event(
        id=str(interaction.id),
        token=interaction.token,
        app=str(interaction.application_id),
        kind=interaction.type.value,
        data=dict(interaction.data or {}),
        guild=str(interaction.guild_id or ""),
        channel=str(parent or interaction.channel_id or ""),
        channel_name=f"#{name}" if interaction.guild_id and name else "this conversation",
        user=str(interaction.user.id),
        user_name=interaction.user.display_name,
        permissions=interaction.permissions.value,
    )
