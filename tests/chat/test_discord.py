"""Discord, through the real discord.py, against a fake server on loopback."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import discord
import pytest

from bot.cards.card import Card
from bot.cards.picture import MapPlace, MapSpec, picture
from bot.chat.discord import INTENTS
from bot.chat.discord_commands import PERMISSIONS, SCOPES, WHO, WHY, command_tree
from bot.entities.catalogue import Catalogue
from bot.errors import VedetteError
from bot.outbox import Post, SendNever
from bot.settings import Settings
from bot.store import subscriptions
from bot.store.engine import Store
from bot.store.tables import metadata
from handlers import COMMANDS
from tests.chat.contract import perform
from tests.chat.discord_front import DiscordFront, pointed_at, seen, text_of
from tests.fakes import House, StandingClock, document
from tests.fakes.discord import MANAGE, FakeDiscord
from tests.fakes.discord_checks import faults_of


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    server = await FakeDiscord().start()
    yield server
    await server.stop()


@pytest.fixture
async def front(
    fake: FakeDiscord, tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock
) -> AsyncIterator[DiscordFront]:
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(store, catalogue, pointed_at(settings, fake), clock)
    opened = await (await DiscordFront(fake, house).open()).ready()
    yield opened
    await opened.close()
    store.close()
    assert "canary" not in json.dumps([one.body for one in fake.seen]), "a secret was said"


async def test_discord_keeps_the_contract(front: DiscordFront) -> None:
    await perform(front, front.house)
    assert front.fake.problems == []


async def test_every_command_is_answered(front: DiscordFront) -> None:
    """With what each requires and without what it does not, as it is registered with Discord."""
    asked = 0
    for entry in front.fake.commands:
        verbs = [option for option in entry.get("options") or () if option["type"] == 1]
        for verb in verbs or [entry]:
            if entry["type"] != 1:
                continue  # the menus of messages have tests of their own
            needed = [option for option in verb.get("options") or () if option.get("required")]
            given = [{"type": option["type"], "name": option["name"], "value": "Samarra"} for option in needed]
            inside = [{"type": 1, "name": verb["name"], "options": given}] if verbs else given
            data = {"id": entry["id"], "name": entry["name"], "type": 1, "options": inside}
            done = await front.give(2, data, user=f"asks{asked}")
            asked += 1
            if done.first["type"] != 9:  # a form
                said = seen(done).text
                assert said, f"/{entry['name']} {verb['name']}"
                assert "Something went wrong" not in said, f"/{entry['name']} {verb['name']}"
                assert "There is no command" not in said, f"/{entry['name']} {verb['name']}"
    assert asked >= sum(not command.hidden for command in COMMANDS)
    assert front.fake.problems == []


# -- the tree ---------------------------------------------------------------------------------------------------------


def test_the_tree_is_one_that_discord_takes() -> None:
    tree = command_tree(COMMANDS)
    assert faults_of(tree, "/applications/{application_id}/commands", "put") == []
    listed = {entry["name"]: entry for entry in tree}
    assert set(listed) == {command.name for command in COMMANDS if not command.hidden} | {WHY, WHO}
    for entry in tree:
        assert len(entry["name"]) <= 32
        for verb in [entry, *(one for one in entry.get("options", ()) if one["type"] == 1)]:
            options = [one for one in verb.get("options", ()) if one["type"] != 1]
            assert len(options) <= 25
            assert [one["required"] for one in options] == sorted((one["required"] for one in options), reverse=True)
            for one in [verb, *options]:
                assert entry["type"] == 3 or 1 <= len(one["description"]) <= 100
    assert listed["subscribe"]["default_member_permissions"] == 16
    assert "default_member_permissions" not in listed["whois"]
    assert [one["name"] for one in listed["whois"]["options"]] == ["name", "public"]


async def test_commands_are_registered_only_when_they_have_changed(front: DiscordFront) -> None:
    puts = [seen for seen in front.fake.seen if seen.method == "PUT"]
    assert len(puts) == 1
    await front.restart()
    assert [seen for seen in front.fake.seen if seen.method == "PUT"] == puts


# -- commands, menus, buttons, forms ----------------------------------------------------------------------------------


async def test_a_command_is_acknowledged_before_it_is_worked_on(front: DiscordFront) -> None:
    """Another writer holds the database: the acknowledgement does not wait for it, the answer does."""
    with front.house.store.write():
        done = await front.fake.interact(2, front.typed("/status"), front.channel, user="800000000000000001")
        await front.fake.until(lambda: done.first)
        assert done.first == {"type": 5, "data": {"flags": 64}}
        assert done.original is None
    await front.fake.until(lambda: done.original)


async def test_a_hundred_at_once_are_all_acknowledged_at_once(front: DiscordFront) -> None:
    typed = front.typed("/whois Quds Force")
    done = [
        await front.fake.interact(2, typed, front.channel, user=f"8000000000000{number:05}") for number in range(100)
    ]
    await front.fake.until(lambda: all(one.original for one in done), 30)
    assert front.fake.problems == []


async def test_a_command_in_a_thread_is_about_its_channel(front: DiscordFront) -> None:
    await front.say("/subscribe Quds Force")
    thread = front.fake._new_channel(front.guild, "a thread", 11, parent_id=front.channel, owner_id="1",
                                     message_count=0, member_count=1, thread_metadata={
                                         "archived": False, "auto_archive_duration": 60, "locked": False,
                                         "archive_timestamp": "2026-03-01T12:00:00+00:00"})  # fmt: skip
    front.places["thread"] = thread["id"]
    assert "1 subscription in #field" in (await front.say("/subscriptions", where="thread")).text


async def test_the_menu_of_an_alert_says_why(front: DiscordFront) -> None:
    await front.say("/subscribe Quds Force")
    front.house.ingest(document("The Quds Force was seen at Samarra."))
    (alert,) = await front.delivered()
    menu = {"id": "1", "name": WHY, "type": 3, "target_id": alert.handle["id"]}
    data = menu | {"resolved": {"messages": {alert.handle["id"]: alert.handle}}}
    done = await front.give(2, data, manages=False)
    assert "naming Quds Force" in seen(done).text
    assert not seen(done).public
    other = alert.handle | {"author": {"id": "5", "username": "x"}}
    data = menu | {"resolved": {"messages": {alert.handle["id"]: other}}}
    assert "no alert of mine" in seen(await front.give(2, data)).text


async def test_the_menu_of_any_message_says_who_is_in_it(front: DiscordFront) -> None:
    message = {
        "id": "55",
        "content": "They say the\nQuds Force is in Samarra public",
        "author": {"id": "5"},
        "embeds": [],
    }
    data = {"id": "1", "name": WHO, "type": 3, "target_id": "55", "resolved": {"messages": {"55": message}}}
    shown = seen(await front.give(2, data))
    assert "2 names in this text" in shown.text
    assert not shown.public


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("v:A:#" + "0" * 20, "too old"),
        ("poll-7", "do not know this button"),
        ("v:Q:/why", "do not know"),
        ("v:A:/nonsense", "no command"),
    ],
)
async def test_an_expired_or_foreign_button_gets_a_sentence(front: DiscordFront, key: str, says: str) -> None:
    data = {"custom_id": key, "component_type": 2}
    shown = seen(await front.give(3, data, message={"id": "9", "embeds": [], "components": []}))
    assert says in shown.text
    assert not shown.public


async def test_a_refused_change_leaves_the_message_as_it_is(front: DiscordFront) -> None:
    data = {"custom_id": "v:R:/unsubscribe 1", "component_type": 2}
    done = await front.give(3, data, manages=False, message={"id": "9", "embeds": [], "components": []})
    assert done.first == {"type": 6}
    assert done.original is None
    assert "Only people who manage" in seen(done).text
    assert not seen(done).public


async def test_no_form_opens_for_who_may_not_use_it(front: DiscordFront) -> None:
    done = await front.give(2, front.typed("/subscribe"), manages=False)
    assert done.first["type"] == 5
    assert "Only people who manage" in seen(done).text


async def test_what_is_shared_says_by_whom_and_calls_nobody(front: DiscordFront) -> None:
    shown = await front.press(await front.say("/whois Quds Force"), "Share", user="ben")
    assert shown.public
    assert "shared by Ann" in shown.text
    assert front.fake.problems == []


async def test_a_long_feed_can_be_chosen(front: DiscordFront) -> None:
    address = "https://a.example/" + "x" * 150
    await front.say(f"/feeds add {address}", user="a")
    (choice,) = await front.offered("/feeds remove", "url", "a.example", user="b")
    assert len(choice["value"]) <= 100
    shown = await front.say(f"/feeds remove {choice['value']}", user="c")
    assert "No longer read" in shown.text
    assert "x" * 150 in shown.text


async def test_an_answer_is_edited_in_after_faults(front: DiscordFront) -> None:
    front.fake.fail("^PATCH /webhooks", status=503)
    front.fake.fail("^PATCH /webhooks", "ratelimit", wait=0.1)
    front.fake.fail("^PATCH /webhooks", "cut")
    front.fake.fail("callback$", "lost")
    assert "All is well" in (await front.say("/status")).text


async def test_the_second_process_of_a_token_keeps_silent(front: DiscordFront) -> None:
    front.fake.fail("callback$", "status", status=400, code=40060)
    done = await front.fake.interact(2, front.typed("/subscribe Samarra"), front.channel, rights=MANAGE)
    await front.fake.until(lambda: any("callback" in one.path for one in front.fake.seen))
    await asyncio.sleep(0.2)
    assert done.original is None
    assert "follows nothing" in (await front.say("/subscriptions")).text


# -- deliveries -------------------------------------------------------------------------------------------------------


async def follow(front: DiscordFront) -> None:
    await front.say("/subscribe Quds Force")


async def deliver(
    front: DiscordFront, text: str = "The Quds Force was seen at Samarra.", rounds: int = 12
) -> list[str]:
    """The titles that came to the channel, after as many rounds of the outbox as it takes."""
    front.house.ingest(document(text, key=text))
    for _ in range(rounds):
        await front.outbox.drain()
        front.house.clock.move(timedelta(seconds=30))
    return [message["embeds"][0]["title"] for message in front.fake.messages[front.channel]]


@pytest.mark.parametrize(
    ("kind", "status"), [("lost", 0), ("cut", 0), ("status", 500), ("status", 502), ("status", 503), ("status", 504)]
)
async def test_a_fault_loses_nothing_and_doubles_nothing(front: DiscordFront, kind: str, status: int) -> None:
    await follow(front)
    front.fake.fail("^POST /channels", kind, status=status, times=4)
    assert await deliver(front) == ["The Quds Force was seen at Samarra."]
    keys = {one.body["nonce"] for one in front.fake.seen if one.method == "POST" and one.path.startswith("/channels")}
    assert len(keys) == 1
    assert all(len(key) == 25 for key in keys)


async def test_a_doubt_that_is_older_than_the_nonce_is_looked_up(front: DiscordFront) -> None:
    await follow(front)
    front.fake.nonce_for = 0
    front.fake.fail("^POST /channels", "lost")
    front.house.ingest(document("The Quds Force was seen at Samarra."))
    await front.outbox.drain()
    await front.restart()
    assert await deliver(front, "Nothing of note.") == ["The Quds Force was seen at Samarra."]


async def test_without_the_history_the_nonce_has_to_do(front: DiscordFront) -> None:
    await follow(front)
    front.fake.fail("^POST /channels", "lost")
    front.fake.fail("^GET /channels", status=403, code=50001, times=9)
    front.house.ingest(document("The Quds Force was seen at Samarra."))
    await front.outbox.drain()
    await front.restart()
    assert await deliver(front, "Nothing of note.") == ["The Quds Force was seen at Samarra."]


@pytest.mark.parametrize(("everywhere", "via"), [(False, True), (True, True), (False, False)])
async def test_a_429_is_obeyed(front: DiscordFront, everywhere: bool, via: bool) -> None:
    await follow(front)
    front.fake.fail("^POST /channels", "ratelimit", wait=0.6, everywhere=everywhere, via=via)
    front.house.ingest(document("The Quds Force was seen at Samarra."))
    await front.outbox.drain()
    refused = front.fake.seen[-1]
    assert refused.status == 429
    for _ in range(8):
        front.house.clock.move(timedelta(minutes=5))
        await front.outbox.drain()
        await asyncio.sleep(0.2)
    posts = [one for one in front.fake.seen if one.method == "POST" and one.path.startswith("/channels")]
    assert [one.status for one in posts] == [429, 200]
    assert posts[1].at - posts[0].at >= (0.6 if via else 1.0), "nobody asks before the time it names"


async def test_a_channel_that_is_closed_is_parked_and_the_owner_told(front: DiscordFront) -> None:
    await follow(front)
    front.fake.closed.add(front.channel)
    assert await deliver(front) == []
    posts = [one for one in front.fake.seen if one.path == f"/channels/{front.channel}/messages"]
    assert len(posts) == 1, "it is tried once"
    owner = next(c for c in front.fake.channels.values() if c["type"] == 1 and c["recipients"][0]["id"].startswith("7"))
    (told,) = front.fake.messages[owner["id"]]
    assert "I cannot post in #field any more" in text_of(told)
    front.fake.closed.clear()
    await front.say("/status")
    assert await deliver(front, "Nothing of note.") == ["The Quds Force was seen at Samarra."]


async def test_an_owner_without_direct_messages_is_told_in_the_open(front: DiscordFront) -> None:
    await follow(front)
    owner = front.fake.private("700000000000000001")
    front.fake.closed |= {front.channel, owner["id"]}
    assert await deliver(front) == []
    general = front.fake.guilds[front.guild]["system_channel_id"]
    assert ["I cannot post in #field any more" in text_of(message) for message in front.fake.messages[general]] == [
        True
    ]


async def test_a_card_that_discord_refuses_is_buried_with_its_words(
    front: DiscordFront, caplog: pytest.LogCaptureFixture
) -> None:
    await follow(front)
    front.fake.fail("^POST /channels", status=400, code=50035)
    assert await deliver(front) == []
    assert "the fake says so" in caplog.text
    other = "Ministers in Baghdad praised a general of the Quds Force on Sunday."
    assert await deliver(front, other) == [other]


async def test_a_refused_token_pauses_the_platform_with_one_sentence(
    front: DiscordFront, caplog: pytest.LogCaptureFixture
) -> None:
    await follow(front)
    front.fake.revoked = True
    front.house.ingest(document("The Quds Force was seen at Samarra."))
    for _ in range(3):
        await front.outbox.drain()
        front.house.clock.move(timedelta(minutes=11))
    assert caplog.text.count("Reset Token") == 1
    assert sum(1 for one in front.fake.seen if one.status == 401) == 3
    front.fake.revoked = False
    assert await deliver(front, "Nothing of note.") == ["The Quds Force was seen at Samarra."]


def a_post(front: DiscordFront, title: str, action: str = "post", target: str = "", **more: str) -> Post:
    with front.house.store.write() as cx:
        channel = subscriptions.ensure_channel(
            cx, "discord", f"discord:{front.guild}", front.channel, "#field", "UTC", front.house.clock.now()
        )
    return Post(channel, Card(title, code="V-7F3K2"), key=f"{action} {title}", action=action, target=target, **more)  # type: ignore[arg-type]


async def test_an_edit_changes_its_message(front: DiscordFront) -> None:
    reference = await front.bot.send(a_post(front, "One outlet"))
    assert await front.bot.send(a_post(front, "Two outlets", "edit", reference)) == reference
    (message,) = front.fake.messages[front.channel]
    assert message["embeds"][0]["title"] == "Two outlets"
    front.fake.messages[front.channel].clear()
    with pytest.raises(SendNever):
        await front.bot.send(a_post(front, "Three outlets", "edit", reference))


async def test_replies_stand_in_the_messages_thread(front: DiscordFront) -> None:
    reference = await front.bot.send(a_post(front, "Towns fall"))
    first = await front.bot.send(a_post(front, "Another town", "reply", reference))
    await front.restart()
    second = await front.bot.send(a_post(front, "A third town", "reply", reference))
    thread = reference.partition("/")[2]
    assert first.partition("/")[0] == second.partition("/")[0] == thread
    assert [message["embeds"][0]["title"] for message in front.fake.messages[thread]] == [
        "Another town",
        "A third town",
    ]
    assert front.fake.channels[thread]["name"] == "Another town"


async def test_replies_stand_in_the_channel_where_threads_are_not_allowed(front: DiscordFront) -> None:
    front.fake.no_threads.add(front.channel)
    reference = await front.bot.send(a_post(front, "Towns fall"))
    await front.bot.send(a_post(front, "Another town", "reply", reference))
    await front.bot.send(a_post(front, "A third town", "reply", reference))
    replies = front.fake.messages[front.channel][1:]
    assert [reply["message_reference"]["message_id"] for reply in replies] == [reference.partition("/")[2]] * 2
    assert sum(1 for one in front.fake.seen if one.path.endswith("/threads")) == 1


async def test_the_one_role_is_called(front: DiscordFront) -> None:
    await front.bot.send(a_post(front, "Towns fall", mention="123456789012345678"))
    (message,) = front.fake.messages[front.channel]
    assert message["content"] == "<@&123456789012345678>"
    assert front.fake.problems == []


async def test_pictures_come_as_files(front: DiscordFront) -> None:
    async def draw(spec: object) -> bytes:
        if spec == broken:
            raise VedetteError("It cannot be drawn.")
        return b"\x89PNG"

    broken = MapSpec((), "Nowhere")
    await front.close()
    await (await front.open(draw=draw)).ready()
    post = a_post(front, "Towns fall")
    maps = (picture(MapSpec((MapPlace("Samarra", 34.2, 43.9),), "Iraq")), picture(broken))
    await front.bot.send(replace(post, card=replace(post.card, blocks=maps)))
    (sent,) = [one for one in front.fake.seen if one.method == "POST" and one.path.startswith("/channels")]
    assert [item["filename"] for item in sent.body["attachments"]] == ["picture-1.png"]
    assert "Samarra" in sent.body["attachments"][0]["description"]
    assert "Nowhere" in sent.body["embeds"][0]["description"]
    assert front.fake.problems == []


# -- the connection ---------------------------------------------------------------------------------------------------


async def answers(front: DiscordFront) -> bool:
    return "All is well" in (await front.say("/status", user=f"user{len(front.fake.seen)}")).text


async def test_a_wish_to_reconnect_is_followed(front: DiscordFront) -> None:
    await front.fake.op(7)
    await front.fake.until(lambda: front.fake.resumes == 1)
    assert await answers(front)
    assert len(front.fake.identifies) == 1


async def test_what_happened_while_the_line_was_cut_is_answered(front: DiscordFront) -> None:
    front.fake.cut()
    done = await front.fake.interact(2, front.typed("/status"), front.channel)
    await front.fake.until(lambda: done.original)
    assert front.fake.resumes == 1
    assert len(front.fake.identifies) == 1


async def test_an_invalid_session_is_begun_anew(front: DiscordFront) -> None:
    await front.fake.op(9, False)
    await front.fake.until(lambda: len(front.fake.identifies) == 2)
    await front.fake.until(front.bot.ready.is_set)
    assert await answers(front)


async def test_a_session_that_can_be_resumed_is(front: DiscordFront) -> None:
    await front.fake.op(9, True)
    await front.fake.until(lambda: front.fake.resumes == 1)
    assert await answers(front)


async def test_a_zombie_is_noticed(fake: FakeDiscord, front: DiscordFront) -> None:
    await front.close()
    fake.heartbeat = 100
    await (await front.open(heartbeat_timeout=0.5)).ready()
    fake.zombie = True
    await fake.until(lambda: fake.resumes >= 1)
    fake.zombie = False
    await fake.until(front.bot.ready.is_set)
    assert await answers(front)


@pytest.mark.parametrize(("code", "says"), [(4004, "DISCORD_TOKEN"), (4014, "intents"), (4011, "shards")])
async def test_a_refused_connection_is_said_once(
    front: DiscordFront, code: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    await front.close()
    front.fake.close_with = code
    await front.open()
    await front.fake.until(lambda: says in caplog.text)
    assert len(front.fake.identifies) == 2
    reference = await front.bot.send(a_post(front, "Alerts go out all the same"))
    assert reference.startswith(front.channel)
    await asyncio.sleep(0.2)
    assert [record.levelname for record in caplog.records if says in record.message] == ["ERROR"]


async def test_a_bad_token_is_said_once(front: DiscordFront, caplog: pytest.LogCaptureFixture) -> None:
    await front.close()
    front.fake.revoked = True
    await front.open()
    await front.fake.until(lambda: "Reset Token" in caplog.text)
    assert len(front.fake.identifies) == 1, "a token that is refused costs no IDENTIFY"


async def test_a_crash_loop_stops_at_twenty_connections_an_hour(
    front: DiscordFront, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(19):
        await front.restart()
    await front.close()
    await front.open()
    await front.fake.until(lambda: "20 times within an hour" in caplog.text)
    assert len(front.fake.identifies) == 20
    assert await front.bot.send(a_post(front, "Alerts go out all the same"))
    await front.close()
    front.house.clock.move(timedelta(hours=1, seconds=1))
    await (await front.open()).ready()
    assert len(front.fake.identifies) == 21


async def test_an_invalid_session_counts_too(front: DiscordFront) -> None:
    for number in range(2, 21):
        await front.fake.op(9, False)
        await front.fake.until(lambda number=number: len(front.fake.identifies) == number)
        await front.fake.until(front.bot.ready.is_set)
    await front.fake.op(9, False)
    await asyncio.sleep(0.5)
    assert len(front.fake.identifies) == 20


async def test_a_server_that_is_away_at_first_is_tried_again(
    front: DiscordFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.discord.AGAIN", (0.1, 0.2))
    await front.close()
    await front.fake.stop()
    await front.open()
    await asyncio.sleep(0.3)
    await front.fake.start()
    await front.ready()
    assert await answers(front)


async def test_shards_are_opened_one_after_the_other(
    fake: FakeDiscord, tmp_path: Path, catalogue: Catalogue, settings: Settings, clock: StandingClock
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(store, catalogue, pointed_at(settings, fake, shards=2), clock)
    front = await (await DiscordFront(fake, house).open()).ready()
    assert [one["shard"] for one in fake.identifies] == [[0, 2], [1, 2]]
    assert await answers(front)
    await front.close()
    store.close()


async def test_only_the_guilds_intent_is_asked_for(front: DiscordFront) -> None:
    assert front.fake.identifies[0]["intents"] == 1


# -- tokens -----------------------------------------------------------------------------------------------------------


async def test_no_token_is_in_the_log_even_at_debug(front: DiscordFront, logged: io.StringIO) -> None:
    await front.restart()
    await front.say("/subscribe Quds Force")
    await deliver(front)
    front.fake.fail("^PATCH /webhooks", status=404, code=10015)
    await front.fake.interact(2, front.typed("/status"), front.channel)
    await front.fake.until(lambda: "could not be answered" in logged.getvalue())
    assert "WebSocket Event" in logged.getvalue()
    assert "canary" not in logged.getvalue()
    with front.house.store.read() as cx:
        dump = "\n".join(str(row) for table in metadata.sorted_tables for row in cx.execute(table.select()))
    assert "canary" not in dump


# -- the page for operators -------------------------------------------------------------------------------------------


def test_the_page_says_what_the_code_asks_for() -> None:
    page = (Path(__file__).parents[2] / "docs" / "install-discord.md").read_text(encoding="utf-8")
    assert f"permissions={sum(PERMISSIONS.values())}" in page
    assert f"scope={'+'.join(SCOPES)}" in page
    assert all(f"{name}" in page for name in PERMISSIONS)
    named = {name for name, on in discord.Permissions(sum(PERMISSIONS.values())) if on}
    assert named == {
        "read_messages", "send_messages", "embed_links", "attach_files", "read_message_history",
        "create_public_threads", "send_messages_in_threads",
    }  # fmt: skip
    assert len(re.findall(r"(?m)^\d+\. ", page)) == 10
    assert INTENTS.value == 1
    assert "Guilds" in page


async def test_a_step_up_answers_the_message_in_the_channel(front: DiscordFront) -> None:
    reference = await front.bot.send(a_post(front, "Towns fall"))
    await front.bot.send(a_post(front, "Killed: 12, before 5", "notify", reference))
    answer = front.fake.messages[front.channel][1]
    assert answer["message_reference"]["message_id"] == reference.partition("/")[2]
    assert not any(one.path.endswith("/threads") for one in front.fake.seen)
