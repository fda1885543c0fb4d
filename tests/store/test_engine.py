from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from bot.errors import StoreError
from bot.store import digests, migrate, seen, sources, subscriptions
from bot.store.engine import Store
from bot.store.tables import metadata
from tests.fakes import START


def test_opening_twice_keeps_what_is_there(database_url: str) -> None:
    first = Store(database_url)
    with first.write() as cx:
        subscriptions.ensure_channel(cx, "console", "home", "one", "one", "UTC", START)
    first.close()
    second = Store(database_url)
    with second.read() as cx:
        assert migrate.current_version(cx) == len(migrate.STEPS)
        assert subscriptions.find_channel(cx, "console", "home", "one")
    second.close()


def test_every_table_is_there(store: Store) -> None:
    with store.read() as cx:
        assert set(metadata.tables) <= set(inspect(cx).get_table_names())


def test_a_newer_database_is_refused_untouched(database_url: str) -> None:
    store = Store(database_url)
    with store.write() as cx:
        cx.execute(text("UPDATE schema_version SET version = 999"))
    store.close()
    with pytest.raises(StoreError, match="newer Vedette") as caught:
        Store(database_url)
    assert "newer version" in caught.value.next_step


def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "not.db").write_bytes(b"this is no database, just some bytes that fill a page" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path / 'not.db'}")


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as cx:  # noqa: PT012
        subscriptions.ensure_channel(cx, "console", "home", "one", "one", "UTC", START)
        raise RuntimeError("stop")
    with store.read() as cx:
        assert subscriptions.find_channel(cx, "console", "home", "one") is None


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="without its zone"), store.write() as cx:
        subscriptions.ensure_channel(cx, "console", "home", "one", "one", "UTC", datetime(2026, 1, 1))


def test_sqlite_is_durable_and_waits_its_turn(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    with store.read() as cx:
        settings = {
            name: cx.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with store.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite3.connect(tmp_path / "store.db", timeout=0).execute("BEGIN IMMEDIATE")
    store.close()


def test_one_digest_a_channel_and_local_day(store: Store) -> None:
    with store.write() as cx:
        channel = subscriptions.ensure_channel(cx, "console", "home", "one", "one", "UTC", START)
        assert digests.take_day(cx, channel.id, START.date(), START)
        assert not digests.take_day(cx, channel.id, START.date(), START)


def test_a_database_of_the_first_version_is_brought_up_to_date_with_all_it_holds(database_url: str) -> None:
    engine = "sqlite" if database_url.startswith("sqlite") else "postgres"
    rows = (
        "INSERT INTO sources (id, kind, address, title, next_check_at, failures, lease_epoch, created_at) "
        "VALUES (1, 'feed', 'https://a.example/', 'A', '2026-01-01', 0, 0, '2026-01-01')",
        "INSERT INTO source_workspaces VALUES (1, 'home')",
        "INSERT INTO stories VALUES (5, '2026-01-01', '2026-01-01')",
        "INSERT INTO articles (id, source_id, key, story_id, title, text, outlet, language, seen_at, at, content_hash, version) "
        "VALUES (1, 1, 'k', 5, 'T', 'T text', 'A', 'en', '2026-01-01', '2026-01-01', 'h', 1)",
        "INSERT INTO mentions VALUES (1, 0, 1, 'quds-force', 'actor', 0, 6, 1.0, '2026-01-01')",
    )
    first = (Path(__file__).parents[1] / "data" / f"schema-1-{engine}.sql").read_text(encoding="utf-8")
    if engine == "sqlite":
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as old:
            old.executescript(first)
            for row in rows:
                old.execute(row)
    else:
        import psycopg

        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute(first)  # type: ignore[arg-type]
            for row in rows:
                server.execute(row)  # type: ignore[arg-type]
    for _ in range(2):
        store = Store(database_url)
        with store.read() as cx:
            assert migrate.current_version(cx) == len(migrate.STEPS)
            assert seen.mention_count(cx, "home", ["quds-force"]) == (1, 1)
            source = sources.sources_of(cx, "home")[0]
            assert (source.parked, source.moved_times, source.news_at) == (False, 0, None)
            with pytest.raises(IntegrityError), store.write() as writing:
                writing.execute(
                    text("INSERT INTO mentions VALUES (1, 0, 1, 'quds-force', 'actor', 0, 6, 1.0, '2026-01-01')")
                )
            with store.write() as writing:
                writing.execute(
                    text("INSERT INTO mentions VALUES (1, 0, 1, 'w:home:x', 'actor', 0, 6, 1.0, '2026-01-01')")
                )
                writing.execute(text("DELETE FROM mentions WHERE entity = 'w:home:x'"))
        store.close()
