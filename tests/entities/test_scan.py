"""Every scanner gives the same, and `longest` is leftmost-longest, against a search that tries everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.entities.scan import Daachorse, Hit, RustAhoCorasick, WordIndex, build_scanner, longest

WORDS = st.lists(
    st.sampled_from(["al", "quds", "force", "new", "york", "paris", "é", "北"]), min_size=1, max_size=3
).map(" ".join)


def everything(names: list[str], data: bytes) -> list[tuple[int, int, str]]:
    found = []
    for name in names:
        pattern = f" {name} ".encode()
        at = data.find(pattern)
        while at >= 0:
            found.append((at, at + len(pattern), name))
            at = data.find(pattern, at + 1)
    return sorted(found)


def slow_longest(hits: list[Hit]) -> list[Hit]:
    chosen, free = [], 0
    for hit in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
        if hit[0] >= free:
            chosen.append(hit)
            free = hit[1] - 1
    return chosen


@given(st.lists(WORDS, unique=True, min_size=1, max_size=12), st.lists(WORDS, max_size=15))
def test_all_backends_find_everything_and_agree_on_the_longest(names: list[str], words: list[str]) -> None:
    data = f" {' '.join(words)} ".encode() if words else b" "
    wanted = everything(names, data)
    patterns = [f" {name} ".encode() for name in names]
    for backend in (Daachorse, RustAhoCorasick, WordIndex):
        hits = backend(patterns).find(data)
        assert sorted((start, end, names[number]) for start, end, number in hits) == wanted, backend
        assert longest(hits) == slow_longest(hits), backend


def test_stored_and_opened_again() -> None:
    scanner = Daachorse([b" quds force ", b" quds "])
    assert Daachorse.open(scanner.store()).find(b" the quds force ") == scanner.find(b" the quds force ")
    assert Daachorse(()).find(b" quds ") == []
    assert Daachorse.open(b"").find(b" quds ") == []


def test_falls_back_where_no_wheel_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *more: object, **further: object) -> object:
        if name in ("daachorse", "ahocorasick_rs"):
            raise ImportError(name)
        return real(name, *more, **further)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    scanner = build_scanner(["quds force"])
    assert isinstance(scanner, WordIndex)
    assert scanner.find(b" the quds force went ") == [(4, 16, 0)]
