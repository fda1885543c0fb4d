"""What people do on Discord: acknowledged at once, answered when the answer is there.

There is no state: a button and a form carry their command line, so that they work after any restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bot.cards.card import Card, Does, Tone
from bot.chat.discord_cards import pressed
from bot.chat.discord_commands import (
    MANAGE_CHANNELS,
    ON_MESSAGE,
    choices,
    filled,
    focused,
    menu_line,
    modal,
    spoken,
)
from bot.chat.discord_rest import Message, Refused, Rest, Unreachable
from bot.model import Channel, Request
from bot.store import notes, subscriptions
from handlers import BY_NAME, dispatch
from handlers.context import Context, trouble
from handlers.forms import Form, form_for, form_line
from handlers.suggest import suggest

log = logging.getLogger(__name__)

CALLBACK = "/interactions/{id}/{token}/callback"
ORIGINAL = "/webhooks/{app}/{token}/messages/@original"
FOLLOW_UP = "/webhooks/{app}/{token}"
ANSWER, LATER, LATER_IN_PLACE, COMPLETE, FORM = 4, 5, 6, 8, 9  # kinds of first answers
EPHEMERAL = 1 << 6
COMMAND, COMPONENT, TYPING, MODAL = 2, 3, 4, 5  # kinds of interactions
QUICK = 2.0  # seconds for what has to be in the first answer; Discord waits three
TRIES = 5
ACKNOWLEDGED = 40060  # by us, or by another process with our token
WORKERS = 4  # threads that answer commands, beside those that complete names
EXPIRED = trouble("This button has grown too old for me.", "Type the command instead: /help lists them.")
FOREIGN = trouble("I do not know this button.", "It is from another version of me. Type the command instead: /help")
NO_ALERT = trouble("This message is no alert of mine.", "Use this on one of my alerts, or type /why with its short id.")
Body = Callable[..., Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did, as far as we need it."""

    id: str
    token: str
    app: str
    kind: int
    data: dict[str, Any]
    guild: str  # empty in a direct message
    channel: str  # a thread's parent, where it happened in one
    channel_name: str
    user: str
    user_name: str
    permissions: int

    @property
    def workspace(self) -> str:
        return f"discord:{self.guild}" if self.guild else f"discord:dm:{self.user}"

    @property
    def may_manage(self) -> bool:
        """Managing the channel is the right to change what it is told; in a direct message it is one's own."""
        return not self.guild or bool(self.permissions & MANAGE_CHANNELS)


