"""Where words stand in a text, whatever their case, marks and punctuation."""

from __future__ import annotations

from collections.abc import Iterator

from bot.text.fold import Folded, fold, fold_key


def find_words(text: str, words: str) -> list[tuple[int, int]]:
    """Spans of the text, in order, at which any of these words stands as a whole word."""
    folded = fold(text)
    return sorted({span for word in set(fold_key(words).split()) for span in _spans(folded, word)})


def find_phrase(text: str, phrase: str) -> list[tuple[int, int]]:
    """Spans of the text, in order, at which these folded words stand in a row, whole."""
    return list(_spans(fold(text), phrase)) if phrase else []


def _spans(folded: Folded, words: str) -> Iterator[tuple[int, int]]:
    needle = f" {words} ".encode()
    at = folded.data.find(needle)
    while at >= 0:
        yield folded.span(at, at + len(needle))
        at = folded.data.find(needle, at + len(needle) - 1)
