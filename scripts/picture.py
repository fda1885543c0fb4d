"""Make docs/images/tour.svg from what the program really prints: `python scripts/picture.py`."""

from __future__ import annotations

import re
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console

from bot.app import _read_folders, _sent_cards, open_app
from bot.chat.console import ConsoleChat, render
from bot.outbox import Outbox
from bot.poller import Poller
from bot.settings import load_settings
from bot.sources.fetch import Fetcher

OUT = Path(__file__).parent.parent / "docs" / "images" / "tour.svg"


async def main() -> None:
    screen = Console(record=True, width=100, file=StringIO(), force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(environ={"VEDETTE_STORE_FOLDER": folder})
        with open_app(settings) as app:
            fetcher = Fetcher((), settings.fetch.timeout)
            await _read_folders(Poller(app.store, app.pipeline, fetcher, settings, app.clock, app.owner))
            chat = ConsoleChat(Console(file=StringIO()), Path(folder) / "ledger.jsonl")
            await Outbox(app.store, {"console": chat}, app.clock, app.owner, settings.outbox.lease).drain()
            alerts = _sent_cards(app, app.console_channel)
            screen.print(render(next(card for card in alerts if "Sniper" in card.title)))
            screen.print("[bold]vedette>[/] /whois qods force")
            screen.print(render(app.answer("/whois qods force")))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    svg = screen.export_svg(title="vedette")
    # The exporter links a web font; a picture in a repository should ask nobody.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    OUT.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    import asyncio

    asyncio.run(main())
