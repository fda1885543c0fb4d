from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.geo import bearing, between, distance_km, distance_to_line_km

BAGHDAD, KIRKUK, BAQUBA = (33.315, 44.366), (35.468, 44.392), (33.744, 44.643)
POINTS = st.tuples(st.floats(-85, 85), st.floats(-179, 179))


def test_distances_and_bearings() -> None:
    assert distance_km(BAGHDAD, KIRKUK) == pytest.approx(239.4, abs=0.2)
    assert bearing(BAGHDAD, KIRKUK) == "N"
    assert bearing(BAGHDAD, BAQUBA) == "NNE"


def test_the_distance_to_a_line() -> None:
    assert distance_to_line_km(BAQUBA, BAGHDAD, KIRKUK) == pytest.approx(25.1, abs=0.3)
    assert distance_to_line_km((32.0, 44.366), BAGHDAD, KIRKUK) == pytest.approx(distance_km((32.0, 44.366), BAGHDAD))
    assert distance_to_line_km((37.0, 44.3), BAGHDAD, KIRKUK) == pytest.approx(distance_km((37.0, 44.3), KIRKUK))
    assert distance_to_line_km(BAQUBA, BAGHDAD, BAGHDAD) == pytest.approx(distance_km(BAQUBA, BAGHDAD))


@given(POINTS, POINTS, POINTS)
def test_a_line_is_as_near_as_the_nearest_of_many_points_on_it(point, start, end) -> None:
    if distance_km(start, end) > 8_000 or distance_km(start, point) > 8_000 or distance_km(end, point) > 8_000:
        return
    sampled = min(distance_km(point, between(start, end, number / 400)) for number in range(401))
    assert distance_to_line_km(point, start, end) <= sampled + 0.01
    assert distance_to_line_km(point, start, end) >= sampled - distance_km(start, end) / 400 - 0.01
