"""Long lists in pages, for chats; a terminal scrolls."""

from __future__ import annotations

from dataclasses import replace

from bot.cards.card import Button, Card, Does, Listing, line

LINES = 15  # of a page


def paged(card: Card, page: int, command: str) -> Card:
    """One page of a card whose longest list is too long for one; `command` is the line that made it."""
    longest = max(
        (block for block in card.blocks if isinstance(block, Listing)), key=lambda b: len(b.lines), default=None
    )
    if longest is None or len(longest.lines) <= LINES:
        return card
    pages = -(-len(longest.lines) // LINES)
    page = min(max(page, 1), pages)
    part = replace(longest, lines=longest.lines[(page - 1) * LINES : page * LINES])
    turns = []
    if page > 1:
        turns.append(Button("Previous", f"page {page - 1} {command}", Does.REPLACE))
    if page < pages:
        turns.append(Button("Next", f"page {page + 1} {command}", Does.REPLACE))
    blocks = tuple(part if block is longest else block for block in card.blocks)
    footer = (*card.footer, *line(" · " if card.footer else "", f"page {page} of {pages}"))
    return replace(card, blocks=blocks, buttons=(*card.buttons, *turns), footer=footer)
