"""Forward migrations: numbered steps, each in one transaction with the version it reaches.

A step that is killed half-way leaves the version before it (DDL is transactional on both engines).
A database from a newer Vedette is refused untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, ColumnDefault, Connection, inspect, select, text, update

from bot.errors import StoreError
from bot.store.tables import mentions, metadata, schema_version


def _first_schema(cx: Connection) -> None:
    metadata.create_all(cx)
    if cx.dialect.name == "sqlite":
        # Contentless: the index holds folded words only; the text is read from `articles`.
        cx.execute(text("CREATE VIRTUAL TABLE articles_words USING fts5(words, content='', tokenize='unicode61')"))
    else:
        cx.execute(text("CREATE TABLE articles_words (article_id BIGINT PRIMARY KEY, words tsvector NOT NULL)"))
        cx.execute(text("CREATE INDEX articles_words_index ON articles_words USING gin (words)"))
    cx.execute(schema_version.insert().values(version=1))


def _feeds_and_tracking(cx: Connection) -> None:
    """Feeds got a rhythm, moves and hubs, articles their versions, mentions may share a place: tables and columns that are not there yet.

    On a new database the first step has made them all, and nothing is left to do.
    """
    _add_missing(cx)
    there = inspect(cx)
    if there.has_table("mentions") and "entity" not in there.get_pk_constraint("mentions")["constrained_columns"]:
        cx.execute(text("ALTER TABLE mentions RENAME TO mentions_before"))
        cx.execute(text("DROP INDEX mentions_entity"))
        if cx.dialect.name == "postgresql":
            cx.execute(text("ALTER TABLE mentions_before DROP CONSTRAINT mentions_pkey"))
        mentions.create(cx)
        columns = ", ".join(f'"{column.name}"' for column in mentions.columns)
        cx.execute(text(f"INSERT INTO mentions ({columns}) SELECT {columns} FROM mentions_before"))  # noqa: S608  # the names are ours
        cx.execute(text("DROP TABLE mentions_before"))


def _stories_and_chats(cx: Connection) -> None:
    """Stories got origins, deliveries edits and replies, chats their admins, buttons and installs."""
    _add_missing(cx)


def _add_missing(cx: Connection) -> None:
    """Every table, column and index of this program that the database does not have yet."""
    there = inspect(cx)
    metadata.create_all(cx)
    for table in metadata.sorted_tables:
        if not there.has_table(table.name):
            continue
        known = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                cx.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {_definition(cx, column)}"))
        for index in table.indexes:
            index.create(cx, checkfirst=True)


def _definition(cx: Connection, column: Column[Any]) -> str:
    """A column as ALTER TABLE adds it: rows that are there already need a value where none may be missing."""
    kind = column.type.compile(cx.dialect)
    if column.nullable:
        return f'"{column.name}" {kind}'
    empty = {bool: "false", int: "0", str: "''"}[column.type.python_type]
    if isinstance(column.default, ColumnDefault):
        empty = str(column.default.arg).lower() if column.type.python_type is bool else repr(column.default.arg)
    return f'"{column.name}" {kind} DEFAULT {empty} NOT NULL'


STEPS: tuple[Callable[[Connection], None], ...] = (_first_schema, _feeds_and_tracking, _stories_and_chats)


def current_version(cx: Connection) -> int:
    if not inspect(cx).has_table("schema_version"):
        return 0
    return int(cx.execute(select(schema_version.c.version)).scalar() or 0)


def refuse_newer(cx: Connection) -> int:
    """The version found; raises `StoreError` if it is newer than this program."""
    found = current_version(cx)
    if found > len(STEPS):
        raise StoreError(
            f"The database was written by a newer Vedette (schema {found}, this one knows {len(STEPS)}). It was left untouched.",
            "Install the newer version again, or point DATABASE_URL at another database.",
        )
    return found


def step(cx: Connection, version: int) -> None:
    """Bring the schema from `version` to the next."""
    STEPS[version](cx)
    if version:
        cx.execute(update(schema_version).values(version=version + 1))
