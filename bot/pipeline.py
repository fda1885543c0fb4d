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
from bot.cards.alert import Finding, alert_card, flood_card
from bot.cards.card import card_to_data
from bot.entities.nlp import sentences
from bot.known import Known
from bot.model import Article, Channel, Clock, Document, Mention, Sentence
from bot.placing import Placing, ToPlace
from bot.rules.index import Rule, RuleIndex
from bot.rules.query import Facts, asked_for, facts_of, parse_query
from bot.sources.folder import FileRead
from bot.sources.identity import Filed, sift, told_apart
from bot.store import articles, outbox, sources, stories, subscriptions, tracked
from bot.store.engine import Store
from bot.store.sources import EVERYBODY, Source
from bot.stories.origins import Origins, behind, origins_of, said, to_data
from bot.stories.outlets import Outlets
from bot.text.clean import article_from

MOST_POSTS = 10  # stories of one read that are told one by one; more are told in one card


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


@dataclass(frozen=True, slots=True)
class Draft:
    """An article on its way: cleaned, matched, given a story and the rules it fires; nothing of it written yet."""

    article: Article
    mentions: tuple[tuple[Mention, Sentence], ...]
    filed: Filed | None  # the row of an earlier text of it
    story_id: int = 0
    placed: str = ""  # why it is in this story
    origins: Origins | None = None
    fired: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Ingested:
    articles: int = 0
    alerts: int = 0
    lost_lease: bool = False


