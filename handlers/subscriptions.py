"""`/subscribe`, `/unsubscribe`, `/subscriptions`: what a channel follows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from bot.cards.card import Block, Button, Card, Does, Listing, Text, Tone, code, line, quiet, strong
from bot.cards.compose import count, moment
from bot.errors import UserError
from bot.export import feed_token
from bot.model import Channel, Request
from bot.rules.facts import Facts, Wording
from bot.rules.parse import parse_query
from bot.rules.query import Query
from bot.sources.websub import master_key
from bot.store import alerts, articles, sources, subscriptions
from bot.store.subscriptions import Subscription
from handlers.context import Command, Context, Option, Takes, trouble

PREVIEW = 2_000  # newest articles that a query is tried on
PREVIEW_SPAN = timedelta(days=30)
LAST = 5


def subscribe(context: Context, request: Request) -> Card:
    """`/subscribe QUERY`, or `/subscribe QUERY try` to see what it would have raised without following it."""
    text, trying = request.text.strip(), False
    if text == "try" or text.endswith(" try"):
        text, trying = text.removesuffix("try").rstrip(), True
    query = parse_query(text, context.resolve)
    if trying:
        card = _described(context, request.channel, query, f"Tried: {query}", Tone.INFO)
        follow = f"/subscribe {query}"
        return replace(card, buttons=(Button("Follow", follow),), footer=line("To follow it: ", code(follow)))
    with context.store.write() as cx:
        row, added = subscriptions.add_subscription(cx, request.channel, str(query), request.user, context.clock.now())
    verb = "You now follow" if added else "You follow already"
    card = _described(context, request.channel, query, f"{verb} #{row.id}: {query}", Tone.DONE)
    buttons = (Button("Change", f"/edit {row.id}", Does.FORM), Button("Undo", f"/unsubscribe {row.id}"))
    return replace(card, buttons=buttons, footer=line("To stop: ", code(f"/unsubscribe {row.id}")))


def edit(context: Context, request: Request) -> Card:
    """`/edit 3 QUERY`: another query in the place of a subscription's."""
    number, _, text = request.text.strip().lstrip("#").partition(" ")
    with context.store.read() as cx:
        own = {str(row.id): row for row in subscriptions.subscriptions_of(cx, request.channel)}
    old = own.get(number)
    if old is None:
        return trouble(f"This channel has no subscription #{number}.", "/subscriptions lists what it follows.")
    query = parse_query(text, context.resolve)
    with context.store.write() as cx:
        changed = subscriptions.change_subscription(cx, request.channel, old.id, str(query), context.clock.now())
    if not changed:
        return trouble(f"You follow {query} already.", f"To stop the older one: /unsubscribe {old.id}")
    undo = f"/edit {old.id} {old.query}"
    card = _described(context, request.channel, query, f"Changed #{old.id}: {query}", Tone.DONE)
    return replace(card, buttons=(Button("Undo", undo),), footer=line("To take it back: ", code(undo)))


def _described(context: Context, channel: Channel, query: Query, title: str, tone: Tone) -> Card:
    """A query in words, and what it would have raised of late."""
    blocks: list[Block] = [Text(line("Articles ", strong(query.in_words()), "."))]
    if told := query.options.in_words():
        how = "; ".join(told)
        blocks.append(Text(line(quiet(f"{how[0].upper()}{how[1:]}."))))
    fired, days = _would_have_fired(context, channel, query)
    if fired:
        heading = f"It would have fired {count(len(fired), 'time')} in {count(days, 'day')}; the last:"
        blocks.append(Listing(heading, tuple(line(title, quiet(f"  {day}")) for title, day in fired[:LAST])))
    else:
        blocks.append(Text(line(quiet("Nothing in the archive matches it yet; new articles will."))))
    return Card(title=title, tone=tone, blocks=tuple(blocks))


