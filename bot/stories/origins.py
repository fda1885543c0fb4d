"""Who first reported it: the outlets that an article cites, as chains, and how many origins stand behind a story.

A name counts as cited where the words beside it say so: "told X", "X reported", "(X) -", "citing X", "нقلا" and its like in
other languages. Whom an article merely mentions is no origin.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.stories.outlets import Outlets, Spotted
from bot.text.fold import fold_key

MOST_CHAINS = 8
LONG_QUOTE = 11  # words from which a quoted span in two texts is one origin's
QUOTE_RUN, QUOTE_STEP = 8, 4  # runs of 8 words, the least of each 4 kept: any 11 common words share one
MOST_QUOTES = 48
COPIED_RUN = 10  # words that two writers do not put in the same order by themselves
MOST_PRINTS = 24  # the lowest: of two edited copies with a fifth in common, 199 of 200 share one
_NEAR = 100  # characters read on each side of a name

_GLUE = r"(?:the\s+|al-|l['’]|la\s+|le\s+|el\s+|der\s+|die\s+|dem\s+|государственн\w+\s+)?"
_KIND_BEFORE = (
    r"(?:(?:(?:state|local|opposition|semi-official|official|iranian|russian|turkish|israeli|hebrew|lebanese|syrian|pro-\w+)\s+)?"
    r"(?:news\s+)?(?:agency|website|outlet|newspaper|daily|channel|broadcaster|television|station|network|monitor|media|agence|journal|agencia|diario|агентств\w+|"
    r"телеканал\w*|издани\w+|газет\w+|агенці\w+|вид\w+|وكالة(?:\s+أنباء)?|صحيفة|قناة|موقع|شبكة|خبرگزاری|روزنامه|شبکه)\s+)?"
)
_BEFORE = re.compile(
    r"(?:"
    r"\b(?:told|tells?|telling|according\s+to|citing|cites?|cited|quoting|quoted?\s+by|cited\s+by|reported\s+by|carried\s+by|published\s+(?:by|in|on)|"
    r"broadcast\s+(?:by|on)|obtained\s+by|seen\s+by|reports?\s+(?:by|in|from|on)|reporting\s+by|report(?:ed)?\s+(?:by|in|on|from)|"
    r"interview\s+(?:with|to|by|in)|comments?\s+to|statements?\s+to|remarks?\s+to|speaking\s+to|spoke\s+to|said\s+to|wrote\s+(?:in|for)|writing\s+in|via|"
    r"(?:article|opinion|piece|investigation|op-ed|analysis)\s+(?:in|by|for|from|of)|learned\s+from|courtesy\s+of|source:|sources?\s+for|with\s+information\s+from|first\s+reported\s+by|"
    r"conveyed\s+by|c(?:o|a)mes?\s+from|relayed\s+by|monitored\s+by|as\s+per|says?)"
    r"|\b(?:selon|d['’]apr[eè]s|cit[ée]\w*\s+par|rapport[ée]\w*\s+par|citant|(?:dit|déclaré|indiqué|affirmé|confié|expliqué)(?:\s+\w+){0,4}\s+(?:à|au|aux))"
    r"|\b(?:según|citando\s+a?|citad\w+\s+por|(?:dijo|dijeron|declaró|explicó|aseguró|informó|informaron|confirmó)\s+(?:a|al|por)?)"
    r"|\b(?:segundo|citando|disse(?:ram)?\s+(?:à|ao))"
    r"|\b(?:laut|sagte[n]?(?:\s+\w+){0,3}|berichtet\s+(?:der|die|das)|unter\s+berufung\s+auf|gegenüber|nach\s+angaben\s+(?:von|der|des))"
    r"|(?:сообща\w+|сообщил\w*|переда[её]т|передал\w*|пишет|написал\w*|рассказал\w*|заявил\w*|со\s+ссылкой\s+на|по\s+данным|по\s+информации|цитирует)"
    r"|(?:повідомля\w+|повідомил\w*|передає|пише|розповів|розповіла|з\s+посиланням\s+на|за\s+даними|за\s+інформацією)"
    r"|(?:وفقا\s+ل|وفق|بحسب|حسب|نقلا\s+عن|نقلت|ذكرت|ذكر|أفادت|أفاد|أوردت|قالت|قال\s+ل|قالوا\s+ل|لـ|ل(?=وكالة|صحيفة|قناة|موقع)|عن|صرح\s+ل|أبلغ|كشفت)"
    r"|(?:به\s+گزارش|به\s+نقل\s+از|گزارش)"
    r")\s*" + _GLUE + _KIND_BEFORE + _GLUE + r"[“\"«'‘]?$",
    re.IGNORECASE,
)
_SAYS = (
    r"(?:reports?|reported|reporting|said|says|wrote|writes|quoted|quotes|cited|cites|claims|claimed|noted|notes|revealed|reveals|conveyed|broadcast|published|learned|"
    r"adds|added|announced|tells|carried|relayed|aired|detailed|found|counted|confirmed|put\s+the|estimates?|documented|recorded|learns|understands|"
    r"rapporte|rapportent|rapportait|écrit|indique|affirme|précise|annonce|informó|informa|reportó|publicó|señaló|aseguró|citó|"
    r"berichtet\w*|meldet\w*|schreibt|schrieb|zufolge|noticiou|informou|bildirdi|yazdı|aktardı|duyurdu|haberine|riferisce|scrive|"
    r"сообщ\w+|переда\w+|пишет|написал\w*|со\s+ссылкой|повідом\w+|пише|گزارش|نوشت|اعلام\s+کرد)"
)
_AFTER = re.compile(
    r"^(?:['’]s)?(?:\s+(?:news\s+agency|newspaper|television|tv|website|channel|agency|news|radio|daily|reporters?|correspondents?|magazine))?"
    r"(?:\s*\([^)]{1,40}\))?"
    r"(?:,[^;:\n]{3,60}?,)?"
    r"\s+(?:(?:has|had|have|also|first|earlier|later|separately|a|then|itself|previously|in\s+\w+|on\s+\w+|late\s+\w+|this\s+\w+|last\s+\w+|at\s+the\s+\w+|over\s+the\s+\w+)\s+){0,3}"
    + _SAYS
    + r"\b"
    r"|^(?:['’]s)?,?\s+(?:article|investigation|interview|report|account|exclusive|story)s?\b"
    r"|^,?\s*(?:citing|quoting|en\s+citant|citant|citando|со\s+ссылкой|نقلا\s+عن)\b"
    r"|^,\s+in\s+an?\s+(?:article|report|interview|piece|dispatch)\b"
    r"|^,[^.;:]{3,60}?\s" + _SAYS + r"\b"
    r"|^['’]e\s+(?:göre|konuşan)",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"^['’]s?\s+\w+\s+\w+\s+(?:explains|writes|reports|wrote|reported|notes)\b")
_AGENCY = (re.compile(r"[(/\[]\s*$"), re.compile(r"^(?:\s*/\s*\w+)?\s*[)/\]]"))
_DATELINE = re.compile(r"^[^\n]{0,60}$")
_CITING = re.compile(
    r"(?:citing|quoting|quoted|quotes|cited|cites|citant|citando\s+a?|unter\s+berufung\s+auf|со\s+ссылкой\s+на|з\s+посиланням\s+на|نقلا\s+عن|عن|به\s+نقل\s+از|via|reported\s+by|according\s+to)\s+[^.;]{0,40}$",
    re.IGNORECASE,
)
_OPENS = re.compile(
    r"^[^.\n]{0,60}\b(?:reports?|reported|writes|wrote|says|said)\s*:\s|^[^\n]{0,220}:\n"
)  # `Reuters reports: …`: what follows is Reuters' account
_SENTENCE_END = re.compile(r"[.!?。؟](?=[\s”\"»)]|$)|\n")
_QUOTED = re.compile(r"[“«„\"]([^“”«»„\"]{40,1200})[”»“\"]")
_WHO_KIND = (
    r"(?:officials?|sources?|officers?|spokes(?:man|woman|person)|diplomats?|witnesses|residents|medics?|police(?:man)?|commanders?|captain|"
    r"lawmakers?|activists?|clerics?|doctors?|ministers?|generals?|governor|mayor|villagers|locals|negotiators?|mediators?|envoy|chief|investigators|prosecutors)"
)
_WHO = re.compile(
    r"((?:(?:an?|two|three|several|some|one)\s+)?"
    r"(?:(?:senior|unnamed|anonymous|local|security|military|former|top|high-ranking|[A-Z][\w’'.-]+|police|army|hospital|medical|"
    r"intelligence|defen[cs]e|government|tribal|aid|rescue|U\.S\.|UN)\s+){0,4}"
    + _WHO_KIND
    + r"(?:\s+(?:in|from|of|at|close\s+to)\s+(?:the\s+)?[A-Z][\w’'-]+)?)"
    r"(?:,[^.;]{0,60},)?\s+(?:who\s+[^.;]{0,40}\s+)?(?:has\s+|have\s+|had\s+)?(?:told|tells?)\s+(?:the\s+)?$"
)
_WHO_CITED = re.compile(
    r"(?:according\s+to|citing|quoting|cited|said\s+by)\s+((?:(?:an?|two|three|several|some|unnamed|its)\s+)?(?:[\w’'.-]+\s+){0,4}?"
    + _WHO_KIND
    + r"(?:\s+(?:in|from|of|at)\s+(?:the\s+)?[A-Z][\w’'-]+)?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Chain:
    """Outlets from the one cited to the one it cites, as `Long War Journal, citing Jahan News`; and who spoke to the last."""

    outlets: tuple[str, ...]
    who: str = ""

    @property
    def origin(self) -> str:
        return self.outlets[-1]

    def __str__(self) -> str:
        said = ", citing ".join(self.outlets)
        return f"{self.who}, via {said}" if self.who else said


@dataclass(frozen=True, slots=True)
class Origins:
    """What an article says of where it has its news from. Without chains, its own outlet is the origin."""

    outlet: str
    chains: tuple[Chain, ...] = ()
    quotes: tuple[int, ...] = ()  # prints of long quoted spans, and of the text itself


@dataclass(frozen=True, slots=True)
class Sources:
    """Of a story: its outlets, and those among its origins that are independent of each other, each with its articles' number."""

    outlets: tuple[str, ...]
    origins: tuple[str, ...]


