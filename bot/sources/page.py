"""The page behind a feed's item: whether it is needed, the text in it, and how that text stands beside what the feed said.

Pure functions. `extract` is for a limited child (`bot.sources.parsing`): pages come from strangers.
"""

from __future__ import annotations

import re

from bot.text.fold import fold_key

TEASER_WORDS = 60  # a text of fewer words is a teaser
ARTICLE_WORDS = 25  # a page with fewer words is a notice: a wall, a consent form, an error
SAME = 0.8  # of the teaser's words stand in a text that says what the teaser says

_CUT = (
    r"…|\.\.\.|[\[(](?:…|\.\.\.|more|\+?\d+ chars)[\])]",
    r"(?:read|learn|see|view) (?:more|the (?:full|whole|rest|complete)\b.{0,40}|full (?:article|story|report|text))",
    r"(?:continue|keep) reading",
    r"(?:read more|(?:continue|keep) reading) (?:at|on|in|here)\b.{0,60}",
    r"lire la suite.{0,40}|leer más|seguir leyendo|weiterlesen|mehr lesen|leggi tutto|ler mais|devamını oku",
    r"читать (?:далее|полностью|дальше)|читати далі",
    r"[اإ]قر[أا] المزيد|ادامه مطلب|המשך קריאה",
)
_ENDS = re.compile(rf"(?:^|\W)(?:{'|'.join(_CUT)})[\s\W]*\Z", re.IGNORECASE)
_MARK = re.compile(r"(?:…|\.\.\.)[\s\W]*\Z")
_SYNDICATED = re.compile(r"\bthe post .{1,300} appeared first on .{1,100}\Z", re.IGNORECASE | re.DOTALL)
_END = 400  # characters of a text in which its ending is looked for


def is_teaser(title: str, body_text: str) -> bool:
    """Whether a feed gives only the beginning: few words beside the title, or an end that promises more."""
    body = " ".join(body_text.split())
    body = body.removeprefix(" ".join(title.split())).strip()
    start, end = body[:-_END], body[-_END:]
    end = _SYNDICATED.sub("", end).rstrip()
    if _words(start + end) < TEASER_WORDS:
        return True
    return _ENDS.search(end[-120:]) is not None


def extract(html: bytes, address: str) -> str:
    """The article in a page, as paragraphs without markup; empty where there is none. May raise whatever lxml raises."""
    import trafilatura

    found = trafilatura.extract(
        html, url=address, include_comments=False, include_tables=False, include_links=False, favor_precision=True
    )
    return "\n\n".join(line for line in (found or "").split("\n") if line.strip())


def completed(teaser: str, found: str) -> str:
    """The text to file for a teaser and what was found in its page; empty where the page adds nothing.

    A page that does not say what the teaser says (a paywall, another article) comes after it, never in its place:
    the words of the feed are not lost.
    """
    if _words(found) < ARTICLE_WORDS or len(found) <= len(teaser):
        return ""
    said, held = set(fold_key(_MARK.sub("", teaser)).split()), set(fold_key(found).split())
    return found if len(said & held) >= SAME * len(said) else f"{teaser}\n\n{found}"


def _words(text: str) -> int:
    """How many words; scripts without spaces between them are counted by their letters."""
    return max(len(text.split()), len(text) // 10)
