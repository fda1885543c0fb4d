"""An event loop whose time passes only when there is nothing to do: an hour of waiting is over at once.

Sockets and threads are real. Time stands while a thread works or bytes are on their way.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from tests.fakes import START

GRACE = 0.00002  # real seconds that bytes on loopback are given to arrive


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._now = 0.0
        self._threads = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: Any) -> None:
        self._threads -= 1

    def wait(self, selector: selectors.BaseSelector, timeout: float | None) -> Any:
        found = selector.select(0)
        if found or timeout == 0:
            return found
        if self._threads or timeout is None:
            return selector.select(1 if timeout is None else 0.01)
        time.sleep(GRACE)
        found = selector.select(0)
        if not found:
            self._now += timeout or 0.0
        return found


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop
        self._inside = False

    def select(self, timeout: float | None = None) -> Any:
        if self._inside:
            return super().select(timeout)
        self._inside = True
        try:
            return self._loop.wait(self, timeout)
        finally:
            self._inside = False


class VirtualClock:
    """The wall clock that goes with it."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())


def run_virtually(make: Any) -> Any:
    """Run `make(clock)`, a coroutine, to its end."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        work: Coroutine[Any, Any, Any] = make(VirtualClock(loop))
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()
