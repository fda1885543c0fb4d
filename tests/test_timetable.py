"""Digests on local time: none skipped, none doubled, none late, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.timetable import EVERY_DAY, LATE, Timetable, days_text, digest_day, due, first_digest, next_digest, parse_days

# Every way in which clocks change: at midnight, at one, two and three, by half an hour, in the south, by Ramadan, never.
ZONES = (
    "UTC", "Asia/Baghdad", "Africa/Cairo", "Asia/Beirut", "Asia/Gaza", "Europe/London", "Europe/Kyiv", "America/New_York",
    "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kabul", "Pacific/Chatham",
    "America/Sao_Paulo", "America/Scoresbysund",
)  # fmt: skip
HALF_HOURS = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30))
FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shows(zone: ZoneInfo, wall: datetime) -> list[datetime]:
    """The instants at which the clocks of a zone show a time: one, none in a gap, two in a repeated hour."""
    both = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return sorted({one for one in both if one.astimezone(zone).replace(tzinfo=None) == wall})


def faults_of(name: str, times: tuple[str, ...] = HALF_HOURS) -> tuple[int, int, int]:
    """(skipped, doubled, late) of two years of daily digests."""
    zone = ZoneInfo(name)
    skipped = doubled = late = 0
    for at in times:
        timetable, clock = Timetable(at, name), time.fromisoformat(at)
        moment = datetime.combine(FIRST, time(), zone).astimezone(UTC) - timedelta(seconds=1)
        expected = FIRST
        while expected <= LAST:
            moment = next_digest(moment, timetable)
            day = digest_day(moment, timetable)
            doubled += day < expected
            skipped += max(0, (day - expected).days)
            late += not _on_time(zone, moment, datetime.combine(day, clock))
            expected = max(day, expected) + timedelta(days=1)
    return skipped, doubled, late


def _on_time(zone: ZoneInfo, moment: datetime, wall: datetime) -> bool:
    shown = shows(zone, wall)
    if shown:
        return moment == shown[0]
    before = (moment - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
    return before < wall < moment.astimezone(zone).replace(tzinfo=None)


@pytest.mark.parametrize("zone", ZONES)
def test_two_years_of_daily_digests_at_every_half_hour(zone: str) -> None:
    assert faults_of(zone) == (0, 0, 0)


@pytest.mark.slow
def test_every_zone_of_the_database() -> None:
    """Zones whose clocks do the same in these years are tried once."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    alike: dict[tuple[object, ...], str] = {}
    for name in sorted(available_timezones() - {"localtime"}):
        zone = ZoneInfo(name)
        offsets = [(start + timedelta(minutes=30 * step)).astimezone(zone).utcoffset() for step in range(730 * 48)]
        changes = [(0, offsets[0])]
        changes += [(at, after) for at, after in enumerate(offsets) if after != offsets[at - 1] and at]
        alike.setdefault(tuple(changes), name)
    assert len(alike) > 50
    assert {name: found for name in alike.values() if (found := faults_of(name)) != (0, 0, 0)} == {}


def test_a_time_that_does_not_exist_fires_at_the_next_minute() -> None:
    """New York, 8 March 2026: 01:59 is followed by 03:00. Cairo, 24 April 2026: midnight is followed by one."""
    assert next_digest(utc("2026-03-08T05:00"), Timetable("02:30", "America/New_York")) == utc("2026-03-08T07:00")
    assert next_digest(utc("2026-04-23T20:00"), Timetable("00:00", "Africa/Cairo")) == utc("2026-04-23T22:00")
    assert next_digest(utc("2026-04-23T20:00"), Timetable("00:30", "Africa/Cairo")) == utc("2026-04-23T22:00")


def test_a_gap_can_carry_a_digest_over_midnight() -> None:
    """In Scoresbysund 28 March 2026 ends at 23:00: the digest of 23:30 comes at midnight and is still that day's."""
    timetable = Timetable("23:30", "America/Scoresbysund")
    moment = next_digest(utc("2026-03-28T12:00"), timetable)
    assert (moment, digest_day(moment, timetable)) == (utc("2026-03-29T01:00"), date(2026, 3, 28))
    following = next_digest(moment, timetable)
    assert (following, digest_day(following, timetable)) == (utc("2026-03-30T00:30"), date(2026, 3, 29))


