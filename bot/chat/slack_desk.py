"""From what somebody did on Slack to an answer: who, where, which line, and the card back to the same place."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import available_timezones

from bot.cards.card import Card
from bot.chat.slack_api import Api, Refused
from bot.chat.slack_cards import Message, message
from bot.chat.slack_people import People, Person
from bot.chat.slack_pictures import Pictures
from bot.chat.slack_teams import Teams, Unknown
from bot.chat.slack_views import Meta, answer_view, choosable, choose_button, command_view, form_view
from bot.model import Channel, Request
from bot.rules.parse import parse_query
from bot.store import admins, subscriptions
from handlers import ALIASES, BY_NAME, dispatch
from handlers.context import Context, Takes, trouble
from handlers.forms import form_for
from handlers.suggest import Suggestion, suggest

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that somebody wants, and where the answer belongs."""

    team: str
    user: str
    channel: str
    line: str
    channel_name: str = ""
    user_name: str = ""
    response_url: str = ""
    thread: str = ""
    trigger: str = ""
    view: str = ""  # the modal that asks

    @property
    def workspace(self) -> str:
        return f"slack:{self.team}"

    @property
    def direct(self) -> bool:
        return self.channel.startswith("D") or not self.channel

    @property
    def meta(self) -> Meta:
        """What a modal has to remember of it."""
        return {"channel": self.channel, "name": self.channel_name, "thread": self.thread}


