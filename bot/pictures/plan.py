"""What a map will hold, decided before a line is drawn: which land it shows, where dots and labels stand.

All in pixels from the lower left corner. Pure: the same spec gives the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atan2, cos, degrees, hypot, radians, sin, sqrt

import numpy as np
from matplotlib.path import Path as Ring

from bot.cards.picture import MapPlace, MapSpec, ranked
from bot.geo import EARTH_KM, Point
from bot.pictures.canvas import LEADING
from bot.pictures.inks import shown, wide
from bot.pictures.layout import Box, Dot, Placed, Wish, along, place
from bot.pictures.outlines import KM_A_DEGREE, Floats, View, cities, country_names, layer

WIDTH, HEIGHT = 1200, 800
MARGIN = 14.0  # labels keep this far from the edge
LEAST_KM, LONE_KM, MOST_KM = 48.0, 240.0, 28_000.0  # height: of several places, of one alone, of the world
NAME_SIZE, SMALL_SIZE = 27.0, 23.0
MOST_DOTS, MOST_LABELS = 400, 60
NAME_LETTERS = 30
TAIL_GAP = 8.0  # between a name and how often it was named
ALERT_RING = 6.0  # pixels between the disc of a place under alert and the ring round it
_GRID = 20  # pixels between the points at which we ask which country this is


@dataclass(frozen=True, slots=True)
class Label:
    """A text and where it stands; `tail` follows it in a quieter ink."""

    text: str
    tail: str
    size: float
    box: Box
    kind: str  # place, alert, city, country, more, ring
    leader: tuple[tuple[float, float], tuple[float, float]] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    view: View
    dots: tuple[tuple[MapPlace, Dot], ...]
    labels: tuple[Label, ...]
    cities: tuple[Dot, ...]
    left_out: int  # places without a label
    scale: tuple[Box, float, str]  # where the bar stands, how many pixels long it is, what it says
    ring: Floats | None


def plan(spec: MapSpec) -> Plan:
    view = view_of(spec)
    places = [item for item in ranked(spec.places) if _on_earth(item.lat, item.lon)][:MOST_DOTS]
    most = max((item.weight for item in places), default=1)
    dots = [_dot(item, view, most) for item in places]
    frame = Box(MARGIN, MARGIN, WIDTH - MARGIN, HEIGHT - MARGIN)
    scale = _scale(view)
    taken = [scale[0]]
    labels: list[Label] = []
    ring = None
    if spec.centre and spec.radius_km > 0:
        ring = _ring(view, spec.centre, spec.radius_km)
        said = f"{spec.radius_km:,.0f} km"
        spot = Dot(float(ring[len(ring) // 4 * 3, 0]), float(ring[len(ring) // 4 * 3, 1]), 2)
        for mark in place([_wish(said, "", SMALL_SIZE, spot)], frame, dots, taken, leaders=False):
            labels.append(Label(said, "", SMALL_SIZE, mark.box, "ring"))
            taken.append(mark.box)
    borders = along([line for _, line in layer("borders").lines(view)])
    named, left_out = _names(places, dots, frame, taken, borders)
    labels += named
    taken += [item.box for item in named]
    countries = _country_labels(view, frame, dots, taken + _leader_boxes(named))
    labels += countries
    taken += [item.box for item in countries] + _leader_boxes(named)
    towns, town_dots = _orientation(view, places, dots, frame, taken, borders)
    return Plan(view, tuple(zip(places, dots, strict=True)), (*labels, *towns), town_dots, left_out, scale, ring)


def view_of(spec: MapSpec) -> View:
    """A view that holds every place, the ring and the routes, with room for labels; one place alone is shown in its region."""
    points = [(item.lat, item.lon) for item in spec.places]
    points += [point for route in spec.routes for point in route]
    if spec.centre:
        points += [spec.centre]
        if spec.radius_km > 0:
            points += [_gone(spec.centre, spec.radius_km, angle) for angle in (0, 90, 180, 270)]
    points = [point for point in points if _on_earth(*point)]
    if not points:
        return View(15.0, 15.0, 19_000.0 / HEIGHT, WIDTH, HEIGHT)
    south, north = min(lat for lat, _ in points), max(lat for lat, _ in points)
    lat, (lon, turn) = (south + north) / 2, _middle([lon for _, lon in points])
    tall = (north - south) * KM_A_DEGREE
    broad = turn * KM_A_DEGREE * max(0.05, cos(radians(lat)))
    lone = tall < 0.5 and broad < 0.5
    height = LONE_KM if lone else min(MOST_KM, max(LEAST_KM, tall * 1.34, broad * 1.30 * HEIGHT / WIDTH))
    return View(lat, lon, height / HEIGHT, WIDTH, HEIGHT)


def _on_earth(lat: float, lon: float) -> bool:
    return -90 <= lat <= 90 and -180 <= lon <= 180


def _middle(lons: list[float]) -> tuple[float, float]:
    """The middle of the shortest arc that holds all longitudes, and its length in degrees."""
    east = sorted(lon % 360 for lon in lons)
    gaps = [(b - a, b) for a, b in zip(east, [*east[1:], east[0] + 360], strict=True)]
    widest, start = max(gaps)
    arc = 360 - widest
    return (start + arc / 2 + 180) % 360 - 180, arc


def _gone(start: Point, km: float, bearing: float) -> Point:
    """Where one is after so many kilometres in a direction."""
    lat, lon, turn, way = radians(start[0]), radians(start[1]), radians(bearing), km / EARTH_KM
    to = asin(sin(lat) * cos(way) + cos(lat) * sin(way) * cos(turn))
    east = atan2(sin(turn) * sin(way) * cos(lat), cos(way) - sin(lat) * sin(to))
    return degrees(to), (degrees(lon + east) + 180) % 360 - 180


def _ring(view: View, centre: Point, km: float) -> Floats:
    """Pixels of the ring, from north by east."""
    points = np.array([_gone(centre, km, angle) for angle in np.linspace(0, 360, 121)])
    return np.column_stack(view.xy(points[:, 0], points[:, 1]))


def _dot(item: MapPlace, view: View, most: int) -> Dot:
    """By area, between a dot that is seen and one that does not hide its surroundings; the ring of an alert belongs to it."""
    size = 9.0 if most <= 1 else 7.0 + 11.0 * sqrt(max(0, item.weight) / most)
    return Dot(*view.point((item.lat, item.lon)), size + (ALERT_RING if item.alert else 0.0))


def _wish(text: str, tail: str, size: float, dot: Dot, bold: bool = False) -> Wish:
    return Wish(dot, wide(text, size, bold) + (_tail_wide(tail) if tail else 0.0), size * LEADING)


def _tail_wide(tail: str) -> float:
    return TAIL_GAP + wide(tail, SMALL_SIZE)


def _names(
    places: list[MapPlace], dots: list[Dot], frame: Box, taken: list[Box], borders: Floats
) -> tuple[list[Label], int]:
    """Labels of the places; where some find no room, one says how many."""
    texts = [(shown(item.name, NAME_LETTERS), f"{item.weight:,}" if item.weight > 1 else "") for item in places]
    wishes = [
        _wish(text, tail, NAME_SIZE, dot, item.alert)
        for (text, tail), item, dot in list(zip(texts, places, dots, strict=True))[:MOST_LABELS]
        if text
    ]
    numbers = [number for number, (text, _) in enumerate(texts[:MOST_LABELS]) if text]
    marks = place(wishes, frame, dots, taken, avoid=borders)
    left_out = len(places) - len(marks)
    more: list[Label] = []
    if left_out:
        w = wide("+999 more", SMALL_SIZE)
        corner = Box(frame.right - w, frame.bottom, frame.right, frame.bottom + SMALL_SIZE * LEADING)
        marks = place(wishes, frame, dots, [*taken, corner], avoid=borders)
        left_out = len(places) - len(marks)
        more = [Label(f"+{left_out} more", "", SMALL_SIZE, corner, "more")]
    return [*(_label(mark, places, texts, numbers) for mark in marks), *more], left_out


def _label(mark: Placed, places: list[MapPlace], texts: list[tuple[str, str]], numbers: list[int]) -> Label:
    number = numbers[mark.number]
    kind = "alert" if places[number].alert else "place"
    return Label(*texts[number], NAME_SIZE, mark.box, kind, mark.leader)


def _leader_boxes(labels: list[Label]) -> list[Box]:
    """Small boxes along the leaders, so that what is placed later stays off them."""
    boxes = []
    for item in labels:
        if item.leader:
            (x0, y0), (x1, y1) = item.leader
            for share in np.linspace(0, 1, 12):
                x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
                boxes.append(Box(x - 3, y - 3, x + 3, y + 3))
    return boxes


def _country_labels(view: View, frame: Box, dots: list[Dot], taken: list[Box]) -> list[Label]:
    """Names of countries in quiet capitals, each where most of what is seen of the country lies round it."""
    across, up = np.arange(_GRID / 2, WIDTH, _GRID), np.arange(_GRID / 2, HEIGHT, _GRID)
    grid = np.array([(x, y) for y in up for x in across])
    inside: dict[int, Floats] = {}
    countries = layer("countries")
    for number, line in countries.rings(view):
        if np.ptp(line[:, 0]) < 3 * _GRID:
            continue  # no name fits into it
        hit = Ring(line).contains_points(grid)
        if hit.any():
            name = int(countries.ranks[number])
            inside[name] = inside.get(name, np.zeros(len(grid), dtype=bool)) | hit
    labels: list[Label] = []
    wide_dots = [Dot(dot.x, dot.y, dot.radius + 12) for dot in dots]
    order = sorted(inside, key=lambda name: (-int(inside[name].sum()), name))
    for name in order[:24]:
        text = "\u2009".join(country_names()[name].upper())
        w, h = wide(text, SMALL_SIZE), SMALL_SIZE * LEADING
        spots = grid[inside[name].astype(bool)]
        heart = spots.mean(axis=0)
        for x, y in spots[np.argsort(((spots - heart) ** 2).sum(axis=1), kind="stable")]:
            box = Box(x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            if (
                box.within(frame)
                and _covered(inside[name].reshape(len(up), len(across)), box)
                and not any(box.meets(other, 6) for other in taken)
                and not any(box.meets(item.box, 12) for item in labels)
                and not any(dot.under(box) for dot in wide_dots)
            ):
                labels.append(Label(text, "", SMALL_SIZE, box, "country"))
                break
    return labels


def _covered(mask: Floats, box: Box) -> bool:
    """Whether the box lies in the country, but for a little overhang."""
    part = mask[
        int(box.bottom // _GRID) : int(box.top // _GRID) + 1, int(box.left // _GRID) : int(box.right // _GRID) + 1
    ]
    return bool(part.size and part.mean() > 0.9)


def _orientation(
    view: View, places: list[MapPlace], dots: list[Dot], frame: Box, taken: list[Box], borders: Floats
) -> tuple[list[Label], tuple[Dot, ...]]:
    """A few well-known cities round the places, for those who do not know the country."""
    chosen: list[tuple[str, Dot]] = []
    named = {item.name.casefold() for item in places}
    for city in cities(view, 40):
        dot = Dot(*view.point((city.lat, city.lon)), 5.0)
        if city.name.casefold() in named or not 20 < dot.x < WIDTH - 20 or not 20 < dot.y < HEIGHT - 20:
            continue
        if any(hypot(dot.x - other.x, dot.y - other.y) < other.radius + 56 for other in dots):
            continue
        if any(hypot(dot.x - other.x, dot.y - other.y) < 90 for _, other in chosen):
            continue
        if any(dot.under(box) for box in taken):
            continue
        chosen.append((shown(city.name, NAME_LETTERS), dot))
        if len(chosen) == max(3, 9 - len(places) // 5):
            break
    wishes = [_wish(text, "", SMALL_SIZE, dot) for text, dot in chosen]
    marks = place(wishes, frame, dots, taken, leaders=False, avoid=borders)
    labels = [Label(chosen[mark.number][0], "", SMALL_SIZE, mark.box, "city") for mark in marks]
    return labels, tuple(chosen[mark.number][1] for mark in marks)


def _scale(view: View) -> tuple[Box, float, str]:
    """A bar of a round number of kilometres in the lower left corner; none where the map is too large to have one scale."""
    longest = 230 * view.km_a_pixel
    power = 10 ** int(np.floor(np.log10(longest)))
    km = next(step * power for step in (5, 2, 1) if step * power <= longest)
    text = f"{km:,g} km"
    bar = km / view.km_a_pixel
    if view.height_km > 9_000:
        return Box(MARGIN, MARGIN, MARGIN, MARGIN), 0.0, ""
    w = max(bar, wide(text, SMALL_SIZE)) + 8
    return Box(MARGIN, MARGIN, MARGIN + w, MARGIN + SMALL_SIZE * LEADING + 14), bar, text
