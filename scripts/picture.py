"""Make docs/images from what the program really prints and draws: `python scripts/picture.py`."""

from __future__ import annotations

import asyncio
import re
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console

from bot.app import _read_folders, _sent_cards, open_app
from bot.cards.card import Card
from bot.cards.picture import MapSpec, Mode, Picture
from bot.chat.console import ConsoleChat, render
from bot.outbox import Outbox
from bot.pictures.studio import Studio
from bot.poller import Poller
from bot.settings import load_settings
from bot.sources.fetch import Fetcher

OUT = Path(__file__).parent.parent / "docs" / "images"


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(environ={"VEDETTE_STORE_FOLDER": folder})
        with open_app(settings) as app:
            fetcher = Fetcher((), settings.fetch.timeout)
            await _read_folders(Poller(app.store, app.pipeline, fetcher, settings, app.clock, app.owner))
            chat = ConsoleChat(Console(file=StringIO()), Path(folder) / "ledger.jsonl")
            await Outbox(app.store, [chat], app.clock, app.owner, settings.outbox.lease).drain()
            alert = next(card for card in _sent_cards(app, app.console_channel) if "Sniper" in card.title)
            whois, digest = app.answer("/whois qods force"), app.answer("/digest now")
        OUT.mkdir(parents=True, exist_ok=True)
        _write("tour.svg", alert)
        _write("whois.svg", whois, "/whois qods force")
        await _draw(digest, Path(folder) / "pictures")


def _write(name: str, card: Card, typed: str = "") -> None:
    screen = Console(record=True, width=100, file=StringIO(), force_terminal=True, color_system="truecolor")
    if typed:
        screen.print(f"[bold]vedette>[/] {typed}")
    screen.print(render(card))
    # The exporter links a web font; a picture in a repository should ask nobody.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", screen.export_svg(title="vedette"), flags=re.S)
    (OUT / name).write_text(svg, encoding="utf-8")


async def _draw(digest: Card, folder: Path) -> None:
    studio = Studio(folder)
    try:
        for block in digest.blocks:
            if isinstance(block, Picture) and isinstance(block.spec, MapSpec):
                for mode in Mode:
                    (OUT / f"digest-{mode.value}.png").write_bytes(await studio.picture_of(block.spec, mode))
    finally:
        studio.close()


if __name__ == "__main__":
    asyncio.run(main())
