"""What a query can ask of an article, and the keys under which an article meets the rules that may fire on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from math import asin, cos, degrees, floor, radians, sin

from bot.geo import EARTH_KM, Point
from bot.model import Entity, Kind
from bot.text.fold import fold_key

GRIDS = (
    1.0,
    4.0,
    20.0,
    90.0,
)  # degrees of a cell; a circle is filed on the finest grid on which it touches four at most
ANYWHERE = "g"  # the key of every article that names a point of the map


class Wording:
    """The words of an article, folded when first asked for; the same for all who read it. `text` holds the title too."""

    def __init__(self, text: str, title: str = "") -> None:
        self.text = text
        self.title = title

    @cached_property
    def words(self) -> str:
        """One space between words and at each end, so that ` name ` finds whole words."""
        return in_spaces(self.text)

    @cached_property
    def word_set(self) -> frozenset[str]:
        return frozenset(self.words.split())

    @cached_property
    def title_words(self) -> str:
        return in_spaces(self.title)


class Facts:
    """An article as one workspace may see it.

    `entities` are ids, `kinds` what `kind:` finds; `points` leads from towns and sites to where they lie (a country or a
    province is no point); `inside` holds every place named and all that it is inside of, countries as their lower-case code.
    """

    def __init__(
        self,
        wording: Wording,
        entities: Iterable[Entity] = (),
        get: Callable[[str], Entity | None] = lambda _: None,
        *,
        source: int = 0,
        source_name: str = "",
        outlet: str = "",
        language: str = "",
    ) -> None:
        self.wording = wording
        self.source = source
        self.language = language.lower().partition("-")[0]
        self._known = tuple(entities)
        self._get = get
        self._source_name = source_name
        self._outlet = outlet
        self.entities = frozenset(entity.id for entity in self._known)

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(kind for entity in self._known for kind in entity.kinds)

    @cached_property
    def points(self) -> Mapping[str, Point]:
        return {
            e.id: (e.lat, e.lon)
            for e in self._known
            if e.kind in (Kind.TOWN, Kind.PLACE) and e.lat is not None and e.lon is not None
        }

    @cached_property
    def inside(self) -> frozenset[str]:
        return frozenset(place for entity in self._known for place in insides(entity, self._get))

    def inside_of(self, place: str) -> frozenset[str]:
        """The entities named that are this place or lie inside it."""
        return frozenset(entity.id for entity in self._known if place in insides(entity, self._get))

    def of_kind(self, kind: str) -> frozenset[str]:
        return frozenset(entity.id for entity in self._known if kind in entity.kinds)

    @cached_property
    def source_words(self) -> str:
        """Title and address of the source."""
        return in_spaces(self._source_name)

    @cached_property
    def outlet_words(self) -> str:
        return in_spaces(self._outlet)

    @cached_property
    def terms(self) -> frozenset[str]:
        """All keys of the article: its words bare, everything else behind a prefix with a colon, which no folded word has."""
        found = {f"e:{entity}" for entity in self.entities}
        found.update(f"k:{kind}" for kind in self.kinds)
        found.update(f"in:{place}" for place in self.inside)
        found.update(f"sw:{word}" for word in self.source_words.split())
        found.update(f"o:{word}" for word in self.outlet_words.split())
        found.update((f"s:{self.source}", f"l:{self.language}"))
        for point in self.points.values():
            found.update(cells_of(point))
        if self.points:
            found.add(ANYWHERE)
        return self.wording.word_set | found


def in_spaces(text: str) -> str:
    return f" {fold_key(text)} "


def insides(entity: Entity, get: Callable[[str], Entity | None]) -> set[str]:
    """The ids of a place and of all places that it is inside of; nothing for an actor."""
    if not entity.kind.is_place:
        return set()
    found = {entity.id}
    if entity.country:
        found.add(entity.country.lower())
    outer = entity.within
    while outer and outer not in found:
        found.add(outer)
        around = get(outer)
        outer = around.within if around else None
        if around and around.country:
            found.add(around.country.lower())
    return found


def cells_of(point: Point) -> Iterator[str]:
    """The cell of a point on every grid."""
    for grid, size in enumerate(GRIDS):
        yield _cell(grid, floor(point[0] / size), floor((point[1] + 180) % 360 / size))


def cells_around(centre: Point, km: float) -> frozenset[str]:
    """Cells, all of one grid, that hold every point of a circle; `ANYWHERE` for a circle that no grid holds in a few."""
    reach = degrees(km / EARTH_KM) * 1.0001 + 1e-6  # a hair more, so that rounding leaves none out
    south, north = centre[0] - reach, centre[0] + reach
    if south <= -90 or north >= 90 or reach >= 80:
        return frozenset((ANYWHERE,))
    wide = degrees(asin(min(1.0, sin(radians(reach)) / cos(radians(centre[0])))))
    west, east = centre[1] + 180 - wide, centre[1] + 180 + wide
    for grid, size in enumerate(GRIDS):
        if max(reach, wide) * 2 <= size:
            rows = range(floor(south / size), floor(north / size) + 1)
            columns = {column % round(360 / size) for column in range(floor(west / size), floor(east / size) + 1)}
            return frozenset(_cell(grid, row, column) for row in rows for column in columns)
    return frozenset((ANYWHERE,))


def _cell(grid: int, row: int, column: int) -> str:
    return f"g{grid}:{row}:{column}"
