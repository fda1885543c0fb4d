"""Distances and bearings on the globe."""

from __future__ import annotations

from math import asin, atan2, cos, degrees, radians, sin, sqrt

EARTH_KM = 6371.0088  # mean radius, IUGG
Point = tuple[float, float]  # latitude, longitude in degrees
_POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance (haversine)."""
    lat1, lon1, lat2, lon2 = map(radians, (*a, *b))
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(h)))


def bearing(start: Point, end: Point) -> str:
    """The compass point in which `end` lies as seen from `start`, one of sixteen."""
    return _POINTS[round(degrees(_course(start, end)) % 360 / 22.5) % 16]


def distance_to_line_km(point: Point, start: Point, end: Point) -> float:
    """Distance to the great-circle segment between two points; beyond its ends, to the nearer end."""
    length, there = distance_km(start, end) / EARTH_KM, distance_km(start, point) / EARTH_KM
    turn = _course(start, point) - _course(start, end)
    if length == 0 or cos(turn) <= 0:
        return there * EARTH_KM
    across = asin(max(-1.0, min(1.0, sin(there) * sin(turn))))
    along = atan2(sin(there) * cos(turn), cos(there))
    return abs(across) * EARTH_KM if along <= length else distance_km(end, point)


def _course(start: Point, end: Point) -> float:
    """The angle in radians, clockwise from north, under which `end` lies as seen from `start`."""
    lat1, lon1, lat2, lon2 = map(radians, (*start, *end))
    y = sin(lon2 - lon1) * cos(lat2)
    return atan2(y, cos(lat1) * sin(lat2) - sin(lat1) * cos(lat2) * cos(lon2 - lon1))


def between(start: Point, end: Point, part: float) -> Point:
    """The point a part (0 to 1) of the way along the great circle from one point to another."""
    angle = distance_km(start, end) / EARTH_KM
    if sin(angle) < 1e-9:
        return start
    a, b = sin((1 - part) * angle) / sin(angle), sin(part * angle) / sin(angle)
    x, y, z = (a * one + b * other for one, other in zip(_vector(start), _vector(end), strict=True))
    return degrees(atan2(z, sqrt(x * x + y * y))), degrees(atan2(y, x))


def _vector(point: Point) -> tuple[float, float, float]:
    lat, lon = map(radians, point)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)