_Fired = tuple[Draft, int, list[Rule]]  # the first article of a story that fires, its id, the rules


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
        self._placing = Placing(lambda: known.media, known.name_of)
        self._rules = RuleIndex(())
        self._rules_mark: tuple[object, ...] | None = None

    @metrics.INGEST_SECONDS.time()
    def ingest(self, batch: Batch, progress: Callable[[str], None] = lambda _: None) -> Ingested:
        """Source → clean → match → story → rules → one transaction."""
        now = self._clock.now()
        self._checkpoint("after fetch")
        drafts = self._new(batch) if batch.documents else []
        drafts = self._matched(drafts, progress) if drafts else []
        self._checkpoint("after match")
        drafts = self._judged(batch.source, drafts, now) if drafts else []
        self._checkpoint("before commit")
        with self._store.write() as cx:
            if not sources.finish_read(
                cx,
                batch.source,
                now,
                batch.next_check_at,
                etag=batch.etag,
                last_modified=batch.last_modified,
                body_hash=batch.body_hash,
                title=batch.title,
                brought=bool(drafts),
                more=batch.columns,
            ):
                return Ingested(lost_lease=True)
            sources.note_files(cx, batch.source.id, [(f.path, f.signature, f.fault) for f in batch.files], now)
            sources.forget_files(cx, batch.source.id, batch.gone)
            ids = self._write(cx, batch.source.id, drafts, now)
            alerts = self._alert(cx, batch.source, drafts, ids, now)
        self._checkpoint("after commit")
        metrics.filed(len(drafts))
        return Ingested(len(drafts), alerts)

    def unchanged(self, batches: Sequence[Batch]) -> None:
        """Reads that brought nothing: one transaction says so in the rows of all these sources."""
        self._checkpoint("before commit")
        ends = []
        for batch in batches:
            said = {"etag": batch.etag, "last_modified": batch.last_modified, "body_hash": batch.body_hash}
            ends.append((batch.source, batch.next_check_at, {**batch.columns, **said}))
        with self._store.write() as cx:
            sources.finish_unchanged(cx, ends, self._clock.now())
        self._checkpoint("after commit")

    def _judged(self, source: Source, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
        """The drafts with their stories and the rules they fire."""
        with self._store.read() as cx:
            rules = self._current_rules(cx)
            readers = sources.readers(cx, source.id)
            placed = self._with_stories(cx, source.id, drafts, now)
        return [self._with_rules(draft, rules, readers, source, now) for draft in placed]

    def _new(self, batch: Batch) -> list[Draft]:
        """Clean the documents and leave out what this source has brought before, whatever its key, date or link now."""
        outlet = batch.title or batch.source.title or "unnamed source"
        cleaned = [article_from(document, outlet) for document in batch.documents]
        different = told_apart(article for article in cleaned if article.text.strip())
        with self._store.read() as cx:
            mark = tracked.mark(cx)
            if mark != self._known.mark:
                self._known.refresh(mark, tracked.everything(cx))
            archive = sources.archive(cx, batch.source.id, different)
        return [Draft(article, (), filed) for article, filed in sift(different, archive)]

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
        for workspace in rules.workspaces:
            if workspace in readers or EVERYBODY in readers:
                fired += rules.fire(workspace, self._facts(draft, workspace))
        return replace(draft, fired=tuple(fired))

    def _facts(self, draft: Draft, workspace: str) -> Facts:
        catalogue = self._known.catalogue_of(workspace)
        seen = frozenset(mention.entity for mention, _ in self._known.seen_by(workspace, draft.mentions))
        kinds = frozenset[str]().union(*(entity.kinds for entity in map(catalogue.get, seen) if entity))
        return facts_of(draft.article.text, seen, kinds)

    def _is_old(self, article: Article, source: Source, now: datetime) -> bool:
        if article.published is None:
            return source.first_read_at is None
        return now - article.published > self._fresh

    def _write(self, cx: Connection, source_id: int, drafts: Sequence[Draft], now: datetime) -> list[int | None]:
        """The ids of the articles in the archive; None for one that another process has entered meanwhile."""
        new = [draft for draft in drafts if draft.filed is None]
        articles.ensure_stories(cx, [(draft.story_id, draft.article.published or now) for draft in new])
        rows = [(draft.story_id, draft.article, _columns(draft)) for draft in new]
        entered = articles.insert_articles(cx, source_id, rows, now)
        ids: list[int | None] = []
        for draft in drafts:
            if draft.filed is None:
                ids.append(entered.get(draft.article.key))
            else:
                changed = {"origins": to_data(draft.origins) if draft.origins else None}
                there = articles.replace_article(cx, draft.filed.id, draft.article, now, changed)
                ids.append(draft.filed.id if there else None)
        found = zip(ids, drafts, strict=True)
        articles.insert_mentions(
            cx, [(key, draft.article.published or now, draft.mentions) for key, draft in found if key is not None]
        )
        return ids

    def _alert(
        self, cx: Connection, source: Source, drafts: Sequence[Draft], ids: Sequence[int | None], now: datetime
    ) -> int:
        """One delivery for each story that a channel has not had; one for all of them where they come as a flood."""
        by_channel: dict[int, dict[int, tuple[Draft, int, list[Rule]]]] = {}
        for draft, article_id in zip(drafts, ids, strict=True):
            for rule in draft.fired if article_id is not None else ():
                stories_of = by_channel.setdefault(rule.channel_id, {})
                first, _, rules = stories_of.setdefault(draft.story_id, (draft, article_id or 0, []))
                if first is draft:
                    rules.append(rule)
        made = 0
        for channel_id, found in by_channel.items():
            channel = subscriptions.channel(cx, channel_id)
            first_read = source.kind == "feed" and source.first_read_at is None
            flood = len(found) > (1 if first_read else MOST_POSTS)
            tell = self._tell_together if flood and source.kind == "feed" else self._tell_each
            made += tell(cx, source, channel, found, now)
        return made

    def _tell_each(
        self, cx: Connection, _source: Source, channel: Channel, fired: Mapping[int, _Fired], now: datetime
    ) -> int:
        made = 0
        for story_id, (draft, article_id, rules) in fired.items():
            key = outbox.delivery_key("alert", channel.id, story_id, "first")
            why = [rule.query.in_words() for rule in rules]
            alert = subscriptions.insert_alert(cx, key, channel, story_id, article_id, why, now)
            if alert is None:
                continue
            metrics.alerted(channel.platform)
            seen = tuple(self._known.seen_by(channel.workspace, draft.mentions))
            asked = frozenset().union(*(asked_for(r.query, tuple(m for m, _ in seen)) for r in rules))
            voices = [source.origins for source in stories.story_sources(cx, channel.workspace, story_id)]
            told = said(behind(voices), voices)
            finding = Finding(alert.code, draft.article, seen, why, now, channel.timezone, asked, told)
            card = alert_card(finding, self._known.catalogue_of(channel.workspace).entities)
            made += outbox.enqueue(cx, key, channel.id, channel.platform, "alert", card_to_data(card), now)
        return made

    def _tell_together(
        self, cx: Connection, source: Source, channel: Channel, fired: Mapping[int, _Fired], now: datetime
    ) -> int:
        found = {
            story_id: (
                outbox.delivery_key("alert", channel.id, story_id, "first"),
                article_id,
                [rule.query.in_words() for rule in rules],
            )
            for story_id, (_, article_id, rules) in fired.items()
        }
        fresh = subscriptions.insert_alerts(cx, channel, found, now)
        if not fresh:
            return 0
        told = [(fired[story_id][0].article, found[story_id][2]) for story_id in fired if story_id in fresh]
        card = flood_card(source.title or source.address, told, channel.timezone)
        key = outbox.delivery_key("flood", channel.id, source.id, *sorted(fresh))
        return int(outbox.enqueue(cx, key, channel.id, channel.platform, "summary", card_to_data(card), now))

    def _current_rules(self, cx: Connection) -> RuleIndex:
        mark = (subscriptions.subscriptions_mark(cx), self._known.mark)
        if mark != self._rules_mark:
            rows = subscriptions.all_subscriptions(cx)
            resolve = {workspace: self._known.resolve_in(workspace) for workspace in {row.workspace for row in rows}}
            rules = [
                Rule(r.id, r.workspace, r.channel_id, r.query, parse_query(r.query, resolve[r.workspace])) for r in rows
            ]
            self._rules, self._rules_mark = RuleIndex(rules), mark
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
