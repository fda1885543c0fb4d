"""Limits on commands, and long lists in pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.cards.card import Card, Does, Listing, line
from bot.entities.catalogue import Catalogue
from bot.model import Channel, Request
from bot.settings import Settings
from bot.store import subscriptions
from bot.store.engine import Store
from handlers import dispatch
from handlers.paging import LINES, paged
from tests.fakes import House, StandingClock, document


@pytest.fixture
def chat(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> tuple[House, Channel]:
    house = House(store, catalogue, settings, clock)
    with store.write() as cx:
        return house, subscriptions.ensure_channel(cx, "discord", "discord:1", "2", "#field", "UTC", clock.now())


def test_the_sixth_command_in_ten_seconds_waits(chat: tuple[House, Channel]) -> None:
    house, channel = chat
    said = [dispatch(house.context, Request("/status", channel, "ann")).title for _ in range(6)]
    assert "quick" not in said[4]
    assert "Try again in 10 seconds" in said[5]
    assert "quick" not in dispatch(house.context, Request("/status", channel, "ben")).title
    house.clock.move(timedelta(seconds=10))
    assert "quick" not in dispatch(house.context, Request("/status", channel, "ann")).title


def test_a_workspace_has_sixty_a_minute(chat: tuple[House, Channel]) -> None:
    house, channel = chat
    said = [dispatch(house.context, Request("/status", channel, f"user{n}")).title for n in range(61)]
    assert ["quick" in title for title in said] == [False] * 60 + [True]


def test_a_long_list_comes_in_pages() -> None:
    whole = Card("All", blocks=(Listing("", tuple(line(str(n)) for n in range(2 * LINES + 1))),))
    first, last = paged(whole, 1, "/all"), paged(whole, 9, "/all")
    assert [button.line for button in first.buttons] == ["page 2 /all"]
    assert [button.line for button in last.buttons] == ["page 2 /all"]
    assert [len(card.blocks[0].lines) for card in (first, last)] == [LINES, 1]  # type: ignore[union-attr]
    assert paged(Card("Short"), 1, "/short") == Card("Short")


def test_the_buttons_of_a_page_are_commands(chat: tuple[House, Channel]) -> None:
    house, channel = chat
    with house.store.write() as cx:
        for number in range(LINES + 1):
            subscriptions.add_subscription(cx, channel, f'"word{number}"', "", house.clock.now())
    first = dispatch(house.context, Request("/subscriptions", channel, "ann"))
    second = dispatch(house.context, Request(first.buttons[-1].line, channel, "ann"))
    assert "page 2 of 2" in "".join(run.text for run in second.footer)


def test_what_one_person_looked_up_can_be_shared_as_it_was_asked(chat: tuple[House, Channel]) -> None:
    house, channel = chat
    asked = "page 2 /timeline Samarra since 2026-01-01"
    house.ingest(document("The Quds Force was seen at Samarra."))

    def shares(line: str, **how: bool) -> list[str]:
        card = dispatch(house.context, Request(line, channel, "ann", **how))  # type: ignore[arg-type]
        return [button.line for button in card.buttons if button.does is Does.SHARE]

    assert shares(asked) == [asked]
    assert (
        shares(asked, public=True)
        == shares("/whois Samarra public")
        == shares("/status")
        == shares("/whois zzzzz")
        == []
    )


def test_only_admins_change_what_a_workspace_reads(chat: tuple[House, Channel]) -> None:
    house, channel = chat
    request = Request("/feeds add https://example.org/feed.xml", channel, "ann", can_manage=True)
    assert "only its admins" in dispatch(house.context, request).title
    assert "feed" in dispatch(house.context, Request("/feeds list", channel, "ann")).title
