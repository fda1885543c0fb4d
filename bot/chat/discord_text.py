"""Text for Discord: whatever came from outside is shown as it reads, and does nothing.

Lengths are UTF-16 code units, the largest of the ways in which Discord could count them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from bot.cards.card import Line, Run, Style
from bot.text.inert import inert

LONGEST_LINK = 120  # a longer address is not written out; its host is
_MARKUP = re.compile(r"[\\*_~`|<>\[\]]")
_CALL = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_SCHEME = re.compile(r"(?<=[A-Za-z0-9+.-]):(?=//)")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
_LINE_START = re.compile(r"^(\s*)(?:([#+=-]+)|(\d{1,9})([.)]))", re.MULTILINE)
_LIVE_IN_CODE = re.compile(r"<(?=[@#:]|/[^<>:]*:|a:|t:|id:|sound:)")  # also what a cut has left of one
_CLEAN_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][!#$%&'()*+,./0-9:;=?@A-Z_a-z~-]*)?")


def units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def escaped(text: str) -> str:
    """Text that Discord shows as it reads: no emphasis, heading, list, quote, spoiler, code, mention, time, emoji or link.

    A backslash takes its meaning from every sign of markup. Calls to everyone keep their look under a full-width
    sign, for no backslash stops those.
    """
    text = _MARKUP.sub(r"\\\g<0>", text)
    text = _LINE_START.sub(_harmless_start, text)
    return _CALL.sub("＠", _WWW.sub(r"\1\\.", _SCHEME.sub(r"\\:", text)))


def _harmless_start(found: re.Match[str]) -> str:
    if found[2]:
        return found[1] + "".join(f"\\{sign}" for sign in found[2])
    return f"{found[1]}{found[3]}\\{found[4]}"


def code(text: str) -> str:
    """Something to type. Nothing can be escaped inside code, so what would live there or end it is swapped for a look-alike."""
    text = _CALL.sub("＠", _LIVE_IN_CODE.sub("‹", text.replace("`", "ˋ").replace("](", "] (")))
    return f"`{text}`" if text.strip() else ""


def code_block(text: str, limit: int) -> str:
    """Several lines to copy, cut at the limit."""
    return f"```\n{clip(inert(text), limit - 8, lambda part: code(part)[1:-1])}\n```"


def bold(text: str) -> str:
    core = text.strip()
    if not core:
        return text
    start = text.index(core)
    return f"{text[:start]}**{escaped(core)}**{text[start + len(core) :]}"


_LOOKS = {Style.QUIET: Style.PLAIN, Style.MARK: Style.STRONG}  # Discord has no words for the finer shades
_DRESS: dict[Style, Callable[[str], str]] = {
    Style.PLAIN: escaped,
    Style.STRONG: bold,
    Style.CODE: code,
}


def clip(text: str, limit: int, dress: Callable[[str], str] = escaped) -> str:
    """Text in its dress, cut at a word and ended with an ellipsis where it is longer than `limit` units."""
    whole = dress(text)
    if units(whole) <= limit:
        return whole
    low, high = 0, min(len(text), max(limit, 0))
    while low < high:
        middle = (low + high + 1) // 2
        if units(dress(text[:middle].rstrip())) < limit:
            low = middle
        else:
            high = middle - 1
    word = text.rfind(" ", 0, low + 1)
    cut = text[: word if word > low // 2 else low].rstrip()
    return f"{dress(cut)}…" if limit > 0 else ""


def plain(text: str, limit: int) -> str:
    """For the places where Discord reads no markup and shows no mention: labels, footers, names."""
    return clip(flat(text), limit, lambda part: _CALL.sub("＠", _LIVE_IN_CODE.sub("‹", part)))


def flat(text: str) -> str:
    return " ".join(inert(text).split())


def clean_link(address: str | None) -> str | None:
    """An http or https address that can be written out: ASCII, no credentials, nothing that could end it early; or None."""
    if not address or len(address) > 2048 or not _CLEAN_LINK.fullmatch(address) or _CALL.search(address):
        return None
    host = address.split("/")[2]
    return None if "@" in host else address


def host_of(address: str | None) -> str:
    """The host a link leads to, as ASCII so that no letter passes for another."""
    try:
        host = urlsplit(address or "").hostname or ""
        return host.removeprefix("www.") if host.isascii() else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""


def line_of(runs: Line, limit: int, known: str | None = None) -> str:
    """One line of markup from runs. A link shows its host; its address follows the line, unless it is the `known` one."""
    tail = "".join(_addresses(runs, known))
    room = limit - units(tail)
    if room < limit // 2:
        tail, room = "", limit
    parts: list[str] = []
    named: set[str] = set()
    for run in _merged(runs):
        text = inert(run.text).replace("\n", " ").replace("\t", " ")
        part = clip(text, room, _DRESS[run.style])
        if part and parts and parts[-1].endswith(("`", "*", "\\")) and part[0] in "`*":
            part = f" {part}"  # two pieces of markup that touch would be read as one
        host = host_of(run.link) if run.link else ""
        shown = f" ({escaped(flat(host))})" if host and host not in named and f"<{run.link}>" not in tail else ""
        named.add(host)
        parts.append(part)
        room -= units(part)
        if part.endswith("…") and not text.rstrip().endswith("…"):
            break
        if shown and units(shown) <= room:
            parts.append(shown)
            room -= units(shown)
    return "".join(parts) + tail


def _addresses(runs: Line, known: str | None) -> Iterator[str]:
    for address in dict.fromkeys(run.link for run in runs):
        if address and address != known and len(address) <= LONGEST_LINK and clean_link(address):
            yield f" <{address}>"


def _merged(runs: Line) -> Iterator[Run]:
    """Neighbours that look alike as one, so that no markup stands between them and no escape is lost at a seam."""
    last: Run | None = None
    for run in runs:
        run = Run(run.text, _LOOKS.get(run.style, run.style), run.link)
        if last and (last.style, last.link) == (run.style, run.link) and run.style is not Style.CODE:
            last = Run(last.text + run.text, run.style, run.link)
            continue
        if last:
            yield last
        last = run
    if last:
        yield last
