"""Claim → send → mark, or back off, park, or bury: the only way a card leaves the house.

A delivery whose holder died between "sent" and "marked" is claimed again in doubt; the chat is told, so
that it can look before it repeats, or mark what it says as a possible repeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot import metrics
from bot.cards import notice
from bot.cards.card import Card, card_from_data, card_to_data
from bot.model import Channel, Clock
from bot.pulse import Pulse
from bot.store import outbox, subscriptions
from bot.store.engine import Store
from bot.store.outbox import Delivery

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(
    seconds=8
)  # between two looks at a platform that is down: it is back at most so long unnoticed
LOOK = 0.5  # seconds between two looks into the outbox when nobody wakes it


class SendLater(Exception):
    """The platform cannot take it now.

    `in_doubt`: it may have taken it all the same; `everywhere`: it takes nothing now; `paced`: nothing is wrong, its
    turn comes later.
    """

    def __init__(
        self,
        reason: str,
        wait: timedelta | None = None,
        *,
        in_doubt: bool = False,
        everywhere: bool = False,
        paced: bool = False,
    ) -> None:
        super().__init__(reason)
        self.wait = wait
        self.in_doubt = in_doubt
        self.everywhere = everywhere
        self.paced = paced


class SendNever(Exception):
    """The platform will never take this card."""


class ChannelGone(Exception):
    """The channel is gone, archived, or closed to us: nothing is tried there until somebody speaks to us there again."""


@dataclass(frozen=True, slots=True)
class Post:
    """What a chat is asked to do."""

    channel: Channel
    card: Card
    key: str  # the one key of this effect: the same on every retry
    kind: str = "alert"  # alert | summary | digest | notice
    action: str = "post"  # post | edit | reply in its thread | notify: a reply that the whole channel sees
    target: str = ""  # the reference of the message that is edited or replied to
    mention: str = ""  # a role to call, as the platform writes it
    in_doubt: bool = False  # an earlier attempt may have arrived
    created_at: datetime | None = None  # it cannot have arrived before


class Chat(Protocol):
    """A platform: it renders a card and says under which reference the message can be found again."""

    platform: str
    at_once: int  # sends that may be under way

    async def send(self, post: Post) -> str:
        """The message's reference. Raises `SendLater`, `SendNever` or `ChannelGone`; anything else leaves a doubt."""

    async def admin_of(self, workspace: str) -> tuple[str, str] | None:
        """(address, name) of where an admin of a workspace can be told something, if there is such a place."""


