"""A process that forks one bot a job and lets it be killed at a named point. Jobs are lines on stdin: `point minutes`.

The bot reads the corpus and empties its outbox to the console's ledger, with a clock that stands
`minutes` after the start. Answers `killed`, or `done`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

from bot.app import Service, open_app
from bot.chat.console import ConsoleChat, new_console
from bot.entities.nlp import sentences
from bot.settings import load_settings
from tests.fakes import START, StandingClock


def live(folder: Path, point: str, minutes: int) -> None:
    settings = load_settings(
        environ={"VEDETTE_STORE_FOLDER": str(folder / "var"), "VEDETTE_CORPUS_FOLDERS": str(folder / "corpus")}
    )

    def checkpoint(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async def once(service: Service) -> None:
        while await service.poller.read_due():
            pass
        await service.outbox.drain()

    entities = Path(__file__).parent / "data" / "entities"
    with open_app(
        settings, StandingClock(START + timedelta(minutes=minutes)), checkpoint, catalogue_files=[entities]
    ) as app:
        ledger = ConsoleChat(new_console(StringIO()), folder / "ledger.jsonl")
        asyncio.run(once(Service(app, [ledger], checkpoint)))


def main(folder: Path) -> None:
    sentences("Loaded once, before the forks.")
    for job in sys.stdin:
        point, minutes = job.rsplit(maxsplit=1)
        child = os.fork()
        if child == 0:
            live(folder, point, int(minutes))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write("killed\n" if killed else "done\n" if status == 0 else "failed\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
