"""Digests: one of a day's articles, and a thousand channels that want theirs at the same minute while alerts go on."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.data_files import data_folder
from bot.editor import build_digest, send_due_digests
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.lookup import Lookup
from bot.known import Known
from bot.memory import settle_memory
from bot.model import Article, Document, Kind, Mention, Sentence
from bot.pipeline import Batch, Pipeline
from bot.store import articles, digests, sources, subscriptions
from bot.store.engine import Store
from bot.store.windows import Window
from bot.timetable import Timetable

DUE = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAY = timedelta(days=1)
WORKSPACES = 100
ALERT_EVERY = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Figures:
    articles: int
    before: int
    channels: int
    one: float  # seconds of a digest
    queued: float  # seconds until all are queued
    digests: int
    alerts: int
    alert: float  # the slowest alert, from its document to the committed delivery


def run(quick: bool) -> Figures:
    count, channels = (2_000, 100) if quick else (10_000, 1_000)
    catalogue = load_catalogue([data_folder("config") / "entities"])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'bench.db'}")
        known = Known(catalogue, Lookup(catalogue))
        _fill(store, catalogue, count)
        towns = [one for one in catalogue.entities.values() if one.kind is Kind.TOWN and one.country][:400]
        _channels(store, channels, [town.name for town in towns])
        settle_memory()
        one = _one(store, known)
        figures = _all_at_once(store, known, count, channels, one)
        store.close()
    return figures


def _fill(store: Store, catalogue: Catalogue, count: int) -> None:
    """A day of articles behind four weeks that have as many together; twelve mentions each in four sentences."""
    chance = random.Random(28)
    actors = [one for one in catalogue.entities.values() if not one.kind.is_place][:300]
    towns = [one for one in catalogue.entities.values() if one.kind is Kind.TOWN and one.country][:400]
    with store.write() as cx:
        feeds = [
            sources.add_source(cx, "feed", f"https://{n}.example/feed", sources.EVERYBODY, DUE - 60 * DAY)[0].id
            for n in range(40)
        ]
    for number in range(0, 2 * count, 500):
        with store.write() as cx:
            for feed in feeds:
                _file(cx, feed, chance, actors, towns, number, count, 500 // len(feeds))


def _file(cx, feed, chance, actors, towns, number, count, size) -> None:  # type: ignore[no-untyped-def]
    batch = []
    for item in range(size):
        today = number >= count
        at = (
            DUE
            - timedelta(minutes=chance.randrange(5, 1430))
            - (timedelta(0) if today else DAY * chance.randrange(1, 29))
        )
        found, sentences, at_char = [], [], 40
        for _ in range(4):
            sentence = Sentence(at_char, at_char + 140)
            for offset in (0, 40, 80):
                one = chance.choice(towns if offset else actors)
                start = at_char + offset
                found.append((Mention(start, start + 8, one.name[:8], one.id, one.name, one.kind), sentence))
            at_char += 141
            sentences.append(sentence)
        key = f"{feed}-{number}-{item}"
        title = f"Report {key} from the front"
        text = f"{title}\n\n" + "The convoy left the town at dawn and nobody would say where it went. " * 20
        article = Article(key, title, text, f"https://{feed}.example/{key}", f"Outlet {feed}", at, "en", key)
        story = chance.randrange(1, 4 * count) if today else 10_000_000 + number * 100 + item
        batch.append((story, article, tuple(found)))
    seen = DUE - timedelta(minutes=chance.randrange(5, 1430)) if number >= count else DUE - 2 * DAY
    articles.ensure_stories(cx, [(story, article.published or seen) for story, article, _ in batch])
    ids = articles.insert_articles(cx, feed, [(story, article, {}) for story, article, _ in batch], seen)
    articles.insert_mentions(cx, [(ids[a.key], a.published or seen, found) for _, a, found in batch if a.key in ids])


def _channels(store: Store, count: int, towns: list[str]) -> None:
    """Each follows three towns and a word."""
    timetable = Timetable("07:00", "UTC")
    with store.write() as cx:
        for number in range(count):
            workspace = f"w{number % min(WORKSPACES, count)}"
            channel = subscriptions.ensure_channel(cx, "console", workspace, f"c{number}", "", "UTC", DUE - 9 * DAY)
            for step in (0, 7, 31):
                name = towns[(number + step) % len(towns)]
                subscriptions.add_subscription(cx, channel, f'"{name}"', "bench", DUE - 9 * DAY)
            digests.set_schedule(cx, channel.id, timetable, DUE)
            subscriptions.add_subscription(cx, channel, f'"{_call(number)}"', "bench", DUE)


def _call(number: int) -> str:
    """A word that one channel waits for, so that none is told so often that its alerts are held back."""
    return "alarm" + "".join("abcdefghij"[int(digit)] for digit in f"{number % 100:02}")


def _one(store: Store, known: Known) -> float:
    best = float("inf")
    for _ in range(3):
        with store.read() as cx:
            channel = subscriptions.find_channel(cx, "console", "w0", "c0")
            assert channel
            began = time.perf_counter()
            build_digest(cx, channel, Window("w0", DUE - DAY, DUE), known, "UTC")
            best = min(best, time.perf_counter() - began)
    return best


class _Clock:
    def now(self) -> datetime:
        return DUE


def _all_at_once(store: Store, known: Known, count: int, channels: int, one: float) -> Figures:
    pipeline = Pipeline(store, known, _Clock(), DAY)
    pipeline.ingest(_bulletin(store, 0))  # the rules are read and the texts of the window known
    done = threading.Event()

    def alert() -> list[float]:
        times: list[float] = []
        number = 0
        while not done.is_set():
            number += 1
            began = time.perf_counter()
            assert pipeline.ingest(_bulletin(store, number)).alerts >= 1
            times.append(time.perf_counter() - began)
            done.wait(ALERT_EVERY)
        return times

    with ThreadPoolExecutor(1) as beside:
        alerting = beside.submit(alert)
        began = time.perf_counter()
        made = send_due_digests(store, known, DUE + timedelta(seconds=5))
        queued = time.perf_counter() - began
        done.set()
        times = alerting.result()
    return Figures(count, count, channels, one, queued, made, len(times), max(times))


def _bulletin(store: Store, number: int) -> Batch:
    with store.write() as cx:
        feed, _ = sources.add_source(cx, "folder", "/bulletins", sources.EVERYBODY, DUE)
        claimed = sources.claim_one(cx, feed.id, "bench", DUE, timedelta(seconds=1))
    assert claimed
    chance = random.Random(number)
    words = " ".join("".join(chance.choices("abcdefghijklmnoprstuvz", k=7)) for _ in range(30))
    document = Document(f"b{number}", f"Bulletin {words[:15]}", f"{_call(number)}: {words}.", published=DUE)
    return Batch(claimed, (document,), DUE)


def show(figures: Figures) -> None:
    print("Digests (SQLite with synchronous FULL)")
    print(
        f"  one of {figures.articles:,} articles, with as many in four weeks before: {figures.one:6.2f} s   target ≤ 1 s"
    )
    print(
        f"  {figures.channels:,} channels due at the same minute, {figures.digests:,} queued in: "
        f"{figures.queued:6.1f} s   target ≤ 60 s"
    )
    print(f"  slowest of {figures.alerts:,} alerts committed meanwhile: {figures.alert:6.2f} s   target ≤ 2 s\n")
