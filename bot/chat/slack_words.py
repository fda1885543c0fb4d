"""What people send on Slack, as command lines: Slack's own notation taken off. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ADDRESS = re.compile(r"<((?:https?|mailto|tel):[^<>|\s]{1,3000})(?:\|[^<>]{0,3000})?>")
_CHANNEL = re.compile(r"<#[CG][A-Z0-9]{1,20}(?:\|([^<>]{0,100}))?>")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{1,20})(?:\|[^<>]{0,100})?>")
_CALL = re.compile(r"<!([^<>]{1,100})>")
_CODE = re.compile(r"\bV-[0-9A-HJKMNP-TV-Z]{5,12}\b")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "\u00a0": " "})
LONGEST = 3_000  # characters of a line; Slack's own messages may have 40,000


def plain_line(text: str) -> str:
    """What was typed: links, channels and people without Slack's brackets, entities as characters, straight quotes."""
    text = _ADDRESS.sub(lambda found: found[1].removeprefix("mailto:").removeprefix("tel:"), text[: 4 * LONGEST])
    text = _CHANNEL.sub(lambda found: f"#{found[1] or ''}", text)
    text = _PERSON.sub(lambda found: f"@{found[1]}", text)
    text = _CALL.sub("", text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").translate(_QUOTES)
    return " ".join(text.split())[:LONGEST]


def command_line(command: str, text: str) -> str:
    """The line of a slash command: `/vedette` is followed by its verb, others are commands themselves."""
    line = plain_line(text)
    if command.lstrip("/").lower() == "vedette":
        return f"/{line.lstrip('/')}" if line else "/help"
    return f"{command} {line}".strip()


def spoken_line(text: str, bot_user: str) -> str:
    """The line of a mention or a direct message: our own name is taken off, wherever it stands first."""
    text = text.strip()
    if bot_user:
        text = re.sub(rf"^<@{re.escape(bot_user)}(?:\|[^<>]*)?>[\s,:]*", "", text)
        text = re.sub(rf"\s*<@{re.escape(bot_user)}(?:\|[^<>]*)?>$", "", text)
    line = plain_line(text)
    return f"/{line.lstrip('/')}" if line.strip("/ ") else "/help"


def is_public(line: str) -> bool:
    """Whether a look-up asks to be answered for everybody."""
    return line.rstrip().endswith(" public")


def message_words(message: Mapping[str, Any]) -> str:
    """The words of a message: of its blocks where it has some, else its text."""
    found: list[str] = []
    _collect(message.get("blocks") or [], found, 0)
    words = " ".join(found) if found else str(message.get("text") or "")
    for attachment in message.get("attachments") or []:
        words += f" {attachment.get('title') or ''} {attachment.get('text') or attachment.get('fallback') or ''}"
    return plain_line(words)


def _collect(part: Any, found: list[str], depth: int) -> None:
    if depth > 12 or sum(map(len, found)) > LONGEST:
        return
    if isinstance(part, list):
        for each in part:
            _collect(each, found, depth + 1)
    elif isinstance(part, dict):
        if part.get("type") in ("actions", "button", "image"):
            return
        if isinstance(part.get("text"), str):
            found.append(part["text"])
        for name in ("text", "elements", "fields"):
            if isinstance(part.get(name), list | dict):
                _collect(part[name], found, depth + 1)


def alert_code(message: Mapping[str, Any]) -> str:
    """The short id of the alert that a message shows; empty if it shows none."""
    found = _CODE.search(message_words(message)) or _CODE.search(str(message.get("text") or ""))
    return found[0] if found else ""
