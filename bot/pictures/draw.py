"""A spec as a PNG: the same spec gives the same bytes. Slow, and greedy for the interpreter: `studio` calls it in a child."""

from __future__ import annotations

from dataclasses import astuple
from functools import cache
from io import BytesIO
from itertools import combinations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray
from PIL import Image

from bot.cards.picture import ActivitySpec, MapSpec, Mode, NetworkSpec, PictureSpec
from bot.pictures.charts import activity_figure, spark_figure
from bot.pictures.inks import INKS
from bot.pictures.maps import map_figure
from bot.pictures.network import network_figure

_SHADES = 3  # between two inks, for soft edges


def picture_png(spec: PictureSpec, mode: Mode) -> bytes:
    ink = INKS[Mode(mode)]
    match spec:
        case MapSpec():
            figure = map_figure(spec, ink)
        case ActivitySpec():
            figure = spark_figure(spec, ink) if spec.small else activity_figure(spec, ink)
        case NetworkSpec():
            figure = network_figure(spec, ink)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    few = _few_colours(pixels[:, :, :3], Mode(mode))
    out = BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def _few_colours(drawn: NDArray[np.uint8], mode: Mode) -> Image.Image:
    """Each pixel in the nearest colour of the palette."""
    palette = _palette(mode)
    packed = drawn.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    seen, where = np.unique(packed, return_inverse=True)
    colours = np.column_stack([seen >> 16, seen >> 8 & 255, seen & 255]).astype(np.int32)
    nearest = np.array([np.argmin(((palette - colour) ** 2).sum(axis=1)) for colour in colours], dtype=np.uint8)
    image = Image.fromarray(nearest[where].reshape(packed.shape), "P")
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image


@cache
def _palette(mode: Mode) -> NDArray[np.int32]:
    """Every ink, and the shades between each two: an adaptive palette would lose the one small dot that matters."""
    inks = np.array([list(bytes.fromhex(value[1:])) for value in sorted(set(astuple(INKS[mode])))], dtype=np.float64)
    shades = [
        one + (two - one) * step / (_SHADES + 1) for one, two in combinations(inks, 2) for step in range(1, _SHADES + 1)
    ]
    palette: NDArray[np.int32] = np.rint(np.vstack([inks, *shades])[:256]).astype(np.int32)
    return palette