def _would_have_fired(context: Context, channel: Channel, query: Query) -> tuple[list[tuple[str, str]], int]:
    """(title and day of each story of the last thirty days of the archive that fires, newest first; the days looked at)."""
    workspace = channel.workspace
    with context.store.read() as cx:
        newest = articles.totals(cx, workspace)[2]
        since = newest - PREVIEW_SPAN if newest else None
        found = articles.articles_between(cx, workspace, since, None, PREVIEW)
        cited = articles.citations_of(cx, workspace, [item.id for item in found])
        names = {source.id: f"{source.title} {source.address}" for source in sources.sources_of(cx, workspace)}
    stories: dict[int, tuple[str, str]] = {}
    for item in found:
        if item.story_id in stories:
            continue
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
            stories[item.story_id] = item.title, moment(item.at, channel.timezone, day_only=True)
    span = (found[0].at - found[-1].at).days + 1 if len(found) == PREVIEW else PREVIEW_SPAN.days
    return list(stories.values()), span


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
        removed = subscriptions.remove_subscription(cx, request.channel, chosen.id, context.clock.now())
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
    """What the channel follows, how well it does, what it does not want to hear; `threads on|off` is set here too."""
    verb, _, rest = request.text.strip().partition(" ")
    if verb == "threads":
        return _threads(context, request, rest.strip())
    if verb == "feed":
        return _feed(context, request)
    channel, now = request.channel, context.clock.now()
    with context.store.read() as cx:
        own = subscriptions.subscriptions_of(cx, channel)
        told = alerts.tally(cx, channel)
        week = alerts.judged(cx, channel, now - timedelta(days=7))
        mutes = alerts.mutes_of(cx, channel.id, now)
        exempt = alerts.exceptions_of(cx, channel.id)
    if not own:
        return Card(
            title="This channel follows nothing yet.",
            blocks=(Text(line("Follow a town, an actor or a word: ", code("/subscribe Quds Force"))),),
        )
    rows = tuple(
        line(
            strong(f"#{row.id}"), f"  {row.query}", quiet(f"  {_in_words(context, row.query)}{_week(week.get(row.id))}")
        )
        for row in own
    )
    blocks: list[Block] = [Listing("", rows)]
    if mutes:
        until = [quiet(f"  until {moment(one.until, channel.timezone)}") for one in mutes]
        listed = tuple(
            line(code(f"/unmute {one.id}"), f"  {one.label}", end) for one, end in zip(mutes, until, strict=True)
        )
        blocks.append(Listing("Muted for a while", listed))
    if exempt:
        listed = tuple(line(code(f"/right {one.id}"), f"  {one.label}") for one in exempt)
        blocks.append(Listing("Called wrong, and left out; to take one back:", listed))
    stop = line("To stop one: ", code(f"/unsubscribe {own[0].id}"))
    held = ", ".join(f"{told[state]} {words}" for state, words in _HELD if told.get(state))
    title = f"{count(len(own), 'subscription')} in {channel.name}, {count(sum(told.values()), 'alert')} so far"
    changes = tuple(Button(f"Change #{row.id}", f"/edit {row.id}", Does.FORM) for row in own[:3])
    return Card(
        title=title + (f" ({held})" if held else ""), blocks=tuple(blocks), footer=stop,
        buttons=(*changes, Button("Follow more", "/subscribe", Does.FORM)),
    )  # fmt: skip


_HELD = (
    (alerts.HELD, "held back"),
    (alerts.WAITING, "waiting for sources"),
    (alerts.MUTED, "muted"),
    (alerts.DIGEST, "for the digest only"),
)


def _week(judged: tuple[int, int] | None) -> str:
    """`; this week 12 alerts, 1 of 12 called wrong`."""
    if not judged:
        return ""
    raised, bad = judged
    return f"; this week {count(raised, 'alert')}" + (f", {bad} of {raised} called wrong" if bad else "")


def _feed(context: Context, request: Request) -> Card:
    """The secret address under which the channel's alerts can be read as a feed."""
    http = context.settings.http
    if not (http.listen and http.public_url):
        return trouble(
            "This installation cannot be reached from outside, so its alerts cannot be read as a feed.",
            "Whoever runs it can set [http] listen and public_url.",
        )
    token = feed_token(master_key(context.settings.store.folder), request.channel.id)
    address = f"{http.public_url.rstrip('/')}/alerts/{request.channel.id}/{token}.atom"
    return Card(
        title=f"The alerts of {request.channel.name} as a feed",
        blocks=(Text(line(code(address))), Text(line(quiet("Whoever has this address can read them: keep it to yourselves.")))),
    )  # fmt: skip


def _threads(context: Context, request: Request, wanted: str) -> Card:
    if wanted not in ("on", "off"):
        state = "on" if request.channel.threads else "off"
        return trouble(f"Threads are {state} here.", "Type /subscriptions threads on, or off.")
    with context.store.write() as cx:
        subscriptions.set_threads(cx, request.channel, on=wanted == "on")
    said = (
        "What is new in a story is told in the thread of its alert."
        if wanted == "on"
        else "Alerts are still edited as their story grows; nothing is said in their threads."
    )
    back = f"/subscriptions threads {'off' if wanted == 'on' else 'on'}"
    return Card(title=said, tone=Tone.DONE, footer=line("To take it back: ", code(back)))


def _in_words(context: Context, text: str) -> str:
    try:
        query = parse_query(text, context.resolve, stored=True)
    except UserError as fault:
        return f"fires no longer. {fault} {fault.next_step}"
    return "; ".join((f"articles {query.in_words()}", *query.options.in_words()))


COMMANDS = (
    Command(
        "subscribe",
        "/subscribe QUERY [try]",
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
    Command(
        "subscriptions",
        "/subscriptions [threads on|off | feed]",
        "List what this channel follows, mutes and leaves out",
        list_subscriptions,
        changing_verbs=frozenset({"threads", "feed"}),
        options=(
            Option("threads", "Tell what is new in a story in its thread", choices=("on", "off"), lead="threads"),
        ),
    ),
    Command("edit", "/edit NUMBER QUERY", "Change a subscription’s query", edit, changes=True, hidden=True),
)
