"""WebSub: the pure parts, then the whole conversation with a hub on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import func, select

from bot.app import Service, SystemClock, open_app
from bot.chat.console import ConsoleChat, new_console
from bot.errors import SourceError, VedetteError
from bot.hubs import LONGEST_LEASE, Hubs
from bot.settings import Settings, load_settings
from bot.sources import websub
from bot.sources.feed import ParsedFeed, parse_feed
from bot.sources.fetch import Fetched, Fetcher
from bot.store import hubs as rows
from bot.store import sources, tables
from bot.store.engine import Store
from tests.fakes import START, StandingClock
from tests.test_live_feed import SMALL, until
from tests.test_web import during, free_port

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "links", "expected"),
    [
        (['<https://h.example/>; rel="hub"', '<https://a.example/f>; rel="self"'], [], ("https://h.example/", "https://a.example/f")),
        (["<https://h.example/>; rel=hub, <https://a.example/f>; rel=self"], [], ("https://h.example/", "https://a.example/f")),
        (['<https://h.example/>; title="x"; REL="alternate HUB"'], [("self", "https://b.example/")], ("https://h.example/", "https://b.example/")),
        (["<https://h.example/>; rel=hub"], [("hub", "https://other.example/"), ("self", "https://b.example/")], ("https://h.example/", "https://b.example/")),
        ([], [("hub", "https://h.example/"), ("self", "https://b.example/")], ("https://h.example/", "https://b.example/")),
        (["</f>; rel=self"], [("hub", "https://h.example/")], ("https://h.example/", "https://base.example/f")),
        ([], [("hub", "https://h.example/")], None),
        ([], [("self", "https://b.example/")], None),
        ([], [("hub", "javascript:alert(1)"), ("self", "https://b.example/")], None),
        (["nonsense", "<>; rel=hub", "<https://[broken/>; rel=self", "<" * 5000], [], None),
    ],
)  # fmt: skip
def test_a_feed_names_its_hub(
    headers: list[str], links: list[tuple[str, str]], expected: tuple[str, str] | None
) -> None:
    assert websub.hub_of(headers, links, "https://base.example/x") == expected


def test_the_hub_stands_in_the_feed() -> None:
    body = b"""<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>D</title>
        <atom:link rel="hub" href="https://h.example/"/><atom:link rel="self" href="https://a.example/f"/>
        <item><title>x</title></item></channel></rss>"""
    parsed = parse_feed(body, "https://a.example/f")
    assert (parsed.hub, parsed.topic) == ("https://h.example/", "https://a.example/f")


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_right_signature_is_known(method: str) -> None:
    right = hmac.new(b"s", b"body", method).hexdigest()
    assert websub.signature_ok(b"body", f"{method}={right}", "s")
    assert websub.signature_ok(b"body", f"{method.upper()}={right.upper()}", "s")
    assert not websub.signature_ok(b"body ", f"{method}={right}", "s")
    assert not websub.signature_ok(b"body", f"{method}={right}", "t")
    assert not websub.signature_ok(b"body", f"{method}={right[:-1]}", "s")


@pytest.mark.parametrize(
    "header", ["", "=", "sha256", "sha256=", "md5=00", "sha256=é", "sha256=\udc80", "sha3_256=0", "sha256==="]
)
def test_what_is_no_signature_is_none(header: str) -> None:
    assert not websub.signature_ok(b"body", header, "s")


def test_a_hub_makes_polling_slow_while_it_sends() -> None:
    minute = timedelta(minutes=1)
    assert websub.pace(5 * minute, None, START) == 5 * minute
    assert websub.pace(5 * minute, START, START) == 5 * minute
    assert websub.pace(5 * minute, START + 240 * HOUR, START) == HOUR
    assert websub.pace(6 * HOUR, START + 240 * HOUR, START) == 6 * HOUR
    assert websub.pace(5 * minute, START + 20 * minute, START) == 20 * minute, "not past the end of the promise"
    assert websub.pace(5 * minute, START + minute, START) == 5 * minute


def test_the_master_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    key = websub.master_key(folder)
    path = folder / "secret.key"
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert websub.master_key(folder) == key
    assert [item.name for item in folder.iterdir()] == ["secret.key"], "no draft is left behind"
    path.write_bytes(b"short")
    with pytest.raises(VedetteError, match="does not hold 32 bytes"):
        websub.master_key(folder)


def test_every_feed_has_its_own_secret_and_path() -> None:
    key = bytes(32)
    made = {websub.secret_of(key, n) for n in range(50)} | {websub.token_of(key, n) for n in range(50)}
    assert len(made) == 100
    assert websub.secret_of(key, 1) != websub.secret_of(b"x" * 32, 1)


# One hub and one publisher on loopback.


class Hub:
    """A publisher and its hub: it asks back, keeps what it was told, and signs what it sends."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self.polls = 0
        self.asked: list[dict[str, str]] = []
        self.answers: list[tuple[int, str]] = []
        self.lease = "864000"
        self.mode = "subscribe"
        self.status = 202
        self.base = ""
        self.tasks: set[asyncio.Task[None]] = set()

    async def feed(self, _request: web.Request) -> web.Response:
        self.polls += 1
        headers = {"Link": f'<{self.base}/hub>; rel="hub"'}
        return web.Response(body=self.body(*self.items), content_type="application/rss+xml", headers=headers)

    def body(self, *titles: str) -> bytes:
        when = format_datetime(SystemClock().now())
        items = "".join(f"<item><title>{t}</title><guid>{t}</guid><pubDate>{when}</pubDate></item>" for t in titles)
        links = f'<atom:link rel="hub" href="{self.base}/hub"/><atom:link rel="self" href="{self.base}/feed"/>'
        return (
            '<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
            f"<title>Desk</title>{links}{items}</channel></rss>"
        ).encode()

    async def hub(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl(await request.text()))
        self.asked.append(form)
        if self.status == 202:
            task = asyncio.create_task(self.verify(form))
            self.tasks.add(task)
        return web.Response(status=self.status, headers={"Location": f"{self.base}/elsewhere"})

    async def verify(self, form: dict[str, str], **other: str) -> None:
        query = {
            "hub.mode": self.mode,
            "hub.topic": form["hub.topic"],
            "hub.challenge": "c&é 1",
            "hub.lease_seconds": self.lease,
        }
        async with (
            aiohttp.ClientSession() as session,
            session.get(form["hub.callback"], params=query | other) as answer,
        ):
            self.answers.append((answer.status, await answer.text()))

    async def push(self, body: bytes, signature: str | None = None, **headers: str) -> int:
        form = self.asked[-1]
        if signature is None:
            signature = "sha256=" + hmac.new(form["hub.secret"].encode(), body, hashlib.sha256).hexdigest()
        headers |= {"Content-Type": "application/rss+xml"} | ({"X-Hub-Signature": signature} if signature else {})
        async with (
            aiohttp.ClientSession() as session,
            session.post(form["hub.callback"], data=body, headers=headers) as answer,
        ):
            return answer.status


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    made = Hub()
    app = web.Application()
    app.router.add_get("/feed", made.feed)
    app.router.add_post("/hub", made.hub)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await asyncio.gather(*made.tasks)
    await runner.cleanup()


