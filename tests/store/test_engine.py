from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from bot.errors import StoreError
from bot.store import digests, migrate, subscriptions
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
