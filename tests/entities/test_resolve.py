"""Which place of that name: what stands behind it, the countries of the text, its neighbours, home, people; ties say so."""

from __future__ import annotations

from bot.entities.resolve import Toponym, resolve
from bot.model import Entity, Kind


def town(key: str, name: str, country: str, lat: float, lon: float, people: int, within: str | None = None) -> Entity:
    return Entity(
        key, name, Kind.TOWN, type="town", lat=lat, lon=lon, country=country, population=people, within=within
    )


LIBYA = town("g:1", "Tripoli", "LY", 32.9, 13.2, 1_150_000)
LEBANON = town("g:2", "Tripoli", "LB", 34.4, 35.8, 229_000)
BEIRUT = town("g:3", "Beirut", "LB", 33.9, 35.5, 1_900_000)
PARIS_FR = town("g:4", "Paris", "FR", 48.9, 2.4, 2_100_000)
PARIS_TX = town("g:5", "Paris", "US", 33.7, -95.6, 24_000, within="a:US.TX")
TEXAS = Entity(
    "g:6",
    "Texas",
    Kind.REGION,
    type="province",
    lat=31.0,
    lon=-99.0,
    country="US",
    within="a:US.TX",
    population=29_000_000,
)
TWIN_A = town("g:7", "Newtown", "AU", -33.9, 151.2, 15_000)
TWIN_B = town("g:8", "Newtown", "GB", 52.5, -3.3, 14_800)


def chosen(*toponyms: Toponym, home: str | None = None) -> dict[str, tuple[str, float]]:
    found = resolve(toponyms, frozenset(), {}, home)
    return {key: (choice.entity.id, choice.confidence) for key, choice in found.items()}


def test_people_decide_where_nothing_else_does() -> None:
    assert chosen(Toponym("tripoli", (LEBANON, LIBYA)))["tripoli"][0] == LIBYA.id


def test_a_neighbour_and_its_country_decide() -> None:
    found = chosen(Toponym("tripoli", (LIBYA, LEBANON)), Toponym("beirut", (BEIRUT,), times=2))
    assert found["tripoli"][0] == LEBANON.id


def test_what_stands_behind_a_comma_decides() -> None:
    found = chosen(Toponym("paris", (PARIS_FR, PARIS_TX), behind=("texas",)), Toponym("texas", (TEXAS,)))
    assert found["paris"][0] == PARIS_TX.id


def test_home_breaks_a_tie_and_a_tie_says_so() -> None:
    assert chosen(Toponym("newtown", (TWIN_A, TWIN_B)), home="GB")["newtown"][0] == TWIN_B.id
    choice = resolve([Toponym("newtown", (TWIN_A, TWIN_B))], frozenset(), {})["newtown"]
    assert any("nearly a tie" in reason for reason in choice.reasons)
    assert choice.confidence < 0.6
    assert choice.rejected == ("Newtown (GB)",)
