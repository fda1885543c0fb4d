from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import SourceError
from bot.sources.feed import parse_feed
from bot.sources.parsing import Parsers, parse_file

RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Desk</title>
<item><title>Towns fall</title><link>https://a.example/1</link><guid>g1</guid><pubDate>Fri, 13 Jun 2014 09:00:00 GMT</pubDate>
<description>&lt;p&gt;Two towns.&lt;/p&gt;</description></item>
<item><description>No title, no id, no date.</description></item></channel></rss>"""


def test_items_become_documents_dated_or_not() -> None:
    parsed = parse_feed(RSS, "https://a.example/feed")
    first, second = parsed.documents
    assert parsed.title == "Desk"
    assert (first.key, first.title, first.url) == ("g1", "Towns fall", "https://a.example/1")
    assert first.published == datetime(2014, 6, 13, 9, tzinfo=UTC)
    assert second.published is None
    assert second.key, "an item without id is known by its content"


def test_a_broken_feed_is_read_as_far_as_it_goes() -> None:
    assert (
        len(parse_feed(RSS.replace(b"</channel></rss>", b"<item><title>Cut"), "https://a.example/feed").documents) >= 2
    )


@pytest.mark.parametrize("body", [b"", b"<html><body>Hello</body></html>", b"\x00\x01", b"plain words"])
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(SourceError, match="no feed"):
        parse_feed(body, "https://a.example/feed")


def test_a_body_that_is_a_path_or_an_address_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(RSS)
    for body in (str(tmp_path / "feed.xml"), (tmp_path / "feed.xml").as_uri(), "http://127.0.0.1:9/feed"):
        with pytest.raises(SourceError):
            parse_feed(body.encode(), "https://a.example/feed")


def test_a_file_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(RSS)
    parsers = Parsers(children=1)
    try:
        row = parse_file(tmp_path / "feed.xml", parsers)
        assert (row["ok"], row["entries"], row["error_class"]) == (True, 2, None)
        assert parse_file(tmp_path / "none.xml", parsers)["error_class"] == "FileNotFoundError"
        assert parse_file(tmp_path, parsers)["error_class"] == "FileNotFoundError"
    finally:
        parsers.close()
