"""Folding: any text as lower-case bytes without marks, where every run of other characters is one space.

That form makes whole-word search exact: a name is stored as ` name ` and found by a plain byte search, so
no match needs a second look at its borders. `Folded.at` leads from each byte back to the code point of the
text it came from. All steps are numpy table look-ups over the whole text, not a loop over characters.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

APOSTROPHES = "'’‘‛ʼʻʽʾʿ`´ʹ＇ˈ\u05f3"
# Scripts written without spaces between words: each character is a token of its own.
_UNSPACED = (
    (0x001E, 0x001E),  # the record separator parts whatever stands on its sides
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

_SPACE, _DROP, _APOSTROPHE, _WORD = range(4)
_TOP = 0x110000
_CLASS = np.zeros(_TOP, np.uint8)
_LENGTH = np.ones(_TOP, np.uint8)
_START = np.zeros(_TOP, np.uint32)
_READY = np.zeros(_TOP >> 8, bool)
# One byte a code point, for the common case: the folded byte itself, or one of these.
_GONE, _QUOTE, _SEVERAL = 0, 1, 2
_BETWEEN = b" \x1e "  # between texts that are folded together; part of no name
_BYTE = np.full(_TOP, _SEVERAL, np.uint8)
_flat = bytearray(b" ")
_FLAT = np.frombuffer(bytes(_flat), np.uint8)
_JOINING = re.compile(f"[&{APOSTROPHES}]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Folded:
    """`data` begins and ends with a space; `at(i)` is the code point of the text that byte `i` came from."""

    __slots__ = ("_gone", "_marked", "_way", "data")

    def __init__(self, data: bytes, marked: bytearray | None, way: NDArray[np.intp] | None = None) -> None:
        self.data = data
        self._marked = marked  # one byte a code point between two spaces, nothing where one was left out
        self._gone: list[int] | None = None  # with `marked`: how many bytes of `data` stand before each one left out
        self._way: list[int] | None = (
            None if way is None else way.tolist()
        )  # without: for each byte of `data` where it came from

    def at(self, place: int) -> int:
        """Where in the text a byte came from."""
        if self._way is not None:
            return self._way[place]
        return place + bisect_right(self._left_out(), place) - 1

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the text under the bytes from `start` to `end`, whose border spaces are left out."""
        return self.at(start + 1), self.at(end - 2) + 1

    def spans(self, hits: Sequence[tuple[int, int, int]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """(starts, ends) of the spans under many hits.

        Where they stand close, one table of all places is cheaper than a search for each.
        """
        if self._marked is None or len(hits) * 100 < len(self.data):
            spans = [self.span(start, end) for start, end, _ in hits]
            return np.array([start for start, _ in spans], np.intp), np.array([end for _, end in spans], np.intp)
        way = np.flatnonzero(np.frombuffer(self._marked, np.uint8) != _GONE)
        starts, ends, _ = zip(*hits, strict=True)
        first = np.fromiter(starts, np.intp, len(hits))
        last = np.fromiter(ends, np.intp, len(hits))
        return way[first + 1] - 1, way[last - 2]

    def _left_out(self) -> list[int]:
        """Most texts hold no name that is looked for: the way back is found when somebody asks."""
        if self._gone is None:
            gone = np.flatnonzero(np.frombuffer(self._marked or b"", np.uint8) == _GONE)
            self._gone = (gone - np.arange(len(gone))).tolist()
        return self._gone


def fold(text: str) -> Folded:
    """Fold a whole text. Most texts are one byte a character; one that is not takes the general way."""
    marked = _marked(text)
    return _fold_several(text) if marked is None else _from_marked(marked)


def fold_all(texts: Sequence[str]) -> Iterator[tuple[Folded, Sequence[int], Sequence[int]]]:
    """Fold many texts at the price of a few: (folded, numbers of the texts in it, where each of them begins).

    Places in such a `Folded` count through all its texts. No name can reach from one text into the next.
    """
    together: list[bytes] = []
    numbers: list[int] = []
    starts: list[int] = []
    at = 0
    for number, text in enumerate(texts):
        marked = _marked(text)
        if marked is None:
            yield _fold_several(text), (number,), (0,)
            continue
        together.append(marked)
        numbers.append(number)
        starts.append(at)
        at += len(marked) + len(_BETWEEN)
    if together:
        yield _from_marked(_BETWEEN.join(together)), numbers, starts


def _marked(text: str) -> bytes | None:
    """One byte a code point: a folded letter, a space, or a quote; None for a text that needs more."""
    if "&" in text and _ENTITY.search(text):
        return None
    if text.isascii():
        marked = text.encode("ascii").translate(_latin_table())
        return None if _SEVERAL in marked else marked
    points = _points(text)
    marked = _BYTE.take(points).tobytes()
    if _SEVERAL in marked:
        _prepare(points)
        marked = _BYTE.take(points).tobytes()
    return None if _SEVERAL in marked or _GONE in marked else marked


def _from_marked(marked: bytes) -> Folded:
    """Settles the quotes, and leaves out the second of two spaces."""
    whole = bytearray(b" " + marked + b" ")
    letters = np.frombuffer(whole, np.uint8)
    if _QUOTE in marked:
        quotes = np.flatnonzero(letters == _QUOTE)
        letters[quotes] = np.where(_inside_a_word(letters, quotes), _GONE, 32)
    blank = letters == 32
    letters[1:][blank[1:] & blank[:-1]] = _GONE
    return Folded(bytes(whole.translate(None, b"\0")), whole)


@lru_cache(maxsize=1)
def _latin_table() -> bytes:
    _prepare(np.arange(256, dtype=np.uint32))
    return _BYTE[:256].tobytes()


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _fold_several(text: str) -> Folded:
    """The general way: some code points fold to several bytes, or to none."""
    points = _without_entities(text) if "&" in text else _points(text)
    _prepare(points)
    kind = _CLASS[points]
    kept = np.flatnonzero(kind != _DROP)
    points, kind = points[kept], kind[kept]
    quotes = np.flatnonzero(kind == _APOSTROPHE)
    if len(quotes):
        # One byte stands for each word character here: enough to see where words end and which letter is an s.
        letters = np.full(len(points) + 2, 32, np.uint8)
        letters[1:-1] = np.where(kind == _SPACE, 32, np.where((points | 0x20) == 0x73, 0x73, 0x78))
        letters[quotes + 1] = _QUOTE
        kind[quotes] = np.where(_inside_a_word(letters, quotes + 1), _DROP, _SPACE)
        left = np.flatnonzero(kind != _DROP)
        kept, points, kind = kept[left], points[left], kind[left]
    space = kind == _SPACE
    length = np.where(space, 1, _LENGTH[points]).astype(np.int32)
    start = np.where(space, 0, _START[points]).astype(np.int32)
    ends = np.cumsum(length, dtype=np.int32)
    total = int(ends[-1]) if len(ends) else 0
    # Where each byte stands in the flat table: its code point's start, and how far into it the byte is.
    place = np.repeat(start - (ends - length), length) + np.arange(total, dtype=np.int32)
    data, origin = _single_spaced(_FLAT[place], np.repeat(kept.astype(np.int32), length), len(text))
    return Folded(data, None, origin.astype(np.intp))


def _single_spaced(data: NDArray[np.uint8], kept: NDArray[np.int32], length: int) -> tuple[bytes, NDArray[np.int32]]:
    """Runs of spaces become one, and one stands at each end; (bytes, origin of each)."""
    if len(data):
        blank = data == 32
        left = np.flatnonzero(np.concatenate(([True], ~(blank[1:] & blank[:-1]))))
        data, kept = data[left], kept[left]
    if len(data) and data[0] == 32:
        data, kept = data[1:], kept[1:]
    if not len(data):
        return b" ", np.zeros(1, np.int32)
    closed = data[-1] == 32
    origin = np.empty(len(data) + (1 if closed else 2), np.int32)
    origin[0], origin[-1] = 0, length
    origin[1 : len(data) + 1] = kept
    return b" " + data.tobytes() + (b"" if closed else b" "), origin


@lru_cache(maxsize=4096)
def fold_key(name: str) -> str:
    """The folded form of one name, without its border spaces."""
    if not _JOINING.search(name):
        letters = "".join(map(_char, name))  # arrays have a price for a few letters
        return " ".join(part for part in letters.split(" ") if part)
    return fold(name).data.decode("utf-8").strip()


@cache
def _char(char: str) -> str:
    """What one character folds to, where no apostrophe is about; a space for what parts words."""
    folded = _folded(char)
    return " " if folded is None else "".join(f" {part} " if _stands_alone(part) else part for part in folded)


def _inside_a_word(letters: NDArray[np.uint8], quotes: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which apostrophes are letters of a name (Ba'quba); the text begins and ends with a space.

    Before a possessive s, after a single letter (N'Djamena) and at a border they part words.
    """
    following = letters[quotes + 1]
    possessive = (following == 0x73) & (letters[np.minimum(quotes + 2, len(letters) - 1)] <= 32)
    inside: NDArray[np.bool_] = (letters[quotes - 1] > 32) & (letters[quotes - 2] > 32) & (following > 32) & ~possessive
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
        _CLASS[point] = _WORD
        part = _char(char).encode()
        _START[point], _LENGTH[point] = len(_flat), len(part)
        _flat.extend(part)
    if _CLASS[point] == _APOSTROPHE:
        _BYTE[point] = _QUOTE
    elif _CLASS[point] == _DROP:
        _BYTE[point] = _GONE
    elif _CLASS[point] == _SPACE:
        _BYTE[point] = 32
    else:
        _BYTE[point] = part[0] if len(part) == 1 else _SEVERAL


def _folded(char: str) -> str | None:
    """What a character folds to: letters and digits, nothing (a mark), or None for what parts words."""
    point, category = ord(char), unicodedata.category(char)
    if category in ("Cs", "Cn", "Co"):
        return None
    if char == "\x1e":
        return char
    if category == "Cf" or (category in ("Mn", "Me", "Sk", "Lm") and _is_accent(point, category)):
        return ""
    if 0xAC00 <= point <= 0xD7AF:
        return char
    plain = "".join(
        part
        for part in _decomposed(_decomposed(char))  # twice: 𝐀 becomes a letter with case only then
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


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text.casefold())


def _stands_alone(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _UNSPACED)


def _is_accent(point: int, category: str) -> bool:
    if category in ("Mn", "Me"):
        return any(low <= point <= high for low, high in _ACCENTS)
    return category == "Lm" and 0x2B0 <= point <= 0x2FF
