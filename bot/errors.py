"""Every error a user can meet: a sentence, and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta


class VedetteError(Exception):
    """The root. `str(error)` is a sentence fit for a user; `next_step` says what to do."""

    def __init__(self, sentence: str, next_step: str = "") -> None:
        super().__init__(sentence)
        self.next_step = next_step


class ConfigFaults(VedetteError):
    """All faults of the settings or the catalogue, reported together."""

    def __init__(self, faults: Sequence[str], subject: str = "configuration") -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(
            f"The {subject} has {count} fault{'s' if count != 1 else ''}:\n{lines}",
            "Correct the lines named above and start again.",
        )


class StoreError(VedetteError):
    """The database cannot be used as it is."""


class SourceError(VedetteError):
    """A feed or file could not be read; `error_class` names the cause in one word, `wait` is what the server asks for."""

    def __init__(self, sentence: str, error_class: str, next_step: str = "", wait: timedelta = timedelta(0)) -> None:
        super().__init__(sentence, next_step)
        self.error_class = error_class
        self.wait = wait


class UserError(VedetteError):
    """A command that cannot be carried out as typed."""
