"""When to look again: by the feed's own rhythm, by how long it has been quiet, and by what it asks for."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from statistics import median

LOOKS_A_GAP = 4  # how often a feed is looked at between two of its items
LOOKS_A_QUIET = 8  # a feed that has been quiet for eight hours is looked at hourly
NEWEST = 20  # items from which the rhythm is taken


def rhythm(times: Iterable[datetime | None]) -> float | None:
    """Seconds between a feed's items: the median gap of its newest ones; None where too few are dated."""
    dated = sorted({when for when in times if when}, reverse=True)[:NEWEST]
    if len(dated) < 3:
        return None
    return median((later - earlier).total_seconds() for later, earlier in pairwise(dated))


def interval(
    floor: timedelta, ceiling: timedelta, gap: float | None, quiet: timedelta, asked: timedelta = timedelta(0)
) -> timedelta:
    """The wait before the next look.

    `gap` is the feed's rhythm in seconds, `quiet` how long it has brought nothing, `asked` what the server wants
    (Cache-Control, Expires, Retry-After, the feed's ttl). A new feed begins at the floor.
    """
    wait = quiet / LOOKS_A_QUIET
    if gap is not None:
        wait = min(wait, timedelta(seconds=gap / LOOKS_A_GAP))
    return max(floor, min(ceiling, max(wait, asked)))


def after_failures(floor: timedelta, ceiling: timedelta, failures: int, asked: timedelta = timedelta(0)) -> timedelta:
    """Doubling from the floor up to the ceiling; never an end."""
    doubled: timedelta = floor * 2 ** min(failures, 20)
    return min(ceiling, max(doubled, asked))


def jittered(wait: timedelta) -> timedelta:
    """Up to a twentieth longer, so that feeds added together do not stay together."""
    return wait * random.uniform(1.0, 1.05)  # noqa: S311 - spreading load is no secret


def freshness(cache_control: str, expires: str, now: datetime) -> timedelta:
    """For how long an answer calls itself fresh (RFC 9111); nothing where it does not say, or says nonsense."""
    for directive in cache_control.lower().split(","):
        name, _, value = directive.strip().partition("=")
        if name in ("no-cache", "no-store"):
            return timedelta(0)
        if name == "max-age" and value.strip('"').isdigit() and len(value) < 12:
            return timedelta(seconds=int(value.strip('"')))
    return _until(expires, now)


def retry_after(value: str, now: datetime) -> timedelta:
    """The wait of a Retry-After header: seconds, or a date (RFC 9110)."""
    value = value.strip()
    return timedelta(seconds=int(value)) if value.isdigit() and len(value) < 9 else _until(value, now)


def _until(value: str, now: datetime) -> timedelta:
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return timedelta(0)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(timedelta(0), when - now)
