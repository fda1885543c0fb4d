"""What a handler may use, and the shape of a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.cards.card import Card, Listing, Text, Tone, code, line
from bot.entities.catalogue import Catalogue
from bot.entities.lookup import Hit, Lookup
from bot.known import Known
from bot.model import Clock, Request
from bot.rules.names import Names
from bot.settings import Settings
from bot.store import tracked
from bot.store.engine import Store


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


@dataclass(frozen=True, slots=True)
class Command:
    """One command, the same on every platform."""

    name: str
    usage: str
    about: str  # one line, beginning with a verb
    handler: Handler
    changes: bool = False  # needs the right to manage the channel
    example: str = ""


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
