"""The commands as Discord registers them, and what it sends back read as the line that would have been typed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat.discord_text import plain, units
from handlers.context import Command, Option, Takes
from handlers.forms import Form
from handlers.suggest import Suggestion

MANAGE_CHANNELS = 1 << 4
PERMISSIONS = {  # what the bot asks for when it is invited
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}
SCOPES = ("bot", "applications.commands")
CHAT_INPUT, ON_MESSAGE = 1, 3
SUB_COMMAND, STRING, BOOLEAN = 1, 3, 5
WHY, WHO = "Why this alert?", "Who is in this?"
FORMED = {
    "subscribe": "/subscribe",
    "digest at": "/digest",
}  # command → the line whose form opens when nothing is given
CHOICE, ABOUT, CHOICES = 100, 100, 25
KEPT = "#"  # begins the key of a value that is too long for a choice
_ALERT = re.compile(r"\bV-[0-9A-HJKMNP-TV-Z]{5,12}\b")


def command_tree(commands: Iterable[Command]) -> list[dict[str, Any]]:
    """What Discord is told: one entry a command, one a message menu."""
    return [*(_command(command) for command in commands if not command.hidden), *map(_menu, (WHY, WHO))]


def tree_mark(tree: list[dict[str, Any]]) -> str:
    """Changes exactly when the tree does."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def _command(command: Command) -> dict[str, Any]:
    entry = _place(command.name, CHAT_INPUT) | {"description": plain(command.about, ABOUT)}
    if command.changes:
        entry["default_member_permissions"] = MANAGE_CHANNELS
    if command.verbs:
        entry["options"] = [
            {
                "type": SUB_COMMAND,
                "name": verb.name,
                "description": plain(verb.about, ABOUT),
                "options": _options(verb.options, f"{command.name} {verb.name}", command.looks_up),
            }
            for verb in command.verbs
        ]
    else:
        entry["options"] = _options(command.options, command.name, command.looks_up)
    return entry


def _place(name: str, kind: int) -> dict[str, Any]:
    """In servers and in direct messages; installed by servers alone."""
    return {"name": name, "type": kind, "contexts": [0, 1], "integration_types": [0]}


def _menu(name: str) -> dict[str, Any]:
    return _place(name, ON_MESSAGE)


def _options(options: Iterable[Option], spoken: str, looks_up: bool) -> list[dict[str, Any]]:
    made = [_option(option, spoken) for option in options]
    made.sort(key=lambda option: not option["required"])
    if looks_up:
        made.append(
            {"type": BOOLEAN, "name": "public", "description": "Show the answer to everybody here", "required": False}
        )
    return made


