"""Our own doubles: a clock that stands until it is moved, a chat that remembers, and ways to make articles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.cards.card import Card
from bot.entities.catalogue import Catalogue
from bot.entities.lookup import Lookup
from bot.known import Known
from bot.model import Channel, Document, Request
from bot.outbox import Post
from bot.pipeline import Batch, Pipeline
from bot.settings import Settings
from bot.store import sources, subscriptions
from bot.store.engine import Store
from handlers.context import Context

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
# The secrets of the environment in every test. No log, reply or file may hold the word canary.
DISCORD_TOKEN = "canary-bot-token.AAAAAA.canary-bot-token-canary-bot"
SLACK_TOKEN = "xoxb-canary-one-1111"
SLACK_APP_TOKEN = "xapp-1-canary-socket"
SLACK_SIGNING = "signing-secret-canary"
SLACK_CLIENT_SECRET = "client-secret-canary"
CANARIES = (DISCORD_TOKEN, SLACK_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING, SLACK_CLIENT_SECRET)


class StandingClock:
    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by


class RememberingChat:
    """A platform that keeps what it is sent; `failures` are raised first, one a send."""

    def __init__(self, platform: str = "console") -> None:
        self.platform = platform
        self.at_once = 20
        self.sent: list[Post] = []
        self.failures: list[Exception] = []

    async def send(self, post: Post) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(post)
        return f"message-{len(self.sent)}"

    async def admin_of(self, workspace: str) -> tuple[str, str] | None:
        return "admin", "the admin"


class House:
    """A store with one channel, and everything between a document and a delivery."""

    def __init__(self, store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> None:
        self.store = store
        self.clock = clock
        self.catalogue = catalogue
        self.known = Known(catalogue, Lookup(catalogue))
        self.context = Context(store, catalogue, Lookup(catalogue), self.known, clock, settings, woken=[])
        self.pipeline = Pipeline(store, self.known, clock, settings.feeds.fresh)
        self.channel = self.new_channel("one")

    def new_channel(self, address: str, workspace: str = "home") -> Channel:
        with self.store.write() as cx:
            return subscriptions.ensure_channel(cx, "console", workspace, address, address, "UTC", self.clock.now())

    def follow(self, query: str, channel: Channel | None = None) -> None:
        from bot.rules.parse import parse_query

        canonical = str(parse_query(query, self.context.resolve))
        with self.store.write() as cx:
            subscriptions.add_subscription(cx, channel or self.channel, canonical, "test", self.clock.now())

    def source(
        self, kind: str = "folder", address: str = "/corpus", workspace: str = sources.EVERYBODY
    ) -> sources.Source:
        with self.store.write() as cx:
            added, _ = sources.add_source(cx, kind, address, workspace, self.clock.now(), title="corpus")
            sources.due_now(cx, added.id, self.clock.now())
            claimed = sources.claim_due(cx, "test", self.clock.now(), timedelta(minutes=1), 10)
        return next(source for source in claimed if source.id == added.id)

    def ingest(
        self, *documents: Document, kind: str = "folder", address: str = "/corpus", workspace: str = sources.EVERYBODY
    ) -> int:
        """How many alerts these documents raise."""
        source = self.source(kind, address, workspace)
        return self.pipeline.ingest(Batch(source, documents, self.clock.now())).alerts

    def say(self, text: str, channel: Channel | None = None, *, can_manage: bool = True) -> Card:
        from handlers import dispatch

        return dispatch(
            self.context, Request(text, channel or self.channel, "tester", can_manage=can_manage, can_admin=can_manage)
        )


def document(body: str, key: str = "a.md", title: str = "", **more: object) -> Document:
    return Document(key=key, title=title or body, body=body, **more)  # type: ignore[arg-type]


def card_text(card: Card) -> str:
    """Everything a card says, for assertions on content rather than layout."""
    from io import StringIO

    from bot.chat.console import new_console, render

    out = StringIO()
    console = new_console(out)
    console.width = 400
    console.print(render(card))
    return out.getvalue()


def write_files(folder: Path, files: dict[str, str | bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
