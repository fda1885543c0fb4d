"""One living alert a story and channel: posted once, edited as the story grows, spoken of again only where it steps up.

Everything here happens inside the transaction that files the articles: what a channel has been told (`told` of its
alert) and the deliveries that tell it are written together or not at all.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot import metrics
from bot.alert_facts import (
    Desk,
    Mentions,
    Reads,
    facts_of,
    finding,
    independent,
)
from bot.alert_news import known_of, news
from bot.cards.alert import Finding, Item, alert_card, catch_up_cards, flood_card, news_card
from bot.cards.card import Card, card_to_data, line, strong
from bot.known import Known
from bot.model import Article
from bot.rules import restraint
from bot.rules.facts import Facts
from bot.rules.index import Rule, RuleIndex
from bot.store import alerts, outbox, sources
from bot.store.alerts import Alert
from bot.store.engine import Store
from bot.store.sources import EVERYBODY, Source
from bot.store.telling import StoryView
from bot.text.fold import fold_key

log = logging.getLogger(__name__)

MOST_POSTS = 10  # stories of one read of a feed that are told one by one; more are told in one card


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
        reads, fresh_alerts = Reads(cx, self._known), list[tuple[Desk, _Fired, Alert]]()
        concerned = list(dict.fromkeys([*fired, *(channel_id for channel_id, _ in told)]))
        for desk in Desk.open_all(cx, concerned, source, rules, reads, now):
            channel_id = desk.channel.id
            desk.audience = len(fired)
            here = {story: self._spared(desk, one) for story, one in fired.get(channel_id, {}).items()}
            fresh = {
                story: one for story, one in here.items() if (channel_id, story) not in old and (one.rules or one.muted)
            }
            flood = len(fresh) > (1 if source.first_read_at is None else MOST_POSTS)
            if flood and source.kind == "feed":
                new += self._together(cx, desk, fresh)
            else:
                fresh_alerts += [(desk, one, self._new(desk, one)) for one in fresh.values()]
            for _, story in (key for key in told if key[0] == channel_id):
                self._grown(cx, desk, old[channel_id, story], by_story[story], here.get(story))
        return new + self._enter(cx, fresh_alerts)

    # What fires in a channel after its mutes and exceptions.

    def _spared(self, desk: Desk, one: _Fired) -> _Fired:
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

    def _fire_on(self, desk: Desk, item: Filed, mentions: Mentions, rules: Sequence[Rule]) -> list[Rule]:
        facts = self._facts(desk.channel.workspace, item.article, mentions, desk.source_said)
        return [rule for rule in rules if rule.query.fires(facts)]

    def _facts(self, workspace: str, article: Article, mentions: Mentions, source: tuple[int, str]) -> Facts:
        return facts_of(self._known, workspace, article, mentions, source)

    # A story that the channel has not had.

    def _new(self, desk: Desk, one: _Fired) -> Alert:
        view = desk.view(one.first.story_id)
        verdict = self._verdict(desk, one.rules, view)
        alert = self._row(desk, one, verdict, view)
        if alert.state == alerts.POSTED:
            desk.posts.append(desk.now)
            alert = replace(alert, posted_at=desk.now)
        return alert

    def _enter(self, cx: Connection, fresh: Sequence[tuple[Desk, _Fired, Alert]]) -> int:
        """Write new alerts and their posts, all of a batch together; how many were posted."""
        if not fresh:
            return 0
        codes = alerts.codes_for(cx, [alert.delivery_key for _, _, alert in fresh])
        named = [(desk, one, replace(alert, code=codes[alert.delivery_key])) for desk, one, alert in fresh]
        entered = alerts.insert_alerts(cx, [alert for _, _, alert in named])
        rows = []
        for desk, one, alert in named:
            if alert.delivery_key not in entered or alert.state != alerts.POSTED:
                continue
            found = finding(desk.reads, alert, one.rules, desk.channel.timezone)
            if found is None:
                continue
            channel, card = desk.channel, card_to_data(self._card(desk, found[0]))
            metrics.alerted(channel.platform)
            rows.append(
                outbox.post_row(
                    alert.delivery_key, channel.id, channel.platform, "alert", card, desk.now, found[1] or None, desk.audience
                )
            )  # fmt: skip
        return len(outbox.enqueue_all(cx, rows))

    def _verdict(self, desk: Desk, rules: Sequence[Rule], view: StoryView) -> restraint.Verdict:
        return restraint.judge(
            [rule.query.options for rule in rules],
            origins=independent(view),
            posts=desk.posts,
            cap=self._cap,
            zone=desk.channel.timezone,
            now=desk.now,
        )

    def _row(self, desk: Desk, one: _Fired, verdict: restraint.Verdict, view: StoryView) -> Alert:
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
            told=known_of(self._known, desk.channel.workspace, view, item.article),
        )

    def _post(self, cx: Connection, desk: Desk, alert: Alert, rules: Sequence[Rule]) -> None:
        """The alert's own message."""
        found = finding(desk.reads, alert, rules, desk.channel.timezone)
        if found is None:
            return
        story, calls = found
        card = self._card(desk, story)
        alerts.save(cx, replace(alert, state=alerts.POSTED, posted_at=desk.now, held_until=None), desk.now)
        desk.posts.append(desk.now)
        self._enqueue(cx, desk, alert.delivery_key, card, mention=calls)

    def _together(self, cx: Connection, desk: Desk, fresh: Mapping[int, _Fired]) -> int:
        """Many new stories at once: those that may be told now are told in one card."""
        rows, told = [], {}
        for story, one in fresh.items():
            view = StoryView(story, (), Counter())
            verdict = self._verdict(desk, one.rules, view)
            if verdict.state == "posted" or (verdict.state == "held" and "more than" in verdict.why):
                verdict = restraint.Verdict(alerts.LISTED)
                told[story] = one
            row = self._row(desk, one, verdict, view)
            code = f"V-{alerts.letters(row.delivery_key)[:9]}"  # longer, so that none has to be looked for
            rows.append(replace(row, told=None, code=code))
        entered = alerts.insert_alerts(cx, rows)
        new = {row.story_id for row in rows if row.delivery_key in entered}
        items = [
            Item(
                "", one.first.article.title, one.first.article.url, one.first.article.outlet,
                one.first.article.at(desk.now), one.first.article.published is not None,
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

    def _grown(self, cx: Connection, desk: Desk, alert: Alert, articles: Sequence[Filed], fired: _Fired | None) -> None:
        """What these articles add to it: an edit always, a word in its thread where it matters, a post where it steps up."""
        rules = fired.rules if fired else []
        more = [rule for rule in rules if rule.subscription_id not in alert.subscription_ids]
        view = desk.view(alert.story_id)
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
        after = known_of(self._known, desk.channel.workspace, view, newest, before)
        said, step = news(self._known, desk.channel.workspace, before, after, newest, more)
        if step and articles[-1].article_id != alert.article_id:
            alert = replace(alert, article_id=articles[-1].article_id)
        if any(rule.query.options.every == "update" for rule in rules):
            step = bool(said) or any(item.article_id != alert.article_id for item in articles)
            said = said or [line(strong(newest.outlet), f": {newest.title}")]
        alert = replace(alert, told=after, version=alert.version + 1)
        found = finding(desk.reads, alert, asked, desk.channel.timezone)
        if found is None:
            return
        story, calls = found
        alerts.save(cx, alert, desk.now)
        card = card_to_data(self._card(desk, story))
        key = outbox.delivery_key("edit", alert.id, alert.version)
        seen = outbox.edit(cx, key, alert.delivery_key, card, desk.now)
        silent = desk.muted("story", str(alert.story_id)) or desk.excepted("story", str(alert.story_id))
        if not seen or not said or silent or (not step and not desk.channel.threads):
            return
        self._enqueue(
            cx,
            desk,
            outbox.delivery_key("news", alert.id, alert.version),
            news_card(story, said),
            action="notify" if step else "reply",
            target=alert.delivery_key,
            mention=calls if step else "",
            not_before=self._quiet_end(desk, asked),
        )

    def _reconsider(
        self,
        cx: Connection,
        desk: Desk,
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
                told = known_of(self._known, desk.channel.workspace, view, None, alert.told or {})
                self._post(cx, desk, replace(alert, told=told), chosen)
                metrics.alerted(desk.channel.platform)
                return
            if alert.state != alerts.LISTED:
                alert = replace(alert, state=verdict.state)
        alerts.save(cx, alert, desk.now)

    def _quiet_end(self, desk: Desk, asked: Sequence[Rule]) -> datetime | None:
        ends = [
            restraint.quiet_until(rule.query.options.quiet, desk.channel.timezone, desk.now)
            for rule in asked
            if rule.query.options.quiet
        ]
        return min(end for end in ends if end) if ends and len(ends) == len(asked) and all(ends) else None

    def _card(self, desk: Desk, found: Finding) -> Card:
        return alert_card(found, self._known.catalogue_of(desk.channel.workspace).entities)

    def _enqueue(
        self, cx: Connection, desk: Desk, key: str, card: Card, *, kind: str = "alert", mention: str = "", **more: Any
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
                [desk] = Desk.open_all(cx, [channel_id], None, rules, Reads(cx, self._known), now)
                if len(held) == 1:
                    asked = [rule for number in held[0].subscription_ids if (rule := rules.get(number))]
                    view = desk.view(held[0].story_id)
                    told = known_of(self._known, desk.channel.workspace, view, None, held[0].told or {})
                    self._post(cx, desk, replace(held[0], told=told), asked)
                    made += 1
                else:
                    made += self._catch_up(cx, desk, held)
        return made

    def _catch_up(self, cx: Connection, desk: Desk, held: Sequence[Alert]) -> int:
        items = []
        for alert in held:
            view = desk.view(alert.story_id)
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
