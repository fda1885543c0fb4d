"""The composition root: the only file that knows all others."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from rich.console import Console

from bot.cards.card import Card, card_from_data
from bot.cards.picture import Mode, PictureSpec
from bot.chat.console import ConsoleChat, new_console, quiet_output, reading_progress, render, typed_lines
from bot.checks import Checks
from bot.data_files import data_folder
from bot.editor import build_digest, send_due_digests
from bot.entities.build import compiled_gazetteer
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.lookup import Lookup
from bot.entities.nlp import Model
from bot.hubs import Hubs
from bot.known import Known
from bot.memory import settle_memory
from bot.model import Channel, Clock, Request
from bot.outbox import Chat, Outbox
from bot.pictures.studio import Studio
from bot.pipeline import Pipeline
from bot.poller import Poller
from bot.pulse import Pulse
from bot.schedule import Wakeups
from bot.settings import Settings
from bot.sources.fetch import Fetcher
from bot.sources.websub import master_key
from bot.store import alerts, sources, subscriptions
from bot.store.engine import Store
from bot.store.windows import Window
from bot.stories.outlets import load_outlets
from bot.web import Route, Web
from handlers import completions, dispatch
from handlers.context import Context

DEFAULT_QUERY = "kind:actor OR kind:town"
log = logging.getLogger(__name__)

TICK = 0.5  # seconds between looks at what is due
DIGEST_TICK = 5.0
LISTEN_AGAIN = 30.0  # seconds after a platform's listening has failed
PATIENCE = 8.0  # seconds a stopping service gives what is under way; SIGTERM promises ten
LAST_ROUND = 20.0  # seconds a closing console may spend on what is already due


@runtime_checkable
class Connected(Protocol):
    """A chat that also listens. `run` returns when told to stop; `close` comes after the last delivery."""

    platform: str

    async def run(self, stop: asyncio.Event) -> None: ...

    async def close(self) -> None: ...


@runtime_checkable
class Visited(Protocol):
    """A chat that is also called over HTTP."""

    def routes(self) -> list[Route]: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class App:
    """An open house: everything wired, nothing running yet."""

    settings: Settings
    store: Store
    catalogue: Catalogue
    context: Context
    pipeline: Pipeline
    clock: Clock
    owner: str
    console_channel: Channel

    def answer(self, text: str, channel: Channel | None = None, *, user: str = "you") -> Card:
        return dispatch(
            self.context, Request(text, channel or self.console_channel, user, can_manage=True, can_admin=True)
        )


@contextlib.contextmanager
def open_app(
    settings: Settings,
    clock: Clock | None = None,
    checkpoint: Callable[[str], None] = lambda _: None,
    catalogue_files: Iterable[Path] | None = None,
) -> Iterator[App]:
    """Wire everything; `clock`, `checkpoint` and `catalogue_files` are for tests."""
    clock = clock or SystemClock()
    catalogue = load_catalogue(catalogue_files or settings.entity_folders)
    lookup = Lookup(catalogue, compiled_gazetteer(settings.store.folder))
    known = Known(catalogue, lookup, Model() if settings.entities.model else None)
    store = Store(settings.database_url)
    try:
        context = Context(store, catalogue, lookup, known, clock, settings, woken=[])
        outlets = load_outlets(data_folder("config") / "outlets.toml", catalogue)
        pipeline = Pipeline(store, known, clock, settings.feeds.fresh, outlets, checkpoint)
        owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        channel = _furnish(store, settings, clock.now())
        yield App(settings, store, catalogue, context, pipeline, clock, owner, channel)
    finally:
        store.close()


def _furnish(store: Store, settings: Settings, now: datetime) -> Channel:
    """The console's channel with its first subscription, and the sources that the settings name."""
    with store.write() as cx:
        channel = subscriptions.find_channel(cx, "console", "console", "console")
        if channel is None:
            channel = subscriptions.ensure_channel(
                cx, "console", "console", "console", "this console", settings.digest.timezone, now
            )
            subscriptions.add_subscription(cx, channel, DEFAULT_QUERY, "default", now)
        for folder in settings.corpus_folders:
            source, _ = sources.add_source(
                cx, "folder", str(folder.resolve()), sources.EVERYBODY, now, title=folder.name
            )
            sources.due_now(cx, source.id, now)
        for address in settings.feeds.urls:
            sources.add_source(cx, "feed", address, sources.EVERYBODY, now)
    return channel