def origins_of(text: str, outlet: str, url: str | None, outlets: Outlets, links: Iterable[str] = ()) -> Origins:
    """The origins of one article; `links` are the addresses it leads to."""
    own = outlets.of(outlet, url)
    chains: list[Chain] = []
    lent: tuple[int, str] | None = None  # whose account we are reading, since where
    for spot in outlets.spotted(text):
        if not _is_cited(text, spot):
            continue
        chain = _chain(text, spot, chains, lent)
        if spot.outlet == own:
            continue
        if _OPENS.match(text[spot.end : spot.end + 220]):
            lent = spot.end, spot.outlet
        chains = _with(chains, chain)
    for link in links:
        cited = outlets.at(link)
        if cited and cited != own and not any(cited in chain.outlets for chain in chains):
            chains.append(Chain((cited,)))
    return Origins(own, tuple(chains[:MOST_CHAINS]), (*quote_prints(text), *text_prints(text)))


def _is_cited(text: str, spot: Spotted) -> bool:
    before = text[max(0, spot.start - _NEAR) : spot.start]
    after = text[spot.end : spot.end + _NEAR]
    if _AGENCY[0].search(before) and _AGENCY[1].match(after):
        return True
    if (
        re.match(r"^\s+[—–-]+\s", after)
        and _DATELINE.match(text[: spot.start].rpartition("\n")[2])
        and not before[-2:-1].isalnum()
    ):
        return True
    return bool(_BEFORE.search(before) or _AFTER.match(after) or _POSSESSIVE.match(after))


