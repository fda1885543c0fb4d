"""An hour without Slack and many alerts waiting, in simulated time; the slow tests take ten thousand of them.

The outbox, the store, the sender and its pace are the real ones; the loop's clock jumps to the next thing that is due,
and Slack is a few lines that count, refuse what comes too fast, and lose an answer now and then.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.cards.card import Card, card_to_data
from bot.chat.slack import SlackChat
from bot.chat.slack_api import Api, Refused
from bot.chat.slack_pace import IN_CHANNEL, IN_WORKSPACE, Pace
from bot.chat.slack_vault import Install
from bot.entities.catalogue import Catalogue
from bot.entities.lookup import Lookup
from bot.known import Known
from bot.outbox import Outbox
from bot.store import outbox, subscriptions
from bot.store.engine import Store
from bot.store.tables import deliveries
from handlers.context import Context
from tests.chat.slack_front import LEASE, slack_settings
from tests.fakes.slack import FakeSlack

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHARES = {"T0A": 25, "T0B": 40, "T0C": 100}  # team → alerts that one of its channels gets, were they all there
OUTAGE = 3600.0
LATENCY = 0.05


class JumpingLoop(asyncio.SelectorEventLoop):
    """Time passes only while everybody waits; what would run in a thread runs at once."""

    def __init__(self) -> None:
        super().__init__(_Jumping(self))
        self.passed = 0.0

    def time(self) -> float:
        return self.passed

    def run_in_executor(self, executor: Any, func_: Callable[..., Any], *args: Any) -> Any:
        done: Future[Any] = Future()
        try:
            done.set_result(func_(*args))
        except BaseException as error:
            done.set_exception(error)
        return asyncio.wrap_future(done, loop=self)


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout:
            self._loop.passed += timeout
        return super().select(0)


class LoopClock:
    def __init__(self, loop: JumpingLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())


class SimulatedSlack(Api):
    """One message a second in a channel, with a burst of two; 300 a minute in a workspace, counted over each minute."""

    def __init__(self, now: Callable[[], float], outage: str) -> None:
        super().__init__("http://127.0.0.1:9/api/")
        self.now, self.outage = now, outage
        self.shown: dict[str, list[tuple[float, str, str]]] = defaultdict(list)  # channel → (when, title, key)
        self.minute: dict[str, deque[float]] = defaultdict(deque)
        self.posts = self.refused = self.lost = 0

    async def call(
        self, token: str, method: str, body: Mapping[str, Any] | None = None, *, reads: bool = False
    ) -> dict[str, Any]:
        await asyncio.sleep(LATENCY)
        body, now = body or {}, self.now()
        if method == "auth.test":
            return {"team_id": "T0STATIC", "user_id": "UBOT"}
        if now < OUTAGE:
            if self.outage == "429":
                self.refused += 1
                raise Refused(method, "ratelimited", 429, OUTAGE - now)
            raise Refused(method, "ClientConnectorError", 0, reached=False)
        if method == "conversations.history":
            messages = [
                {"ts": f"{when:.6f}", "metadata": {"event_type": "vedette_delivery", "event_payload": {"key": key}}}
                for when, _, key in self.shown[str(body["channel"])]
            ]
            return {"messages": messages, "has_more": False}
        self.posts += 1
        return self._post(method, token, body, now)

    def _post(self, method: str, token: str, body: Mapping[str, Any], now: float) -> dict[str, Any]:
        shown, minute = self.shown[body["channel"]], self.minute[token]
        while minute and minute[0] <= now - 60:
            minute.popleft()
        if (shown and now - shown[-1][0] < 0.95) or len(minute) > 300:
            self.refused += 1
            raise Refused(method, "ratelimited", 429, 1.0)
        minute.append(now)
        title = body["blocks"][0]["text"]["text"]
        shown.append((now, title, body["metadata"]["event_payload"]["key"]))
        if self.posts % 197 == 0:
            self.lost += 1
            raise Refused(method, "ServerDisconnectedError", 0)
        return {"channel": body["channel"], "ts": f"{now:.6f}"}


def fill(store: Store, alerts: int, now: datetime) -> dict[str, list[str]]:
    """Channel → the titles that are to be seen there, in order."""
    wanted: dict[str, list[str]] = defaultdict(list)
    with store.write() as cx:
        channels = [
            subscriptions.ensure_channel(cx, "slack", f"slack:{team}", f"C{team}{n:04d}", "#x", "UTC", now)
            for team, share in SHARES.items()
            for n in range(alerts // share)
        ]
        for n in range(alerts):
            channel = channels[(n * 7919) % len(channels)]
            wanted[channel.address].append(f"Alert {n}")
            outbox.enqueue(cx, f"key {n}", channel.id, "slack", "alert", card_to_data(Card(title=f"Alert {n}")), now)
    return wanted


def drained(
    tmp_path: Path, catalogue: Catalogue, outage: str, alerts: int
) -> tuple[SimulatedSlack, dict[str, list[str]], int, float]:
    """(what Slack saw, what it should have seen, deliveries not sent, seconds from the end of the outage to the last post)"""
    loop = JumpingLoop()
    store = Store(f"sqlite:///{tmp_path / 'drain.db'}")
    clock = LoopClock(loop)
    wanted = fill(store, alerts, clock.now())
    slack = SimulatedSlack(loop.time, outage)
    fake = FakeSlack(url="http://127.0.0.1:9")
    known = Known(catalogue, Lookup(catalogue))
    context = Context(store, catalogue, Lookup(catalogue), known, clock, slack_settings(tmp_path, fake), woken=[])

    async def run() -> None:
        chat = SlackChat(context, now=loop.time)
        chat.api = chat.teams._api = chat.sender._api = chat.people._api = slack
        for team in SHARES:
            await chat.teams.keep(Install(team, team, f"xoxb-{team}", "UBOT"))
        chat.teams._static = ""
        stop = asyncio.Event()
        working = asyncio.create_task(Outbox(store, [chat], clock, "test", LEASE).run(stop))
        while sum(map(len, slack.shown.values())) < alerts and loop.time() < OUTAGE + 7200:
            await asyncio.sleep(1)
        await asyncio.sleep(120)
        stop.set()
        await working

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run())
    with store.read() as cx:
        unsent = cx.execute(select(func.count()).where(deliveries.c.state != "sent")).scalar_one()
    store.close()
    last = max(shown[-1][0] for shown in slack.shown.values())
    return slack, wanted, unsent, last - OUTAGE


def check(slack: SimulatedSlack, wanted: dict[str, list[str]], unsent: int, took: float) -> None:
    assert unsent == 0
    assert {channel: [title for _, title, _ in shown] for channel, shown in slack.shown.items()} == wanted
    assert slack.lost, "no answer was lost on the way"
    # The outage itself is told by one 429 a workspace at most.
    assert slack.refused <= max(len(SHARES), slack.posts / 1000), f"{slack.refused} answers 429 to {slack.posts} posts"
    # The largest workspace needs most minutes; what Slack allows is 300 a minute there.
    share = max(sum(len(titles) for name, titles in wanted.items() if name[1:4] == team) for team in SHARES)
    assert share / 5.0 / took >= 0.95, f"{share} in {took:.0f} s"


@pytest.mark.parametrize("alerts", [1_500, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("outage", ["refused", "429"])
def test_an_hour_without_slack(tmp_path: Path, catalogue: Catalogue, outage: str, alerts: int) -> None:
    check(*drained(tmp_path, catalogue, outage, alerts))


def test_turns_are_given_in_order_and_kept() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    turns = [pace.turn("T", f"C{n}", f"key{n}") for n in range(30)]
    assert [round(turn.wait, 3) for turn in turns[:20]] == [round(n * IN_WORKSPACE, 3) for n in range(20)]
    assert all(turn.here for turn in turns[:20])
    assert not any(turn.here for turn in turns[21:])
    now[0] = 3.0
    again = pace.turn("T", "C25", "key25")
    assert again.here
    assert round(again.wait, 3) == round(25 * IN_WORKSPACE - 3.0, 3)
    assert pace.turn("T2", "C0", "other").wait == 0, "another workspace does not wait"
    pace.goes("T2", "C0")
    assert round(pace.turn("T2", "C0", "next").wait, 3) == IN_CHANNEL
    pace.hold("T2", 30)
    assert not pace.turn("T2", "C1", "x").here
    assert pace.all_held(["T2"])
    assert not pace.all_held(["T", "T2"])
