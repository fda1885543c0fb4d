from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.stories.minhash import Near, common, resemblance, signature, word_runs

TEXT = (
    "Gunmen attacked the post near Baquba at dawn and killed two soldiers before reinforcements came from the base. "
    * 2
)
WORDS = [f"word{number}" for number in range(400)]


@given(st.text(max_size=300))
def test_any_text_has_sorted_runs_each_once(text: str) -> None:
    runs = word_runs(text).tolist()
    assert runs == sorted(set(runs))
    assert len(signature(word_runs(text))) == 64


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 50)))
def test_resemblance_is_that_of_sets(left: list[int], right: list[int]) -> None:
    import numpy as np

    one, other = (np.array(sorted(set(side)), np.uint32) for side in (left, right))
    both, either = set(left) & set(right), set(left) | set(right)
    assert sorted(common(one, other).tolist()) == sorted(both)
    assert resemblance(one, other) == (len(both) / len(either) if both else 0.0)


def test_case_marks_and_spaces_make_no_difference() -> None:
    assert word_runs("“Gunmen” attacked – the POST").tolist() == word_runs("gunmen  attacked the post").tolist()
    assert word_runs("gunmen attacked the post").tolist() != word_runs("the post attacked gunmen").tolist()


def test_scripts_without_spaces_have_runs_too() -> None:
    assert resemblance(word_runs("武装分子星期一袭击了检查站"), word_runs("武装分子星期一袭击了那个检查站")) > 0.4


def test_runs_are_the_same_in_every_process() -> None:
    code = "from bot.stories.minhash import word_runs; print(word_runs('Gunmen attacked the post').tolist())"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert said == {f"{word_runs('Gunmen attacked the post').tolist()}\n"}


@pytest.mark.parametrize("seed", range(3))
def test_a_text_with_one_word_changed_is_found_among_hundreds(seed: int) -> None:
    chance = random.Random(seed)
    near = Near()
    texts = [" ".join(chance.choices(WORDS, k=60)) for _ in range(700)]  # grows twice
    for text in texts:
        near.add(signature(word_runs(text)))
    for number in chance.sample(range(700), 10):
        words = texts[number].split()
        words[chance.randrange(60)] = "changed"
        assert number in near.like(signature(word_runs(" ".join(words))))
    assert len(near) == 700
