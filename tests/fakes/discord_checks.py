"""What Discord would not take, or should not get: bodies beyond its limits, live mentions, masked links, controls."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs" / "discord_openapi_v10.json"
LIVE = re.compile(r"(?<!\\)<(?:@[!&]?\d|#\d|a?:\w+:\d|t:-?\d|/[^<>]*:\d|id:)|@everyone|@here", re.IGNORECASE)
MASKED = re.compile(r"(?<!\\)\]\(")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def faults_of(body: Any, path: str, method: str, files: tuple[str, ...] = ()) -> list[str]:
    """Everything that is wrong with a body for this request."""
    return [*over(body, files), *_unlike(body, path, method)]


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def over(body: Any, files: tuple[str, ...] = ()) -> list[str]:
    """What in a message goes beyond Discord's limits, or is alive."""
    if not isinstance(body, dict):
        return []
    found = []
    message = body.get("data") if isinstance(body.get("data"), dict) and "type" in body else body
    assert isinstance(message, dict)
    embeds = message.get("embeds") or []
    sized = [(message.get("content") or "", 2000, "content")]
    total = 0
    for embed in embeds:
        parts = [(embed.get("title"), 256, "title"), (embed.get("description"), 4096, "description"),
                 ((embed.get("footer") or {}).get("text"), 2048, "footer"),
                 ((embed.get("author") or {}).get("name"), 256, "author")]  # fmt: skip
        for one in embed.get("fields") or []:
            parts += [(one["name"], 256, "field"), (one["value"], 1024, "field value")]
        sized += [(text or "", most, name) for text, most, name in parts]
        total += sum(units(text or "") for text, _, _ in parts)
    found += [f"{name} has {units(text)} units" for text, most, name in sized if units(text) > most]
    found += [f"{total} units over all embeds"] if total > 6000 else []
    found += [f"{len(embeds)} embeds"] if len(embeds) > 10 else []
    if embeds or message.get("content"):
        called = (message.get("allowed_mentions") or {}).get("parse")
        found += [] if called == [] else ["allowed_mentions is not none"]
    roles = {f"<@&{role}>" for role in (message.get("allowed_mentions") or {}).get("roles", ())}
    for text, _, name in sized:
        live = LIVE.search(text)
        if live and not (name == "content" and text in roles):
            found.append(f"live in {name}: {text[max(0, live.start() - 20) : live.end() + 20]!r}")
        found += [f"masked link in {name}"] if MASKED.search(text) else []
        found += [f"control in {name}: {CONTROLS.search(text)!r}"] if CONTROLS.search(text) else []
    for row in message.get("components") or []:
        found += ["more than five buttons in a row"] if len(row.get("components") or []) > 5 else []
        for item in row.get("components") or []:
            found += ["a long custom_id"] if units(item.get("custom_id") or "") > 100 else []
            found += ["a long label"] if units(item.get("label") or "") > 80 else []
    wanted = {embed["image"]["url"].removeprefix("attachment://") for embed in embeds if embed.get("image")}
    found += [f"pictures {wanted}, files {files}"] if wanted - set(files) else []
    return found


@cache
def _openapi() -> Any:
    return json.loads(SPECS.read_text()) if SPECS.is_file() else None


@cache
def _schema(path: str, method: str) -> Any:
    from jsonschema import Draft202012Validator

    document = _openapi()
    if document is None:
        return None
    schema = document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document["components"]})


def _unlike(body: Any, path: str, method: str) -> list[str]:
    """Where a body differs from the OpenAPI document, if that is at hand."""
    checker = _schema(path, method)
    return [f"{'/'.join(map(str, e.path))}: {e.message[:200]}" for e in checker.iter_errors(body)] if checker else []
