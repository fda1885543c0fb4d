"""Calls to Slack's Web API, and what its refusals mean to the outbox.

slack_sdk repeats a call after a cut connection by itself, which posts twice; here nothing is repeated unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT = 10.0
LONGEST_ASKED = 3600.0  # seconds; a longer Retry-After is cut to this

REVOKED = frozenset(
    "token_revoked invalid_auth not_authed account_inactive token_expired org_login_required "
    "team_access_not_granted two_factor_setup_required access_denied enterprise_is_restricted".split()
)
GONE = {
    "channel_not_found": "Slack does not know this channel any more, or I was taken out of it.",
    "not_in_channel": "I am not in this channel. Invite me there: /invite @Vedette",
    "is_archived": "This channel is archived.",
    "restricted_action": "This workspace does not let me post here.",
    "restricted_action_read_only_channel": "This channel is read-only.",
    "restricted_action_thread_only_channel": "In this channel only threads may be posted in.",
    "restricted_action_non_threadable_channel": "This channel takes no threads.",
    "cannot_dm_bot": "This is another bot, and bots cannot write to each other.",
    "user_disabled": "This person's account is closed.",
    "user_not_found": "Slack does not know this person any more.",
    "messages_tab_disabled": "My messages tab is switched off in the app's settings.",
    "channel_type_not_supported": "Slack does not let apps post in this kind of channel.",
}
UNREADABLE = frozenset(
    "msg_too_long msg_blocks_too_long invalid_blocks invalid_blocks_format too_many_attachments invalid_arguments "
    "invalid_attachments no_text invalid_metadata_format invalid_metadata_schema metadata_too_large".split()
)
NEVER = frozenset(
    "message_not_found cant_update_message edit_window_closed thread_not_found cannot_reply_to_message "
    "cant_broadcast_message as_user_not_supported invalid_arg_name unknown_method".split()
)
BUSY = frozenset("internal_error fatal_error request_timeout service_unavailable team_added_to_org".split())
LIMITED = frozenset("ratelimited rate_limited message_limit_exceeded accesslimited".split())


@dataclass(slots=True)
class Refused(Exception):
    """Slack said no, or nothing. `status` is 0 where no answer came, `reached` False where Slack was never asked."""

    method: str
    error: str
    status: int = 200
    wait: float = 0.0  # seconds Slack asks us to wait
    reached: bool = True

    def __str__(self) -> str:
        return f"{self.method}: {self.error}" + (f" (HTTP {self.status})" if self.status not in (0, 200) else "")

    @property
    def limited(self) -> bool:
        return self.status == 429 or self.error in LIMITED

    @property
    def down(self) -> bool:
        """Slack itself fails, not this call."""
        return not self.reached or self.status >= 500

    @property
    def in_doubt(self) -> bool:
        """Whether Slack may have done it all the same."""
        return self.reached and (self.status == 0 or self.status >= 500 or self.error in BUSY)


class Api:
    """One HTTP session for all workspaces."""

    def __init__(self, address: str) -> None:
        self.address = address if address.endswith("/") else f"{address}/"
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """Opened at first need, inside the loop; proxies of the environment are not used by surprise."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=100, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT))
        return self._session

    def client(self, token: str | None = None) -> AsyncWebClient:
        made = AsyncWebClient(token=token, base_url=self.address, session=self.session(), retry_handlers=[])
        made.proxy = None
        return made

    async def call(
        self, token: str, method: str, body: Mapping[str, Any] | None = None, *, reads: bool = False
    ) -> dict[str, Any]:
        """Slack's answer. Raises `Refused`. `reads`: a method that takes its arguments from the address."""
        given = {name: value for name, value in (body or {}).items() if value is not None}
        client = self.client(token or None)
        try:
            if reads:
                answer = await client.api_call(method, http_verb="GET", params=given)
            else:
                answer = await client.api_call(method, json=given)
        except SlackApiError as error:
            raise _refusal(method, error) from None
        except aiohttp.ClientConnectorError as error:
            raise Refused(method, type(error).__name__, 0, reached=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError) as error:
            raise Refused(method, type(error).__name__, 0) from None  # slack_sdk stumbles over answers that are no JSON
        data = answer.data
        return data if isinstance(data, dict) else {}

    async def post(self, url: str, body: Mapping[str, Any]) -> int:
        """Send an answer to a response_url; the HTTP status, 0 where none came."""
        try:
            async with self.session().post(url, json=body, allow_redirects=False) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0

    async def upload(self, url: str, data: bytes) -> int:
        try:
            async with self.session().post(url, data=data, allow_redirects=False) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0

    async def exchange(self, client_id: str, client_secret: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """oauth.v2.access: a code or a refresh token for tokens. Raises `Refused`."""
        try:
            answer = await self.client().api_call(
                "oauth.v2.access", data=dict(body), auth={"client_id": client_id, "client_secret": client_secret}
            )
        except SlackApiError as error:
            raise _refusal("oauth.v2.access", error) from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError) as error:
            raise Refused("oauth.v2.access", type(error).__name__, 0) from None
        data = answer.data
        return data if isinstance(data, dict) else {}

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _refusal(method: str, error: SlackApiError) -> Refused:
    answer = error.response
    status = int(getattr(answer, "status_code", None) or getattr(answer, "status", 0) or 0)
    headers = getattr(answer, "headers", None) or {}
    data = getattr(answer, "data", None)
    said = str(data.get("error", "")) if isinstance(data, dict) else ""
    try:
        asked = float(headers.get("Retry-After", 0))
    except ValueError:
        asked = 0.0
    wait = min(max(asked, 0.0), LONGEST_ASKED)
    if not said and status < 400:
        return Refused(method, "no readable answer", 0)
    return Refused(method, said or "failed", status, wait)


def short_key(key: str) -> str:
    """The delivery's key as it stands in a message's metadata."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]
