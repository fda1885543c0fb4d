"""One living alert a story and channel: edited as it grows, spoken of again where it steps up, held back where asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.entities.catalogue import Catalogue
from bot.model import Document
from bot.outbox import Outbox
from bot.pipeline import Batch
from bot.settings import Settings
from bot.store import alerts
from bot.store.engine import Store
from tests.fakes import House, RememberingChat, StandingClock, card_text

LEASE = timedelta(seconds=15)
HOUR = timedelta(hours=1)
LONG = (
    "Fighters seized the bridge at Samarra on Monday morning after a night of shelling, residents said. "
    "Shops stayed shut and families left for the villages along the Tigris with what they could carry. "
    "The governor asked for more troops and said that the road to the south was still open to convoys. "
)
OTHER = (
    "Engineers began to repair the water works of Samarra with money from a development bank. "
    "The mayor thanked the donors and promised clean water for every household before the summer. "
    "Contractors have hired two hundred people from the town and plan to finish within six months. "
)


@pytest.fixture
def house(store: Store, catalogue: Catalogue, settings: Settings, clock: StandingClock) -> House:
    return House(store, catalogue, settings, clock)


class Watch:
    """A channel as its readers see it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.chat = RememberingChat()
        self._out = Outbox(house.store, [self.chat], house.clock, "test", LEASE)

    async def sent(self) -> list[tuple[str, str]]:
        """(action, everything the card says) of what has come since the last look."""
        before = len(self.chat.sent)
        await self._out.drain()
        return [(post.action, card_text(post.card)) for post in self.chat.sent[before:]]

    def report(self, text: str, outlet: str, key: str = "", title: str = "Bridge at Samarra seized") -> int:
        house = self.house
        address = f"https://{outlet.lower()}.example/feed"
        item = Document(
            key or outlet, title, text, url=f"{address}/{key or outlet}", outlet=outlet, published=house.clock.now()
        )
        source = house.source("feed", address)
        if source.first_read_at is None:  # a feed's first read is told as a summary
            house.pipeline.ingest(Batch(source, (), house.clock.now() + HOUR))
            source = house.source("feed", address)
        return house.pipeline.ingest(Batch(source, (item,), house.clock.now() + HOUR)).alerts


@pytest.fixture
def watch(house: House) -> Watch:
    house.follow("Samarra")
    return Watch(house)


async def test_ten_outlets_are_one_post_edited_with_ten_outlets(watch: Watch) -> None:
    made = []
    for number in range(10):
        made.append(watch.report(LONG, f"Desk{number}", title=f"Bridge at Samarra seized, desk {number} says"))
        watch.house.clock.move(timedelta(minutes=5))
    assert made == [1] + [0] * 9
    sent = await watch.sent()
    assert [action for action, _ in sent] == ["post"], "what was not sent yet is changed where it waits"
    assert "10 outlets" in sent[0][1]
    watch.report(LONG, "Desk10")
    watch.report(LONG, "Desk11")
    sent = await watch.sent()
    assert [action for action, _ in sent] == ["edit"], "two edits that wait are one"
    assert "12 outlets" in sent[0][1]


async def test_another_event_in_the_same_town_is_another_post(watch: Watch) -> None:
    watch.report(LONG, "Desk")
    watch.house.clock.move(timedelta(days=1))
    assert watch.report(OTHER, "Desk", key="water", title="Water works of Samarra repaired") == 1
    assert [action for action, _ in await watch.sent()] == ["post", "post"]


async def test_a_changed_toll_notifies_the_channel_and_a_copy_does_not(watch: Watch) -> None:
    watch.report(LONG + "Five people were killed.", "Desk")
    await watch.sent()
    watch.house.clock.move(timedelta(minutes=10))
    watch.report(LONG + "Five people were killed.", "Courier")
    assert [action for action, _ in await watch.sent()] == ["edit"]
    watch.house.clock.move(timedelta(minutes=10))
    watch.report(LONG + "Twelve people were killed.", "Herald")
    sent = await watch.sent()
    assert [action for action, _ in sent] == ["edit", "notify"]
    assert "Killed: 12, before 5" in sent[1][1]


