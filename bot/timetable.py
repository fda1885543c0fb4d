"""When a digest is due: wall-clock time on chosen days of the week, as instants. Pure; every instant is aware and UTC."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LATE = timedelta(hours=6)  # a digest that is later than this is not sent any more
SAME_DIGEST = timedelta(hours=20)  # after a change of time zone: nearer ones would be two digests of one day
_SECOND = timedelta(seconds=1)
EVERY_DAY = frozenset(range(7))
_NAMES = {
    "daily": EVERY_DAY,
    "weekdays": frozenset(range(5)),
    "weekends": frozenset((5, 6)),
}


@dataclass(frozen=True, slots=True)
class Timetable:
    """`at` is HH:MM on the clocks of `zone` (IANA), on these days of the week (Monday is 0; at least one)."""

    at: str
    zone: str
    days: frozenset[int] = EVERY_DAY

    def in_words(self) -> str:
        """`every day at 07:00 (Asia/Baghdad)`."""
        words = {"daily": "every day", "weekdays": "on weekdays", "weekends": "at weekends"}
        days = days_text(self.days)
        return f"{words.get(days, f'on {days}')} at {self.at} ({self.zone})"


def parse_days(text: str) -> frozenset[int] | None:
    """`daily`, `weekdays`, `weekends`, `Mon,Wed,Fri`, `Sun-Thu`, or a mixture; None if it is anything else."""
    found: set[int] = set()
    for part in re.split(r"[,\s+]+", text.strip().lower()):
        ends = [_day(end) for end in re.split(r"[-–—]", part)]
        if part in _NAMES:
            found |= _NAMES[part]
        elif len(ends) == 1 and ends[0] is not None:
            found.add(ends[0])
        elif len(ends) == 2 and ends[0] is not None and ends[1] is not None:
            found |= {(ends[0] + step) % 7 for step in range((ends[1] - ends[0]) % 7 + 1)}
        else:
            return None
    return frozenset(found)


def _day(text: str) -> int | None:
    """`mon`, `monday`, `mondays` or any cut in between."""
    whole = ("mondays", "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays", "sundays")
    return next((number for number, name in enumerate(whole) if len(text) > 2 and name.startswith(text)), None)


def days_text(days: Collection[int]) -> str:
    """How days are written so that `parse_days` reads them back: the shortest of its ways."""
    for name, meant in _NAMES.items():
        if meant == frozenset(days):
            return name
    starts = [day for day in sorted(days) if (day - 1) % 7 not in days]
    if len(starts) == 1 and len(days) > 2:
        return f"{DAYS[starts[0]]}-{DAYS[(starts[0] + len(days) - 1) % 7]}"
    return ",".join(DAYS[day] for day in sorted(days))


def next_digest(after: datetime, timetable: Timetable) -> datetime:
    """The next moment, later than `after`, at which a digest is due.

    A time that the clocks skip fires at the first minute after the gap; one they show twice fires the first time.
    """
    return next(moment for _, moment in _moments(after, timetable) if moment > after)


def first_digest(
    after: datetime, timetable: Timetable, taken: Collection[date], last: datetime | None, *, moved: bool
) -> datetime:
    """The first moment of a new timetable.

    Days that have had their digest (`taken`) are passed over: a time that is put later in the day does not bring a
    second one. Where the zone was `moved`, the same date is another day; only what lies close behind the last is left out.
    """
    for day, moment in _moments(after, timetable):
        if moment <= after:
            continue
        if day not in taken or (moved and last is not None and moment - last >= SAME_DIGEST):
            return moment
    raise AssertionError("days go on")


def due(first: datetime, now: datetime, timetable: Timetable) -> tuple[datetime, bool]:
    """(the latest moment that is due, whether earlier ones were missed), for a schedule whose next moment, `first`, has come."""
    latest = first
    missed = False
    # Weeks of downtime are not walked through: what was due in the last eight days is enough to know the latest.
    at = max(first, now - timedelta(days=8))
    while (following := next_digest(at, timetable)) <= now:
        at = latest = following
        missed = True
    return latest, missed


def digest_day(moment: datetime, timetable: Timetable) -> date:
    """The local day whose digest is due at a moment: that of the moment, unless a gap has carried it over midnight."""
    zone = ZoneInfo(timetable.zone)
    day = moment.astimezone(zone).date()
    before = day - timedelta(days=1)
    return before if local_moment(before, time.fromisoformat(timetable.at), zone) == moment else day


def _moments(after: datetime, timetable: Timetable) -> Iterator[tuple[date, datetime]]:
    """(local day, moment) from about `after` on; a day that a zone leaves out altogether is none."""
    zone = ZoneInfo(timetable.zone)
    clock = time.fromisoformat(timetable.at)
    day = after.astimezone(zone).date() - timedelta(days=1)
    while True:
        if day.weekday() in timetable.days:
            moment = local_moment(day, clock, zone)
            if moment.astimezone(zone).date() == day or local_moment(day, time(), zone).astimezone(zone).date() == day:
                yield day, moment
        day += timedelta(days=1)


def local_moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first instant at which the clocks of a zone have reached this time on this day, to the minute."""
    wall = datetime.combine(day, clock)
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early
    # In a gap the two readings lie on both sides of the jump.
    low, high = sorted((early, wall.replace(tzinfo=zone, fold=1).astimezone(UTC)))
    before = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    whole = high.replace(second=0, microsecond=0)
    return whole if high - whole < _SECOND else whole + timedelta(minutes=1)