class Interactions:
    """Answers events through the handlers."""

    def __init__(self, context: Context, rest: Rest, body: Body, own_id: Callable[[], str]) -> None:
        self._context = context
        self._rest = rest
        self._body = body
        self._own_id = own_id
        self._commands = ThreadPoolExecutor(WORKERS, "discord-command")
        self._quick = ThreadPoolExecutor(2, "discord-quick")

    def close(self) -> None:
        self._commands.shutdown(wait=False, cancel_futures=True)
        self._quick.shutdown(wait=False, cancel_futures=True)

    async def take(self, event: Event) -> None:
        """Everything one event leads to. Raises nothing: whoever asked gets a sentence, the log the rest."""
        try:
            if event.kind == TYPING:
                await self._complete(event)
            elif event.kind == MODAL:
                await self._form_came(event)
            elif event.kind == COMPONENT:
                await self._button(event)
            elif event.kind == COMMAND:
                await self._command(event)
        except (Refused, Unreachable) as fault:
            log.warning("an interaction in channel %s could not be answered: %s", event.channel, fault)
        except Exception:
            log.exception("an interaction in channel %s failed", event.channel)

    async def _command(self, event: Event) -> None:
        if event.data.get("type") == ON_MESSAGE:
            line = menu_line(event.data, self._own_id())
            await self._answer(event, line or "", card=None if line else NO_ALERT)
            return
        said = spoken(event.data, BY_NAME)
        if said is None:
            await self._answer(event, f"/{event.data.get('name')}")
        elif said.form and event.may_manage:
            await self._open_form(event, said.form)
        else:
            await self._answer(event, said.line, public=said.public)

    async def _button(self, event: Event) -> None:
        found = pressed(str(event.data.get("custom_id") or ""))
        if found is None:
            await self._answer(event, "", card=FOREIGN)
            return
        does, line = found
        if does is Does.FORM and event.may_manage:
            await self._open_form(event, line)
        elif does in (Does.ANSWER, Does.FORM):
            await self._answer(event, line)
        elif await self._acknowledge(event, {"type": LATER_IN_PLACE}):
            card = await self._worked_out(event, line, public=does is Does.SHARE)
            if card.tone is Tone.WARNING:  # a refusal is for who pressed, the message stays
                await self._follow_up(event, await self._body(card), ephemeral=True)
            elif does is Does.SHARE:
                await self._follow_up(event, await self._body(card, shared_by=event.user_name), ephemeral=False)
            else:
                await self._edit(event, await self._body(card))

    async def _form_came(self, event: Event) -> None:
        found = filled(event.data)
        if found is None:
            await self._answer(event, "", card=FOREIGN)
        else:
            await self._answer(event, form_line(*found))

    async def _answer(self, event: Event, line: str, *, public: bool = False, card: Card | None = None) -> None:
        """Acknowledge, work it out, edit it in."""
        if not await self._acknowledge(event, {"type": LATER, "data": {"flags": 0 if public else EPHEMERAL}}):
            return
        card = card or await self._worked_out(event, line, public=public)
        await self._edit(event, await self._body(card))

    async def _worked_out(self, event: Event, line: str, *, public: bool) -> Card:
        return await asyncio.get_running_loop().run_in_executor(self._commands, self._run, event, line, public)

    def _run(self, event: Event, line: str, public: bool) -> Card:
        line = self._whole(line)
        if not line:
            return EXPIRED
        context = self._context
        zone = context.settings.digest.timezone
        with context.store.write() as cx:
            channel = subscriptions.ensure_channel(
                cx, "discord", event.workspace, event.channel, event.channel_name, zone, context.clock.now()
            )
        may = event.may_manage
        return dispatch(context, Request(line, channel, event.user, can_manage=may, can_admin=may, public=public))

    def _whole(self, line: str) -> str:
        """The line, with what is kept for the keys in it; empty if that is not there any more."""
        words = line.split(" ")
        keys = [word for word in words if len(word) == 21 and word[0] == "#" and word[1:].isalnum()]
        if not keys:
            return line
        with self._context.store.read() as cx:
            kept = {word: notes.kept_line(cx, word[1:]) for word in keys}
        return "" if None in kept.values() else " ".join(kept.get(word) or word for word in words)

    async def _open_form(self, event: Event, line: str) -> None:
        form = await self._quickly(self._form, event, line)
        if form is None:
            await self._answer(event, line)
        else:
            await self._acknowledge(event, {"type": FORM, "data": modal(form)})

    def _form(self, event: Event, line: str) -> Form | None:
        return form_for(self._context, self._known(event), self._whole(line))

    async def _complete(self, event: Event) -> None:
        found = focused(event.data, BY_NAME)
        offered = await self._quickly(self._choices, event, *found) if found else []
        await self._acknowledge(event, {"type": COMPLETE, "data": {"choices": offered or []}})

    def _choices(self, event: Event, takes: Any, typed: str) -> list[dict[str, str]]:
        def keep(value: str) -> str:
            with self._context.store.write() as cx:
                return notes.keep_line(cx, value, self._context.clock.now())

        return choices(suggest(self._context, self._known(event), takes, typed), keep)

    def _known(self, event: Event) -> Channel:
        """The channel without entering it: reading is quick even while others write."""
        with self._context.store.read() as cx:
            found = subscriptions.find_channel(cx, "discord", event.workspace, event.channel)
        zone = self._context.settings.digest.timezone
        return found or Channel(0, event.workspace, "discord", event.channel, event.channel_name, zone)

    async def _quickly(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """The result, or None where it does not come in time for a first answer."""
        task = asyncio.get_running_loop().run_in_executor(self._quick, work, *arguments)
        try:
            return await asyncio.wait_for(task, QUICK)
        except TimeoutError:
            return None

    async def _acknowledge(self, event: Event, first: dict[str, Any]) -> bool:
        """The first answer; False if somebody else gave it, or it came too late for Discord."""
        for attempt in range(TRIES):
            try:
                await self._rest.answer("POST", CALLBACK, {"id": event.id, "token": event.token}, first)
                return True
            except Refused as refused:
                if refused.code == ACKNOWLEDGED:
                    return attempt > 0  # an earlier try of ours arrived; else another process was first
                if refused.status < 500 and refused.status != 429:
                    log.warning("an interaction in channel %s was not acknowledged: %s", event.channel, refused)
                    return False
                fault: Exception = refused
            except Unreachable as unreachable:
                fault = unreachable
            await asyncio.sleep(0.1 * 2**attempt)
        log.warning("an interaction in channel %s was not acknowledged: %s", event.channel, fault)
        return False

    async def _edit(self, event: Event, said: Message) -> None:
        await self._patiently("PATCH", ORIGINAL, event, said)

    async def _follow_up(self, event: Event, said: Message, *, ephemeral: bool) -> None:
        await self._patiently("POST", FOLLOW_UP, event, said.plus(flags=EPHEMERAL if ephemeral else 0))

    async def _patiently(self, method: str, route: str, event: Event, said: Message) -> None:
        """Try again after a fault; a new message only where the first try surely did not arrive."""
        for attempt in range(TRIES):
            wait = 0.5 * 2**attempt
            try:
                await self._rest.answer(method, route, {"app": event.app, "token": event.token}, said.body, said.files)
                return
            except Refused as refused:
                again = refused.status == 429 or (refused.status >= 500 and method == "PATCH")
                if not again or attempt == TRIES - 1:
                    raise
                wait = refused.wait or wait
            except Unreachable as unreachable:
                if (unreachable.sent and method == "POST") or attempt == TRIES - 1:
                    raise
            await asyncio.sleep(wait)