class Desk:
    """Answers; every await here comes after the acknowledgement."""

    def __init__(self, context: Context, api: Api, teams: Teams, people: People, pictures: Pictures) -> None:
        self.context, self.api, self.teams, self.people, self.pictures = context, api, teams, people, pictures

    async def answer(self, ask: Ask, *, public: bool = False) -> Card:
        """What the handlers say to a line. Always a card."""
        try:
            person, name = await asyncio.gather(self.people.who(ask.team, ask.user), self._name(ask))
            card = await asyncio.to_thread(self._dispatch, ask, person, name, public)
        except Exception:
            log.exception("Slack: a command in workspace %s could not be answered", ask.team)
            return trouble(
                "Something went wrong here; it has been written to the log.",
                "Try again; if it stays, tell whoever runs this bot.",
            )
        choose = choose_button(ask.line)
        return replace(card, buttons=(*card.buttons, choose)) if choose else card

    async def _name(self, ask: Ask) -> str:
        if ask.direct:
            return "our direct messages"
        return ask.channel_name or await self.people.channel_name(ask.team, ask.channel)

    def _dispatch(self, ask: Ask, person: Person, name: str, public: bool) -> Card:
        channel = self.channel(ask, person, name)
        with self.context.store.read() as cx:
            listed = admins.admins_of(cx, ask.workspace)
        admin = may_admin(ask.user, person, listed)
        manages = admin or ask.direct
        request = Request(ask.line, channel, ask.user, can_manage=manages, can_admin=admin, public=public)
        if not admin and not person.known and needs_rights(ask.line):
            return trouble(
                "Slack did not tell me who you are, so I cannot say whether you may do that.",
                "Try again in a minute; if it stays, the app lacks the permission users:read.",
            )
        return dispatch(self.context, request)

    def channel(self, ask: Ask, person: Person, name: str) -> Channel:
        """The channel's row; a new one gets the time zone of who speaks there first."""
        zone = person.timezone if person.timezone in available_timezones() else self.context.settings.digest.timezone
        with self.context.store.write() as cx:
            return subscriptions.ensure_channel(
                cx,
                "slack",
                ask.workspace,
                ask.channel or ask.user,
                name or "this channel",
                zone,
                self.context.clock.now(),
            )

    async def reply(
        self, ask: Ask, card: Card, *, public: bool = False, note: str = "", replace_it: bool = False
    ) -> None:
        """Bring a card to where it was asked for, and then its pictures."""
        if ask.view:
            await self._view(ask, "views.update", {"view_id": ask.view, "view": answer_view(card, ask.meta)})
            self.pictures.show_under(ask.team, card, lambda images: self._add_to_view(ask, card, images))
            return
        way, made = self._through_url, message(card, note=note)
        if not await way(ask, made, public=public, replace_it=replace_it):
            way = self._post
            await way(ask, made, public=public)
        if not replace_it:
            self.pictures.show_under(ask.team, card, lambda images: way(ask, images, public=public))

    async def _add_to_view(self, ask: Ask, card: Card, images: Message) -> bool:
        view = answer_view(card, ask.meta, images.blocks)
        return bool(await self._view(ask, "views.update", {"view_id": ask.view, "view": view}))

    async def _through_url(self, ask: Ask, made: Message, *, public: bool, replace_it: bool = False) -> bool:
        """Whether Slack took it on the way back that came with the question."""
        if not ask.response_url:
            return False
        body: dict[str, Any] = {"text": made.text, "blocks": made.blocks, "replace_original": replace_it}
        if not replace_it:
            body["response_type"] = "in_channel" if public else "ephemeral"
        if ask.thread:
            body["thread_ts"] = ask.thread
        return await self.api.post(ask.response_url, body) in range(200, 300)

    async def _post(self, ask: Ask, made: Message, *, public: bool, replace_it: bool = False) -> bool:
        """Whether Slack took it as a message of ours."""
        body: dict[str, Any] = {"channel": ask.channel or ask.user, "text": made.text, "blocks": made.blocks}
        body |= {"parse": "none", "link_names": False, "thread_ts": ask.thread or None}
        if public or ask.direct:
            method = "chat.postMessage"
            body |= {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
        else:
            method = "chat.postEphemeral"
            body["user"] = ask.user
        try:
            await self.api.call(await self.teams.token(ask.team), method, body)
        except (Refused, Unknown) as error:
            log.warning("Slack: an answer could not be given: %s", error)
            return False
        return True

    async def _view(self, ask: Ask, method: str, body: dict[str, Any]) -> str:
        """The view's id; empty if Slack did not take it."""
        try:
            said = await self.api.call(await self.teams.token(ask.team), method, body)
        except (Refused, Unknown) as error:
            log.warning("Slack: a window could not be shown: %s", error)
            return ""
        return str((said.get("view") or {}).get("id") or "")

    async def open_form(self, ask: Ask) -> bool:
        """Open the window that belongs to a line; False if it has none, or Slack did not take it."""
        if not ask.trigger:
            return False
        view = await asyncio.to_thread(self._form, ask)
        if view is None:
            return False
        method = "views.push" if ask.view else "views.open"
        return bool(await self._view(ask, method, {"trigger_id": ask.trigger, "view": view}))

    def _form(self, ask: Ask) -> dict[str, Any] | None:
        name = ask.channel_name or ("our direct messages" if ask.direct else "")
        channel = self.channel(ask, Person(), name)
        form = form_for(self.context, channel, ask.line)
        if form:
            return form_view(form, ask.meta)
        chosen = choosable(ask.line)
        return command_view(*chosen, ask.meta) if chosen else None

    async def open_answer(self, ask: Ask, view: dict[str, Any]) -> Ask:
        """Open a window in which the answer will stand."""
        shown = await self._view(ask, "views.open", {"trigger_id": ask.trigger, "view": view})
        return replace(ask, view=shown) if shown else ask

    async def publish_home(self, ask: Ask, view: dict[str, Any]) -> None:
        await self._view(ask, "views.publish", {"user_id": ask.user, "view": view})

    def suggestions(self, ask: Ask, takes: str, typed: str) -> list[Suggestion]:
        channel = self._known_channel(ask)
        wanted = Takes(takes) if takes in {each.value for each in Takes} else Takes.TEXT
        return suggest(self.context, channel, wanted, typed)

    def _known_channel(self, ask: Ask) -> Channel:
        """The channel's row, or a likeness of it that owns nothing."""
        with self.context.store.read() as cx:
            found = subscriptions.find_channel(cx, "slack", ask.workspace, ask.channel or ask.user)
        return found or Channel(0, ask.workspace, "slack", ask.channel, "", self.context.settings.digest.timezone)

    def query_fault(self, workspace: str, query: str) -> str:
        """What is wrong with a query, seen in memory alone; empty if nothing is."""
        known = self.context.known
        context = replace(self.context, catalogue=known.catalogue_of(workspace), lookup=known.lookup_of(workspace))
        try:
            parse_query(query, context.resolve)
        except Exception as error:  # whatever a query brings about, its writer is told here
            return f"{error} {getattr(error, 'next_step', '')}".strip()[:250]
        return ""


def may_admin(user: str, person: Person, listed: list[str]) -> bool:
    """Owners always; those on the list; and as long as nobody is listed, the workspace's admins."""
    return person.is_owner or user in listed or (person.is_admin and not listed)


def needs_rights(line: str) -> bool:
    name, _, rest = line.strip().lstrip("/").partition(" ")
    command = BY_NAME.get(ALIASES.get(name.lower(), name.lower()))
    return bool(command and command.needs_rights(rest.strip()))
