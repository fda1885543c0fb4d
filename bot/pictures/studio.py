"""Where pictures are had: from memory, from a folder, or drawn in a child process.

Drawing holds the interpreter for a good part of a second, so it never happens in the process that keeps watch.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import multiprocessing
import os
import signal
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from bot.cards.card import card_to_data
from bot.cards.picture import MapSpec, Mode, PictureSpec
from bot.errors import VedetteError

log = logging.getLogger(__name__)

STYLE = "1"  # raise it when pictures are drawn otherwise, so that old ones are not shown
REMEMBERED = 64  # pictures in memory, about 50 kB each
FOLDER_BYTES = 64 * 1024 * 1024
WALL_SECONDS = 20.0  # with the child's first start, on a machine that is very busy
PICTURES_A_CHILD = 500  # then it is replaced, and its memory with it
_GONE = (ProcessExpired, FutureTimeout, BrokenProcessPool, TimeoutError)


class NoPicture(VedetteError):
    """The picture could not be drawn; what it shows is in its alt text."""


class Studio:
    """Pictures as PNG. One child draws; it starts when first needed. Use it from one event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool: ProcessPool | None = None
        self._known: OrderedDict[str, bytes] = OrderedDict()
        self._drawing: dict[str, asyncio.Future[bytes]] = {}

    async def picture_of(self, spec: PictureSpec, mode: Mode | str) -> bytes:
        """The PNG of a spec, the same bytes each time. Raises `NoPicture`; then show the alt text alone."""
        key = picture_key(spec, Mode(mode))
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if key not in self._drawing:
            # Many channels may want the same picture at the same minute: it is drawn once, whoever of them gives up waiting.
            task = asyncio.ensure_future(self._had(key, spec, Mode(mode)))
            self._drawing[key] = task
            task.add_done_callback(lambda done: self._settled(key, done))
        return await asyncio.shield(self._drawing[key])

    async def warm(self) -> None:
        """Start the child before the first picture is asked for: it spends a second on reading its libraries and the land."""
        with suppress(*_GONE):
            await asyncio.wrap_future(self._scheduled(_load))

    def close(self) -> None:
        if self._pool:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    def _settled(self, key: str, done: asyncio.Future[bytes]) -> None:
        self._drawing.pop(key, None)
        if done.cancelled() or done.exception():
            return
        self._known[key] = done.result()
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def _had(self, key: str, spec: PictureSpec, mode: Mode) -> bytes:
        file = self._folder / f"{key}.png"
        found = await asyncio.to_thread(_read, file)
        if found:
            return found
        try:
            drawn: bytes = await asyncio.wrap_future(self._scheduled(_draw, spec, mode))
        except _GONE as error:
            raise _none(type(error).__name__) from error
        except Exception as error:  # whatever a drawing library throws: a card without its picture is still a card
            log.exception("picture %s of a %s could not be drawn", key, type(spec).__name__)
            raise _none(type(error).__name__) from error
        await asyncio.to_thread(_keep, file, drawn)
        return drawn

    def _scheduled(self, work: Callable[..., object], *args: object) -> Any:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPool(
                1, max_tasks=PICTURES_A_CHILD, initializer=_prepare, initargs=[str(self._folder)], context=context
            )
        return self._pool.schedule(work, args=list(args), timeout=WALL_SECONDS)


def picture_key(spec: PictureSpec, mode: Mode) -> str:
    """The name that a picture is kept under: the hash of all that it is drawn from."""
    told = json.dumps([STYLE, mode, card_to_data(spec)], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _none(cause: str) -> NoPicture:
    return NoPicture(f"The picture could not be drawn ({cause}).", "Read what it shows below, and ask again later.")


def _prepare(folder: str) -> None:
    """In the child: Ctrl-C is the parent's, and the library's own cache lies with ours, not in somebody's home."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["MPLCONFIGDIR"] = str(Path(folder) / "matplotlib")
    logging.disable(logging.WARNING)
    with suppress(OSError):
        os.nice(5)  # a picture can wait; an alert cannot


def _draw(spec: PictureSpec, mode: Mode) -> bytes:
    from bot.pictures.draw import picture_png

    return picture_png(spec, mode)


def _load() -> None:
    from bot.pictures.draw import picture_png

    picture_png(MapSpec(), Mode.LIGHT)


def _read(file: Path) -> bytes:
    """A kept picture, marked as used; nothing where there is none, or half of one."""
    with suppress(OSError):
        data = file.read_bytes()
        if data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82"):
            os.utime(file)
            return data
    return b""


def _keep(file: Path, data: bytes) -> None:
    """Write whole or not at all, then let go of those not used for longest. A full disk only costs the cache."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(f".{os.getpid()}.part")
        half.write_bytes(data)
        half.replace(file)
        kept = sorted(
            ((item.stat().st_mtime, item.stat().st_size, item) for item in file.parent.glob("*.png")), reverse=True
        )
        room = FOLDER_BYTES
        for _, size, item in kept:
            room -= size
            if room < 0:
                item.unlink(missing_ok=True)
    except OSError as error:
        log.warning("pictures cannot be kept in %s: %s", file.parent, error)
