"""`/admins`: who may change what the workspace reads and follows, where its platform lets us keep that list."""

from __future__ import annotations

import re

from bot.cards.card import Card, Listing, Text, Tone, code, line, quiet
from bot.cards.compose import count
from bot.model import Request
from bot.store import admins as rows
from handlers.context import Command, Context, Option, Verb, trouble

_USER = re.compile(r"@?([UW](?=[A-Z]*\d)[A-Z0-9]{1,20})")
_ELSEWHERE = {
    "discord": "On Discord, whoever may manage a channel may change what it follows and what the server reads.",
    "console": "Whoever sits at this console may change everything.",
}


def admins(context: Context, request: Request) -> Card:
    if request.channel.platform in _ELSEWHERE:
        return Card(title="Who may change what", blocks=(Text(line(_ELSEWHERE[request.channel.platform])),))
    verb, _, rest = request.text.strip().partition(" ")
    if verb == "add":
        return _add(context, request, rest.strip())
    if verb == "remove":
        return _remove(context, request, rest.strip())
    if verb and verb != "list":
        return trouble(f"/admins does not know “{verb}”.", "Type /admins, /admins add @NAME or /admins remove @NAME")
    return _list(context, request)


def _list(context: Context, request: Request) -> Card:
    with context.store.read() as cx:
        listed = rows.admins_of(cx, request.channel.workspace)
    if not listed:
        return Card(
            title="The workspace's own admins and owners",
            blocks=(Text(line("They may change what it reads and follows, as long as nobody is listed here.")),),
            footer=line("To list somebody: ", code("/admins add @NAME")),
        )
    return Card(
        title=f"{count(len(listed), 'person', 'people')} and the workspace's owners",
        blocks=(Listing("They may change what it reads and follows", tuple(line(code(user)) for user in listed)),),
        footer=line("To take one off: ", code("/admins remove @NAME")),
    )


def _add(context: Context, request: Request, text: str) -> Card:
    user = _user(text)
    if user is None:
        return _who(text, "add")
    workspace, now = request.channel.workspace, context.clock.now()
    with context.store.write() as cx:
        first = not rows.admins_of(cx, workspace)
        added = rows.add_admin(cx, workspace, user, request.user, now)
        # From the first name on the list counts, no longer the platform's admins: who made it stays on it.
        too = first and user != request.user and rows.add_admin(cx, workspace, request.user, request.user, now)
    if not added:
        return trouble(f"{user} is on the list already.", "See it: /admins")
    blocks = [Text(line(f"{user} may now change what this workspace reads and follows."))]
    if first:
        whom = "You were listed too. " if too else ""
        blocks.append(Text(line(quiet(f"{whom}From now on the list and the workspace's owners count."))))
    return Card(
        title="Added to the admins",
        tone=Tone.DONE,
        blocks=tuple(blocks),
        footer=line("To take it back: ", code(f"/admins remove @{user}")),
    )


def _remove(context: Context, request: Request, text: str) -> Card:
    user = _user(text)
    if user is None:
        return _who(text, "remove")
    with context.store.write() as cx:
        gone = rows.remove_admin(cx, request.channel.workspace, user)
        left = rows.admins_of(cx, request.channel.workspace)
    if not gone:
        return trouble(f"{user} is not on the list.", "See it: /admins")
    says = [f"{user} may no longer change what this workspace reads and follows, unless an owner of it."]
    if not left:
        says.append("Nobody is listed now, so the workspace's own admins and owners have the right again.")
    elif user == request.user:
        says.append("That was you; those who are left can take you back.")
    return Card(
        title="Taken off the admins",
        tone=Tone.DONE,
        blocks=tuple(Text(line(each)) for each in says),
        footer=line("To take it back: ", code(f"/admins add @{user}")),
    )


def _user(text: str) -> str | None:
    match = _USER.fullmatch(text)
    return match[1] if match else None


def _who(text: str, verb: str) -> Card:
    title = f"“{text}” is nobody that I can find." if text else "Whom?"
    return trouble(title, f"Type /admins {verb} @ and choose the name that the platform offers.")


_PERSON = Option("person", "Type @ and choose the name", required=True)

COMMANDS = (
    Command(
        "admins",
        "/admins [add | remove] [@NAME]",
        "Show or set who may change what this workspace reads and follows",
        admins,
        workspace=True,
        changing_verbs=frozenset({"add", "remove"}),
        example="/admins add @NAME",
        verbs=(
            Verb("list", "Show them"),
            Verb("add", "Let somebody change what the workspace reads", (_PERSON,)),
            Verb("remove", "Take that right back", (_PERSON,)),
        ),
    ),
)
