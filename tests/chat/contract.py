"""What every chat has to do, told once: typed commands, rights, pages, forms, buttons, alerts.

A platform's test makes a `Front` over its real client and a fake server, and lets `perform(front, house)` run. The
texts looked for are what a reader sees: a front takes the platform's markup off before it hands an answer back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from bot.store import subscriptions
from tests.fakes import House, document

FIELD, ABROAD, PRIVATE = "field", "abroad", "private"  # a channel, one of another workspace, a direct message


@dataclass(frozen=True)
class Shown:
    """An answer or an alert as a reader sees it."""

    text: str
    buttons: tuple[str, ...] = ()
    public: bool = False  # everybody in the channel sees it
    handle: Any = None  # what the front needs to press its buttons


class Front(Protocol):
    """One platform under test. Answers are awaited until they are complete."""

    free_text: bool  # any words can be typed as a command
    chat: bool  # it has pages, buttons, forms, suggestions, ephemeral answers and several workspaces

    async def say(self, line: str, *, user: str, manages: bool, where: str) -> Shown: ...

    async def press(self, shown: Shown, label: str, *, user: str, manages: bool, where: str) -> Shown:
        """The answer to the button; for one that replaces its message, the message as it is then."""

    async def fill(self, line: str, values: Mapping[str, str], *, user: str, manages: bool, where: str) -> Shown:
        """Give a command without its options, fill the form that opens, send it."""

    async def suggest(self, line: str, option: str, typed: str, *, user: str, where: str) -> list[str]:
        """What is offered in an option of a command while it is being typed, as the reader sees it."""

    async def delivered(self) -> list[Shown]:
        """Send what is due; the messages that came to the channel since the last time."""

    async def restart(self) -> None:
        """A new process on the same database."""


@dataclass(frozen=True)
class Say:
    line: str  # `{code}` stands for the latest alert's short id
    shows: Sequence[str]
    hides: Sequence[str] = ()
    manages: bool = True
    where: str = FIELD
    free_text: bool = False  # only where any words can be typed
    chat: bool = False  # only in chats
    public: bool = False
    keep: str = ""  # a name for the answer, for a later Press


@dataclass(frozen=True)
class Press:
    on: str  # the kept answer
    label: str
    shows: Sequence[str]
    hides: Sequence[str] = ()
    manages: bool = True
    public: bool = False
    keep: str = ""


@dataclass(frozen=True)
class Fill:
    line: str
    values: Mapping[str, str]
    shows: Sequence[str]
    manages: bool = True


@dataclass(frozen=True)
class Suggest:
    line: str
    option: str
    typed: str
    offers: Sequence[str]
    where: str = FIELD


@dataclass(frozen=True)
class Arrives:
    """An article is read; the alert that it raises is delivered and shows this."""

    title: str
    body: str
    shows: Sequence[str]
    keep: str = ""


@dataclass(frozen=True)
class Follows:
    """The channel that followed something first now follows so many more words."""

    number: int


@dataclass(frozen=True)
class Restart:
    pass


Step = Say | Press | Fill | Suggest | Arrives | Follows | Restart
SEEN = "The Qods Force was seen at Samarra, officers told Reuters. ISIS had left Baghdad, they said."

SCRIPT: tuple[Step, ...] = (
    # look-ups
    Say("/help", ("What I understand", "/whois NAME", "/subscribe QUERY")),
    Say("/help subscribe", ("Follow a town, an actor or words",)),
    Say("/whois Quds Force", ("Quds Force", "Qods Force", "was seen at Samarra", "Guards at the shrine"), keep="whois"),
    Say("/whois Quds Froce", ("Quds Force", "this is the nearest")),
    Say("/whois Samarkand", ("Nothing in the catalogue is called “Samarkand”", "/search Samarkand")),
    Say("/where Samarra", ("Salah ad-Din, Iraq", "108 km NNW of Baghdad")),
    Say("/search officers reuters", ("1 article with the word “officers” and naming Reuters", "officers told Reuters")),
    Say("/timeline Samarra", ("Samarra: 1 story", "13 June 2014", "was seen at Samarra")),
    Say("/related Quds Force", ("Named with Quds Force", "Samarra")),
    Say("/search submarine", ("No articles with the word “submarine”",)),
    Say("/status", ("All is well.",)),
    Say("/whos Quds Force", ("There is no command “whos”", "/whois NAME"), free_text=True),
    # what a channel follows, and who may change it
    Say("/subscriptions", ("follows nothing yet",)),
    Say("/subscribe Quds Force", ("Only people who manage this channel",), manages=False, chat=True),
    Say("/subscriptions", ("follows nothing yet",), chat=True),
    Say("/subscribe Quds Force", ("You now follow #", "It would have fired")),
    Say("/subscriptions", ("1 subscription", "Quds Force"), manages=False),
    Say("/subscriptions", ("follows nothing yet",), where=ABROAD, chat=True),
    Say("/subscribe Samarra", ("You now follow #",), where=PRIVATE, manages=False, chat=True),
    Say("/unsubscribe 99", ("No subscription here is “99”",)),
    # an alert, its buttons, its reasons
    Arrives("Guards at the gate", "IRGC-QF men went to Samarra.", ("Guards at the gate", "{code}"), keep="alert"),
    Say("/why {code}", ("naming Quds Force", "IRGC-QF")),
    Say("/why {code}", ("No alert here is called",), where=ABROAD, chat=True),
    Press("alert", "Why", ("Why {code}", "naming Quds Force"), manages=False),
    Restart(),
    Press("alert", "Why", ("Why {code}", "naming Quds Force")),
    # what a channel does not want to hear
    Say("/mute Samarra 8h", ("Only people who manage this channel",), manages=False, chat=True),
    Say("/mute Samarra 8h", ("Muted here until", "Samarra")),
    Say("/unmute Samarra", ("Heard of again: Samarra",)),
    Press("alert", "Mute", ("for how long?",), keep="mute"),
    Press("mute", "8 hours", ("Muted here until",), keep="muted"),
    Press("muted", "Undo", ("Heard of again",)),
    Press("alert", "Not relevant", ("What was wrong about {code}?",), keep="wrong"),
    Press("wrong", "This story", ("Only people who manage this channel",), manages=False),
    Press("wrong", "This story", ("Noted: no alert here for the story",), keep="noted"),
    Press("noted", "Undo", ("Alerts come again",)),
    Say("/whynot https://a.example/x", ("Not in the archive",)),
    # an answer for one is shared with all
    Press("whois", "Share", ("Quds Force", "was seen at Samarra"), public=True),
    Say("/whois Quds Force public", ("Quds Force", "was seen at Samarra"), public=True, chat=True),
    # pages
    Follows(20),
    Say("/subscriptions", ("21 subscriptions", "page 1 of 2"), hides=("word19",), chat=True, keep="first"),
    Press("first", "Next", ("word19", "page 2 of 2"), keep="second"),
    Press("second", "Previous", ("page 1 of",)),
    # feeds are the workspace's
    Say("/feeds", ("No feed is read yet",), free_text=True),
    Say("/feeds list", ("No feed is read yet",)),
    Say("/feeds add https://a.example/feed", ("Only people who manage this channel",), manages=False, chat=True),
    Say("/feeds add https://a.example/feed", ("Feed added", "a.example/feed")),
    Say("/feeds health", ("1 feed", "not read yet; due now")),
    Say("/feeds health", ("No feed is read yet",), where=ABROAD, chat=True),
    Say("/feeds pages https://a.example/feed off", ("No page is fetched",)),
    Say("/feeds remove https://a.example/feed", ("No longer read", "a.example/feed")),
    Say("/feeds add file:///etc/passwd", ("http",)),
    # digests
    Say("/digest now", ("Guards at the shrine",)),
    Say("/digest at 07:00 Asia/Baghdad", ("every day at 07:00 (Asia/Baghdad)",)),
    Say("/digest at 07:00 Bagdad", ("is no time zone",)),
    Say("/digest off", ("No digest comes here any more",)),
    # forms
    Fill("/subscribe", {"query": "Samarra OR Baquba"}, ("You now follow #", "Samarra")),
    Fill("/digest at", {"time": "06:30", "zone": "Asia/Baghdad"}, ("every day at 06:30 (Asia/Baghdad)",)),
    # what the workspace tracks itself
    Say("/track Ansar Brigade aka Ansar Battalion", ("Tracked in this workspace: Ansar Brigade",)),
    Say("/track Ansar Corps", ("Only people who manage this channel",), manages=False, chat=True),
    # suggestions
    Suggest("/whois", "name", "qods", ("Quds Force (Qods Force)",)),
    Suggest("/where", "place", "samar", ("Samarra",)),
    Suggest("/whois", "name", "ansar ba", ("Ansar Brigade (Ansar Battalion)",)),
    Suggest("/unsubscribe", "subscription", "", ("Quds Force", "Samarra")),
    Suggest("/why", "alert", "", ("{code}",)),
    Suggest("/digest at", "zone", "baghd", ("Asia/Baghdad",)),
    Suggest("/unsubscribe", "subscription", "", (), where=ABROAD),
    # and out again
    Say("/unsubscribe qods force", ("No longer followed",)),
)


@dataclass
class Performance:
    """A run of the script on one front; `house` holds the store that the front's bot works on."""

    front: Front
    house: House
    kept: dict[str, Shown] = field(default_factory=dict)
    code: str = ""
    told: int = 0

    async def step(self, number: int, step: Step) -> None:
        user = f"user{number}"  # a new one each time: how often one may speak is tested elsewhere
        match step:
            case Say():
                if (step.free_text and not self.front.free_text) or (step.chat and not self.front.chat):
                    return
                line = self.fill_in(step.line)
                shown = await self.front.say(line, user=user, manages=step.manages, where=step.where)
                self.check(step, shown)
            case Press():
                shown = await self.front.press(
                    self.kept[step.on], step.label, user=user, manages=step.manages, where=FIELD
                )
                self.check(step, shown)
            case Fill():
                shown = await self.front.fill(step.line, step.values, user=user, manages=step.manages, where=FIELD)
                self.check(step, shown)
            case Suggest():
                offered = await self.front.suggest(step.line, step.option, step.typed, user=user, where=step.where)
                for wanted in map(self.fill_in, step.offers):
                    assert any(wanted in label for label in offered), f"{step}: only {offered}"
                assert step.offers or not offered, f"{step}: {offered}"
            case Arrives():
                await self.arrive(step)
            case Follows():
                self.follow(step.number)
            case Restart():
                await self.front.restart()

    async def arrive(self, step: Arrives) -> None:
        self.told += 1
        self.house.ingest(document(step.body, key=f"arrives-{self.told}.md", title=step.title))
        shown = await self.front.delivered()
        own = next((item for item in shown if step.title in item.text and "Quds Force" in item.text), None)
        assert own, f"{step}: nothing of it in {shown}"
        code = re.search(r"V-[0-9A-Z]{5,12}", own.text)
        assert code, f"{step}: no short id in {own.text}"
        self.code = code[0]
        self.check(step, own)

    def follow(self, number: int) -> None:
        with self.house.store.write() as cx:
            channel = subscriptions.channel(cx, subscriptions.all_subscriptions(cx)[0].channel_id)
            for one in range(number):
                subscriptions.add_subscription(cx, channel, f'"word{one}"', "", self.house.clock.now())

    def check(self, step: Say | Press | Fill | Arrives, shown: Shown) -> None:
        text = " ".join(shown.text.split())
        for wanted in map(self.fill_in, step.shows):
            assert wanted in text, f"{step}: {wanted!r} is not in {shown.text}"
        if isinstance(step, Say | Press):
            for unwanted in step.hides:
                assert unwanted not in shown.text, f"{step}: {unwanted!r} is in {shown.text}"
            assert shown.public or not step.public, f"{step}: nobody else sees it"
        if isinstance(step, Say | Press | Arrives) and step.keep:
            self.kept[step.keep] = shown

    def fill_in(self, text: str) -> str:
        return text.replace("{code}", self.code)


async def perform(front: Front, house: House, script: Sequence[Step] = SCRIPT) -> None:
    """Run the script; the first step that goes wrong fails with what was seen."""
    house.ingest(
        document(SEEN, title="Guards at the shrine", outlet="Desk", published=datetime(2014, 6, 13, tzinfo=UTC))
    )
    run = Performance(front, house)
    for number, step in enumerate(script):
        if isinstance(step, Press | Fill | Suggest) and not front.chat:
            continue
        await run.step(number, step)
