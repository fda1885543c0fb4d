"""What could be meant by what has been typed so far: for a platform's fields and the console's prompt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import available_timezones

from bot.cards.compose import count
from bot.model import Channel, Entity
from bot.store import alerts, articles, sources, subscriptions
from bot.text.fold import fold_key
from handlers.context import Context, Takes

MOST = 25  # choices that Discord shows; Slack shows more, nobody reads them
MUTES = ("1h", "8h", "24h", "7d")
LATEST_ALERTS = 100


@dataclass(frozen=True, slots=True)
class Suggestion:
    value: str  # what is put into the line
    label: str  # what is shown


def suggest(context: Context, channel: Channel, takes: Takes, typed: str) -> list[Suggestion]:
    """The nearest values first; for an empty field, what is most likely wanted."""
    found = _ALL[takes](context.of(channel.workspace), channel, typed.strip())
    chosen: dict[str, Suggestion] = {}
    for item in found:
        chosen.setdefault(item.value, item)
        if len(chosen) == MOST:
            break
    return list(chosen.values())


def _entities(context: Context, channel: Channel, typed: str) -> Iterator[Suggestion]:
    if not typed:
        with context.store.read() as cx:
            usual = articles.most_named(cx, channel.workspace, MOST)
        for entity in filter(None, map(context.catalogue.get, usual)):
            yield Suggestion(entity.name, _named(entity))
        return
    for hit in context.lookup.complete(typed, MOST):
        yield Suggestion(hit.entity.name, _named(hit.entity, hit.name))


def _places(context: Context, channel: Channel, typed: str) -> Iterator[Suggestion]:
    if not typed:
        with context.store.read() as cx:
            usual = articles.most_named(cx, channel.workspace, 4 * MOST)
        for entity in filter(None, map(context.catalogue.get, usual)):
            if entity.kind.is_place:
                yield Suggestion(entity.name, _named(entity))
        return
    for hit in context.lookup.complete(typed, 4 * MOST):
        if hit.entity.kind.is_place:
            yield Suggestion(hit.entity.name, _named(hit.entity, hit.name))


def _named(entity: Entity, name: str = "") -> str:
    kind = entity.type or entity.kind.value
    return f"{entity.name} ({name}) – {kind}" if name and name != entity.name else f"{entity.name} – {kind}"


def _feeds(context: Context, channel: Channel, typed: str) -> Iterator[Suggestion]:
    with context.store.read() as cx:
        own = [source for source in sources.sources_of(cx, channel.workspace) if source.kind == "feed"]
    for source in own:
        if typed.casefold() in f"{source.title} {source.address}".casefold():
            state = "failing" if source.failures else "answering"
            yield Suggestion(source.address, f"{source.title or source.address} – {state}")


def _subscriptions(context: Context, channel: Channel, typed: str) -> Iterator[Suggestion]:
    with context.store.read() as cx:
        own = subscriptions.subscriptions_of(cx, channel)
    for row in own:
        if typed.lstrip("#").casefold() in f"{row.id} {row.query}".casefold():
            yield Suggestion(str(row.id), f"#{row.id} {row.query}")


def _alerts(context: Context, channel: Channel, typed: str) -> Iterator[Suggestion]:
    with context.store.read() as cx:
        latest = alerts.latest(cx, channel, LATEST_ALERTS)
        titles = articles.titles(cx, channel.workspace, [alert.article_id for alert in latest])
    for alert in latest:
        label = f"{alert.code} {titles.get(alert.article_id, '')}".strip()
        if typed.casefold() in label.casefold():
            yield Suggestion(alert.code, label)


def _zones(_context: Context, channel: Channel, typed: str) -> Iterator[Suggestion]:
    wanted = fold_key(typed).strip()
    names = sorted(available_timezones())
    if not wanted:
        usual = (channel.timezone, "UTC", *(name for name in names if name.startswith(("Asia/", "Africa/", "Europe/"))))
        names = list(dict.fromkeys(usual))
    for name in (
        sorted(names, key=lambda name: not fold_key(name.rpartition("/")[2]).strip().startswith(wanted))
        if wanted
        else names
    ):
        if wanted in fold_key(name):
            yield Suggestion(name, name)


def _mutes(_context: Context, _channel: Channel, typed: str) -> Iterator[Suggestion]:
    words = {"1h": "1 hour", "8h": "8 hours", "24h": "24 hours", "7d": count(7, "day")}
    for value in MUTES:
        if typed.casefold() in value:
            yield Suggestion(value, words[value])


def _nothing(_context: Context, _channel: Channel, _typed: str) -> Iterator[Suggestion]:
    return iter(())


_ALL = {
    Takes.TEXT: _nothing,
    Takes.ENTITY: _entities,
    Takes.PLACE: _places,
    Takes.FEED: _feeds,
    Takes.SUBSCRIPTION: _subscriptions,
    Takes.ALERT: _alerts,
    Takes.ZONE: _zones,
    Takes.MUTE: _mutes,
}