async def test_a_new_name_is_said_in_the_thread_unless_threads_are_off(watch: Watch) -> None:
    watch.report(LONG, "Desk")
    await watch.sent()
    watch.house.clock.move(timedelta(minutes=10))
    watch.report(LONG + "The Quds Force was blamed.", "Courier")
    sent = await watch.sent()
    assert [action for action, _ in sent] == ["edit", "reply"]
    assert "Now named: Quds Force" in sent[1][1]
    watch.house.say("/subscriptions threads off")
    watch.report(LONG + "The Quds Force was blamed. Baghdad denied it.", "Herald")
    assert [action for action, _ in await watch.sent()] == ["edit"]


async def test_a_second_subscription_that_fires_later_is_a_step_up(watch: Watch) -> None:
    watch.house.follow("Quds Force")
    watch.report(LONG, "Desk")
    await watch.sent()
    watch.house.clock.move(timedelta(minutes=10))
    watch.report(LONG + "The Quds Force was blamed.", "Courier")
    sent = await watch.sent()
    assert [action for action, _ in sent] == ["edit", "notify"]
    assert "naming Samarra; or naming Quds Force" in sent[0][1]


async def test_what_is_committed_once_is_told_once(watch: Watch) -> None:
    """The same read again, as after a lost lease: no new edit, no new word."""
    watch.report(LONG, "Desk")
    await watch.sent()
    watch.report(LONG + "The Quds Force was blamed.", "Courier")
    await watch.sent()
    watch.report(LONG + "The Quds Force was blamed.", "Courier")
    assert await watch.sent() == []


async def test_a_muted_story_is_edited_in_silence_and_a_muted_name_raises_nothing(watch: Watch) -> None:
    watch.report(LONG + "Five people were killed.", "Desk")
    await watch.sent()
    with watch.house.store.read() as cx:
        code = alerts.latest(cx, watch.house.channel, 1)[0].code
    assert "Muted here until" in watch.house.say(f"/mute {code} 8h").title
    watch.report(LONG + "Nine people were killed.", "Courier")
    assert [action for action, _ in await watch.sent()] == ["edit"]
    watch.house.say("/mute Samarra 24h")
    assert watch.report(OTHER, "Desk", key="water", title="Water works of Samarra repaired") == 0
    assert await watch.sent() == []
    assert "1 muted" in card_text(watch.house.say("/subscriptions"))
    watch.house.clock.move(timedelta(hours=25))
    fresh = "Voters queued in Samarra for the first election of the council since the war, monitors said."
    assert watch.report(fresh, "Desk", key="vote", title="Samarra votes") == 1


async def test_undo_ends_a_mute(watch: Watch) -> None:
    done = watch.house.say("/mute Samarra 8h")
    watch.house.say(done.buttons[0].line)
    assert watch.report(LONG, "Desk") == 1


async def test_quiet_hours_hold_the_post_and_then_catch_up_with_all(house: House) -> None:
    house.follow("Samarra quiet:22:00-06:00")
    watch = Watch(house)
    house.clock.move(datetime(2026, 3, 1, 23, tzinfo=house.clock.now().tzinfo) - house.clock.now())
    watch.report(LONG, "Desk")
    watch.report(OTHER, "Desk", key="water", title="Water works of Samarra repaired")
    house.pipeline.release()
    assert await watch.sent() == []
    house.clock.move(timedelta(hours=7))
    assert house.pipeline.release() == 1
    sent = await watch.sent()
    assert [action for action, _ in sent] == ["post"]
    assert "2 stories held back: quiet hours until 06:00" in sent[0][1]
    assert "Bridge at Samarra seized" in sent[0][1]
    assert "Water works" in sent[0][1]
    assert house.pipeline.release() == 0


async def test_more_than_the_cap_come_together_when_the_hour_is_over(house: House) -> None:
    house.follow("Samarra max:2/h")
    watch = Watch(house)
    news = {
        "Teachers strike": "Teachers in Samarra walked out over unpaid wages and closed forty schools until Thursday.",
        "Railway opens": "The first train in nine years reached Samarra, where engineers had laid new rails and signals.",
        "Wheat harvest": "Farmers near Samarra expect a rich harvest of wheat after late rain filled their canals.",
        "Hospital gets scanner": "The general hospital of Samarra received a scanner from donors and trained six nurses on it.",
        "Football final": "The club of Samarra lost the final on penalties before twenty thousand people in the stadium.",
    }
    for title, text in news.items():
        watch.report(text, "Desk", key=title, title=title)
        house.clock.move(timedelta(minutes=1))
    sent = await watch.sent()
    assert len(sent) == 2
    house.clock.move(timedelta(hours=1))
    house.pipeline.release()
    sent = await watch.sent()
    assert len(sent) == 1
    assert all(title in sent[0][1] for title in list(news)[2:])


