from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.movers import Usual, at_least, at_most, fallen_silent, movers, usual_of

STEADY = usual_of([2, 2, 3, 1, 2, 2, 3, 2, 2, 1, 3, 2, 2, 2, 2, 3, 1, 2, 2, 2, 3, 2, 1, 2, 2, 3, 2, 2])
BURSTS = usual_of([0, 0, 0, 30, 0, 0, 0, 0, 25, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=40))
def test_mean_and_variance_in_one_pass(counts: list[int]) -> None:
    found = usual_of(counts)
    assert found.mean == pytest.approx(statistics.mean(counts))
    assert found.variance == pytest.approx(statistics.variance(counts), abs=1e-6)
    assert (found.days, found.silent) == (len(counts), counts.count(0))


@given(st.integers(0, 80), st.floats(0.01, 60))
def test_poisson_tails_are_the_sums_they_stand_for(count: int, rate: float) -> None:
    below = sum(math.exp(n * math.log(rate) - rate - math.lgamma(n + 1)) for n in range(count))
    assert at_least(count, rate) == pytest.approx(1 - below, abs=1e-9)
    assert at_most(count - 1, rate) == pytest.approx(below, abs=1e-9)


def test_far_tails_are_small_and_not_nothing() -> None:
    assert at_least(9, 2.1) == pytest.approx(3.373e-4, rel=1e-3)
    assert 0 < at_least(200, 10) < 1e-150
    assert at_most(0, 5) == pytest.approx(math.exp(-5))
    assert (at_least(0, 0), at_least(3, 0), at_most(-1, 2), at_most(0, 0)) == (1.0, 0.0, 0.0, 1.0)


def test_what_is_named_more_than_ever_goes_up() -> None:
    up, down = movers({"samarra": 9, "tikrit": 3}, {"samarra": STEADY, "tikrit": STEADY}, 1.0)
    assert [one.entity for one in up] == ["samarra"]
    assert (up[0].seen, round(up[0].usual.mean, 1)) == (9, 2.1)
    assert down == []


def test_what_comes_in_bursts_has_to_burst_farther() -> None:
    """Twenty articles are no surprise for a name that had thirty in a day before, improbable as a steady stream has them."""
    assert at_least(20, BURSTS.mean) < 1e-10
    assert movers({"x": 20}, {"x": BURSTS}, 1.0) == ([], [])
    assert movers({"x": 60}, {"x": BURSTS}, 1.0)[0]


def test_few_articles_are_no_rise() -> None:
    assert movers({"x": 3}, {"x": Usual(0.0, 0.0, 28, 28)}, 1.0) == ([], [])
    assert movers({"x": 4}, {"x": Usual(0.0, 0.0, 28, 28)}, 1.0)[0]


def test_what_is_named_far_less_goes_down() -> None:
    often = usual_of([20, 22, 19, 21] * 7)
    up, down = movers({"x": 4}, {"x": often}, 1.0)
    assert (up, [one.entity for one in down]) == ([], ["x"])


def test_a_longer_window_expects_more() -> None:
    assert movers({"x": 9}, {"x": STEADY}, 4.0) == ([], [])
    assert movers({"x": 30}, {"x": STEADY}, 4.0)[0]


def test_silence_is_told_of_those_that_are_never_silent() -> None:
    assert [one.entity for one in fallen_silent({}, {"x": STEADY}, 1.0)] == ["x"]
    assert fallen_silent({"x": 1}, {"x": STEADY}, 1.0) == []
    assert fallen_silent({}, {"x": BURSTS}, 1.0) == []
    assert fallen_silent({}, {"x": usual_of([1, 0] * 14)}, 1.0) == []
    assert fallen_silent({}, {"x": usual_of([2, 0, 2, 2] * 7)}, 7.0)


def test_the_more_names_are_looked_at_the_more_it_takes() -> None:
    counts = {f"n{number}": 2 for number in range(300)} | {"x": 7}
    usual = dict.fromkeys(counts, STEADY)
    assert movers({"x": 7}, {"x": STEADY}, 1.0)[0]
    assert movers(counts, usual, 1.0) == ([], [])
