"""Forward migrations: numbered steps, each in one transaction with the version it reaches.

A step that is killed half-way leaves the version before it (DDL is transactional on both engines).
A database from a newer Vedette is refused untouched.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, inspect, select, text, update

from bot.errors import StoreError
from bot.store.tables import metadata, schema_version


def _first_schema(cx: Connection) -> None:
    metadata.create_all(cx)
    if cx.dialect.name == "sqlite":
        # Contentless: the index holds folded words only; the text is read from `articles`.
        cx.execute(text("CREATE VIRTUAL TABLE articles_words USING fts5(words, content='', tokenize='unicode61')"))
    else:
        cx.execute(text("CREATE TABLE articles_words (article_id BIGINT PRIMARY KEY, words tsvector NOT NULL)"))
        cx.execute(text("CREATE INDEX articles_words_index ON articles_words USING gin (words)"))
    cx.execute(schema_version.insert().values(version=1))


STEPS: tuple[Callable[[Connection], None], ...] = (_first_schema,)


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
