"""The workspaces that we serve, and the token for each: one of the environment, the others installed by OAuth."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.chat.slack_api import REVOKED, Api, Refused
from bot.chat.slack_vault import Install, Vault
from bot.errors import VedetteError
from bot.model import Clock
from bot.settings import Settings
from bot.store import installs, notes
from bot.store.engine import Store

log = logging.getLogger(__name__)

EARLY = timedelta(minutes=20)  # before its end a rotating token is replaced
REFRESH_LEASE = timedelta(seconds=30)
UNKNOWN_FOR = 30.0  # seconds that a workspace without an install is not looked up again


class Unknown(VedetteError):
    """A workspace that has not installed the app, or has taken it out."""


class Teams:
    """Installs by team id, in memory; the store is the truth."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, api: Api) -> None:
        self._settings, self._store, self._clock, self._api = settings, store, clock, api
        secrets = settings.secrets
        self._static = secrets.slack_bot_token.get_secret_value() if secrets.slack_bot_token else ""
        self.vault = Vault(secrets.secret_keys.get_secret_value()) if secrets.secret_keys else None
        self._known: dict[str, Install] = {}
        self._within: dict[str, str] = {}  # team → the organisation whose install counts for it
        self._missing: dict[str, float] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.static_team = ""

    async def learn(self) -> None:
        """Whose the environment's token is, and who has installed the app. Raises `Refused`."""
        for install in await asyncio.to_thread(self._load):
            self._known[install.team] = install
        if self._static:
            said = await self._api.call(self._static, "auth.test")
            team = str(said.get("team_id") or said.get("enterprise_id") or "")
            self.static_team = team
            self._known[team] = Install(team, str(said.get("team", "")), self._static, str(said.get("user_id", "")))

    def _load(self) -> list[Install]:
        """What can be read of the store; whatever an older key closed is closed anew."""
        found = []
        with self._store.read() as cx:
            rows = installs.installs_on(cx, "slack")
        for team, secret in rows.items():
            install = self.vault.open(team, secret) if self.vault else None
            if install is None:
                log.error("Slack: the install of workspace %s cannot be read; its key is not in SECRET_KEYS.", team)
                continue
            found.append(install)
            renewed = self.vault.renewed(secret) if self.vault else None
            if renewed:
                with self._store.write() as cx:
                    installs.save_install(cx, "slack", team, renewed, self._clock.now())
        return found

    async def install_of(self, team: str, organisation: str = "") -> Install | None:
        """The install that counts for a team: its own, or its organisation's."""
        if found := self._known.get(team):
            return found
        if organisation and (found := self._known.get(organisation)):
            if self._within.get(team) != organisation:
                self._within[team] = organisation
                await asyncio.to_thread(self._note_organisation, team, organisation)
            return found
        now = asyncio.get_running_loop().time()
        if self._missing.get(team, 0.0) > now:
            return None
        found = await asyncio.to_thread(self._find, team)
        if found is None:
            self._missing[team] = now + UNKNOWN_FOR
        return found

    def _note_organisation(self, team: str, organisation: str) -> None:
        with self._store.write() as cx:
            notes.note(cx, f"slack organisation of {team}", organisation, self._clock.now())

    def _find(self, team: str) -> Install | None:
        """Installed through another process, or by the team's organisation."""
        with self._store.read() as cx:
            organisation = notes.noted(cx, f"slack organisation of {team}")
            rows = {each: installs.install_of(cx, "slack", each) for each in (team, organisation) if each}
        for each, secret in rows.items():
            if each in self._known:
                return self._known[each]
            install = self.vault.open(each, secret) if self.vault and secret else None
            if install:
                self._known[each] = install
                return install
        return None

    async def token(self, team: str) -> str:
        """The bot token for a team, renewed if its end is near. Raises `Unknown` or `Refused`."""
        install = await self.install_of(team)
        if install is None:
            raise Unknown(f"The Slack workspace {team} has not installed this app.", "Install it there again.")
        ends = install.expires()
        if ends and install.refresh_token and ends - self._clock.now() < EARLY:
            async with self._locks.setdefault(install.team, asyncio.Lock()):
                install = await self._refresh(self._known.get(install.team, install))
        return install.bot_token

    async def _refresh(self, install: Install) -> Install:
        """A refresh token works once: one process at a time, and the new one is kept before it is used."""
        ends = install.expires()
        if ends and ends - self._clock.now() >= EARLY:
            return install  # renewed while we waited
        newer = await asyncio.to_thread(self._lease, install)
        if newer is None or newer != install:
            kept = newer or install
            self._known[kept.team] = kept
            return kept
        said = await self._exchange({"grant_type": "refresh_token", "refresh_token": install.refresh_token})
        fresh = self._with_tokens(install, said)
        await self.keep(fresh)
        return fresh

    def _lease(self, install: Install) -> Install | None:
        """What the store holds; None if another process renews it at this moment."""
        now, key = self._clock.now(), f"slack refresh of {install.team}"
        with self._store.write() as cx:
            secret = installs.install_of(cx, "slack", install.team)
            stored = self.vault.open(install.team, secret) if self.vault and secret else None
            if stored and stored != install:
                return stored
            until = notes.noted(cx, key)
            if until and float(until) > now.timestamp():
                return None
            notes.note(cx, key, (now + REFRESH_LEASE).timestamp(), now)
        return install

    def _with_tokens(self, install: Install, said: dict[str, Any]) -> Install:
        lasts = said.get("expires_in")
        ends = (self._clock.now() + timedelta(seconds=float(lasts))).isoformat() if lasts else ""
        return replace(
            install,
            bot_token=str(said.get("access_token") or install.bot_token),
            refresh_token=str(said.get("refresh_token") or ""),
            expires_at=ends,
        )

    async def _exchange(self, body: dict[str, str]) -> dict[str, Any]:
        secret = self._settings.secrets.slack_client_secret
        return await self._api.exchange(
            self._settings.slack.client_id, secret.get_secret_value() if secret else "", body
        )

    async def admit(self, code: str, redirect_uri: str) -> Install:
        """A workspace installs the app: the code it brought becomes its tokens. Raises `Refused`."""
        said = await self._exchange({"code": code, "redirect_uri": redirect_uri})
        whole = bool(said.get("is_enterprise_install"))
        place = (said.get("enterprise") if whole else said.get("team")) or {}
        team = str(place.get("id") or "")
        if not team or not said.get("access_token"):
            raise Refused("oauth.v2.access", "incomplete answer", 0)
        install = Install(
            team,
            str(place.get("name") or ""),
            bot_user=str(said.get("bot_user_id") or ""),
            installer=str((said.get("authed_user") or {}).get("id") or ""),
        )
        install = self._with_tokens(install, said)
        await self.keep(install)
        return install

    async def keep(self, install: Install) -> None:
        await asyncio.to_thread(self._save, install)
        self._known[install.team] = install
        self._missing.pop(install.team, None)

    def _save(self, install: Install) -> None:
        if self.vault is None:
            raise VedetteError("Installs cannot be kept without SECRET_KEYS.", "Set SECRET_KEYS and start again.")
        with self._store.write() as cx:
            installs.save_install(cx, "slack", install.team, self.vault.close(install), self._clock.now())

    async def forget(self, team: str) -> None:
        """The workspace took the app out: its token is worth nothing now."""
        if team and team != self.static_team:
            await asyncio.to_thread(self._remove, team)
            self._known.pop(team, None)

    def _remove(self, team: str) -> None:
        with self._store.write() as cx:
            installs.remove_install(cx, "slack", team)

    @property
    def teams(self) -> list[str]:
        return list(self._known)


def bad_token(error: Refused) -> str:
    """One clear sentence, or nothing if it is no fault of the token."""
    if error.error not in REVOKED:
        return ""
    return (
        f"Slack refuses the token of this workspace ({error.error}). Install the app there again, set SLACK_BOT_TOKEN to the "
        "new “Bot User OAuth Token” (api.slack.com/apps, OAuth & Permissions), and start again; until then all else goes on."
    )
