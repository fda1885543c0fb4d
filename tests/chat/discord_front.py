"""Readers of a fake Discord: what they type, press and see, for the contract and the tests of faults."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from bot.chat.discord import DiscordChat
from bot.outbox import Outbox
from bot.settings import DiscordSection, Settings
from tests.chat.contract import ABROAD, FIELD, PRIVATE, Shown
from tests.fakes import House
from tests.fakes.discord import MANAGE, Done, FakeDiscord

EPHEMERAL = 64


def pointed_at(settings: Settings, fake: FakeDiscord, **more: Any) -> Settings:
    section = DiscordSection(api_url=fake.api_url, gateway_url=fake.gateway_url, **more)
    return settings.model_copy(update={"discord": section})


class DiscordFront:
    """A server with two channels, another server, and a direct message."""

    free_text = False
    chat = True

    def __init__(self, fake: FakeDiscord, house: House) -> None:
        self.fake = fake
        self.house = house
        self.guild = fake.guild("Field office", "general", "field")
        self.abroad = fake.guild("Abroad", "general")
        self.channel = fake.guilds[self.guild]["channels"][1]["id"]
        self.places = {
            FIELD: self.channel,
            ABROAD: fake.guilds[self.abroad]["channels"][0]["id"],
            PRIVATE: fake.private("800000000000000077")["id"],
        }
        self._users: dict[str, str] = {}
        self._told = 0
        self.bot: DiscordChat
        self.outbox: Outbox

    async def open(self, **how: Any) -> DiscordFront:
        context = self.house.context
        self.bot = DiscordChat(context, self.fake.token, **{"identify_gap": 0.0, **how})
        self.outbox = Outbox(
            context.store, [self.bot], self.house.clock, "test", self.house.context.settings.outbox.lease
        )
        self.stop = asyncio.Event()
        self._running = asyncio.create_task(self.bot.run(self.stop))
        return self

    async def ready(self) -> DiscordFront:
        await asyncio.wait_for(self.bot.ready.wait(), 10)
        return self

    async def close(self) -> None:
        self.stop.set()
        await asyncio.wait_for(self._running, 10)
        await self.bot.close()

    async def restart(self) -> None:
        await self.close()
        await (await self.open()).ready()

    def user(self, name: str) -> str:
        return self._users.setdefault(name, f"8000000000000{len(self._users):05}")

    async def give(self, kind: int, data: dict[str, Any], **how: Any) -> Done:
        """An interaction, complete."""
        where, manages = how.pop("where", FIELD), how.pop("manages", True)
        user = "800000000000000077" if where == PRIVATE else self.user(how.pop("user", "ann"))
        how.pop("user", None)
        rights = MANAGE if manages and where != PRIVATE else 0
        done = await self.fake.interact(kind, data, self.places[where], user=user, rights=rights, **how)
        await self.fake.until(
            lambda: done.first and (done.first["type"] in (4, 8, 9) or done.original or done.follow_ups)
        )
        return done

    async def say(self, line: str, *, user: str = "ann", manages: bool = True, where: str = FIELD) -> Shown:
        return seen(await self.give(2, self.typed(line), user=user, manages=manages, where=where))

    async def press(
        self, shown: Shown, label: str, *, user: str = "ann", manages: bool = True, where: str = FIELD
    ) -> Shown:
        body = shown.handle
        items = [item for row in body["components"] for item in row["components"]]
        key = next((item["custom_id"] for item in items if item["label"] == label), None)
        assert key, f"no {label} among {[item['label'] for item in items]}"
        data = {"custom_id": key, "component_type": 2}
        message = {key: value for key, value in body.items() if key in ("embeds", "components", "id", "author")}
        return seen(await self.give(3, data, user=user, manages=manages, where=where, message=message))

    async def fill(
        self, line: str, values: Mapping[str, str], *, user: str = "ann", manages: bool = True, where: str = FIELD
    ) -> Shown:
        done = await self.give(2, self.typed(line), user=user, manages=manages, where=where)
        assert done.first["type"] == 9, done.first
        form = done.first["data"]
        components = [
            {"type": 18, "component": {"type": 4, "custom_id": name, "value": values.get(name, "")}}
            for name in (item["component"]["custom_id"] for item in form["components"])
        ]
        data = {"custom_id": form["custom_id"], "components": components}
        return seen(await self.give(5, data, user=user, manages=manages, where=where))

    async def suggest(self, line: str, option: str, typed: str, *, user: str = "ann", where: str = FIELD) -> list[str]:
        return [choice["name"] for choice in await self.offered(line, option, typed, user=user, where=where)]

    async def offered(self, line: str, option: str, typed: str, **how: Any) -> list[dict[str, str]]:
        data = self.typed(line)
        inside = data["options"][0] if data["options"] and data["options"][0]["type"] == 1 else data
        inside["options"] = [{"type": 3, "name": option, "value": typed, "focused": True}]
        done = await self.give(4, data, **how)
        found: list[dict[str, str]] = done.first["data"]["choices"]
        return found

    async def delivered(self) -> list[Shown]:
        await self.outbox.drain()
        messages = self.fake.messages[self.channel]
        new, self._told = messages[self._told :], len(messages)
        return [Shown(text_of(message), labels(message), True, message) for message in new]

    def typed(self, line: str) -> dict[str, Any]:
        """A line as Discord sends it, by the commands that were registered with it."""
        name, _, rest = line.lstrip("/").partition(" ")
        entry = next((entry for entry in self.fake.commands if entry["name"] == name), None)
        assert entry, f"/{name} is not registered"
        data: dict[str, Any] = {"id": entry["id"], "name": name, "type": 1, "options": []}
        options, into = entry.get("options") or [], data["options"]
        if options and options[0]["type"] == 1:
            verb, _, rest = rest.partition(" ")
            chosen = next((option for option in options if option["name"] == verb), None)
            assert chosen, f"/{name} {verb} is not registered"
            into.append({"type": 1, "name": verb, "options": []})
            options, into = chosen.get("options") or [], into[0]["options"]
        if rest.endswith(" public") and any(option["type"] == 5 for option in options):
            rest = rest.removesuffix(" public")
            into.append({"type": 5, "name": "public", "value": True})
        texts = [option["name"] for option in options if option["type"] == 3]
        for name, value in zip(texts, rest.split(" ", max(0, len(texts) - 1)), strict=False):
            if value:
                into.append({"type": 3, "name": name, "value": value})
        return data


def seen(done: Done) -> Shown:
    """What the reader sees of an interaction in the end."""
    if done.follow_ups:
        body, flags = done.follow_ups[-1], done.follow_ups[-1].get("flags", 0)
    else:
        body, flags = done.original or {}, (done.first.get("data") or {}).get("flags", 0)
    return Shown(text_of(body), labels(body), not flags & EPHEMERAL, body)


def text_of(body: Mapping[str, Any]) -> str:
    """The words of a message, the markup off."""
    parts = [body.get("content") or ""]
    for embed in body.get("embeds") or ():
        parts += [
            embed.get("title") or "",
            embed.get("description") or "",
            (embed.get("footer") or {}).get("text") or "",
        ]
    text = re.sub(r"(?m)^(> |- |-# )", "", "\n".join(parts))
    text = re.sub(r"(?<!\\)(\*\*|`)", "", text)
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


def labels(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(item["label"] for row in body.get("components") or () for item in row["components"])
