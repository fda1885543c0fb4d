"""The catalogue: entities and decoys from TOML files, checked as a whole before anything starts.

One block an entity; the table's name is its kind. A decoy is a fixed phrase that holds a name but means
something else ("Paris Hilton"): the longer phrase wins and yields nothing. Two entities may share a name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bot.errors import ConfigFaults
from bot.model import Entity, Kind, Leadership
from bot.text.fold import fold_key

_LISTS = {"names", "weak", "area"}
_TEXTS = {"id", "name", "type", "about", "wikidata", "country", "within", "parent"}
_NUMBERS = {"lat", "lon", "population"}
_KEYS = _LISTS | _TEXTS | _NUMBERS | {"leaders"}
_HEADER = re.compile(r"^\s*\[\[\s*([\w-]+)\s*\]\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Catalogue:
    entities: Mapping[str, Entity] = field(default_factory=dict)
    decoys: tuple[str, ...] = ()

    def get(self, entity_id: str) -> Entity | None:
        return self.entities.get(entity_id)

    def with_entities(self, more: Iterable[Entity]) -> Catalogue:
        """This catalogue and a workspace's own additions, which come first where an id is the same."""
        return replace(self, entities={**self.entities, **{entity.id: entity for entity in more}})


def entity_data(entity: Entity) -> dict[str, Any]:
    """An entity as plain data: what the database holds of a tracked one."""
    data = asdict(entity)
    defaults = {item.name: item.default for item in fields(entity)}
    return {key: value for key, value in data.items() if value != defaults[key]} | {"kind": entity.kind.value}


def entity_from_data(data: Mapping[str, Any]) -> Entity:
    """The way back from `entity_data`."""
    lists: dict[str, Any] = {key: tuple(data.get(key, ())) for key in _LISTS}
    plain = {key: value for key, value in data.items() if key not in _LISTS and key not in ("kind", "leaders")}
    leaders = tuple(Leadership(**item) for item in data.get("leaders", ()))
    return Entity(kind=Kind(data["kind"]), leaders=leaders, **lists, **plain)


def entity_of(values: Mapping[str, Any], kind: str, where: str) -> tuple[Entity | None, list[str]]:
    """(entity, faults) of one block that came from elsewhere; `where` names its place in the faults."""
    faults: list[str] = []
    if kind not in list(Kind):
        return None, [f"{where}: unknown kind {kind!r}; the kinds are {', '.join(Kind)}"]
    return _entity(_Row(where, kind, values), faults), faults


@dataclass(frozen=True, slots=True)
class _Row:
    """One table of a file, with the place to name when it is wrong."""

    where: str
    kind: str
    values: Mapping[str, Any]


def load_catalogue(paths: Iterable[Path]) -> Catalogue:
    """All files of these folders. Raises `ConfigFaults` that lists every fault with file and line."""
    faults: list[str] = []
    rows = [row for path in _files(paths, faults) for row in _rows(path, faults)]
    entities: dict[str, Entity] = {}
    places: dict[str, str] = {}
    decoys: list[str] = []
    for row in rows:
        if row.kind == "decoy":
            decoys += _decoy(row, faults)
            continue
        entity = _entity(row, faults)
        if entity is None:
            continue
        if entity.id in entities:
            faults.append(f"{row.where}: the id {entity.id!r} stands already in {places[entity.id]}")
            continue
        entities[entity.id], places[entity.id] = entity, row.where
    faults += _dangling(entities, places)
    if faults:
        raise ConfigFaults(faults, "catalogue")
    return Catalogue(entities, tuple(dict.fromkeys(decoys)))


def name_fault(name: str) -> str:
    """Why a name cannot be tracked, or nothing: one letter or digits alone would fire on everything."""
    if sum(map(str.isalpha, name)) > 1:
        return ""
    key = fold_key(name).replace(" ", "")
    if not key:
        return "holds no letter"
    if key.isdigit():
        return "is only digits"
    if len(key) == 1 and key.isascii():
        return "is a single letter"
    return ""


