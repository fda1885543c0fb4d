"""One living alert a story and channel: posted once, edited as the story grows, spoken of again only where it steps up.

Everything here happens inside the transaction that files the articles: what a channel has been told (`told` of its
alert) and the deliveries that tell it are written together or not at all.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot import metrics
from bot.cards.alert import Finding, Item, alert_card, catch_up_cards, flood_card, news_card
from bot.cards.card import Card, Line, card_to_data, line, quiet, strong
from bot.errors import UserError
from bot.known import Known
from bot.model import Article, Channel, Mention, Sentence
from bot.rules import restraint
from bot.rules.facts import Facts, Wording
from bot.rules.index import Rule, RuleIndex
from bot.rules.names import Names
from bot.rules.parse import parse_query
from bot.rules.query import asked_for, distances
from bot.store import alerts, outbox, sources, subscriptions
from bot.store.alerts import Alert, Exemption, Mute
from bot.store.engine import Store
from bot.store.sources import EVERYBODY, Source
from bot.store.subscriptions import Subscription
from bot.store.telling import StoryView, lead, story_view
from bot.stories.origins import behind, said
from bot.stories.reading import numbers_of
from bot.text.fold import fold_key

log = logging.getLogger(__name__)

MOST_POSTS = 10  # stories of one read of a feed that are told one by one; more are told in one card
LONGEST_SPAN = timedelta(days=1)
Mentions = Sequence[tuple[Mention, Sentence]]


@dataclass(frozen=True, slots=True)
class Filed:
    """An article that has just been entered, or changed, with the rules it fires."""

    article_id: int
    story_id: int
    article: Article
    mentions: Mentions
    fired: tuple[Rule, ...]


@dataclass(slots=True)
class _Fired:
    """What fires in a channel on one story: the first article that does, and all the rules."""

    first: Filed
    rules: list[Rule] = field(default_factory=list)
    muted: bool = False  # something fired that the channel does not want to hear of now


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


class Teller:
    """Decides what channels are told, and puts it into the outbox."""

    def __init__(self, known: Known, cap: tuple[int, str]) -> None:
        self._known = known
        self._cap = cap  # posts a channel gets at most, where no subscription says less

    def tell(self, cx: Connection, source: Source, filed: Sequence[Filed], rules: RuleIndex, now: datetime) -> int:
        """New alerts, and what is new in old ones, for every channel these articles concern; how many were new."""
        by_story: dict[int, list[Filed]] = {}
        for item in filed:
            by_story.setdefault(item.story_id, []).append(item)
        old = {(alert.channel_id, alert.story_id): alert for alert in alerts.of_stories(cx, list(by_story))}
        fired: dict[int, dict[int, _Fired]] = {}
        for item in filed:
            for rule in item.fired:
                found = fired.setdefault(rule.channel_id, {}).setdefault(item.story_id, _Fired(item))
                if rule not in found.rules:
                    found.rules.append(rule)
        readers = sources.readers(cx, source.id)
        told = [key for key, alert in old.items() if alert.workspace in readers or EVERYBODY in readers]
        new = 0
        for channel_id in dict.fromkeys([*fired, *(channel_id for channel_id, _ in told)]):
            desk = _Desk.open(cx, channel_id, source, rules, now)
            here = {story: self._spared(desk, one) for story, one in fired.get(channel_id, {}).items()}
            fresh = {
                story: one for story, one in here.items() if (channel_id, story) not in old and (one.rules or one.muted)
            }
            flood = len(fresh) > (1 if source.first_read_at is None else MOST_POSTS)
            if flood and source.kind == "feed":
                new += self._together(cx, desk, fresh)
            else:
                new += sum(self._new(cx, desk, one) for one in fresh.values())
            for _, story in (key for key in told if key[0] == channel_id):
                self._grown(cx, desk, old[channel_id, story], by_story[story], here.get(story))
        return new

    # What fires in a channel after its mutes and exceptions.

    def _spared(self, desk: _Desk, one: _Fired) -> _Fired:
        """The rules that still fire where the channel's exceptions and mutes are left out of the article."""
        item = one.first
        if desk.excepted("story", str(item.story_id)) or desk.excepted("outlet", item.article.outlet):
            return _Fired(item)
        rules = one.rules
        wrong = {(e.target, e.surface) for e in desk.exceptions if e.kind == "name"}
        if wrong:
            kept = [(m, s) for m, s in item.mentions if (m.entity, fold_key(m.text).strip()) not in wrong]
            if len(kept) < len(item.mentions):
                rules = self._fire_on(desk, item, kept, rules)
        if not rules:
            return _Fired(item)
        if desk.muted("story", str(item.story_id)) or desk.muted("feed", str(desk.source.id)):
            return _Fired(item, [], muted=True)
        silent = {mute.target for mute in desk.mutes if mute.kind == "entity"}
        if silent:
            kept = [(m, s) for m, s in item.mentions if m.entity not in silent]
            if len(kept) < len(item.mentions):
                loud = self._fire_on(desk, item, kept, rules)
                return _Fired(item, loud, muted=not loud)
        return _Fired(item, rules)

    def _fire_on(self, desk: _Desk, item: Filed, mentions: Mentions, rules: Sequence[Rule]) -> list[Rule]:
        facts = self._facts(desk.channel.workspace, item.article, mentions, desk.source_said)
        return [rule for rule in rules if rule.query.fires(facts)]

    def _facts(self, workspace: str, article: Article, mentions: Mentions, source: tuple[int, str]) -> Facts:
        return facts_of(self._known, workspace, article, mentions, source)

    # A story that the channel has not had.

    def _new(self, cx: Connection, desk: _Desk, one: _Fired) -> int:
        channel, item = desk.channel, one.first
        view = desk.view(cx, item.story_id)
        verdict = self._verdict(desk, one.rules, view)
        alert = alerts.insert_alert(cx, self._row(desk, one, verdict, view))
        if alert is None:
            return 0
        if alert.state == alerts.POSTED:
            self._post(cx, desk, alert, one.rules)
            metrics.alerted(channel.platform)
        return int(alert.state == alerts.POSTED)

    def _verdict(self, desk: _Desk, rules: Sequence[Rule], view: StoryView) -> restraint.Verdict:
        return restraint.judge(
            [rule.query.options for rule in rules],
            origins=independent(view),
            posts=desk.posts,
            cap=self._cap,
            zone=desk.channel.timezone,
            now=desk.now,
        )

    def _row(self, desk: _Desk, one: _Fired, verdict: restraint.Verdict, view: StoryView) -> Alert:
        channel, item = desk.channel, one.first
        return Alert(
            id=0,
            code="",
            delivery_key=outbox.delivery_key("alert", channel.id, item.story_id, "first"),
            workspace=channel.workspace,
            channel_id=channel.id,
            story_id=item.story_id,
            article_id=item.article_id,
            why=tuple(rule.query.in_words() for rule in one.rules),
            created_at=desk.now,
            subscription_ids=tuple(rule.subscription_id for rule in one.rules),
            state=verdict.state,
            held_until=verdict.until,
            held_why=verdict.why,
            told=self._known_of(desk, view, item.article),
        )

    def _post(self, cx: Connection, desk: _Desk, alert: Alert, rules: Sequence[Rule]) -> None:
        """The alert's own message."""
        found = self._finding(cx, desk, alert, rules)
        if found is None:
            return
        finding, calls = found
        card = self._card(desk, finding)
        alerts.save(cx, replace(alert, state=alerts.POSTED, posted_at=desk.now, held_until=None), desk.now)
        desk.posts.append(desk.now)
        self._enqueue(cx, desk, alert.delivery_key, card, mention=calls)

    def _together(self, cx: Connection, desk: _Desk, fresh: Mapping[int, _Fired]) -> int:
        """Many new stories at once: those that may be told now are told in one card."""
        rows, told = [], {}
        for story, one in fresh.items():
            view = StoryView(story, (), Counter())
            verdict = self._verdict(desk, one.rules, view)
            if verdict.state == "posted" or (verdict.state == "held" and "more than" in verdict.why):
                verdict = restraint.Verdict(alerts.LISTED)
                told[story] = one
            row = self._row(desk, one, verdict, view)
            rows.append(replace(row, told=None))
        new = alerts.insert_alerts(cx, rows)
        items = [
            Item(
                "", one.first.article.title, one.first.article.url, one.first.article.outlet,
                one.first.article.published or desk.now, one.first.article.published is not None,
                [rule.query.in_words() for rule in one.rules],
            )
            for story, one in told.items() if story in new
        ]  # fmt: skip
        if not items:
            return 0
        metrics.alerted(desk.channel.platform, len(items))
        card = flood_card(desk.source.title or desk.source.address, items, desk.channel.timezone)
        key = outbox.delivery_key("flood", desk.channel.id, desk.source.id, *sorted(new))
        return int(self._enqueue(cx, desk, key, card, kind="summary"))

    # A story that the channel has an alert of.

    def _grown(
        self, cx: Connection, desk: _Desk, alert: Alert, articles: Sequence[Filed], fired: _Fired | None
    ) -> None:
        """What these articles add to it: an edit always, a word in its thread where it matters, a post where it steps up."""
        rules = fired.rules if fired else []
        more = [rule for rule in rules if rule.subscription_id not in alert.subscription_ids]
        view = desk.view(cx, alert.story_id)
        newest = articles[-1].article
        alert = replace(
            alert,
            why=(*alert.why, *(rule.query.in_words() for rule in more)),
            subscription_ids=(*alert.subscription_ids, *(rule.subscription_id for rule in more)),
        )
        asked = [rule for number in alert.subscription_ids if (rule := desk.rules.get(number))]
        if alert.state != alerts.POSTED:
            self._reconsider(cx, desk, alert, asked, view, rules=rules, more=more)
            return
        before: Mapping[str, Any] = alert.told or {}
        after = self._known_of(desk, view, newest, before)
        news, step = self._news(desk, before, after, newest, more)
        if step and articles[-1].article_id != alert.article_id:
            alert = replace(alert, article_id=articles[-1].article_id)
        if any(rule.query.options.every == "update" for rule in rules):
            step = bool(news) or any(item.article_id != alert.article_id for item in articles)
            news = news or [line(strong(newest.outlet), f": {newest.title}")]
        alert = replace(alert, told=after, version=alert.version + 1)
        found = self._finding(cx, desk, alert, asked)
        if found is None:
            return
        finding, calls = found
        alerts.save(cx, alert, desk.now)
        card = card_to_data(self._card(desk, finding))
        key = outbox.delivery_key("edit", alert.id, alert.version)
        seen = outbox.edit(cx, key, alert.delivery_key, card, desk.now)
        silent = desk.muted("story", str(alert.story_id)) or desk.excepted("story", str(alert.story_id))
        if not seen or not news or silent or (not step and not desk.channel.threads):
            return
        self._enqueue(
            cx,
            desk,
            outbox.delivery_key("news", alert.id, alert.version),
            news_card(finding, news),
            action="notify" if step else "reply",
            target=alert.delivery_key,
            mention=calls if step else "",
            not_before=self._quiet_end(desk, asked),
        )

    def _reconsider(
        self,
        cx: Connection,
        desk: _Desk,
        alert: Alert,
        asked: Sequence[Rule],
        view: StoryView,
        *,
        rules: Sequence[Rule],
        more: Sequence[Rule],
    ) -> None:
        """One that has no message of its own: it gets one once nothing holds it back any more."""
        due = (
            (alert.state == alerts.WAITING and bool(asked))
            or (alert.state == alerts.LISTED and bool(more))
            or (alert.state in (alerts.MUTED, alerts.DIGEST) and bool(rules))
        )
        if due:
            chosen = list(rules if alert.state == alerts.MUTED else asked)
            verdict = self._verdict(desk, chosen, view)
            alert = replace(alert, held_until=verdict.until, held_why=verdict.why)
            if alert.state == alerts.MUTED:
                alert = replace(
                    alert,
                    why=tuple(rule.query.in_words() for rule in chosen),
                    subscription_ids=tuple(rule.subscription_id for rule in chosen),
                )
            if verdict.state == alerts.POSTED:
                told = self._known_of(desk, view, None, alert.told or {})
                self._post(cx, desk, replace(alert, told=told), chosen)
                metrics.alerted(desk.channel.platform)
                return
            if alert.state != alerts.LISTED:
                alert = replace(alert, state=verdict.state)
        alerts.save(cx, alert, desk.now)

    def _quiet_end(self, desk: _Desk, asked: Sequence[Rule]) -> datetime | None:
        ends = [
            restraint.quiet_until(rule.query.options.quiet, desk.channel.timezone, desk.now)
            for rule in asked
            if rule.query.options.quiet
        ]
        return min(end for end in ends if end) if ends and len(ends) == len(asked) and all(ends) else None

    def _known_of(
        self, desk: _Desk, view: StoryView, newest: Article | None, before: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What a channel knows once it has seen the card."""
        entities = self._known.catalogue_of(desk.channel.workspace).entities
        dead = dead_in(newest) if newest else None
        was = (before or {}).get("dead")
        return {
            "outlets": view.outlets,
            "origins": independent(view),
            "named": [key for key in named_in(self._known, desk.channel.workspace, view) if key in entities],
            "dead": dead if dead is not None else was,
            "titles": {str(article.id): article.title for article in view.articles[:50]},
        }

    def _news(
        self,
        desk: _Desk,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        newest: Article,
        more: Sequence[Rule],
    ) -> tuple[list[Line], bool]:
        """What the channel did not know, in lines, and whether it is a step up."""
        entities = self._known.catalogue_of(desk.channel.workspace).entities
        lines: list[Line] = []
        step = bool(more)
        for rule in more:
            lines.append(line("Now also ", strong(rule.query.in_words())))
        old, new = before.get("dead"), after.get("dead")
        if new is not None and old is not None and new != old:
            lines.append(line(strong(f"Killed: {new:,}"), f", before {old:,}"))
            step = True
        elif new is not None and old is None:
            lines.append(line(strong(f"Killed: {new:,}")))
            step = True
        outlets = [outlet for outlet in after["outlets"] if outlet not in before.get("outlets", ())]
        if after["origins"] > 1 >= before.get("origins", 1):
            lines.append(
                line("Confirmed by a second independent source: ", strong(outlets[-1] if outlets else newest.outlet))
            )
            step = True
        elif outlets and after["origins"] > before.get("origins", 1):
            lines.append(line("Also reported by ", ", ".join(outlets)))
        named = [entities[key].name for key in after["named"] if key not in before.get("named", ())]
        if named:
            lines.append(
                line(
                    "Now named: ", ", ".join(named[:8]), quiet(f" and {len(named) - 8} more") if len(named) > 8 else ""
                )
            )
        for key, title in after["titles"].items():
            was = before.get("titles", {}).get(key)
            if was and was != title:
                lines.append(line("Headline now: ", title))
        return lines, step

    def _finding(self, cx: Connection, desk: _Desk, alert: Alert, rules: Sequence[Rule]) -> tuple[Finding, str] | None:
        return finding(cx, self._known, alert, rules, desk.view(cx, alert.story_id), desk.channel.timezone)

    def _card(self, desk: _Desk, found: Finding) -> Card:
        return alert_card(found, self._known.catalogue_of(desk.channel.workspace).entities)

    def _enqueue(
        self, cx: Connection, desk: _Desk, key: str, card: Card, *, kind: str = "alert", mention: str = "", **more: Any
    ) -> bool:
        channel, data = desk.channel, card_to_data(card)
        return outbox.enqueue(
            cx, key, channel.id, channel.platform, kind, data, desk.now, mention=mention or None, audience=desk.audience, **more
        )  # fmt: skip

    # What was held back.

    def release(self, store: Store, rules: RuleIndex, now: datetime) -> int:
        """Post what was held until now: one by itself, several of a channel as one catch-up; how many posts were made."""
        with store.read() as cx:
            due = alerts.due(cx, now)
        made = 0
        for channel_id in dict.fromkeys(alert.channel_id for alert in due):
            with store.write() as cx:
                held = [alert for alert in alerts.due(cx, now) if alert.channel_id == channel_id]
                if not held:
                    continue
                desk = _Desk.open(cx, channel_id, None, rules, now)
                if len(held) == 1:
                    asked = [rule for number in held[0].subscription_ids if (rule := rules.get(number))]
                    view = desk.view(cx, held[0].story_id)
                    told = self._known_of(desk, view, None, held[0].told or {})
                    self._post(cx, desk, replace(held[0], told=told), asked)
                    made += 1
                else:
                    made += self._catch_up(cx, desk, held)
        return made

    def _catch_up(self, cx: Connection, desk: _Desk, held: Sequence[Alert]) -> int:
        items = []
        for alert in held:
            view = desk.view(cx, alert.story_id)
            article = next((one for one in view.articles if one.id == alert.article_id), None)
            alerts.save(cx, replace(alert, state=alerts.LISTED, held_until=None), desk.now)
            if article:
                items.append(
                    Item(
                        alert.code, article.title, article.url, article.outlet, article.at,
                        article.published is not None, alert.why,
                    )
                )  # fmt: skip
        causes = "; ".join(dict.fromkeys(alert.held_why for alert in held))
        cards = catch_up_cards(items, causes, desk.channel.timezone) if items else []
        for number, card in enumerate(cards):
            key = outbox.delivery_key("catch-up", desk.channel.id, number, *sorted(alert.id for alert in held))
            self._enqueue(cx, desk, key, card, kind="summary")
        if cards:
            desk.posts.append(desk.now)
        return len(cards)


class _Desk:
    """A channel while it is told of one batch: its rules of restraint, and what has been looked up."""

    def __init__(
        self,
        channel: Channel,
        source: Source | None,
        rules: RuleIndex,
        mutes: Sequence[Mute],
        exceptions: Sequence[Exemption],
        posts: list[datetime],
        now: datetime,
    ) -> None:
        self.channel = channel
        self._source = source
        self.rules = rules
        self.mutes = mutes
        self.exceptions = exceptions
        self.posts = posts
        self.now = now
        self.audience = 1
        self._views: dict[int, StoryView] = {}

    @classmethod
    def open(cls, cx: Connection, channel_id: int, source: Source | None, rules: RuleIndex, now: datetime) -> _Desk:
        return cls(
            subscriptions.channel(cx, channel_id),
            source,
            rules,
            alerts.mutes_of(cx, channel_id, now),
            alerts.exceptions_of(cx, channel_id),
            alerts.posts_since(cx, channel_id, now - LONGEST_SPAN),
            now,
        )

    @property
    def source(self) -> Source:
        assert self._source is not None
        return self._source

    @property
    def source_said(self) -> tuple[int, str]:
        return self.source.id, f"{self.source.title} {self.source.address}"

    def view(self, cx: Connection, story_id: int) -> StoryView:
        if story_id not in self._views:
            self._views[story_id] = story_view(cx, self.channel.workspace, story_id)
        return self._views[story_id]

    def muted(self, kind: str, target: str) -> bool:
        return any(mute.kind == kind and mute.target == target for mute in self.mutes)

    def excepted(self, kind: str, target: str) -> bool:
        return any(one.kind == kind and one.target == target for one in self.exceptions)


def finding(
    cx: Connection, known: Known, alert: Alert, rules: Sequence[Rule], view: StoryView, zone: str
) -> tuple[Finding, str] | None:
    """What an alert's card is made from, and the roles it calls; None if its article cannot be seen any more."""
    workspace = alert.workspace
    found = lead(cx, workspace, alert.article_id, known.name_of)
    if found is None:
        return None
    seen = tuple(known.seen_by(workspace, found.mentions))
    facts = facts_of(known, workspace, found.article, found.mentions, (found.source_id, found.source_name))
    asked = frozenset[str]().union(*(asked_for(rule.query, facts) for rule in rules))
    apart = {place: words for rule in reversed(rules) for place, words in distances(rule.query, facts).items()}
    calls = [
        call.role for rule in rules for call in rule.query.options.calls if call.only is None or call.only.fires(facts)
    ]
    first = view.articles[0].seen_at if view.articles else alert.created_at
    last = max((article.seen_at for article in view.articles), default=first)
    voices = view.origins
    return Finding(
        alert.code, found.article, seen, alert.why, first, zone, asked, apart, named_in(known, workspace, view),
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
    view = story_view(cx, alert.workspace, alert.story_id)
    found = finding(cx, known, alert, rules_of(cx, known, alert), view, zone)
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
