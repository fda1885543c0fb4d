"""What is known of an alert when its card is made: the story as its workspace sees it, the rules that fired, the names.

Reads and pure functions, for whoever tells of an alert and whoever is asked about one.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.cards.alert import Finding, alert_card
from bot.cards.card import Card
from bot.errors import UserError
from bot.known import Known
from bot.model import Article, Channel, Mention, Sentence
from bot.rules.facts import Facts, Wording
from bot.rules.index import Rule, RuleIndex
from bot.rules.names import Names
from bot.rules.parse import parse_query
from bot.rules.query import asked_for, distances
from bot.store import alerts, subscriptions
from bot.store.alerts import Alert, Exemption, Mute
from bot.store.sources import Source
from bot.store.subscriptions import Subscription
from bot.store.telling import Lead, StoryView, lead, story_view
from bot.stories.origins import behind, said
from bot.stories.reading import numbers_of

log = logging.getLogger(__name__)

LONGEST_SPAN = timedelta(days=1)  # over which posts are counted
Mentions = Sequence[tuple[Mention, Sentence]]


def facts_of(
    known: Known,
    workspace: str,
    article: Article,
    mentions: Mentions,
    source: tuple[int, str],
    wording: Wording | None = None,
) -> Facts:
    """An article as a workspace sees it; `source` is (id, title and address), `wording` its words where they are folded already."""
    catalogue = known.catalogue_of(workspace)
    seen = dict.fromkeys(mention.entity for mention, _ in known.seen_by(workspace, mentions))
    return Facts(
        wording or Wording(article.text, article.title),
        [entity for entity in map(catalogue.get, seen) if entity],
        catalogue.get,
        source=source[0],
        source_name=source[1],
        outlet=article.outlet,
        language=article.language,
    )


class Reads:
    """What the channels of one batch share: a story, an article and its facts, looked up once a workspace."""

    def __init__(self, cx: Connection, known: Known) -> None:
        self._cx = cx
        self._known = known
        self._views: dict[tuple[str, int], StoryView] = {}
        self._leads: dict[tuple[str, int], tuple[Lead, Facts, Mentions] | None] = {}
        self._named: dict[tuple[str, int], dict[str, int]] = {}

    def view(self, workspace: str, story_id: int) -> StoryView:
        key = workspace, story_id
        if key not in self._views:
            self._views[key] = story_view(self._cx, workspace, story_id)
        return self._views[key]

    def named(self, workspace: str, story_id: int) -> dict[str, int]:
        """Entity → articles of the story that name it, as far as the workspace may see."""
        key = workspace, story_id
        if key not in self._named:
            self._named[key] = named_in(self._known, workspace, self.view(workspace, story_id))
        return self._named[key]

    def article(self, workspace: str, article_id: int) -> tuple[Lead, Facts, Mentions] | None:
        """An article, its facts and its mentions as a workspace sees them; None if it cannot be seen any more."""
        key = workspace, article_id
        if key not in self._leads:
            found = lead(self._cx, workspace, article_id, self._known.name_of)
            if found is None:
                self._leads[key] = None
            else:
                source = (found.source_id, found.source_name)
                facts = facts_of(self._known, workspace, found.article, found.mentions, source)
                self._leads[key] = found, facts, tuple(self._known.seen_by(workspace, found.mentions))
        return self._leads[key]


class Desk:
    """A channel while it is told of one batch: its rules of restraint."""

    def __init__(
        self,
        channel: Channel,
        source: Source | None,
        rules: RuleIndex,
        mutes: Sequence[Mute],
        exceptions: Sequence[Exemption],
        posts: list[datetime],
        reads: Reads,
        now: datetime,
    ) -> None:
        self.channel = channel
        self._source = source
        self.rules = rules
        self.mutes = mutes
        self.exceptions = exceptions
        self.posts = posts
        self.now = now
        self.reads = reads
        self.audience = 1

    @classmethod
    def open_all(
        cls, cx: Connection, ids: Sequence[int], source: Source | None, rules: RuleIndex, reads: Reads, now: datetime
    ) -> list[Desk]:
        """One for each channel, in their order, with a question a kind for all of them."""
        found = subscriptions.channels_with(cx, ids)
        mutes = alerts.mutes_in(cx, ids, now)
        exempt = alerts.exceptions_in(cx, ids)
        posts = alerts.posts_in(cx, ids, now - LONGEST_SPAN)
        return [
            cls(found[key], source, rules, mutes.get(key, []), exempt.get(key, []), posts.get(key, []), reads, now)
            for key in ids
        ]

    @property
    def source(self) -> Source:
        assert self._source is not None
        return self._source

    @property
    def source_said(self) -> tuple[int, str]:
        return self.source.id, f"{self.source.title} {self.source.address}"

    def view(self, story_id: int) -> StoryView:
        return self.reads.view(self.channel.workspace, story_id)

    def muted(self, kind: str, target: str) -> bool:
        return any(mute.kind == kind and mute.target == target for mute in self.mutes)

    def excepted(self, kind: str, target: str) -> bool:
        return any(one.kind == kind and one.target == target for one in self.exceptions)


def finding(reads: Reads, alert: Alert, rules: Sequence[Rule], zone: str) -> tuple[Finding, str] | None:
    """What an alert's card is made from, and the roles it calls; None if its article cannot be seen any more."""
    workspace = alert.workspace
    known = reads.article(workspace, alert.article_id)
    if known is None:
        return None
    found, facts, seen = known
    view = reads.view(workspace, alert.story_id)
    asked = frozenset[str]().union(*(asked_for(rule.query, facts) for rule in rules))
    apart = {place: words for rule in reversed(rules) for place, words in distances(rule.query, facts).items()}
    calls = [
        call.role for rule in rules for call in rule.query.options.calls if call.only is None or call.only.fires(facts)
    ]
    first = view.articles[0].seen_at if view.articles else alert.created_at
    last = max((article.seen_at for article in view.articles), default=first)
    voices = view.origins
    return Finding(
        alert.code, found.article, seen, alert.why, first, zone, asked, apart, reads.named(workspace, alert.story_id),
        said(behind(voices), voices) if voices else "", last,
    ), " ".join(dict.fromkeys(calls))  # fmt: skip