class Outbox:
    """One worker a platform, so that one that is slow or down holds up no other."""

    def __init__(
        self,
        store: Store,
        chats: Iterable[Chat],
        clock: Clock,
        owner: str,
        lease: timedelta,
        checkpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._workers = [Worker(store, chat, clock, owner, lease, checkpoint) for chat in chats]
        self.pulse = Pulse()

    def wake(self) -> None:
        """Something was put in: look now. Safe from the loop's own thread only."""
        for worker in self._workers:
            worker.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until told to stop; what is under way then is finished."""
        await asyncio.gather(*(worker.run(stop, lambda: self.pulse.beat("outbox")) for worker in self._workers))

    async def drain(self) -> int:
        """Send everything that is due now; how many went out."""
        return sum(await asyncio.gather(*(worker.drain() for worker in self._workers)))


class Worker:
    """The sender of one platform: many channels at once, in each one after the other."""

    def __init__(
        self,
        store: Store,
        chat: Chat,
        clock: Clock,
        owner: str,
        lease: timedelta,
        checkpoint: Callable[[str], None],
    ) -> None:
        self._store = store
        self._chat = chat
        self._clock = clock
        self._owner = owner
        self._lease = lease
        self._checkpoint = checkpoint
        self._wake = asyncio.Event()
        self._refused = 0  # times in a row that the platform took nothing
        self._paused_until: datetime | None = None

    def wake(self) -> None:
        self._wake.set()

    async def run(self, stop: asyncio.Event, beat: Callable[[], None]) -> None:
        busy: set[asyncio.Task[bool]] = set()
        stopping = asyncio.create_task(stop.wait())
        while not stop.is_set():
            beat()
            self._wake.clear()
            try:
                begun = await self._begin(busy)
            except Exception:
                log.exception("outbox: nothing could be claimed for %s", self._chat.platform)
                begun = 0
            waker = asyncio.create_task(self._wake.wait())
            waiting = {*busy, stopping} if begun and busy else {*busy, stopping, waker}
            await asyncio.wait(waiting, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            waker.cancel()
        stopping.cancel()
        if busy:
            await asyncio.wait(busy)

    async def drain(self) -> int:
        total = 0
        busy: set[asyncio.Task[bool]] = set()
        while await self._begin(busy) or busy:
            done, _ = await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
            total += sum(task.result() for task in done)
        return total

    async def _begin(self, busy: set[asyncio.Task[bool]]) -> int:
        """Claim what is due, as far as there is room, and begin to send it; how many were begun.

        A platform that took nothing is asked with one delivery at a time until it takes one.
        """
        if self._paused_until and self._clock.now() < self._paused_until:
            return 0
        most = 1 if self._refused else self._chat.at_once
        room = most - len(busy)
        if room * 4 < most:
            return 0  # a look at thousands that wait costs as much for one as for many
        taken = await asyncio.to_thread(self._claim, room)
        if taken:
            self._checkpoint("after claim")
        for delivery in taken:
            task = asyncio.create_task(self._deliver(delivery))
            busy.add(task)
            task.add_done_callback(busy.discard)
        return len(taken)

    def _claim(self, most: int) -> list[Delivery]:
        platforms = [self._chat.platform]
        with self._store.read() as cx:
            if not outbox.any_due(cx, platforms, self._clock.now()):
                return []
        with self._store.write() as cx:
            return outbox.claim(cx, self._owner, platforms, self._clock.now(), self._lease, most)

    async def _deliver(self, delivery: Delivery) -> bool:
        try:
            return await self._send(delivery)
        except Exception:
            log.exception("delivery %d: its end could not be noted; its lease will end", delivery.id)
            return False

    async def _send(self, delivery: Delivery) -> bool:
        platform = delivery.platform
        try:
            post = await asyncio.to_thread(self._post, delivery)
            reference = await self._chat.send(post)
        except SendLater as reason:
            wait = reason.wait or backoff(delivery.attempts)
            if reason.everywhere:
                wait = self._pause(reason.wait)
            if not reason.paced:
                metrics.delivered(platform, "later")
            level = logging.DEBUG if reason.paced else logging.WARNING
            log.log(level, "delivery %d waits %s: %s", delivery.id, wait, reason)
            until = self._clock.now() + wait
            await asyncio.to_thread(self._put_back, delivery, until, str(reason), reason.in_doubt, not reason.paced)
            return False
        except SendNever as reason:
            metrics.delivered(platform, "never")
            log.warning("delivery %d is dead: %s", delivery.id, reason)
            await asyncio.to_thread(self._bury, delivery, str(reason))
            return False
        except ChannelGone as reason:
            metrics.delivered(platform, "parked")
            log.warning("channel %d is parked: %s", delivery.channel_id, reason)
            await self._park(delivery, str(reason))
            return False
        except Exception as error:
            metrics.delivered(platform, "later")
            log.exception("delivery %d failed", delivery.id)
            wait = backoff(delivery.attempts)
            await asyncio.to_thread(self._put_back, delivery, self._clock.now() + wait, type(error).__name__, True)
            return False
        self._refused, self._paused_until = 0, None
        metrics.delivered(platform, "sent")
        self._checkpoint("after send")
        self._checkpoint("before mark")
        await asyncio.to_thread(self._mark, delivery, reference)
        return True

    def _pause(self, asked: timedelta | None) -> timedelta:
        """The platform takes nothing: nobody asks it again for as long as it says, or a little longer each time."""
        now = self._clock.now()
        if self._paused_until and now < self._paused_until and not asked:
            return self._paused_until - now  # others that were under way say the same
        self._refused += 1
        wait = asked or min(LONGEST_PAUSE, backoff(self._refused))
        self._paused_until = now + wait
        return wait

    def _post(self, delivery: Delivery) -> Post:
        """Raises `SendNever` if the message that is to be edited or replied to was never sent."""
        with self._store.read() as cx:
            channel = subscriptions.channel(cx, delivery.channel_id)
            target = outbox.reference_of(cx, delivery.target) if delivery.target else ""
        if delivery.target and not target:
            raise SendNever("The message that it belongs to was never sent.")
        return Post(
            channel,
            card_from_data(delivery.card),
            delivery.delivery_key,
            delivery.kind,
            delivery.action,
            target or "",
            delivery.mention or "",
            delivery.in_doubt,
            delivery.created_at,
        )

    def _mark(self, delivery: Delivery, reference: str) -> None:
        with self._store.write() as cx:
            outbox.mark_sent(cx, delivery, reference, self._clock.now())

    def _put_back(
        self, delivery: Delivery, not_before: datetime, error: str, in_doubt: bool, tried: bool = True
    ) -> None:
        with self._store.write() as cx:
            outbox.put_back(cx, delivery, not_before, error, in_doubt=in_doubt, tried=tried)

    def _bury(self, delivery: Delivery, error: str) -> None:
        with self._store.write() as cx:
            outbox.bury(cx, delivery, error)

    async def _park(self, delivery: Delivery, reason: str) -> None:
        """Its deliveries stay until somebody speaks to us there; an admin of the workspace is told, once."""
        channel = await asyncio.to_thread(self._parked, delivery, reason)
        if channel is None:
            return
        place = None
        with contextlib.suppress(Exception):
            place = await self._chat.admin_of(channel.workspace)
        if place and place[0] != channel.address:
            await asyncio.to_thread(self._tell, channel, reason, *place)
            self.wake()

    def _parked(self, delivery: Delivery, reason: str) -> Channel | None:
        """The channel, if it was not parked before."""
        with self._store.write() as cx:
            outbox.put_back(cx, delivery, self._clock.now(), reason, in_doubt=False)
            new = subscriptions.park_channel(cx, delivery.channel_id, reason)
            return subscriptions.channel(cx, delivery.channel_id) if new else None

    def _tell(self, channel: Channel, reason: str, address: str, name: str) -> None:
        now = self._clock.now()
        with self._store.write() as cx:
            admin = subscriptions.ensure_channel(
                cx, channel.platform, channel.workspace, address, name, channel.timezone, now
            )
            key = outbox.delivery_key("parked", channel.id, now.isoformat())
            card = card_to_data(notice.parked(channel.name, reason))
            outbox.enqueue(cx, key, admin.id, admin.platform, "notice", card, now)


def backoff(attempts: int) -> timedelta:
    """2 s, 4 s, 8 s … a quarter of an hour, each with up to a fifth more so that many do not return at once."""
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 12))
    return wait * (1 + random.random() / 5)  # noqa: S311 - spreading load is no secret
