"""Every spelling of the catalogue links to its entity in a sentence that could stand in the news, in each case that news uses."""

from __future__ import annotations

import pytest

from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.match import Matcher
from bot.entities.words import COMMON
from bot.model import Entity


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture(scope="module")
def matcher(shipped: Catalogue) -> Matcher:
    return Matcher(shipped)


def carrier(entity: Entity, name: str, shipped: Catalogue) -> str:
    """A strong name stands alone; a weak one in a text that names its entity in full, or its country."""
    if name not in entity.weak:
        return f"Officials on Monday named {name} in their report on the fighting."
    strong = next((other for other in (entity.name, *entity.names) if other not in entity.weak), "")
    country = shipped.get((entity.country or next(iter(entity.area), "")).lower())
    if strong or not country:
        return f"Officials spoke of {strong} on Monday. Later, reports from {name} forces said that shelling went on."
    if entity.kind.is_place:
        return f"Officials of {country.name} spoke on Monday. Later, shelling went on in {name}."
    return f"Officials of {country.name} spoke on Monday. Later, attacks by {name} militants went on."


def missed(shipped: Catalogue, matcher: Matcher, change) -> list[str]:
    found = []
    for entity in shipped.entities.values():
        for name in entity.all_names:
            text = change(carrier(entity, name, shipped), name)
            if text is None:
                continue
            named = {mention.entity for mention in matcher.mentions(text)}
            rivals = {sense.entity.id for verdict in matcher.verdicts(text) for sense in verdict.candidate.senses}
            if entity.id not in named and not (entity.id in rivals and named & rivals):
                found.append(f"{entity.id}: {name!r}")
    return found


def test_as_it_is_written(shipped: Catalogue, matcher: Matcher) -> None:
    assert missed(shipped, matcher, lambda text, name: text) == []


def test_in_a_headline_of_capitals(shipped: Catalogue, matcher: Matcher) -> None:
    assert missed(shipped, matcher, lambda text, name: text.upper()) == []


def test_with_a_possessive(shipped: Catalogue, matcher: Matcher) -> None:
    def possessive(text: str, name: str) -> str | None:
        before, _, after = text.rpartition(name)
        return f"{before}{name}’s{after}" if name.isascii() else None

    assert missed(shipped, matcher, possessive) == []


def test_in_small_letters_where_the_name_is_no_word(shipped: Catalogue, matcher: Matcher) -> None:
    weak = {name.lower() for entity in shipped.entities.values() for name in entity.weak}

    def small(text: str, name: str) -> str | None:
        return text.lower() if name.lower() not in COMMON | weak else None

    assert missed(shipped, matcher, small) == []
