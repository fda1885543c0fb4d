"""`/feeds pages`: whether the pages behind a feed's items are fetched."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import Card, Tone, code, line
from bot.model import Request
from bot.settings import Settings
from bot.store import sources
from bot.store.sources import Source
from handlers.context import Context, trouble

MEANINGS = {
    "auto": "The page of an item is fetched where the feed gives only a teaser.",
    "on": "The page of every new item is fetched.",
    "off": "No page is fetched; the feed's own text is all that is read.",
}


def set_pages(context: Context, request: Request, rest: str) -> Card:
    address, _, mode = rest.rpartition(" ")
    address, mode = address.strip(), mode.lower()
    if mode not in MEANINGS or not address:
        return trouble("Which feed, and what?", "Type /feeds pages ADDRESS auto, or on, or off.")
    with context.store.read() as cx:
        own = [source for source in sources.sources_of(cx, request.channel.workspace) if source.kind == "feed"]
    feed = chosen(own, address)
    if feed is None:
        return trouble(f"No feed here is “{address}”.", "/feeds list shows those that are read.")
    with context.store.write() as cx:
        done = sources.set_pages(cx, feed.id, request.channel.workspace, mode)
    if not done:
        return trouble(
            f"{feed.address} is read for every workspace.",
            "The operator decides on its pages: [feeds] pages in config/vedette.toml.",
        )
    footer = line("A site's robots.txt is obeyed. How feeds fare: ", code("/feeds health"))
    return Card(title=f"Pages of {feed.address}: {mode}. {MEANINGS[mode]}", tone=Tone.DONE, footer=footer)


def chosen(own: Sequence[Source], address: str) -> Source | None:
    """The feed that is meant by its address, its title or a part of its address."""
    exact = (source for source in own if address in (source.address, f"{source.address}/", source.title))
    return next(exact, None) or next((source for source in own if address and address in source.address), None)


def note(source: Source, settings: Settings) -> str:
    """What is said of a feed's pages in the list."""
    return f"Pages: {source.pages or settings.feeds.pages}."