def _option(option: Option, spoken: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": STRING,
        "name": option.name,
        "description": plain(option.about, ABOUT),
        "required": option.required and spoken not in FORMED,
    }
    if option.choices:
        entry["choices"] = [{"name": choice, "value": choice} for choice in option.choices[:CHOICES]]
    elif option.takes is not Takes.TEXT:
        entry["autocomplete"] = True
    return entry


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command as it was given; `form` is the line whose form is wanted, where nothing was filled in."""

    line: str
    public: bool = False
    form: str = ""


def spoken(data: Mapping[str, Any], by_name: Mapping[str, Command]) -> Spoken | None:
    """The line of an application command, keys left in it as they are; None if it is none of ours."""
    command = by_name.get(str(data.get("name")))
    if command is None:
        return None
    verb, given, known = _parts(data, command)
    values = {str(item.get("name")): item.get("value") for item in given}
    words = [f"/{command.name}", verb]
    for option in known:
        value = values.get(option.name)
        if isinstance(value, str) and value.strip():
            words.append(f"{option.lead} {' '.join(value.split())}".strip())
    line = " ".join(word for word in words if word)
    bare = line == f"/{command.name} {verb}".strip()
    form = FORMED.get(f"{command.name} {verb}".strip(), "") if bare else ""
    return Spoken(line, values.get("public") is True, form)


def _parts(data: Mapping[str, Any], command: Command) -> tuple[str, list[Mapping[str, Any]], tuple[Option, ...]]:
    """(verb, options given, options known)."""
    given = list(data.get("options") or ())
    if given and given[0].get("type") == SUB_COMMAND:
        name = str(given[0].get("name"))
        verb = next((verb for verb in command.verbs if verb.name == name), None)
        return name, list(given[0].get("options") or ()), verb.options if verb else ()
    return "", given, command.options


def focused(data: Mapping[str, Any], by_name: Mapping[str, Command]) -> tuple[Takes, str] | None:
    """Which kind of value is being typed, and what of it so far."""
    command = by_name.get(str(data.get("name")))
    if command is None:
        return None
    _, given, known = _parts(data, command)
    for item in given:
        if item.get("focused"):
            takes = next((option.takes for option in known if option.name == item.get("name")), Takes.TEXT)
            return takes, str(item.get("value") or "")
    return None


def choices(suggestions: Iterable[Suggestion], keep: Callable[[str], str]) -> list[dict[str, str]]:
    """At most 25; a value that is too long for Discord goes by its key."""
    made = []
    for item in suggestions:
        value = item.value if units(item.value) <= CHOICE else f"{KEPT}{keep(item.value)}"
        made.append({"name": plain(item.label, CHOICE) or value, "value": value})
    return made[:CHOICES]


def modal(form: Form) -> dict[str, Any]:
    """A form as Discord shows it; its name comes back in the custom_id."""
    return {
        "custom_id": f"f:{form.name}"[:100],
        "title": plain(form.title, 45),
        "components": [
            {
                "type": 18,
                "label": plain(field.label, 45),
                "component": {
                    "type": 4,
                    "custom_id": field.name,
                    "style": 2 if field.long else 1,
                    "required": field.required,
                    "max_length": 1000 if field.long else 100,
                    **({"value": field.value[: 1000 if field.long else 100]} if field.value else {}),
                    **({"placeholder": plain(field.hint, 100)} if field.hint else {}),
                },
            }
            for field in form.fields
        ],
    }


def filled(data: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """(name of the form, values) of a form that came back; None if it is none of ours."""
    name = str(data.get("custom_id") or "")
    if not name.startswith("f:"):
        return None
    return name[2:], dict(_inputs(data.get("components") or ()))


def _inputs(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in components:
        if item.get("type") == 4 and item.get("custom_id"):
            yield str(item["custom_id"]), str(item.get("value") or "")
        yield from _inputs(item.get("components") or ())
        yield from _inputs([item["component"]] if item.get("component") else ())


def menu_line(data: Mapping[str, Any], own_id: str) -> str | None:
    """The command behind a message menu; None where the message is no alert of ours."""
    messages = (data.get("resolved") or {}).get("messages") or {}
    message = messages.get(str(data.get("target_id"))) or {}
    if data.get("name") == WHO:
        return f"/who-is-in {' '.join(_said(message).split())}"
    if str((message.get("author") or {}).get("id")) != own_id:
        return None
    found = _ALERT.search(_said(message))
    return f"/why {found[0]}" if found else None


def _said(message: Mapping[str, Any]) -> str:
    """Everything a message says, its cards included."""
    parts = [message.get("content")]
    for embed in message.get("embeds") or ():
        parts += [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
        parts += [f"{field.get('name')}: {field.get('value')}" for field in embed.get("fields") or ()]
    for snapshot in message.get("message_snapshots") or ():
        parts.append(_said(snapshot.get("message") or {}))
    return "\n".join(str(part) for part in parts if part)


def invitation(application_id: str) -> str:
    """The address that puts the bot into a server."""
    scopes = "+".join(SCOPES)
    return (
        f"https://discord.com/oauth2/authorize?client_id={application_id}&scope={scopes}"
        f"&permissions={sum(PERMISSIONS.values())}"
    )
