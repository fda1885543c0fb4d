"""A whole Slack for tests: the fake server, the real Bolt connected to it, and people who type and press."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from bot.chat.slack import SlackChat
from bot.chat.slack_vault import Install
from bot.entities.catalogue import Catalogue
from bot.entities.lookup import Lookup
from bot.known import Known
from bot.outbox import Outbox
from bot.settings import Settings, load_settings
from bot.store.engine import Store
from handlers.context import Context
from tests.chat.contract import ABROAD, FIELD, PRIVATE, Shown
from tests.fakes import SLACK_APP_TOKEN, SLACK_SIGNING, SLACK_TOKEN, House, StandingClock
from tests.fakes.slack import FakeSlack, send_signed
from tests.fakes.slack_limits import choice

HOME, AWAY = "T0HOME001", "T0ABROAD1"
PLACES = {FIELD: (HOME, "C0FIELD01"), ABROAD: (AWAY, "C0ABROAD1"), PRIVATE: (HOME, "D0PRIVATE")}
SIGNING = SLACK_SIGNING
KEY = Fernet.generate_key().decode()
LEASE = timedelta(seconds=15)


def slack_settings(tmp_path: Path, fake: FakeSlack, **more: str) -> Settings:
    corpus = tmp_path / "corpus"
    corpus.mkdir(exist_ok=True)
    environ = {
        "VEDETTE_STORE_FOLDER": str(tmp_path / "var"),
        "VEDETTE_CORPUS_FOLDERS": str(corpus),
        "VEDETTE_SLACK_API_URL": fake.api_url,
        "SLACK_BOT_TOKEN": SLACK_TOKEN,
        "SLACK_APP_TOKEN": SLACK_APP_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING,
        "SECRET_KEYS": KEY,
    }
    return load_settings(environ={name: value for name, value in {**environ, **more}.items() if value})


def seen(blocks: list[dict[str, Any]]) -> str:
    """What a reader sees of blocks; commands as they are called everywhere."""
    said: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, list):
            for each in part:
                walk(each)
        elif isinstance(part, dict):
            if part.get("type") in ("button", "actions"):
                return
            if isinstance(part.get("text"), str):
                said.append(part["text"])
            for value in part.values():
                if isinstance(value, dict | list):
                    walk(value)
            if str(part.get("type", "")).startswith("rich_text_") or part.get("type") in ("header", "context"):
                said.append("\n")

    walk(blocks)
    return "".join(said).replace("/vedette ", "/").strip()


def buttons(blocks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        element["text"]["text"]: element
        for block in blocks
        if block["type"] == "actions"
        for element in block["elements"]
    }


def shown(body: Mapping[str, Any], *, public: bool = False) -> Shown:
    blocks = body.get("blocks") or []
    return Shown(seen(blocks), tuple(buttons(blocks)), public or body.get("response_type") == "in_channel", body)


class SlackFront:
    """People on Slack, over Socket Mode."""

    free_text = True
    chat = True

    def __init__(self, fake: FakeSlack, house: House) -> None:
        self.fake, self.house = fake, house
        self.slack: SlackChat
        self.took: list[float] = []  # seconds until each acknowledgement
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._told = 0

    async def open(self) -> None:
        context = self.house.context
        self.slack = SlackChat(context)
        if not self.slack.teams.teams:
            away = Install(AWAY, "Abroad", "xoxb-canary-two-2222", "UBOT00001", "UINSTALL1")
            await self.slack.teams.keep(away)
        self.fake.tokens["xoxb-canary-two-2222"] = AWAY
        self.outbox = Outbox(self.house.store, [self.slack], self.house.clock, "test", LEASE)
        self._stop = asyncio.Event()
        self._running = asyncio.create_task(self.slack.run(self._stop))
        before = self.fake.connections
        await self.fake.until(lambda: self.fake.connections > before)

    async def close(self) -> None:
        self._stop.set()
        if self._running:
            await self._running
        await self.slack.close()

    async def restart(self) -> None:
        """A new process: everything of it is made anew, but the database."""
        await self.close()
        old = self.house.context
        known = Known(self.house.catalogue, Lookup(self.house.catalogue))
        self.house.context = Context(
            old.store, old.catalogue, Lookup(old.catalogue), known, old.clock, old.settings, woken=[]
        )
        await self.open()

    def person(self, user: str, manages: bool) -> str:
        id_ = "U" + user.upper()
        self.fake.people[id_] = {"is_admin": manages, "name": user, "tz": "Asia/Baghdad"}
        self.slack.people._kept.clear()
        self.house.clock.move(timedelta(seconds=3))
        return id_

    async def give(self, line: str, *, user: str, manages: bool = True, where: str = FIELD) -> tuple[str, str]:
        """Type a command; (id of its response_url, the user's id)."""
        team, channel = PLACES[where]
        id_ = self.person(user, manages)
        name, _, rest = line.lstrip("/").partition(" ")
        own = name in ("whois", "subscribe")
        payload = self.fake.command(
            rest if own else line.lstrip("/"),
            command=f"/{name}" if own else "/vedette",
            user=id_,
            channel=channel,
            team=team,
        )
        envelope = await self.fake.envelope("slash_commands", payload)
        self.took.append(envelope.took)
        return payload["response_url"].rpartition("/")[2], id_

    async def answer(self, response: str) -> dict[str, Any]:
        found = await self.fake.until(lambda: [body for each, body in self.fake.answers if each == response])
        return dict(found[0])

    async def say(self, line: str, *, user: str, manages: bool = True, where: str = FIELD) -> Shown:
        response, _ = await self.give(line, user=user, manages=manages, where=where)
        return shown(await self.answer(response))

    async def press(self, shown_: Shown, label: str, *, user: str, manages: bool = True, where: str = FIELD) -> Shown:
        element = buttons(shown_.handle["blocks"])[label]
        response = await self.act(element, user=user, manages=manages, where=where)
        return shown(await self.answer(response))

    async def act(self, element: dict[str, Any], *, user: str, manages: bool = True, where: str = FIELD) -> str:
        team, channel = PLACES[where]
        response, url = self.fake.response_url()
        payload = self.fake.payload(
            "block_actions",
            user=self.person(user, manages),
            team=team,
            channel={"id": channel, "name": "field"},
            container={"type": "message", "message_ts": "1.1", "channel_id": channel},
            response_url=url,
            actions=[{"type": "button", "action_id": element["action_id"], "value": element["value"]}],
        )
        self.took.append((await self.fake.envelope("interactive", payload)).took)
        return response

    async def window(
        self, line: str, *, user: str, manages: bool = True, where: str = FIELD
    ) -> tuple[str, dict[str, Any]]:
        """(id, view) of the window that a bare command opens, by itself or by the button under its answer."""
        before = set(self.fake.views)
        response, _ = await self.give(line, user=user, manages=manages, where=where)

        def come() -> bool:
            return bool(set(self.fake.views) - before) or any(each == response for each, _ in self.fake.answers)

        await self.fake.until(come)
        if not set(self.fake.views) - before:
            element = buttons((await self.answer(response))["blocks"])["Choose …"]
            await self.act(element, user=user, manages=manages, where=where)
        id_ = next(iter(await self.fake.until(lambda: set(self.fake.views) - before)))
        return id_, self.fake.views[id_]

    async def submit(
        self,
        id_: str,
        view: dict[str, Any],
        values: Mapping[str, str],
        *,
        user: str,
        manages: bool = True,
        where: str = FIELD,
    ) -> Any:
        """What the acknowledgement of a filled window says."""
        state = {}
        for block in view["blocks"]:
            if block["type"] != "input":
                continue
            name, element = block["block_id"].removeprefix("field:"), block["element"]
            value = values.get(name)
            if element["type"] == "plain_text_input":
                state[block["block_id"]] = {element["action_id"]: {"type": element["type"], "value": value}}
            else:
                option = {"value": value, "text": {"type": "plain_text", "text": value}} if value else None
                state[block["block_id"]] = {element["action_id"]: {"type": element["type"], "selected_option": option}}
        payload = self.fake.payload(
            "view_submission",
            user=self.person(user, manages),
            team=PLACES[where][0],
            view={**view, "id": id_, "state": {"values": state}},
        )
        envelope = await self.fake.envelope("interactive", payload)
        self.took.append(envelope.took)
        return envelope.payload

    async def fill(
        self, line: str, values: Mapping[str, str], *, user: str, manages: bool = True, where: str = FIELD
    ) -> Shown:
        id_, view = await self.window(line, user=user, manages=manages, where=where)
        said = await self.submit(id_, view, values, user=user, manages=manages, where=where)
        assert said["response_action"] == "update", said
        await self.fake.until(lambda: self.fake.views[id_] is not view)
        return shown(self.fake.views[id_])

    async def suggest(self, line: str, option: str, typed: str, *, user: str, where: str = FIELD) -> list[str]:
        id_, view = await self.window(line, user=user, where=where)
        element = next(b["element"] for b in view["blocks"] if b.get("block_id") == f"field:{option}")
        payload = self.fake.payload(
            "block_suggestion",
            user=self.person(user, True),
            team=PLACES[where][0],
            view={**view, "id": id_},
            container={"type": "view", "view_id": id_},
            action_id=element["action_id"],
            block_id=f"field:{option}",
            value=typed,
        )
        envelope = await self.fake.envelope("interactive", payload)
        options = envelope.payload["options"]
        self.fake.violations += [fault for each in options for fault in choice(each)]
        return [each["text"]["text"] for each in options]

    async def delivered(self) -> list[Shown]:
        await self.outbox.drain()
        fresh, self._told = self.fake.messages[self._told :], len(self.fake.messages)
        return [shown(message.body, public=True) for message in fresh]


@asynccontextmanager
async def slack_house(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock, **more: str
) -> AsyncIterator[SlackFront]:
    """A house on Slack; at the end every body that Slack would have refused fails the test."""
    fake = FakeSlack()
    await fake.start()
    store = Store(f"sqlite:///{tmp_path / 'house.db'}")
    house = House(store, catalogue, slack_settings(tmp_path, fake, **more), clock)
    front = SlackFront(fake, house)
    await front.open()
    try:
        yield front
        assert not fake.violations, json.dumps(fake.violations[:5], ensure_ascii=False)
        said = [body for method, body, _ in fake.calls if method != "oauth.v2.access"]
        assert "canary" not in json.dumps([said, fake.answers]), "a secret was said"
    finally:
        await front.close()
        await fake.stop()
        store.close()


__all__ = ["HOME", "KEY", "SIGNING", "SlackFront", "send_signed", "shown", "slack_house", "slack_settings"]
