"""Folding: a text as lower-case bytes without marks, each run of other characters one space, and the way back."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_APOSTROPHES = "'’‘ʼʻʾʿ`´ʹ＇"
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}](?=[sS](?!\w))")
_DROPPED = set(_APOSTROPHES) | {"\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "ـ"}
_EXTRA = {
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ة": "ه",
}


@dataclass(frozen=True, slots=True)
class Folded:
    data: bytes  # begins and ends with a space
    origin: NDArray[np.int32]  # for each byte the code point of the text it came from


def _letter(char: str) -> str:
    if char in _DROPPED:
        return ""
    folded = "".join(c for c in unicodedata.normalize("NFKD", char.casefold()) if not unicodedata.combining(c))
    folded = "".join(_EXTRA.get(c, c) for c in folded)
    if not folded and unicodedata.combining(char):
        return ""
    return folded if folded and all(c.isalnum() for c in folded) else " "


def fold(text: str) -> Folded:
    text = _POSSESSIVE.sub(" ", text)
    data, origin = bytearray(b" "), [0]
    for index, char in enumerate(text):
        for byte in _letter(char).encode("utf-8", "replace"):
            if byte == 32 and data[-1] == 32:
                continue
            data.append(byte)
            origin.append(index)
    if data[-1] != 32:
        data.append(32)
        origin.append(len(text))
    return Folded(bytes(data), np.array(origin, dtype=np.int32))


def fold_key(text: str) -> str:
    return fold(text).data.decode("utf-8", "replace").strip()
