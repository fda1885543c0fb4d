"""Feeds that hubs send to us: asking hubs, answering their questions, renewing in time. Polling goes on beside it, slower.

Answers come from strangers. A hub is believed if it knows the feed's own path, and a push if it is signed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.errors import SourceError
from bot.model import Clock
from bot.pulse import Pulse
from bot.sources.feed import ParsedFeed
from bot.sources.fetch import Fetched, Fetcher
from bot.sources.websub import hub_of, secret_of, signature_ok, token_of
from bot.store import hubs
from bot.store.engine import Store
from bot.store.hubs import Subscribed
from bot.store.sources import Source

log = logging.getLogger(__name__)

TICK = 2.0  # seconds between looks at which subscription is missing or ends
LEASE = timedelta(days=10)
LONGEST_LEASE = timedelta(days=30)
RENEW = timedelta(days=1)  # before the end
FIRST_WAIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(days=1)
AT_ONCE = 10


class Hubs:
    def __init__(self, store: Store, fetcher: Fetcher, clock: Clock, public_url: str, key: bytes) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._public = public_url.rstrip("/")
        self._key = key
        self._asked: dict[int, tuple[int, datetime]] = {}  # source → how often in vain, and when next
        self._silent: set[int] = set()  # sources whose hub has let a poll find something new
        self.pulse = Pulse()

    def callback(self, source_id: int) -> str:
        return f"{self._public}/websub/{source_id}/{token_of(self._key, source_id)}"

    def knows(self, source_id: int, token: str) -> bool:
        """Whether this path is one that we gave to a hub."""
        return hmac.compare_digest(token_of(self._key, source_id).encode(), token.encode("utf-8", "replace"))

    def signed(self, source_id: int, body: bytes, header: str) -> bool:
        return signature_ok(body, header, secret_of(self._key, source_id))

    def note(self, source: Source, answer: Fetched, parsed: ParsedFeed) -> None:
        """Keep which hub a feed names. A feed read over https is not entrusted to a hub that is not."""
        found = hub_of(answer.links, [("hub", parsed.hub), ("self", parsed.topic)], answer.address)
        if found and answer.address.startswith("https:") and not found[0].startswith("https:"):
            found = None
        hub, topic = found or (None, None)
        if (hub, topic) != (source.hub, source.hub_topic):
            self._asked.pop(source.id, None)
            with self._store.write() as cx:
                hubs.note(cx, source.id, hub, topic)

    def find(self, source_id: int) -> Subscribed | None:
        """The feed, if somebody still reads it."""
        with self._store.read() as cx:
            return hubs.find(cx, source_id)

    def promise(self, source: Source) -> datetime | None:
        """Until when the hub of this feed can be relied on. Many verify a subscription and then never send."""
        return None if source.id in self._silent else source.hub_until

    def missed(self, source: Source) -> None:
        """A poll found what the hub should have sent: the feed is polled at its own pace until the hub is heard."""
        if source.hub_until and source.hub_until > self._clock.now():
            self._silent.add(source.id)

    def heard(self, source_id: int) -> None:
        self._silent.discard(source_id)

    async def run(self, stop: asyncio.Event) -> None:
        """Ask for what is missing or ends soon, until told to stop."""
        while not stop.is_set():
            self.pulse.beat("hubs")
            try:
                await self.subscribe_due()
            except Exception:
                log.exception("hubs: a round failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), timeout=TICK)

    async def subscribe_due(self) -> int:
        """Ask the hubs of feeds that are not subscribed, or for less than a day more; how many were asked."""
        now = self._clock.now()
        ending = await asyncio.to_thread(self._ending, now)
        due = [row for row in ending if self._asked.get(row.id, (0, now))[1] <= now][:AT_ONCE]
        await asyncio.gather(*(self._subscribe(row, now) for row in due))
        return len(due)

    def _ending(self, now: datetime) -> list[Subscribed]:
        with self._store.read() as cx:
            return list(hubs.ending(cx, now + RENEW))

    async def _subscribe(self, row: Subscribed, now: datetime) -> None:
        """One request. The hub's own question to our callback decides; until then the wait grows from try to try."""
        times = self._asked.get(row.id, (0, now))[0]
        wait: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(times, 10))
        self._asked[row.id] = (times + 1, now + wait)
        form = {
            "hub.mode": "subscribe",
            "hub.topic": row.hub_topic or "",
            "hub.callback": self.callback(row.id),
            "hub.lease_seconds": str(int(LEASE.total_seconds())),
            "hub.secret": secret_of(self._key, row.id),
        }
        try:
            status = await self._fetcher.post_form(row.hub or "", form)
        except SourceError as error:
            log.warning("hub of source %d: %s next try in %s", row.id, error, wait)
            return
        if not 200 <= status < 300:
            log.warning("hub of source %d: it answered %d; next try in %s", row.id, status, wait)

    def answer(self, source_id: int, query: Mapping[str, str]) -> str | None:
        """What to answer a hub's question with; None where it asks for what we did not ask of it."""
        row = self.find(source_id)
        if row is None or not row.hub or row.hub_topic != query.get("hub.topic"):
            return None
        now = self._clock.now()
        if query.get("hub.mode") == "denied":
            self._asked[row.id] = (1, now + LONGEST_WAIT)
            log.warning("hub of source %d: it denies the subscription; the feed is polled", source_id)
            with self._store.write() as cx:
                hubs.denied(cx, source_id, now)
            return ""
        challenge = query.get("hub.challenge")
        if query.get("hub.mode") != "subscribe" or not challenge:
            return None
        lease = _lease(query.get("hub.lease_seconds", ""))
        self._asked[row.id] = (0, now + lease / 2)  # a lease under a day must not be renewed at every look
        with self._store.write() as cx:
            hubs.promised(cx, source_id, now + lease)
        return challenge


def _lease(seconds: str) -> timedelta:
    """How long the hub says it will send; what we asked for where it says nothing sensible."""
    if seconds.isascii() and seconds.isdigit() and len(seconds) < 10 and int(seconds) > 0:
        return min(LONGEST_LEASE, timedelta(seconds=int(seconds)))
    return LEASE
