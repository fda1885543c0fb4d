"""The colours of pictures, one set for each mode, and the type they are set in.

One hue carries meaning: the accent, a vermilion that people who see red and green alike still tell from the blue of the rest.
What it marks is marked by its form, too: a ring round a dot, a bar that ends the row.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
from anyascii import anyascii
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, get_font

from bot.cards.picture import Mode, label


@dataclass(frozen=True, slots=True)
class Ink:
    ground: str  # behind charts, and the halo of labels there
    land: str
    water: str
    coast: str
    river: str
    border: str
    province: str
    text: str
    quiet: str
    faint: str  # rules, ties
    dot: str
    accent: str


INKS = {
    Mode.LIGHT: Ink(
        ground="#ffffff",
        land="#f6f4ee",
        water="#cfdee6",
        coast="#9db4c0",
        river="#b5cbd6",
        border="#8c877c",
        province="#dcd8cd",
        text="#1f2429",
        quiet="#666b71",
        faint="#d5d7da",
        dot="#2f5d83",
        accent="#d1431d",
    ),
    Mode.DARK: Ink(
        ground="#24272c",
        land="#2f343b",
        water="#1a1e24",
        coast="#566270",
        river="#3f4f5d",
        border="#868e98",
        province="#424952",
        text="#f3f2ee",
        quiet="#a9b0b8",
        faint="#454b53",
        dot="#8db9de",
        accent="#ff7f50",
    ),
}


@cache
def face(bold: bool = False) -> FontProperties:
    """The font by its file: what else is installed on a machine must not change a picture."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FontProperties(fname=str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name))


def shown(name: str, limit: int) -> str:
    """A name as one line that the font can show; letters it lacks are put in Latin ones."""
    font = get_font(str(face().get_file()))
    flat = label(name, limit)
    kept = "".join(char if char == " " or font.get_char_index(ord(char)) else f" {anyascii(char)}" for char in flat)
    return label(re.sub(r"\s+", " ", unicodedata.normalize("NFC", kept)), limit)


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, 72)  # type: ignore[no-untyped-call]


def wide(text: str, size: float, bold: bool = False) -> float:
    """How many pixels wide a text is."""
    prop = face(bold).copy()
    prop.set_size(size)
    size_of = _renderer().get_text_width_height_descent(text, prop, False)  # type: ignore[no-untyped-call]
    return float(size_of[0])
