"""Deliveries to Slack under faults: nothing lost, nothing doubled where the history can be read."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.cards.card import Card, Text, card_to_data, line
from bot.cards.picture import ActivitySpec, Picture
from bot.chat.slack_send import REPEAT
from bot.entities.catalogue import Catalogue
from bot.store import outbox, subscriptions
from tests.chat.slack_front import AWAY, HOME, SlackFront, seen, slack_house
from tests.fakes import StandingClock

CHANNEL = "C0FIELD01"
SPEC = ActivitySpec("Alerts", date(2026, 3, 1), (3,))


def enqueue(front: SlackFront, key: str, *, channel: str = CHANNEL, team: str = HOME, **more: str) -> int:
    """Put a card in the outbox; its channel's id."""
    house = front.house
    with house.store.write() as cx:
        row = subscriptions.ensure_channel(cx, "slack", f"slack:{team}", channel, "#field", "UTC", house.clock.now())
        card = card_to_data(Card(title=f"Alert {key}", blocks=(Text(line("It happened.")),)))
        outbox.enqueue(cx, key, row.id, "slack", "alert", card, house.clock.now(), **more)  # type: ignore[arg-type]
        return row.id


async def settle(front: SlackFront, channel_id: int, rounds: int = 12) -> dict[str, int]:
    """Send until nothing waits; what became of the channel's deliveries."""
    for _ in range(rounds):
        await front.outbox.drain()
        with front.house.store.read() as cx:
            depth = outbox.depth(cx, channel_id)
        if not depth.get("waiting"):
            break
        front.house.clock.move(timedelta(minutes=20))
        front.slack.sender._pace._workspaces.clear()  # what was held is held no longer: time has gone on
    return depth


def titles(front: SlackFront, channel: str = CHANNEL) -> list[str]:
    return [message.body["blocks"][0]["text"]["text"] for message in front.fake.posted(channel)]


