"""The catalogue: entities from TOML files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ConfigFaults
from bot.model import Entity, Kind, Leadership


@dataclass(frozen=True, slots=True)
class Catalogue:
    entities: dict[str, Entity] = field(default_factory=dict)

    def get(self, entity_id: str) -> Entity | None:
        return self.entities.get(entity_id)


def load_catalogue(paths: Iterable[Path]) -> Catalogue:
    entities: dict[str, Entity] = {}
    faults: list[str] = []
    for path in paths:
        for file in sorted(path.glob("*.toml")) if path.is_dir() else [path]:
            try:
                data = tomllib.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                faults.append(f"{file}: {error}")
                continue
            for kind, rows in data.items():
                if kind == "decoy":
                    continue
                for row in rows:
                    entity = _entity(kind, row)
                    entities[entity.id] = entity
    if faults:
        raise ConfigFaults(faults, "catalogue")
    return Catalogue(entities)


def _entity(kind: str, row: Mapping[str, object]) -> Entity:
    values = dict(row)
    values["leaders"] = tuple(Leadership(i["id"], i.get("from"), i.get("until")) for i in row.get("leaders", ()))  # type: ignore[attr-defined]
    for key in ("names", "weak", "area"):
        values[key] = tuple(row.get(key, ()))  # type: ignore[arg-type]
    return Entity(kind=Kind(kind), **values)  # type: ignore[arg-type]
