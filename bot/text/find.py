"""Where words stand in a text, whatever their case, marks and punctuation."""

from __future__ import annotations

from bot.text.fold import fold, fold_key


def find_words(text: str, words: str) -> list[tuple[int, int]]:
    """Spans of the text, in order, at which any of these words stands as a whole word."""
    folded = fold(text)
    spans = set()
    for word in set(fold_key(words).split()):
        needle = f" {word} ".encode()
        at = folded.data.find(needle)
        while at >= 0:
            spans.add(folded.span(at, at + len(needle)))
            at = folded.data.find(needle, at + len(needle) - 1)
    return sorted(spans)
