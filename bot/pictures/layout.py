"""Where labels go: beside their dot if there is room, on a leader line a little further off if not, or nowhere.

Pure: boxes in pixels come in and go out, so that a test can see that none covers another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NOTHING: Floats = np.empty((0, 2))

GAP = 5.0  # between a dot and its label
AIR = 2.0  # between two labels
NEIGHBOUR = 12.0  # pixels from a dot within which a label seems to belong to it
_REACH = (30.0, 52.0, 80.0, 115.0, 155.0)  # how far off a label on a leader line may stand
_DIRECTIONS = 16


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box, air: float = 0.0) -> bool:
        return (
            self.left < other.right + air
            and other.left < self.right + air
            and self.bottom < other.top + air
            and other.bottom < self.top + air
        )

    def within(self, other: Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.bottom >= other.bottom
            and self.top <= other.top
        )

    def crossed(self, a: tuple[float, float], b: tuple[float, float]) -> bool:
        """Whether the line from `a` to `b` runs through the box."""
        low, high = 0.0, 1.0
        for start, step, near, far in (
            (a[0], b[0] - a[0], self.left, self.right),
            (a[1], b[1] - a[1], self.bottom, self.top),
        ):
            if abs(step) < 1e-9:
                if not near < start < far:
                    return False
                continue
            enter, leave = sorted(((near - start) / step, (far - start) / step))
            low, high = max(low, enter), min(high, leave)
        return low < high


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    radius: float

    def under(self, box: Box) -> bool:
        """Whether the box covers any of the dot."""
        near_x = min(max(self.x, box.left), box.right)
        near_y = min(max(self.y, box.bottom), box.top)
        return hypot(self.x - near_x, self.y - near_y) < self.radius


@dataclass(frozen=True, slots=True)
class Wish:
    """A label of this size wants to stand at this dot."""

    dot: Dot
    width: float
    height: float


Segment = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Placed:
    """`number` is that of the wish; a leader runs from the edge of the dot to the box."""

    number: int
    box: Box
    leader: Segment | None = None


def place(
    wishes: Sequence[Wish],
    frame: Box,
    dots: Sequence[Dot] = (),
    taken: Sequence[Box] = (),
    *,
    leaders: bool = True,
    avoid: Floats = NOTHING,
) -> list[Placed]:
    """Earlier wishes choose first; a wish that finds no room is left out. Points to `avoid` are covered only where there is no choice.

    No box leaves the frame, covers another box or any dot, or is crossed by a leader; no two leaders cross.
    """
    boxes, lines, found = list(taken), list[Segment](), list[Placed]()
    everything = [*dots, *(wish.dot for wish in wishes)]
    waiting = []
    for number, wish in enumerate(wishes):
        free = [box for box in enumerate(_beside(wish)) if _free(box[1], frame, everything, boxes, lines)]
        others = [Dot(dot.x, dot.y, dot.radius + NEIGHBOUR) for dot in everything if dot != wish.dot]
        _, box = min(free, key=lambda item: item[0] + _cost(item[1], others, avoid), default=(0, None))
        if box:
            boxes.append(box)
            found.append(Placed(number, box))
        else:
            waiting.append(number)
    for number in waiting if leaders else ():
        for box, line in _further(wishes[number]):
            if _free(box, frame, everything, boxes, lines) and _clear(
                line, boxes, lines, everything, wishes[number].dot
            ):
                boxes.append(box)
                lines.append(line)
                found.append(Placed(number, box, line))
                break
    return sorted(found, key=lambda item: item.number)


def along(lines: Sequence[Segment | Floats], step: float = 8.0) -> Floats:
    """Points on lines, so near to one another that no label slips between them."""
    found = [NOTHING]
    for line in lines:
        ends = np.asarray(line, dtype=np.float64)
        found.append(ends)
        for number in np.flatnonzero(np.hypot(*np.diff(ends, axis=0).T) > step):
            a, b = ends[number], ends[number + 1]
            found.append(a + (b - a) * np.linspace(0, 1, int(hypot(*(b - a)) / step) + 1)[:, None])
    return np.vstack(found)


def _cost(box: Box, others: Sequence[Dot], avoid: Floats) -> int:
    """In steps down the list of places: one for each point covered, more for a dot so near that the label might be its own."""
    return _points_in(box, avoid) + 5 * sum(dot.under(box) for dot in others)


def _points_in(box: Box, points: Floats) -> int:
    x, y = points[:, 0], points[:, 1]
    return int(((x > box.left) & (x < box.right) & (y > box.bottom) & (y < box.top)).sum())


def _beside(wish: Wish) -> Iterator[Box]:
    """Right, left, above, below, then the corners."""
    dot, w, h = wish.dot, wish.width, wish.height
    off = dot.radius + GAP
    slant = dot.radius * 0.75 + GAP
    corners = [
        (dot.x + off, dot.y - h / 2),
        (dot.x - off - w, dot.y - h / 2),
        (dot.x - w / 2, dot.y + off),
        (dot.x - w / 2, dot.y - off - h),
        (dot.x + slant, dot.y + slant * 0.5),
        (dot.x + slant, dot.y - slant * 0.5 - h),
        (dot.x - slant - w, dot.y + slant * 0.5),
        (dot.x - slant - w, dot.y - slant * 0.5 - h),
    ]
    for left, bottom in corners:
        yield Box(left, bottom, left + w, bottom + h)


def _further(wish: Wish) -> Iterator[tuple[Box, Segment]]:
    dot, w, h = wish.dot, wish.width, wish.height
    for reach in _REACH:
        for step in range(_DIRECTIONS):
            angle = 2 * pi * step / _DIRECTIONS
            east, north = cos(angle), sin(angle)
            x, y = dot.x + east * (dot.radius + reach), dot.y + north * (dot.radius + reach)
            left = x if east > 0.3 else x - w if east < -0.3 else x - w / 2
            bottom = y if north > 0.3 else y - h if north < -0.3 else y - h / 2
            start = (dot.x + east * dot.radius, dot.y + north * dot.radius)
            yield Box(left, bottom, left + w, bottom + h), (start, (x, y))


def _free(box: Box, frame: Box, dots: Sequence[Dot], boxes: Sequence[Box], lines: Sequence[Segment]) -> bool:
    return (
        box.within(frame)
        and not any(box.meets(other, AIR) for other in boxes)
        and not any(dot.under(box) for dot in dots)
        and not any(box.crossed(*line) for line in lines)
    )


def _clear(line: Segment, boxes: Sequence[Box], lines: Sequence[Segment], dots: Sequence[Dot], own: Dot) -> bool:
    """A leader runs past every label, every other leader, and every dot but its own and those under it."""
    return (
        not any(box.crossed(*line) for box in boxes)
        and not any(_cross(line, other) for other in lines)
        and not any(
            _distance(dot, line) < dot.radius
            for dot in dots
            if hypot(dot.x - own.x, dot.y - own.y) > own.radius + dot.radius
        )
    )


def _cross(one: Segment, two: Segment) -> bool:
    def side(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = one, two
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _distance(dot: Dot, line: Segment) -> float:
    (x0, y0), (x1, y1) = line
    long = (x1 - x0) ** 2 + (y1 - y0) ** 2
    share = 0.0 if not long else max(0.0, min(1.0, ((dot.x - x0) * (x1 - x0) + (dot.y - y0) * (y1 - y0)) / long))
    return hypot(dot.x - x0 - share * (x1 - x0), dot.y - y0 - share * (y1 - y0))
