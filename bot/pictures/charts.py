"""What happened day by day: bars against the usual, and the same as a sparkline."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from bot.cards.picture import ActivitySpec, day
from bot.pictures.canvas import LEADING, sheet, write
from bot.pictures.inks import Ink, shown, wide

WIDTH, HEIGHT = 1200, 560
SPARK_WIDTH, SPARK_HEIGHT = 600, 120
_SIZE = 26.0
_MARGIN = 32.0
_FLOOR, _TOP = 84.0, 436.0  # pixels between which bars stand


def activity_figure(spec: ActivitySpec, ink: Ink) -> Figure:
    figure, axes = sheet(WIDTH, HEIGHT, ink.ground)
    values = [max(0, value) for value in spec.values]
    usual = max(0.0, spec.baseline) if spec.baseline is not None else None
    right = _MARGIN + 16 + wide(f"{values[-1] if values else 0:,}", _SIZE, True)
    left, end = _MARGIN, WIDTH - right
    axes.plot([left, end], [_FLOOR, _FLOOR], color=ink.faint, linewidth=2, zorder=2)
    said = f"usually {usual:,.1f} a day" if usual is not None else ""
    room = WIDTH - 2 * _MARGIN - (wide(said, _SIZE) + 90 if said else 0)
    title = shown(spec.label, 60)
    while title and wide(title, _SIZE + 4) > room:
        title = shown(title, len(title) - 1)
    write(axes, _MARGIN, HEIGHT - 64, title, _SIZE + 4, ink.text)
    if not values:
        write(axes, _MARGIN, _FLOOR + 40, "No days to show", _SIZE, ink.quiet)
        return figure
    scale = (_TOP - _FLOOR) / max(*values, usual or 0, 1)
    step = (end - left) / len(values)
    wide_bar = min(step * 0.78, 90.0) if step > 4 else step
    for number, value in enumerate(values):
        last = number == len(values) - 1
        x = left + (number + 0.5) * step - wide_bar / 2
        tall = max(value * scale, 3.0) if value else 0.0
        axes.add_patch(
            Rectangle(
                (x, _FLOOR), wide_bar, tall, facecolor=ink.accent if last else ink.dot, edgecolor="none", zorder=3
            )
        )
    if usual is not None:
        y = _FLOOR + usual * scale
        axes.plot([left, end], [y, y], color=ink.text, linewidth=2, linestyle=(0, (5, 4)), zorder=4)
        x = WIDTH - _MARGIN - wide(said, _SIZE)
        axes.plot([x - 66, x - 14], [HEIGHT - 47, HEIGHT - 47], color=ink.text, linewidth=2, linestyle=(0, (5, 4)))
        write(axes, x, HEIGHT - 62, said, _SIZE, ink.quiet)
    _values(axes, values, left, end, step, scale, ink)
    first, final = day(spec.first, year=spec.first.year != spec.last.year), day(spec.last)
    if len(values) > 1:
        write(axes, left, _FLOOR - 46, first, _SIZE, ink.quiet)
    write(axes, max(left, end - wide(final, _SIZE)), _FLOOR - 46, final, _SIZE, ink.quiet)
    return figure


def _values(axes: Axes, values: list[int], left: float, end: float, step: float, scale: float, ink: Ink) -> None:
    """The highest above its bar; the last to the right of its own, where nothing else stands."""
    high = values.index(max(values))
    if values[high] and high != len(values) - 1:
        text = f"{values[high]:,}"
        w = wide(text, _SIZE)
        x = min(max(left, left + (high + 0.5) * step - w / 2), end - w)
        write(axes, x, _FLOOR + values[high] * scale + 4, text, _SIZE, ink.text, halo=ink.ground)
    y = min(_TOP - _SIZE, max(_FLOOR, _FLOOR + values[-1] * scale - _SIZE * LEADING / 2))
    write(axes, end + 10, y, f"{values[-1]:,}", _SIZE, ink.accent, bold=True)


def spark_figure(spec: ActivitySpec, ink: Ink) -> Figure:
    figure, axes = sheet(SPARK_WIDTH, SPARK_HEIGHT, ink.ground)
    values = np.array([max(0, value) for value in spec.values] or [0], dtype=float)
    text = f"{int(values[-1]):,}"
    left, end, floor, top = 16.0, SPARK_WIDTH - 34 - wide(text, 30.0, True), 24.0, SPARK_HEIGHT - 24.0
    scale = (top - floor) / max(values.max(), spec.baseline or 0, 1)
    x = np.linspace(left, end, len(values)) if len(values) > 1 else np.array([end])
    y = floor + values * scale
    if spec.baseline is not None:
        usual = floor + max(0.0, spec.baseline) * scale
        axes.plot([left, end], [usual, usual], color=ink.quiet, linewidth=1.6, linestyle=(0, (5, 4)), zorder=2)
    axes.fill_between(x, floor, y, color=ink.dot, alpha=0.22, linewidth=0, zorder=1)
    axes.plot(x, y, color=ink.dot, linewidth=3, zorder=3, solid_joinstyle="round")
    axes.add_patch(Circle((x[-1], y[-1]), 7, facecolor=ink.accent, edgecolor=ink.ground, linewidth=2, zorder=4))
    write(axes, end + 18, min(top - 14, max(floor - 16, float(y[-1]) - 17)), text, 30.0, ink.accent, bold=True)
    return figure
