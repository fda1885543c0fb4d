from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import SourceError
from bot.sources.address import checked_address
from bot.sources.opml import MAX_FILE, MOST, Opml, OpmlFeed, group_path, load_opml, plain, read_opml, write_opml

ANY_TEXT = st.text(st.characters(), max_size=60)  # control characters and lone surrogates too


def outline(address: str, more: str = "") -> bytes:
    return f'<outline xmlUrl="{address}" {more}/>'.encode()


def opml(*inside: bytes, before: bytes = b"") -> bytes:
    return before + b"<opml version='2.0'><body>" + b"".join(inside) + b"</body></opml>"


def said(read: Opml) -> str:
    return " ".join(str(feed) for feed in read.feeds) + " ".join(map(str, read.faults))


def outcome(data: bytes) -> Opml | str:
    try:
        return read_opml(data)
    except SourceError as error:
        return f"{error} {error.next_step}"


@st.composite
def feeds(draw: st.DrawFn) -> OpmlFeed:
    path = draw(st.text("abcäπ中&<>\"'=?;% ]!#/-.", max_size=20))
    address = checked_address(f"https://site{draw(st.integers(0, 50))}.example/{path}")
    title = plain(draw(ANY_TEXT))
    return OpmlFeed(address, "" if title == plain(address) else title, group_path(draw(ANY_TEXT)))


@given(ANY_TEXT, st.lists(feeds(), max_size=12, unique_by=lambda feed: feed.address))
def test_what_is_written_is_read_back(title: str, listed: list[OpmlFeed]) -> None:
    read = read_opml(write_opml(title, listed)) if listed else Opml()
    assert read.faults == ()
    assert sorted(read.feeds, key=str) == sorted(listed, key=str)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_can_be_a_title_and_a_group(title: str, group: str, head: str) -> None:
    read = read_opml(write_opml(head, [OpmlFeed("https://a.example/", title, group)]))
    assert read.feeds == (OpmlFeed("https://a.example/", plain(title), group_path(group)),)


@given(st.lists(st.sampled_from("abc /\t"), max_size=900).map("".join))
def test_a_kept_group_stays_as_it_is(text: str) -> None:
    assert group_path(group_path(text)) == group_path(text)
    assert plain(plain(text)) == plain(text)


@settings(max_examples=200)
@example(b":", 1)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_end_in_a_list_or_a_sentence(noise: bytes, at: int) -> None:
    whole = opml(outline("https://a.example/", "text='A'"), before=b"<?xml version='1.0' encoding='utf-8'?>")
    for data in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        assert isinstance(outcome(data), Opml | str)


def test_groups_nest_and_keep_their_order() -> None:
    inner = b'<outline text="Africa">' + outline("https://b.example/", 'title="B"') + b"</outline>"
    data = opml(b'<outline text="Regional">', inner, outline("https://c.example/"), b"</outline>")
    assert read_opml(data).feeds == (
        OpmlFeed("https://b.example/", "B", "Regional / Africa"),
        OpmlFeed("https://c.example/", "", "Regional"),
    )


def test_a_feed_is_listed_once_and_under_any_spelling_of_its_attribute() -> None:
    data = opml(outline("https://A.example/"), outline("https://a.example/"), b'<outline xmlurl="https://b.example/"/>')
    assert [feed.address for feed in read_opml(data).feeds] == ["https://a.example/", "https://b.example/"]


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">
<!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;"><!ENTITY h "&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;">]>"""
FEED = b'<outline xmlUrl="https://a.example/" text="&h;"/>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_entities_that_grow_are_not_read(encoding: str) -> None:
    with pytest.raises(SourceError, match="declares entities"):
        read_opml(opml(FEED, before=LAUGHS).decode().encode(encoding))


@pytest.mark.parametrize(
    "before",
    [
        b'<!DOCTYPE opml [<!ENTITY h SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE opml [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        b"<!DOCTYPE opml [\n<!ENTITY h PUBLIC 'x' 'file:///etc/passwd'>\n]>",
        b'<!DOCTYPE a><!DOCTYPE opml [<!ENTITY h "word-of-the-entity">]>',
        b'<!DOCTYPE opml SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE opml PUBLIC "-//x//y" "http://127.0.0.1:9/x.dtd">',
        b"<!doctype opml>",
    ],
)
def test_no_entity_has_content(before: bytes) -> None:
    read = outcome(opml(FEED, before=before))
    if isinstance(read, Opml):
        assert [feed.address for feed in read.feeds] == ["https://a.example/"]
        assert "root:" not in said(read)
        assert "word-of" not in said(read)
    else:
        assert "declares entities" in read


