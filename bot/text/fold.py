"""Folding: any text as lower-case bytes without marks, where every run of other characters is one space.

That form makes whole-word search exact: a name is stored as ` name ` and found by a plain byte search, so
no match needs a second look at its borders. `origin` leads from each byte back to the code point of the
text it came from. All steps are numpy table look-ups over the whole text, not a loop over characters.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

APOSTROPHES = "'’‘‛ʼʻʽʾʿ`´ʹ＇ˈ\u05f3"
# Scripts written without spaces between words: each character is a token of its own.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # kana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xAA60, 0xAA7F),  # Myanmar, extended
    (0xAC00, 0xD7AF),  # Hangul: particles are joined to names
    (0xF900, 0xFAFF),
    (0x20000, 0x3134F),
)
# Marks of these scripts are accents; those of others (Devanagari, Myanmar …) are vowels and stay.
_ACCENTS = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED),
    (0x0730, 0x074A), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F),
)  # fmt: skip
_LETTERS = {
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ŋ": "n", "ħ": "h",
    "ŧ": "t", "ə": "e", "ɛ": "e", "ɔ": "o",
    "ى": "ي", "ی": "ي", "ې": "ي", "ک": "ك", "ڪ": "ك", "ة": "ه", "ۀ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه",
    "ٱ": "ا", "ً": "", "ـ": "",
    "ґ": "г",
}  # fmt: skip

_SPACE, _DROP, _APOSTROPHE, _WORD, _ALONE = range(5)
_TOP = 0x110000
_CLASS = np.zeros(_TOP, np.uint8)
_LENGTH = np.ones(_TOP, np.uint8)
_START = np.zeros(_TOP, np.uint32)
_READY = np.zeros(_TOP >> 8, bool)
# One byte a code point, for the common case: the folded byte itself, or one of these.
_BYTE = np.full(_TOP, 32, np.uint8)
_GONE, _QUOTE, _SEVERAL = 0, 1, 2
_flat = bytearray(b" ")
_FLAT = np.frombuffer(bytes(_flat), np.uint8)
_BEYOND_LATIN = re.compile("[^\x00-\xff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


@dataclass(frozen=True, slots=True)
class Folded:
    """`data` begins and ends with a space; `origin[i]` is the code point that byte `i` came from."""

    data: bytes
    origin: NDArray[np.int32]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text under the bytes from `start` to `end`, whose border spaces are left out."""
        return int(self.origin[start + 1]), int(self.origin[end - 2]) + 1


def fold(text: str) -> Folded:
    """Fold a whole text. Most of it is one byte a character; what is not is patched in, or takes the general way."""
    if "&" in text and _ENTITY.search(text):
        return _fold_several(_without_entities(text), len(text))
    raw = text.encode("latin-1", "replace")
    patched = bytearray(raw.translate(_latin_table()))
    if not text.isascii():
        # What Latin-1 lacks has become a question mark, which is never part of a word.
        marks = np.flatnonzero(np.frombuffer(raw, np.uint8) == 0x3F)
        if len(marks) * 16 > len(text) + 64:
            return _fold_several(_points(text), len(text))
        for place in marks.tolist():
            patched[place] = _byte(ord(text[place]))
        if _SEVERAL in patched:
            return _fold_several(_points(text), len(text))
    data = np.frombuffer(patched, np.uint8)
    if _QUOTE in patched:
        quotes = np.flatnonzero(data == _QUOTE)
        data[quotes] = 32
        inner = data if _GONE not in patched else np.where(data == _GONE, 32, data)
        data[quotes[_inside_a_word(inner, quotes)]] = _GONE
    if _GONE not in patched:
        return _single_spaced(data, None, len(text))
    kept = np.flatnonzero(data).astype(np.int32)
    return _single_spaced(data[kept], kept, len(text))


@lru_cache(maxsize=1)
def _latin_table() -> bytes:
    _prepare(np.arange(256, dtype=np.uint32))
    return _BYTE[:256].tobytes()


def _byte(point: int) -> int:
    if not _READY[point >> 8]:
        _prepare(np.array([point], np.uint32))
    return int(_BYTE[point])


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _fold_several(points: NDArray[np.uint32], length_of_text: int) -> Folded:
    """The general way: some code points fold to several bytes."""
    _prepare(points)
    kind = _CLASS[points]
    kept = np.flatnonzero(kind != _DROP)
    points, kind = points[kept], kind[kept]
    quotes = np.flatnonzero(kind == _APOSTROPHE)
    if len(quotes):
        # One byte stands for each word character here: enough to see where words end and which letter is an s.
        letters = np.where(kind == _SPACE, 32, np.where((points | 0x20) == 0x73, 0x73, 0x78)).astype(np.uint8)
        letters[quotes] = _QUOTE
        kind[quotes] = np.where(_inside_a_word(letters, quotes), _DROP, _SPACE)
        left = np.flatnonzero(kind != _DROP)
        kept, points, kind = kept[left], points[left], kind[left]
    space = kind == _SPACE
    length = np.where(space, 1, _LENGTH[points]).astype(np.int32)
    start = np.where(space, 0, _START[points]).astype(np.int32)
    ends = np.cumsum(length, dtype=np.int32)
    total = int(ends[-1]) if len(ends) else 0
    # Where each byte stands in the flat table: its code point's start, and how far into it the byte is.
    place = np.repeat(start - (ends - length), length) + np.arange(total, dtype=np.int32)
    return _single_spaced(_FLAT[place], np.repeat(kept.astype(np.int32), length), length_of_text)


