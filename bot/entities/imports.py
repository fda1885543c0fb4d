"""Entities from elsewhere: FollowTheMoney JSON lines (OpenSanctions, Aleph), or a plain table.

A broken line is named and left out; what is good lands.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.entities.catalogue import entity_of, name_fault
from bot.errors import UserError
from bot.model import Entity, Kind

# FollowTheMoney schema → (kind, type). Others (Address, Ownership, Sanction …) name nobody.
SCHEMATA = {
    "Person": (Kind.PERSON, ""),
    "Organization": (Kind.ACTOR, "organisation"),
    "PublicBody": (Kind.ACTOR, "government"),
    "Company": (Kind.ACTOR, "company"),
    "LegalEntity": (Kind.ACTOR, ""),
}
COLUMNS = ("id", "name", "kind", "type", "names", "weak", "country", "area", "lat", "lon", "about", "wikidata")
_MOST_ABOUT = 300  # letters of a description


@dataclass(frozen=True, slots=True)
class Read:
    """One line: an entity, a fault, or neither where it names nobody."""

    entity: Entity | None = None
    fault: str = ""


def read_entities(path: Path) -> Iterator[Read]:
    """One answer a line, by the file's ending: `.csv` with a header, else JSON lines. Raises `UserError` on no such file."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            yield from _table(lines) if path.suffix.lower() == ".csv" else _json_lines(lines)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}.", "Give the path of a .csv or .jsonl file."
        ) from error


def _json_lines(lines: Iterable[str]) -> Iterator[Read]:
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
            yield _followed(row, f"line {number}")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            yield Read(fault=f"line {number}: is no entity in JSON ({type(error).__name__}: {str(error)[:80]})")


def _followed(row: dict[str, Any], where: str) -> Read:
    schema = row["schema"]
    if schema not in SCHEMATA:
        return Read()
    kind, kind_type = SCHEMATA[schema]
    properties = row.get("properties") or {}
    spellings = [str(name) for key in ("name", "alias", "abbreviation") for name in properties.get(key, ())]
    weak = [str(name) for name in properties.get("weakAlias", ())]
    name = str(row.get("caption") or (spellings[0] if spellings else ""))
    values: dict[str, Any] = {
        "id": f"f:{row['id']}",
        "name": name,
        "names": [other for other in dict.fromkeys(spellings) if other != name and not name_fault(other)],
        "weak": [other for other in dict.fromkeys(weak) if other != name and not name_fault(other)],
        "type": kind_type,
        "area": [str(iso).upper() for iso in properties.get("country", ()) if len(str(iso)) == 2],
        "about": str(next(iter(properties.get("summary", ()) or properties.get("notes", ())), ""))[:_MOST_ABOUT],
    }
    if properties.get("wikidataId"):
        values["wikidata"] = str(properties["wikidataId"][0])
    return _checked(values, kind.value, where)


def _table(lines: Iterable[str]) -> Iterator[Read]:
    reader = csv.DictReader(lines)
    unknown = [column for column in reader.fieldnames or () if column not in COLUMNS]
    if unknown or "name" not in (reader.fieldnames or ()):
        said = f"unknown column {unknown[0]!r}" if unknown else "there is no column called name"
        raise UserError(f"The table cannot be read: {said}.", f"The columns are {', '.join(COLUMNS)}.")
    for row in reader:
        where = f"line {reader.line_num}"
        values: dict[str, Any] = {key: value.strip() for key, value in row.items() if key and value and value.strip()}
        for key in ("names", "weak", "area"):
            if key in values:
                values[key] = [part.strip() for part in values[key].split(";") if part.strip()]
        try:
            for key in ("lat", "lon"):
                if key in values:
                    values[key] = float(values[key])
        except ValueError as error:
            yield Read(fault=f"{where}: {error}")
            continue
        kind = values.pop("kind", Kind.ACTOR.value)
        values.setdefault("id", f"t:{values.get('name', '')}")
        yield _checked(values, kind, where)


def _checked(values: dict[str, Any], kind: str, where: str) -> Read:
    entity, faults = entity_of(values, kind, where)
    return Read(entity, "; ".join(faults))
