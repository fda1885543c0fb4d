"""Reads the pages that somebody asked about with `/whynot`, with the guard and manners of every fetch, and reports back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import timedelta

from bot.cards.card import Card, Text, Tone, card_to_data, line
from bot.errors import SourceError
from bot.known import Known
from bot.model import Clock, Document
from bot.pages import Pages
from bot.store import checks, outbox, subscriptions
from bot.store.checks import Check
from bot.store.engine import Store
from bot.text.clean import article_from
from bot.whynot import Looked, mentions_in, whynot_card

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
AT_ONCE = 4
LOOK = 2.0  # seconds between two looks when nobody wakes it


class Checks:
    def __init__(
        self, store: Store, pages: Pages, known: Known, fresh: timedelta, clock: Clock, on_answer: Callable[[], None]
    ) -> None:
        self._store = store
        self._pages = pages
        self._known = known
        self._fresh = fresh
        self._clock = clock
        self._on_answer = on_answer
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """A page may be waiting. Safe from any thread."""
        if self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, stop: asyncio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        while not stop.is_set():
            self._wake.clear()
            try:
                await self.once()
            except Exception:
                log.exception("checks: a round failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), timeout=LOOK)

    async def once(self) -> int:
        """Answer what is asked now; how many were."""
        taken = await asyncio.to_thread(self._claim)
        await asyncio.gather(*(self._answer(check) for check in taken))
        if taken:
            self._on_answer()
        return len(taken)

    def _claim(self) -> list[Check]:
        with self._store.write() as cx:
            return checks.claim(cx, self._clock.now(), LEASE, AT_ONCE)

    async def _answer(self, check: Check) -> None:
        try:
            document = await self._pages.document_at(check.address)
        except SourceError as error:
            said = Card(
                title=f"The page cannot be read: {check.address}", tone=Tone.WARNING, blocks=(Text(line(str(error))),)
            )
            await asyncio.to_thread(self._report, check, said)
            return
        looked = await asyncio.to_thread(self._look, document)
        await asyncio.to_thread(self._report, check, looked)

    def _look(self, document: Document) -> Looked:
        article = article_from(document, document.outlet or "")
        return Looked(article, mentions_in(self._known, article.text))

    def _report(self, check: Check, found: Card | Looked) -> None:
        now = self._clock.now()
        with self._store.write() as cx:
            channel = subscriptions.channel(cx, check.channel_id)
            card = found if isinstance(found, Card) else whynot_card(cx, self._known, channel, found, self._fresh, now)
            key = outbox.delivery_key("whynot", check.id, check.address)
            outbox.enqueue(cx, key, channel.id, channel.platform, "notice", card_to_data(card), now)
            checks.done(cx, check.id)
