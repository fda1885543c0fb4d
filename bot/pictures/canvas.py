"""A sheet to draw on, measured in pixels from its lower left corner, and text written on it as it is."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from bot.pictures.inks import face

LEADING = 1.16  # height of a line of text against its size
_FOOT = 0.26  # of the size: how far the letters' feet stand above the bottom of the line


def sheet(width: int, height: int, colour: str) -> tuple[Figure, Axes]:
    """At 72 dots an inch a point is a pixel, so type and lines are measured in pixels, too."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=colour)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    return figure, axes


def write(
    axes: Axes, x: float, bottom: float, text: str, size: float, colour: str, *, bold: bool = False, halo: str = "",
    line: float = 0.0,
) -> None:  # fmt: skip
    """One line of text in a box that begins at `x`, `bottom`; `line` is the size that sets the foot, where sizes are mixed."""
    axes.text(
        x,
        bottom + (line or size) * _FOOT,
        text,
        fontproperties=face(bold),
        fontsize=size,
        color=colour,
        parse_math=False,
        zorder=9,
        path_effects=[withStroke(linewidth=5, foreground=halo)] if halo else [],
    )
