"""`/whynot URL`: why an article raised no alert here."""

from __future__ import annotations

from bot.cards.card import Card, Text, Tone, line
from bot.errors import SourceError
from bot.model import Request
from bot.sources.address import checked_address
from bot.store import checks
from bot.store.telling import lead
from bot.text.link import canonical_link
from bot.whynot import Looked, whynot_card
from handlers.context import Command, Context, Option, trouble


def whynot(context: Context, request: Request) -> Card:
    typed = request.text.strip().strip("<>")
    if not typed:
        return trouble("Why not what?", "Give the article’s address: /whynot https://example.org/story")
    try:
        address = checked_address(typed if "://" in typed else f"https://{typed}")
    except SourceError as error:
        return trouble(str(error), error.next_step)
    channel, now = request.channel, context.clock.now()
    with context.store.read() as cx:
        filed = checks.filed_at(cx, channel.workspace, {typed, address}, canonical_link(address))
        if filed:
            found = lead(cx, channel.workspace, filed.article_id, context.known.name_of)
            if found:
                looked = Looked(
                    found.article, found.mentions, (found.source_id, found.source_name), filed.kind, filed.seen_at, filed.story_id
                )  # fmt: skip
                return whynot_card(cx, context.known, channel, looked, context.settings.feeds.fresh, now)
    with context.store.write() as cx:
        checks.ask(cx, channel.id, address, now)
    context.wake()
    said = "No feed or folder that is read here has brought it. The page is being read; the answer comes into this channel."
    return Card(title="Not in the archive", tone=Tone.INFO, blocks=(Text(line(said)),))


COMMANDS = (
    Command(
        "whynot",
        "/whynot URL",
        "Say why an article raised no alert here, and what query would catch it",
        whynot,
        looks_up=True,
        options=(Option("url", "The article’s address", required=True),),
        example="/whynot https://example.org/story",
    ),
)
