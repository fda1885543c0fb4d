"""`/feeds`: rows that are due now; the poller does the fetching and reports back."""

from __future__ import annotations

from bot.cards.card import Block, Card, Listing, Text, Tone, code, line, quiet, strong
from bot.cards.compose import count, moment
from bot.errors import SourceError
from bot.model import Request
from bot.sources.address import checked_address
from bot.store import sources
from bot.store.sources import Source
from handlers import feed_lists, feed_pages
from handlers.context import Command, Context, Option, Takes, Verb, trouble

VERBS = ("add", "remove", "list", "health", "groups", "import", "export", "pages")
CHANGES = frozenset({"add", "remove", "import", "pages"})
ALIASES = {"group": "groups", "subscribe": "add", "delete": "remove", "rm": "remove", "ls": "list", "status": "health"}


def feeds(context: Context, request: Request) -> Card:
    verb, _, rest = request.text.strip().partition(" ")
    verb = ALIASES.get(verb, verb)
    rest = rest.strip()
    what, _, name = rest.partition(" ")
    if verb == "pages":
        return feed_pages.set_pages(context, request, rest)
    if verb == "groups":
        return feed_lists.groups(context, request)
    if verb == "import":
        return feed_lists.import_list(context, request, rest)
    if verb == "export":
        return feed_lists.export_list(context, request)
    if verb in ("add", "remove") and what == "group":
        many = feed_lists.add_group if verb == "add" else feed_lists.remove_group
        return many(context, request, name.strip())
    if verb == "remove" and what == "import":
        return feed_lists.remove_list(context, request, name.strip())
    if verb == "add":
        return _add(context, request, rest)
    if verb == "remove":
        return _remove(context, request, rest)
    if verb in ("", "list", "health"):
        return _list(context, request)
    return trouble(f"/feeds does not know “{verb}”.", f"Its verbs are {', '.join(VERBS)}.")


def _add(context: Context, request: Request, address: str) -> Card:
    if not address:
        return trouble("Which feed?", "Type its address: /feeds add https://example.org/feed.xml")
    if "://" not in address:
        address = f"https://{address}"
    try:
        address = checked_address(address)
    except SourceError as error:
        return trouble(str(error), error.next_step)
    with context.store.write() as cx:
        source, added = sources.add_source(cx, "feed", address, request.channel.workspace, context.clock.now())
    context.wake()
    title = f"Feed added: {address}" if added else f"This feed is read already: {address}"
    notes: list[Block] = [
        Text(line("It is read in a moment; what it holds already is filed without alerts, except what is fresh."))
    ]
    footer = line("How it fares: ", code("/feeds health"), "  To take it out: ", code(f"/feeds remove {address}"))
    return Card(
        title=title,
        tone=Tone.DONE,
        blocks=tuple(notes) if added else (Text(line(_state(source, request))),),
        footer=footer,
    )


def _remove(context: Context, request: Request, address: str) -> Card:
    with context.store.read() as cx:
        own = [source for source in sources.sources_of(cx, request.channel.workspace) if source.kind == "feed"]
    chosen = feed_pages.chosen(own, address)
    if chosen is None:
        listed = tuple(line(code(f"/feeds remove {source.address}")) for source in own)
        title = f"No feed here is “{address}”." if address else "Which feed?"
        return Card(title=title, tone=Tone.WARNING, blocks=(Listing("Feeds", listed or (line("None yet."),)),))
    with context.store.write() as cx:
        own_one = sources.remove_source(cx, chosen.address, request.channel.workspace)
    if not own_one:
        return trouble(
            f"{chosen.address} is read for every workspace.",
            f"The operator takes it out: vedette feeds remove {chosen.address}",
        )
    return Card(
        title=f"No longer read: {chosen.address}",
        tone=Tone.DONE,
        footer=line("Its articles stay in the archive. To take it back: ", code(f"/feeds add {chosen.address}")),
    )


def _list(context: Context, request: Request) -> Card:
    with context.store.read() as cx:
        own = [source for source in sources.sources_of(cx, request.channel.workspace) if source.kind == "feed"]
        a_day = sources.items_a_day(cx, request.channel.workspace, context.clock.now())
    if not own:
        return Card(
            title="No feed is read yet.",
            blocks=(
                Text(line("Add one: ", code("/feeds add https://example.org/feed.xml"))),
                Text(line("Or choose from those that ship with Vedette: ", code("/feeds groups"))),
            ),
        )
    rows = tuple(
        line(
            strong(source.title or source.address),
            quiet(f"  {source.address}"),
            f"  {_state(source, request, a_day.get(source.id, 0.0))} ",
            quiet(feed_pages.note(source, context.settings)),
        )
        for source in sorted(own, key=lambda source: (not source.failures, not source.parked, source.title))
    )
    failing = sum(1 for source in own if source.failures)
    said = {
        "failing": failing,
        "ended": sum(1 for source in own if source.parked),
        "not read yet": sum(1 for source in own if source.last_success_at is None and not source.failures),
    }
    troubles = ", ".join(f"{number} {word}" for word, number in said.items() if number)
    title = f"{count(len(own), 'feed')}, {troubles or 'all answering'}"
    return Card(title=title, tone=Tone.WARNING if failing else Tone.INFO, blocks=(Listing("", rows),))


def _state(source: Source, request: Request, a_day: float = 0.0) -> str:
    zone = request.channel.timezone
    read = f"last read {moment(source.last_success_at, zone)}" if source.last_success_at else "never read"
    if source.parked:
        return f"ended by its publisher (410), {read}; /feeds add {source.address} tries it again."
    again = moment(source.next_check_at, zone)
    if source.failures:
        return f"failing ({count(source.failures, 'time')}): {source.last_error} Next try {again}; {read}."
    if source.last_success_at is None:
        return "not read yet; due now."
    pace = f", {a_day:.1f} items a day" if a_day else ""
    speed = f", answers in {source.latency:.1f} s" if source.latency is not None else ""
    return f"{read}, next {again}{pace}{speed}."


COMMANDS = (
    Command(
        "feeds",
        "/feeds add URL | remove URL | list | health | groups | import FILE | export | pages URL auto/on/off",
        "Manage the feeds that are read here",
        feeds,
        workspace=True,
        changing_verbs=CHANGES | {typed for typed, verb in ALIASES.items() if verb in CHANGES},
        verbs=(
            Verb(
                "add",
                "Read a feed, or a group of the shipped ones",
                (Option("url", "Address of a feed or site, or: group NAME", required=True),),
            ),
            Verb("remove", "Stop reading a feed", (Option("url", "Its address", Takes.FEED, required=True),)),
            Verb("list", "List what is read here"),
            Verb("health", "Say how each feed fares, and what is wrong"),
            Verb("groups", "List the groups of feeds that come with Vedette"),
            Verb(
                "import",
                "Read all feeds of an OPML list",
                (Option("list", "The list’s address, or its text", required=True),),
            ),
            Verb("export", "Write the feeds as an OPML list"),
            Verb(
                "pages",
                "Say whether the pages behind a feed’s teasers are read",
                (
                    Option("url", "The feed", Takes.FEED, required=True),
                    Option("mode", "auto, on or off", required=True, choices=("auto", "on", "off")),
                ),
            ),
        ),
        example="/feeds add https://example.org/feed.xml",
    ),
)
