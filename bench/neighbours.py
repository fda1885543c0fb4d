"""What one bad feed costs a hundred others that are due with it: run as `python -m bench.neighbours` in a process of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from bench.feed_child import _enter, _house, _poller
from bot.pipeline import Batch, Ingested
from bot.sources.fetch import Fetched
from tests.fakes import StandingClock

OTHERS = 100
BAD = "https://bad.example/feed"
_ITEM = (
    "<item><title>{0} convoys on the road</title><link>https://{1}.example/{0}</link><guid>{0}</guid>"
    "<description>Report {0} from desk {1}: {2}.</description></item>"
)
_WORDS = "troops town market river ministry border convoy militia checkpoint airport night north village water".split()


def _feed(site: str, items: int) -> bytes:
    rows = []
    for number in range(items):
        words = " ".join(_WORDS[(number * step + step) % len(_WORDS)] for step in range(1, 12))
        rows.append(_ITEM.format(number, site, f"{words} {number * 7919 % 10_007}"))
    return f'<rss version="2.0"><channel><title>{site}</title>{"".join(rows)}</channel></rss>'.encode()


HOSTILE = b"<rss><channel><item><author>" + b"a@" * 20_000 + b"</author></item>"


class Feeds:
    """A fetcher with an answer for each address, at once."""

    def __init__(self, bad: bytes | None) -> None:
        self._bad = bad

    async def get(self, address: str, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        await asyncio.sleep(0)
        body = self._bad if address == BAD and self._bad else _feed(address.split("/")[2].removesuffix(".example"), 1)
        return Fetched(address, 200, body, None, None, "application/rss+xml; charset=utf-8")

    async def close(self) -> None:
        return None


async def _round(bad: bytes | None) -> list[float]:
    """Seconds until each of the others was committed, sorted."""
    done: dict[str, float] = {}
    with _house(StandingClock(), VEDETTE_ENTITIES_MODEL="false") as app:
        addresses = [f"https://desk{number}.example/feed" for number in range(OTHERS)]
        _enter(app, [*addresses[: OTHERS // 2], BAD, *addresses[OTHERS // 2 :]])
        ingest: Any = app.pipeline.ingest_all

        def timed(batches: Sequence[Batch]) -> list[Ingested]:
            results: list[Ingested] = ingest(batches)
            done.update((batch.source.address, time.perf_counter()) for batch in batches)
            return results

        app.pipeline.ingest_all = timed  # type: ignore[method-assign]
        async with _poller(app, Feeds(bad)) as poller:
            began = time.perf_counter()
            while await poller.read_due("feed"):
                pass
    return sorted(at - began for address, at in done.items() if address != BAD)


async def main() -> dict[str, float]:
    await _round(None)  # loads what is loaded once
    alone, hostile, flood = await _round(None), await _round(HOSTILE), await _round(_feed("bad", 10_000))
    if not len(alone) == len(hostile) == len(flood) == OTHERS:
        raise SystemExit("A feed was not read.")
    return {
        "alone": alone[-1],
        "hostile": max(late - usual for late, usual in zip(hostile, alone, strict=True)),
        "flood": flood[-1],
    }


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    print(json.dumps(asyncio.run(main())))
