"""What Bolt hears, as asks: each thing is acknowledged first, then answered."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.cards.card import Does
from bot.chat.slack_desk import Ask, Desk
from bot.chat.slack_people import Person
from bot.chat.slack_seen import Seen
from bot.chat.slack_views import (
    filled_line,
    home_view,
    lacking,
    meta_of,
    offers,
    values_of,
    working_view,
)
from bot.chat.slack_words import alert_code, command_line, is_public, message_words, spoken_line
from handlers.context import trouble
from handlers.home import home_card

log = logging.getLogger(__name__)

COMMANDS = ("/vedette", "/whois", "/subscribe")  # those of config/slack-manifest.yaml
SHORTCUTS = ("why_alert", "who_is_in", "look_up")
EVENTS = ("app_home_opened", "app_mention", "app_uninstalled", "message.im", "tokens_revoked")
ANY = re.compile(".*", re.S)
STALE = ("That button cannot be used any more.", "Ask again: /help lists what I understand.")
FORMS = re.compile(r"/?(vedette )?(subscribe|sub|digest at|edit #?\d+)\s*", re.I)


class Events:
    """The listeners."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._seen = Seen()
        self._tasks: set[asyncio.Task[None]] = set()

    def app(self) -> AsyncApp:
        """A Bolt app without tokens of its own: each request is let in as its workspace's install says."""

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
            return await self._let_in(enterprise_id, team_id)  # Bolt takes a function, not a method

        app = AsyncApp(
            logger=logging.getLogger("bot.chat.slack_bolt"),
            name="vedette",
            client=self.desk.api.client(),
            authorize=authorize,  # type: ignore[arg-type]  # None says: not installed
            request_verification_enabled=False,  # done before, with a memory for replays
            ignoring_self_events_enabled=True,
        )
        app.command(re.compile(r"/.+"))(self.command)
        app.shortcut(ANY)(self.shortcut)
        app.action(ANY)(self.action)
        app.view(ANY)(self.submitted)
        app.options(ANY)(self.options)
        app.event("app_mention")(self.mentioned)
        app.event("message")(self.direct_message)
        app.event("app_home_opened")(self.home)
        app.event("app_uninstalled")(self.uninstalled)
        app.event("tokens_revoked")(self.uninstalled)
        app.event(ANY)(self.other)
        return app

    async def _let_in(self, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        """Bolt's question who we are in a workspace; None where the app is not installed."""
        install = await self.desk.teams.install_of(team_id or enterprise_id or "", enterprise_id or "")
        if install is None:
            log.warning("Slack: workspace %s speaks to us, but has not installed the app", team_id or enterprise_id)
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=install.bot_token, bot_user_id=install.bot_user
        )

    async def command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        ask = Ask(
            team=_text(body, "team_id"),
            user=_text(body, "user_id"),
            channel=_text(body, "channel_id"),
            channel_name=_name(_text(body, "channel_name")),
            line=command_line(_text(body, "command"), _text(body, "text")),
            user_name=_text(body, "user_name"),
            response_url=_text(body, "response_url"),
            trigger=_text(body, "trigger_id"),
        )
        await self._answer(ask)

    async def _answer(self, ask: Ask) -> None:
        if FORMS.fullmatch(ask.line) and await self.desk.open_form(ask):
            return
        await self.desk.reply(ask, await self.desk.answer(ask), public=is_public(ask.line))

    async def shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """On a message: why this alert, who is in it. On none: look a name up."""
        await ack()
        ask = _from_payload(body, "")
        message = body.get("message") or {}
        ask = replace(ask, thread=str(message.get("thread_ts") or ""))
        match body.get("callback_id"):
            case "why_alert":
                found = alert_code(message)
                if found:
                    await self._answer(replace(ask, line=f"/why {found}"))
                else:
                    await self.desk.reply(
                        ask,
                        trouble("That message is no alert of mine.", "Choose one with a short id, such as V-7F3K2."),
                    )
            case "who_is_in":
                await self._answer(replace(ask, line=f"/who-is-in {message_words(message)}"))
            case "look_up":
                await self.desk.open_form(replace(ask, line="/whois"))
            case _:
                await self.desk.reply(ask, trouble(*STALE))

    async def action(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A button: its value is a command line, and says no more than somebody could have typed."""
        await ack()
        action = (body.get("actions") or [{}])[0]
        kind = str(action.get("action_id", "")).split(":")
        if kind[0] in ("pick", "choice", "typed"):
            return  # a field of a form; it is read when the form is sent
        ask = _from_payload(body, str(action.get("value") or ""))
        if kind[0] != "do" or len(kind) < 2 or not ask.line:
            await self._back(body, ask, trouble(*STALE))
            return
        await self._press(body, ask, kind[1])

    async def _press(self, body: dict[str, Any], ask: Ask, does: str) -> None:
        if does == Does.FORM:
            if not await self.desk.open_form(ask):
                await self._back(body, ask, await self.desk.answer(ask))
            return
        shown_by = await self._name(ask) if does == Does.SHARE else ""
        if not ask.response_url and not ask.view and does != Does.SHARE:  # a button of the Home tab
            ask = await self.desk.open_answer(ask, working_view(ask.meta))
        card = await self.desk.answer(ask, public=does == Does.SHARE)
        if does == Does.SHARE:
            ask = replace(ask, view="")
            await self.desk.reply(ask, card, public=True, note=f"Shared by {shown_by}")
        else:
            await self.desk.reply(ask, card, replace_it=does == Does.REPLACE)

    async def _back(self, body: dict[str, Any], ask: Ask, card: Any) -> None:
        if not ask.response_url and not ask.view:
            ask = await self.desk.open_answer(ask, working_view(ask.meta))
        await self.desk.reply(ask, card)

    async def _name(self, ask: Ask) -> str:
        person = await self.desk.people.who(ask.team, ask.user)
        return person.name or ask.user_name or "somebody here"

    async def submitted(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A filled form: what is plainly wrong is said on its field, all else in its place."""
        view = body.get("view") or {}
        meta, values = meta_of(view), values_of(view)
        team = _team(body)
        faults = lacking(meta, values)
        query = values.get("query", "")
        if not faults and query and meta.get("form", "").startswith(("subscribe", "edit")):
            fault = self.desk.query_fault(f"slack:{team}", query)
            faults = {"field:query": fault} if fault else {}
        if faults:
            await ack(response_action="errors", errors=faults)
            return
        await ack(response_action="update", view=working_view(meta))
        line = filled_line(meta, values)
        ask = replace(_from_payload(body, line), view=str(view.get("id") or ""), response_url="")
        await self.desk.reply(ask, await self.desk.answer(ask))

    async def options(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """What is offered in a list while somebody types. The acknowledgement is the answer."""
        kind, _, takes = str(body.get("action_id") or "").partition(":")
        try:
            if kind != "pick":
                raise LookupError(kind)
            ask = _from_payload(body, "")
            found = await asyncio.wait_for(
                asyncio.to_thread(self.desk.suggestions, ask, takes, str(body.get("value") or "")), timeout=2.0
            )
        except Exception:
            log.warning("Slack: no suggestions could be made", exc_info=True)
            found = []
        await ack(options=offers(found))

    async def mentioned(self, body: dict[str, Any], event: dict[str, Any], context: Mapping[str, Any]) -> None:
        if not self._is_new(body, event) or event.get("bot_id"):
            return
        ask = self._spoken(body, event, context)
        # In a thread the answer stands in the thread.
        await self._answer(replace(ask, thread=str(event.get("thread_ts") or "")))

    async def direct_message(self, body: dict[str, Any], event: dict[str, Any], context: Mapping[str, Any]) -> None:
        wanted = event.get("channel_type") == "im" and not event.get("subtype") and not event.get("bot_id")
        if not wanted or not str(event.get("text") or "").strip() or not self._is_new(body, event):
            return
        ask = self._spoken(body, event, context)
        await self._answer(replace(ask, thread=str(event.get("thread_ts") or "")))

    def _spoken(self, body: dict[str, Any], event: dict[str, Any], context: Mapping[str, Any]) -> Ask:
        return Ask(
            team=_team(body, event),
            user=_text(event, "user"),
            channel=_text(event, "channel"),
            line=spoken_line(_text(event, "text"), str(context.get("bot_user_id") or "")),
        )

    def _is_new(self, body: dict[str, Any], event: dict[str, Any]) -> bool:
        """Slack sends an event again when it doubts that it came; the same words may also come as two events."""
        first = self._seen.is_new(f"event {body.get('event_id') or ''}") or not body.get("event_id")
        words = f"words {_team(body, event)} {event.get('channel')} {event.get('ts')}"
        return first and (not event.get("ts") or self._seen.is_new(words))

    async def home(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        if event.get("tab", "home") != "home":
            return
        team, user = _team(body, event), _text(event, "user")
        direct = _text(event, "channel") or await self.desk.people.direct(team, user)
        ask = Ask(team=team, user=user, channel=direct, line="", channel_name="our direct messages")
        person, theirs = await asyncio.gather(
            self.desk.people.who(team, user), self.desk.people.channels_of(team, user)
        )
        view = await asyncio.to_thread(self._home_view, ask, person, theirs)
        await self.desk.publish_home(ask, view)

    def _home_view(self, ask: Ask, person: Person, theirs: list[str]) -> dict[str, Any]:
        own = self.desk.channel(ask, person, ask.channel_name)
        return home_view(home_card(self.desk.context.of(ask.workspace), own, set(theirs)), ask.meta)

    async def uninstalled(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        revoked = event.get("tokens") or {}
        if event.get("type") == "tokens_revoked" and not revoked.get("bot"):
            return
        whole = any(each.get("is_enterprise_install") for each in body.get("authorizations") or ())
        await self.desk.teams.forget(_text(body, "enterprise_id") if whole else _team(body, event))

    async def other(self) -> None:
        """Events that nobody asked for."""


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _name(channel_name: str) -> str:
    if channel_name in ("", "directmessage", "privategroup") or channel_name.startswith("mpdm-"):
        return ""
    return f"#{channel_name}"


def _team(body: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> str:
    """The workspace of what happened: of the event itself in an organisation-wide install."""
    team = body.get("team")
    found = team.get("id") if isinstance(team, dict) else team
    user = body.get("user")
    if not found and isinstance(user, dict):
        found = user.get("team_id")
    return str(body.get("team_id") or found or (event or {}).get("team") or "")


def _from_payload(body: Mapping[str, Any], line: str) -> Ask:
    """An ask from a button, a shortcut or a window."""
    view = body.get("view") or {}
    meta = meta_of(view)
    channel, user, container = body.get("channel") or {}, body.get("user") or {}, body.get("container") or {}
    modal = view.get("type") == "modal"
    return Ask(
        team=_team(body),
        user=_text(user, "id"),
        channel=_text(channel, "id") or meta.get("channel", ""),
        channel_name=_name(_text(channel, "name")) or meta.get("name", ""),
        line=line,
        user_name=_text(user, "username") or _text(user, "name"),
        response_url=_text(body, "response_url"),
        thread=_text(container, "thread_ts") or meta.get("thread", ""),
        trigger=_text(body, "trigger_id"),
        view=_text(view, "id") if modal else "",
    )
