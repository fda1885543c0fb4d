"""What becomes of an alert before it is posted: told now, held until a time, left to wait for sources, or kept silent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.rules.query import Options

SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` as in bot/store/alerts.py; `until` ends a hold, `why` says its cause in words."""

    state: str
    until: datetime | None = None
    why: str = ""


TELL = Verdict("posted")
_ORDER = ("posted", "held", "waiting", "muted", "digest")


def judge(
    asked: Sequence[Options], *, origins: int, posts: Sequence[datetime], cap: tuple[int, str], zone: str, now: datetime
) -> Verdict:
    """The mildest of what the subscriptions that fired say; none of them means that what fired is muted.

    `origins` are the independent sources of the story, `posts` when the channel had its last posts, oldest first,
    `cap` how many a channel gets at most where no subscription says less.
    """
    verdicts = [_of_one(options, origins, zone, now) for options in asked]
    if not verdicts:
        return Verdict("muted", why="muted here")
    best = min(verdicts, key=lambda one: (_ORDER.index(one.state), one.until or now))
    if best.state != "posted":
        return best
    caps = [options.most or cap for options, one in zip(asked, verdicts, strict=True) if one.state == "posted"]
    return min((_capped(most, posts, now) for most in [*caps]), key=lambda one: one.until or now) if caps else best


def _of_one(options: Options, origins: int, zone: str, now: datetime) -> Verdict:
    if options.digest_only:
        return Verdict("digest", why="its subscription is for the digest only")
    if origins < options.min_sources:
        return Verdict("waiting", why=f"it waits for {options.min_sources} independent sources")
    end = quiet_until(options.quiet, zone, now) if options.quiet else None
    return Verdict("held", end, f"quiet hours until {options.quiet[1]:%H:%M}") if end and options.quiet else TELL


def _capped(most: tuple[int, str], posts: Sequence[datetime], now: datetime) -> Verdict:
    number, unit = most
    recent = [at for at in posts if at > now - SPANS[unit]]
    if len(recent) < number:
        return TELL
    span = "an hour" if unit == "h" else "a day"
    return Verdict(
        "held", recent[-number] + SPANS[unit], f"more than {number} {'post' if number == 1 else 'posts'} in {span}"
    )


def quiet_until(quiet: tuple[time, time], zone: str, now: datetime) -> datetime | None:
    """When the quiet hours end that `now` lies in, by the channel's clocks; None outside of them."""
    begin, end = quiet
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time().replace(tzinfo=None)
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not inside or begin == end:
        return None
    day = local.date() + timedelta(days=int(clock >= end))
    return datetime.combine(day, end, ZoneInfo(zone)).astimezone(UTC)
