"""`vedette match`: texts in, mentions out, one JSON line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bot.entities.match import Matcher
from bot.model import Mention


def match_lines(matcher: Matcher, lines: Iterable[str], *, all_places: bool = False) -> Iterator[str]:
    """`{"id","text"}` lines to `{"id","mentions"}` lines; a broken line is answered by an `error`."""
    for line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text = str(row["text"])
        except (ValueError, KeyError, TypeError) as error:
            yield json.dumps({"id": None, "mentions": [], "error": f"not a line with id and text: {error}"})
            continue
        found = [mention_data(mention) for mention in matcher.mentions(text, all_places=all_places)]
        yield json.dumps({"id": row.get("id"), "mentions": found}, ensure_ascii=False)


def mention_data(mention: Mention) -> dict[str, Any]:
    return {
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "entity": mention.name,
        "kind": mention.kind.value,
        "lat": mention.lat,
        "lon": mention.lon,
    }
