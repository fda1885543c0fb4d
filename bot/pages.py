"""Teasers made whole: the pages behind a feed's new items, fetched with the guard and with manners.

What the feed said stays the item's identity (`Article.said`): a page never makes an item new or changed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bot.errors import SourceError
from bot.model import Article, Clock, Document
from bot.settings import Settings
from bot.sources.address import PORTS
from bot.sources.discover import looks_like_html
from bot.sources.fetch import Fetcher
from bot.sources.identity import sift, told_apart
from bot.sources.page import completed, is_teaser
from bot.sources.parsing import Parsers
from bot.sources.robots import Robots
from bot.store import sources
from bot.store.engine import Store
from bot.store.sources import Source
from bot.text.clean import article_from, clean_text, plain_text

log = logging.getLogger(__name__)

MOST = 20  # pages of one read
AT_ONCE = 2
BUDGET = 10.0  # seconds for all of them: an alert that waits for its page must not wait long


class Pages:
    def __init__(self, store: Store, fetcher: Fetcher, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._fetcher = fetcher
        self._settings = settings
        self._clock = clock
        self._robots = Robots(fetcher, clock)
        self._extractor = Parsers(children=1)  # not the feeds' own: a hostile page must not keep feeds waiting

    def close(self) -> None:
        self._extractor.close()

    async def fill(self, source: Source, documents: tuple[Document, ...]) -> tuple[Document, ...]:
        """The documents, with the text of its page beside each teaser that is new. Whatever fails, the teaser is there."""
        mode = source.pages or self._settings.feeds.pages
        if mode == "off":
            return documents
        wanted = await asyncio.to_thread(self._wanted, source, documents, mode)
        if not wanted:
            return documents
        found = await self._texts(source, wanted)
        return tuple(
            replace(document, page=found[at]) if found.get(at) else document for at, document in enumerate(documents)
        )

    async def document_at(self, address: str) -> Document:
        """The article in one page that somebody asks about. Raises `SourceError`."""
        page = await self._fetcher.get(address, approve=self._robots.ask)
        if not looks_like_html(page.body, page.content_type):
            raise SourceError("The answer is no page.", "not-a-page", "Give the address of the article itself.")
        found = await self._extractor.extract(page.body, page.address)
        if not found.strip():
            raise SourceError("No article was found in the page.", "not-a-page")
        return Document(page.address, "", found, url=page.address, outlet=urlsplit(page.address).hostname or "")

    def _wanted(self, source: Source, documents: Sequence[Document], mode: str) -> dict[int, Article]:
        """Position → article of the fresh documents that need their page and are new, or say something new."""
        now, fresh = self._clock.now(), self._settings.feeds.fresh
        articles: dict[int, Article] = {}
        for at, document in enumerate(documents):
            old = now - document.published > fresh if document.published else source.first_read_at is None
            if document.url and not old and (mode == "on" or is_teaser(document.title, plain_text(document))):
                articles[at] = article_from(document, "")
        if not articles:
            return {}
        different = told_apart(article for article in articles.values() if article.text.strip())
        with self._store.read() as cx:
            archive = sources.archive(cx, source.id, different)
        new = {article.content_hash for article, _ in sift(different, archive)}
        wanted: dict[int, Article] = {}
        for at, article in articles.items():
            if article.content_hash in new and len(wanted) < MOST:
                new.remove(article.content_hash)
                wanted[at] = article
        return wanted

    async def _texts(self, source: Source, wanted: Mapping[int, Article]) -> dict[int, str]:
        """What could be read within the budget."""
        turn = asyncio.Semaphore(AT_ONCE)
        tasks = {at: asyncio.create_task(self._text(source, article, turn)) for at, article in wanted.items()}
        try:
            await asyncio.wait(tasks.values(), timeout=BUDGET)
        finally:
            late = [task for task in tasks.values() if task.cancel()]
        if late:
            log.debug("source %s: %d pages were not read in time", source.address, len(late))
            await asyncio.gather(*late, return_exceptions=True)
        return {at: task.result() for at, task in tasks.items() if not task.cancelled()}

    async def _text(self, source: Source, article: Article, turn: asyncio.Semaphore) -> str:
        async def approve(hop: str) -> None:
            self._refuse_others_house(source, hop)
            await self._robots.ask(hop)

        async with turn:
            try:
                page = await self._fetcher.get(article.url or "", approve=approve)
                if not looks_like_html(page.body, page.content_type):
                    raise SourceError("The answer is no page.", "not-a-page")
                found = await self._extractor.extract(page.body, page.address)
                teaser = article.text.removeprefix(article.title).strip()
                return await asyncio.to_thread(lambda: completed(teaser, clean_text(found)))
            except SourceError as error:
                log.debug("page %s: %s", article.url, error)
            except Exception as error:
                log.debug("page %s: it could not be read", article.url, exc_info=error)
        return ""

    def _refuse_others_house(self, source: Source, address: str) -> None:
        """A private address that the operator allows for one feed is no place to which another's items may send us."""
        if _pair(address) in self._settings.fetch.allow and _pair(address) != _pair(source.address):
            raise SourceError("The item leads into a private network, to another server than its feed's.", "guard")


def _pair(address: str) -> str:
    parts = urlsplit(address)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or PORTS.get(parts.scheme)}"
