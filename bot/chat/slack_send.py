"""Deliveries to Slack: paced, never doubled where the history may be read, and every refusal named.

Slack knows no key that makes a repeated post harmless. So each message carries its delivery's key in its metadata,
and a delivery that may have arrived is looked for in the channel before it is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from bot.chat.slack_api import GONE, NEVER, REVOKED, UNREADABLE, Api, Refused, short_key
from bot.chat.slack_cards import Message, message, plain_version
from bot.chat.slack_pace import Pace
from bot.chat.slack_pictures import Pictures
from bot.chat.slack_teams import Teams, Unknown, bad_token
from bot.outbox import ChannelGone, Post, SendLater, SendNever

log = logging.getLogger(__name__)

EVENT = "vedette_delivery"
BEFORE = timedelta(minutes=5)  # our clock and Slack's may differ by so much
PAGES = 10
PAGE = 200
CLOSED_FOR = 300.0  # seconds until a workspace that refused its token is asked again
SHORT = 3.0  # a longer Retry-After is meant for more than one channel
REPEAT = "possible repeat: it may have been posted before an interruption"


class Sender:
    """Posts, edits and replies."""

    def __init__(self, api: Api, teams: Teams, pace: Pace, lease: timedelta, pictures: Pictures) -> None:
        self._api, self._teams, self._pace, self._pictures = api, teams, pace, pictures
        # Whoever holds a delivery longer than its lease has lost it to somebody else, who would send it again.
        self._limit = max(2.0, lease.total_seconds() * 0.6)
        self._closed: set[str] = set()  # workspaces that refused their token, so that it is said once

    async def send(self, post: Post) -> str:
        """The message's reference, "channel/ts". Raises as `Chat.send` says."""
        team = post.channel.workspace.removeprefix("slack:")
        await self._wait_for_turn(team, post)
        try:
            async with asyncio.timeout(self._limit):
                reference = await self._deliver(team, post)
        except TimeoutError:
            raise SendLater("Slack did not answer in time", in_doubt=True) from None
        except Unknown as error:
            raise self._shut(team, str(error)) from None
        except Refused as refused:
            raise self._meaning(team, post, refused) from None
        if post.action != "edit":
            self._pictures.show_in_thread(team, post.card, reference)
        return reference

    async def _deliver(self, team: str, post: Post) -> str:
        token = await self._teams.token(team)
        note = ""
        if post.in_doubt and post.action != "edit":
            found, looked = await self._look(token, post)
            if found:
                return found
            note = "" if looked else REPEAT
        return await self._write(token, team, post, note)

    async def _wait_for_turn(self, team: str, post: Post) -> None:
        turn = self._pace.turn(team, post.channel.address, post.key)
        if not turn.here:
            nowhere = self._all_held()
            wait = timedelta(seconds=turn.wait)
            raise SendLater("its turn has not come", wait, everywhere=nowhere, paced=not nowhere)
        if turn.wait > 0:
            await asyncio.sleep(turn.wait)
            held = self._pace.held(team, post.channel.address)
            if held > 0:  # Slack has said so to another one meanwhile
                raise SendLater("Slack wants nothing now", timedelta(seconds=held), everywhere=self._all_held())
        self._pace.goes(team, post.channel.address)

    async def _write(self, token: str, team: str, post: Post, note: str) -> str:
        made = message(post.card, mention=post.mention, note=note)
        method, body = _body(post, made)
        try:
            said = await self._api.call(token, method, body)
        except Refused as refused:
            if refused.error not in UNREADABLE:
                raise
            log.warning("Slack does not take the blocks of a message (%s); it goes out as plain text", refused)
            method, body = _body(post, Message([], plain_version(post.card, note)))
            try:
                said = await self._api.call(token, method, body)
            except Refused as again:
                if again.error in UNREADABLE:
                    raise SendNever(f"Slack does not take this message: {again}.") from None
                raise
        self._closed.discard(team)
        return f"{said.get('channel') or body['channel']}/{said.get('ts') or ''}"

    async def _look(self, token: str, post: Post) -> tuple[str, bool]:
        """(reference of the message if it did arrive, whether the history could be read)."""
        channel, thread = _place(post)
        body: dict[str, Any] = {"channel": channel, "limit": PAGE, "include_all_metadata": True, "inclusive": True}
        if post.created_at:
            body["oldest"] = f"{_seconds(post.created_at - BEFORE):.6f}"
        if thread:
            body["ts"] = thread
        method = "conversations.replies" if thread else "conversations.history"
        key = short_key(post.key)
        for _ in range(PAGES):
            try:
                said = await self._api.call(token, method, body, reads=True)
            except Refused as refused:
                if refused.limited or refused.down or refused.in_doubt:
                    wait = timedelta(seconds=refused.wait) if refused.wait else None
                    raise SendLater(
                        f"it may have arrived, and the history cannot be read now: {refused}",
                        wait,
                        in_doubt=True,
                        everywhere=refused.down,
                    ) from None
                if refused.error in REVOKED or (refused.error in GONE and refused.error != "not_in_channel"):
                    raise
                log.info("Slack: the history of a channel cannot be read (%s)", refused)
                return "", False
            for found in said.get("messages") or []:
                metadata = found.get("metadata") or {}
                if metadata.get("event_type") == EVENT and (metadata.get("event_payload") or {}).get("key") == key:
                    return f"{channel}/{found['ts']}", True
            cursor = (said.get("response_metadata") or {}).get("next_cursor")
            if not said.get("has_more") or not cursor:
                return "", True
            body["cursor"] = cursor
        return "", True

    def _meaning(self, team: str, post: Post, refused: Refused) -> Exception:
        """What the outbox is to make of a refusal."""
        channel = post.channel.address
        if refused.limited:
            wait = max(refused.wait, 1.0)
            self._pace.hold(team, wait, channel if wait <= SHORT else "")
            return SendLater(str(refused), timedelta(seconds=wait), everywhere=wait > SHORT and self._all_held())
        if refused.down:
            wait_for = timedelta(seconds=refused.wait) if refused.wait else None
            return SendLater(str(refused), wait_for, in_doubt=refused.in_doubt, everywhere=True)
        if refused.in_doubt:
            return SendLater(str(refused), in_doubt=True)
        if refused.error in REVOKED:
            return self._shut(team, bad_token(refused))
        if refused.error in GONE:
            return ChannelGone(GONE[refused.error])
        if refused.error == "missing_scope":
            return self._shut(
                team, "The app lacks a permission. Install it again from config/slack-manifest.yaml (chat:write)."
            )
        if refused.error in UNREADABLE or refused.error in NEVER or refused.error.startswith("invalid_"):
            return SendNever(f"Slack does not take this message: {refused}.")
        return SendLater(str(refused))

    def _all_held(self) -> bool:
        return self._pace.all_held(self._teams.teams)

    @staticmethod
    def meaning_of_silence(refused: Refused) -> SendLater:
        """Slack could not even say who we are: nothing was sent."""
        wait = timedelta(seconds=refused.wait) if refused.wait else None
        return SendLater(str(refused), wait, everywhere=True)

    def _shut(self, team: str, sentence: str) -> SendLater:
        """Nothing is sent to this workspace for a while; said once, and the others go on."""
        if team not in self._closed:
            self._closed.add(team)
            log.error("Slack workspace %s: %s", team, sentence)
        self._pace.hold(team, CLOSED_FOR)
        return SendLater(sentence, timedelta(seconds=CLOSED_FOR), everywhere=self._all_held())


def _place(post: Post) -> tuple[str, str]:
    """(channel, thread) of a post; a reply stands in the thread of its target."""
    channel, _, ts = post.target.partition("/")
    if post.action == "post" or not ts:
        return post.channel.address, ""
    return channel, ts


def _body(post: Post, made: Message) -> tuple[str, dict[str, Any]]:
    channel, ts = _place(post)
    body: dict[str, Any] = {
        "channel": channel,
        "text": made.text,
        "blocks": made.blocks,
        "metadata": {"event_type": EVENT, "event_payload": {"key": short_key(post.key)}},
        "parse": "none",
    }
    if post.action == "edit" and ts:
        return "chat.update", body | {"ts": ts}
    body |= {"link_names": False, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
    if ts:
        body |= {"thread_ts": ts, "reply_broadcast": post.action == "notify"}
    return "chat.postMessage", body


def _seconds(at: datetime) -> float:
    return at.timestamp()
