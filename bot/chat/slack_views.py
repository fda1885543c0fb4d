"""What Slack shows in windows of its own: modals with fields, answers in them, the Home tab. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.cards.card import Button, Card, Does
from bot.chat.slack_cards import clip, message
from bot.text.inert import inert
from handlers import ALIASES, BY_NAME
from handlers.context import Command, Option, Takes
from handlers.forms import Form, form_line
from handlers.suggest import Suggestion

TITLE = 24
LABEL = 75
MOST_TYPED = 1_500
MOST_BLOCKS = 100
MOST_OFFERED = 100
PICKED = {"zone": Takes.ZONE}  # fields of forms that are chosen from a list

Meta = dict[str, str]


def form_view(form: Form, meta: Meta) -> dict[str, Any]:
    """A form as a modal; `meta` comes back with it: where it was opened."""
    blocks = []
    for item in form.fields:
        takes = PICKED.get(item.name)
        element = _select(takes, item.hint, item.value) if takes else _input(item.hint, item.value, long=item.long)
        blocks.append(_field(item.name, item.label, element, optional=not item.required))
    if form.name.startswith(("subscribe", "edit")):
        select = _select(Takes.ENTITY, "Quds Force")
        blocks.append(_field("picked", "Or choose one that I know", select, optional=True))
        blocks[0]["optional"] = True
    return _modal(form.title, blocks, meta | {"form": form.name}, "Save")


def command_view(command: Command, verb: str, meta: Meta) -> dict[str, Any]:
    """A command's options as fields of a modal."""
    blocks = []
    for option in options_of(command, verb):
        if option.choices:
            element: dict[str, Any] = {
                "type": "static_select",
                "action_id": "choice",
                "options": [offered(Suggestion(each, each)) for each in option.choices],
            }
        elif option.takes is Takes.TEXT:
            element = _input(option.about)
        else:
            element = _select(option.takes, option.about)
        blocks.append(_field(option.name, option.name.capitalize(), element, optional=not option.required))
    line = f"/{command.name} {verb}".strip()
    return _modal(f"/{command.name}", blocks, meta | {"command": line}, "Go")


def options_of(command: Command, verb: str = "") -> tuple[Option, ...]:
    return next((each.options for each in command.verbs if each.name == verb), ()) if verb else command.options


def choosable(line: str) -> tuple[Command, str] | None:
    """The command, and its verb, of a line that lacks what could be chosen from a list; None if nothing is lacking."""
    name, _, rest = line.strip().lstrip("/").partition(" ")
    command = BY_NAME.get(ALIASES.get(name.lower(), name.lower()))
    if command is None:
        return None
    verb = rest.strip()
    if verb and not any(each.name == verb for each in command.verbs):
        return None
    options = options_of(command, verb)
    return (command, verb) if any(option.takes is not Takes.TEXT for option in options) else None


def filled_line(meta: Meta, values: Mapping[str, str]) -> str:
    """The command that a filled modal stands for."""
    if "form" in meta:
        given = dict(values)
        picked = given.pop("picked", "")
        if picked and not given.get("query"):
            given["query"] = picked
        return form_line(meta["form"], given)
    line = meta.get("command", "")
    name, _, verb = line.lstrip("/").partition(" ")
    command = BY_NAME.get(name)
    parts = [line]
    for option in options_of(command, verb) if command else ():
        if value := values.get(option.name):
            parts.append(f"{option.lead} {value}".strip())
    return " ".join(parts)


def values_of(view: Mapping[str, Any]) -> dict[str, str]:
    """Field → what was typed or chosen in it."""
    found: dict[str, str] = {}
    for block, actions in ((view.get("state") or {}).get("values") or {}).items():
        for action in actions.values():
            chosen = action.get("selected_option") or {}
            value = chosen.get("value") if chosen else action.get("value")
            if value:
                found[block.removeprefix("field:")] = str(value)
    return found


def lacking(meta: Meta, values: Mapping[str, str]) -> dict[str, str]:
    """Field's block → what is wrong with it, as far as that can be seen without looking anything up."""
    if meta.get("form", "").startswith(("subscribe", "edit")) and not values.get("query") and not values.get("picked"):
        return {"field:query": "Type a name, words or a query here, or choose a name below."}
    time = values.get("time", "").strip()
    if "form" in meta and time and not re.fullmatch(r"([01]?\d|2[0-3])[:.h][0-5]\d", time):
        return {"field:time": "A time of the day, such as 07:00."}
    return {}


def meta_of(view: Mapping[str, Any]) -> Meta:
    try:
        found = json.loads(view.get("private_metadata") or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def working_view(meta: Meta) -> dict[str, Any]:
    text = {"type": "plain_text", "text": "One moment …", "emoji": False}
    return _modal("Vedette", [{"type": "section", "text": text}], meta)


def answer_view(card: Card, meta: Meta, images: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """An answer, in the modal that asked, and its pictures under it."""
    return _modal("Vedette", [*message(card, most=MOST_BLOCKS - len(images)).blocks, *images], meta)


def home_view(card: Card, meta: Meta) -> dict[str, Any]:
    """The Home tab."""
    return {
        "type": "home",
        "blocks": message(card, most=MOST_BLOCKS).blocks,
        "private_metadata": json.dumps(meta, ensure_ascii=False),
    }


def offered(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion as an option of a select."""
    label = clip(" ".join(inert(suggestion.label).split()), LABEL) or "…"
    return {"text": {"type": "plain_text", "text": label, "emoji": False}, "value": suggestion.value}


def offers(found: list[Suggestion]) -> list[dict[str, Any]]:
    """Slack takes values of at most 150 characters; a longer one cannot be chosen here and is typed."""
    return [offered(each) for each in found if 0 < len(each.value) <= 150][:MOST_OFFERED]


def choose_button(line: str) -> Button | None:
    """A button that opens a window to choose in, for a line that lacks what could be chosen."""
    return Button("Choose …", line, Does.FORM) if choosable(line) else None


def _modal(title: str, blocks: list[dict[str, Any]], meta: Meta, submit: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "modal",
        "callback_id": "vedette",
        "title": _plain(clip(title, TITLE)),
        "close": _plain("Close"),
        "blocks": blocks,
        "private_metadata": json.dumps(meta, ensure_ascii=False),
    }
    return made | ({"submit": _plain(submit)} if submit else {})


def _field(name: str, label: str, element: dict[str, Any], *, optional: bool) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": f"field:{name}",
        "label": _plain(clip(label, LABEL)),
        "element": element,
        "optional": optional,
    }


def _input(hint: str, value: str = "", *, long: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": "typed",
        "multiline": long,
        "max_length": MOST_TYPED,
        "placeholder": _plain(clip(hint, 150) or "…"),
    }
    return made | ({"initial_value": clip(value, MOST_TYPED)} if value else {})


def _select(takes: Takes, hint: str, value: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "external_select",
        "action_id": f"pick:{takes.value}",
        "min_query_length": 0,
        "placeholder": _plain(clip(hint, 150) or "…"),
    }
    return made | ({"initial_option": offered(Suggestion(value, value))} if value else {})


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
