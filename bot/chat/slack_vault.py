"""What a workspace gave us when it installed the app: encrypted at rest, bound to the workspace it belongs to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import VedetteError

MAKE_ONE = (
    'Make one: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())" '
    "and set SECRET_KEYS to it; to change keys, put the new one first, a comma, then the old ones."
)


@dataclass(frozen=True, slots=True)
class Install:
    """A workspace that lets us in. `team` is its id, or an organisation's where the whole of it installed the app."""

    team: str
    name: str = ""
    bot_token: str = ""
    bot_user: str = ""
    installer: str = ""
    refresh_token: str = ""
    expires_at: str = ""  # ISO; empty where tokens do not rotate

    def expires(self) -> datetime | None:
        return datetime.fromisoformat(self.expires_at) if self.expires_at else None

    def __repr__(self) -> str:
        return f"Install({self.team})"  # never its tokens, wherever it is printed


class Vault:
    """Encrypts with the newest key, reads with any of them."""

    def __init__(self, keys: str) -> None:
        """`keys` as in SECRET_KEYS, newest first. Raises `VedetteError` if one of them is none."""
        try:
            self._keys = [Fernet(key.strip()) for key in keys.split(",") if key.strip()]
        except ValueError:
            raise VedetteError("SECRET_KEYS holds something that is no key.", MAKE_ONE) from None
        if not self._keys:
            raise VedetteError("SECRET_KEYS is empty.", MAKE_ONE)

    def close(self, install: Install) -> str:
        text = json.dumps(asdict(install), ensure_ascii=False, sort_keys=True)
        return MultiFernet(self._keys).encrypt(text.encode()).decode()

    def open(self, team: str, secret: str) -> Install | None:
        """None if no key fits, or if the row was put in another workspace's place."""
        try:
            data = json.loads(MultiFernet(self._keys).decrypt(secret.encode()))
            install = Install(**data)
        except (InvalidToken, ValueError, TypeError):
            return None
        return install if install.team == team else None

    def renewed(self, secret: str) -> str | None:
        """The same under the newest key; None if it is that already, or cannot be read."""
        try:
            self._keys[0].decrypt(secret.encode())
        except InvalidToken:
            try:
                return MultiFernet(self._keys).rotate(secret.encode()).decode()
            except InvalidToken:
                return None
        return None
