from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.discover import MOST, feed_links, looks_like_html

PAGE = "https://site.example/news/"


def head(*tags: str, body: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head>{''.join(tags)}</head><body>{body}</body></html>".encode()


def named(href: str, kind: str = "application/rss+xml", title: str = "News") -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}" title="{title}">'


@pytest.mark.parametrize(
    ("href", "found"),
    [
        ("feed.xml", "https://site.example/news/feed.xml"),
        ("/feed.xml?a=1&amp;b=2#top", "https://site.example/feed.xml?a=1&b=2"),
        ("//cdn.example/feed", "https://cdn.example/feed"),
        ("https://other.example/feed", "https://other.example/feed"),
    ],
)
def test_relative_links_are_resolved(href: str, found: str) -> None:
    assert feed_links(head(named(href)), PAGE) == [(found, "News")]


@pytest.mark.parametrize(
    "kind", ["application/rss+xml", "application/atom+xml; charset=utf-8", "Application/Feed+JSON"]
)
def test_each_kind_of_feed_is_found(kind: str) -> None:
    assert len(feed_links(head(named("/f", kind)), PAGE)) == 1


def test_the_base_of_a_page_is_honoured() -> None:
    page = head('<base href="https://base.example/a/">', named("feed"))
    assert feed_links(page, PAGE) == [("https://base.example/a/feed", "News")]
    assert feed_links(head('<base href="javascript:x">', named("feed")), PAGE)[0][0] == "https://site.example/news/feed"


def test_other_links_of_the_head_are_no_feeds() -> None:
    page = head(
        '<link rel="stylesheet" type="application/rss+xml" href="/a">',
        '<link rel="alternate" type="text/html" href="/b">',
        '<link rel="alternate" type="application/json" href="/wp-json/">',
        named("file:///etc/passwd"),
        named("javascript:alert(1)"),
        named(PAGE),
        named(""),
    )
    assert feed_links(page, PAGE) == []


def test_the_comments_of_a_blog_are_left_out_where_it_names_more() -> None:
    both = head(named("/feed/"), named("/comments/feed/"))
    assert [address for address, _ in feed_links(both, PAGE)] == ["https://site.example/feed/"]
    assert len(feed_links(head(named("/comments/feed/")), PAGE)) == 1


def test_links_in_the_text_are_the_second_choice() -> None:
    links = "".join(
        f'<a href="{href}">The <b>feed</b></a>'
        for href in ("/rss", "/atom/", "/news/feed", "/x.xml?a=1", "/feed.json", "/sitemap.xml", "/feedback", "/a.html")
    )
    paths = [address.removeprefix("https://site.example") for address, _ in feed_links(head(body=links), PAGE)]
    assert paths == ["/rss", "/atom/", "/news/feed", "/x.xml?a=1", "/feed.json"]
    assert feed_links(head(body=links), PAGE)[0][1] == "The feed"
    assert feed_links(head(named("/named"), body=links), PAGE) == [("https://site.example/named", "News")]


def test_a_link_is_named_once_and_there_are_twenty_at_most() -> None:
    assert len(feed_links(head(named("/a"), named("/a")), PAGE)) == 1
    assert len(feed_links(head(*(named(f"/{number}") for number in range(50))), PAGE)) == MOST


@given(st.binary(max_size=400))
def test_any_bytes_give_a_list(noise: bytes) -> None:
    page = head(named("/feed"))
    for data in (noise, page[:40] + noise + page[40:], page + noise):
        for address, _ in feed_links(data, PAGE):
            assert address.startswith(("http://", "https://"))


def test_a_hostile_page_ends() -> None:
    """Of such a size that anything worse than linear would take for ever."""
    for page in (b"<div>" * 500_000, b"<a href='/rss'>" * 200_000, b"<link " * 300_000, b"<base href='x'>" * 100_000):
        feed_links(page, PAGE)


def test_a_page_is_told_from_a_feed() -> None:
    assert looks_like_html(b"", "text/html; charset=utf-8")
    assert looks_like_html(b"  <!DOCTYPE HTML>", "")
    assert not looks_like_html(b"<?xml version='1.0'?><rss/>", "application/rss+xml")