def rules_of(cx: Connection, known: Known, alert: Alert) -> list[Rule]:
    """The subscriptions that raised an alert, as far as they are still there and can be read."""
    names = known.resolve_in(alert.workspace)
    rows = subscriptions.with_ids(cx, alert.subscription_ids)
    return [rule for row in rows if (rule := rule_of(row, names))]


def rule_of(row: Subscription, names: Names) -> Rule | None:
    """A subscription as a rule; one that can no longer be read is left out, for the others must go on."""
    try:
        query = parse_query(row.query, names, stored=True)
    except UserError as fault:
        log.warning("subscription %d of channel %d fires no longer: %s", row.id, row.channel_id, fault)
        return None
    return Rule(row.id, row.workspace, row.channel_id, row.query, query)


def card_now(cx: Connection, known: Known, alert: Alert, zone: str) -> Card | None:
    """An alert as it stands; None if its article cannot be seen any more."""
    found = finding(Reads(cx, known), alert, rules_of(cx, known, alert), zone)
    return alert_card(found[0], known.catalogue_of(alert.workspace).entities) if found else None


def named_in(known: Known, workspace: str, view: StoryView) -> dict[str, int]:
    """Entity → articles of the story that name it, as far as the workspace may see."""
    own = {entity.id: entity.extends for entity in known.own_of(workspace)}
    found: dict[str, int] = {}
    for key, number in view.named.items():
        if not key.startswith("w:") or key in own:
            found[own.get(key) or key] = max(number, found.get(own.get(key) or key, 0))
    return found


def independent(view: StoryView) -> int:
    """How many sources of a story do not rest on one another."""
    return max(1, len(behind(view.origins).origins)) if view.origins else 1


def dead_in(article: Article) -> int | None:
    """The highest number of people killed that an article gives."""
    return max(numbers_of(article.text)[1], default=None)
