"""The grammar of the subscription language, and its faults as sentences that point at the place.

The parser makes a tree without recursion; how deep and how long a query may be is counted token by token, before the tree
is walked, so that a hostile one costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from bot.errors import UserError

if TYPE_CHECKING:
    from lark import Lark

MAX_TYPED = 1_000  # characters
MAX_STORED = 8_000  # the canonical text writes names in full
MAX_TERMS = 100
MAX_DEPTH = 20
EXAMPLE = "Type a name or a word: /subscribe Quds Force"

# Bare words are joined to names later, when the catalogue is asked; what stands behind a field may therefore be one word here.
GRAMMAR = r"""
start: any_of
any_of: all_of (_OR all_of)*
all_of: chain (_AND chain)*
chain: term+
?term: WORD | PHRASE | REGEX | none_of | group | field | reach | call
none_of: (_NOT | _MINUS) term
group: _LPAR any_of _RPAR
field: FIELD (WORD | PHRASE | REGEX)
reach: REACH (POINT | WORD+ | PHRASE) DISTANCE
call: _CALL (WORD | PHRASE) (_IF group)?

_OR.9: /OR(?![^\s()"“„«])/
_AND.9: /AND(?![^\s()"“„«])/
_NOT.9: /NOT(?![^\s()"“„«])/
_IF.9: /if(?=[\s(])/i
_CALL.8: /mention:/i
REACH.8: /(near|along):/i
FIELD.7: /[A-Za-z][A-Za-z_-]*:/
DISTANCE.6: /[-−+]?\d+(?:[.,]\d+)?\s*(?:km|kilomet(?:er|re)s?|mi|miles?|m|met(?:er|re)s?)(?!\w)/i
POINT.6: /[-−+]?\d+(?:\.\d+)?\s*,\s*[-−+]?\d+(?:\.\d+)?(?=\s)/
PHRASE: /"[^"]*"|“[^”"]*[”"]|„[^“”"]*[“”"]|«[^»]*»/
REGEX: /\/(?:\\.|[^\/\\\n])+\/i?(?![^\s()])/
WORD: /(?!(?:OR|AND|NOT)(?![^\s()"“„«]))[^\s()"“”„«»\/-][^\s()"“”„«»]*/
_MINUS: /-(?=\S)/
_LPAR: "("
_RPAR: ")"
%ignore /\s+/
%ignore /-(?=\s|$)/
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a query: a rule of the grammar with its parts, or a token with its text, that of a phrase without quotes."""

    kind: str
    text: str
    at: int  # characters from the start of the query
    parts: tuple[Piece, ...] = ()


class QueryFault(UserError):
    """A query that cannot be read; `at` is the place of the fault, in characters of the text as typed."""

    def __init__(self, sentence: str, next_step: str, text: str, at: int) -> None:
        super().__init__(f"{sentence} {_pointed(text, at)}", next_step)
        self.at = at


def pieces_of(text: str, most: int = MAX_TYPED) -> Piece:
    """The structure of a query. Raises `UserError` with the fix."""
    from lark import UnexpectedCharacters, UnexpectedToken

    if not text.strip():
        raise UserError("There is nothing to subscribe to yet.", EXAMPLE)
    if len(text) > most:
        raise UserError(f"The query is longer than {most:,} characters.", "Split it into several subscriptions.")
    steps = _parser().parse_interactive(text)
    opened: list[int] = []
    terms = 0
    last: Any = None
    try:
        for last in steps.iter_parse():
            at = last.start_pos or 0
            terms += last.type[0] != "_"
            if last.type == "_LPAR":
                opened.append(at)
            elif last.type == "_RPAR" and opened:
                opened.pop()
            if len(opened) > MAX_DEPTH:
                raise QueryFault(f"Parentheses stand more than {MAX_DEPTH} deep:", "Write it flatter.", text, at)
            if terms > MAX_TERMS and most == MAX_TYPED:
                sentence = f"The query has more than {MAX_TERMS} words and terms:"
                raise QueryFault(sentence, "Split it into several subscriptions.", text, at)
        tree = steps.feed_eof(last)  # type: ignore[no-untyped-call]
    except UnexpectedCharacters as error:
        raise _bad_character(text, error.pos_in_stream or 0) from None
    except UnexpectedToken as error:
        at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        raise _bad_token(text, error.token.type, at, error.expected, opened) from None
    return _piece(tree)


def _piece(item: Any) -> Piece:
    if isinstance(item, str):  # a token
        kind: str = item.type  # type: ignore[attr-defined]
        return Piece(kind, item[1:-1] if kind == "PHRASE" else str(item), item.start_pos or 0)  # type: ignore[attr-defined]
    parts = tuple(map(_piece, item.children))
    return Piece(item.data, "", parts[0].at, parts)


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="contextual")


def _bad_character(text: str, at: int) -> QueryFault:
    sign = text[at]
    if sign in '"“„«':
        return QueryFault("This quote is not closed:", 'Close it: "Quds Force"', text, at)
    if sign == "/":
        return QueryFault(
            "A pattern stands between two slashes, and this one is not closed:",
            r'Write it as /rocket (attack|fire)/, or put words with a slash in quotes: "and/or"',
            text,
            at,
        )
    return QueryFault(f"“{sign}” does not belong here:", 'Put names with odd signs in quotes: "Quds Force"', text, at)


def _bad_token(text: str, kind: str, at: int, expected: set[str], opened: list[int]) -> QueryFault:
    if "DISTANCE" in expected:
        return QueryFault("A name and a distance are needed here:", 'Write them as near:"Baquba" 40km', text, at)
    if kind == "_RPAR" and text[:at].count("(") <= text[:at].count(")"):
        return QueryFault("This parenthesis closes nothing:", "Take it out, or open one before it.", text, at)
    if kind == "$END" and "_RPAR" in expected and opened:
        return QueryFault(
            "This parenthesis is not closed:", "Close it with ) at the end of its words.", text, opened[-1]
        )
    before = text[:at].rstrip().rpartition(" ")[2]
    if before.endswith(":"):
        return QueryFault(f"Behind {before} a name or a word is missing:", f'Write it as {before}"…"', text, at)
    if before in ("AND", "OR", "NOT", "") or before.endswith("(") or kind in ("_AND", "_OR"):
        return QueryFault(
            "A word is missing beside AND, OR, NOT or a parenthesis:", 'Write it as "Quds Force" OR Samarra', text, at
        )
    return QueryFault("This cannot stand here:", 'Put names and phrases in quotes: "Quds Force"', text, at)


def _pointed(text: str, at: int) -> str:
    """The text round a place, with a mark before it: "… AND ▸naer:Baquba 40km (character 16)"."""
    start, end = max(0, at - 30), at + 30
    before = ("…" if start else "") + text[start:at]
    after = text[at:end] + ("…" if end < len(text) else "")
    return f"{' '.join((before + '▸' + after).split())} (character {at + 1})"