def _chain(text: str, spot: Spotted, chains: Sequence[Chain], lent: tuple[int, str] | None) -> Chain:
    before = text[max(0, spot.start - 160) : spot.start]
    sentence = _SENTENCE_END.split(before)[-1]
    who = _who(text, spot, before)
    if chains and _CITING.search(sentence):
        last = chains[-1].outlets[0]
        if last != spot.outlet and last.casefold() in text[max(0, spot.start - 160) : spot.start].casefold():
            return Chain((last, spot.outlet), who)
    if (
        lent
        and lent[1] != spot.outlet
        and not _OPENS.match(text[spot.end : spot.end + 120])
        and text.count("\n\n", lent[0], spot.start) <= 3
    ):
        return Chain((lent[1], spot.outlet), who)
    return Chain((spot.outlet,), who)


def _with(chains: list[Chain], chain: Chain) -> list[Chain]:
    """The chains with one more; a longer one takes the place of its own beginning, and one that is known adds who spoke."""
    for place, known in enumerate(chains):
        if known.outlets[0] == chain.outlets[0] and known.outlets == chain.outlets[: len(known.outlets)]:
            return [*chains[:place], Chain(chain.outlets, known.who or chain.who), *chains[place + 1 :]]
        if known.origin == chain.origin or (len(chain.outlets) == 1 and chain.origin in known.outlets):
            return [*chains[:place], Chain(known.outlets, known.who or chain.who), *chains[place + 1 :]]
    return [*chains, chain]


