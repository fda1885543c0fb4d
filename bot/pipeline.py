"""The straight line from a document to an outbox row; `ingest` is the order of steps, once.

Everything is decided before anything is written; then one short transaction holds the articles, their
mentions and stories, a delivery for each alert, and the state of the source that brought them. Killed
anywhere, the line starts again from the same input and reaches the same keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot import metrics
from bot.alert_facts import facts_of, rule_of
from bot.alerts import Filed, Teller
from bot.entities.nlp import sentences
from bot.known import Known
from bot.model import Article, Clock, Document, Mention, Sentence
from bot.placing import Placing, ToPlace
from bot.rules.facts import Facts, Wording
from bot.rules.index import Rule, RuleIndex
from bot.sources.folder import FileRead
from bot.sources.identity import Filed as Earlier
from bot.sources.identity import sift, told_apart
from bot.store import alerts, articles, sources, subscriptions, tracked
from bot.store.engine import Store
from bot.store.sources import EVERYBODY, Source
from bot.stories.origins import Origins, origins_of, to_data
from bot.stories.outlets import Outlets
from bot.text.clean import article_from

CAP = (30, "h")  # posts a channel gets at most, where its subscriptions do not say less


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read of a source brought, and what the source's row will say afterwards."""

    source: Source
    documents: tuple[Document, ...]
    next_check_at: datetime
    files: tuple[FileRead, ...] = ()
    gone: tuple[str, ...] = ()
    title: str = ""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)  # further ones of the source's row

    @property
    def is_quiet(self) -> bool:
        """Whether nothing but the source's row will change; only feeds end so often without news that it pays to know."""
        return self.source.kind == "feed" and not self.documents

    def ending(self) -> dict[str, Any]:
        """What the source's row will say."""
        said = {"etag": self.etag, "last_modified": self.last_modified, "body_hash": self.body_hash}
        return {**self.columns, **said}


@dataclass(frozen=True, slots=True)
class Draft:
    """An article on its way: cleaned, matched, given a story and the rules it fires; nothing of it written yet."""

    article: Article
    mentions: tuple[tuple[Mention, Sentence], ...]
    filed: Earlier | None  # the row of an earlier text of it
    story_id: int = 0
    placed: str = ""  # why it is in this story
    origins: Origins | None = None
    fired: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Ingested:
    articles: int = 0
    alerts: int = 0
    lost_lease: bool = False


