"""Deliveries to Discord: a card goes out once, in the order of its channel, or the outbox learns exactly why not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bot.cards.card import Card
from bot.chat.discord_limits import Wait
from bot.chat.discord_rest import Message, Refused, Rest, Unreachable
from bot.chat.discord_text import plain
from bot.outbox import ChannelGone, Post, SendLater, SendNever

log = logging.getLogger(__name__)

MESSAGES = "/channels/{channel}/messages"
MESSAGE = "/channels/{channel}/messages/{message}"
THREADS = "/channels/{channel}/messages/{message}/threads"
NO_MESSAGE, NO_DMS, EMPTY, THREAD_IS_THERE = 10008, 50007, 50006, 160004
NO_THREADS = (50001, 50013, 50024, 50083, 160005)  # rights or kinds of channel that allow none
REVOKED = timedelta(minutes=10)  # between two looks whether a refused token is taken again
ALL_DOWN = 3  # answers of "server error" in a row after which nobody else is tried
NONCE_HOLDS = 60.0  # seconds for which Discord surely knows a nonce again
LOOKED_BACK = 50  # messages of a channel that are searched for one that may have arrived
_GONE = {
    10003: "The channel was deleted.",
    50001: "I cannot see the channel. Give me View Channel and Send Messages there.",
    50013: "I may not write in the channel. Give me Send Messages and Embed Links there.",
    50006: "I may not show cards in the channel. Give me Embed Links there.",
    50007: "The user takes no direct messages from me.",
}

Body = Callable[[Card, str], Awaitable[Message]]  # (card, role to call) → the message


class Sender:
    """Turns a post into requests, and Discord's answers into the outbox's words."""

    def __init__(self, rest: Rest, body: Body) -> None:
        self._rest = rest
        self._body = body
        self._down = 0  # server errors in a row
        self._doubts: dict[str, float] = {}  # key → loop time of the first attempt that may have arrived
        self._threads: set[str] = set()  # messages that have a thread
        self._unthreaded: set[str] = set()  # channels that allow none
        self._said_revoked = False
        self.revoked = False

    async def send(self, post: Post, owner: Callable[[str], Awaitable[str]]) -> str:
        """`channel_id/message_id` of the message. Raises `SendLater`, `SendNever` or `ChannelGone`."""
        said = await self._body(post.card, post.mention)
        if post.action == "edit":
            channel, _, message = post.target.partition("/")
            await self._ask(post, "PATCH", MESSAGE, said, channel=channel, message=message)
            return post.target
        if post.in_doubt and not self._surely_known(post.key):
            found = await self._arrived(post, said.body)
            if found:
                return found
        if post.action == "reply":
            return await self._reply(post, said)
        if post.action == "notify":
            return await self._answer(post, said)
        try:
            return await self._create(post, post.channel.address, said)
        except ChannelGone:
            if post.kind != "notice":
                raise
            other = await owner(post.channel.workspace)  # a notice for an admin whose direct messages are closed
            if not other or other == post.channel.address:
                raise
            return await self._create(post, other, said)

    async def _reply(self, post: Post, said: Message) -> str:
        """In the message's thread, made at first need; a plain reply where there are no threads."""
        channel, _, message = post.target.partition("/")
        if channel not in self._unthreaded and await self._thread(post, channel, message):
            try:
                return await self._create(post, message, said)
            except ChannelGone:
                self._threads.discard(message)  # locked, or deleted by somebody
        return await self._answer(post, said)

    async def _answer(self, post: Post, said: Message) -> str:
        """In the channel itself, as an answer to the message."""
        channel, _, message = post.target.partition("/")
        answered = {"message_id": message, "fail_if_not_exists": False}
        return await self._create(post, channel, said.plus(message_reference=answered))

    async def _thread(self, post: Post, channel: str, message: str) -> bool:
        if message in self._threads:
            return True
        opening = Message({"name": plain(post.card.title, 100) or "More", "auto_archive_duration": 1440})
        try:
            await self._request("POST", THREADS, opening, channel=channel, message=message)
        except Refused as refused:
            if refused.code == NO_MESSAGE:
                raise SendNever("The message that it answers was deleted.") from None
            if refused.code in NO_THREADS or (refused.status in (400, 403) and refused.code != THREAD_IS_THERE):
                self._unthreaded.add(channel)
                return False
            if refused.code != THREAD_IS_THERE:
                raise self._in_words(post, refused) from None
        except (Unreachable, Wait) as fault:
            raise self._in_words(post, fault) from None
        if len(self._threads) > 10_000:
            self._threads.clear()
        self._threads.add(message)
        return True

    async def _create(self, post: Post, channel: str, said: Message) -> str:
        said = said.plus(nonce=nonce(post.key), enforce_nonce=True)
        made = await self._ask(post, "POST", MESSAGES, said, channel=channel)
        self._doubts.pop(post.key, None)
        return f"{channel}/{made['id']}"

    async def _ask(self, post: Post, method: str, route: str, said: Message, **parts: str) -> Any:
        try:
            return await self._request(method, route, said, **parts)
        except (Refused, Unreachable, Wait) as fault:
            raise self._in_words(post, fault) from None

    async def _request(self, method: str, route: str, said: Message | None, **parts: str) -> Any:
        """One request, and what it says about Discord as a whole."""
        try:
            answer = await self._rest.ask(method, route, parts, said.body if said else None, said.files if said else ())
        except Refused as refused:
            self._down = self._down + 1 if refused.status >= 500 else 0
            raise
        except Unreachable:
            self._down += 1
            raise
        self._down, self._said_revoked, self.revoked = 0, False, False
        return answer

    def _in_words(self, post: Post, fault: Refused | Unreachable | Wait) -> Exception:
        """The outbox's word for a fault."""
        if isinstance(fault, Wait):
            return SendLater(str(fault), timedelta(seconds=fault.seconds), everywhere=fault.everywhere)
        if isinstance(fault, Unreachable):
            if fault.sent:
                self._doubt(post.key)
            down = not fault.sent or self._down >= ALL_DOWN
            return SendLater(str(fault), in_doubt=fault.sent, everywhere=down)
        if fault.status == 429:
            return SendLater(str(fault), timedelta(seconds=fault.wait + 0.1), everywhere=fault.everywhere)
        if fault.status >= 500:
            self._doubt(post.key)
            return SendLater(str(fault), in_doubt=True, everywhere=self._down >= ALL_DOWN)
        if fault.status == 401:
            self._say_revoked()
            return SendLater("Discord does not accept the token any more.", REVOKED, everywhere=True)
        if fault.code == NO_MESSAGE:
            return SendNever("The message was deleted.")
        if fault.status in (403, 404) or fault.code in _GONE:
            if fault.status == 403 and fault.code == 0:
                return SendLater(str(fault), timedelta(minutes=1), everywhere=True)  # not by Discord, but before it
            return ChannelGone(_GONE.get(fault.code, f"{fault.message}."))
        log.error("Discord will not take a card for %s: %s", post.channel.address, fault)
        return SendNever(str(fault))

    def _say_revoked(self) -> None:
        self.revoked = True
        if not self._said_revoked:
            self._said_revoked = True
            log.error(REVOKED_SENTENCE)

    def _doubt(self, key: str) -> None:
        if len(self._doubts) > 10_000:
            self._doubts.clear()
        self._doubts.setdefault(key, asyncio.get_running_loop().time())

    def _surely_known(self, key: str) -> bool:
        """Whether the nonce alone still keeps a repeat from being posted twice."""
        since = self._doubts.get(key)
        return since is not None and asyncio.get_running_loop().time() - since < NONCE_HOLDS

    async def _arrived(self, post: Post, body: dict[str, Any]) -> str:
        """Look whether an earlier attempt is in the channel; where the history is closed to us, the nonce has to do."""
        places = [post.channel.address]
        if post.action == "reply":
            channel, _, message = post.target.partition("/")
            places = [message, channel]
        for place in places:
            try:
                messages = await self._request("GET", f"{MESSAGES}?limit={LOOKED_BACK}", None, channel=place)
            except Wait as fault:
                raise self._in_words(post, fault) from None
            except Unreachable as fault:
                raise SendLater(str(fault), everywhere=self._down >= ALL_DOWN) from None
            except Refused as refused:
                if refused.status in (401, 429) or refused.status >= 500:
                    raise self._in_words(post, refused) from None
                continue
            for message in messages if isinstance(messages, list) else ():
                if _same(message, body):
                    return f"{place}/{message['id']}"
        return ""


REVOKED_SENTENCE = (
    "Discord does not accept DISCORD_TOKEN any more: it was reset or the bot was deleted. Copy the new token from "
    "https://discord.com/developers/applications, Bot, Reset Token, and start Vedette again. Until then Discord waits; "
    "nothing is lost."
)


def nonce(key: str) -> str:
    """What Discord recognises a repeat by: 25 characters of the delivery's key."""
    return base64.b32encode(hashlib.sha256(key.encode()).digest()).decode()[:25]


def _same(message: Any, body: dict[str, Any]) -> bool:
    """Whether a message in the channel says what ours says."""
    theirs = [_words(embed) for embed in message.get("embeds") or ()]
    return bool(theirs) and theirs == [_words(embed) for embed in body["embeds"]]


def _words(embed: Any) -> tuple[str, ...]:
    parts = (embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text"))
    return tuple(" ".join(str(part or "").split()) for part in parts)
