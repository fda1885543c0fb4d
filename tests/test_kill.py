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
    titles = []
    for number in range(TIMES):
        # Every story is another: words that no other has, another toll, by turns another town.
        story = " ".join("".join(words.choices("abcdefghij", k=6)) for _ in range(40))
        titles.append(" ".join("".join(words.choices("klmnopqrs", k=7)) for _ in range(6)))
        town = ("Samarra", "Baghdad")[number % 2]
        text = f"# {titles[-1]}\n\n{town}: {story}. {20 + number} people were killed."
        (tmp_path / "corpus" / f"{number}.md").write_text(text)
        assert zygote.live(point) == "killed", f"round {number} never came to {point!r}"
        assert zygote.live("nowhere") == "done"
    assert zygote.live("nowhere") == "done", "a last start with nothing new"
    zygote.close()

    shown = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    reports = Counter(row["title"] for row in shown)
    first_sights = [row for row in shown if not row["possible_repeat"]]
    repeats = [row for row in shown if row["possible_repeat"]]
    assert set(reports) == set(titles), "nothing lost"
    if point in AFTER_SENDING:
        assert len(first_sights) == len(repeats) == TIMES
        assert set(reports.values()) == {2}, "doubled once, and marked"
    else:
        assert set(reports.values()) == {1}, "nothing doubled"


GROWN_TIMES = 6


@pytest.mark.kill
@pytest.mark.parametrize("point", BEFORE_SENDING + AFTER_SENDING)
def test_a_grown_story_is_edited_and_told_once_wherever_it_is_killed(point: str, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    zygote = Zygote(tmp_path)
    words = random.Random(f"grown {point}")
    for number in range(GROWN_TIMES):
        story = " ".join("".join(words.choices("abcdefghij", k=6)) for _ in range(60))
        title = "# " + " ".join("".join(words.choices("klmnopqrs", k=7)) for _ in range(6))
        town = ("Samarra", "Baghdad")[number % 2]
        (tmp_path / "corpus" / f"{number}a.md").write_text(
            f"{title}\n\n{town}: {story}. {20 + number} people were killed."
        )
        assert zygote.live("nowhere") == "done"
        grown = f"{title}\n\n{town}: {story}. {60 + number} people were killed."
        (tmp_path / "corpus" / f"{number}b.md").write_text(grown)
        assert zygote.live(point) == "killed", f"round {number} never came to {point!r}"
        assert zygote.live("nowhere") == "done"
    assert zygote.live("nowhere") == "done"
    zygote.close()

    shown = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    seen = Counter(row["delivery"] for row in shown)
    first = {row["delivery"]: row["action"] for row in reversed(shown)}
    assert Counter(first.values()) == {"post": GROWN_TIMES, "edit": GROWN_TIMES, "notify": GROWN_TIMES}, "nothing lost"
    doubled = {delivery for delivery, times in seen.items() if times > 1}
    assert len(doubled) == (GROWN_TIMES if point in AFTER_SENDING else 0), "only the one in flight"
    assert max(seen.values()) <= 2
    assert doubled <= {row["delivery"] for row in shown if row["possible_repeat"]}, "and it is marked"
    order = [first[delivery] for delivery in dict.fromkeys(row["delivery"] for row in shown)]
    assert order == ["post", "edit", "notify"] * GROWN_TIMES
