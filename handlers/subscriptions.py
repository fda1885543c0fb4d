"""`/subscribe`, `/unsubscribe`, `/subscriptions`, `/why`: what a channel follows, and why it was told."""

from __future__ import annotations

import re

from bot.cards.card import Block, Card, Listing, Text, Tone, code, line, quiet, strong
from bot.cards.compose import count, moment
from bot.errors import UserError
from bot.model import Channel, Request
from bot.rules.facts import Facts, Wording
from bot.rules.parse import parse_query
from bot.store import alerts, articles, sources, subscriptions
from bot.store.subscriptions import Subscription
from handlers.context import Command, Context, Option, Takes, trouble

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
        blocks.append(Text(line(quiet(f"{'; '.join(told).capitalize()}."))))
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
        told = sum(alerts.tally(cx, request.channel).values())
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


COMMANDS = (
    Command(
        "subscribe",
        "/subscribe QUERY",
        "Follow a town, an actor or words in this channel",
        subscribe,
        changes=True,
        options=(Option("query", "A name, words, or a query; see /help subscribe", Takes.ENTITY, required=True),),
        example="/subscribe Quds Force",
    ),
    Command(
        "unsubscribe",
        "/unsubscribe NUMBER",
        "Stop following",
        unsubscribe,
        changes=True,
        options=(Option("subscription", "Which one", Takes.SUBSCRIPTION),),
        example="/unsubscribe 2",
    ),
    Command("subscriptions", "/subscriptions", "List what this channel follows", list_subscriptions),
)
