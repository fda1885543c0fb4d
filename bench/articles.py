"""Whole articles through the matcher: with the language model off, gated (where it can change a decision), and on every text."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.texts import ROOT, Corpus
from bot.data_files import data_folder
from bot.entities.build import open_gazetteer
from bot.entities.catalogue import load_catalogue
from bot.entities.match import Matcher
from bot.entities.nlp import Model

_RESIDENT = """
import sys
from pathlib import Path
from bot.data_files import data_folder
from bot.entities.catalogue import load_catalogue
from bot.entities.build import open_gazetteer
from bot.entities.match import Matcher
matcher = Matcher(load_catalogue([data_folder("config") / "entities"]), open_gazetteer(Path(sys.argv[1])))
text = "Fighting near Baquba. القتال في بغداد. Бои у Киева. 北京."
matcher.mentions(text, all_places=True)
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@dataclass(frozen=True, slots=True)
class Row:
    way: str
    articles: int
    per_second: float


def run(corpus: Corpus, quick: bool) -> list[Row]:
    catalogue = load_catalogue([data_folder("config") / "entities"])
    model = Model()
    model.names("Baghdad")
    plain, gated = Matcher(catalogue), Matcher(catalogue, model=model)
    everywhere = Matcher(catalogue, open_gazetteer(ROOT / "var"), model)
    few = corpus.first(60_000 if quick else 300_000)
    some = corpus.first(200_000 if quick else 1_000_000)
    return [
        _timed("tracked names, model off", plain.mentions, corpus.texts),
        _timed("tracked names, model gated", gated.mentions, some.texts),
        _timed(
            "any place of the world, model on every text", lambda t: everywhere.mentions(t, all_places=True), few.texts
        ),
    ]


def _timed(way: str, find: Callable[[str], object], texts: Sequence[str]) -> Row:
    find(texts[0])
    began = time.perf_counter()
    for text in texts:
        find(text)
    return Row(way, len(texts), len(texts) / (time.perf_counter() - began))


def show(rows: Sequence[Row]) -> None:
    print("Whole articles: fold, find, weigh, resolve")
    for row in rows:
        print(f"  {row.way:46} {row.articles:6,} articles {row.per_second:9,.0f} a second")
    command = [sys.executable, "-c", _RESIDENT, str(ROOT / "var")]
    resident = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
    print(f"  resident with the whole gazetteer in every script, without the model: {resident} MB\n")
