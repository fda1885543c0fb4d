"""The console: cards in a terminal, set with rich; a prompt with completion, or lines from stdin."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text as RichText

from bot.cards.card import Bars, Block, Card, Fields, Line, Listing, Quote, Style, Text, Tone
from bot.cards.picture import (
    ActivitySpec,
    MapSpec,
    NetworkSpec,
    Picture,
    alt_text,
    called,
    day,
    label,
    neighbours,
    ranked,
)
from bot.outbox import Post
from bot.text.inert import inert

WIDTH = 100  # wider lines are hard to read
_TONES = {
    Tone.ALERT: "red",
    Tone.INFO: "cyan",
    Tone.DIGEST: "blue",
    Tone.DONE: "green",
    Tone.WARNING: "yellow",
    Tone.TROUBLE: "red",
}
_STYLES = {
    Style.PLAIN: "",
    Style.STRONG: "bold",
    Style.MARK: "bold yellow",
    Style.QUIET: "dim",
    Style.CODE: "bold cyan",
}
_BLOCKS = "▁▂▃▄▅▆▇█"
_EIGHTHS = "▏▎▍▌▋▊▉█"  # a bar that lies down, the same way
_ROWS = 10  # of a picture in text
_DAYS = 45
_LONGEST = 24  # columns of the longest bar


def new_console(file: Any = None) -> Console:
    """A console as wide as the window, up to a readable width; plain where there is no terminal."""
    console = Console(file=file or sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if console.width > WIDTH or not console.is_terminal:
        console = Console(
            file=file or sys.stdout,
            highlight=False,
            markup=False,
            emoji=False,
            width=min(console.width, WIDTH) if console.is_terminal else WIDTH,
        )
    return console


def render(card: Card) -> RenderableType:
    """A card as a rich panel."""
    colour = _TONES[card.tone]
    body: list[RenderableType] = []
    for number, block in enumerate(card.blocks):
        if number and not (isinstance(block, Quote) and isinstance(card.blocks[number - 1], Text)):
            body.append(RichText(""))
        body.append(_block(block))
    if card.footer:
        body += [RichText(""), _line(card.footer, "dim")] if body else [_line(card.footer, "dim")]
    title = RichText.assemble((inert(card.title).replace("\n", " "), f"bold {colour}"))
    if not body:
        return Panel(title, box=ROUNDED, border_style=colour, padding=(0, 1))
    head: list[RenderableType] = [_head(title, card.code), RichText("")]
    return Panel(Group(*head, *body), box=ROUNDED, border_style=colour, padding=(0, 1))


def _head(title: RichText, code: str) -> RenderableType:
    if not code:
        return title
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_row(title, RichText(code, "dim"))
    return grid


def _block(block: Block) -> RenderableType:
    match block:
        case Text(runs):
            return _line(runs)
        case Quote(runs, source):
            grid = Table.grid(padding=(0, 1))
            grid.add_column(width=1)
            grid.add_column()
            lines = [_line(runs)]
            if source:
                lines.append(_line(source, "dim"))
            grid.add_row(RichText("▎", "dim"), Group(*lines))
            return grid
        case Fields(fields):
            grid = Table.grid(padding=(0, 2))
            grid.add_column(no_wrap=True, style="dim", max_width=14)
            grid.add_column()
            for field in fields:
                grid.add_row(RichText(inert(field.label)), _line(field.runs))
            return grid
        case Listing(heading, lines):
            rows: list[RenderableType] = [RichText(inert(heading), "bold")] if heading else []
            return Group(*rows, *(Padding(_line(item), (0, 0, 0, 2 if heading else 0)) for item in lines))
        case Bars():
            return _bars(block)
        case Picture():
            return _picture(block)


def _bars(bars: Bars) -> RichText:
    top = max(bars.values, default=0) or 1
    drawn = "".join(_BLOCKS[min(7, -(-value * 8 // top) - 1)] if value else "·" for value in bars.values)
    return RichText.assemble(
        (f"{inert(bars.label)}  ", "dim"),
        (f"{inert(bars.first)} ", "dim"),
        (drawn, "cyan"),
        (f" {inert(bars.last)}", "dim"),
        (f"  highest {top}", "dim"),
    )


def _picture(block: Picture) -> RenderableType:
    """What a picture shows, in text: its words, then bars."""
    words = RichText(inert(block.alt or alt_text(block.spec)).replace("\n", " "), "dim")
    match block.spec:
        case ActivitySpec(values=()):
            return words
        case ActivitySpec(name, first, values, usual):
            shown = values[-_DAYS:]
            start = day(first + timedelta(days=len(values) - len(shown)), year=first.year != block.spec.last.year)
            bars = _bars(Bars(label(name), shown, start, day(block.spec.last)))
            if usual is not None:
                bars.append(f", usually {usual:,.1f}", "dim")
            return Group(bars, words)
        case MapSpec(places):
            rows = [(called(item.name), item.weight, item.alert) for item in ranked(places)]
        case NetworkSpec():
            rows = [(f"{called(a.name)} – {called(b.name)}", weight, False) for a, b, weight in neighbours(block.spec)]
    return Group(_lying_bars(rows), words) if rows else words


def _lying_bars(rows: Sequence[tuple[str, int, bool]]) -> RenderableType:
    """`Baquba  12 ████`, those under alert marked and in red."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(max_width=44, no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    top = max((weight for _, weight, _ in rows), default=1)
    for name, weight, alert in rows[:_ROWS]:
        eighths = max(1, round(_LONGEST * 8 * max(0, weight) / max(1, top)))
        bar = "█" * (eighths // 8) + (_EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")
        colour = "red" if alert else "cyan"
        grid.add_row(RichText(("● " if alert else "· ") + name), f"{weight:,}", RichText(bar, colour))
    if len(rows) > _ROWS:
        grid.add_row(RichText(f"and {len(rows) - _ROWS} more", "dim"))
    return grid


def _line(runs: Line, style: str = "") -> RichText:
    text = RichText(style=style)
    for run in runs:
        words = inert(run.text)
        if run.link:
            host = urlsplit(run.link).hostname or ""
            text.append(words, _STYLES[run.style] or "underline")
            text.append(f" ({inert(host)})", "dim")
        else:
            text.append(words, _STYLES[run.style])
    return text


@contextmanager
def reading_progress(console: Console) -> Iterator[Callable[[int, int, str], None]]:
    """A bar for long reading, gone when it is done; silent where there is no terminal."""
    if not console.is_terminal:
        yield lambda _done, _total, _what: None
        return
    columns = (
        TextColumn("Reading"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[what]}", style="dim"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", what="", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, what=inert(what)[:60])


class ConsoleChat:
    """Prints each delivery and enters it into a ledger, so that what was shown can be accounted for."""

    platform = "console"
    at_once = 1

    def __init__(self, console: Console, ledger: Path) -> None:
        self._console = console
        self._ledger = ledger

    async def send(self, post: Post) -> str:
        """What is on a screen cannot be changed: an edit is shown as an update."""
        if post.in_doubt:
            self._console.print("possible repeat: it may have been shown before an interruption", style="dim")
        if post.action != "post":
            self._console.print("update", style="dim")
        self._console.print(render(post.card))
        await asyncio.to_thread(self._enter, post)
        return post.key[:16]

    async def admin_of(self, workspace: str) -> tuple[str, str] | None:
        return None

    def _enter(self, post: Post) -> None:
        row = {
            "delivery": post.key,
            "action": post.action,
            "channel": post.channel.address,
            "code": post.card.code,
            "title": post.card.title,
            "possible_repeat": post.in_doubt,
        }
        self._ledger.parent.mkdir(parents=True, exist_ok=True)
        with self._ledger.open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(row, ensure_ascii=False) + "\n")
            ledger.flush()
            os.fsync(ledger.fileno())


async def typed_lines(completions: Callable[[str], Iterable[tuple[str, str]]], history: Path) -> AsyncIterator[str]:
    """Lines from the prompt if there is a terminal, else from stdin until it ends."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        async for line in _prompted(completions, history):
            yield line
    else:
        while line := await asyncio.to_thread(sys.stdin.readline):
            yield line


async def _prompted(completions: Callable[[str], Iterable[tuple[str, str]]], history: Path) -> AsyncIterator[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import FileHistory

    class _Names(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            typed = document.text_before_cursor
            for text, about in completions(typed):
                yield Completion(text, start_position=-len(typed), display_meta=about)

    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)), completer=_Names(), complete_while_typing=True
    )
    while True:
        try:
            yield await session.prompt_async("vedette> ")
        except (EOFError, KeyboardInterrupt):
            return


def quiet_output(console: Console) -> Any:
    """Keeps alerts that arrive while somebody types above the prompt line."""
    if console.is_terminal and sys.stdin.isatty():
        from prompt_toolkit.patch_stdout import patch_stdout

        return patch_stdout(raw=True)
    return nullcontext()