def _who(text: str, spot: Spotted, before: str) -> str:
    found = _WHO.search(before)
    if not found:
        sentence = _SENTENCE_END.split(text[spot.end : spot.end + 160])[0]
        found = _WHO_CITED.search(sentence)
    return re.sub(r"^(?:an?|its|some|one)\s+", "", found[1].strip()) if found else ""


def quote_prints(text: str) -> tuple[int, ...]:
    """Numbers for the long quoted spans of a text: two texts with a long quote in common share one, even where one cuts it short."""
    prints: set[int] = set()
    for match in _QUOTED.finditer(text):
        words = fold_key(match[1]).split()
        if len(words) < LONG_QUOTE:
            continue
        runs = [zlib.crc32(" ".join(words[at : at + QUOTE_RUN]).encode()) for at in range(len(words) - QUOTE_RUN + 1)]
        prints.update(min(runs[at : at + QUOTE_STEP]) for at in range(max(1, len(runs) - QUOTE_STEP + 1)))
    return tuple(sorted(prints)[:MOST_QUOTES])


def text_prints(text: str) -> tuple[int, ...]:
    """Numbers for a sample of a text's word runs: two texts that share one have copied it, from each other or from a third."""
    words = fold_key(text).split()
    runs = {zlib.crc32(" ".join(words[at : at + COPIED_RUN]).encode()) for at in range(len(words) - COPIED_RUN + 1)}
    return tuple(sorted(runs)[:MOST_PRINTS])


def behind(articles: Sequence[Origins]) -> Sources:
    """Articles of one story → its outlets and independent origins.

    Two articles depend on each other where they share an outlet, cited or their own, a long quote, or the text itself.
    """
    groups: list[tuple[set[object], list[Origins]]] = []
    for article in articles:
        keys: set[object] = {
            article.outlet,
            *article.quotes,
            *(name for chain in article.chains for name in chain.outlets),
        }
        together = [article]
        apart = []
        for others, members in groups:
            if keys & others:
                keys |= others
                together = [*members, *together]
            else:
                apart.append((others, members))
        groups = [*apart, (keys, together)]
    outlets = tuple(dict.fromkeys(article.outlet for article in articles))
    order = {id(article): place for place, article in enumerate(articles)}
    groups.sort(key=lambda group: min(order[id(article)] for article in group[1]))
    return Sources(outlets, tuple(_label(members) for _, members in groups))


def _label(members: Sequence[Origins]) -> str:
    """Where most of the articles have it from."""
    tally: Counter[str] = Counter()
    for article in members:
        tally.update({chain.origin for chain in article.chains} or {article.outlet})
    most = max(tally.values())
    first = next(
        name
        for article in members
        for name in ([chain.origin for chain in article.chains] or [article.outlet])
        if tally[name] == most
    )
    who = {chain.who for article in members for chain in article.chains if chain.origin == first and chain.who}
    return f"{min(who)}, via {first}" if len(who) == 1 and len(members) == 1 else first


def said(sources: Sources, articles: Sequence[Origins]) -> str:
    """`4 outlets · 1 origin (Daily Beast)`, `3 outlets · 3 independent`, `1 outlet (X), citing Y`."""
    if len(sources.outlets) == 1:
        cited = next((str(chain) for article in articles for chain in article.chains), "")
        return f"1 outlet ({sources.outlets[0]})" + (f", citing {cited}" if cited else "")
    outlets = f"{len(sources.outlets)} outlets"
    if len(sources.origins) == 1:
        return f"{outlets} · 1 origin ({sources.origins[0]})"
    if len(sources.origins) == len(sources.outlets):
        return f"{outlets} · {len(sources.origins)} independent"
    named = "; ".join(sources.origins[:3]) + (" …" if len(sources.origins) > 3 else "")
    return f"{outlets} · {len(sources.origins)} origins ({named})"


def to_data(origins: Origins) -> dict[str, Any]:
    """As the database keeps it."""
    return {
        "outlet": origins.outlet,
        "chains": [{"outlets": list(chain.outlets), "who": chain.who} for chain in origins.chains],
        "quotes": list(origins.quotes),
    }


def from_data(data: Mapping[str, Any] | None, outlet: str) -> Origins:
    """Back from the database; an article from before origins were kept is its outlet's own."""
    if not data:
        return Origins(outlet)
    chains = tuple(Chain(tuple(chain["outlets"]), chain["who"]) for chain in data["chains"])
    return Origins(data["outlet"], chains, tuple(data["quotes"]))
