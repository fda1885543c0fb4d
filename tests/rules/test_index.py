"""The index fires exactly what asking every rule would fire."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, radians, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.geo import EARTH_KM, between
from bot.rules import index as index_module
from bot.rules.facts import GRIDS, cells_around, cells_of
from bot.rules.index import Rule, RuleIndex
from bot.rules.terms import Along
from tests.rules.worlds import ARTICLES, QUERIES, facts, query


@dataclass(frozen=True)
class Row:
    id: int
    query: str
    workspace: str = "home"
    channel_id: int = 1


def rules_of(texts: list[str], workspace: str = "home", first: int = 1) -> list[Rule]:
    return [Rule(first + number, workspace, 1, text, query(text)) for number, text in enumerate(texts)]


def numbers(rules: list[Rule]) -> list[int]:
    return [rule.subscription_id for rule in rules]


def naive(rules: list[Rule], article) -> list[int]:
    return [rule.subscription_id for rule in rules if rule.query.fires(article)]


@pytest.fixture(params=["dictionary", "packed"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "packed":
        monkeypatch.setattr(index_module, "COMPACT_FROM", 4)
    return str(request.param)


@pytest.mark.usefixtures("form")
@settings(max_examples=250, deadline=None)
@given(st.lists(QUERIES, max_size=14), st.lists(ARTICLES, min_size=1, max_size=6), st.data())
def test_it_fires_what_the_naive_loop_fires(texts: list[str], articles: list, data: st.DataObject) -> None:
    rules = rules_of(texts)
    split = data.draw(st.integers(0, len(rules)))
    index = RuleIndex(rules[:split])
    for rule in rules[split:]:
        index.add(rule)
    for article in articles:
        assert numbers(index.fire("home", article)) == naive(rules, article)
    gone = data.draw(st.sets(st.sampled_from(rules), max_size=6)) if rules else set()
    for rule in gone:
        index.remove(rule.subscription_id)
    left = [rule for rule in rules if rule not in gone]
    for article in articles:
        assert numbers(index.fire("home", article)) == naive(left, article)
    for rule in left:
        index.remove(rule.subscription_id)
    assert len(index) == 0
    assert list(index.workspaces) == []


@pytest.mark.usefixtures("form")
@settings(max_examples=60, deadline=None)
@given(st.lists(QUERIES, min_size=1, max_size=12), st.lists(QUERIES, max_size=12), ARTICLES)
def test_renewing_holds_the_new_rows_and_no_others(before: list[str], after: list[str], article) -> None:
    index = RuleIndex()
    for texts in (before, after):
        rows = [Row(number, text) for number, text in enumerate(texts)]
        index.renew(rows, (), lambda row: Rule(row.id, row.workspace, 1, row.query, query(row.query)))
        assert numbers(index.fire("home", article)) == naive(rules_of(texts, first=0), article)


def test_only_what_changed_is_read_again() -> None:
    index, read = RuleIndex(), []

    def made(row: Row) -> Rule | None:
        read.append(row.id)
        return None if row.query == "broken" else Rule(row.id, row.workspace, 1, row.query, query(row.query))

    rows = [Row(1, "Samarra"), Row(2, "ISIS"), Row(3, "Baquba", "abroad"), Row(4, "broken")]
    index.renew(rows, (), made)
    assert read == [1, 2, 3, 4]
    assert len(index) == 3
    read.clear()
    index.renew([Row(1, "Samarra"), Row(2, "Kirkuk"), Row(3, "Baquba", "abroad")], {"abroad"}, made)
    assert read == [2, 3]
    assert numbers(index.fire("home", facts("", ["isis", "iq-kirkuk"]))) == [2]


def test_workspaces_stay_apart() -> None:
    index = RuleIndex([*rules_of(["Samarra", "kind:town"]), *rules_of(["Samarra", "militia"], "abroad", 10)])
    seen = facts("militia", ["iq-samarra"])
    assert numbers(index.fire("home", seen)) == [1, 2]
    assert numbers(index.fire("abroad", seen)) == [10, 11]
    assert index.fire("nowhere", seen) == []


def test_one_query_of_many_channels_is_asked_once() -> None:
    index = RuleIndex(rules_of(["Samarra AND militia"] * 40))
    index.remove(7)
    fired = numbers(index.fire("home", facts("militia", ["iq-samarra"])))
    assert fired == [number for number in range(1, 41) if number != 7]


def test_a_rule_with_a_number_that_is_held_takes_its_place() -> None:
    index = RuleIndex(rules_of(["Samarra"]))
    index.add(Rule(1, "home", 1, "ISIS", query("ISIS")))
    assert index.fire("home", facts("", ["iq-samarra"])) == []
    assert numbers(index.fire("home", facts("", ["isis"]))) == [1]


POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def away(centre: tuple[float, float], km: float, course: float) -> tuple[float, float]:
    """The point so many kilometres from another, in a direction in degrees."""
    lat, lon, angle, turn = radians(centre[0]), radians(centre[1]), km / EARTH_KM, radians(course)
    north = asin(max(-1.0, min(1.0, sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(turn))))
    east = lon + atan2(sin(turn) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(north))
    return degrees(north), (degrees(east) + 180) % 360 - 180


@settings(max_examples=300, deadline=None)
@given(POINTS, st.floats(0.001, 5000))
def test_every_point_of_a_circle_lies_in_one_of_its_cells(centre: tuple[float, float], km: float) -> None:
    cells = cells_around(centre, km)
    assert len(cells) <= 4
    for course in range(0, 360, 5):
        assert cells & {*cells_of(away(centre, km * 0.9999, course)), "g"}


@settings(max_examples=200, deadline=None)
@given(POINTS, st.floats(1, 400), st.floats(0, 360), st.floats(0, 3000))
def test_every_point_along_a_line_lies_in_one_of_its_cells(
    start: tuple[float, float], km: float, course: float, length: float
) -> None:
    end = away(start, length, course)
    cells = Along(start, end, km, ("", ""), "").keys
    for step in range(21):
        for side in range(0, 360, 30):
            point = away(between(start, end, step / 20), km * 0.999, side)
            assert cells & {*cells_of(point), "g"}


def test_grids_close_round_the_globe() -> None:
    assert all(360 % size == 0 for size in GRIDS)
