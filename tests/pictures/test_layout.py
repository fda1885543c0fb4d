"""No label covers another or a dot, none leaves the frame: for towns as they come, many at one spot among them."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.cards.picture import Edge, MapPlace, MapSpec, NetworkSpec, Node
from bot.geo import distance_km
from bot.pictures.layout import Box, Dot, Wish, place
from bot.pictures.network import MOST_NODES, web
from bot.pictures.plan import HEIGHT, LONE_KM, WIDTH, Plan, plan, view_of
from tests.pictures.specs import DATE_LINE, FORTY, GAZA, GOLDEN, HOSTILE_MAP, HOSTILE_NETWORK, ONE, WORLD

FRAME = Box(0, 0, WIDTH, HEIGHT)
MAPS = [spec for spec in [*GOLDEN.values(), DATE_LINE, WORLD, HOSTILE_MAP] if isinstance(spec, MapSpec)]


def flaws(ready: Plan) -> list[str]:
    boxes = [(item.text, item.box) for item in ready.labels]
    if ready.scale[2]:
        boxes.append((ready.scale[2], ready.scale[0]))
    leaders = [item.leader for item in ready.labels if item.leader]
    dots = [*(dot for _, dot in ready.dots), *ready.cities]
    found = [f"{a} on {b}" for (a, one), (b, two) in combinations(boxes, 2) if one.meets(two)]
    found += [f"{text} leaves the frame" for text, box in boxes if not box.within(FRAME)]
    found += [f"{text} covers a dot" for text, box in boxes[: len(ready.labels)] for dot in dots if dot.under(box)]
    return found + [
        f"a leader runs through {text}" for text, box in boxes for leader in leaders if box.crossed(*leader)
    ]


@pytest.mark.parametrize("spec", MAPS)
def test_labels_keep_clear_of_one_another(spec: MapSpec) -> None:
    assert not flaws(plan(spec))


spots = st.tuples(st.floats(-89.9, 89.9), st.floats(-180, 180))
near = st.tuples(st.floats(33.0, 33.4), st.floats(44.0, 44.6))
names = st.text(min_size=0, max_size=40) | st.sampled_from(["Baquba", "Deir ez-Zor", "سامراء", "Бахмут"])


@st.composite
def maps(draw: st.DrawFn) -> MapSpec:
    points = draw(st.lists(draw(st.sampled_from([spots, near])), max_size=30))
    points += points[: draw(st.integers(0, 5))]  # several at one spot
    places = tuple(
        MapPlace(draw(names), lat, lon, draw(st.integers(0, 10**6)), draw(st.booleans())) for lat, lon in points
    )
    centre = draw(st.none() | st.just(points[0] if points else (33.0, 44.0)))
    return MapSpec(places, "", centre, draw(st.floats(0, 500)))


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(maps())
def test_labels_keep_clear_wherever_the_towns_lie(spec: MapSpec) -> None:
    ready = plan(spec)
    assert not flaws(ready)
    named = sum(item.kind in ("place", "alert") for item in ready.labels)
    assert named + ready.left_out == len(spec.places)
    for _, dot in ready.dots:
        assert 0 <= dot.x <= WIDTH
        assert 0 <= dot.y <= HEIGHT


def test_forty_towns_are_nearly_all_named_and_the_rest_are_counted() -> None:
    ready = plan(FORTY)
    assert ready.left_out <= 4
    assert any(item.text == f"+{ready.left_out} more" for item in ready.labels) == bool(ready.left_out)


def test_towns_at_one_spot_are_named_round_it() -> None:
    spec = MapSpec(tuple(MapPlace(f"Quarter {n}", 33.3, 44.4) for n in range(12)))
    ready = plan(spec)
    assert not flaws(ready)
    assert sum(item.kind == "place" for item in ready.labels) >= 8  # as many as fit beside one dot


def test_the_heaviest_choose_first() -> None:
    crowd = MapSpec(tuple(MapPlace(f"Long name of town {n}", 33.3, 44.4, n) for n in range(60)))
    ready = plan(crowd)
    named = {item.text for item in ready.labels if item.kind == "place"}
    assert ready.left_out
    assert "Long name of town 59" in named
    assert "Long name of town 0" not in named


def test_a_label_without_room_is_left_out() -> None:
    dot = Dot(50, 50, 5)
    assert place([Wish(dot, 200, 20)], Box(0, 0, 100, 100)) == []
    assert len(place([Wish(dot, 30, 20)], Box(0, 0, 100, 100))) == 1


def test_one_town_is_shown_in_its_region() -> None:
    assert view_of(MapSpec((MapPlace("Kabul", 34.528, 69.172),))).height_km == pytest.approx(LONE_KM)


def test_the_gaza_strip_fills_its_map() -> None:
    assert 45 < view_of(GAZA).height_km < 70


def test_the_date_line_does_not_tear_a_map_apart() -> None:
    view = view_of(DATE_LINE)
    assert view.height_km < 1_000
    assert abs(view.lon) > 170


def test_a_ring_is_as_wide_as_it_says() -> None:
    ready = plan(ONE)
    assert ready.ring is not None
    across = (ready.ring[:, 0].max() - ready.ring[:, 0].min()) * ready.view.km_a_pixel
    assert across == pytest.approx(100, rel=0.02)


def test_the_scale_is_true() -> None:
    """The bar against the great circle between two dots."""
    ready = plan(FORTY)
    (a, one), (b, two) = ready.dots[0], ready.dots[1]
    drawn = ((one.x - two.x) ** 2 + (one.y - two.y) ** 2) ** 0.5
    said = float(ready.scale[2].split()[0].replace(",", "")) / ready.scale[1]
    assert drawn * said == pytest.approx(distance_km((a.lat, a.lon), (b.lat, b.lon)), rel=0.03)


@st.composite
def networks(draw: st.DrawFn) -> NetworkSpec:
    count = draw(st.integers(0, 40))
    nodes = tuple(
        Node(draw(names), draw(st.sampled_from(["actor", "person", "place", "?"])), draw(st.integers(0, 99)))
        for _ in range(count)
    )
    ends = st.integers(0, 40)
    return NetworkSpec(nodes, tuple(draw(st.lists(st.builds(Edge, ends, ends, st.integers(0, 99)), max_size=60))))


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(networks())
def test_names_in_a_network_keep_clear_of_one_another(spec: NetworkSpec) -> None:
    drawn = web(spec)
    boxes = [(text, mark.box) for text, mark in drawn.labels]
    assert not [(a, b) for (a, one), (b, two) in combinations(boxes, 2) if one.meets(two)]
    assert all(box.within(FRAME) for _, box in boxes)
    assert not [text for text, box in boxes for dot in drawn.dots if dot.under(box)]
    assert len(drawn.nodes) == min(len(spec.nodes), MOST_NODES)


def test_nodes_do_not_lie_on_one_another() -> None:
    for spec in (GOLDEN["network"], HOSTILE_NETWORK, NetworkSpec(tuple(Node(f"Group {n}") for n in range(24)))):
        assert isinstance(spec, NetworkSpec)
        dots = web(spec).dots
        for one, two in combinations(dots, 2):
            assert ((one.x - two.x) ** 2 + (one.y - two.y) ** 2) ** 0.5 > one.radius + two.radius
