"""The manifest and the page on installing say what the code does; installs by OAuth; what is encrypted at rest."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import yaml
from aiohttp.test_utils import make_mocked_request
from cryptography.fernet import Fernet

from bot.chat.slack import SlackChat
from bot.chat.slack_events import COMMANDS, EVENTS, SHORTCUTS
from bot.chat.slack_http import SCOPES, Pages
from bot.chat.slack_vault import Install, Vault
from bot.entities.catalogue import Catalogue
from bot.errors import VedetteError
from bot.pulse import Pulse
from bot.store import installs
from bot.web import Web
from tests.chat.slack_front import AWAY, KEY, SlackFront, seen, slack_house
from tests.fakes import SLACK_CLIENT_SECRET, StandingClock, document

ROOT = Path(__file__).parents[2]
MANIFEST = yaml.safe_load((ROOT / "config" / "slack-manifest.yaml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "install-slack.md").read_text(encoding="utf-8")


def test_the_manifest_registers_what_the_code_answers() -> None:
    features, settings = MANIFEST["features"], MANIFEST["settings"]
    assert sorted(each["command"] for each in features["slash_commands"]) == sorted(COMMANDS)
    assert all(each["should_escape"] for each in features["slash_commands"])
    assert sorted(each["callback_id"] for each in features["shortcuts"]) == sorted(SHORTCUTS)
    assert sorted(settings["event_subscriptions"]["bot_events"]) == sorted(EVENTS)
    assert sorted(MANIFEST["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)
    assert settings["socket_mode_enabled"]
    assert settings["interactivity"]["is_enabled"]


def test_the_manifest_keeps_to_slacks_limits() -> None:
    about, features = MANIFEST["display_information"], MANIFEST["features"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 174 <= len(about["long_description"]) <= 4000
    assert len(features["shortcuts"]) <= 10
    assert all(len(each["name"]) <= 24 and len(each["description"]) <= 150 for each in features["shortcuts"])
    assert all(len(each["description"]) <= 2000 for each in features["slash_commands"])


def test_the_page_is_ten_steps_and_explains_every_permission() -> None:
    assert [int(number) for number in re.findall(r"^(\d+)\. \*\*", PAGE, re.M)] == list(range(1, 11))
    named = set(re.findall(r"`([a-z_.]+:[a-z]+)`", PAGE)) | ({"commands"} if "| `commands` |" in PAGE else set())
    assert named == {*SCOPES, "connections:write"}
    for word in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CLIENT_SECRET", "SECRET_KEYS"):
        assert word in PAGE
    for path in ("/slack/events", "/slack/oauth_redirect", "/slack/install", "config/slack-manifest.yaml"):
        assert path in PAGE


def served(front: SlackFront) -> Web:
    web = Web("127.0.0.1:0", front.house.store, front.house.clock, Pulse(), None, _never)
    web.routes = front.slack.routes()
    return web


async def _never(_source: int, _body: bytes, _type: str) -> bool:
    return False


OAUTH = {
    "VEDETTE_SLACK_CLIENT_ID": "111.222",
    "SLACK_CLIENT_SECRET": SLACK_CLIENT_SECRET,
    "VEDETTE_HTTP_LISTEN": "127.0.0.1:0",
    "VEDETTE_HTTP_PUBLIC_URL": "http://127.0.0.1",
}


async def begun(session: aiohttp.ClientSession, web: Web) -> tuple[str, str]:
    """(state, cookie) of an installation that has been begun."""
    async with session.get(f"http://127.0.0.1:{web.port}/slack/install", allow_redirects=False) as answer:
        assert answer.status == 302
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert sorted(asked["scope"][0].split(",")) == sorted(SCOPES)
        assert "/oauth/v2/authorize" in answer.headers["Location"]
        return asked["state"][0], answer.cookies["vedette_install"].value


async def back(session: aiohttp.ClientSession, web: Web, state: str, cookie: str, code: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{web.port}/slack/oauth_redirect"
    headers = {"Cookie": f"vedette_install={cookie}"} if cookie else {}
    async with session.get(url, params={"state": state, "code": code}, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_a_workspace_installs_the_app_and_is_served(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock, **OAUTH) as front:
        web = served(front)
        await web.start()
        try:
            async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                state, cookie = await begun(session, web)
                code = front.fake.code("T0THIRD01", "xoxb-canary-three-3333")
                assert (await back(session, web, "other", cookie, code))[0] == 400, "a state that nobody gave out"
                state, cookie = await begun(session, web)
                assert (await back(session, web, state, "", code))[0] == 400, "another browser"
                state, cookie = await begun(session, web)
                status, text = await back(session, web, state, cookie, code)
                assert (status, "Other desk" in text) == (200, True)
                assert (await back(session, web, state, cookie, code))[0] == 400, "a state is used once"
        finally:
            await web.close()
        payload = front.fake.command("status", user="UINSTALL1", channel="C0THIRD01", team="T0THIRD01")
        await front.fake.envelope("slash_commands", payload)
        await front.answer(payload["response_url"].rpartition("/")[2])
        with front.house.store.read() as cx:
            secret = installs.install_of(cx, "slack", "T0THIRD01")
        assert secret
        assert "xoxb" not in secret
        assert b"xoxb-canary-three" not in (tmp_path / "house.db").read_bytes()
        assert await front.slack.admin_of("slack:T0THIRD01") == ("DINSTALL1", "direct messages")


async def test_a_rotating_token_is_renewed_once_and_kept_before_it_is_used(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock, **OAUTH) as front:
        fake, teams = front.fake, front.slack.teams
        ends = (clock.now() + timedelta(minutes=5)).isoformat()
        await teams.keep(Install("T0ROT0001", "Rotating", "xoxe.xoxb-old", "UBOT00001", "", "xoxe-1-refresh", ends))
        fake.codes["xoxe-1-refresh"] = {
            "ok": True, "access_token": "xoxe.xoxb-new", "refresh_token": "xoxe-1-second", "expires_in": 43200
        }  # fmt: skip
        tokens = await asyncio.gather(*(teams.token("T0ROT0001") for _ in range(10)))
        assert set(tokens) == {"xoxe.xoxb-new"}
        assert len(fake.called("oauth.v2.access")) == 1
        with front.house.store.read() as cx:
            kept = teams.vault.open("T0ROT0001", installs.install_of(cx, "slack", "T0ROT0001") or "")
        assert (kept.bot_token, kept.refresh_token) == ("xoxe.xoxb-new", "xoxe-1-second")


async def test_an_organisation_installs_the_app_for_its_workspaces(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    organisation, first, second = "E0ORG0001", "T0ORG0001", "T0ORG0002"
    async with slack_house(tmp_path, catalogue, clock, **OAUTH) as front:
        fake, teams = front.fake, front.slack.teams
        whole = {
            "is_enterprise_install": True,
            "enterprise": {"id": organisation, "name": "The organisation"},
        }
        await teams.admit(fake.code(organisation, "xoxb-canary-org-4444", **whole), "http://127.0.0.1/back")
        for team in (first, second):
            channel = f"C{team}"
            asked = fake.command("subscribe Quds Force", user="UBOSS", channel=channel, team=team)
            fake.people["UBOSS"] = {"is_admin": True}
            await fake.envelope(
                "slash_commands", {**asked, "enterprise_id": organisation, "is_enterprise_install": "true"}
            )
            answer = await front.answer(asked["response_url"].rpartition("/")[2])
            assert "You now follow" in seen(answer["blocks"])
        front.house.ingest(document("The Quds Force was seen at Samarra."))
        await front.restart()  # which workspaces are an organisation's is known again from the store
        await front.outbox.drain()
        posts = [(body["channel"], team) for method, body, team in fake.calls if method == "chat.postMessage"]
        assert sorted(posts) == [(f"C{first}", organisation), (f"C{second}", organisation)]

        gone = fake.event({"type": "app_uninstalled"}, team=first)
        gone |= {"enterprise_id": organisation, "authorizations": [{"is_enterprise_install": True}]}
        await fake.envelope("events_api", gone)
        await fake.until(lambda: organisation not in front.slack.teams.teams)


@pytest.mark.parametrize(
    ("api_url", "page"),
    [
        ("https://slack.com/api/", "https://slack.com/oauth/v2/authorize"),
        ("https://slack-gov.com/api", "https://slack-gov.com/oauth/v2/authorize"),
        ("http://127.0.0.1:8080/proxy/api/", "http://127.0.0.1:8080/proxy/oauth/v2/authorize"),
    ],
)
async def test_where_an_installation_begins(
    api_url: str, page: str, tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock, **OAUTH) as front:
        pages = Pages(front.slack.app, None, front.slack.teams, api_url, "111.222", "https://vedette.example")
        answer = await pages.install(make_mocked_request("GET", "/slack/install"))
        assert answer.headers["Location"].partition("?")[0] == page


async def test_a_workspace_that_takes_the_app_out_is_forgotten(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        await front.fake.envelope("events_api", front.fake.event({"type": "app_uninstalled"}, team=AWAY))
        await front.fake.until(lambda: AWAY not in front.slack.teams.teams)
        with front.house.store.read() as cx:
            assert installs.install_of(cx, "slack", AWAY) is None


def test_the_vault_keeps_shut() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    install = Install("T1", "Desk", "xoxb-secret", "U1")
    shut = Vault(old).close(install)
    assert "xoxb" not in shut
    assert "xoxb" not in repr(install)
    assert Vault(old).open("T1", shut) == install
    assert Vault(old).open("T2", shut) is None, "a row in another workspace's place"
    assert Vault(new).open("T1", shut) is None
    both = Vault(f"{new},{old}")
    renewed = both.renewed(shut)
    assert renewed
    assert Vault(new).open("T1", renewed) == install
    assert both.renewed(renewed) is None
    for wrong in ("", "abc", f"{old},short"):
        with pytest.raises(VedetteError):
            Vault(wrong)


async def test_an_old_key_is_left_behind_at_the_start(
    tmp_path: Path, catalogue: Catalogue, clock: StandingClock
) -> None:
    newer = Fernet.generate_key().decode()
    async with slack_house(tmp_path, catalogue, clock) as front:
        house = front.house
    async with slack_house(tmp_path, catalogue, clock, SECRET_KEYS=f"{newer},{KEY}") as front:
        house = front.house
        with house.store.read() as cx:
            secret = installs.install_of(cx, "slack", AWAY) or ""
        assert Vault(newer).open(AWAY, secret)


async def test_other_workspaces_need_a_key(tmp_path: Path, catalogue: Catalogue, clock: StandingClock) -> None:
    async with slack_house(tmp_path, catalogue, clock) as front:
        from tests.chat.slack_front import slack_settings

        context = front.house.context
        bare = slack_settings(tmp_path, front.fake, **OAUTH, SECRET_KEYS="")
        with pytest.raises(VedetteError, match="SECRET_KEYS"):
            SlackChat(type(context)(**{**_fields(context), "settings": bare}))


def _fields(context: object) -> dict[str, object]:
    from dataclasses import fields

    return {item.name: getattr(context, item.name) for item in fields(context)}  # type: ignore[arg-type]
