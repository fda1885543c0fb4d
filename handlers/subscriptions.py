"""`/subscribe`, `/unsubscribe`, `/subscriptions`, `/why`: what a channel follows, and why it was told."""

from __future__ import annotations

import re

from bot.cards.card import Block, Card, Field, Fields, Line, Listing, Text, Tone, code, line, quiet, strong
from bot.cards.compose import count, moment
from bot.errors import UserError
from bot.model import Channel, Request
from bot.rules.facts import Facts, Wording
from bot.rules.parse import parse_query
from bot.store import articles, sources, subscriptions
from bot.store.subscriptions import Subscription
from handlers.context import Command, Context, trouble

MOST_REASONS = 15
PREVIEW = 500  # newest articles that a new subscription is tried on


def subscribe(context: Context, request: Request) -> Card:
    query = parse_query(request.text, context.resolve)
    now = context.clock.now()
    with context.store.write() as cx:
        row, added = subscriptions.add_subscription(cx, request.channel, str(query), request.user, now)
    verb = "You now follow" if added else "You follow already"
    blocks: list[Block] = [Text(line("Articles ", strong(query.in_words()), "."))]
    if told := query.options.in_words():
        how = "; ".join(told)
        blocks.append(Text(line(quiet(f"{how[0].upper()}{how[1:]}."))))
    fired = _would_have_fired(context, request.channel, str(query))
    if fired:
        heading = f"It would have fired on {count(len(fired), 'article')} of the archive; the latest:"
        blocks.append(Listing(heading, tuple(line(title, quiet(f"  {day}")) for title, day in fired[:5])))
    else:
        blocks.append(Text(line(quiet("Nothing in the archive matches it yet; new articles will."))))
    undo = line("To stop: ", code(f"/unsubscribe {row.id}"))
    return Card(title=f"{verb} #{row.id}: {query}", tone=Tone.DONE, blocks=tuple(blocks), footer=undo)


def _would_have_fired(context: Context, channel: Channel, query_text: str) -> list[tuple[str, str]]:
    query = parse_query(query_text, context.resolve, stored=True)
    with context.store.read() as cx:
        found = articles.articles_between(cx, channel.workspace, None, None, PREVIEW)
        cited = articles.citations_of(cx, channel.workspace, [item.id for item in found])
        names = {source.id: f"{source.title} {source.address}" for source in sources.sources_of(cx, channel.workspace)}
    fired = []
    for item in found:
        facts = Facts(
            Wording(item.text, item.title),
            [known for entity in {entity for entity, _ in cited[item.id]} if (known := context.catalogue.get(entity))],
            context.catalogue.get,
            source=item.source_id,
            source_name=names.get(item.source_id, ""),
            outlet=item.outlet,
            language=item.language,
        )
        if query.fires(facts):
            fired.append((item.title, moment(item.at, channel.timezone, day_only=True)))
    return fired


def unsubscribe(context: Context, request: Request) -> Card:
    with context.store.read() as cx:
        own = subscriptions.subscriptions_of(cx, request.channel)
    if not own:
        return trouble("This channel follows nothing.", "Follow something: /subscribe Quds Force")
    chosen = _chosen(context, own, request.text.strip())
    if chosen is None:
        listed = tuple(line(code(f"/unsubscribe {row.id}"), f"  {row.query}") for row in own)
        title = (
            "Which subscription?" if not request.text.strip() else f"No subscription here is “{request.text.strip()}”."
        )
        return Card(title=title, tone=Tone.WARNING, blocks=(Listing("This channel follows", listed),))
    with context.store.write() as cx:
        removed = subscriptions.remove_subscription(cx, request.channel, chosen.id)
    if removed is None:
        return trouble("That subscription was already gone.")
    undo = line("To take it back: ", code(f"/subscribe {removed.query}"))
    return Card(title=f"No longer followed: {removed.query}", tone=Tone.DONE, footer=undo)


