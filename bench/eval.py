"""`make eval`: the own gold sentences by category, stories and origins, and world news where the shared corpus lies beside the checkout."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from bench import gold, gold_stories
from bot.data_files import data_folder
from bot.entities.build import open_gazetteer
from bot.entities.catalogue import load_catalogue
from bot.entities.match import Matcher
from bot.entities.nlp import Model

ROOT = Path(__file__).parent.parent


def main() -> None:
    catalogue = load_catalogue([data_folder("config") / "entities"])
    matcher = Matcher(catalogue, open_gazetteer(ROOT / "var"), Model())
    by_category: dict[str, list[gold.Judged]] = defaultdict(list)
    for row in gold.load():
        judged = gold.judge(row, matcher, catalogue)
        by_category[judged.category].append(judged)
    total = good = 0
    for category, rows in sorted(by_category.items()):
        passed = sum(not row.faults for row in rows)
        total, good = total + len(rows), good + passed
        print(f"{category:22} {passed:3} of {len(rows):3}")
        if "-v" in sys.argv:
            for row in rows:
                if row.faults:
                    print(f"    {row.id}: {'; '.join(row.faults)}")
    print(f"{'all gold sentences':22} {good:3} of {total:3} = {good / total:.3f}")
    gold_stories.show(Matcher(catalogue), catalogue, verbose="-v" in sys.argv)
    corpus = ROOT.parent / "shared" / "eval"
    if (corpus / "trnews.jsonl").exists():
        command = f"{ROOT}/.venv/bin/vedette match --all --jsonl -"
        scored = subprocess.run(
            [sys.executable, corpus / "score.py", corpus / "trnews.jsonl", "--cmd", command],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        print(f"world news             {scored.stdout.strip()}")


if __name__ == "__main__":
    main()
