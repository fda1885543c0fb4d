"""Outlets and agencies by name and by web domain: the media of the catalogue and what `config/outlets.toml` adds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.entities.catalogue import Catalogue
from bot.errors import ConfigFaults
from bot.text.fold import fold_key

_KIND = re.compile(r" (?:\([^)]*\)|newspaper|magazine|news agency|\(news\))$")
_WORD = re.compile(r"(?<=[lLdD]['’])\w+|(?<!\w)(?![lLdD]['’])\w+(?:[.'’&-]\w+)*|\w+")
_OWNER = re.compile(r"['’]s$")
_LONGEST = 7  # words of an outlet's name
# Names that are also words or other bodies' short names: they count only with their article before them, or in capitals.
_PLAIN = frozenset(
    "time now dawn nation observer vanguard punch proceso semana reforma mirror monitor crux milenio clarin herald post".split()
)


@dataclass(frozen=True, slots=True)
class Spotted:
    """An outlet's name in a text."""

    start: int
    end: int
    outlet: str


class Outlets:
    """Which outlet a name or an address stands for. Outlets are known by the name that cards show."""

    def __init__(self, names: Iterable[tuple[str, str]], domains: Mapping[str, str]) -> None:
        """`names` are (spelling, outlet), `domains` domain → outlet."""
        self._domains = dict(domains)
        self._by_key: dict[str, str] = {}
        self._starts: dict[str, int] = {}
        self._plain = set(_PLAIN)
        for spelling, outlet in names:
            key = _key(spelling)
            if key:
                self._by_key.setdefault(key, outlet)
                first = key.split()[0]
                if " " not in key and (spelling.startswith("The ") or (spelling.isupper() and len(key) < 5)):
                    self._plain.add(key)
                self._starts[first] = min(_LONGEST, max(self._starts.get(first, 0), len(key.split())))

    def of(self, name: str, url: str | None) -> str:
        """The outlet of an article: by its address, else by the name its source goes under, else that name."""
        return self.at(url) or self._by_key.get(_key(name)) or name

    def at(self, url: str | None) -> str | None:
        """The outlet behind an address."""
        try:
            host = (urlsplit(url or "").hostname or "").removeprefix("www.")
        except ValueError:
            return None
        while host.count("."):
            if host in self._domains:
                return self._domains[host]
            host = host.partition(".")[2]
        return None

    def spotted(self, text: str) -> list[Spotted]:
        """The outlets named in a text, by start; the longest name wins."""
        words = [(match.start(), match.end(), _folded(match[0])) for match in _WORD.finditer(text)]
        found = []
        place = 0
        while place < len(words):
            hit = self._at(text, words, place)
            if hit:
                found.append(Spotted(words[place][0], words[hit[0] - 1][1], hit[1]))
                place = hit[0]
            else:
                place += 1
        return found

    def _at(self, text: str, words: list[tuple[int, int, str]], place: int) -> tuple[int, str] | None:
        first = words[place][2].split(" ")[0] if words[place][2] else ""
        for length in range(self._starts.get(first, 0), 0, -1):
            span = words[place : place + length]
            if len(span) < length:
                continue
            key = " ".join(word for _, _, word in span)
            for tried in (key, key.removesuffix(" s")):
                outlet = self._by_key.get(tried)
                if outlet and self._is_name(text, span[0][0], span[-1][1], tried):
                    return place + length, outlet
        return None

    def _is_name(self, text: str, start: int, end: int, key: str) -> bool:
        surface = _OWNER.sub("", text[start:end])
        letters = [char for char in surface if char.isalpha()]
        if not any(char.isupper() or char.lower() == char.upper() for char in letters):
            return False
        if key in self._plain and key.isascii():
            return (surface.isupper() and len(surface) > 1) or text[max(0, start - 4) : start].lower() == "the "
        return True


@lru_cache(maxsize=100_000)
def _folded(word: str) -> str:
    return fold_key(word)


def _key(name: str) -> str:
    return fold_key(name).removeprefix("the ")


def shown(name: str) -> str:
    """A catalogue's name as a card shows it: `RT (Russia)` → `RT`."""
    return _KIND.sub("", name)


def load_outlets(path: Path, catalogue: Catalogue) -> Outlets:
    """Read `outlets.toml`. Raises `ConfigFaults` for unknown keys, ids and types."""
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    faults = [f"{path.name}: unknown key {key!r}" for key in data.keys() - {"cited", "domains", "outlet"}]
    ids = {entity.id: entity for entity in catalogue.entities.values() if entity.type == "media"}
    for entity_id in data.get("cited", []):
        entity = catalogue.get(entity_id)
        if entity:
            ids[entity_id] = entity
    names = [(spelling, shown(entity.name)) for entity in ids.values() for spelling in entity.all_names]
    names += [(shown(entity.name), shown(entity.name)) for entity in ids.values()]
    domains = {}
    for entity_id, hosts in data.get("domains", {}).items():
        entity = catalogue.get(entity_id)
        for host in hosts if entity else ():
            domains[host] = shown(entity.name) if entity else ""
    for block in data.get("outlet", []):
        if not block.get("name") or block.keys() - {"name", "names", "domains"}:
            faults.append(
                f"{path.name}: outlet {block.get('name')!r}: it needs a name, and knows only names and domains"
            )
            continue
        names += [(spelling, block["name"]) for spelling in (block["name"], *block.get("names", ()))]
        domains |= dict.fromkeys(block.get("domains", ()), block["name"])
    if faults:
        raise ConfigFaults(faults)
    return Outlets(names, domains)
