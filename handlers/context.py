"""What a handler may use, and the shape of a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.cards.card import Card, Listing, Text, Tone, code, line
from bot.entities.catalogue import Catalogue
from bot.entities.lookup import Hit, Lookup
from bot.known import Known
from bot.model import Clock, Request
from bot.rules.names import Names
from bot.settings import Settings
from bot.store import tracked
from bot.store.engine import Store
from handlers.flood import Flood


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a handler works with. Handlers never fetch and never send."""

    store: Store
    catalogue: Catalogue
    lookup: Lookup
    known: Known
    clock: Clock
    settings: Settings
    woken: list[Callable[[], None]]  # the loops to tell that a row is due now
    flood: Flood = field(default_factory=Flood)

    def wake(self) -> None:
        for loop in self.woken:
            loop()

    def of(self, workspace: str) -> Context:
        """The same, with what this workspace tracks."""
        with self.store.read() as cx:
            mark = tracked.mark(cx)
            if mark != self.known.mark:
                self.known.refresh(mark, tracked.everything(cx))
        catalogue, lookup = self.known.catalogue_of(workspace), self.known.lookup_of(workspace)
        return replace(self, catalogue=catalogue, lookup=lookup)

    @property
    def resolve(self) -> Names:
        """What names mean in this workspace."""
        return Names(self.catalogue, self.lookup)


Handler = Callable[[Context, Request], Card]


class Takes(StrEnum):
    """What an option is filled with; platforms suggest values of all but `TEXT`."""

    TEXT = "text"
    ENTITY = "entity"
    PLACE = "place"
    FEED = "feed"
    SUBSCRIPTION = "subscription"
    ALERT = "alert"
    ZONE = "zone"
    MUTE = "mute"


@dataclass(frozen=True, slots=True)
class Option:
    """A part of a command's line that a platform can offer as a field of its own; `lead` is written before its value."""

    name: str
    about: str
    takes: Takes = Takes.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """A second word of a command: `/digest at`. The line is the command, the verb, and the options in their order."""

    name: str
    about: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One command, the same on every platform."""

    name: str
    usage: str
    about: str  # one line, beginning with a verb
    handler: Handler
    changes: bool = False  # needs the right to manage the channel
    workspace: bool = False  # its changes are the whole workspace's
    changing_verbs: frozenset[str] = frozenset()  # where only some verbs change anything
    looks_up: bool = False  # its answer can be made public
    hidden: bool = False  # reached by buttons; not listed
    example: str = ""
    options: tuple[Option, ...] = ()
    verbs: tuple[Verb, ...] = ()

    def needs_rights(self, rest: str) -> bool:
        """Whether this line of it changes anything."""
        return self.changes or rest.partition(" ")[0].lower() in self.changing_verbs


def trouble(sentence: str, *next_steps: str) -> Card:
    """An answer to something that cannot be done as typed: what is wrong, and the next step."""
    steps = (Listing("", tuple(line(step) for step in next_steps)),) if next_steps else ()
    return Card(title=sentence, tone=Tone.WARNING, blocks=steps)


def did_you_mean(name: str, hits: tuple[Hit, ...], command: str) -> Card:
    """An unknown name: the nearest ones, ready to be typed."""
    if not hits:
        return trouble(
            f"Nothing in the catalogue is called “{name}”.",
            f"Search the archive for the words: /search {name}",
        )
    nearest = tuple(
        line(code(f"/{command} {hit.entity.name}"), f"  {hit.entity.type or hit.entity.kind}") for hit in hits
    )
    return Card(
        title=f"Nothing in the catalogue is called “{name}”.",
        tone=Tone.WARNING,
        blocks=(Listing("Nearest names", nearest), Text(line("Or search the archive: ", code(f"/search {name}")))),
    )
