"""The fast reader answers as feedparser does, field by field, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources import fast
from bot.sources.feed import _by_feedparser

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=40) | st.sampled_from(
    ["a & b", "<p>Two <b>towns</b></p>", "&lt;b&gt;", "&amp;nbsp;", "cafÃ©", " x ", "é", "\u200f", "“quoted”", ""]
)
LINKS = st.sampled_from(
    [
        "https://a.example/1",
        "http://a.example/x?a=1&b=2",
        "",
        "/relative",
        "not a link",
        "https://a.example/é",
        "//b.example/y",
        "http:///c",
    ]
)
DATES = st.sampled_from(
    ["Fri, 13 Jun 2014 09:00:00 GMT", "13 Jun 2014 09:00 +0300", "Fri, 13 Jun 2014 09:00:00 EST", "2014-06-13T09:00:00Z",
     "2014-06-13T09:00:00+03:00", "2014-06-13", "yesterday", "", "Thu, 31 Feb 2014 09:00:00 GMT", "Fri, 13 Jun 2014 09:00:00 +0000"]
)  # fmt: skip
ELEMENTS = """title link guid description content:encoded pubDate dc:date category dc:creator media:title source author
    itunes:summary atom:link""".split()


@st.composite
def rss(draw: st.DrawFn) -> bytes:
    items = []
    for _ in range(draw(st.integers(0, 4))):
        parts = []
        for tag in draw(st.lists(st.sampled_from(ELEMENTS), max_size=7)):
            value = draw(DATES if tag in ("pubDate", "dc:date") else LINKS if tag in ("link", "guid") else TEXT)
            extra = draw(st.sampled_from(["", ' isPermaLink="false"'])) if tag == "guid" else ""
            if tag == "atom:link":
                parts.append(
                    f'<atom:link href="{escape(draw(LINKS))}" rel="{draw(st.sampled_from(["self", "alternate"]))}"/>'
                )
            elif draw(st.booleans()) and "]]>" not in value:
                parts.append(f"<{tag}{extra}><![CDATA[{value}]]></{tag}>")
            else:
                parts.append(f"<{tag}{extra}>{escape(value)}</{tag}>")
        items.append(f"<item>{''.join(parts)}</item>")
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    )
    head = draw(st.sampled_from(["", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>\n']))
    language = draw(st.sampled_from(["", "<language>en-gb</language>"]))
    title = f"<title>{escape(draw(TEXT))}</title>"
    return f'{head}<rss version="2.0" {spaces}><channel>{title}{language}{"".join(items)}</channel></rss>'.encode()


@st.composite
def atom(draw: st.DrawFn) -> bytes:
    items = []
    for _ in range(draw(st.integers(0, 4))):
        parts = []
        for tag in draw(
            st.lists(
                st.sampled_from(["title", "id", "link", "summary", "content", "published", "updated", "author"]),
                max_size=7,
            )
        ):
            kind = draw(st.sampled_from(["", ' type="text"', ' type="html"', ' type="xhtml"']))
            if tag == "link":
                rel = draw(
                    st.sampled_from(["", ' rel="alternate"', ' rel="self"', ' rel="enclosure"', ' type="text/html"'])
                )
                parts.append(f'<link href="{escape(draw(LINKS))}"{rel}/>')
            elif tag == "author":
                parts.append(f"<author><name>{escape(draw(TEXT))}</name></author>")
            elif tag in ("published", "updated"):
                parts.append(f"<{tag}>{draw(DATES)}</{tag}>")
            elif tag == "id":
                parts.append(f"<id>{escape(draw(LINKS))}</id>")
            else:
                parts.append(f"<{tag}{kind}>{escape(draw(TEXT))}</{tag}>")
        items.append(f"<entry>{''.join(parts)}</entry>")
    own = draw(st.sampled_from(["", "<id>urn:x</id>", "<id>urn:x</id><updated>2014-06-13T09:00:00Z</updated>"]))
    own += f"<title>{escape(draw(TEXT))}</title>"
    return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">{own}{"".join(items)}</feed>'.encode()


@st.composite
def rdf(draw: st.DrawFn) -> bytes:
    items = []
    for _ in range(draw(st.integers(0, 4))):
        parts = []
        for tag in draw(
            st.lists(st.sampled_from(["title", "link", "description", "dc:date", "dc:creator"]), max_size=6)
        ):
            value = draw(DATES if tag == "dc:date" else LINKS if tag == "link" else TEXT)
            parts.append(f"<{tag}>{escape(value)}</{tag}>")
        about = f' rdf:about="{escape(draw(LINKS))}"' if draw(st.booleans()) else ""
        items.append(f"<item{about}>{''.join(parts)}</item>")
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    head = f"<channel><title>{escape(draw(TEXT))}</title><link>https://a.example/</link></channel>"
    return f"<rdf:RDF {spaces}>{head}{''.join(items)}</rdf:RDF>".encode()


def same(body: bytes) -> bool:
    """Whether the fast reader answered; it must then have answered as feedparser does."""
    quick = fast.read(body)
    if quick is None:
        return False
    slow = _by_feedparser(body, "")
    assert quick.title == slow.title
    assert quick.language == slow.language
    assert quick.entries == slow.entries
    return True


@given(rss())
@settings(max_examples=400, deadline=None)
def test_rss_as_feedparser_reads_it(body: bytes) -> None:
    same(body)


@given(atom())
@settings(max_examples=400, deadline=None)
def test_atom_as_feedparser_reads_it(body: bytes) -> None:
    same(body)


@given(rdf())
@settings(max_examples=400, deadline=None)
def test_rdf_as_feedparser_reads_it(body: bytes) -> None:
    same(body)


@given(rss(), st.sampled_from(["windows-1252", "iso-8859-1", "ISO-8859-1"]))
@settings(max_examples=300, deadline=None)
def test_western_charsets_as_feedparser_reads_them(body: bytes, charset: str) -> None:
    text = body.decode().removeprefix('<?xml version="1.0"?>').removeprefix('<?xml version="1.0" encoding="UTF-8"?>')
    same(f'<?xml version="1.0" encoding="{charset}"?>{text}'.encode(charset, "xmlcharrefreplace"))


def ordinary(items: int = 3) -> bytes:
    one = (
        "<item><title>Towns &amp; roads {0}</title><link>https://a.example/{0}</link><guid>https://a.example/{0}</guid>"
        "<pubDate>Fri, 13 Jun 2014 09:00:00 GMT</pubDate><dc:creator>Somebody</dc:creator><category>World</category>"
        "<description><![CDATA[<p>Two towns – “fell”.</p>]]></description></item>"
    )
    body = "".join(one.format(number) for number in range(items))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>Desk</title><language>en</language><ttl>60</ttl>{body}</channel></rss>"
    ).encode()


def test_an_ordinary_feed_takes_the_fast_way() -> None:
    assert same(ordinary())
    feed = fast.read(ordinary())
    assert feed is not None
    assert feed.entries[0].published == datetime(2014, 6, 13, 9, tzinfo=UTC)
    assert feed.ttl == 60


@pytest.mark.parametrize(
    "body",
    [
        ordinary().replace(b"UTF-8", b"windows-1251"),
        ordinary().replace(b"<rss", b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss"),
        ordinary().replace(b"</channel>", b""),
        ordinary().replace(b"<item>", b'<item xml:base="http://b.example/">', 1),
        b"\xff\xfe<\x00r\x00",
        b"",
    ],
)
def test_doubts_are_left_to_feedparser(body: bytes) -> None:
    assert fast.read(body) is None
