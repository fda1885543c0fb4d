"""The seed corpus is the end-to-end test and the demo: every name in it is found and shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bot.data_files import data_folder
from bot.entities.catalogue import load_catalogue
from bot.entities.match import Matcher
from bot.sources.folder import changed_files, read_files
from bot.text.clean import article_from, is_chrome

SEEDS = data_folder("seeds")
EXPECTED = tomllib.loads((SEEDS / "expected.toml").read_text(encoding="utf-8"))["document"]
ORIGINALS = Path(__file__).parent.parent.parent / "shared" / "seeds"


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(load_catalogue([data_folder("config") / "entities"]))


def articles(folder: Path) -> dict[str, object]:
    changed, _ = changed_files(folder, {})
    return {read.path: article_from(read.document, "desk") for read in read_files(folder, changed) if read.document}


@pytest.mark.parametrize("document", EXPECTED, ids=[document["file"] for document in EXPECTED])
def test_every_name_of_a_dispatch_is_found(document: dict[str, list[str]], matcher: Matcher) -> None:
    article = articles(SEEDS)[document["file"]]
    found = {mention.name for mention in matcher.mentions(article.text)}
    wanted = set(document["entities"])
    assert wanted <= found, wanted - found


def test_every_mention_stands_where_it_says(matcher: Matcher) -> None:
    for article in articles(SEEDS).values():
        for mention in matcher.mentions(article.text):
            assert article.text[mention.start : mention.end] == mention.text
            assert mention.text.strip() == mention.text


def test_each_dispatch_has_a_place_in_expected() -> None:
    assert {document["file"] for document in EXPECTED} == set(articles(SEEDS))


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the original documents are not shipped")
def test_no_page_furniture_of_the_originals_comes_through(matcher: Matcher) -> None:
    read = articles(ORIGINALS)
    assert len(read) == 5
    for article in read.values():
        assert not any(is_chrome(line) for line in article.text.splitlines())
        for word in ("Print Friendly", "Kindle", "Continue reading", "YouTube]", "commenting", "Facebooktwitter"):
            assert word not in article.text
        assert len(article.title.split()) > 5
        assert {"ISIS"} <= {mention.name for mention in matcher.mentions(article.text)}
