"""Exports and the secret Atom feed: forms that other programs read, and nothing of another workspace."""

from __future__ import annotations

import csv
import io
import json

import feedparser
import pytest

from bot import export
from bot.entities.catalogue import Catalogue
from bot.settings import Settings
from bot.sources.websub import master_key
from bot.store import export as rows
from bot.store.engine import Store
from bot.web import Web
from tests.fakes import House, StandingClock, document

TEXT = "The Quds Force was seen at Samarra."


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    made = House(store, catalogue, settings, clock)
    made.follow("Samarra")
    made.ingest(document(TEXT, title="=cmd|' /C calc'!A0"))
    return made


def test_mentions_point_into_their_text(house: House) -> None:
    with house.store.read() as cx:
        found = list(rows.exported_mentions(cx, "home", None))
        articles = {row["id"]: row for row in rows.exported_articles(cx, "home", None)}
    assert {row["text"] for row in found} == {"Quds Force", "Samarra"}
    assert all(articles[row["article_id"]]["text"][row["start"] : row["end"]] == row["text"] for row in found)


def test_jsonl_and_csv_hold_the_same_and_no_cell_is_a_formula(house: House) -> None:
    with house.store.read() as cx:
        found = list(rows.exported_alerts(cx, "home", None))
    out, table = io.StringIO(), io.StringIO()
    assert export.write_jsonl(found, out) == export.write_csv(found, table) == 1
    line = json.loads(out.getvalue())
    cell = next(csv.DictReader(io.StringIO(table.getvalue())))
    assert line["title"].startswith("=cmd")
    assert cell["title"] == f"'{line['title']}"
    assert line["why"] == ["naming Samarra"]


def test_geojson_has_a_point_for_each_place(house: House) -> None:
    entities = house.catalogue.entities
    with house.store.read() as cx:
        found = rows.exported_alerts(cx, "home", None)
        out = io.StringIO()
        placed = export.placed(found, lambda article: rows.mention_places(cx, "home", article), entities)
        assert export.write_geojson(placed, out) == 1
    feature = json.loads(out.getvalue())["features"][0]
    samarra = next(entity for entity in entities.values() if entity.name == "Samarra")
    assert feature["geometry"]["coordinates"] == [samarra.lon, samarra.lat]
    assert feature["properties"]["place"] == "Samarra"


def test_another_workspace_exports_nothing_of_ours(house: House) -> None:
    source = house.source("feed", "https://a.example/feed", "theirs")
    del source
    with house.store.read() as cx:
        assert list(rows.exported_alerts(cx, "theirs", None)) == []


def test_the_feed_of_a_channel_is_read_by_feed_readers_under_its_secret_alone(house: House, settings: Settings) -> None:
    key = master_key(settings.store.folder)
    web = Web("", house.store, house.clock, None, None, None, key)  # type: ignore[arg-type]
    body = web._feed(house.channel.id, "/alerts/1/x.atom")
    assert body is not None
    parsed = feedparser.parse(io.BytesIO(body))
    assert not parsed.bozo
    assert parsed.feed.title == "Alerts in one"
    assert [entry.title for entry in parsed.entries] == ["=cmd|' /C calc'!A0"]
    assert export.feed_token(key, 1) != export.feed_token(key, 2)
    assert web._feed(99, "/x") is None
