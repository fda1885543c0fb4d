"""Entities and places from elsewhere: good lines land, broken ones are named and left out."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from bot.entities import geonames
from bot.entities.build import compile_places
from bot.entities.gazetteer import Gazetteer
from bot.entities.imports import read_entities
from bot.entities.lookup import Lookup
from bot.errors import UserError
from bot.model import Kind

FOLLOWED = [
    json.dumps(
        {
            "id": "Q1",
            "schema": "Organization",
            "caption": "Ansar Brigade",
            "properties": {
                "name": ["Ansar Brigade"],
                "alias": ["لواء الأنصار"],
                "weakAlias": ["AB"],
                "country": ["iq"],
            },
        }
    ),
    "{broken",
    json.dumps({"id": "Q2", "schema": "Person", "caption": "7", "properties": {"name": ["7"]}}),
    json.dumps({"id": "Q3", "schema": "Address", "properties": {"full": ["Street 1"]}}),
    json.dumps(["not", "an", "entity"]),
    json.dumps({"id": "Q4", "schema": "Person", "caption": "Someone Long", "properties": {"name": ["Someone Long"]}}),
]


def test_follow_the_money_lines(tmp_path: Path) -> None:
    path = tmp_path / "entities.jsonl"
    path.write_text("\n".join(FOLLOWED), encoding="utf-8")
    read = list(read_entities(path))
    good = [row.entity for row in read if row.entity]
    assert [(e.id, e.kind, e.names, e.weak, e.area) for e in good] == [
        ("f:Q1", Kind.ACTOR, ("لواء الأنصار",), ("AB",), ("IQ",)),
        ("f:Q4", Kind.PERSON, (), (), ()),
    ]
    faults = [row.fault for row in read if row.fault]
    assert [fault.split(":")[0] for fault in faults] == ["line 2", "line 3", "line 5"]
    assert "only digits" in faults[1]


def test_a_table(tmp_path: Path) -> None:
    path = tmp_path / "towns.csv"
    path.write_text(
        "name,kind,lat,lon,names,country\nNew Camp,place,34.5,44.5,Camp Nine; المخيم,IQ\nNowhere,town,x,1,,IQ\nHalf,town,34,,,IQ\n",
        encoding="utf-8",
    )
    read = list(read_entities(path))
    assert read[0].entity is not None
    assert read[0].entity.names == ("Camp Nine", "المخيم")
    assert "line 3" in read[1].fault
    assert "lon is missing" in read[2].fault


def test_a_table_with_other_columns_and_a_missing_file_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("title,kind\nX,town\n")
    with pytest.raises(UserError, match="unknown column 'title'"):
        list(read_entities(tmp_path / "odd.csv"))
    with pytest.raises(UserError, match="cannot be read"):
        list(read_entities(tmp_path / "none.jsonl"))


def line(number: int, name: str, names: str = "", code: str = "P\tPPL", lat: str = "34.0", people: int = 900) -> str:
    return f"{number}\t{name}\t{name}\t{names}\t{lat}\t44.6\t{code}\tIQ\t\t10\t\t\t\t{people}\t\t40\tAsia/Baghdad\t2024-01-01"


def test_a_geonames_file_is_sifted_and_becomes_findable(tmp_path: Path) -> None:
    rows = [
        line(1, "Hamrin", "حمرين,Himrin"),
        line(2, "Some Well", code="H\tWLL"),
        line(3, "Al-Bakr Air Base", code="S\tAIRB"),
        "too\tfew",
        line(4, "Odd", lat="134.0"),
    ]
    packed = tmp_path / "IQ.zip"
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("readme.txt", "not this")
        out.writestr("IQ.txt", "\n".join(rows))
    done = geonames.keep(packed, tmp_path / "places")
    assert (done.kept, done.left_out, done.broken) == (2, 1, 2)
    assert done.faults == ("line 4: 2 columns instead of 19", "line 5: impossible position 134.0, 44.6")
    kept = list(geonames.kept_rows(tmp_path / "places"))
    folder = tmp_path / "compiled"
    folder.mkdir()

    compile_places(kept, folder)
    gazetteer = Gazetteer(folder)
    assert [e.kind for e in gazetteer.named("al bakr air base")] == [Kind.PLACE]
    from bot.entities.catalogue import Catalogue

    lookup = Lookup(Catalogue(), gazetteer)
    assert [hit.entity.name for hit in lookup.find("حمرين")] == ["Hamrin"]
    assert [hit.entity.name for hit in lookup.find("Hamrn")] == ["Hamrin"]


def test_a_file_that_is_no_dump_says_so(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("hello\n")
    with pytest.raises(UserError, match="holds no place"):
        geonames.keep(tmp_path / "text.txt", tmp_path / "places")
    (tmp_path / "broken.zip").write_bytes(b"PK no")
    with pytest.raises(UserError, match="cannot be read"):
        geonames.keep(tmp_path / "broken.zip", tmp_path / "places")
    assert geonames.kept_files(tmp_path / "places") == []