@pytest.mark.parametrize(
    "fault",
    [
        "429",
        "500",
        "502",
        "503",
        "504",
        "cut",
        "lost",
        "internal_error",
        "fatal_error",
        "request_timeout",
        "ratelimited",
    ],
)
async def test_a_fault_loses_nothing_and_doubles_nothing(
    fault: str, tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        front.fake.faults["chat.postMessage"].extend([fault, fault])
        enqueue(front, "first")
        channel_id = enqueue(front, "second")
        assert await settle(front, channel_id) == {"sent": 2}
        assert titles(front) == ["Alert first", "Alert second"], "in order, each once"
        assert len({message.key for message in front.fake.posted(CHANNEL)}) == 2


async def test_without_the_history_a_repeat_says_so(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        front.fake.scopes_missing.add("conversations.history")
        front.fake.faults["chat.postMessage"].append("lost")
        channel_id = enqueue(front, "first")
        assert await settle(front, channel_id) == {"sent": 1}
        first, second = front.fake.posted(CHANNEL)
        assert REPEAT not in seen(first.body["blocks"])
        assert REPEAT in seen(second.body["blocks"])
        assert second.body["text"].startswith("[possible repeat")


async def test_a_history_that_cannot_be_read_now_is_asked_again(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        front.fake.faults["chat.postMessage"].append("lost")
        front.fake.faults["conversations.history"].extend(["500", "429", "cut"])
        channel_id = enqueue(front, "first")
        assert await settle(front, channel_id) == {"sent": 1}
        assert titles(front) == ["Alert first"]


async def test_a_lost_reply_is_looked_for_in_its_thread(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        enqueue(front, "parent")
        await front.outbox.drain()
        front.slack.sender._pace._workspaces.clear()
        front.fake.faults["chat.postMessage"].append("lost")
        enqueue(front, "child", action="reply", target="parent")
        channel_id = enqueue(front, "edit", action="edit", target="parent")
        assert await settle(front, channel_id) == {"sent": 3}
        parent, child = front.fake.posted(CHANNEL)
        assert (child.body["thread_ts"], child.body["reply_broadcast"]) == (parent.ts, False)
        assert parent.edits == 1
        assert parent.body["blocks"][0]["text"]["text"] == "Alert edit"


async def test_a_step_up_is_seen_by_the_whole_channel(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        enqueue(front, "parent")
        await front.outbox.drain()
        front.slack.sender._pace._workspaces.clear()
        channel_id = enqueue(front, "step", action="notify", target="parent")
        assert await settle(front, channel_id) == {"sent": 2}
        parent, step = front.fake.posted(CHANNEL)
        assert (step.body["thread_ts"], step.body["reply_broadcast"]) == (parent.ts, True)


async def test_an_edit_of_a_message_that_is_gone_is_dropped(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        enqueue(front, "parent")
        await front.outbox.drain()
        front.fake.messages.clear()
        enqueue(front, "edit", action="edit", target="parent")
        channel_id = enqueue(front, "next")
        assert await settle(front, channel_id) == {"sent": 2, "dead": 1}


@pytest.mark.parametrize("error", ["is_archived", "channel_not_found", "not_in_channel", "restricted_action"])
async def test_a_channel_that_is_closed_is_parked_and_an_admin_is_told_once(
    error: str, tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        fake.people["UOWNER001"] = {"is_owner": True}
        fake.channels[CHANNEL] = {"error": error, "name": "field"}
        enqueue(front, "first")
        channel_id = enqueue(front, "second")
        await front.outbox.drain()
        await front.outbox.drain()
        (told,) = fake.posted("DOWNER001")
        assert "I cannot post in #field any more" in seen(told.body["blocks"])
        assert len(fake.called("chat.postMessage")) == 2, "nothing more is tried there"
        fake.channels[CHANNEL] = {"name": "field"}
        await front.say("/status", user="ann")
        assert await settle(front, channel_id) == {"sent": 2}
        assert titles(front) == ["Alert first", "Alert second"]


@pytest.mark.parametrize("error", ["token_revoked", "invalid_auth", "account_inactive"])
async def test_a_revoked_token_pauses_its_workspace_alone(
    error: str, tmp_path: Path, catalogue: Catalogue, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        channel_id = enqueue(front, "here")
        front.fake.faults["chat.postMessage"].append(error)
        await front.outbox.drain()
        there = enqueue(front, "there", channel="C0ABROAD1", team=AWAY)
        await front.outbox.drain()
        with front.house.store.read() as cx:
            assert outbox.depth(cx, there) == {"sent": 1}
            assert outbox.depth(cx, channel_id) == {"waiting": 1}
        sentences = [
            record
            for record in caplog.records
            if f"refuses the token of this workspace ({error})" in record.getMessage()
        ]
        assert len([record for record in sentences if record.levelname == "ERROR"]) == 1
        assert await settle(front, channel_id) == {"sent": 1}


@pytest.mark.parametrize("error", ["msg_too_long", "invalid_blocks", "msg_blocks_too_long"])
async def test_a_message_that_slack_does_not_take_goes_out_plain(
    error: str, tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        front.fake.faults["chat.postMessage"].append(error)
        channel_id = enqueue(front, "first")
        assert await settle(front, channel_id) == {"sent": 1}
        (message,) = front.fake.posted(CHANNEL)
        assert message.body["text"] == "Alert first\nIt happened."
        front.fake.faults["chat.postMessage"].extend([error, error])
        enqueue(front, "second")
        assert await settle(front, channel_id) == {"sent": 1, "dead": 1}


async def test_every_post_is_quiet_and_carries_its_key(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        enqueue(front, "first")
        await front.outbox.drain()
        (body,) = front.fake.called("chat.postMessage")
        quiet = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none", "mrkdwn": False}
        assert {name: body[name] for name in quiet} == quiet
        assert body["metadata"]["event_type"] == "vedette_delivery"
        assert len(body["metadata"]["event_payload"]["key"]) == 24


async def test_slack_down_and_back(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        ids = {enqueue(front, f"{n}", channel=f"C0MANY{n % 5:03d}") for n in range(20)}
        for front.fake.down in ("503", "cut", "lost", "429", ""):
            front.fake.retry_after = "3600"
            for _ in range(3):
                await asyncio.wait_for(front.outbox.drain(), 60)
                front.house.clock.move(timedelta(minutes=61))
                front.slack.sender._pace._workspaces.clear()
        for channel_id in ids:
            assert await settle(front, channel_id) == {"sent": 4}
        assert Counter(message.key for message in front.fake.messages).most_common(1)[0][1] == 1
        for n in range(5):
            assert titles(front, f"C0MANY{n:03d}") == [f"Alert {m}" for m in range(n, 20, 5)]


async def test_two_processes_and_a_restart_double_nothing(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    """One dies between "sent" and "marked"; the next looks before it repeats."""
    async with slack_house(tmp_path, catalogue, clock) as front:
        channel_id = enqueue(front, "first")
        with front.house.store.write() as cx:
            (taken,) = outbox.claim(cx, "dead", ["slack"], clock.now(), timedelta(seconds=15), 1)
        post = front.outbox._workers[0]._post(taken)
        await front.slack.send(post)
        clock.move(timedelta(seconds=16))
        await front.restart()
        assert await settle(front, channel_id) == {"sent": 1}
        assert titles(front) == ["Alert first"]


async def test_a_picture_stands_in_the_messages_thread_with_its_words(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async def draw(spec: object) -> bytes:
        assert spec == SPEC
        return b"a picture"

    async with slack_house(tmp_path, catalogue, clock) as front:
        front.slack.pictures.draw = draw
        house = front.house
        with house.store.write() as cx:
            row = subscriptions.ensure_channel(cx, "slack", f"slack:{HOME}", CHANNEL, "#field", "UTC", clock.now())
            card = Card(title="Digest", blocks=(Picture(SPEC, "Alerts a day: <!channel> 3"),))
            outbox.enqueue(cx, "d", row.id, "slack", "digest", card_to_data(card), clock.now())
        await front.outbox.drain()
        (file,) = await front.fake.until(lambda: front.fake.files)
        (message,) = front.fake.posted(CHANNEL)
        assert (file["bytes"], file["channel_id"], file["thread_ts"]) == (b"a picture", CHANNEL, message.ts)
        (asked,) = front.fake.called("files.getUploadURLExternal")
        assert asked["alt_txt"] == "Alerts a day: <!channel> 3"
