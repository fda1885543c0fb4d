"""`vedette export`, and the Atom feed of a channel's alerts: what was found, in forms that other programs read."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO
from xml.etree import ElementTree

from bot.model import Entity
from bot.text.inert import inert

EXACT = 2**53
ATOM = "http://www.w3.org/2005/Atom"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a table program would take such a cell for a formula


def plain(value: Any) -> Any:
    """A value as JSON and tables carry it: times in ISO 8601, UTC."""
    if isinstance(value, int) and abs(value) > EXACT:
        return str(value)  # JSON's readers take numbers for floats
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value


def with_entity(row: Mapping[str, Any], entities: Mapping[str, Entity]) -> dict[str, Any]:
    """A mention with the canonical name and the position of what it names."""
    entity = entities.get(row["entity"])
    known = {"name": entity.name, "lat": entity.lat, "lon": entity.lon} if entity else {"name": row["entity"]}
    return {**row, **known}


def write_jsonl(rows: Iterable[Mapping[str, Any]], out: TextIO) -> int:
    count = 0
    for row in rows:
        out.write(json.dumps({key: plain(value) for key, value in row.items()}, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(rows: Iterable[Mapping[str, Any]], out: TextIO) -> int:
    """With a header; no cell begins as a formula does (CWE-1236)."""
    writer, count = None, 0
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(out, list(row), extrasaction="ignore", restval="")
            writer.writeheader()
        writer.writerow({key: _cell(value) for key, value in row.items()})
        count += 1
    return count


def _cell(value: Any) -> Any:
    value = plain(value)
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def write_geojson(rows: Iterable[Mapping[str, Any]], out: TextIO) -> int:
    """A FeatureCollection (RFC 7946) of the rows that have `lat` and `lon`, written as they come."""
    out.write('{"type": "FeatureCollection", "features": [')
    count = 0
    for row in rows:
        if row.get("lat") is None or row.get("lon") is None:
            continue
        about = {key: plain(value) for key, value in row.items() if key not in ("lat", "lon")}
        point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
        feature = {"type": "Feature", "geometry": point, "properties": about}
        out.write((",\n" if count else "\n") + json.dumps(feature, ensure_ascii=False))
        count += 1
    out.write("\n]}\n")
    return count


WRITERS = {"jsonl": write_jsonl, "csv": write_csv, "geojson": write_geojson}


def placed(
    rows: Iterable[Mapping[str, Any]], places: Callable[[int], Iterable[str]], entities: Mapping[str, Entity]
) -> Iterator[dict[str, Any]]:
    """Each row once for every town and site that its article names; `places(article_id)` gives the entities."""
    for row in rows:
        for key in places(row.get("article_id", row["id"])):
            entity = entities.get(key)
            if entity and entity.kind in ("town", "place") and entity.lat is not None:
                yield {**row, "place": entity.name, "lat": entity.lat, "lon": entity.lon}


def feed_token(key: bytes, channel_id: int) -> str:
    """What makes the address of a channel's feed secret."""
    return hmac.new(key, f"atom:{channel_id}".encode(), hashlib.sha256).hexdigest()[:40]


def atom_feed(name: str, address: str, rows: Iterable[Mapping[str, Any]], updated: datetime) -> bytes:
    """The alerts of a channel as Atom (RFC 4287), newest first as they are given."""
    ElementTree.register_namespace("", ATOM)
    feed = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(feed, "title", f"Alerts in {name}")
    _add(feed, "id", f"urn:sha256:{hashlib.sha256(address.encode()).hexdigest()}")
    _add(feed, "updated", plain(updated))
    for row in rows:
        entry = ElementTree.SubElement(feed, f"{{{ATOM}}}entry")
        _add(entry, "title", row["title"])
        _add(entry, "id", f"urn:vedette:{row['code']}")
        _add(entry, "updated", plain(row["created_at"]))
        author = ElementTree.SubElement(entry, f"{{{ATOM}}}author")
        _add(author, "name", row["outlet"])
        if row["url"]:
            ElementTree.SubElement(entry, f"{{{ATOM}}}link", {"href": inert(row["url"]), "rel": "alternate"})
        _add(entry, "summary", f"{row['code']}: {row['outlet']}; articles {'; or '.join(row['why'])}")
    written: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{ATOM}}}{name}").text = inert(text)
