"""spaCy: sentences."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bot.model import Sentence


@lru_cache(maxsize=1)
def _sentencizer() -> Any:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.max_length = 20_000_000
    return nlp


def sentences(text: str) -> tuple[Sentence, ...]:
    found = []
    at = 0
    for paragraph in text.split("\n\n"):
        for sent in _sentencizer()(paragraph).sents:
            if sent.text.strip():
                found.append(Sentence(at + sent.start_char, at + sent.end_char))
        at += len(paragraph) + 2
    return tuple(found) or (Sentence(0, len(text)),)
