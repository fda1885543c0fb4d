"""A query read: text in, `Query` out; every fault says where it is and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from re import fullmatch
from typing import Any

from bot.errors import UserError
from bot.model import Kind
from bot.rules.facts import Facts, Wording
from bot.rules.grammar import EXAMPLE, MAX_STORED, MAX_TYPED, Piece, QueryFault, pieces_of
from bot.rules.meaning import ENTITY_FIELDS, Meaning
from bot.rules.names import Names
from bot.rules.query import AllOf, AnyOf, Call, Condition, NoneOf, Options, Query
from bot.rules.terms import FromSource, InLanguage, OfKind, Pattern
from bot.rules.values import OPTIONS, clipped, language_of, option_of, pattern_of
from bot.text.inert import inert

KINDS = (*(kind.value for kind in Kind), "media")
FIELDS = (
    "actor", "place", "country", "within", "near", "along", "kind", "source", "outlet", "lang", "title", "text", "id", *OPTIONS,
    "mention",
)  # fmt: skip
_NOTHING = Facts(Wording(""))


def parse_query(text: str, names: Names, *, stored: bool = False) -> Query:
    """Read a query. Raises `UserError` with the fix.

    `stored` is for canonical texts: what has become ambiguous since is not asked about but means what it meant.
    """
    text = text if stored else inert(text)
    meaning = Meaning(text, names, stored)
    if stored and fullmatch('"[^"]+"', text):  # most are one name
        return Query(meaning.phrase(Piece("PHRASE", text[1:-1], 0)))
    reader = _Reader(meaning)
    condition = reader.any_of(pieces_of(text, MAX_STORED if stored else MAX_TYPED).parts[0], top=True)
    if condition is None:
        raise UserError("These are options without a query.", f"Say what to look for before them. {EXAMPLE}")
    if not stored and condition.fires(_NOTHING):
        raise UserError(
            "This would fire on nearly every article: it says only what to leave out.",
            "Add what to look for, such as kind:town before it.",
        )
    return Query(condition, reader.options())


class _Reader:
    """One walk over the pieces of a query. `top` tells where options may stand; None is what became of one."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._options: dict[str, Any] = {}
        self._calls: list[Call] = []

    def options(self) -> Options:
        return Options(**self._options, calls=tuple(self._calls))

    def any_of(self, piece: Piece, *, top: bool = False) -> Condition | None:
        parts = []
        for branch in piece.parts:
            terms = [term for chain in branch.parts for term in self._chain(chain.parts, top)]
            part = _flat(AllOf, terms)
            if part is None and (len(piece.parts) > 1 or not top):
                raise self._meaning.fault("There is nothing to look for here:", EXAMPLE, branch.at)
            parts += [part] if part else []
        return _flat(AnyOf, parts)

    def _chain(self, pieces: Sequence[Piece], top: bool) -> list[Condition]:
        """Terms side by side: bare words are joined to the longest names that the catalogue knows."""
        terms: list[Condition] = []
        at = 0
        while at < len(pieces):
            follow = list(takewhile(lambda piece: not _is_digest_only(piece), pieces[at + 1 :]))
            term, more = self._term(pieces[at], follow, top)
            terms += [term] if term else []
            at += 1 + more
        return terms

    def _term(self, piece: Piece, follow: Sequence[Piece], top: bool) -> tuple[Condition | None, int]:
        """(what a piece asks for, how many of the bare words behind it belong to it)."""
        if _is_digest_only(piece):
            self._set("digest_only", True, piece, top)
            return None, 0
        if piece.kind == "WORD":
            return self._meaning.bare(piece, follow)
        if piece.kind == "PHRASE":
            return self._meaning.phrase(piece), 0
        if piece.kind == "REGEX":
            return Pattern(self._meaning.value(pattern_of, piece)), 0
        if piece.kind == "field":
            return self._field(piece, follow, top)
        if piece.kind == "reach":
            return self._meaning.reach(piece), 0
        if piece.kind == "group":
            return self.any_of(piece.parts[0]), 0
        if piece.kind == "none_of":
            term, more = self._term(piece.parts[0], follow, False)
            if term is None:
                raise self._meaning.fault("A word is missing behind NOT:", "Write it as Samarra NOT Tikrit", piece.at)
            return (term.part if isinstance(term, NoneOf) else NoneOf(term)), more
        self._call(piece, top)
        return None, 0

    def _field(self, piece: Piece, follow: Sequence[Piece], top: bool) -> tuple[Condition | None, int]:
        head, value = piece.parts
        field = head.text[:-1].lower()
        if field in OPTIONS:
            option, chosen = self._meaning.value(partial(option_of, field), value)
            self._set(option, chosen, head, top)
            return None, 0
        if value.kind == "REGEX":
            if field != "title":
                fix = "Write it alone, as /rocket/, or as title:/rocket/"
                raise self._meaning.fault(f"A pattern cannot stand behind {field}:", fix, value.at)
            return Pattern(self._meaning.value(pattern_of, value), "title"), 0
        if field in ENTITY_FIELDS:
            return self._meaning.of_entity(field, value, follow)
        if field == "kind":
            if value.text.lower() not in KINDS:
                fix = f"The kinds are {', '.join(KINDS)}."
                raise self._meaning.fault(f"There is no kind “{clipped(value.text)}”:", fix, value.at)
            return OfKind(value.text.lower()), 0
        if field == "lang":
            return InLanguage(self._meaning.value(language_of, value)), 0
        if field == "source" and fullmatch("[0-9]{1,9}", value.text):
            return FromSource(int(value.text)), 0
        if field in ("title", "text", "source", "outlet"):
            return self._meaning.words(value, field), 0
        raise self._unknown(field, head)

    def _unknown(self, field: str, head: Piece) -> QueryFault:
        from rapidfuzz import process

        near = process.extractOne(field, FIELDS, score_cutoff=50)
        likely = f"Perhaps {near[0]}: is meant. " if near else ""
        fix = f"{likely}The fields are {', '.join(FIELDS)}; words with a colon go in quotes."
        return self._meaning.fault(f"There is no field “{clipped(field)}:”:", fix, head.at)

    def _set(self, option: str, value: Any, piece: Piece, top: bool) -> None:
        self._only_outside(piece, top)
        if self._options.setdefault(option, value) != value:
            raise self._meaning.fault("This option stands here twice:", "Keep one of the two.", piece.at)

    def _call(self, piece: Piece, top: bool) -> None:
        role, *only = piece.parts
        self._only_outside(role, top)
        written = " ".join(role.text.split())
        if not written:
            raise self._meaning.fault("A role is missing:", "Write it as mention:@duty", role.at)
        call = Call(written, self.any_of(only[0].parts[0]) if only else None)
        self._calls += [call] if call not in self._calls else []

    def _only_outside(self, piece: Piece, top: bool) -> None:
        if not top:
            fix = "Write it behind the query, outside parentheses and without NOT."
            raise self._meaning.fault("An option counts for the whole subscription:", fix, piece.at)


def _is_digest_only(piece: Piece) -> bool:
    return piece.kind == "WORD" and piece.text.lower() == "digest-only"


def _flat(kind: type[AllOf] | type[AnyOf], parts: list[Condition]) -> Condition | None:
    """Parts of the same kind are taken out of their parentheses, and each stands once."""
    flat: dict[Condition, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    if len(flat) > 1:
        return kind(tuple(flat))
    return next(iter(flat), None)
