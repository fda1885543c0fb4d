"""`/status` and `/help`: how the sentry fares, and what it understands."""

from __future__ import annotations

from bot.cards.card import Block, Card, Field, Fields, Listing, Text, Tone, code, line, quiet
from bot.cards.compose import count, moment
from bot.model import Request
from bot.store import articles, outbox, sources, subscriptions
from handlers.context import Command, Context


def status(context: Context, request: Request) -> Card:
    channel, zone = request.channel, request.channel.timezone
    with context.store.read() as cx:
        total, stories, newest = articles.totals(cx, channel.workspace)
        own = sources.sources_of(cx, channel.workspace)
        faults = sources.file_faults(cx, channel.workspace)
        waiting = outbox.depth(cx, channel.id)
        follows = len(subscriptions.subscriptions_of(cx, channel))
    feeds = [source for source in own if source.kind == "feed"]
    failing = [source for source in own if source.failures]
    newest_day = f", newest of {moment(newest, zone, day_only=True)}" if newest else ""
    fields = [
        Field("Archive", line(f"{count(total, 'article')} in {count(stories, 'story', 'stories')}{newest_day}")),
        Field(
            "Sources",
            line(f"{count(len(feeds), 'feed')}, {count(len(own) - len(feeds), 'folder')}, {len(failing)} failing"),
        ),
        Field("Follows", line(count(follows, "subscription"))),
        Field(
            "Deliveries",
            line(", ".join(f"{number} {state}" for state, number in sorted(waiting.items())) or "none yet"),
        ),
        Field("Catalogue", line(count(len(context.catalogue.entities), "entity", "entities"))),
    ]
    blocks: list[Block] = [Fields(tuple(fields))]
    if failing:
        rows = tuple(
            line(
                source.title or source.address,
                quiet(f"  {source.last_error} Next try {moment(source.next_check_at, zone)}."),
            )
            for source in failing
        )
        blocks.append(Listing("Failing sources", rows))
    if faults:
        blocks.append(Listing("Files to look at", tuple(line(path, quiet(f"  {fault}")) for path, fault in faults)))
    healthy = not failing and not faults and not waiting.get("dead")
    title = "All is well." if healthy else "Mostly well; see below."
    return Card(title=title, tone=Tone.INFO if healthy else Tone.WARNING, blocks=tuple(blocks))


def make_help(commands: tuple[Command, ...]) -> Command:
    """`/help` knows the list it stands in."""

    def help_card(_context: Context, request: Request) -> Card:
        wanted = request.text.strip().lstrip("/")
        chosen = [command for command in commands if command.name == wanted]
        if chosen:
            one = chosen[0]
            example = (Text(line("For example: ", code(one.example))),) if one.example else ()
            return Card(title=one.usage, blocks=(Text(line(f"{one.about}.")), *example))
        rows = tuple(
            line(code(command.usage), f"  {command.about}") for command in (*commands, this) if not command.hidden
        )
        return Card(
            title="What I understand",
            blocks=(Listing("", rows),),
            footer=line("More about one: ", code("/help subscribe")),
        )

    this = Command("help", "/help [COMMAND]", "List the commands, or explain one", help_card, example="/help subscribe")
    return this


COMMANDS = (Command("status", "/status", "Say how the archive, the sources and the deliveries fare", status),)
