"""The Home tab: what the reader's channels follow, how the feeds fare, when the next digest comes."""

from __future__ import annotations

from collections.abc import Collection

from bot.cards.card import (
    Block,
    Button,
    Card,
    Does,
    Field,
    Fields,
    Line,
    Listing,
    Text,
    Tone,
    code,
    line,
    quiet,
    strong,
)
from bot.cards.compose import count, moment
from bot.model import Channel
from bot.store import digests, sources, subscriptions
from handlers.context import Context

MOST_CHANNELS = 20
MOST_EACH = 10


def home_card(context: Context, own: Channel, addresses: Collection[str]) -> Card:
    """`own` is the reader's direct channel; of the workspace's others only those at `addresses` are shown."""
    with context.store.read() as cx:
        followed = subscriptions.followed_channels(cx, own.platform, own.workspace)
        seen = [(channel, rows) for channel, rows in followed if channel.id == own.id or channel.address in addresses]
        feeds = [source for source in sources.sources_of(cx, own.workspace) if source.kind == "feed"]
        due = [
            (channel, digests.schedule_of(cx, channel.id)) for channel in (own, *(c for c, _ in seen if c.id != own.id))
        ]
    blocks: list[Block] = []
    for channel, rows in seen[:MOST_CHANNELS]:
        lines: list[Line] = [line(strong(f"#{row.id}"), f"  {row.query}") for row in rows[:MOST_EACH]]
        if len(rows) > MOST_EACH:
            lines.append(line(quiet(f"and {len(rows) - MOST_EACH} more")))
        blocks.append(Listing(channel.name, tuple(lines)))
    if not seen:
        blocks.append(
            Text(line("Nothing is followed yet in your channels. In one of them: ", code("/subscribe Quds Force")))
        )
    failing = [source for source in feeds if source.failures]
    health = f"{count(len(feeds), 'feed')}, {'all well' if not failing else f'{len(failing)} failing'}"
    comes = [(schedule.next_digest_at, channel) for channel, schedule in due if schedule]
    if comes:
        at, channel = min(comes, key=lambda item: item[0])
        digest = f"{moment(at, own.timezone)} ({own.timezone}) in {channel.name}"
    else:
        digest = "none is set"
    blocks.append(Fields((Field("Feeds", line(health)), Field("Next digest", line(digest)))))
    if failing:
        names = tuple(line(source.title or source.address, quiet(f"  {source.last_error}")) for source in failing[:5])
        blocks.append(Listing("Failing", names))
    return Card(
        title="On watch",
        tone=Tone.WARNING if failing else Tone.DONE,
        blocks=tuple(blocks),
        buttons=(
            Button("Follow for me", "/subscribe", Does.FORM),
            Button("My daily digest", "/digest at", Does.FORM),
            Button("Status", "/status"),
            Button("Help", "/help"),
        ),
        footer=line("What you follow here comes to you alone. In channels: ", code("/help")),
    )
