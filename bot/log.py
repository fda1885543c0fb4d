"""The log: one line an event on stderr, secrets taken out at the formatter."""

from __future__ import annotations

import logging
import re
import sys

from bot.settings import Settings

_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+@")
_TOKENS = re.compile(
    r"\bx(?:ox[a-z]|app)(?:[.-][\w%]+)*-[A-Za-z0-9%-]{8,}"  # Slack's, also rotating ones
    r"|\b[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}\b"  # Discord's
    r"|(?<=\bBearer )[\w.~+/=-]{6,}"
    r"|(?<=://)hooks\.slack(?:-gov)?\.com/[^\s'\"]+"  # whoever knows such an address may answer there
    r"|(?<=[?&]ticket=)[^\s'\"&]+"
    r"|(?<=/webhooks/)(\d+/)[^/\s'\"]+|(?<=/interactions/)(\d+/)[^/\s'\"]+"  # Discord's interactions, in addresses
    r"|((?:token|session_id)['\"]\s*:\s*['\"])[^'\"]+"  # and in the events that discord.py writes at DEBUG
)


class RedactingFormatter(logging.Formatter):
    """Takes known secrets, token-like words and the credentials of addresses out of every line."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
        self._secrets = tuple(part for secret in secrets for part in {secret, *secret.split(",")} if len(part) >= 6)

    def format(self, record: logging.LogRecord) -> str:
        return self.redact(super().format(record))

    def redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return _TOKENS.sub(_hidden, _CREDENTIALS.sub("[secret]@", text))


def _hidden(found: re.Match[str]) -> str:
    return f"{found[1] or found[2] or found[3] or ''}[secret]"


def set_up_log(settings: Settings) -> None:
    secrets = tuple(
        value.get_secret_value()
        for name in type(settings.secrets).model_fields
        if (value := getattr(settings.secrets, name))
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(secrets))
    logging.basicConfig(level=settings.log.level, handlers=[handler], force=True)
