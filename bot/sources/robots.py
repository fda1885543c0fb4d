"""robots.txt (RFC 9309), asked before a page is fetched: parsing and deciding are pure, the fetching is the guard's.

Not the standard library's parser: it takes the first rule that fits instead of the longest, reads `*` and `$` as
letters and ends a group at a blank line, and so allows what a site forbids.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import unquote, urlsplit

from bot.errors import SourceError
from bot.model import Clock
from bot.sources.fetch import Fetched

AGENT = "vedette"
KEEP = timedelta(days=1)  # rules are good for so long
WAIT = timedelta(hours=1)  # a site that cannot tell its rules is left alone for so long
MOST_HOSTS = 500
MOST_BYTES = 500 * 1024  # what the standard asks to be read at least
MOST_LINES = 5_000
MOST_STARS = 20  # in one rule
LONGEST = 2_000  # characters of a path that are compared


@dataclass(frozen=True, slots=True)
class Rule:
    pattern: str  # of a path; `*` is anything, `$` at the end is the end
    allow: bool


NOTHING = (Rule("/", False),)
EVERYTHING: tuple[Rule, ...] = ()


def rules_of(robots: bytes, agent: str = AGENT) -> tuple[Rule, ...]:
    """The rules for us: of every group that names us, or else of those for everybody."""
    groups: dict[str, list[Rule]] = {}
    named: set[str] = set()
    in_rules = True
    for line in robots[:MOST_BYTES].decode("utf-8-sig", "replace").splitlines()[:MOST_LINES]:
        word, _, value = line.partition("#")[0].partition(":")
        word, value = word.strip().lower(), value.strip()
        if word == "user-agent":
            named = set() if in_rules else named
            in_rules = False
            name = re.match(r"\*|[a-z_-]*", value.lower())
            named.add(name[0] if name else "")
            for one in named:
                groups.setdefault(one, [])
        elif word in ("allow", "disallow"):
            in_rules = True
            if value.startswith(("/", "*")) and value.count("*") <= MOST_STARS:
                for one in named:
                    groups[one].append(Rule(value[:LONGEST], word == "allow"))
    return tuple(groups.get(agent, groups.get("*", [])))


def allowed(rules: Iterable[Rule], address: str) -> bool:
    """Whether the rules let this address be fetched: the longest that fits decides, `allow` where two are as long."""
    parts = urlsplit(address)
    path = unquote(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")[:LONGEST]
    fitting = [rule for rule in rules if _fits(rule.pattern, path)]
    return max(fitting, key=lambda rule: (len(rule.pattern), rule.allow)).allow if fitting else True


def _fits(pattern: str, path: str) -> bool:
    first, *rest = (unquote(part) for part in pattern.removesuffix("$").split("*"))
    if not path.startswith(first):
        return False
    at = len(first)
    whole = pattern.endswith("$")
    if whole and not rest:
        return path == first
    last = rest.pop() if whole else ""
    for part in rest:
        at = path.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return not whole or (path.endswith(last) and len(path) - len(last) >= at)


class Web(Protocol):
    """What is needed of the fetcher."""

    async def get(self, address: str) -> Fetched: ...


@dataclass(slots=True)
class _Site:
    rules: tuple[Rule, ...] = NOTHING
    until: datetime | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Robots:
    """The rules of the sites that were asked lately, each fetched at most once a day."""

    def __init__(self, web: Web, clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._sites: OrderedDict[str, _Site] = OrderedDict()

    async def ask(self, address: str) -> None:
        """Raises `SourceError` where the site's robots.txt forbids this address, or cannot be read."""
        parts = urlsplit(address)
        where = f"{parts.scheme}://{parts.netloc}"
        site = self._sites.setdefault(where, _Site())
        self._sites.move_to_end(where)
        while len(self._sites) > MOST_HOSTS:
            self._sites.popitem(last=False)
        async with site.asking:
            if site.until is None or site.until <= self._clock.now():
                site.rules, keep = await self._rules(f"{where}/robots.txt")
                site.until = self._clock.now() + keep
        if not await asyncio.to_thread(allowed, site.rules, address):
            raise SourceError(f"The robots.txt of {parts.hostname} does not let us fetch this page.", "robots")

    async def _rules(self, address: str) -> tuple[tuple[Rule, ...], timedelta]:
        """The rules at this address and for how long they are good. No file there is no rule; a failing site is left alone."""
        try:
            answer = await self._web.get(address)
        except SourceError as error:
            missing = error.error_class.startswith("http-4") and error.error_class != "http-429"
            return (EVERYTHING, KEEP) if missing else (NOTHING, WAIT)
        return await asyncio.to_thread(rules_of, answer.body), KEEP
