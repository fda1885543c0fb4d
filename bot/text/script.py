"""Which scripts a folded text is written in: names of other scripts need not be looked for."""

from __future__ import annotations

import re

SCRIPTS = ("latin", "arabic", "cyrillic", "other")
# By the first byte of each letter in UTF-8. Armenian shares one with Cyrillic, and then counts as both.
_ARABIC = re.compile(b"[\xd8-\xdd]")
_CYRILLIC = re.compile(b"[\xd0-\xd4]")
_OTHER = re.compile(b"[\xc2-\xcf\xd4-\xd7\xde-\xf4]")
_LATIN = re.compile(b"[a-z0-9]")


def scripts_of(folded: bytes) -> list[str]:
    """The scripts in which a folded text has letters, in the order of `SCRIPTS`."""
    found = ["latin"] if _LATIN.search(folded) else []
    if not folded.isascii():
        found += ["arabic"] if _ARABIC.search(folded) else []
        found += ["cyrillic"] if _CYRILLIC.search(folded) else []
        found += ["other"] if _OTHER.search(folded) else []
    return found


def script_of(key: str) -> str:
    """The one script that a folded name is filed under; every text that holds the name is written in it, too."""
    found = scripts_of(key.encode())
    return found[-1] if found else "latin"
