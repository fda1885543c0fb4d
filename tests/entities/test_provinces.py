"""Every town lies in its province, and no province takes a town's mention or a common word."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.geonames import Place
from bot.entities.lookup import Lookup
from bot.entities.match import Matcher
from bot.errors import UserError
from bot.model import Entity, Kind
from bot.rules.facts import Facts, Wording
from bot.rules.names import Names
from bot.rules.parse import parse_query
from bot.rules.terms import Within

ROOT = Path(__file__).parents[2]
THEATRES = "IQ SY YE LB PS IL SD SS LY SO UA RU ML BF NE NG CD MM AF PK IR ET HT".split()
# Capitals and cities that are a province of their own or in none, and what is claimed twice or was not sure.
NOWHERE = {
    "et-addis-ababa", "et-dire-dawa", "il-jerusalem", "ly-ras-lanuf", "ru-moscow", "ru-saint-petersburg",
    "sd-heglig", "ua-kyiv", "ye-sanaa",
}  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture(scope="module")
def matcher(shipped: Catalogue) -> Matcher:
    return Matcher(shipped)


@pytest.fixture(scope="module")
def names(shipped: Catalogue) -> Names:
    return Names(shipped, Lookup(shipped))


def towns(shipped: Catalogue) -> list[Entity]:
    return [e for e in shipped.entities.values() if e.kind is Kind.TOWN and e.country in THEATRES]


def is_province(entity: Entity | None) -> bool:
    return entity is not None and entity.kind is Kind.REGION and entity.type in ("province", "state")


def test_every_town_of_a_theatre_lies_in_a_province(shipped: Catalogue) -> None:
    assert len(towns(shipped)) > 600
    assert {town.id for town in towns(shipped) if not town.within} == NOWHERE


def test_what_lies_inside_is_smaller_and_in_the_same_country(shipped: Catalogue) -> None:
    claimed = {"il-majdal-shams", "sd-abyei"}  # by two countries
    for entity in shipped.entities.values():
        if entity.within:
            around = shipped.entities[entity.within]
            assert around.kind is Kind.REGION, entity.id
            assert around.country == entity.country or entity.id in claimed, entity.id


@pytest.mark.parametrize(
    "sentence",
    [
        "Shelling hit {} on Monday.",
        "Officials on Monday named {} in their report on the fighting.",
        "Two people died in {}, the mayor of {} said.",
    ],
)
def test_no_province_takes_the_mention_of_a_town(sentence: str, shipped: Catalogue, matcher: Matcher) -> None:
    taken = []
    for town in towns(shipped):
        for mention in matcher.mentions(sentence.replace("{}", town.name)):
            if is_province(shipped.get(mention.entity)):
                taken.append((town.id, mention.entity))
    assert taken == []


def test_a_province_in_full_is_the_province(shipped: Catalogue, matcher: Matcher) -> None:
    missed = []
    for province in shipped.entities.values():
        if is_province(province) and province.name not in (*province.weak, "Tanganyika"):  # which is a lake as well
            found = {mention.entity for mention in matcher.mentions(f"Clashes went on in {province.name} on Monday.")}
            missed += [province.id] if found != {province.id} else []
    assert missed == []


@pytest.mark.parametrize(
    "text",
    [
        "Rivers rose across the plateau and the delta, and lakes froze in the northern state.",
        "The central district and the southern district of the city saw rain; the north and the centre stayed dry.",
        "Ships wait in the bay, and the sail region of the market fell.",
        "A judge of the Northern District ruled on Monday.",
        "They met in the Bay Region on Monday.",
        "Delta State beat Alcorn in the final.",
    ],
)
def test_words_are_no_provinces(text: str, shipped: Catalogue, matcher: Matcher) -> None:
    assert [m.entity for m in matcher.mentions(text) if is_province(shipped.get(m.entity))] == []


@pytest.mark.parametrize(
    ("typed", "place", "written", "inside"),
    [
        ("Diyala", "iq-diyala", "Diyala", "iq-baquba"),
        ("Donetsk Oblast", "ua-donetsk-oblast", "Donetsk Oblast", "ua-bakhmut"),
        ("Donetsk", "ua-donetsk-oblast", "Donetsk Oblast", "ua-donetsk"),
        ("Idlib", "sy-idlib-governorate", "Idlib Governorate", "sy-saraqib"),
        ("Idleb province", "sy-idlib-governorate", "Idlib Governorate", "sy-idlib"),
        ("Kirkuk", "iq-kirkuk-governorate", "Kirkuk Governorate", "iq-hawija"),
        ("Basra", "iq-basra-governorate", "Basra Governorate", "iq-zubair"),
        ("Kandahar", "af-kandahar-province", "Kandahar Province", "af-spin-boldak"),
        ("Khartoum", "sd-khartoum-state", "Khartoum State", "sd-omdurman"),
        ("North Kivu", "cd-north-kivu", "North Kivu", "cd-goma"),
        ("Borno", "ng-borno", "Borno", "ng-maiduguri"),
        ("Kayes", "ml-kayes-region", "Kayes Region", "ml-kayes"),
        ("Kogi", "ng-kogi-state", "Kogi State", "ng-kogi-state"),
        ("Artibonite", "ht-artibonite", "Artibonite", "ht-gonaives"),
        ("Darfur", "sd-darfur", "Darfur region", "sd-el-fasher"),
        ("Crimea", "x-crimea", "Crimea", "ua-sevastopol"),
        ("Donbas", "x-donbas", "Donbas", "ua-mariupol"),
        ("Jubaland", "so-jubaland", "Jubaland", "so-kismayo"),
        ("Kyiv", "ua-kyiv", "Kyiv", "ua-kyiv"),  # which lies in no oblast
        ("Samarra", "iq-samarra", "Samarra", "iq-samarra"),
    ],
)
def test_within_a_province(typed: str, place: str, written: str, inside: str, shipped: Catalogue, names: Names) -> None:
    query = parse_query(f'within:"{typed}"', names)
    assert str(query) == f'within:"{written}"'
    assert query.in_words() == f"naming anywhere in {written}"
    assert parse_query(str(query), names, stored=True) == query == parse_query(str(query), names)
    here = shipped.entities[inside]
    assert query.condition.fires(Facts(Wording(""), (here,), shipped.get))
    elsewhere = shipped.entities["so-hargeisa"]
    assert not query.condition.fires(Facts(Wording(""), (elsewhere,), shipped.get))
    assert query.condition == Within(place, "", "")


def test_a_country_comes_before_a_province_of_its_name(names: Names) -> None:
    assert str(parse_query("within:Niger", names)) == 'country:"Niger"'


def test_a_stored_query_means_what_it_meant(names: Names) -> None:
    """It was written when no province was called so."""
    assert str(parse_query('within:"Idlib"', names, stored=True)) == 'within:"Idlib"'


def test_two_of_a_name_are_asked_about(names: Names) -> None:
    with pytest.raises(UserError, match="Tripoli District") as told:
        parse_query("within:Tripoli", names)
    assert told.value.next_step == 'Say which: within:"Tripoli District" or within:"Tripoli, Lebanon"'


def test_the_files_say_what_the_lists_say() -> None:
    """The script finds nothing to write, and contradicts nothing that stands there."""
    run = subprocess.run(
        [sys.executable, "scripts/provinces.py", "--check"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert {line.split()[0] for line in run.stdout.splitlines()} == {"open", "0"}


BLOCKS = """[[town]]
id = "a"
name = "Alpha"
names = [
  "Alfa",
]
country = "IQ"
population = 5