def _single_spaced(data: NDArray[np.uint8], kept: NDArray[np.int32] | None, length: int) -> Folded:
    """Runs of spaces become one, and one stands at each end."""
    blank = data == 32
    if len(blank):
        again = blank[1:] & blank[:-1]
        first = 1 if blank[0] else 0
        if first or again.any():
            left = np.flatnonzero(np.concatenate(([not first], ~again))).astype(np.int32)
            data = data[left]
            kept = left if kept is None else kept[left]
    closed = len(data) > 0 and data[-1] == 32
    origin = np.empty(len(data) + (1 if closed else 2), np.int32)
    origin[0], origin[-1] = 0, length
    origin[1 : len(data) + 1] = np.arange(len(data)) if kept is None else kept
    return Folded(b" " + data.tobytes() + (b"" if closed else b" "), origin)


@lru_cache(maxsize=4096)
def fold_key(name: str) -> str:
    """The folded form of one name, without its border spaces."""
    return fold(name).data.decode("utf-8").strip()


def _inside_a_word(data: NDArray[np.uint8], quotes: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which apostrophes are letters of a name (Ba'quba).

    Before a possessive s, after a single letter (N'Djamena) and at a border they part words.
    """
    word = np.zeros(len(data) + 4, bool)
    word[2:-2] = data > 32
    at = quotes + 2
    following = data[np.minimum(quotes + 1, len(data) - 1)]
    possessive = (following == 0x73) & ~word[at + 2]
    inside: NDArray[np.bool_] = word[at - 1] & word[at + 1] & word[at - 2] & ~possessive
    return inside


def _without_entities(text: str) -> NDArray[np.uint32]:
    """`Ba&rsquo;quba`: the first place of a character reference holds its character, the others a soft hyphen, which folds to nothing."""
    changed = _points(text).copy()
    for match in _ENTITY.finditer(text):
        meant = html.unescape(match[0])
        if len(meant) == 1:
            changed[match.start() : match.end()] = 0xAD
            changed[match.start()] = ord(meant)
    return changed


def _prepare(points: NDArray[np.uint32]) -> None:
    """Fill the tables for the blocks of 256 code points that a text touches, the first time it does."""
    if not len(points):
        return
    seen = np.zeros(_TOP >> 8, bool)
    seen[points >> 8] = True
    missing = np.flatnonzero(seen & ~_READY)
    for block in missing:
        for point in range(int(block) << 8, (int(block) + 1) << 8):
            _fill(point)
    if len(missing):
        global _FLAT  # the flat array only ever grows
        _FLAT = np.frombuffer(bytes(_flat), np.uint8)
        _READY[missing] = True


def _fill(point: int) -> None:
    char = chr(point)
    folded = _folded(char)
    if char in APOSTROPHES:
        _CLASS[point] = _APOSTROPHE
    elif folded is None:
        _CLASS[point] = _SPACE
    elif not folded:
        _CLASS[point] = _DROP
    else:
        alone = any(low <= point <= high for low, high in _UNSPACED)
        _CLASS[point] = _ALONE if alone else _WORD
        part = (f" {folded} " if alone else folded).encode()
        _START[point], _LENGTH[point] = len(_flat), len(part)
        _flat.extend(part)
    if _CLASS[point] == _APOSTROPHE:
        _BYTE[point] = _QUOTE
    elif _CLASS[point] == _DROP:
        _BYTE[point] = _GONE
    elif _CLASS[point] != _SPACE:
        _BYTE[point] = part[0] if len(part) == 1 else _SEVERAL


def _folded(char: str) -> str | None:
    """What a character folds to: letters and digits, nothing (a mark), or None for what parts words."""
    point, category = ord(char), unicodedata.category(char)
    if category in ("Cs", "Cn", "Co"):
        return None
    if category == "Cf" or (category in ("Mn", "Me", "Sk", "Lm") and _is_accent(point, category)):
        return ""
    if 0xAC00 <= point <= 0xD7AF:
        return char
    plain = "".join(
        part
        for part in unicodedata.normalize("NFKD", char.casefold())
        if not _is_accent(ord(part), unicodedata.category(part))
    )
    plain = "".join(_LETTERS.get(part, part) for part in plain)
    if not plain:
        return ""
    digits = "".join(str(unicodedata.digit(part, part)) for part in plain)
    return (
        digits
        if all(unicodedata.category(part)[0] in "LN" or unicodedata.category(part) in ("Mn", "Mc") for part in digits)
        else None
    )


def _is_accent(point: int, category: str) -> bool:
    if category in ("Mn", "Me"):
        return any(low <= point <= high for low, high in _ACCENTS)
    return category == "Lm" and 0x2B0 <= point <= 0x2FF
