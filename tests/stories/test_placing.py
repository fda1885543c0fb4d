"""Stories through the whole pipeline and the store: ten feeds, restarts, other processes, workspaces."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.cards.card import card_from_data
from bot.data_files import data_folder
from bot.entities.catalogue import Catalogue, load_catalogue
from bot.model import Document
from bot.pipeline import Pipeline
from bot.settings import Settings
from bot.store import articles, outbox
from bot.store.engine import Store
from bot.store.stories import sources_of_stories, story_sources
from bot.stories.origins import behind, said
from bot.stories.outlets import load_outlets
from tests.fakes import START, House, StandingClock, card_text

BODY = (
    "Gunmen on motorcycles attacked an army post near Samarra on Sunday and killed seven soldiers, a police captain said. "
    "Reinforcements came from Baghdad within the hour and a curfew was imposed. Islamic State said that it was behind the raid."
)
HEADLINES = (
    "Seven soldiers killed near Samarra",
    "Gunmen kill seven soldiers near Samarra",
    "Iraq: seven soldiers die in attack near Samarra",
    "Attack on army post near Samarra leaves seven dead",
    "Seven dead as gunmen storm Samarra post",
    "IS says it killed soldiers near Samarra",
    "Samarra: army post attacked, seven killed",
    "Soldiers killed in raid near Samarra",
    "Army post near Samarra attacked on Sunday",
    "Islamic State claims raid on post near Samarra",
)


@pytest.fixture(scope="session")
def shipped() -> Catalogue:
    return load_catalogue([data_folder("config") / "entities"])


@pytest.fixture
def house(store: Store, shipped: Catalogue, settings: Settings, clock: StandingClock) -> House:
    made = House(store, shipped, settings, clock)
    made.pipeline = fresh_pipeline(made)
    return made


def fresh_pipeline(house: House) -> Pipeline:
    """As another process, or the same one after a restart, would have it."""
    outlets = load_outlets(data_folder("config") / "outlets.toml", house.catalogue)
    return Pipeline(house.store, house.known, house.clock, timedelta(days=1), outlets)


def report(number: int, body: str = BODY, title: str = "", hours: float = 0.0) -> Document:
    edited = body.replace("on motorcycles", ("on motorcycles", "in two cars", "in pick-ups")[number % 3])
    if number % 2:
        edited = edited.replace("within the hour", "soon after").replace("a police captain", "an officer")
    return Document(
        key=f"guid-{number}",
        title=title or HEADLINES[number],
        body=edited,
        url=f"https://outlet{number}.example/{number}",
        outlet=f"Outlet {number}",
        published=START - timedelta(hours=2) + timedelta(minutes=5 * number, hours=hours),
    )


def bring(house: House, number: int, document: Document, workspace: str = "*") -> int:
    return house.ingest(document, kind="feed", address=f"https://outlet{number}.example/feed", workspace=workspace)


def stories_in(house: House, workspace: str = "home") -> dict[int, list[str]]:
    with house.store.read() as cx:
        found = articles.articles_between(cx, workspace, None, None, 100)
    grouped: dict[int, list[str]] = {}
    for article in found:
        grouped.setdefault(article.story_id, []).append(article.outlet)
    return grouped


def test_ten_feeds_with_other_headlines_and_guids_are_one_story_and_the_next_days_event_a_second(house: House) -> None:
    house.follow("Samarra")
    assert sum(bring(house, number, report(number)) for number in range(10)) == 1
    ((story, outlets),) = stories_in(house).items()
    assert len(set(outlets)) == 10
    house.clock.move(timedelta(days=1))
    talks = "Tribal elders met the governor in Samarra on Monday to talk about the reopening of the shrine to pilgrims, his office said."
    assert bring(house, 3, report(11, talks, "Elders and governor meet in Samarra", hours=24)) == 1
    house.clock.move(timedelta(minutes=2))  # the leases of the other feeds are over
    raid = "A roadside bomb killed two policemen on patrol in Samarra on Monday, the interior ministry said."
    assert bring(house, 4, report(12, raid, "Roadside bomb kills two policemen in Samarra", hours=24)) == 1
    assert sorted(map(len, stories_in(house).values())) == [1, 1, 10]
    assert story in stories_in(house)


def test_the_window_is_filled_again_after_a_restart(house: House) -> None:
    for number in range(3):
        house.pipeline = fresh_pipeline(house)
        bring(house, number, report(number))
    assert sorted(map(len, stories_in(house).values())) == [3]


def test_what_another_process_files_is_seen(house: House) -> None:
    here, there = house.pipeline, fresh_pipeline(house)
    for number, pipeline in enumerate((here, there, here, there)):
        house.pipeline = pipeline
        bring(house, number, report(number))
    assert sorted(map(len, stories_in(house).values())) == [4]


def test_a_retry_after_a_lost_commit_gives_the_same_story(house: House) -> None:
    bring(house, 0, report(0))
    (before,) = stories_in(house)

    def stop(point: str) -> None:
        if point == "before commit":
            raise RuntimeError("stopped")

    house.pipeline._checkpoint = stop
    with pytest.raises(RuntimeError):
        bring(house, 1, report(1))
    house.pipeline._checkpoint = lambda _: None
    house.clock.move(timedelta(minutes=2))
    bring(house, 1, report(1))
    assert list(stories_in(house)) == [before]


def test_old_articles_are_placed_among_those_of_their_time(house: House) -> None:
    years_ago = -24 * 3000
    bring(house, 0, report(0, hours=years_ago))
    house.pipeline = fresh_pipeline(house)
    bring(house, 1, report(1, hours=years_ago))
    bring(house, 2, report(2))
    assert sorted(map(len, stories_in(house).values())) == [1, 2]


def test_a_workspace_sees_the_sources_it_reads(house: House) -> None:
    bring(house, 0, report(0), "home")
    bring(house, 1, report(1), "abroad")
    (story,) = stories_in(house)
    with house.store.read() as cx:
        assert [source.outlet for source in story_sources(cx, "home", story)] == ["Outlet 0"]
        assert [source.outlet for source in story_sources(cx, "abroad", story)] == ["Outlet 1"]
        assert [origins.outlet for origins in sources_of_stories(cx, "home", [story])[story]] == ["Outlet 0"]


def test_outlets_and_origins_stand_on_the_card_and_in_the_store(house: House) -> None:
    copy = BODY + " A doctor told Reuters that three more were in danger of dying."
    bring(house, 0, report(0, copy))
    house.follow("Samarra")
    bring(house, 1, report(1, copy))
    (story,) = stories_in(house)
    with house.store.read() as cx:
        voices = [source.origins for source in story_sources(cx, "home", story)]
        assert said(behind(voices), voices) == "2 outlets · 1 origin (Reuters)"
        placed = [row.placed for row in cx.exec_driver_sql("SELECT placed FROM articles ORDER BY id")]
        card = cx.exec_driver_sql("SELECT card FROM deliveries").scalar_one()
    assert placed[0] is None
    assert placed[1]
    shown = card_text(card_from_data(json.loads(card) if isinstance(card, str) else card))
    assert "2 outlets · 1 origin (Reuters)" in shown
    with house.store.read() as cx:
        assert sum(outbox.depth(cx, house.channel.id).values()) == 1
