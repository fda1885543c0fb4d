"""What a channel is told about its feeds: once when one has failed for an hour, once when it is back."""

from __future__ import annotations

from datetime import datetime

from bot.cards.card import Card, Text, Tone, code, line, quiet
from bot.cards.compose import moment


def failing(title: str, address: str, since: datetime, cause: str, next_try: datetime | None, timezone: str) -> Card:
    """`next_try` is None for a feed that its publisher has ended."""
    then = f"Next try {moment(next_try, timezone)}." if next_try else "It is not tried again."
    return Card(
        title=f"A feed has gone silent: {title or address}",
        tone=Tone.WARNING,
        blocks=(
            Text(line(f"Nothing could be read from it since {moment(since, timezone)}. {cause} {then}")),
            Text(line(quiet(address))),
        ),
        footer=line("All feeds: ", code("/feeds health"), "  To take it out: ", code(f"/feeds remove {address}")),
    )


def back(title: str, address: str, since: datetime, timezone: str) -> Card:
    return Card(
        title=f"Read again: {title or address}",
        tone=Tone.DONE,
        blocks=(Text(line(f"It had been silent since {moment(since, timezone)}; what it still holds has been read.")),),
    )


def parked(name: str, reason: str) -> Card:
    """For an admin: a channel that cannot be reached any more."""
    return Card(
        title=f"I cannot post in {name} any more",
        tone=Tone.WARNING,
        blocks=(
            Text(line(reason)),
            Text(
                line(
                    "What was meant for it is kept. Once I may post there again, say anything to me in it, such as ",
                    code("/status"),
                    ".",
                )
            ),
        ),
    )
