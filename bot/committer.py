"""Commits what reads brought, those of several sources in one transaction: while one is written, the next gathers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from bot.pipeline import Batch, Ingested, Pipeline

log = logging.getLogger(__name__)

DOCUMENTS = 200  # of one transaction; a read that brings more has one of its own
QUIET = 500  # reads of one transaction that brought nothing


class Committer:
    """Belongs to one event loop."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._waiting: deque[tuple[Batch, asyncio.Future[Ingested]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def commit(self, batch: Batch) -> Ingested:
        """When this returns, it is on disk. Raises what ended it; then nothing of it is written."""
        done: asyncio.Future[Ingested] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, done))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await done

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._next())
        finally:
            self._working = None

    def _next(self) -> list[tuple[Batch, asyncio.Future[Ingested]]]:
        """The reads of the next transaction, each source once, so that the second read sees what the first brought."""
        taken: list[tuple[Batch, asyncio.Future[Ingested]]] = []
        documents, sources = 0, set()
        while self._waiting and len(taken) < QUIET:
            batch = self._waiting[0][0]
            documents += len(batch.documents)
            if taken and (documents > DOCUMENTS or batch.source.id in sources):
                break
            sources.add(batch.source.id)
            taken.append(self._waiting.popleft())
        return taken

    async def _commit(self, taken: list[tuple[Batch, asyncio.Future[Ingested]]]) -> None:
        try:
            results = await asyncio.to_thread(self._pipeline.ingest_all, [batch for batch, _ in taken])
        except Exception as error:
            if len(taken) == 1:
                _end(taken[0][1], error)
                return
            log.warning("a transaction of %d reads failed (%s); each is tried alone", len(taken), type(error).__name__)
            for one in taken:
                await self._commit([one])
            return
        for (_, done), result in zip(taken, results, strict=True):
            if not done.done():
                done.set_result(result)


def _end(done: asyncio.Future[Ingested], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
