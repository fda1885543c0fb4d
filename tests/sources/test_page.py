from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.sources import parsing
from bot.sources.page import completed, extract, is_teaser
from bot.sources.parsing import Parsers

SENTENCE = "Fighters of the Quds Force entered the northern quarter of Samarra before dawn on Tuesday, officials said."
LONG = " ".join([SENTENCE] * 5)


def page(*paragraphs: str) -> bytes:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        '<!doctype html><html><head><meta charset="utf-8"><title>Desk</title><script>var Basra = 1</script></head><body>'
        '<nav><ul><li><a href="/">Home</a></li><li><a href="/mosul">Mosul</a></li></ul></nav>'
        f"<article><h1>Samarra</h1>{text}</article>"
        '<section id="comments"><div class="comment"><p>I do not believe a word about Kirkuk, said a reader here.</p></div></section>'
        "<footer><p>Copyright Desk, Erbil.</p></footer></body></html>"
    ).encode()


@pytest.fixture(scope="module")
def parsers() -> Iterator[Parsers]:
    opened = Parsers(children=1)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "body",
    [
        "",
        SENTENCE,
        f"Samarra falls {SENTENCE}",
        f"{LONG} …",
        f"{LONG} [...]",
        f"{LONG} [&hellip;]".replace("&hellip;", "…"),
        f"{LONG} [+2314 chars]",
        f"{LONG}\nRead more",
        f"{LONG} Read more »",
        f"{LONG} Continue reading on Desk News.",
        f"{LONG} Read the full story here",
        f"{LONG} Weiterlesen",
        f"{LONG} اقرأ المزيد",
        f"{LONG} […]\n\nThe post Samarra falls appeared first on Desk.",
        "今日凌晨圣城旅进入萨迈拉北区。",
    ],
)
def test_a_beginning_is_a_teaser(body: str) -> None:
    assert is_teaser("Samarra falls", body)


@pytest.mark.parametrize(
    "body",
    [
        LONG,
        f"{LONG} He asked for more.",
        f"{LONG}\n\nThe post Samarra falls appeared first on Desk.",
        "今日凌晨圣城旅进入萨迈拉北区，" * 60,
    ],
)
def test_a_whole_text_is_none(body: str) -> None:
    assert not is_teaser("Samarra falls", body)


def test_the_title_over_again_is_no_text() -> None:
    title = " ".join(["Samarra"] * 70)
    assert is_teaser(title, f"{title}\n{SENTENCE}")


def test_the_article_is_taken_and_the_rest_left() -> None:
    found = extract(
        page(SENTENCE, "A second column stood at Tikrit, forty kilometres away, and waited for orders."), ""
    )
    assert SENTENCE in found
    assert "Tikrit" in found
    for chrome in ("Mosul", "Basra", "Kirkuk", "Erbil"):
        assert chrome not in found


def test_a_page_in_an_old_arabic_encoding() -> None:
    text = "دخلت القوات العراقية مدينة سامراء صباح اليوم بعد معارك عنيفة استمرت ثلاثة أيام في محيط المدينة وحولها."
    body = page(text, text.replace("سامراء", "تكريت")).replace(b"utf-8", b"windows-1256")
    assert "سامراء" in extract(body.decode().encode("windows-1256"), "")


def test_what_the_feed_said_is_not_lost() -> None:
    teaser = "Fighters entered Samarra before dawn …"
    assert completed(teaser, LONG + " before dawn") == LONG + " before dawn", "the page says it too"
    wall = "Subscribe to Desk today for one euro a month and read on without limits on all of your devices. " * 3
    assert completed(teaser, wall) == f"{teaser}\n\n{wall}"
    assert completed(teaser, "") == ""
    assert completed("", "Please enable JavaScript and cookies to continue") == ""
    assert completed(LONG, SENTENCE * 2) == "", "less than the teaser"


async def test_a_child_reads_pages(parsers: Parsers) -> None:
    assert SENTENCE in await parsers.extract(
        page(SENTENCE, SENTENCE.replace("Samarra", "Tikrit")), "https://a.example/"
    )
    assert await parsers.extract(b"", "https://a.example/") == ""
    assert await parsers.extract(b"\x00\xff\xfe" * 999, "https://a.example/") == ""


@pytest.mark.parametrize(
    "hostile",
    [b"<div>" * 300_000, b"<p>" + b"<a href=x>y" * 400_000, b"<table>" * 2_000 + b"<tr><td>" * 50_000],
    ids=["deep", "links", "tables"],
)
async def test_a_hostile_page_costs_its_child_alone(hostile: bytes, parsers: Parsers) -> None:
    async with asyncio.timeout(parsing.WALL_SECONDS + 4):
        assert isinstance(await parsers.extract(hostile, "https://a.example/"), str)
    assert SENTENCE in await parsers.extract(
        page(SENTENCE, SENTENCE.replace("Samarra", "Tikrit")), "https://a.example/"
    )


async def test_reading_that_does_not_end_is_ended(parsers: Parsers) -> None:
    with pytest.raises(parsing._GONE):
        await asyncio.wrap_future(parsers._start(_never))
    assert SENTENCE in await parsers.extract(
        page(SENTENCE, SENTENCE.replace("Samarra", "Tikrit")), "https://a.example/"
    )


def _never() -> None:
    import signal

    signal.setitimer(signal.ITIMER_PROF, 0.2)
    while True:
        pass