async def test_an_alert_waits_for_as_many_sources_as_it_asks_for(house: House) -> None:
    house.follow("Samarra min-sources:2")
    watch = Watch(house)
    assert watch.report(LONG, "Desk") == 0
    assert await watch.sent() == []
    mine = (
        "Militants have captured the bridge in Samarra, the provincial council confirmed, following heavy shelling. "
        "Monday's fighting emptied the town centre; a resident reached by phone described columns of cars."
    )
    watch.report(mine, "Courier", title="Militants capture Samarra bridge")
    sent = await watch.sent()
    assert [action for action, _ in sent] == ["post"]
    assert "2 outlets" in sent[0][1]


async def test_digest_only_posts_nothing(house: House) -> None:
    house.follow("Samarra digest-only")
    watch = Watch(house)
    watch.report(LONG, "Desk")
    assert await watch.sent() == []


async def test_a_role_is_called_where_its_own_filter_fires(house: House) -> None:
    house.follow('Samarra mention:@duty if ("Quds Force")')
    watch = Watch(house)
    watch.report(LONG, "Desk")
    watch.report(OTHER + "The Quds Force came.", "Desk", key="water", title="Water works of Samarra repaired")
    await watch.sent()
    assert [post.mention for post in watch.chat.sent] == ["", "@duty"]


async def test_not_relevant_is_an_exception_that_can_be_taken_back(watch: Watch) -> None:
    watch.report(LONG, "Desk")
    await watch.sent()
    with watch.house.store.read() as cx:
        code = alerts.latest(cx, watch.house.channel, 1)[0].code
    asked = watch.house.say(f"/wrong {code}")
    lines = [button.line for button in asked.buttons]
    assert lines[:2] == [f"/wrong {code} story", f"/wrong {code} outlet"]
    done = watch.house.say(lines[1])
    assert "anything from Desk" in done.title
    assert watch.report(OTHER, "Desk", key="water", title="Water works of Samarra repaired") == 0
    listed = card_text(watch.house.say("/subscriptions"))
    assert "anything from Desk" in listed
    assert "1 of 1" in listed, "the subscription’s week: one alert, one called wrong"
    watch.house.say(done.buttons[0].line)
    text = "Pilgrims came to the golden dome of Samarra in great numbers for the feast, police said."
    assert watch.report(text, "Desk", key="dome", title="Pilgrims at Samarra") == 1


async def test_a_name_called_wrong_does_not_fire_as_that_spelling_again(watch: Watch) -> None:
    watch.report(LONG, "Desk")
    with watch.house.store.read() as cx:
        code = alerts.latest(cx, watch.house.channel, 1)[0].code
    line = next(b.line for b in watch.house.say(f"/wrong {code}").buttons if " name " in b.line)
    watch.house.say(line)
    assert watch.report(OTHER, "Desk", key="water", title="Water works of Samarra repaired") == 0


def test_another_channels_alert_cannot_be_called_wrong_here(watch: Watch) -> None:
    watch.report(LONG, "Desk")
    with watch.house.store.read() as cx:
        code = alerts.latest(cx, watch.house.channel, 1)[0].code
    stranger = watch.house.new_channel("far", "elsewhere")
    for text in (f"/wrong {code}", f"/why {code}", f"/show {code}"):
        assert "No alert here is called" in watch.house.say(text, stranger).title


async def test_show_gives_the_alert_as_it_stands(watch: Watch) -> None:
    watch.report(LONG, "Desk")
    watch.report(LONG, "Courier")
    with watch.house.store.read() as cx:
        code = alerts.latest(cx, watch.house.channel, 1)[0].code
    assert "2 outlets" in card_text(watch.house.say(f"/show {code}"))
    why = card_text(watch.house.say(f"/why {code}"))
    assert "naming Samarra" in why
    assert "Counted, and why" in why