def _chosen(context: Context, own: list[Subscription], text: str) -> Subscription | None:
    """By number, or by the query as it was typed or is shown."""
    number = re.fullmatch(r"#?(\d+)", text)
    if number:
        return next((row for row in own if row.id == int(number[1])), None)
    try:
        wanted = str(parse_query(text, context.resolve, stored=True)) if text else ""
    except UserError:
        wanted = text
    return next((row for row in own if row.query == wanted), None)


def list_subscriptions(context: Context, request: Request) -> Card:
    with context.store.read() as cx:
        own = subscriptions.subscriptions_of(cx, request.channel)
        told = subscriptions.alert_count(cx, request.channel)
    if not own:
        return Card(
            title="This channel follows nothing yet.",
            blocks=(Text(line("Follow a town, an actor or a word: ", code("/subscribe Quds Force"))),),
        )
    rows = tuple(
        line(strong(f"#{row.id}"), f"  {row.query}", quiet(f"  {_in_words(context, row.query)}")) for row in own
    )
    stop = line("To stop one: ", code(f"/unsubscribe {own[0].id}"))
    title = f"{count(len(own), 'subscription')} in {request.channel.name}, {count(told, 'alert')} so far"
    return Card(title=title, blocks=(Listing("", rows),), footer=stop)


def _in_words(context: Context, text: str) -> str:
    try:
        query = parse_query(text, context.resolve, stored=True)
    except UserError as fault:
        return f"fires no longer. {fault} {fault.next_step}"
    return "; ".join((f"articles {query.in_words()}", *query.options.in_words()))


def why(context: Context, request: Request) -> Card:
    wanted = request.text.strip().upper()
    with context.store.read() as cx:
        if not wanted:
            recent = subscriptions.alerts_of(cx, request.channel, 5)
            if not recent:
                return trouble("No alert has been sent here yet.", "Follow something first: /subscribe Quds Force")
            listed = tuple(line(code(f"/why {alert.code}"), f"  {'; '.join(alert.why)}") for alert in recent)
            return Card(title="Which alert?", blocks=(Listing("The latest here", listed),))
        alert = subscriptions.alert_by_code(
            cx, request.channel.workspace, wanted if wanted.startswith("V-") else f"V-{wanted}"
        )
        if alert is None:
            return trouble(
                f"No alert here is called {request.text.strip()}.",
                "The short id stands beside an alert's title, such as V-7F3K2.",
            )
        article = articles.article(cx, request.channel.workspace, alert.article_id)
    if article is None:
        return trouble(f"The article of {alert.code} is not in the archive any more.")
    blocks: list[Block] = [Fields((Field("You follow", line("articles ", "; or ".join(alert.why))),))]
    taken: dict[str, Line] = {}
    refused: dict[str, Line] = {}
    for verdict in context.known.matcher.verdicts(article.text):
        surface, reasons = verdict.candidate.surface, "; ".join(verdict.reasons)
        if verdict.entity:
            taken.setdefault(f"{surface} {verdict.entity.id}", line(strong(verdict.entity.name), f"  {reasons}"))
        elif not surface.islower():
            refused.setdefault(surface, line(strong(surface), f"  {reasons}"))
    for heading, rows in (("Counted, and why", taken), ("Not counted", refused)):
        if rows:
            more = (line(quiet(f"and {len(rows) - MOST_REASONS} more")),) if len(rows) > MOST_REASONS else ()
            blocks.append(Listing(heading, (*list(rows.values())[:MOST_REASONS], *more)))
    return Card(title=f"Why {alert.code}: {article.title}", blocks=tuple(blocks))


COMMANDS = (
    Command(
        "subscribe",
        "/subscribe QUERY",
        "Follow a town, an actor or words in this channel",
        subscribe,
        changes=True,
        example="/subscribe Quds Force",
    ),
    Command(
        "unsubscribe", "/unsubscribe NUMBER", "Stop following", unsubscribe, changes=True, example="/unsubscribe 2"
    ),
    Command("subscriptions", "/subscriptions", "List what this channel follows", list_subscriptions),
    Command(
        "why", "/why ALERT", "Show which subscription and which words raised an alert", why, example="/why V-7F3K2"
    ),
)
