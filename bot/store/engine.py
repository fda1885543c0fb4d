"""The database: one engine, reads that may run together, one write at a time on SQLite.

`write()` is BEGIN IMMEDIATE on SQLite: a read transaction that upgrades to a write fails at once in
spite of any busy timeout. PostgreSQL runs the same statements in plain transactions.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store import migrate

BUSY_MS = 30_000


class Store:
    """An open database, migrated to this program's schema."""

    def __init__(self, address: str) -> None:
        url = make_url(_with_driver(address))
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if self.is_sqlite and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(url, pool_pre_ping=not self.is_sqlite)
        self._writer = threading.Lock() if self.is_sqlite else nullcontext()
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        try:
            self._migrate()
        except DBAPIError as error:
            raise StoreError(
                f"The database cannot be opened: {error.orig}.",
                "Check DATABASE_URL, and that its folder or server is there and writable.",
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._engine.begin() as cx:
            yield cx

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One short transaction: everything in it happens, or nothing."""
        with self._writer, self._engine.connect() as raw:
            cx = raw.execution_options(vedette_write=True)
            with cx.begin():
                yield cx

    def close(self) -> None:
        self._engine.dispose()

    def _migrate(self) -> None:
        with self.read() as cx:
            version = migrate.refuse_newer(cx)
        while version < len(migrate.STEPS):
            with self.write() as cx:
                if not self.is_sqlite:
                    cx.exec_driver_sql("SELECT pg_advisory_xact_lock(7214)")  # two processes may start together
                version = migrate.refuse_newer(cx)
                if version < len(migrate.STEPS):
                    migrate.step(cx, version)
                    version += 1


def insert(cx: Connection, table: Table) -> Any:
    """An INSERT with `on_conflict_do_nothing` and friends, in the connection's dialect."""
    return insert_on(cx.dialect.name, table)


def insert_on(dialect: str, table: Table) -> Any:
    """The same by the dialect's name, for statements that are made once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def inserted(cx: Connection, query: Any, column: Column[Any]) -> bool:
    """Run an INSERT … ON CONFLICT DO NOTHING; whether it inserted (row counts of such statements are no use on PostgreSQL)."""
    return cx.execute(query.returning(column)).first() is not None


def _with_driver(address: str) -> str:
    for scheme in ("postgresql://", "postgres://"):
        if address.startswith(scheme):
            return "postgresql+psycopg://" + address.removeprefix(scheme)
    return address


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are ours, not the driver's
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(cx: Connection) -> None:
    write = cx.get_execution_options().get("vedette_write")
    cx.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
