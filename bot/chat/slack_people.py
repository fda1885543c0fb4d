"""Who speaks, and where: names, time zones and rights, asked of Slack once in a few minutes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.chat.slack_api import Api, Refused
from bot.chat.slack_teams import Teams, Unknown

log = logging.getLogger(__name__)

KEPT = 180.0  # seconds; so long a right that was taken away still holds
MOST = 5_000
PATIENCE = 4.0

_Kept = TypeVar("_Kept", str, "Person")


@dataclass(frozen=True, slots=True)
class Person:
    """`known` is False where Slack did not say; such a person has no rights."""

    name: str = ""
    timezone: str = ""
    is_admin: bool = False
    is_owner: bool = False
    known: bool = True


class People:
    """Answers of users.info and conversations.info, kept for a while."""

    def __init__(self, api: Api, teams: Teams, now: Callable[[], float]) -> None:
        self._api, self._teams, self._now = api, teams, now
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}

    async def who(self, team: str, user: str) -> Person:
        kept = self._get(team, user)
        if isinstance(kept, Person):
            return kept
        said = await self._ask(team, "users.info", {"user": user})
        if said is None:
            return Person(known=False)
        found = said.get("user") or {}
        profile = found.get("profile") or {}
        name = profile.get("display_name") or found.get("real_name") or found.get("name") or ""
        owner = bool(found.get("is_owner") or found.get("is_primary_owner"))
        guest = bool(found.get("is_restricted") or found.get("deleted") or found.get("is_bot"))
        person = Person(
            str(name), str(found.get("tz") or ""), bool(found.get("is_admin")) and not guest, owner and not guest
        )
        return self._keep(team, user, person)

    async def channel_name(self, team: str, channel: str) -> str:
        """`#field`; empty where Slack does not say."""
        kept = self._get(team, channel)
        if isinstance(kept, str):
            return kept
        said = await self._ask(team, "conversations.info", {"channel": channel})
        found = (said or {}).get("channel") or {}
        name = f"#{found['name']}" if found.get("name") else ""
        return self._keep(team, channel, name)

    async def channels_of(self, team: str, user: str) -> list[str]:
        """The channels that both this person and we are in, as far as Slack tells; at most a thousand."""
        body = {
            "user": user, "types": "public_channel,private_channel,im", "exclude_archived": True, "limit": 1000,
            "team_id": team,  # an organisation's token serves many
        }  # fmt: skip
        said = await self._ask(team, "users.conversations", body)
        return [str(found.get("id")) for found in (said or {}).get("channels") or []]

    async def direct(self, team: str, user: str) -> str:
        """The direct channel with somebody; empty where it cannot be opened."""
        try:
            said = await self._api.call(await self._teams.token(team), "conversations.open", {"users": user})
        except (Refused, Unknown):
            return ""
        return str((said.get("channel") or {}).get("id") or "")

    async def owner(self, team: str) -> str:
        """Somebody who runs the workspace, where nobody else is known."""
        kept = self._get(team, "the owner")
        if isinstance(kept, str):
            return kept
        said = await self._ask(team, "users.list", {"limit": 200, "team_id": team})
        people = [
            found for found in (said or {}).get("members") or [] if not found.get("deleted") and not found.get("is_bot")
        ]
        for rank in ("is_primary_owner", "is_owner", "is_admin"):
            for found in people:
                if found.get(rank):
                    return self._keep(team, "the owner", str(found.get("id") or ""))
        return ""

    async def _ask(self, team: str, method: str, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._api.call(await self._teams.token(team), method, body, reads=True)
        except (Refused, Unknown, TimeoutError) as error:
            log.info("Slack: %s", error or f"{method} took too long")
            return None

    def _get(self, team: str, what: str) -> Any:
        until, value = self._kept.get((team, what), (0.0, None))
        return value if until > self._now() else None

    def _keep(self, team: str, what: str, value: _Kept) -> _Kept:
        if len(self._kept) > MOST:
            self._kept.clear()
        self._kept[(team, what)] = (self._now() + KEPT, value)
        return value
