"""Feeds: polling, parsing, committing, many of them. Everything on loopback, each peer in the same run.

What needs a process of its own stands in bench/feed_child.py; the feeds are made in bench/feed_files.py.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import feed_files, texts
from bot.model import Document
from bot.sources.feed import parse_feed
from bot.text.clean import article_from

PORTS = 50  # the fetcher keeps two connections to each
ITEM = 1_000  # characters of an item that is committed
AN_ADDRESS = "https://desk.example/feed"


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    figure: float
    unit: str
    peer: str = ""
    peer_figure: float = 0.0
    ratio: float | None = None  # how many times better than the peer; None where there is none
    target: str = ""


def run(quick: bool) -> list[Row]:
    polls, rounds = (600, 1) if quick else (4_000, 3)
    rows = [_polling("http", polls, rounds)]
    if shutil.which("openssl"):
        rows.append(_polling("https", polls // 4, rounds))
    rows += _parsing(1 if quick else 3)
    rows += _stall(3 if quick else 10)
    rows += _commits(60 if quick else 1_000)
    if not quick:
        rows += _neighbours()
    rows += _crowd(3 if quick else 30)
    return rows


def _polling(scheme: str, feeds: int, rounds: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        certificate = _certificate(Path(folder)) if scheme == "https" else ""
        with _publisher(certificate) as ports:
            addresses = [f"{scheme}://127.0.0.1:{ports[number % PORTS]}/{number}" for number in range(feeds)]
            trust = {"SSL_CERT_FILE": certificate} if certificate else {}
            got = _child("poll", trust, addresses=addresses, rounds=rounds)
    what, target = ("a new TLS connection each", 0.9) if certificate else ("kept alive", 0.5)
    ratio = got["product"] / got["bare"]
    return Row(
        f"Polls that end in 304, {what}", got["product"], "/s", "bare aiohttp", got["bare"], ratio, f"≥ {target}×"
    )


def _certificate(folder: Path) -> str:
    """A key and a certificate for 127.0.0.1 in one file, made by openssl."""
    key, both = folder / "key.pem", folder / "both.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    command = [*make.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(both)]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(key.read_text() + both.read_text())
    return str(both)


@contextlib.contextmanager
def _publisher(certificate: str) -> Iterator[list[int]]:
    """A publisher in a process of its own; its ports."""
    arguments = json.dumps({"ports": PORTS, "certificate": certificate})
    command = [sys.executable, "-m", "bench.feed_child", "serve", arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=texts.ROOT) as process:
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.stdin.close()


def _child(job: str, environ: dict[str, str] | None = None, **arguments: Any) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.feed_child", job],
        input=json.dumps(arguments) + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=texts.ROOT,
        env={**os.environ, **(environ or {})},
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _parsing(rounds: int) -> list[Row]:
    import feedparser

    bodies = feed_files.feeds()[:: 1 if rounds > 1 else 3]
    compared = sum(_same(body, feedparser.parse(io.BytesIO(body))) for body in bodies)
    rows = [_parsed(f"{len(bodies)} feeds", bodies, rounds)]
    if rounds > 1:
        usual = bodies[: -feed_files.UNUSUAL]
        rows.append(_parsed(f"{len(usual)} of them, well-formed RSS 2 and Atom in UTF-8", usual, rounds))
    return [*rows, Row("Items equal to feedparser's in all fields", compared, "")]


def _parsed(name: str, bodies: Sequence[bytes], rounds: int) -> Row:
    import feedparser

    size = sum(map(len, bodies)) / 1e6
    own = size / _best(lambda: [parse_feed(body, AN_ADDRESS) for body in bodies], 2 * rounds)
    peer = size / _best(lambda: [feedparser.parse(io.BytesIO(body)) for body in bodies], rounds)
    return Row(f"Parsing {name}", own, "MB/s", "feedparser", peer, own / peer, "≥ 10×")


def _best(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def _same(body: bytes, parsed: Any) -> int:
    """How many items are equal: title, link, id, date, and the text after cleaning. Ends the run at the first that is not."""
    documents = parse_feed(body, AN_ADDRESS).documents
    if len(documents) != len(parsed.entries):
        raise SystemExit(f"{len(documents)} items of a feed were read where feedparser reads {len(parsed.entries)}.")
    for own, entry in zip(documents, parsed.entries, strict=True):
        when = entry.get("published_parsed") or entry.get("updated_parsed")
        peer = Document(
            key=entry.get("id") or entry.get("link") or own.key,
            title=entry.get("title", ""),
            body=next((part.value for part in entry.get("content", ()) if part.value), "") or entry.get("summary", ""),
            is_html=True,
            url=entry.get("link"),
            outlet=own.outlet,
            published=datetime(*when[:6], tzinfo=UTC) if when else None,
            language=own.language,
        )
        if article_from(own, "Desk") != article_from(peer, "Desk"):
            raise SystemExit(f"An item was read in another way than feedparser's: {own.key}.")
    return len(documents)


def _stall(rounds: int) -> list[Row]:
    got = _child("stall", size=1_000_000, rounds=rounds)
    ratio = got["inline"] / got["product"]
    what = "Longest stall of the loop, a feed of 1 MB"
    return [Row(what, got["product"], "ms", "feedparser inline", got["inline"], ratio, "≤ 25 ms")]


def _commits(feeds: int) -> list[Row]:
    corpus = texts.corpus([f"Town {number}" for number in range(20_000)])
    items = [f"{number} {corpus.texts[number % len(corpus.texts)][:ITEM]}" for number in range(feeds)]
    got = _child("commits", texts=items)
    what = f"Feeds committed, one new item of 1 kB each ({got['alerts']:,.0f} alerts)"
    bare = "bare SQLite, one row a transaction"
    return [Row(what, got["product"], "/s", bare, got["bare"], got["product"] / got["bare"], "≥ 300/s")]


def _neighbours() -> list[Row]:
    command = [sys.executable, "-m", "bench.neighbours"]
    got = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=texts.ROOT).stdout)
    late = got["flood"] / got["alone"]
    return [
        Row("A hundred feeds beside one that takes all the CPU it may: later by", got["hostile"], "s", target="≤ 1 s"),
        Row("  beside one with 10,000 new items", got["flood"], "s", "alone", got["alone"], late, "≤ 2× as late"),
    ]


def _crowd(minutes: int) -> list[Row]:
    got = _child("crowd", feeds=10_000, minutes=minutes, tick=0.5)
    return [
        Row(
            f"10,000 feeds for {minutes} simulated minutes, {got['polls']:,.0f} polls: memory",
            got["memory"],
            "MB",
            target="≤ 400 MB",
        ),
        Row("  latest poll after it was due, simulated", got["late"], "s", target="≤ 0.5 s"),
        Row("  longest work in one tick of 0.5 s, the first round apart", got["longest"], "s", target="≤ 0.5 s"),
        Row("  first round, all due together", got["first"], "s"),
        Row("  simulated time against real time", got["speed"], "×"),
    ]


def show(rows: Sequence[Row]) -> None:
    print("Feeds (loopback; SQLite with synchronous FULL)")
    print(f"  {'':66} {'Vedette':>14} {'peer':>14}   times as good")
    for row in rows:
        peer = f"{row.peer_figure:9,.1f} {row.unit:4}" if row.peer else " " * 14
        ratio = f"{row.ratio:7.2f}" if row.ratio is not None else " " * 7
        about = "   ".join(
            part for part in (row.target and f"target {row.target}", row.peer and f"peer: {row.peer}") if part
        )
        print(f"  {row.what:66} {row.figure:9,.1f} {row.unit:4} {peer} {ratio}   {about}".rstrip())
    print()