def test_a_repeated_hour_fires_once() -> None:
    """New York, 1 November 2026: 01:30 is shown twice."""
    timetable = Timetable("01:30", "America/New_York")
    first = next_digest(utc("2026-11-01T01:00"), timetable)
    assert first == utc("2026-11-01T05:30")
    assert next_digest(first, timetable) == utc("2026-11-02T06:30")


def test_a_day_that_a_zone_leaves_out_has_no_digest() -> None:
    """Samoa went from 29 to 31 December 2011."""
    timetable = Timetable("07:00", "Pacific/Apia")
    moment = next_digest(utc("2011-12-29T10:00"), timetable)
    days = []
    for _ in range(3):
        days.append(digest_day(moment, timetable).day)
        moment = next_digest(moment, timetable)
    assert days == [29, 31, 1]


def test_only_on_its_days() -> None:
    timetable = Timetable("07:00", "Asia/Baghdad", parse_days("Sun-Thu") or EVERY_DAY)
    moment, seen = utc("2026-03-01T12:00"), []
    for _ in range(5):
        moment = next_digest(moment, timetable)
        seen.append(f"{moment.astimezone(ZoneInfo('Asia/Baghdad')):%a}")
    assert seen == ["Mon", "Tue", "Wed", "Thu", "Sun"]


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("daily", "daily"),
        ("Weekdays", "weekdays"),
        ("sat-sun", "weekends"),
        ("Mon,Wed,Fri", "Mon,Wed,Fri"),
        ("fri mon wednesday", "Mon,Wed,Fri"),
        ("Sun-Thu", "Sun-Thu"),
        ("sunday–thursday", "Sun-Thu"),
        ("Mon-Sun", "daily"),
        ("weekdays,sat", "Mon-Sat"),
        ("Tue", "Tue"),
        ("Sat,Thu-Thu", "Thu,Sat"),
    ],
)
def test_days_are_read_and_written(text: str, means: str) -> None:
    found = parse_days(text)
    assert found
    assert days_text(found) == means


@pytest.mark.parametrize("text", ["", "mo", "monsoon", "Asia/Baghdad", "Mon-", "Mon-Tue-Wed", "8", "sun-thu-", ","])
def test_what_is_no_day(text: str) -> None:
    assert parse_days(text) is None


@given(st.frozensets(st.integers(0, 6), min_size=1))
def test_written_days_are_read_back(days: frozenset[int]) -> None:
    assert parse_days(days_text(days)) == days


@given(st.text(max_size=30))
def test_any_text_is_days_or_none(text: str) -> None:
    found = parse_days(text)
    assert found is None or (found and found <= EVERY_DAY)


def test_after_a_downtime_the_latest_is_due() -> None:
    timetable = Timetable("07:00", "UTC")
    first = utc("2026-03-01T07:00")
    assert due(first, utc("2026-03-01T07:00:04"), timetable) == (first, False)
    assert due(first, utc("2026-03-03T09:00"), timetable) == (utc("2026-03-03T07:00"), True)
    assert due(first, utc("2027-03-03T06:00"), timetable) == (utc("2027-03-02T07:00"), True)
    mondays = Timetable("07:00", "UTC", frozenset({0}))
    assert due(utc("2026-03-02T07:00"), utc("2026-12-31T12:00"), mondays) == (utc("2026-12-28T07:00"), True)
    assert timedelta(0) < LATE < timedelta(days=1)


def test_a_new_time_brings_no_second_digest_of_the_day() -> None:
    taken, last = {date(2026, 3, 1)}, utc("2026-03-01T04:00")
    now = utc("2026-03-01T06:00")
    later = Timetable("12:00", "Asia/Baghdad")
    assert first_digest(now, later, taken, last, moved=False) == utc("2026-03-02T09:00")
    assert first_digest(now, later, set(), None, moved=False) == utc("2026-03-01T09:00")


def test_a_new_zone_brings_the_next_morning() -> None:
    """From Auckland, where the fifteenth has had its digest, to Honolulu, where the fifteenth is to come."""
    taken, last = {date(2026, 6, 14), date(2026, 6, 15)}, utc("2026-06-14T19:00")
    hawaii = Timetable("07:00", "Pacific/Honolulu")
    assert first_digest(utc("2026-06-14T20:00"), hawaii, taken, last, moved=True) == utc("2026-06-15T17:00")
    assert first_digest(utc("2026-06-14T16:00"), hawaii, taken, last, moved=True) == utc("2026-06-15T17:00")
