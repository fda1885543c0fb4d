"""Slack, put together: deliveries go out, what people ask comes in by Socket Mode or by signed HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.chat.slack_api import Api, Refused
from bot.chat.slack_desk import Desk
from bot.chat.slack_events import Events
from bot.chat.slack_http import Gate, Handler, Pages
from bot.chat.slack_pace import Pace
from bot.chat.slack_people import People
from bot.chat.slack_pictures import Draw, Pictures
from bot.chat.slack_send import Sender
from bot.chat.slack_socket import Socket, backoff
from bot.chat.slack_teams import Teams, bad_token
from bot.chat.slack_vault import MAKE_ONE
from bot.errors import VedetteError
from bot.outbox import Post
from bot.store import admins
from handlers.context import Context

log = logging.getLogger(__name__)


class SlackChat:
    """A `Chat`; `run` keeps it connected. Raises `VedetteError` at once for settings that cannot work."""

    platform = "slack"
    at_once = 50

    def __init__(self, context: Context, draw: Draw | None = None, now: Callable[[], float] | None = None) -> None:
        settings, secrets = context.settings, context.settings.secrets
        self._context, self._settings = context, settings
        self._now = now or _loop_time
        if settings.slack.client_id and secrets.slack_client_secret and not secrets.secret_keys:
            raise VedetteError("Other workspaces cannot install the app without SECRET_KEYS.", MAKE_ONE)
        self.api = Api(settings.slack.api_url)
        self.teams = Teams(settings, context.store, context.clock, self.api)
        self.people = People(self.api, self.teams, self._now)
        self.pictures = Pictures(self.api, self.teams, draw)
        self.sender = Sender(self.api, self.teams, Pace(self._now), settings.outbox.lease, self.pictures)
        self.app = Events(Desk(context, self.api, self.teams, self.people, self.pictures)).app()
        self.socket: Socket | None = None
        self._ready = asyncio.Event()
        self._learning = asyncio.Lock()

    async def send(self, post: Post) -> str:
        await self._learned()
        return await self.sender.send(post)

    async def admin_of(self, workspace: str) -> tuple[str, str] | None:
        """The direct channel of whoever installed the app, else of the first admin, else of the workspace's owner."""
        team = workspace.removeprefix("slack:")
        install = await self.teams.install_of(team)
        listed = await asyncio.to_thread(self._listed, workspace)
        for user in (install.installer if install else "", *listed[:3], await self.people.owner(team)):
            if user and (channel := await self.people.direct(team, user)):
                return channel, "direct messages"
        return None

    def _listed(self, workspace: str) -> list[str]:
        with self._context.store.read() as cx:
            return admins.admins_of(cx, workspace)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """What bot/web.py is to serve for us."""
        settings, secrets = self._settings, self._settings.secrets
        gate = None
        if secrets.slack_signing_secret:
            gate = Gate(secrets.slack_signing_secret.get_secret_value(), self._context.clock)
        client_id = settings.slack.client_id if secrets.slack_client_secret else ""
        return Pages(self.app, gate, self.teams, settings.slack.api_url, client_id, settings.http.public_url).routes()

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until told to stop. A bad token is said once, and there is nothing to do until then."""
        working = asyncio.create_task(self._connected())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
                await stop.wait()
        finally:
            working.cancel()
            stopping.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)

    async def _connected(self) -> None:
        await self._learned(patient=True)
        token = self._settings.secrets.slack_app_token
        if token:
            self.socket = Socket(self.app, token.get_secret_value(), self.api)
            await self.socket.run()
        elif not (self._settings.secrets.slack_signing_secret and self._settings.http.listen):
            log.error(
                "Slack: alerts go out, but nothing can be asked there. Set SLACK_APP_TOKEN for Socket Mode, or "
                "SLACK_SIGNING_SECRET with [http] listen; see docs/install-slack.md."
            )

    async def _learned(self, *, patient: bool = False) -> None:
        """Once: which workspaces there are. With `patient` until Slack says so; a bad token is said once."""
        failures = 0
        while not self._ready.is_set():
            try:
                async with self._learning:
                    if not self._ready.is_set():
                        await self.teams.learn()
                self._ready.set()
            except Refused as refused:
                sentence = bad_token(refused)
                if sentence:
                    log.error("%s", sentence)
                    self._ready.set()
                elif not patient:
                    raise self.sender.meaning_of_silence(refused) from None
                else:
                    failures += 1
                    if failures == 1:
                        log.warning("Slack cannot be reached (%s); I keep trying", refused)
                    await asyncio.sleep(max(refused.wait, backoff(failures)))

    async def close(self) -> None:
        await self.api.close()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
