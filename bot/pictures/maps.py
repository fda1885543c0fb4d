"""Maps: sober ground, borders, water, and the places that the card speaks of."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.path import Path as Curve

from bot.cards.picture import MapSpec
from bot.pictures.canvas import sheet, write
from bot.pictures.inks import Ink, wide
from bot.pictures.outlines import Layer, Line, View, layer
from bot.pictures.plan import ALERT_RING, HEIGHT, SMALL_SIZE, TAIL_GAP, WIDTH, Label, Plan, plan

_PROVINCES_TO = 1_300.0  # km of height: on a larger map the lines of provinces are only noise
_LEAST_LAKE = 9.0  # pixels
_RIVER_RANKS = (
    (150.0, 10),
    (400.0, 9),
    (900.0, 7),
    (1_800.0, 6),
    (3_500.0, 4),
    (8_000.0, 2),
)  # height in km, smallest river


def map_figure(spec: MapSpec, ink: Ink) -> Figure:
    ready = plan(spec)
    figure, axes = sheet(WIDTH, HEIGHT, ink.water)
    _land(axes, ready.view, ink)
    _routes(axes, ready.view, spec, ink)
    if ready.ring is not None:
        _curve(axes, [ready.ring], ink.text, 2.0, dashes=(6, 5), order=5)
    _dots(axes, ready, ink)
    for label in ready.labels:
        _label(axes, label, ink)
    _scale(axes, ready, ink)
    return figure


def _land(axes: Axes, view: View, ink: Ink) -> None:
    land, lakes, rivers, borders = (layer(name) for name in ("land", "lakes", "rivers", "borders"))
    fine = 1.0 if view.height_km < 3_500 else 0.7 if view.height_km < 9_000 else 0.5  # lines thin out on large maps
    grounds = (ink.land, ink.water)  # a hole is water in land, and land in a lake
    rings = land.rings(view)
    _fill(axes, [line for _, line in rings], [grounds[land.ranks[i]] for i, _ in rings], 1)
    if view.height_km < _PROVINCES_TO:
        _curve(axes, [line for _, line in layer("provinces").lines(view)], ink.province, 1.6, order=2)
    least = next((rank for km, rank in _RIVER_RANKS if view.height_km <= km), 1)
    _curve(axes, [line for _, line in rivers.lines(view, least)], ink.river, 2.4 * fine, order=2.5)
    rings = [(i, line) for i, line in lakes.rings(view) if lakes.broad(i, view) > _LEAST_LAKE]
    _fill(axes, [line for _, line in rings], [grounds[1 - lakes.ranks[i]] for i, _ in rings], 3)
    shores = [line for i, line in lakes.lines(view) if lakes.broad(i, view) > _LEAST_LAKE]
    _curve(axes, [*shores, *_coasts(land, view)], ink.coast, 1.6 * fine, order=3.5)
    found = borders.lines(view)
    _curve(axes, [line for i, line in found if not borders.ranks[i]], ink.border, 2.4 * fine, order=4)
    _curve(axes, [line for i, line in found if borders.ranks[i]], ink.border, 2.4 * fine, dashes=(4, 2.5), order=4)


def _coasts(land: Layer, view: View) -> list[Line]:
    """The rings of the land without their edges along the date line and the pole, where no sea begins."""
    seam, pole = view.xy(np.array([0.0, -89.9]), np.array([179.9999, 0.0]))
    lines: list[Line] = []
    for number, line in land.lines(view):
        west, east, south = land.low[number, 0], land.high[number, 0], land.low[number, 1]
        if west > -179.99 and east < 179.99 and south > -89.9:
            lines.append(line)
            continue
        on = (np.abs(line[:, 0] - seam[0]) < 1.0) | (line[:, 1] <= pole[1])
        cuts = np.flatnonzero(on[1:] & on[:-1]) + 1
        lines += [piece for piece in np.split(line, cuts) if len(piece) > 1]
    return lines


def _fill(axes: Axes, lines: list[Line], colours: list[str], order: float) -> None:
    """The thin edge closes the seam where land is cut at the date line."""
    shapes = PolyCollection(lines, facecolors=colours, edgecolors=colours, linewidths=0.6, zorder=order)
    axes.add_collection(shapes, autolim=False)


def _curve(
    axes: Axes, lines: list[Line], colour: str, width: float, *, dashes: tuple[float, ...] = (), order: float
) -> None:
    """Many lines as one path, which is drawn faster than many."""
    if not lines:
        return
    codes = np.full(sum(map(len, lines)), Curve.LINETO, dtype=Curve.code_type)
    codes[np.cumsum([0, *map(len, lines[:-1])])] = Curve.MOVETO
    path = Curve(np.vstack(lines), codes)
    strokes = PathCollection(
        [path],
        facecolors="none",
        edgecolors=colour,
        linewidths=width,
        linestyles=(0, dashes) if dashes else "solid",
        capstyle="butt" if dashes else "round",
        joinstyle="round",
        zorder=order,
    )
    axes.add_collection(strokes, autolim=False)


def _routes(axes: Axes, view: View, spec: MapSpec, ink: Ink) -> None:
    lines = [np.array([view.point(point) for point in route]) for route in spec.routes if len(route) > 1]
    _curve(axes, lines, ink.accent, 3.0, order=5)


def _dots(axes: Axes, ready: Plan, ink: Ink) -> None:
    for dot in ready.cities:
        axes.add_patch(
            Circle((dot.x, dot.y), dot.radius, facecolor=ink.land, edgecolor=ink.quiet, linewidth=2, zorder=6)
        )
    for place, dot in ready.dots:
        colour, ring = (ink.accent, ALERT_RING) if place.alert else (ink.dot, 0.0)
        disc = dot.radius - ring
        axes.add_patch(Circle((dot.x, dot.y), disc, facecolor=colour, edgecolor=ink.land, linewidth=1.8, zorder=7))
        if place.alert:
            axes.add_patch(Circle((dot.x, dot.y), dot.radius - 1, fill=False, edgecolor=colour, linewidth=2, zorder=7))


def _label(axes: Axes, label: Label, ink: Ink) -> None:
    if label.leader:
        (x0, y0), (x1, y1) = label.leader
        axes.plot([x0, x1], [y0, y1], color=ink.quiet, linewidth=1.6, zorder=6.5, solid_capstyle="round")
    colour = ink.text if label.kind in ("place", "alert") else ink.quiet
    bold = label.kind == "alert"
    if label.tail:  # first, so that its halo lies below the name
        x = label.box.left + wide(label.text, label.size, bold) + TAIL_GAP
        tone = ink.accent if bold else ink.quiet
        write(axes, x, label.box.bottom, label.tail, SMALL_SIZE, tone, halo=ink.land, line=label.size)
    write(axes, label.box.left, label.box.bottom, label.text, label.size, colour, bold=bold, halo=ink.land)


def _scale(axes: Axes, ready: Plan, ink: Ink) -> None:
    box, bar, text = ready.scale
    if not text:
        return
    y = box.bottom + 6
    axes.plot(
        [box.left, box.left, box.left + bar, box.left + bar],
        [y + 8, y, y, y + 8],
        color=ink.land,
        linewidth=6,
        zorder=8,
    )
    axes.plot(
        [box.left, box.left, box.left + bar, box.left + bar],
        [y + 8, y, y, y + 8],
        color=ink.quiet,
        linewidth=2,
        zorder=8,
    )
    write(axes, box.left, y + 9, text, SMALL_SIZE, ink.quiet, halo=ink.land)
