"""Parsing in child processes: what a stranger's feed does to a parser must not reach the loop.

A child has 300 MB of data and two seconds of CPU for each feed; the system ends one that wants more, and the next is there at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from bot.errors import SourceError
from bot.sources.feed import ParsedFeed, parse_feed
from bot.sources.page import extract

log = logging.getLogger(__name__)

MAX_BODY = 10 * 1024 * 1024
CPU_SECONDS = 1.8
WALL_SECONDS = 8.0  # for a child that waits instead of working, or a machine that is very busy
DATA_BYTES = 300 * 1024 * 1024
FEEDS_A_CHILD = 2_000  # then it is replaced, and its memory with it

_GONE = (ProcessExpired, FutureTimeout, BrokenProcessPool, TimeoutError)  # how a child that was ended is reported


@dataclass(frozen=True, slots=True)
class _Failure:
    """A `SourceError` on its way out of a child."""

    sentence: str
    error_class: str
    next_step: str


class Parsers:
    """A pool of children; they start when first needed. Safe to use from several threads."""

    def __init__(self, children: int = 2) -> None:
        self._children = children
        self._pool: ProcessPool | None = None

    async def parse(self, body: bytes, address: str, content_type: str = "") -> ParsedFeed:
        """Raises `SourceError` with a sentence for `/feeds health`."""
        try:
            return _settled(await asyncio.wrap_future(self._start(_work, body, address, content_type)))
        except _GONE as error:
            raise _too_expensive() from error

    async def extract(self, html: bytes, address: str) -> str:
        """The text of the article in a page; empty where there is none, or where reading it takes too much."""
        try:
            text: str | None = await asyncio.wrap_future(self._start(_work_page, html, address))
        except _GONE as error:
            text = None
            log.debug("page %s: too expensive to read (%s)", address, type(error).__name__)
        else:
            if text is None:
                log.debug("page %s: broken beyond reading", address)
        return text or ""

    def parse_now(self, body: bytes, address: str, content_type: str = "") -> ParsedFeed:
        """The same for callers without a loop."""
        try:
            return _settled(self._start(_work, body, address, content_type).result())
        except _GONE as error:
            raise _too_expensive() from error

    def close(self) -> None:
        if self._pool:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    def _start(self, work: Callable[..., object], *args: object) -> Any:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPool(self._children, max_tasks=FEEDS_A_CHILD, initializer=_limit, context=context)
        return self._pool.schedule(work, args=list(args), timeout=WALL_SECONDS)


def _settled(result: ParsedFeed | _Failure) -> ParsedFeed:
    if isinstance(result, _Failure):
        raise SourceError(result.sentence, result.error_class, result.next_step)
    return result


def _too_expensive() -> SourceError:
    return SourceError(
        "Reading this feed takes more time or memory than any honest feed needs.",
        "too-expensive",
        "Tell its publisher, or remove it: /feeds remove ADDRESS",
    )


def _limit() -> None:
    """In the child: no more memory than this, behind the parent for the processor, no word on stderr, Ctrl-C left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))


def _work(body: bytes, address: str, content_type: str) -> ParsedFeed | _Failure:
    # The timer of CPU time ends the process, wherever it is: no handler is set, and none could run inside a regular expression.
    with contextlib.suppress(AttributeError):
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        return parse_feed(body, address, content_type)
    except SourceError as error:
        return _Failure(*_told(error))
    except MemoryError:
        return _Failure(*_told(_too_expensive()))
    except Exception as error:
        return _Failure(
            f"The feed is broken beyond reading ({type(error).__name__}).", "unreadable", "Tell its publisher."
        )
    finally:
        with contextlib.suppress(AttributeError):
            signal.setitimer(signal.ITIMER_PROF, 0)


def _work_page(html: bytes, address: str) -> str | None:
    with contextlib.suppress(ImportError, MemoryError):
        import trafilatura  # noqa: F401  # the page does not pay for it
    with contextlib.suppress(AttributeError):
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        return extract(html, address)
    except Exception:
        return None
    finally:
        with contextlib.suppress(AttributeError):
            signal.setitimer(signal.ITIMER_PROF, 0)


def _told(error: SourceError) -> tuple[str, str, str]:
    return str(error), error.error_class, error.next_step


def parse_file(path: Path, parsers: Parsers) -> dict[str, Any]:
    """One line of `vedette parse --jsonl`: path, ok, entries, error_class, ms."""
    started = time.perf_counter()
    entries, error_class = 0, None
    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        with path.open("rb") as file:
            body = file.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise SourceError("The feed is larger than 10 MB.", "too-large")
        entries = len(parsers.parse_now(body, "https://feed.invalid/").documents)
    except SourceError as error:
        error_class = error.error_class
    except (OSError, ValueError) as error:
        error_class = type(error).__name__
    took = round((time.perf_counter() - started) * 1000, 2)
    return {"path": str(path), "ok": error_class is None, "entries": entries, "error_class": error_class, "ms": took}
