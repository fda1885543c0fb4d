"""Feeds in the shapes of real ones, made from words: the same every time."""

from __future__ import annotations

import html
import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

_WORDS = (
    "the of and in to a on that for with by from was said were has after over their troops road town market river "
    "ministry governor talks border convoy militia checkpoint airport residents night Monday Friday north village "
    "Samarra Tikrit Sévaré Gao Bangassou Kéno Mosul Jos Plateau ceasefire water shelter prices police brigade “we” — "
    "Zürich naïve council president’s election reports aid agencies witness spokesman denied retreat fuel bridge"
).split()
_XML = '<?xml version="1.0" encoding="{0}"?>\n'
_RSS = (
    _XML + '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{1}</title><link>https://{2}.example/</link>'
    "<description>News</description><language>en-US</language>{3}</channel></rss>"
)
_ATOM = (
    _XML + '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>{1}</title>'
    "<id>https://{2}.example/</id><updated>2026-02-28T10:00:00Z</updated>{3}</feed>"
)
_RDF = (
    _XML + '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://{2}.example/"><title>{1}</title>'
    "<link>https://{2}.example/</link><description>News</description></channel>{3}</rdf:RDF>"
)
START = datetime(2026, 2, 28, 10, tzinfo=UTC)
UNUSUAL = 4  # the last of `feeds`: RDF, Windows-1252, broken
Item = Callable[[random.Random, str, int], str]


def feeds() -> list[bytes]:
    """80 feeds of 5 to 300 kB: 31 RSS with whole texts, 27 with summaries, 18 Atom, 2 RDF, one Windows-1252, one broken."""
    chance = random.Random(80)
    kinds = ["whole"] * 31 + ["summary"] * 27 + ["atom"] * 18 + ["rdf"] * 2 + ["1252", "broken"]
    sizes = [int(math.exp(chance.uniform(math.log(5_000), math.log(300_000)))) for _ in kinds]
    return [feed(kind, size, number) for number, (kind, size) in enumerate(zip(kinds, sizes, strict=True))]


def feed(kind: str, size: int, number: int = 0) -> bytes:
    """One feed of about `size` bytes."""
    chance = random.Random(number)
    shape, item = _SHAPES[kind]
    site = f"desk{number}"
    items: list[str] = []
    while sum(map(len, items)) < size:
        items.append(item(chance, site, len(items)))
    encoding = "windows-1252" if kind == "1252" else "utf-8"
    text = shape.format(encoding, f"Desk {number}", site, "\n".join(items))
    if kind == "broken":
        text = text.replace("</title>", " &nbsp; AT&T</title>", 3).removesuffix("</channel></rss>")[:-20]
    return text.encode(encoding)


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(_WORDS, k=count))


def _markup(chance: random.Random, paragraphs: int) -> str:
    parts = []
    for _ in range(paragraphs):
        text = html.escape(_words(chance, chance.randrange(30, 90)), quote=False)
        parts.append(f'<p>{text} <a href="https://example.org/{chance.randrange(9999)}">{_words(chance, 3)}</a>.</p>')
    image = f'<img src="https://example.org/{chance.randrange(9999)}.jpg" width="600" height="400" alt="">'
    return image + "\n".join(parts)


def _rss_item(chance: random.Random, site: str, number: int, body: str) -> str:
    link = f"https://{site}.example/2026/02/{number}-{chance.randrange(10**6)}"
    when = format_datetime(START - timedelta(minutes=37 * number))
    return (
        f"<item><title>{_words(chance, 9).title()}</title><link>{link}</link><dc:creator><![CDATA[Desk]]></dc:creator>"
        f"<pubDate>{when}</pubDate><category><![CDATA[World]]></category>"
        f'<guid isPermaLink="false">https://{site}.example/?p={number}</guid>{body}</item>'
    )


def _whole(chance: random.Random, site: str, number: int) -> str:
    summary = f"<description><![CDATA[{_words(chance, 40)} &#8230;]]></description>"
    whole = f"<content:encoded><![CDATA[{_markup(chance, chance.randrange(4, 14))}]]></content:encoded>"
    return _rss_item(chance, site, number, summary + whole)


def _summary(chance: random.Random, site: str, number: int) -> str:
    return _rss_item(chance, site, number, f"<description><![CDATA[{_markup(chance, 1)}]]></description>")


def _atom(chance: random.Random, site: str, number: int) -> str:
    when = (START - timedelta(minutes=37 * number)).isoformat()
    return (
        f'<entry><title>{_words(chance, 9).title()}</title><link rel="alternate" href="https://{site}.example/{number}"/>'
        f"<id>tag:{site}.example,2026:{number}</id><published>{when}</published><updated>{when}</updated>"
        f"<author><name>Desk</name></author>"
        f'<content type="html">{html.escape(_markup(chance, chance.randrange(1, 10)))}</content></entry>'
    )


def _rdf(chance: random.Random, site: str, number: int) -> str:
    link = f"https://{site}.example/{number}"
    when = (START - timedelta(minutes=37 * number)).isoformat()
    return (
        f'<item rdf:about="{link}"><title>{_words(chance, 9).title()}</title><link>{link}</link>'
        f"<description>{html.escape(_markup(chance, 1))}</description><dc:date>{when}</dc:date></item>"
    )


_SHAPES: dict[str, tuple[str, Item]] = {
    "whole": (_RSS, _whole),
    "summary": (_RSS, _summary),
    "atom": (_ATOM, _atom),
    "rdf": (_RDF, _rdf),
    "1252": (_RSS, _summary),
    "broken": (_RSS, _summary),
}
