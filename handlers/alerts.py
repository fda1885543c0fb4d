"""`/why`, `/show`, `/mute`, `/unmute`, and the answers to "Not relevant": what readers can do about an alert."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from bot.alert_facts import Reads, card_now, finding, rules_of
from bot.cards.alert import telling_sentence
from bot.cards.card import Block, Button, Card, Field, Fields, Line, Listing, Text, Tone, code, line, quiet, strong
from bot.cards.compose import cite, moment, source_line
from bot.model import Mention, Request
from bot.settings import duration
from bot.store import alerts, sources, stories
from bot.store.alerts import Alert
from bot.store.telling import lead
from bot.stories.origins import behind, said
from bot.text.fold import fold_key
from handlers.context import Command, Context, Option, Takes, trouble

MOST_REASONS = 15
LONGEST_MUTE = timedelta(days=30)
LENGTHS = (("1h", "1 hour"), ("8h", "8 hours"), ("24h", "24 hours"))
_LENGTH = re.compile(r"(?:^|\s)(\d+(?:\.\d+)?[smhd])$")


def why(context: Context, request: Request) -> Card:
    wanted = request.text.strip()
    if not wanted:
        return _latest(context, request, "why")
    workspace = request.channel.workspace
    with context.store.read() as cx:
        alert = alerts.by_code(cx, workspace, wanted)
        if alert is None:
            return _unknown(wanted)
        found = lead(cx, workspace, alert.article_id, context.known.name_of)
        voices = [one.origins for one in stories.story_sources(cx, workspace, alert.story_id)]
        placed = stories.placed_because(cx, workspace, alert.story_id)
    if found is None:
        return trouble(f"The article of {alert.code} is not in the archive any more.")
    zone = request.channel.timezone
    rows = [Field("You follow", line("articles ", "; or ".join(alert.why)))]
    rows.append(Field("Sources", line(said(behind(voices), voices))))
    if placed:
        rows.append(Field("One story", line("; ".join(placed))))
    rows.append(Field("Told", line(_told(alert, zone))))
    blocks: list[Block] = [Fields(tuple(rows))]
    seen = tuple(context.known.seen_by(workspace, found.mentions))
    chosen = telling_sentence(found.article, seen, frozenset())
    if chosen:
        marks = [(m.start, m.end) for m, sentence in seen if sentence == chosen]
        at = found.article.published or alert.created_at
        source = source_line(found.article.outlet, at, found.article.published is not None, zone, found.article.url)
        blocks.append(cite(found.article.text[chosen.start : chosen.end], chosen.start, marks, source))
    blocks += _verdicts(context, found.article.text)
    return Card(title=f"Why {alert.code}: {found.article.title}", blocks=tuple(blocks))


def _verdicts(context: Context, text: str) -> list[Block]:
    """The names of a text that counted and those that did not, each with the evidence."""
    taken: dict[str, Line] = {}
    refused: dict[str, Line] = {}
    for verdict in context.known.matcher.verdicts(text):
        surface, reasons = verdict.candidate.surface, "; ".join(verdict.reasons)
        if verdict.entity:
            entity = verdict.entity
            span = f" as “{surface}”" if surface != entity.name else ""
            taken.setdefault(f"{surface} {entity.id}", line(strong(entity.name), f"{span}  {reasons}"))
        elif not surface.islower():
            refused.setdefault(surface, line(strong(surface), f"  {reasons}"))
    blocks: list[Block] = []
    for heading, rows in (("Counted, and why", taken), ("Not counted", refused)):
        if rows:
            more = (line(quiet(f"and {len(rows) - MOST_REASONS} more")),) if len(rows) > MOST_REASONS else ()
            blocks.append(Listing(heading, (*list(rows.values())[:MOST_REASONS], *more)))
    return blocks


def _told(alert: Alert, zone: str) -> str:
    if alert.state == alerts.POSTED:
        return f"posted {moment(alert.posted_at or alert.created_at, zone)}"
    if alert.state == alerts.LISTED:
        return "in a post with others"
    until = f" until {moment(alert.held_until, zone)}" if alert.held_until else ""
    return f"not posted{until}: {alert.held_why}" if alert.held_why else f"not posted ({alert.state})"


def _latest(context: Context, request: Request, command: str) -> Card:
    with context.store.read() as cx:
        recent = alerts.latest(cx, request.channel, 5)
    if not recent:
        return trouble("No alert has been raised here yet.", "Follow something first: /subscribe Quds Force")
    listed = tuple(line(code(f"/{command} {alert.code}"), f"  {'; '.join(alert.why)}") for alert in recent)
    return Card(title="Which alert?", blocks=(Listing("The latest here", listed),))


def _unknown(wanted: str) -> Card:
    return trouble(
        f"No alert here is called {wanted}.", "The short id stands beside an alert’s title, such as V-7F3K2."
    )


def show(context: Context, request: Request) -> Card:
    """An alert as it stands now."""
    wanted = request.text.strip()
    if not wanted:
        return _latest(context, request, "show")
    with context.store.read() as cx:
        alert = alerts.by_code(cx, request.channel.workspace, wanted)
        card = card_now(cx, context.known, alert, request.channel.timezone) if alert else None
    return card or _unknown(wanted)


# Mutes.


def mute(context: Context, request: Request) -> Card:
    text = request.text.strip()
    found = _LENGTH.search(text)
    target, length = (text[: found.start()].strip(), found[1]) if found else (text, "")
    if not target:
        return _muted(context, request)
    now, channel = context.clock.now(), request.channel
    with context.store.read() as cx:
        meant = _meant(context, request, target)
    if meant is None:
        return trouble(
            f"“{target}” is no alert, name or feed that is known here.",
            "Mute an alert’s story (/mute V-7F3K2 8h), a name (/mute Samarra 24h) or a feed (/mute https://… 7d).",
        )
    kind, key, label = meant
    if not length:
        choices = tuple(Button(words, f"/mute {target} {short}") for short, words in LENGTHS)
        lines = tuple(line(code(f"/mute {target} {short}"), f"  for {words}") for short, words in LENGTHS)
        return Card(title=f"Mute {label} for how long?", blocks=(Listing("", lines),), buttons=choices)
    span = duration(length)
    if span > LONGEST_MUTE:
        return trouble("A mute lasts thirty days at most.", f"Try /mute {target} 30d, or take the subscription out.")
    with context.store.write() as cx:
        made = alerts.mute(cx, channel, kind, key, label, now + span, request.user, now)
    undo = f"/unmute {made.id}"
    return Card(
        title=f"Muted here until {moment(made.until, channel.timezone)}: {label}",
        tone=Tone.DONE,
        blocks=(Text(line(quiet("It is still read and counted; only this channel hears nothing of it."))),),
        buttons=(Button("Undo", undo),),
        footer=line("To take it back: ", code(undo)),
    )


def _meant(context: Context, request: Request, target: str) -> tuple[str, str, str] | None:
    """(kind, key, in words) of what is to be muted."""
    workspace = request.channel.workspace
    with context.store.read() as cx:
        alert = alerts.by_code(cx, workspace, target) if re.fullmatch(r"(?i)(v-)?[0-9a-z]{5,9}", target) else None
        if alert:
            article = lead(cx, workspace, alert.article_id, context.known.name_of)
            return (
                "story",
                str(alert.story_id),
                f"the story {alert.code}" + (f", “{article.article.title}”" if article else ""),
            )
        for source in sources.sources_of(cx, workspace):
            if source.kind == "feed" and target in (source.address, source.title):
                return "feed", str(source.id), f"the feed {source.title or source.address}"
    entity = context.resolve(target)
    return ("entity", entity.id, entity.name) if entity else None


def _muted(context: Context, request: Request) -> Card:
    channel = request.channel
    with context.store.read() as cx:
        own = alerts.mutes_of(cx, channel.id, context.clock.now())
    if not own:
        return Card(
            title="Nothing is muted here.",
            blocks=(Text(line("Mute a story, a name or a feed for a while: ", code("/mute Samarra 8h"))),),
        )
    rows = tuple(
        line(code(f"/unmute {one.id}"), f"  {one.label}", quiet(f"  until {moment(one.until, channel.timezone)}"))
        for one in own
    )
    return Card(title="Muted here", blocks=(Listing("", rows),))


def unmute(context: Context, request: Request) -> Card:
    wanted, channel = request.text.strip().lstrip("#"), request.channel
    with context.store.read() as cx:
        own = alerts.mutes_of(cx, channel.id, context.clock.now())
    meant = _meant(context, request, wanted) if wanted and not wanted.isdigit() else None
    chosen = [one for one in own if str(one.id) == wanted or (meant and (one.kind, one.target) == meant[:2])]
    if not chosen:
        return _muted(context, request)
    with context.store.write() as cx:
        gone = alerts.unmute(cx, channel, chosen[0].id)
    if not gone:
        return trouble("That mute has ended already.")
    return Card(title=f"Heard of again: {chosen[0].label}", tone=Tone.DONE)


# "Not relevant".


def wrong(context: Context, request: Request) -> Card:
    """`/wrong V-7F3K2 [story | outlet | name ENTITY]`: an exception for this channel, which can be taken back."""
    wanted, _, rest = request.text.strip().partition(" ")
    if not wanted:
        return _latest(context, request, "wrong")
    channel = request.channel
    with context.store.read() as cx:
        alert = alerts.by_code(cx, channel.workspace, wanted)
        if alert is None or alert.channel_id != channel.id:
            return _unknown(wanted)
        told = finding(Reads(cx, context.known), alert, rules_of(cx, context.known, alert), channel.timezone)
    if told is None:
        return trouble(f"The article of {alert.code} is not in the archive any more.")
    found = told[0]
    names = {(m.entity, fold_key(m.text).strip()): m for m, _ in found.mentions if m.entity in found.marked}
    kind, _, which = rest.strip().partition(" ")
    if kind == "story":
        choice = ("story", str(alert.story_id), "", f"the story “{found.article.title}”")
    elif kind == "outlet":
        choice = ("outlet", found.article.outlet, "", f"anything from {found.article.outlet}")
    elif kind == "name" and (picked := next((m for m in names.values() if which in (m.entity, m.name)), None)):
        choice = ("name", picked.entity, fold_key(picked.text).strip(), f"“{picked.text}” taken for {picked.name}")
    else:
        return _what_was_wrong(alert, found.article.title, found.article.outlet, list(names.values()))
    with context.store.write() as cx:
        made = alerts.add_exception(cx, channel, alert.id, *choice, request.user, context.clock.now())
    undo = f"/right {made.id}"
    return Card(
        title=f"Noted: no alert here for {made.label}.",
        tone=Tone.DONE,
        buttons=(Button("Undo", undo),),
        footer=line("To take it back: ", code(undo), quiet("  All exceptions: "), code("/subscriptions")),
    )


def _what_was_wrong(alert: Alert, title: str, outlet: str, names: Sequence[Mention]) -> Card:
    choices = [
        Button("This story", f"/wrong {alert.code} story"),
        Button(f"Anything from {outlet}"[:70], f"/wrong {alert.code} outlet"),
        *(
            Button(f"“{m.text}” is not {m.name}"[:70], f"/wrong {alert.code} name {m.entity}")
            for m in names[:3]
        ),
    ]  # fmt: skip
    rows = tuple(line(code(button.line), f"  {button.label}") for button in choices)
    return Card(
        title=f"What was wrong about {alert.code}?",
        blocks=(Text(line(title)), Listing("It is left out here from now on; that can be taken back.", rows)),
        buttons=tuple(choices),
    )


def right(context: Context, request: Request) -> Card:
    wanted = request.text.strip().lstrip("#")
    with context.store.write() as cx:
        gone = alerts.drop_exception(cx, request.channel, int(wanted)) if wanted.isdigit() else None
    if gone is None:
        return trouble("There is no such exception here.", "/subscriptions lists them.")
    return Card(title=f"Alerts come again for {gone.label}.", tone=Tone.DONE)


_ALERT = Option("alert", "Its short id, such as V-7F3K2", Takes.ALERT)
COMMANDS = (
    Command(
        "why",
        "/why ALERT",
        "Show which subscription, which words and which evidence raised an alert",
        why,
        looks_up=True,
        options=(_ALERT,),
        example="/why V-7F3K2",
    ),
    Command(
        "mute",
        "/mute ALERT, NAME or FEED 8h",
        "Hear nothing here of a story, a name or a feed for a while",
        mute,
        changes=True,
        options=(
            Option("what", "An alert’s short id, a name, or a feed’s address", Takes.ENTITY),
            Option("length", "How long: 1h, 8h, 24h, 7d", Takes.MUTE),
        ),
        example="/mute V-7F3K2 8h",
    ),
    Command(
        "unmute",
        "/unmute NUMBER or NAME",
        "Hear of it again; without a number, list what is muted",
        unmute,
        changes=True,
        options=(Option("what", "The mute’s number, or what is muted"),),
        example="/unmute 1",
    ),
    Command(
        "show", "/show ALERT", "Show an alert as it stands now", show, looks_up=True, hidden=True, options=(_ALERT,)
    ),
    Command("wrong", "/wrong ALERT", "Say what was wrong about an alert", wrong, changes=True, hidden=True),
    Command("right", "/right NUMBER", "Take an exception back", right, changes=True, hidden=True),
)
