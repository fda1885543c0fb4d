"""`/feeds groups|import|export` and whole groups: many feeds at once, from the shipped list or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.cards.card import Block, Card, Field, Fields, Line, Listing, Text, Tone, code, line, quiet
from bot.cards.compose import count
from bot.errors import SourceError, UserError
from bot.model import Request
from bot.sources.opml import BETWEEN, Opml, OpmlFeed, in_groups, load_opml, shipped_feeds, write_opml
from bot.store import sources
from handlers.context import Context, trouble

MOST_NAMED_FAULTS = 5
LONGEST_SHOWN = 3_000  # characters of a list that a card still shows
EXPORTED = "feeds.opml"


def group_names() -> list[str]:
    """Every shipped group, outer ones before those inside them."""
    names: dict[str, None] = {}
    for feed in shipped_feeds():
        steps = feed.group.split(BETWEEN)
        names |= dict.fromkeys(BETWEEN.join(steps[: end + 1]) for end in range(len(steps)))
    return list(names)


def groups(context: Context, request: Request) -> Card:
    read = {source.address for source in _own(context, request)}
    rows = []
    for name in group_names():
        members = _members(name)
        own = sum(1 for feed in members if feed.address in read)
        rows.append(
            line(code(f"/feeds add group {name}"), f"  {count(len(members), 'feed')}", quiet(f", {own} read here"))
        )
    return Card(
        title=f"{count(len(shipped_feeds()), 'feed')} to choose from, in groups",
        blocks=(Text(line("None is read until you add its group.")), Listing("", tuple(rows))),
        footer=line("To take one out: ", code(f"/feeds remove group {group_names()[0]}")),
    )


def add_group(context: Context, request: Request, typed: str) -> Card:
    found = _groups_called(typed)
    if len(found) != 1:
        return _which_group(typed, found, "add")
    name = found[0]
    members = _members(name)
    new = _enter(context, request, members)
    title = f"{count(new, 'feed')} added from {name}" if new else f"All feeds of {name} are read already"
    return Card(
        title=title,
        tone=Tone.DONE,
        blocks=(Text(line(_were_read(len(members), new))),) if new else (),
        footer=_footer(f"/feeds remove group {name}"),
    )


def remove_group(context: Context, request: Request, typed: str) -> Card:
    found = _groups_called(typed)
    if len(found) != 1:
        return _which_group(typed, found, "remove")
    name = found[0]
    return _take_out(context, request, _members(name), name, f"/feeds add group {name}")


def import_list(context: Context, request: Request, typed: str) -> Card:
    if not typed:
        return trouble("Which list?", "Name an OPML file: /feeds import ~/feeds.opml")
    read = _load(context, request, typed)
    new = _enter(context, request, read.feeds)
    blocks: list[Block] = [Text(line(_were_read(len(read.feeds), new)))]
    if read.faults:
        rows = [line(what[:200], quiet(f"  {why}")) for what, why in read.faults[:MOST_NAMED_FAULTS]]
        if len(read.faults) > MOST_NAMED_FAULTS:
            rows.append(line(quiet(f"and {len(read.faults) - MOST_NAMED_FAULTS:,} more")))
        left_out = count(len(read.faults), "entry is", "entries are")
        blocks.append(Listing(f"{left_out} left out", tuple(rows)))
    return Card(
        title=f"{count(new, 'feed')} added from the list",
        tone=Tone.WARNING if read.faults or not read.feeds else Tone.DONE,
        blocks=tuple(blocks),
        footer=_footer(f"/feeds remove import {typed}"),
    )


def remove_list(context: Context, request: Request, typed: str) -> Card:
    """The undo of an import: the feeds of the same file are taken out."""
    if not typed:
        return trouble("Which list?", "Name the OPML file: /feeds remove import ~/feeds.opml")
    return _take_out(context, request, _load(context, request, typed).feeds, "the list", f"/feeds import {typed}")


def export_list(context: Context, request: Request) -> Card:
    own = _own(context, request)
    if not own:
        return trouble("No feed is read yet, so there is no list.", "Choose some: /feeds groups")
    listed = in_groups((source.address, source.title) for source in own)
    data = write_opml("Feeds read by Vedette", listed)
    rows = [
        Field("Feeds", line(f"{len(own):,}")),
        Field("In groups", line(f"{sum(1 for feed in listed if feed.group):,}")),
    ]
    blocks: list[Block] = [Fields(tuple(rows))]
    text = data.decode("utf-8")
    if request.channel.platform == "console":
        path = (context.settings.store.folder / EXPORTED).resolve()
        _write(path, data)
        blocks.append(Text(line("Written to ", code(str(path)), ".")))
    elif len(text) > LONGEST_SHOWN:
        blocks.append(
            Text(line("It is too long for a message; the operator writes it with ", code("vedette feeds export"), "."))
        )
    if len(text) <= LONGEST_SHOWN:
        blocks.append(Text(line(code(text.rstrip()))))
    return Card(
        title=f"{count(len(own), 'feed')} as OPML",
        tone=Tone.DONE,
        blocks=tuple(blocks),
        footer=line("To read a list in: ", code("/feeds import FILE")),
    )


def _load(context: Context, request: Request, typed: str) -> Opml:
    """The list in a local file. Raises `UserError` where files are not ours to open, `SourceError` for a bad one."""
    if typed.startswith(("http://", "https://")):
        raise UserError(
            "Lists are not fetched from an address.",
            "Save it as a file and give it to the operator: vedette feeds import FILE",
        )
    if request.channel.platform != "console":
        raise UserError(
            "A list is read from a file on the machine that runs this bot.",
            "Give the file to the operator: vedette feeds import FILE",
        )
    try:
        path = Path(typed).expanduser()
    except RuntimeError as error:
        raise SourceError(f"There is no file {typed}.", "missing", "Check the path.") from error
    return load_opml(path, context.settings.fetch.allow)


def _enter(context: Context, request: Request, feeds: Sequence[OpmlFeed]) -> int:
    rows = [(feed.address, feed.title) for feed in feeds]
    with context.store.write() as cx:
        new = sources.add_feeds(cx, rows, request.channel.workspace, context.clock.now())
    context.wake()
    return new


def _take_out(context: Context, request: Request, feeds: Sequence[OpmlFeed], what: str, again: str) -> Card:
    addresses = {feed.address for feed in feeds}
    with context.store.write() as cx:
        gone = sources.remove_feeds(cx, addresses, request.channel.workspace)
    stay = sum(1 for source in _own(context, request) if source.address in addresses)
    if not gone and not stay:
        return trouble(f"No feed of {what} is read here.", f"To read them: {again}")
    notes: list[Block] = []
    if stay:
        kept = f"{count(stay, 'feed is', 'feeds are')} read for every workspace and stay; the operator takes them out with "
        notes.append(Text(line(kept, code("vedette feeds remove FILE_OR_ADDRESS"), ".")))
    return Card(
        title=f"No longer read: {count(gone, 'feed')} of {what}",
        tone=Tone.DONE if gone else Tone.WARNING,
        blocks=tuple(notes),
        footer=line("Their articles stay in the archive. To take them back: ", code(again)),
    )


def _own(context: Context, request: Request) -> list[sources.Source]:
    with context.store.read() as cx:
        return [source for source in sources.sources_of(cx, request.channel.workspace) if source.kind == "feed"]


def _members(name: str) -> list[OpmlFeed]:
    return [feed for feed in shipped_feeds() if f"{feed.group}{BETWEEN}".startswith(f"{name}{BETWEEN}")]


def _groups_called(typed: str) -> list[str]:
    """The shipped groups that this is the name of, or else a part of the name of."""
    wanted, names = typed.strip(' "“”').casefold(), group_names()
    exact = [name for name in names if wanted in (name.casefold(), name.rpartition(BETWEEN)[2].casefold())]
    return exact or [name for name in names if wanted and wanted in name.casefold()]


def _which_group(typed: str, near: Sequence[str], verb: str) -> Card:
    rows = tuple(line(code(f"/feeds {verb} group {name}")) for name in near or group_names())
    title = f"“{typed}” is no shipped group." if typed and not near else "Which group?"
    return Card(title=title, tone=Tone.WARNING, blocks=(Listing("Type one of", rows),))


def _were_read(listed: int, new: int) -> str:
    before = (
        f"{count(listed - new, 'feed')} of it {'was' if listed - new == 1 else 'were'} read already. "
        if listed > new
        else ""
    )
    due = "They are read in a moment; what they hold already is filed without alerts, except what is fresh."
    return before + (due if new else "")


def _footer(undo: str) -> Line:
    return line("How they fare: ", code("/feeds health"), "  To take them out: ", code(undo))


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: an earlier export stays if this one cannot be written."""
    half = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).", "Check [store] folder.") from error