[[town]]
id = "b"
name = "Beta"
country = "IQ"
"""


def test_the_script_adds_a_line_behind_the_country() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "provinces.py"))
    told = script["with_provinces"](BLOCKS, {"a": "iq-diyala"})
    assert told == BLOCKS.replace('country = "IQ"\npop', 'country = "IQ"\nwithin = "iq-diyala"\npop')


def test_the_script_is_sure_or_says_nothing() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "provinces.py"))
    here = Entity("x", "Gamma", Kind.TOWN, names=("Gama",), lat=33.0, lon=44.0, country="IQ")

    def city(name: str, km: float, code: str) -> Place:
        return Place(int(km * 10), name, (), 33.0 + km / 111.2, 44.0, 1_000, "IQ", code, 0)

    def said(*cities: Place) -> str:
        return str(script["province_of"](here, cities)[0])

    assert said(city("Delta", 2, "IQ.01"), city("GAMA", 9, "IQ.10")) == "IQ.10", "the same name, if not the nearest"
    assert said(city("Gama", 12, "IQ.10")) == "", "too far to be the place itself, and alone"
    assert said(city("A", 5, "IQ.10"), city("B", 20, "IQ.10")) == "IQ.10"
    assert said(city("A", 5, "IQ.10"), city("B", 20, "IQ.01")) == ""
    assert said(city("A", 5, "IQ.10"), city("B", 30, "IQ.10")) == "", "too far to speak for it"