def _files(paths: Iterable[Path], faults: list[str]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.toml"))
        elif path.exists():
            yield path
        else:
            faults.append(f"{path}: there is no such file or folder")


def _rows(path: Path, faults: list[str]) -> Iterable[_Row]:
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{path}: cannot be read ({error})")
        return
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{path}: is not valid TOML: {error}")
        return
    lines: dict[str, list[int]] = {}
    for match in _HEADER.finditer(text):
        lines.setdefault(match[1], []).append(text.count("\n", 0, match.start(1)) + 1)
    for kind, tables in data.items():
        if kind not in (*Kind, "decoy") or not isinstance(tables, list):
            faults.append(
                f"{path}:{lines.get(kind, [1])[0]}: unknown kind {kind!r}; the kinds are {', '.join(Kind)} and decoy"
            )
            continue
        for number, table in enumerate(tables):
            at = lines[kind][number] if number < len(lines.get(kind, ())) else 1
            if isinstance(table, dict):
                yield _Row(f"{path}:{at}", kind, table)


def _decoy(row: _Row, faults: list[str]) -> list[str]:
    phrase = row.values.get("phrase")
    if not isinstance(phrase, str) or len(fold_key(phrase)) < 3:
        faults.append(f"{row.where}: a decoy needs a phrase of at least three letters")
        return []
    return [phrase]


def _entity(row: _Row, faults: list[str]) -> Entity | None:
    values, before = row.values, len(faults)
    name = values.get("id", values.get("name", "?"))
    for key, value in values.items():
        wrong = _key_fault(key, value)
        if wrong:
            faults.append(f"{row.where}: {name}: {wrong}")
    for key in ("id", "name"):
        if not values.get(key):
            faults.append(f"{row.where}: {name}: {key} is missing")
    if Kind(row.kind).is_place:
        faults += [f"{row.where}: {name}: {wrong}" for wrong in _coordinate_faults(values)]
    if len(faults) > before:
        return None
    for spelling in (values["name"], *values.get("names", ()), *values.get("weak", ())):
        wrong = name_fault(spelling)
        if wrong:
            faults.append(f"{row.where}: {name}: the name {spelling!r} {wrong}, which would fire everywhere")
    if len(faults) > before:
        return None
    leaders = tuple(Leadership(item["id"], item.get("from"), item.get("until")) for item in values.get("leaders", ()))
    plain: dict[str, Any] = {
        key: tuple(value) if key in _LISTS else value for key, value in values.items() if key != "leaders"
    }
    return Entity(kind=Kind(row.kind), leaders=leaders, **plain)


def _key_fault(key: str, value: Any) -> str:
    if key not in _KEYS:
        return f"unknown key {key!r}; the keys are {', '.join(sorted(_KEYS))}"
    if key in _LISTS and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        return f"{key} must be a list of texts"
    if key in _TEXTS and not isinstance(value, str):
        return f"{key} must be a text"
    if key in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
        return f"{key} must be a number"
    if key == "leaders" and not (
        isinstance(value, list) and all(isinstance(item, dict) and "id" in item for item in value)
    ):
        return "leaders must be a list of { id, from, until }"
    return ""


def _coordinate_faults(values: Mapping[str, Any]) -> list[str]:
    faults = []
    for key, most in (("lat", 90), ("lon", 180)):
        value = values.get(key)
        if value is None:
            faults.append(f"{key} is missing: a place needs its coordinates")
        elif isinstance(value, int | float) and not -most <= value <= most:
            faults.append(f"{key} = {value} is impossible; it lies between -{most} and {most}")
    return faults


def _dangling(entities: Mapping[str, Entity], places: Mapping[str, str]) -> list[str]:
    faults = []
    for entity in entities.values():
        links = [
            ("parent", entity.parent),
            ("within", entity.within),
            *(("leader", item.person) for item in entity.leaders),
        ]
        for word, target in links:
            if target and target not in entities:
                faults.append(f"{places[entity.id]}: {entity.id}: unknown {word} {target!r}")
    return faults
