"""What the benchmarks read: world news and dispatches where they lie beside the checkout, else news made from the gazetteer's names."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from bot.data_files import data_folder

ROOT = Path(__file__).parent.parent
_FRAMES = (
    "Officials in {0} said on Monday that fighting had reached the outskirts of {1}, and that the road to {2} was closed.",
    "The army’s spokesman denied that {0} had fallen; residents of {1} told reporters that shelling went on through the night.",
    "Aid agencies warned that thousands who had fled {0} for {1} were without water, food and shelter as winter came near.",
    "“We will not leave {0},” the governor said, while talks in {1} about a ceasefire were put off for another week.",
    "Prices rose by a third in {0} last month, the ministry reported, and the market of {1} stayed shut for the third day.",
    "A team from {0} was said to have arrived late for the match, but the coach, who is from {1}, did not seem to mind at all.",
)


@dataclass(frozen=True, slots=True)
class Corpus:
    texts: tuple[str, ...]
    source: str

    @property
    def size(self) -> int:
        """UTF-8 bytes."""
        return sum(len(text.encode()) for text in self.texts)

    def first(self, size: int) -> Corpus:
        """The first texts, up to this many bytes."""
        chosen: list[str] = []
        left = size
        for text in self.texts:
            if left <= 0:
                break
            chosen.append(text)
            left -= len(text.encode())
        return Corpus(tuple(chosen), self.source)


def corpus(names: list[str]) -> Corpus:
    """News text of about two megabytes."""
    shared = ROOT.parent / "shared"
    news = shared / "eval" / "trnews.jsonl"
    if news.exists():
        texts = [json.loads(line)["text"] for line in news.read_text(encoding="utf-8").splitlines()]
        texts += [path.read_text(encoding="utf-8") for path in sorted((shared / "seeds").glob("*.txt"))]
        times = max(1, 2_000_000 // sum(map(len, texts)))
        return Corpus(tuple(texts * times), "world news and seed documents beside the checkout")
    dispatches = [path.read_text(encoding="utf-8") for path in sorted(data_folder("seeds").glob("*.md"))]
    chance = random.Random(2014)
    made = [_article(chance, names) for _ in range(700)]
    return Corpus(tuple(dispatches + made), "the shipped dispatches and made-up news")


def _article(chance: random.Random, names: list[str]) -> str:
    """About 2.5 kB; every third article has quotes and dashes beyond ASCII."""
    lines = []
    for _ in range(20):
        frame = chance.choice(_FRAMES)
        places = [name.title() for name in chance.sample(names[:20_000], 3)]
        lines.append(frame.format(*places))
    text = "\n\n".join(" ".join(lines[at : at + 4]) for at in range(0, 20, 4))
    return text if chance.random() < 0.37 else text.replace("’", "'").replace("“", '"').replace("”", '"')
