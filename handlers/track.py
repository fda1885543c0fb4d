"""`/track`: what a workspace watches for beside the catalogue, entities of its own and further names of known ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from bot.cards.card import Block, Card, Field, Fields, Listing, Text, Tone, code, line, quiet
from bot.cards.compose import count, names
from bot.entities.catalogue import entity_data, entity_of, name_fault
from bot.errors import UserError
from bot.known import own_id
from bot.model import Entity, Kind, Request
from bot.store import tracked
from bot.text.fold import fold_key
from handlers.context import Command, Context, Option, trouble

MOST = 2_000  # entities of one workspace
LONGEST = 120  # letters of one name
_PART = re.compile(
    r"\s+(?:(as)\s+(town|country|region|place|actor|person)\b|(aka)\s+|(at)\s+(?=-?\d)|(in)\s+(?=[A-Za-z]{2}\s*$))",
    re.IGNORECASE,
)
_USAGE = "/track NAME [as KIND] [aka NAME, NAME] [at LAT, LON]"


def track(context: Context, request: Request) -> Card:
    text = request.text.strip()
    if not text:
        return _listed(context, request)
    verb, _, rest = text.partition(" ")
    if verb.lower() in ("remove", "stop", "off"):
        return _remove(context, request, rest.strip())
    entity = _entity(context, request.channel.workspace, text)
    own = context.known.own_of(request.channel.workspace)
    if len(own) >= MOST and all(other.id != entity.id for other in own):
        return trouble(
            f"This workspace tracks {MOST:,} names already, which is the most.", "Remove one: /track remove NAME"
        )
    with context.store.write() as cx:
        tracked.replace(cx, request.channel.workspace, [entity_data(entity)], request.user, context.clock.now())
    context.wake()
    rows = [Field("Kind", line(entity.kind.value))]
    if entity.extends:
        rows = [Field("Belongs to", line(entity.name, quiet(f"  {entity.about}")))]
    if entity.names:
        rows.append(Field("Names", names(list(entity.names))))
    if entity.lat is not None:
        rows.append(Field("Where", line(f"{entity.lat:.3f}, {entity.lon:.3f}")))
    blocks: list[Block] = [
        Fields(tuple(rows)),
        Text(line(quiet("The next article that names it counts; articles read before do not."))),
        Text(line("To be told: ", code(f'/subscribe "{entity.name}"'))),
    ]
    undo = line("To take it back: ", code(f"/track remove {entity.name}"))
    return Card(title=f"Tracked in this workspace: {entity.name}", tone=Tone.DONE, blocks=tuple(blocks), footer=undo)


def _entity(context: Context, workspace: str, text: str) -> Entity:
    """What was typed, as an entity of this workspace. Raises `UserError` with the fix."""
    name, kind, more, point, country = _parts(text)
    for spelling in (name, *more):
        wrong = name_fault(spelling)
        if wrong or len(spelling) > LONGEST:
            fault = wrong or f"is longer than {LONGEST} letters"
            raise UserError(f"“{spelling[:40]}” {fault}, so it cannot be tracked.", f"Use the whole name: {_USAGE}")
    known = context.resolve(name)
    own = next((e for e in context.known.own_of(workspace) if known and known.id in e.ids), None)
    if known and not kind:
        if not more:
            raise UserError(
                f"“{name}” is in the catalogue already, as {known.name}.", f"Follow it: /subscribe {known.name}"
            )
        base = own or known
        added = tuple(dict.fromkeys((*(own.names if own else ()), *more)))
        extends = base.extends if own else known.id
        key = base.id if own else own_id(workspace, known.id)
        values: dict[str, Any] = {**_plain(base), "id": key, "name": base.name, "names": list(added)}
        entity, faults = entity_of(values, base.kind.value, "/track")
        if entity is None:
            raise UserError("; ".join(faults))
        return replace(entity, extends=extends)
    place_kind = kind or (Kind.PLACE.value if point else Kind.ACTOR.value)
    values = {"id": own_id(workspace, fold_key(name).replace(" ", "-")), "name": name, "names": list(more)}
    if point:
        values |= {"lat": point[0], "lon": point[1]}
    if country:
        values["country"] = country.upper()
    entity, faults = entity_of(values, place_kind, "/track")
    if entity is None:
        missing = "; ".join(fault.split(": ", 2)[-1] for fault in faults)
        raise UserError(f"That cannot be tracked: {missing}.", f"For a place: /track {name} as town at 34.05, 44.63")
    return entity


def _plain(entity: Entity) -> dict[str, Any]:
    kept = ("type", "about", "wikidata", "lat", "lon", "country")
    return {key: value for key in kept if (value := getattr(entity, key)) not in (None, "")}


def _parts(text: str) -> tuple[str, str, list[str], tuple[float, float] | None, str]:
    """(name, kind, further names, point, country) of `NAME as KIND aka A, B at LAT, LON in XX`."""
    pieces = list(_PART.finditer(text))
    name = text[: pieces[0].start()] if pieces else text
    kind, more, country = "", [], ""
    point: tuple[float, float] | None = None
    for piece, following in zip(pieces, [*pieces[1:], None], strict=False):
        said = text[piece.end() : following.start() if following else len(text)].strip()
        if piece[1]:
            kind = piece[2].lower()
        elif piece[3]:
            more = [part.strip(' "“”') for part in re.split(r"[,;،]", said) if part.strip(' "“”')]
        elif piece[4]:
            numbers = re.findall(r"-?\d+(?:\.\d+)?", said)
            if len(numbers) != 2:
                raise UserError(
                    f"“{said}” is no position.", "Write latitude and longitude: /track NAME as town at 34.05, 44.63"
                )
            point = float(numbers[0]), float(numbers[1])
        else:
            country = said[:2]
    return name.strip(' "“”'), kind, more, point, country


def _remove(context: Context, request: Request, name: str) -> Card:
    own = context.known.own_of(request.channel.workspace)
    key = fold_key(name)
    found = [entity for entity in own if key in map(fold_key, entity.all_names)]
    if not found:
        steps = [f"/track remove {entity.name}" for entity in own[:5]] or [f"Add one: {_USAGE}"]
        return trouble(f"This workspace tracks nothing called “{name}” itself.", *steps)
    with context.store.write() as cx:
        tracked.remove(cx, request.channel.workspace, {entity.id for entity in found})
    entity = found[0]
    again = f"/track {entity.name}" + (f" aka {', '.join(entity.names)}" if entity.names else "")
    if not entity.extends:
        again += f" as {entity.kind.value}" + (f" at {entity.lat}, {entity.lon}" if entity.lat is not None else "")
    return Card(
        title=f"No longer tracked: {entity.name}", tone=Tone.DONE, footer=line("To take it back: ", code(again))
    )


def _listed(context: Context, request: Request) -> Card:
    own = context.known.own_of(request.channel.workspace)
    example = line("Add one: ", code("/track Ansar Brigade aka Ansar Battalion"))
    if not own:
        blocks = (Text(line("The catalogue’s names are watched for anyway; add what it lacks.")), Text(example))
        return Card(title="This workspace tracks nothing of its own yet.", blocks=blocks)
    rows = tuple(
        line(
            entity.name,
            quiet(f"  {'further names' if entity.extends else entity.kind.value}"),
            f"  {' · '.join(entity.names[:6])}" if entity.names else "",
        )
        for entity in own[:50]
    )
    return Card(
        title=f"{count(len(own), 'entity', 'entities')} of this workspace", blocks=(Listing("", rows),), footer=example
    )


COMMANDS = (
    Command(
        "track",
        _USAGE,
        "Watch for a name that the catalogue lacks, or add a spelling to one it has",
        track,
        changes=True,
        workspace=True,
        options=(Option("name", "NAME [as KIND] [aka NAME, NAME] [at LAT, LON]", required=True),),
        example="/track Ansar Brigade as actor aka Ansar Battalion, لواء الأنصار",
    ),
)
