"""Text from outside, made harmless to look at: no control characters, no direction tricks, no towers of marks."""

from __future__ import annotations

import unicodedata

MARKS = 3  # combining marks a letter may carry; real writing needs no more
_JOINERS = "\u200c\u200d"  # they shape Arabic, Persian and Indic words and stay between letters of those


def inert(text: str) -> str:
    """The same text without what a renderer could stumble over: C0 and C1 controls, format characters, surrogates."""
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in ("Mn", "Me"):
            marks += 1
            if marks > MARKS:
                continue
        else:
            marks = 0
        if char in "\n\t":
            kept.append(char)
        elif char in _JOINERS:
            if kept and kept[-1].isalpha() and ord(kept[-1]) >= 0x600:
                kept.append(char)
        elif category in ("Cc", "Cf", "Cs", "Co", "Cn"):
            continue
        elif category in ("Zl", "Zp"):
            kept.append(" ")
        else:
            kept.append(char)
    return "".join(kept)
