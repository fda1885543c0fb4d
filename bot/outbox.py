"""Claim → send → mark, or back off, or bury: the only way a card leaves the house.

A delivery whose holder died between "sent" and "marked" is claimed again in doubt; the chat is told, so
that it can look before it repeats, or mark what it says as a possible repeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from bot import metrics
from bot.cards.card import Card, card_from_data
from bot.model import Channel, Clock
from bot.pulse import Pulse
from bot.store import outbox, subscriptions
from bot.store.engine import Store
from bot.store.outbox import Delivery

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=15)
BATCH = 20


class SendLater(Exception):
    """The platform cannot take it now. `in_doubt`: it may have taken it all the same."""

    def __init__(self, reason: str, wait: timedelta | None = None, *, in_doubt: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.in_doubt = in_doubt


class SendNever(Exception):
    """The platform will never take it: the channel is gone, or closed to us."""


class Chat(Protocol):
    """A platform: it renders a card and says under which reference the message can be found again."""

    platform: str

    async def send(self, channel: Channel, card: Card, delivery_key: str, *, in_doubt: bool) -> str: ...


class Outbox:
    def __init__(
        self,
        store: Store,
        chats: Mapping[str, Chat],
        clock: Clock,
        owner: str,
        lease: timedelta,
        checkpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._chats = chats
        self._clock = clock
        self._owner = owner
        self._lease = lease
        self._checkpoint = checkpoint
        self._wake = asyncio.Event()
        self.pulse = Pulse()

    def wake(self) -> None:
        """Something was put in: look now. Safe from the loop's own thread only."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until told to stop; the wait ends early when something new comes in."""
        while not stop.is_set():
            self.pulse.beat("outbox")
            try:
                sent = await self.drain_once()
            except Exception:
                log.exception("outbox: a round failed")
                sent = 0
            if sent:
                continue
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), timeout=0.5)

    async def drain(self) -> int:
        """Send everything that is due now; how many went out."""
        total = 0
        while sent := await self.drain_once():
            total += sent
        return total

    async def drain_once(self) -> int:
        taken = await asyncio.to_thread(self._claim)
        if taken:
            self._checkpoint("after claim")
        results = [await self._deliver(delivery) for delivery in taken]
        return sum(results)

    def _claim(self) -> list[Delivery]:
        with self._store.write() as cx:
            return outbox.claim(cx, self._owner, list(self._chats), self._clock.now(), self._lease, BATCH)

    async def _deliver(self, delivery: Delivery) -> bool:
        try:
            channel = await asyncio.to_thread(self._channel, delivery.channel_id)
            chat = self._chats[delivery.platform]
            card = card_from_data(delivery.card)
            reference = await chat.send(channel, card, delivery.delivery_key, in_doubt=delivery.in_doubt)
        except SendLater as reason:
            wait = reason.wait or backoff(delivery.attempts)
            metrics.delivered(delivery.platform, "later")
            log.warning("delivery %d waits %s: %s", delivery.id, wait, reason)
            await asyncio.to_thread(self._put_back, delivery, self._clock.now() + wait, str(reason), reason.in_doubt)
            return False
        except SendNever as reason:
            metrics.delivered(delivery.platform, "never")
            log.warning("delivery %d is dead: %s", delivery.id, reason)
            await asyncio.to_thread(self._bury, delivery, str(reason))
            return False
        except Exception as error:
            metrics.delivered(delivery.platform, "later")
            log.exception("delivery %d failed", delivery.id)
            wait = backoff(delivery.attempts)
            await asyncio.to_thread(self._put_back, delivery, self._clock.now() + wait, type(error).__name__, True)
            return False
        metrics.delivered(delivery.platform, "sent")
        self._checkpoint("after send")
        self._checkpoint("before mark")
        await asyncio.to_thread(self._mark, delivery, reference)
        return True

    def _channel(self, channel_id: int) -> Channel:
        with self._store.read() as cx:
            return subscriptions.channel(cx, channel_id)

    def _mark(self, delivery: Delivery, reference: str) -> None:
        with self._store.write() as cx:
            outbox.mark_sent(cx, delivery, reference, self._clock.now())

    def _put_back(self, delivery: Delivery, not_before: datetime, error: str, in_doubt: bool) -> None:
        with self._store.write() as cx:
            outbox.put_back(cx, delivery, not_before, error, in_doubt=in_doubt)

    def _bury(self, delivery: Delivery, error: str) -> None:
        with self._store.write() as cx:
            outbox.bury(cx, delivery, error)


def backoff(attempts: int) -> timedelta:
    """2 s, 4 s, 8 s … a quarter of an hour, each with up to a fifth more so that many do not return at once."""
    wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 12))
    return wait * (1 + random.random() / 5)  # noqa: S311 - spreading load is no secret