class Pipeline:
    def __init__(
        self,
        store: Store,
        known: Known,
        clock: Clock,
        fresh: timedelta,
        outlets: Outlets | None = None,
        checkpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._known = known
        self._clock = clock
        self._fresh = fresh
        self._checkpoint = checkpoint  # tests stop the process here
        self._outlets = outlets or Outlets((), {})
        self._teller = Teller(known, CAP)
        self._placing = Placing(lambda: known.media, known.name_of)
        self._rules = RuleIndex(())
        self._rules_mark: tuple[object, ...] | None = None
        self._meanings: Mapping[str, tuple[object, ...]] = {}  # workspace → what its names were looked up in

    def ingest(self, batch: Batch, progress: Callable[[str], None] = lambda _: None) -> Ingested:
        """One read of one source."""
        return self.ingest_all([batch], progress)[0]

    @metrics.INGEST_SECONDS.time()
    def ingest_all(self, batches: Sequence[Batch], progress: Callable[[str], None] = lambda _: None) -> list[Ingested]:
        """Source → clean → match → story → rules → one transaction, for the reads of several sources at once.

        An error ends all of them, and nothing of any is written.
        """
        now = self._clock.now()
        self._checkpoint("after fetch")
        drafts = self._new(batches)
        if any(drafts):
            matched = iter(self._matched([draft for one in drafts for draft in one], progress))
            drafts = [[next(matched) for _ in one] for one in drafts]
        self._checkpoint("after match")
        drafts = self._judged(batches, drafts, now)
        self._checkpoint("before commit")
        with self._store.write() as cx:
            quiet = [batch for batch in batches if batch.is_quiet]
            sources.finish_unchanged(cx, [(b.source, b.next_check_at, b.ending()) for b in quiet], now)
            results = [
                Ingested() if batch.is_quiet else self._commit(cx, batch, one, now)
                for batch, one in zip(batches, drafts, strict=True)
            ]
        self._checkpoint("after commit")
        metrics.filed(sum(result.articles for result in results))
        return results

    def _commit(self, cx: Connection, batch: Batch, drafts: Sequence[Draft], now: datetime) -> Ingested:
        brought = bool(drafts)
        more = batch.ending() | ({"title": batch.title} if batch.title else {})
        if not sources.finish_read(cx, batch.source, now, batch.next_check_at, brought=brought, more=more):
            return Ingested(lost_lease=True)
        if batch.files or batch.gone:
            sources.note_files(cx, batch.source.id, [(f.path, f.signature, f.fault) for f in batch.files], now)
            sources.forget_files(cx, batch.source.id, batch.gone)
        if not drafts:
            return Ingested()
        ids = self._write(cx, batch.source.id, drafts, now)
        filed = [
            Filed(article_id, draft.story_id, draft.article, draft.mentions, draft.fired)
            for draft, article_id in zip(drafts, ids, strict=True)
            if article_id is not None
        ]
        return Ingested(len(drafts), self._teller.tell(cx, batch.source, filed, self._rules, now))

    def release(self) -> int:
        """Post the alerts that were held until now; how many posts were made."""
        with self._store.read() as cx:
            if not alerts.due(cx, self._clock.now(), 1):
                return 0
            rules = self._current_rules(cx)
        return self._teller.release(self._store, rules, self._clock.now())

    def _judged(self, batches: Sequence[Batch], drafts: Sequence[Sequence[Draft]], now: datetime) -> list[list[Draft]]:
        """The drafts with their stories and the rules they fire."""
        if not any(drafts):
            return [[] for _ in drafts]
        judged: list[list[Draft]] = []
        with self._store.read() as cx:
            rules = self._current_rules(cx)
            for batch, own in zip(batches, drafts, strict=True):
                readers = sources.readers(cx, batch.source.id) if own else frozenset()
                placed = self._with_stories(cx, batch.source.id, own, now) if own else []
                judged.append([self._with_rules(draft, rules, readers, batch.source, now) for draft in placed])
        return judged

    def _new(self, batches: Sequence[Batch]) -> list[list[Draft]]:
        """Clean the documents and leave out what their source has brought before, whatever its key, date or link now."""
        cleaned: list[list[Article]] = []
        for batch in batches:
            outlet = batch.title or batch.source.title or "unnamed source"
            own = (article_from(document, outlet) for document in batch.documents)
            cleaned.append(told_apart(article for article in own if article.text.strip()))
        if not any(cleaned):
            return [[] for _ in cleaned]
        with self._store.read() as cx:
            mark = tracked.mark(cx)
            if mark != self._known.mark:
                self._known.refresh(mark, tracked.everything(cx))
            known = [
                sources.archive(cx, batch.source.id, own) if own else None
                for batch, own in zip(batches, cleaned, strict=True)
            ]
        return [
            [Draft(article, (), filed) for article, filed in sift(own, archive)] if archive else []
            for own, archive in zip(cleaned, known, strict=True)
        ]

    @metrics.MATCH_SECONDS.time()
    def _matched(self, drafts: Sequence[Draft], progress: Callable[[str], None]) -> list[Draft]:
        matched = []
        found = self._known.mentions([draft.article.text for draft in drafts])
        for draft, mentions in zip(drafts, found, strict=True):
            progress(draft.article.title)
            placed = _in_sentences(mentions, sentences(draft.article.text)) if mentions else ()
            matched.append(replace(draft, mentions=tuple(placed)))
        return matched

    def _with_stories(self, cx: Connection, source_id: int, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
        to_place = [
            ToPlace(draft.article, [m for m, _ in draft.mentions], draft.filed.story_id if draft.filed else None)
            for draft in drafts
        ]
        placed = self._placing.place(cx, source_id, to_place, now)
        return [
            replace(draft, story_id=found.story_id, placed=found.reason, origins=self._origins(draft.article))
            for draft, found in zip(drafts, placed, strict=True)
        ]

    def _origins(self, article: Article) -> Origins:
        return origins_of(article.text, article.outlet, article.url, self._outlets)

    def _with_rules(
        self, draft: Draft, rules: RuleIndex, readers: frozenset[str], source: Source, now: datetime
    ) -> Draft:
        """The rules an article fires; a feed's back-log and back-dated items go to the archive without a word."""
        if source.kind == "feed" and self._is_old(draft.article, source, now):
            return draft
        fired: list[Rule] = []
        wording = Wording(draft.article.text, draft.article.title)
        said = (source.id, f"{source.title} {source.address}")
        common: Facts | None = None  # what all workspaces see that track nothing of their own
        for workspace in rules.workspaces:
            if workspace in readers or EVERYBODY in readers:
                if self._known.own_of(workspace):
                    facts = facts_of(self._known, workspace, draft.article, draft.mentions, said, wording)
                else:
                    facts = common = common or facts_of(
                        self._known, workspace, draft.article, draft.mentions, said, wording
                    )
                fired += rules.fire(workspace, facts)
        return replace(draft, fired=tuple(fired))

    def _is_old(self, article: Article, source: Source, now: datetime) -> bool:
        if article.published is None:
            return source.first_read_at is None
        return now - article.published > self._fresh

    def _write(self, cx: Connection, source_id: int, drafts: Sequence[Draft], now: datetime) -> list[int | None]:
        """The ids of the articles in the archive; None for one that another process has entered meanwhile."""
        new = [draft for draft in drafts if draft.filed is None]
        articles.ensure_stories(cx, [(draft.story_id, draft.article.at(now)) for draft in new])
        rows = [(draft.story_id, draft.article, _columns(draft)) for draft in new]
        entered = articles.insert_articles(cx, source_id, rows, now)
        ids: list[int | None] = []
        found = []
        for draft in drafts:
            at: datetime | None
            if draft.filed is None:
                key, at = entered.get(draft.article.key), draft.article.at(now)
            else:
                changed = {"origins": to_data(draft.origins) if draft.origins else None}
                at = articles.replace_article(cx, draft.filed.id, draft.article, now, changed)
                key = draft.filed.id if at else None
            ids.append(key)
            if key is not None and at:
                found.append((key, at, draft.mentions))
        articles.insert_mentions(cx, found)
        return ids

    def _current_rules(self, cx: Connection) -> RuleIndex:
        mark = (subscriptions.subscriptions_mark(cx), self._known.mark)
        if mark != self._rules_mark:
            rows = subscriptions.all_subscriptions(cx)
            workspaces = {row.workspace for row in rows}
            meanings = {key: (self._known.catalogue, self._known.own_of(key)) for key in workspaces}
            changed = {key for key, meaning in meanings.items() if self._meanings.get(key) != meaning}
            names = {workspace: self._known.resolve_in(workspace) for workspace in workspaces}
            self._rules.renew(rows, changed, lambda row: rule_of(row, names[row.workspace]))
            self._rules_mark, self._meanings = mark, meanings
        return self._rules


def _columns(draft: Draft) -> dict[str, Any]:
    return {"origins": to_data(draft.origins) if draft.origins else None, "placed": draft.placed or None}


def _in_sentences(found: Sequence[Mention], parts: Sequence[Sentence]) -> list[tuple[Mention, Sentence]]:
    """Each mention with the sentence it stands in; both are sorted by start."""
    placed = []
    index = 0
    for mention in found:
        while index + 1 < len(parts) and parts[index].end <= mention.start:
            index += 1
        placed.append((mention, parts[index]))
    return placed