class Service:
    """The running loops: reading, sending, digests; and the console, if there is one."""

    def __init__(self, app: App, chats: Sequence[Chat], checkpoint: Callable[[str], None] = lambda _: None) -> None:
        settings = app.settings
        self.app = app
        self.fetcher = Fetcher(settings.fetch.allow, settings.fetch.timeout, settings.fetch.contact)
        self.poller = Poller(app.store, app.pipeline, self.fetcher, settings, app.clock, app.owner)
        self.outbox = Outbox(app.store, chats, app.clock, app.owner, settings.outbox.lease, checkpoint)
        self.connected = [chat for chat in chats if isinstance(chat, Connected)]
        pages = self.poller.pages
        self.checks = Checks(
            app.store, pages, app.context.known, settings.feeds.fresh, app.clock, lambda: self.outbox.wake()
        )
        self.stop = asyncio.Event()
        self.pulse = self.poller.pulse = self.outbox.pulse = Pulse()
        self.hubs = self._hubs() if settings.http.listen and settings.http.public_url else None
        key = master_key(settings.store.folder) if settings.http.listen and settings.http.public_url else b""
        self.web = Web(settings.http.listen, app.store, app.clock, self.pulse, self.hubs, self._pushed, key)
        self.web.routes = [route for chat in chats if isinstance(chat, Visited) for route in chat.routes()]

    def _hubs(self) -> Hubs:
        settings = self.app.settings
        key = master_key(settings.store.folder)
        hubs = Hubs(self.app.store, self.fetcher, self.app.clock, settings.http.public_url, key)
        self.poller.hubs, hubs.pulse = hubs, self.pulse
        return hubs

    async def _pushed(self, source_id: int, body: bytes, content_type: str) -> bool:
        """What a hub sent, on its way; False if it is left to the next poll."""
        result = await self.poller.take_push(source_id, body, content_type)
        self.outbox.wake()
        return result is not None

    async def run(self, talk: Callable[[], Awaitable[None]] | None = None) -> None:
        """Keep reading and sending until told to stop, or until `talk` ends. Raises `VedetteError` if `listen` is taken."""
        for name in ("poller", "outbox", "digests"):
            self.pulse.beat(name)
        await self.web.start()
        async with Wakeups() as wakeups:
            wakeups.every(TICK, self.poller.wake)
            wakeups.every(TICK, self.outbox.wake)
            loops = [
                asyncio.create_task(self.poller.run(self.stop, self.outbox.wake)),
                asyncio.create_task(self.outbox.run(self.stop)),
                asyncio.create_task(self._digests()),
                asyncio.create_task(self._gazetteer()),
            ]
            loops.append(asyncio.create_task(self.checks.run(self.stop)))
            loops += [asyncio.create_task(self._listen(chat)) for chat in self.connected]
            if self.hubs:
                loops.append(asyncio.create_task(self.hubs.run(self.stop)))
            talking = asyncio.create_task(self._talk(talk)) if talk else None
            await self.stop.wait()
            self.poller.wake()
            self.outbox.wake()
            loops.append(asyncio.create_task(self.web.close()))
            _, late = await asyncio.wait(loops, timeout=PATIENCE)
            for task in [*late, *([talking] if talking else [])]:
                task.cancel()

    async def _listen(self, chat: Connected) -> None:
        """One platform that fails takes no other with it."""
        while not self.stop.is_set():
            try:
                await chat.run(self.stop)
            except Exception:
                log.exception("%s: listening failed; it begins anew", chat.platform)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), timeout=LISTEN_AGAIN)

    async def _talk(self, talk: Callable[[], Awaitable[None]]) -> None:
        try:
            await talk()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._last_round(), timeout=LAST_ROUND)
        finally:
            self.stop.set()

    async def _last_round(self) -> None:
        """Whatever was asked for is carried out before the console closes: a feed just added is read once."""
        while await self.poller.read_due():
            pass
        await self.outbox.drain()

    async def _digests(self) -> None:
        while not self.stop.is_set():
            self.pulse.beat("digests")
            try:
                now = self.app.clock.now()
                made = await asyncio.to_thread(send_due_digests, self.app.store, self.app.context.known, now)
                if await asyncio.to_thread(self.app.pipeline.release) or made:
                    self.outbox.wake()
            except Exception:
                log.exception("digests: a round failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), timeout=DIGEST_TICK)

    async def _gazetteer(self) -> None:
        """The first service of an installation compiles the places of the world, in a process of its own."""
        folder = self.app.settings.store.folder
        if compiled_gazetteer(folder):
            return
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "places", "compile"),
            env={**os.environ, "VEDETTE_STORE_FOLDER": str(folder)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        done, stopped = asyncio.create_task(child.wait()), asyncio.create_task(self.stop.wait())
        await asyncio.wait({done, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if child.returncode is None:
            child.terminate()
            await child.wait()
        gazetteer = compiled_gazetteer(folder)
        if gazetteer:
            self.app.context.lookup.take(gazetteer)
        elif not self.stop.is_set():
            log.warning("the world gazetteer could not be compiled; look-ups know the catalogue alone")

    async def close(self) -> None:
        for chat in self.connected:
            await chat.close()
        await self.web.close()
        await self.fetcher.close()
        await asyncio.to_thread(self.poller.close)
        await asyncio.to_thread(self._release)

    def _release(self) -> None:
        with self.app.store.write() as cx:
            sources.release_leases(cx, self.app.owner)


async def run(settings: Settings, *, prompt: bool, tour: bool) -> None:
    """The main job: read the corpus, show what it raises, then keep watch; with `prompt`, answer commands too."""
    screen = new_console()
    with open_app(settings) as app:
        console = ConsoleChat(screen, settings.store.folder / "console.jsonl")
        studio = Studio(settings.store.folder / "pictures")
        service = Service(app, [console, *_chats(app, studio)])
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, service.stop.set)

        def wake() -> None:  # handlers work in threads
            loop.call_soon_threadsafe(service.poller.wake)
            loop.call_soon_threadsafe(service.checks.wake)

        app.context.woken.append(wake)
        settle_memory()
        try:
            if tour:
                await _show_earlier(app, screen, app.console_channel)
            await _read_corpus(service, screen)
            if tour:
                screen.print(render(app.answer("/digest now")))
            if prompt:
                screen.print(_welcome(app), style="dim")
            with quiet_output(screen):
                await service.run((lambda: _converse(app, screen)) if prompt else None)
        finally:
            await service.close()
            await asyncio.to_thread(studio.close)


def _chats(app: App, studio: Studio) -> list[Chat]:
    """The platforms that there are tokens for; their libraries are loaded only then."""
    chats: list[Chat] = []
    secrets, slack = app.settings.secrets, app.settings.slack
    if secrets.discord_token:
        from bot.chat.discord import DiscordChat

        # Most of Discord's readers see it dark, most of Slack's light.
        chats.append(DiscordChat(app.context, secrets.discord_token.get_secret_value(), _drawing(studio, Mode.DARK)))
    if secrets.slack_bot_token or (slack.client_id and secrets.slack_client_secret):
        from bot.chat.slack import SlackChat

        chats.append(SlackChat(app.context, draw=_drawing(studio, Mode.LIGHT)))
    return chats


def _drawing(studio: Studio, mode: Mode) -> Callable[[PictureSpec], Awaitable[bytes]]:
    return lambda spec: studio.picture_of(spec, mode)


async def _read_corpus(service: Service, screen: Console) -> None:
    """Read the watched folders with a progress bar, then show the alerts they raise."""
    with reading_progress(screen) as progress:
        while not service.stop.is_set() and await service.poller.read_due("folder", progress):
            pass
    await service.outbox.drain()


async def _show_earlier(app: App, screen: Console, channel: Channel) -> None:
    """The corpus's alerts of an earlier start, so that the tour is whole every time it is taken."""
    cards = await asyncio.to_thread(_sent_cards, app, channel)
    if cards:
        screen.print("Shown at an earlier start:", style="dim")
    for card in cards:
        screen.print(render(card))


def _sent_cards(app: App, channel: Channel) -> list[Card]:
    with app.store.read() as cx:
        return [card_from_data(data) for data in alerts.sent_cards(cx, channel.id, "folder")]


def _welcome(app: App) -> str:
    kinds = f"{len(app.catalogue.entities):,} entities"
    return f"Watching with {kinds}. Type a command such as /whois Quds Force; /help lists them, Ctrl-D leaves."


async def _converse(app: App, screen: Console) -> None:
    def complete(typed: str) -> Iterator[tuple[str, str]]:
        return completions(app.context, app.console_channel, typed)

    async for line in typed_lines(complete, app.settings.store.folder / "history"):
        if line.strip():
            screen.print(render(await asyncio.to_thread(app.answer, line)))


def ask(settings: Settings, text: str) -> Card:
    """Answer one command from what has been read, after a look into the watched folders."""
    with open_app(settings) as app:
        poller = Poller(app.store, app.pipeline, Fetcher((), settings.fetch.timeout), settings, app.clock, app.owner)
        asyncio.run(_read_folders(poller))
        return app.answer(text)


def brief(settings: Settings, at: datetime, zone: str | None, since: datetime | None) -> Card:
    """The digest that the console would have had at a moment, by the dates of the documents; nothing is sent or noted.

    `at` and `since` are wall-clock times of the zone, by default the console's; without `since` it is the day before.
    """
    with open_app(settings) as app:
        poller = Poller(app.store, app.pipeline, Fetcher((), settings.fetch.timeout), settings, app.clock, app.owner)
        asyncio.run(_read_folders(poller))
        channel = app.console_channel
        local = ZoneInfo(zone or channel.timezone)
        until = at.replace(tzinfo=local)
        start = since.replace(tzinfo=local) if since else until - timedelta(days=1)
        window = Window(channel.workspace, start, until, by_document=True)
        with app.store.read() as cx:
            return build_digest(cx, channel, window, app.context.known, local.key)


async def _read_folders(poller: Poller) -> None:
    while await poller.read_due("folder"):
        pass
