"""Names by how they sound: what stands of `Feodosia`, `Феодосии` and `Feodosya` when vowels and endings are gone.

It brings together names that no catalogue holds, across Latin, Cyrillic and Arabic letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from bot.stories import lexicon
from bot.text.fold import fold_key

# A capital behind a word or a comma: the first word of a sentence has one whatever it is.
_CAPITAL = re.compile(r"(?<=[\w,'’»)] )[A-ZÀ-ÞĀ-ŽА-ЯІЇЄҐ]\w{3,}")
_ARABIC = re.compile(r"[\u0620-\u06d3]{4,}")
_CYRILLIC = (
    "абвгґдежзийклмнопрстуфхцчшщіїєяюёыэьъ",
    "a b b g g d e s s i i k l m n o b r s t u f k s s s s i i e a u e i e _ _",
)
_ARABIC_LETTERS = (
    "ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگءآأإؤئ",
    "a b t t g h k d d r s s s s d t s a g f k k l m n h a a b s s g a a a a a a",
)
_LATIN = "pvcqxzj", "b b k k k s g"
_LETTERS = str.maketrans(
    {
        letter: sound
        for letters, heard in (_CYRILLIC, _ARABIC_LETTERS, _LATIN)
        for letter, sound in zip(letters, heard.split(), strict=True)
    }
)
_SOFT = re.compile(r"[aeiouyhw_]|ts(?=h)")
_DOUBLE = re.compile(r"(.)\1+")


def sounds(text: str) -> Iterator[str]:
    """The sounds of the words that are written like names; those with fewer than three consonants say too little."""
    found = _CAPITAL.findall(text)
    if not found:
        found = _ARABIC.findall(text)
    for word in found:
        sound = sound_of(word)
        if sound:
            yield sound


@lru_cache(maxsize=50_000)
def sound_of(word: str) -> str:
    """`~fds` for Feodosia; "" for a word that says too little."""
    folded = fold_key(word)
    if " " in folded or folded in lexicon.WEEKDAY or folded in lexicon.MONTH or folded in lexicon.EMPTY:
        return ""
    arabic = folded[:1] >= "\u0600"
    if arabic:
        for prefix in ("وال", "بال", "ال", "لل"):
            folded = folded.removeprefix(prefix)
    skeleton = _DOUBLE.sub(r"\1", _SOFT.sub("", folded.translate(_LETTERS)))
    return f"~{skeleton[:4]}" if len(skeleton) >= (4 if arabic else 3) else ""
