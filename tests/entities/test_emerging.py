from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.entities.emerging import emerging_names, unknown_names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Men of the Amber Shield Brigade came.", {"Amber Shield Brigade"}),
        ("The Prime Minister met General Anwar al-Rashidi on Friday.", {"Anwar al-Rashidi"}),
        ("Fighting went on in the village of Buhriz.", {"Buhriz"}),
        ("It was Monday. Nobody came to Sheikh Nasir bin Talal's house.", {"Nasir bin Talal"}),
        ("The Foreign Ministry said nothing.", set()),
        ("Nobody was there.", set()),
        ("بغداد", set()),
    ],
)
def test_names_that_no_list_holds(text: str, found: set[str]) -> None:
    assert unknown_names(text, ()) == found


def test_a_known_name_is_not_unknown() -> None:
    text = "Men of the Quds Force came with the Amber Shield Brigade."
    known = [(text.index("Quds"), text.index("Quds") + len("Quds Force"))]
    assert unknown_names(text, known) == {"Amber Shield Brigade"}


def test_three_stories_make_a_name_that_keeps_turning_up() -> None:
    said = "The Amber Shield Brigade came."
    assert emerging_names([(1, 1, said, ()), (1, 2, said, ()), (2, 3, said, ())]) == []
    (one,) = emerging_names([(1, 1, said, ()), (2, 3, said, ()), (3, 4, said, ())])
    assert (one.name, one.stories, one.article_id) == ("Amber Shield Brigade", 3, 4)


@given(st.text(max_size=300), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=5))
def test_any_text_is_read(text: str, known: list[tuple[int, int]]) -> None:
    for name in unknown_names(text, known):
        assert name in text
        assert len(name) <= 60
