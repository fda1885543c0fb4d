"""What Slack refuses: the limits of its documentation, checked on every body; and what must never be in one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SPEC = Path(__file__).parents[2].parent / "shared" / "specs" / "slack_web_openapi_v2.json"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def faults_of_message(body: dict[str, Any], *, mentions: frozenset[str] = frozenset()) -> Iterator[str]:
    """Everything wrong with a message; `mentions` are the user groups that may be called."""
    text = body.get("text", "")
    yield from faults_of_fallback(text)
    if body.get("link_names"):
        yield "link_names is on"
    if body.get("parse") not in (None, "none"):
        yield "parse is on"
    blocks = body.get("blocks") or []
    if len(blocks) > 50:
        yield f"{len(blocks)} blocks"
    if not text and not blocks:
        yield "no_text"
    if (total := sum(units(said) for said in texts(blocks))) > 13_000:
        yield f"{total} characters over all blocks"
    yield from faults_of_blocks(blocks, mentions)


def faults_of_fallback(text: str) -> Iterator[str]:
    if units(text) > 4_000:
        yield f"text of {units(text)} characters"
    bare = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    if re.search(r"[<>&]", bare):
        yield f"unescaped text: {text[:80]!r}"


def texts(part: Any) -> Iterator[str]:
    """All that is said in blocks, addresses and values with it."""
    if isinstance(part, list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, dict):
        for name in ("text", "url", "value", "alt_text"):
            if isinstance(part.get(name), str):
                yield part[name]
        for value in part.values():
            if isinstance(value, dict | list):
                yield from texts(value)


def faults_of_blocks(blocks: list[dict[str, Any]], mentions: frozenset[str] = frozenset()) -> Iterator[str]:
    actions: list[str] = []
    for block in blocks:
        match block.get("type"):
            case "header":
                yield from plain(block["text"], 150, "header")
            case "context":
                if not 1 <= len(block["elements"]) <= 10:
                    yield "context of too few or many elements"
                for element in block["elements"]:
                    yield from plain(element, 2_000, "context")
            case "section":
                yield from plain(block["text"], 3_000, "section")
            case "actions":
                if not 1 <= len(block["elements"]) <= 25:
                    yield "actions of too few or many elements"
                for element in block["elements"]:
                    yield from button(element)
                    actions.append(element.get("action_id", ""))
            case "rich_text":
                yield from rich(block, mentions)
            case "input":
                yield from plain(block["label"], 2_000, "label")
                yield from field(block["element"])
            case "image":
                if not block.get("alt_text") or units(block["alt_text"]) > 2_000:
                    yield "image without an alt text"
            case other:
                yield f"block of type {other!r}"
    if len(set(actions)) != len(actions) or any(not 1 <= len(action) <= 255 for action in actions):
        yield "action_ids are not unique, or empty, or too long"


def plain(text: Any, most: int, where: str) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") != "plain_text":
        yield f"{where} is not plain_text"
        return
    if not 1 <= units(text.get("text", "")) <= most:
        yield f"{where} of {units(text.get('text', ''))} characters"
    if text.get("emoji", True):
        yield f"{where} turns words into emoji"


def button(element: dict[str, Any]) -> Iterator[str]:
    if element.get("type") != "button":
        yield f"action of type {element.get('type')!r}"
        return
    yield from plain(element["text"], 75, "button")
    if not 1 <= units(element.get("value", "")) <= 2_000:
        yield "button's value"
    if "confirm" in element:
        asks = element["confirm"]
        yield from plain(asks["title"], 100, "confirm title")
        yield from plain(asks["text"], 300, "confirm text")
        yield from plain(asks["confirm"], 30, "confirm button")
        yield from plain(asks["deny"], 30, "deny button")


def field(element: dict[str, Any]) -> Iterator[str]:
    if "placeholder" in element:
        yield from plain(element["placeholder"], 150, "placeholder")
    if element["type"] == "plain_text_input" and not 0 < element.get("max_length", 3_000) <= 3_000:
        yield "max_length"
    given = element.get("options", []) + ([element["initial_option"]] if "initial_option" in element else [])
    for each in given:
        yield from choice(each)
    if element["type"] not in ("plain_text_input", "external_select", "static_select"):
        yield f"field of type {element['type']!r}"


def choice(each: dict[str, Any]) -> Iterator[str]:
    yield from plain(each["text"], 75, "option")
    if not 1 <= units(each.get("value", "")) <= 150:
        yield "option's value"


def rich(block: dict[str, Any], mentions: frozenset[str]) -> Iterator[str]:
    if not block.get("elements"):
        yield "empty rich_text"
    total = sum(units(said) for said in texts(block))
    if total > 3_000:
        yield f"rich_text of {total} characters"
    for element in block.get("elements", []):
        parts = element.get("elements", [])
        if element["type"] == "rich_text_list":
            if any(each["type"] != "rich_text_section" for each in parts):
                yield "a list of what is no section"
            parts = [part for each in parts for part in each["elements"]]
        elif element["type"] not in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
            yield f"element of type {element['type']!r}"
        if not parts:
            yield f"empty {element['type']}"
        for part in parts:
            yield from leaf(part, mentions)


def leaf(part: dict[str, Any], mentions: frozenset[str]) -> Iterator[str]:
    match part.get("type"):
        case "text":
            if not part.get("text"):
                yield "empty text"
        case "link":
            parts = urlsplit(part["url"])
            if parts.scheme not in ("http", "https") or "@" in parts.netloc or len(part["url"]) > 3_000:
                yield f"link to {part['url'][:80]!r}"
            elif (parts.hostname or "").encode("idna").decode() not in part.get("text", ""):
                yield f"the host of {part['url'][:80]!r} is hidden"
        case "usergroup" if part.get("usergroup_id") in mentions:
            pass
        case other:
            yield f"live element {other!r}"


def faults_of_view(view: dict[str, Any]) -> Iterator[str]:
    if len(view.get("blocks", [])) > 100:
        yield "too many blocks in a view"
    if len(view.get("private_metadata", "")) > 3_000:
        yield "private_metadata"
    if view["type"] == "modal":
        yield from plain(view["title"], 24, "title")
        for name in ("submit", "close"):
            if name in view:
                yield from plain(view[name], 24, name)
        inputs = [block for block in view["blocks"] if block["type"] == "input"]
        if inputs and "submit" not in view:
            yield "fields without a submit"
        names = [block["block_id"] for block in inputs]
        if len(set(names)) != len(names):
            yield "block_ids are not unique"
    yield from faults_of_blocks(view.get("blocks", []))


@cache
def _published() -> dict[str, Any]:
    """Slack's own description of its methods, where it lies beside the repository."""
    return json.loads(SPEC.read_text(encoding="utf-8"))["paths"] if SPEC.is_file() else {}


def faults_by_document(method: str, body: dict[str, Any]) -> list[str]:
    """What Slack's published description of a method objects to."""
    from jsonschema import Draft7Validator

    found = _published().get(f"/{method}")
    if found is None:
        return []
    names = {item["name"]: item for item in next(iter(found.values()))["parameters"] if item["name"] != "token"}
    schema = {
        "type": "object",
        "required": [name for name, item in names.items() if item.get("required")],
        "properties": {
            # Blocks and views are texts of JSON in a form, and JSON itself in a JSON body.
            name: {} if name in ("blocks", "view", "attachments") else {"type": item["type"]}
            for name, item in names.items()
        },
    }
    return [f"{method}: {error.message[:200]}" for error in Draft7Validator(schema).iter_errors(body)]
