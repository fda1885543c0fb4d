"""`/who-is-in`: of whom a message speaks, asked by pointing at it."""

from __future__ import annotations

from collections import Counter

from bot.cards.card import Card, Listing, code, line, plain_text, quiet, strong
from bot.cards.compose import count
from bot.model import Request, Sentence
from handlers.about import one_line
from handlers.context import Context, trouble


def who_is_in(context: Context, request: Request) -> Card:
    """The names in a text: somebody points at a message and wants to know of whom it speaks."""
    workspace, text = request.channel.workspace, request.text.strip()
    found = [(mention, Sentence(mention.start, mention.end)) for mention in context.known.mentions([text])[0]]
    named = Counter(mention.entity for mention, _ in context.known.seen_by(workspace, found))
    rows = tuple(
        line(strong(entity.name), f"  {one_line(entity)}", quiet(f"  ×{number}") if number > 1 else "")
        for key, number in named.items()
        if (entity := context.catalogue.get(key))
    )
    if not rows:
        return trouble("I know nobody and no place in this text.", "Search the archive for its words: /search WORDS")
    more = line("More about one: ", code(f"/whois {plain_text(rows[0][:1])}"))
    return Card(title=f"{count(len(rows), 'name')} in this text", blocks=(Listing("", rows),), footer=more)
