"""Deciding on stories: from articles as feeds bring them to stories, through the real matcher."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from bench.gold_stories import gold_articles, halves, judge
from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.entities.match import Matcher
from bot.stories.cluster import Placed, Window, story_id
from bot.stories.reading import Reading, read
from bot.text.clean import content_hash

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture(scope="module")
def matcher(shipped: Catalogue) -> Matcher:
    return Matcher(shipped)


def reading(matcher: Matcher, title: str, body: str, at: datetime = MONDAY, link: str | None = None) -> Reading:
    text = f"{title}\n\n{body}"
    named = [(m.entity, m.kind.value, m.start, m.end) for m in matcher.mentions(text)]
    return read(content_hash(text), link, at, "Desk", title, text, named)


def placed(window: Window, one: Reading, number: int) -> Placed:
    found = window.place(one, number)
    window.add(one, found.story_id, number)
    return found


BOMB = "A car bomb went off at a market in Baquba on Monday, killing six people and wounding fourteen, police said."


def test_pairs_of_the_gold_groups_are_right_in_both_halves(shipped: Catalogue, matcher: Matcher) -> None:
    articles = gold_articles(matcher, shipped)
    assert len({article.group for article in articles}) >= 150
    for half in halves(articles):
        pairs = judge(half)
        assert pairs.precision >= 0.97, pairs.faults
        assert pairs.recall >= 0.90, pairs.faults


def test_another_day_or_another_event_in_the_same_town_is_another_story(matcher: Matcher) -> None:
    window = Window()
    first = placed(window, reading(matcher, "Car bomb kills six in Baquba", BOMB), 1)
    talks = "Tribal elders met in Baquba on Monday to talk about a truce between two clans, a mediator said."
    assert placed(window, reading(matcher, "Elders meet in Baquba", talks), 2).story_id == 2
    later = "Gunmen shot two soldiers at a checkpoint outside Baquba on Wednesday, an officer said."
    assert (
        placed(window, reading(matcher, "Soldiers shot near Baquba", later, MONDAY + timedelta(days=2)), 3).story_id
        == 3
    )
    raised = "The toll of Monday's car bomb in a Baquba market has risen to nine, a doctor at the hospital said."
    toll = placed(
        window, reading(matcher, "Nine dead in Baquba market bombing", raised, MONDAY + timedelta(hours=9)), 4
    )
    assert toll.story_id == first.story_id == 1


def test_the_reason_is_said(matcher: Matcher) -> None:
    window = Window()
    placed(window, reading(matcher, "Car bomb kills six in Baquba", BOMB), 1)
    other = "At least six shoppers died when a parked car exploded at a market in Baquba on Monday, police said."
    why = placed(window, reading(matcher, "Blast hits Baquba market, six dead", other), 2).reason
    assert "iq-baquba" in why
    assert "6 dead" in why
    assert "the same day" in why
    assert placed(window, reading(matcher, "CAR BOMB kills six in Baquba", BOMB), 3).reason == "the same text"


def test_a_story_ends_after_three_days(matcher: Matcher) -> None:
    window = Window()
    placed(window, reading(matcher, "Car bomb kills six in Baquba", BOMB), 1)
    edited = BOMB.replace("police said", "officers said")
    late = reading(matcher, "Car bomb kills six in Baquba town", edited, MONDAY + timedelta(hours=73))
    assert placed(window, late, 2).story_id == 2


def test_equal_texts_and_links_join_in_whatever_order_they_come(matcher: Matcher) -> None:
    """Likeness depends on what is known so far; text and link do not, and the same order gives the same stories."""
    copies = [
        reading(matcher, "Car bomb in Baquba", BOMB, MONDAY + timedelta(hours=hour), f"https://a.example/{hour % 3}")
        for hour in range(6)
    ]
    chance = random.Random(1)
    for _ in range(5):
        chance.shuffle(copies)
        window = Window()
        assert len({placed(window, copy, number).story_id for number, copy in enumerate(copies, 1)}) == 1


def test_the_same_order_gives_the_same_stories(matcher: Matcher, shipped: Catalogue) -> None:
    articles = gold_articles(matcher, shipped)[:60]
    runs = []
    for _ in range(2):
        window = Window()
        runs.append([placed(window, article.reading, number) for number, article in enumerate(articles, 1)])
    assert runs[0] == runs[1]


def test_the_window_lets_go_of_the_oldest_and_of_no_more_than_it_must(matcher: Matcher) -> None:
    window = Window(most=30)
    for number in range(100):
        text = f"Shell number {number} hit the village of Alpha{number} on the river, the mayor said."
        placed(window, reading(matcher, f"Shell {number}", text, MONDAY + timedelta(minutes=number)), number + 1)
        assert len(window) <= 30
    assert 100 in window
    assert 1 not in window


def test_what_a_workspace_tracks_has_no_say(matcher: Matcher) -> None:
    own = [("w:home:secret", "town", 0, 5)]
    one = read("a", None, MONDAY, "Desk", "T", "Alpha fell", own)
    assert not one.towns


def test_a_story_is_named_by_the_article_that_opens_it() -> None:
    assert story_id(1, "a") == story_id(1, "a") != story_id(2, "a")
    assert 0 < story_id(1, "a") < 1 << 63
