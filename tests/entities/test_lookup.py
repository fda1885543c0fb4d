"""Look-up by name: exact, one slip, alike; a workspace's names before everybody's."""

from __future__ import annotations

import random

import pytest

from bench.lookup import slip
from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.lookup import Lookup
from bot.model import Entity, Kind
from bot.text.fold import fold_key


@pytest.fixture(scope="module")
def lookup() -> Lookup:
    return Lookup(load_catalogue([data_folder("config") / "entities"]))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("quds force", "Quds Force"),
        ("Quds Froce", "Quds Force"),
        ("qudsforce", "Quds Force"),
        ("Deirezzor", "Deir ez-Zor"),
        ("Baqubah", "Baquba"),
        ("Bakuba", "Baquba"),
        ("فيلق القدس", "Quds Force"),
        ("Zelensky", "Volodymyr Zelensky"),
        ("Киев", "Kyiv"),
        ("Ismail Kaani", "Esmail Qaani"),
    ],
)
def test_what_people_type(typed: str, name: str, lookup: Lookup) -> None:
    assert lookup.find(typed)[0].entity.name == name


def test_nothing_is_found_for_nothing(lookup: Lookup) -> None:
    assert lookup.find("") == ()
    assert lookup.find("…") == ()
    assert lookup.find("qqqqqqqq zzzzzzz xxxxxx") == ()
    assert lookup.find("x" * 1_000_000) == ()


def test_one_random_slip_is_forgiven(lookup: Lookup) -> None:
    chance = random.Random(5)
    names = sorted(name for name in lookup._names if len(name) > 5)
    good = 0
    for name in chance.sample(names, 400):
        right = {hit.entity.id for hit in lookup.find(name, limit=50)}
        good += any(hit.entity.id in right for hit in lookup.find(slip(name, chance)))
    assert good >= 0.95 * 400


def test_completion_begins_as_typed(lookup: Lookup) -> None:
    found = lookup.complete("qud", 5)
    assert found
    assert all(fold_key(hit.name).startswith("qud") for hit in found)


def test_a_workspace_comes_first_and_what_it_extends_is_not_shown_twice(lookup: Lookup) -> None:
    own = Lookup(
        Catalogue(
            {
                "w:a:x": Entity("w:a:x", "Ansar Brigade", Kind.ACTOR),
                "w:a:quds-force": Entity(
                    "w:a:quds-force", "Quds Force", Kind.ACTOR, names=("Ghods Corps",), extends="quds-force"
                ),
            }
        )
    )
    both = own.before(lookup)
    assert both.find("Ansar Brigad")[0].entity.id == "w:a:x"
    assert [hit.entity.id for hit in both.find("Quds Force") if hit.exact] == ["w:a:quds-force"]
    assert both.find("Baquba")[0].entity.id == "iq-baquba"