def test_nothing_is_included(tmp_path: Path) -> None:
    (tmp_path / "other.opml").write_bytes(opml(outline("https://other.example/")))
    include = f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{(tmp_path / "other.opml").as_uri()}"/>'
    nested = f'<outline type="include" url="{(tmp_path / "other.opml").as_uri()}"/>'
    read = read_opml(opml(include.encode(), nested.encode(), outline("https://a.example/")))
    assert [feed.address for feed in read.feeds] == ["https://a.example/"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://10.1.2.3/feed", "http://[::1]/", "http://127.1/", "http://１２７.０.０.１/", "http://127。0。0。1/",
        "http://2130706433/", "http://0x7f.1/", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "https://a.example:22/",
        "file:///etc/passwd", "ftp://a.example/", "javascript:alert(1)", "https://user:pw@a.example/", "", "a.example/feed",
    ],
)  # fmt: skip
def test_an_address_that_is_never_fetched_is_named_with_the_reason(address: str) -> None:
    read = read_opml(opml(outline(address, 'text="Odd"'), outline("https://a.example/")))
    assert [feed.address for feed in read.feeds] == ["https://a.example/"]
    ((what, why),) = read.faults
    assert what
    assert why.endswith(".")


def test_a_private_feed_that_the_operator_allows_is_taken() -> None:
    data = opml(outline("http://127.0.0.1:8080/feed"), outline("http://127.0.0.1:8081/feed"))
    read = read_opml(data, allow=["127.0.0.1:8080"])
    assert [feed.address for feed in read.feeds] == ["http://127.0.0.1:8080/feed"]
    assert "8081" in read.faults[0][0]


@pytest.mark.parametrize(
    ("inside", "address", "title"),
    [
        (b'<outline xmlUrl="https://a.example/?x=1&y=2&copy=3" text="A"/>', "https://a.example/?x=1&y=2&copy=3", "A"),
        (b'<outline text="M&uuml;nchen &amp; &#x41;&#0;&#99999999;" xmlUrl="https://a.example/"/>', "https://a.example/", None),
        (b'<outline text="a<b" xmlUrl="https://a.example/">', "https://a.example/", "a<b"),
        (b'<outline text="A\x00\x0b" xmlUrl="https://a.example/"/><p>&nope;', "https://a.example/", "A"),
    ],
)  # fmt: skip
def test_an_ill_formed_list_is_read_as_far_as_it_goes(inside: bytes, address: str, title: str | None) -> None:
    (feed,) = read_opml(b"<opml><body>" + inside).feeds
    assert feed.address == address
    assert title is None or feed.title == title


def test_a_list_in_another_encoding_is_read() -> None:
    latin = opml(outline("https://a.example/", 'text="Zürich"'), before=b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert read_opml(latin.decode().encode("latin-1")).feeds[0].title == "Zürich"
    assert read_opml(latin.decode().encode("utf-16")).feeds[0].title == "Zürich"
    for name in (b"zlib", b"hex", b"utf-7", b"idna", b"utf-16", b"no-such"):
        assert read_opml(latin.replace(b"ISO-8859-1", name)).feeds[0].title == "Zürich", name


@pytest.mark.parametrize(
    "data", [b"", b"junk", b"<html><body>Hello</body></html>", b"<rss><channel/></rss>", b"\x00\x01"]
)
def test_what_is_no_list_is_said_so(data: bytes) -> None:
    with pytest.raises(SourceError, match="no OPML list"):
        read_opml(data)


def test_a_list_has_a_size() -> None:
    with pytest.raises(SourceError, match="larger than 5 MB"):
        read_opml(b" " * (MAX_FILE + 1))
    many = opml(*(outline(f"https://a{number}.example/") for number in range(MOST + 5)))
    read = read_opml(many)
    assert len(read.feeds) == MOST
    assert read.faults[0][0] == "5 more entries"


def test_deep_and_wide_lists_end() -> None:
    """Of such a size that anything worse than linear would take for ever."""
    long_name = b'<outline text="' + b"x" * 1_000_000 + b'">'
    read_opml(opml(long_name * 4 + outline("https://a.example/") * 1_000))
    read_opml(opml(b"<outline>" * 200_000))
    read_opml(opml(b"<outline/>" * 400_000))


def test_a_path_that_is_no_file_is_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.opml", Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(SourceError):
            load_opml(path)
