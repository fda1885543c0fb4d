"""Vedette on Slack, with the real Bolt, against a Slack of our own."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import aiohttp
import pytest

from bot.chat.slack_seen import Seen
from bot.entities.catalogue import Catalogue
from bot.log import RedactingFormatter
from handlers import COMMANDS
from tests.chat.contract import ABROAD, PRIVATE, perform
from tests.chat.slack_front import HOME, SIGNING, buttons, seen, send_signed, shown, slack_house
from tests.chat.test_slack_install import served
from tests.fakes import StandingClock, document
from tests.fakes.slack import BOT

CHANNEL = "C0FIELD01"


async def test_slack_keeps_the_contract(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        await perform(front, front.house)


async def test_every_command_is_answered(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        for command in COMMANDS:
            if command.name == "subscribe":
                continue  # opens its window
            answer = await front.say(f"/{command.name}", user=f"all{command.name}")
            assert "Something went wrong" not in answer.text, command.name
            assert "There is no command" not in answer.text, command.name


async def test_a_mention_is_answered_in_its_thread(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        said = {"type": "app_mention", "user": front.person("ann", False), "channel": CHANNEL, "thread_ts": "1.2"}
        await fake.envelope("events_api", fake.event({**said, "text": f"<@{BOT}> whois Quds Force"}, team=HOME))
        body = (await fake.until(lambda: fake.ephemeral))[0]
        assert (body["thread_ts"], body["user"], body["channel"]) == ("1.2", "UANN", CHANNEL)
        assert "Quds Force" in seen(body["blocks"])
        await fake.envelope("events_api", fake.event({**said, "text": f"<@{BOT}> whois Quds Force public"}, team=HOME))
        message = (await fake.until(lambda: fake.posted(CHANNEL)))[0]
        assert message.body["thread_ts"] == "1.2"


async def test_a_direct_message_is_a_command(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        said = {"type": "message", "channel_type": "im", "user": front.person("ann", False), "channel": "D0ANN0001"}
        for extra in (
            {"text": "subscribe Samarra"},
            {"text": "x", "subtype": "message_changed"},
            {"text": "x", "bot_id": "B1"},
        ):
            await fake.envelope("events_api", fake.event({**said, **extra}, team=HOME))
        message = (await fake.until(lambda: fake.posted("D0ANN0001")))[0]
        assert "You now follow" in seen(message.body["blocks"])
        await asyncio.sleep(0.2)
        assert len(fake.posted("D0ANN0001")) == 1, "its own words and other bots' are not answered"


async def test_what_comes_twice_is_obeyed_once(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        payload = fake.command("status", user=front.person("ann", False), channel=CHANNEL, team=HOME)
        for _ in range(3):
            envelope = await fake.envelope("slash_commands", payload, id_="the-same")
        await fake.until(lambda: envelope.acks == 3)
        event = {"type": "app_mention", "user": "UANN", "channel": CHANNEL, "text": f"<@{BOT}> status"}
        body = fake.event(event, team=HOME, id_="Ev-the-same")
        for _ in range(3):
            await fake.envelope("events_api", body)
        await fake.until(lambda: fake.answers and fake.ephemeral)
        await asyncio.sleep(0.3)
        assert (len(fake.answers), len(fake.ephemeral)) == (1, 1)


def test_what_was_seen_is_forgotten_after_ten_minutes() -> None:
    now = [0.0]
    seen_ = Seen(lambda: now[0])
    assert [seen_.is_new("a"), seen_.is_new("a")] == [True, False]
    now[0] = 601.0
    assert seen_.is_new("a")


async def test_shortcuts_on_a_message(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake, house = front.fake, front.house
        await front.say("/subscribe Quds Force", user="boss")
        house.ingest(document("The Quds Force was seen at Samarra."))
        alert = (await front.delivered())[0]

        async def chosen(callback: str, message: dict[str, object]) -> str:
            response, url = fake.response_url()
            more = {"callback_id": callback, "message": message, "channel": {"id": CHANNEL, "name": "field"}}
            payload = fake.payload(
                "message_action", user=front.person("ann", False), team=HOME, response_url=url, **more
            )
            await fake.envelope("interactive", payload)
            return shown(await front.answer(response)).text

        assert "naming Quds Force" in await chosen("why_alert", dict(alert.handle))
        assert "no alert of mine" in await chosen("why_alert", {"text": "hello"})
        assert "Something went wrong" not in await chosen("who_is_in", {"text": "The Qods Force went to Samarra."})


async def test_looking_a_name_up_in_a_window(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        payload = fake.payload("shortcut", user=front.person("ann", False), team=HOME, callback_id="look_up")
        await fake.envelope("interactive", payload)
        id_ = (await fake.until(lambda: list(fake.views)))[0]
        view = fake.views[id_]
        said = await front.submit(id_, view, {"name": "Quds Force"}, user="ann", manages=False)
        assert said["response_action"] == "update"
        await fake.until(lambda: "Qods Force" in seen(fake.views[id_]["blocks"]))


async def test_faults_are_shown_on_their_field(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        id_, view = await front.window("/subscribe", user="boss")
        said = await front.submit(id_, view, {}, user="boss")
        assert "field:query" in said["errors"]
        said = await front.submit(id_, view, {"query": 'near:"Nowhere at all" 40km AND ('}, user="boss")
        assert said["response_action"] == "errors"
        id_, view = await front.window("/digest at", user="boss")
        said = await front.submit(id_, view, {"time": "25:99", "zone": "UTC"}, user="boss")
        assert "field:time" in said["errors"]


async def test_the_home_tab_shows_the_readers_channels_alone(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        fake.channels["C0SECRET1"] = {"name": "secret", "members": []}
        fake.channels[CHANNEL] = {"name": "field", "members": ["UANN"]}
        await front.say("/subscribe Quds Force", user="boss")
        payload = fake.command("subscribe Samarra", user=front.person("boss", True), channel="C0SECRET1", team=HOME)
        await fake.envelope("slash_commands", payload)
        await front.answer(payload["response_url"].rpartition("/")[2])
        await front.say("/digest at 07:00 Asia/Baghdad", user="boss2")
        event = {"type": "app_home_opened", "user": front.person("ann", False), "channel": "D0ANN0001", "tab": "home"}
        await fake.envelope("events_api", fake.event(event, team=HOME))
        view = await fake.until(lambda: fake.homes.get("UANN"))
        text = seen(view["blocks"])
        assert "#field" in text
        assert "Quds Force" in text
        assert "secret" not in text
        assert "in #field" in text.partition("Next digest")[2]
        follow = buttons(view["blocks"])["Follow for me"]
        more = {"view": {**view, "id": "VHOME"}, "container": {"type": "view"}}
        action = {"type": "button", "action_id": follow["action_id"], "value": follow["value"]}
        payload = fake.payload("block_actions", user="UANN", team=HOME, actions=[action], **more)
        await fake.envelope("interactive", payload)
        id_ = (await fake.until(lambda: list(fake.views)))[0]
        await front.submit(id_, fake.views[id_], {"query": "Baquba"}, user="ann", manages=False)
        await fake.until(lambda: "You now follow" in seen(fake.views[id_]["blocks"]))


async def test_a_button_that_means_nothing_gets_a_sentence(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        for element in ({"action_id": "old", "value": "x"}, {"action_id": "do:answer:0", "value": ""}):
            response = await front.act(element, user="ann")
            assert "cannot be used any more" in shown(await front.answer(response)).text
        response = await front.act({"action_id": "do:answer:0", "value": "/why V-ZZZZZ"}, user="ann", where=ABROAD)
        assert "No alert here is called" in shown(await front.answer(response)).text


async def test_where_the_way_back_is_closed_the_answer_comes_as_a_message(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        payload = fake.command("status", user=front.person("ann", False), channel=CHANNEL, team=HOME)
        fake.closed_urls.add(payload["response_url"].rpartition("/")[2])
        await fake.envelope("slash_commands", payload)
        assert "All is well" in seen((await fake.until(lambda: fake.ephemeral))[0]["blocks"])


async def test_rights(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        add = "/admins add <@U0BOB0001|bob>"
        assert "manage this channel" in (await front.say(add, user="ann", manages=False)).text
        assert "whole workspace" in (await front.say(add, user="ann2", manages=False, where=PRIVATE)).text
        assert "listed too" in (await front.say(add, user="boss1")).text
        assert "U0BOB0001" in (await front.say("/admins", user="ann3", manages=False)).text
        assert "You now follow" in (await front.say("/subscribe Samarra", user="0bob0001", manages=False)).text
        assert "manage this channel" in (await front.say("/subscribe Tikrit", user="boss9")).text, "the list counts now"
        front.fake.people["UOWNER"] = {"is_owner": True}
        assert "on the list already" in (await front.say(add, user="boss1", manages=False)).text
        await front.say("/admins remove @U0BOB0001", user="boss1", manages=False)
        last = await front.say("/admins remove @UBOSS1", user="boss1", manages=False)
        assert "own admins and owners have the right again" in last.text
        assert "You now follow" in (await front.say("/subscribe Tikrit", user="boss7")).text


async def test_without_an_answer_on_who_somebody_is_nobody_has_rights(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        front.fake.scopes_missing.add("users.info")
        assert "did not tell me who you are" in (await front.say("/subscribe Samarra", user="boss")).text
        assert "Quds Force" in (await front.say("/whois Quds Force", user="boss")).text


async def test_many_at_once_are_acknowledged_before_they_are_worked_on(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    """Another writer holds the database: no acknowledgement waits for it, every answer does."""
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        fake.latency = 0.05
        user = front.person("ann", False)
        payloads = [fake.command("whois Quds Force", user=f"{user}{n}", channel=CHANNEL, team=HOME) for n in range(50)]
        with front.house.store.write():
            await asyncio.gather(*(fake.envelope("slash_commands", payload) for payload in payloads))
            assert fake.answers == []
        assert await fake.until(lambda: len(fake.answers) == 50)


async def test_signed_http(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake, web = front.fake, served(front)
        await web.start()
        url = f"http://127.0.0.1:{web.port}/slack/events"
        at = str(int(clock.now().timestamp()))
        payload = fake.command("status", user=front.person("ann", False), channel=CHANNEL, team=HOME)
        try:
            async with aiohttp.ClientSession() as session:
                at = str(int(clock.now().timestamp()))
                assert (await send_signed(session, url, SIGNING, payload, at=at))[0] == 200
                assert "All is well" in shown(await front.answer(payload["response_url"].rpartition("/")[2])).text
                assert (await send_signed(session, url, SIGNING, payload, at=at))[0] == 401, "a replay"
                for wrong in (str(int(at) - 301), "abc", "１２３", "-1", "1e9", "99999999999999999999", " "):
                    assert (await send_signed(session, url, SIGNING, payload, at=wrong))[0] == 401, wrong
                assert (await send_signed(session, url, "another secret", payload, at=at))[0] == 401
                assert (await send_signed(session, url, SIGNING, payload, at=at, signature="v0=é"))[0] == 401
                asked = {"type": "url_verification", "challenge": "abc", "token": "x"}
                assert (await send_signed(session, url, SIGNING, asked, at=at))[1].find("abc") >= 0
                button = {"type": "button", "action_id": "do:answer:0", "value": "/help"}
                response, back = fake.response_url()
                pressed = fake.payload("block_actions", user="UANN", team=HOME, actions=[button], response_url=back)
                assert (await send_signed(session, url, SIGNING, pressed, at=at))[0] == 200
                assert "What I understand" in shown(await front.answer(response)).text
        finally:
            await web.close()
        assert len(fake.answers) == 2


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets"])
async def test_slack_asks_for_another_connection(
    reason: str, tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        await fake.sockets[-1].send_json({"type": "disconnect", "reason": reason})
        await fake.until(lambda: fake.connections == 2)
        assert "All is well" in (await front.say("/status", user="ann")).text


async def test_a_cut_connection_is_opened_again(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        fake.faults["apps.connections.open"].extend(["500"])
        transport = fake.sockets[-1]._req.transport  # type: ignore[union-attr]
        transport.abort()  # type: ignore[union-attr]
        await fake.until(lambda: fake.connections == 2, patience=30)
        assert "All is well" in (await front.say("/status", user="ann")).text


async def test_a_bad_app_token_is_said_once_and_alerts_go_on(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        fake = front.fake
        await front.say("/subscribe Quds Force", user="boss")
        fake.app_tokens.clear()
        await fake.sockets[-1].close()
        await fake.until(lambda: "SLACK_APP_TOKEN" in caplog.text)
        await asyncio.sleep(0.2)
        assert caplog.text.count("Slack refuses SLACK_APP_TOKEN") == 1
        front.house.ingest(document("The Quds Force was seen at Samarra."))
        assert len(await front.delivered()) == 1


async def test_no_token_is_ever_logged(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock, logged: io.StringIO
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        front.fake.codes["xoxe-1-refresh-canary"] = {
            "ok": True,
            "access_token": "xoxe.xoxb-canary-new",
            "expires_in": 1,
        }
        await front.say("/subscribe Quds Force", user="boss")
        front.house.ingest(document("The Quds Force was seen at Samarra."))
        await front.delivered()
        await front.slack.teams._exchange({"grant_type": "refresh_token", "refresh_token": "xoxe-1-refresh-canary"})
    assert "chat.postMessage" in logged.getvalue(), "nothing was logged at DEBUG"
    assert "canary" not in logged.getvalue()


def test_the_log_hides_what_slack_gives_away() -> None:
    hide = RedactingFormatter(("keyone,keytwo-x",)).redact
    for secret in (
        "xoxb-1-2-abcdefgh", "xoxe.xoxb-1-abcdefgh", "xapp-1-A1-2-abcdef12", "xoxe-1-abcdefghij", "keytwo-x",
        "https://hooks.slack.com/commands/T1/2/abc", "Bearer abcdefghij", "wss://x/link/?ticket=abc-def",
    ):  # fmt: skip
        said = hide(f"before {secret} after")
        assert secret.rpartition("/")[2].removeprefix("Bearer ") not in said
        assert said.startswith("before ")
        assert said.endswith(" after")


async def test_shared_by_a_hostile_name_calls_nobody(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        front.fake.people["UEVIL"] = {"profile": {"display_name": "<!channel> \u202e" + "x" * 3000}}
        card = await front.say("/whois Quds Force", user="ann")
        front.slack.people._kept.clear()
        element = buttons(card.handle["blocks"])["Share"]
        front.person = lambda user, manages: "UEVIL"  # type: ignore[method-assign]
        response = await front.act(element, user="evil")
        assert "Shared by <!channel>" in shown(await front.answer(response)).text
