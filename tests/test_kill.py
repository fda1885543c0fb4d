"""Killed anywhere between reading and sending: nothing lost, at most the delivery in flight doubled and marked so."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

TIMES = 20
BEFORE_SENDING = ["after fetch", "after match", "before commit", "after commit", "after claim"]
AFTER_SENDING = ["after send", "before mark"]
STEP = 10  # minutes between two starts: longer than any lease


class Zygote:
    """Starts bots and tells how they ended."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.kill_child", str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._minutes = 0

    def live(self, point: str) -> str:
        self._minutes += STEP
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{point} {self._minutes}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)


@pytest.mark.kill
@pytest.mark.parametrize("point", BEFORE_SENDING + AFTER_SENDING)
def test_nothing_is_lost_and_only_the_one_in_flight_doubled(point: str, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    zygote = Zygote(tmp_path)
    words = random.Random(point)
    for number in range(TIMES):
        story = " ".join("".join(words.choices("abcdefghij", k=6)) for _ in range(40))
        text = f"# Report {number} from Samarra\n\nThe Quds Force: {story}."
        (tmp_path / "corpus" / f"{number}.md").write_text(text)
        assert zygote.live(point) == "killed", f"round {number} never came to {point!r}"
        assert zygote.live("nowhere") == "done"
    assert zygote.live("nowhere") == "done", "a last start with nothing new"
    zygote.close()

    shown = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    reports = Counter(row["title"].split(" from")[0] for row in shown)
    first_sights = [row for row in shown if not row["possible_repeat"]]
    repeats = [row for row in shown if row["possible_repeat"]]
    assert set(reports) == {f"Report {number}" for number in range(TIMES)}, "nothing lost"
    if point in AFTER_SENDING:
        assert len(first_sights) == len(repeats) == TIMES
        assert set(reports.values()) == {2}, "doubled once, and marked"
    else:
        assert set(reports.values()) == {1}, "nothing doubled"
