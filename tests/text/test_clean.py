from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Document
from bot.text.clean import article_from, clean_text, content_hash, is_chrome

CHROME = [
    "• Print Friendly, PDF & Email",
    "Send to Kindle",
    "Facebooktwittermail",
    "[Continue reading…]",
    "Continue reading",
    "Read more",
    "[Photo: CNN / YouTube]",
    "Photo credit: somebody",
    "Please let us know if any comment of yours went missing.",
    "Share this article",
    "Sign up for our weekly newsletter",
    "Advertisement",
    "Related articles:",
    "12 comments",
    "The post Towns fall appeared first on Example News",
]
TEXT = [
    "Print workers in Mosul went on strike.",
    "He shared the photo with reporters.",
    "Officials read more into the statement than it said.",
    "Email traffic from the ministry stopped on Tuesday.",
    "Related attacks were reported in Samarra.",
    "Kindle the fire",
]


@pytest.mark.parametrize("line", CHROME)
def test_page_furniture_is_recognised(line: str) -> None:
    assert is_chrome(line)


@pytest.mark.parametrize("line", TEXT)
def test_sentences_are_not_furniture(line: str) -> None:
    assert not is_chrome(line)


def test_chrome_reaches_neither_title_nor_text() -> None:
    chrome = "MidEast\n\n  • Print Friendly, PDF & Email\n  • Send to Kindle\n\n"
    page = f"{chrome}Towns Fall East of Baghdad\n\nThe army left. [Continue reading…]\n\n[Photo: X / Y]"
    article = article_from(Document(key="a", title="", body=page), "desk")
    assert article.title == "Towns Fall East of Baghdad"
    assert article.text == "Towns Fall East of Baghdad\n\nThe army left."


def test_a_headline_repeated_in_the_body_stands_once() -> None:
    article = article_from(
        Document(key="a", title="", body="Syria joins in\n\nSyria joins in\n\nPlanes struck."), "desk"
    )
    assert article.text == "Syria joins in\n\nPlanes struck."


def test_markup_becomes_paragraphs_and_scripts_go() -> None:
    body = "<p>First&nbsp;line.</p><script>alert(1)</script><p>Second<br>line.</p>"
    article = article_from(Document(key="a", title="T &amp; U", body=body, is_html=True), "desk")
    assert article.text == "T & U\n\nFirst line.\n\nSecond\nline."


def test_a_text_without_headline_gets_its_first_words() -> None:
    article = article_from(Document(key="a", title="", body="word " * 200), "desk")
    assert article.title.endswith("…")
    assert len(article.title) < 200


def test_the_hash_sees_words_not_spacing() -> None:
    assert content_hash("Samarra  fell\n") == content_hash("samarra fell")
    assert content_hash("Samarra fell") != content_hash("Samarra fell not")


@given(st.text(max_size=400))
def test_cleaning_never_fails_and_is_stable(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once


@given(st.text(max_size=300))
def test_any_body_as_markup_gives_an_article(body: str) -> None:
    article_from(Document(key="a", title="", body=body, is_html=True), "desk")
