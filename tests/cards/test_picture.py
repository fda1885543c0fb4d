"""The words for a picture, and its way through the outbox."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.card import Card, card_from_data, card_to_data
from bot.cards.picture import (
    ActivitySpec,
    Edge,
    MapPlace,
    MapSpec,
    NetworkSpec,
    Node,
    Picture,
    alt_text,
    label,
    picture,
)
from tests.pictures.specs import ACTIVITY, EMPTY, GOLDEN, HOSTILE_MAP, IRAQ, NETWORK, ONE

numbers = st.integers(-(10**9), 10**9)
degrees = st.floats(-180, 180)
texts = st.text(max_size=80)
points = st.tuples(degrees, degrees)
places = st.builds(MapPlace, texts, degrees, degrees, numbers, st.booleans())
specs = (
    st.builds(
        MapSpec,
        st.lists(places, max_size=6).map(tuple),
        texts,
        st.none() | points,
        st.floats(0, 9_999),
        st.lists(st.lists(points, max_size=4).map(tuple), max_size=3).map(tuple),
    )
    | st.builds(
        ActivitySpec,
        texts,
        st.dates(date(1900, 1, 1), date(2100, 1, 1)),
        st.lists(numbers, max_size=40).map(tuple),
        st.none() | st.floats(0, 1e6),
        st.booleans(),
    )
    | st.builds(
        NetworkSpec,
        st.lists(st.builds(Node, texts, texts, numbers), max_size=6).map(tuple),
        st.lists(st.builds(Edge, numbers, numbers, numbers), max_size=6).map(tuple),
    )
)


@given(st.builds(Picture, specs, texts))
def test_a_picture_survives_the_outbox(block: Picture) -> None:
    card = Card(title="The brief", blocks=(block,))
    assert card_from_data(json.loads(json.dumps(card_to_data(card)))) == card


@given(specs)
def test_every_picture_has_words_of_one_line(spec: MapSpec | ActivitySpec | NetworkSpec) -> None:
    words = alt_text(spec)
    assert words.endswith(".")
    assert "\n" not in words
    assert len(words) < 2_000


def test_the_words_of_a_map() -> None:
    assert alt_text(IRAQ) == (
        "Map of Iraq: Baquba (12), Mosul (14), Baghdad (10), Tikrit (9), Samarra (7), Jalawla (4), Kirkuk (3), Ramadi (2). "
        "Under alert: Baquba."
    )
    assert alt_text(ONE) == "Map of Samarra: Samarra (3). A ring marks 50 km around 34.20° N, 43.87° E."


def test_the_words_of_days() -> None:
    assert alt_text(ACTIVITY) == (
        "Mentions of Baquba a day, 16 May 2014 to 12 Jun 2014: 132 in all, most on 10 Jun (25), 17 on the last day; "
        "3.2 a day is usual."
    )


def test_the_words_of_a_network() -> None:
    words = alt_text(NETWORK)
    assert words.startswith("Network around Quds Force, 12 names: Quds Force and Qasem Soleimani (18), ")
    assert words.endswith(" and 6 more.")


def test_a_long_map_tells_eight_names_and_how_many_more() -> None:
    assert " and 32 more." in alt_text(GOLDEN["forty"])


@pytest.mark.parametrize("spec", EMPTY)
def test_nothing_to_show_is_said(spec: MapSpec) -> None:
    assert picture(spec).alt.endswith(".")


def test_hostile_names_are_one_harmless_line() -> None:
    words = alt_text(HOSTILE_MAP)
    assert not set(words) & set("\n\t\x07\x1b\u202e")
    assert len(words) < 1_000
    assert label("A" * 10_000, 20) == "A" * 19 + "…"