def settings_for(tmp_path: Path, hub: Hub) -> Settings:
    port = free_port()
    (tmp_path / "corpus").mkdir()
    environ = {
        "VEDETTE_STORE_FOLDER": str(tmp_path / "var"),
        "VEDETTE_CORPUS_FOLDERS": str(tmp_path / "corpus"),
        "VEDETTE_FEEDS_MIN_INTERVAL": "1s",
        "VEDETTE_FEEDS_URLS": f"{hub.base}/feed",
        "VEDETTE_FETCH_ALLOW": hub.base.removeprefix("http://"),
        "VEDETTE_ENTITIES_MODEL": "false",
        "VEDETTE_HTTP_LISTEN": f"127.0.0.1:{port}",
        "VEDETTE_HTTP_PUBLIC_URL": f"http://127.0.0.1:{port}/",
    }
    return load_settings(environ=environ)


def count(store: Store, table: Any, *where: Any) -> int:
    with store.read() as cx:
        return int(cx.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def hub_row(store: Store) -> rows.Subscribed:
    with store.read() as cx:
        source = next(item for item in sources.sources_of(cx, sources.EVERYBODY) if item.kind == "feed")
        found = rows.find(cx, source.id)
    assert found
    return found


async def test_a_hub_is_asked_answers_and_sends(hub: Hub, tmp_path: Path) -> None:
    hub.items = ["Nothing new in the hills"]
    settings = settings_for(tmp_path, hub)
    with open_app(settings, catalogue_files=[SMALL]) as app:
        store = app.store
        service = Service(app, [ConsoleChat(new_console(StringIO()), tmp_path / "ledger.jsonl")])

        async def day() -> None:
            await until(lambda: len(hub.answers) == 1)
            assert hub.answers == [(200, "c&é 1")]
            form = hub.asked[0]
            assert form["hub.topic"] == f"{hub.base}/feed"
            assert form["hub.lease_seconds"] == "864000"
            assert form["hub.mode"] == "subscribe"
            row = hub_row(store)
            assert row.hub_until
            assert timedelta(days=9) < row.hub_until - SystemClock().now() <= timedelta(days=10)

            body = hub.body("The Quds Force comes to Samarra")
            for wrong in ["", "sha256=" + "0" * 64, "sha1=", "md5=" + "0" * 32]:
                assert await hub.push(body, wrong) == 202
            assert count(store, tables.articles) == 1, "an unsigned or wrongly signed push is ignored"

            assert [await hub.push(body) for _ in range(3)] == [200, 200, 200]
            hub.items.append("The Quds Force comes to Samarra")
            assert count(store, tables.articles) == 2
            assert count(store, tables.alerts) == 1
            await until(lambda: "Samarra" in (tmp_path / "ledger.jsonl").read_text())

            polls = hub.polls
            await asyncio.sleep(2.5)
            assert hub.polls <= polls + 1, "polled by the hour, not by the second"
            with store.write() as cx:
                sources.due_now(cx, row.id, SystemClock().now())
            await until(lambda: hub.polls > polls)
            await asyncio.sleep(0.3)
            assert count(store, tables.articles) == 2, "the poll finds nothing that the push has not brought"

            assert await hub.push(b"no feed at all") == 200
            await until(lambda: hub.polls > polls + 1)
            assert await hub.push(b"x" * (10 * 1024 * 1024 + 1)) == 413

            await strangers(hub, form)

            with store.write() as cx:
                sources.remove_source(cx, f"{hub.base}/feed", sources.EVERYBODY)
            assert await hub.push(hub.body("Late")) == 410

        await during(service, day)
        with store.read() as cx:
            everything = repr([cx.execute(select(table)).all() for table in tables.metadata.sorted_tables])
        assert hub.asked[0]["hub.secret"] not in everything, "no secret stands in the database"


async def strangers(hub: Hub, form: dict[str, str]) -> None:
    """Questions that we did not raise, and paths that we did not give."""
    hub.answers.clear()
    await hub.verify(form, **{"hub.topic": "https://other.example/feed"})
    await hub.verify(form, **{"hub.mode": "unsubscribe"})
    await hub.verify(form, **{"hub.mode": "publish"})
    await hub.verify(form | {"hub.callback": form["hub.callback"][:-1] + "_"})
    await hub.verify(form | {"hub.callback": form["hub.callback"].replace("/websub/", "/websub/9")})
    assert [status for status, _ in hub.answers] == [404] * 5


async def test_a_push_waits_for_the_poll_that_is_under_way(hub: Hub, tmp_path: Path) -> None:
    with open_app(settings_for(tmp_path, hub), catalogue_files=[SMALL]) as app:
        service = Service(app, [ConsoleChat(new_console(StringIO()), tmp_path / "ledger.jsonl")])
        now = SystemClock().now()
        with app.store.write() as cx:
            source = sources.claim_due(cx, "another", now, timedelta(minutes=1), 9, "feed")[0]
        push = asyncio.create_task(service.poller.take_push(source.id, hub.body("Samarra"), ""))
        await asyncio.sleep(0.2)
        assert not push.done()
        with app.store.write() as cx:
            assert sources.give_back(cx, source, now + HOUR)
        result = await push
        assert result
        assert result.articles == 1
        with app.store.read() as cx:
            after = next(item for item in sources.sources_of(cx, sources.EVERYBODY) if item.id == source.id)
        assert after.next_check_at == now + HOUR, "the next poll stays when it was"
        await service.close()


class Asker(Fetcher):
    """A fetcher that keeps what it should send."""

    def __init__(self) -> None:
        super().__init__((), timedelta(seconds=1))
        self.forms: list[dict[str, str]] = []
        self.status: int | None = 202

    async def post_form(self, address: str, fields: Any) -> int:
        self.forms.append({"": address, **fields})
        if self.status is None:
            raise SourceError("The connection failed.", "connection")
        return self.status


@pytest.fixture
def subscribed(store: Store, clock: StandingClock) -> tuple[Hubs, Asker, sources.Source]:
    asker = Asker()
    hubs = Hubs(store, asker, clock, "https://us.example/", bytes(32))
    with store.write() as cx:
        source, _ = sources.add_source(cx, "feed", "https://a.example/f", "home", clock.now())
    note(hubs, source, "https://h.example/", "https://a.example/f")
    return hubs, asker, source


def note(hubs: Hubs, source: sources.Source, hub: str, topic: str) -> None:
    answer = Fetched(source.address, 200, b"", None, None, "")
    hubs.note(source, answer, ParsedFeed("", (), hub=hub, topic=topic))


def question(**more: str) -> dict[str, str]:
    asked = {"mode": "subscribe", "topic": "https://a.example/f", "challenge": "yes", "lease_seconds": "864000"}
    return {f"hub.{key}": value for key, value in (asked | more).items()}


async def test_a_hub_that_promises_and_does_not_send_is_not_relied_on(
    subscribed: tuple[Hubs, Asker, sources.Source], store: Store
) -> None:
    hubs, _, source = subscribed
    hubs.missed(source)
    assert hubs.answer(source.id, question()) == "yes"
    with store.write() as cx:
        promised = sources.claim_one(cx, source.id, "test", START, HOUR)
    assert promised
    assert hubs.promise(promised) == START + timedelta(days=10), "before the promise it could not send"
    hubs.missed(promised)
    assert hubs.promise(promised) is None
    hubs.heard(source.id)
    assert hubs.promise(promised) == promised.hub_until


async def test_renewal_comes_when_less_than_a_day_is_left(
    subscribed: tuple[Hubs, Asker, sources.Source], clock: StandingClock
) -> None:
    hubs, asker, source = subscribed
    assert await hubs.subscribe_due() == 1
    assert asker.forms[0][""] == "https://h.example/"
    assert asker.forms[0]["hub.callback"] == hubs.callback(source.id)
    assert hubs.callback(source.id).startswith(f"https://us.example/websub/{source.id}/")
    assert hubs.answer(source.id, question()) == "yes"
    clock.move(timedelta(days=8, hours=23))
    assert await hubs.subscribe_due() == 0
    clock.move(timedelta(hours=2))
    assert await hubs.subscribe_due() == 1
    assert await hubs.subscribe_due() == 0, "not again before the hub has had time"
    assert hubs.answer(source.id, question(lease_seconds="999999999")) == "yes"
    found = hubs.find(source.id)
    assert found
    assert found.hub_until == clock.now() + LONGEST_LEASE


async def test_a_short_lease_is_not_renewed_at_every_look(
    subscribed: tuple[Hubs, Asker, sources.Source], clock: StandingClock
) -> None:
    hubs, _, source = subscribed
    await hubs.subscribe_due()
    assert hubs.answer(source.id, question(lease_seconds="3600")) == "yes"
    clock.move(timedelta(minutes=29))
    assert await hubs.subscribe_due() == 0
    clock.move(timedelta(minutes=2))
    assert await hubs.subscribe_due() == 1


@pytest.mark.parametrize("status", [None, 500, 302])
async def test_a_hub_that_fails_is_asked_again_later_and_later(
    status: int | None, subscribed: tuple[Hubs, Asker, sources.Source], clock: StandingClock
) -> None:
    hubs, asker, _ = subscribed
    asker.status = status
    asked_at = []
    for minute in range(24 * 60):
        if await hubs.subscribe_due():
            asked_at.append(minute)
        clock.move(timedelta(minutes=1))
    assert asked_at == [0, 10, 30, 70, 150, 310, 630, 1270]


async def test_a_denial_ends_the_promise_and_the_feed_is_polled(
    subscribed: tuple[Hubs, Asker, sources.Source], clock: StandingClock, store: Store
) -> None:
    hubs, _, source = subscribed
    await hubs.subscribe_due()
    hubs.answer(source.id, question())
    clock.move(HOUR)
    assert hubs.answer(source.id, question(mode="denied")) == ""
    found = hubs.find(source.id)
    assert found
    assert found.hub_until is None
    with store.write() as cx:
        assert [item.id for item in sources.claim_due(cx, "test", clock.now(), HOUR, 5)] == [source.id]
    assert await hubs.subscribe_due() == 0
    clock.move(timedelta(days=1))
    assert await hubs.subscribe_due() == 1


async def test_another_hub_is_subscribed_anew_and_none_is_left_alone(
    subscribed: tuple[Hubs, Asker, sources.Source], store: Store
) -> None:
    hubs, asker, source = subscribed
    await hubs.subscribe_due()
    hubs.answer(source.id, question())
    note(hubs, source, "https://other.example/", "https://a.example/f")
    assert await hubs.subscribe_due() == 1
    assert asker.forms[-1][""] == "https://other.example/"
    with store.write() as cx:
        fresh = sources.claim_one(cx, source.id, "test", START, HOUR)
    assert fresh
    note(hubs, fresh, "", "")
    assert await hubs.subscribe_due() == 0
    assert hubs.answer(source.id, question()) is None


async def test_a_feed_over_https_is_not_entrusted_to_a_plain_hub(
    subscribed: tuple[Hubs, Asker, sources.Source], store: Store
) -> None:
    hubs, asker, source = subscribed
    with store.write() as cx:
        fresh = sources.claim_one(cx, source.id, "test", START, HOUR)
    assert fresh
    note(hubs, fresh, "http://h.example/", "https://a.example/f")
    assert await hubs.subscribe_due() == 0
    assert asker.forms == []


async def test_a_form_goes_to_no_private_address_and_follows_no_redirect(hub: Hub) -> None:
    fetcher = Fetcher((), timedelta(seconds=2))
    with pytest.raises(SourceError) as caught:
        await fetcher.post_form(f"{hub.base}/hub", {"a": "b"})
    assert caught.value.error_class == "guard"
    with pytest.raises(SourceError):
        await fetcher.post_form("http://localhost/hub", {"a": "b"})
    await fetcher.close()
    fetcher = Fetcher([hub.base.removeprefix("http://")], timedelta(seconds=2))
    answer = await fetcher.get(f"{hub.base}/feed")
    assert websub.hub_of(answer.links, [("self", f"{hub.base}/feed")]) == (f"{hub.base}/hub", f"{hub.base}/feed")
    hub.status = 307
    assert await fetcher.post_form(f"{hub.base}/hub", {"a": "b"}) == 307
    assert hub.asked == [{"a": "b"}]
    await fetcher.close()
