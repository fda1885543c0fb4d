"""Folding: against a reference that takes one character at a time, and against what folding is for."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.text.find import find_words
from bot.text.fold import APOSTROPHES, _char, fold, fold_key

# Letters of many scripts, marks, joiners, quotes and spaces, mixed more wildly than news is.
WILD = st.text(
    st.one_of(
        st.sampled_from("abcSsT 'éÉß’ʿ-–.,\n\t\u00a0\u200b\u00ad\u0301İıŁﬁ½Ⅷ１"),
        st.sampled_from("بغداد،العراقٱةىیکـَ"),
        st.sampled_from("КиївґЁё北京แม်ကို한국אבג"),
        st.characters(),
    )
)


def reference(text: str) -> list[tuple[str, int]]:
    """(folded character, where it came from), one character at a time."""
    out: list[tuple[str, int]] = []
    for place, char in enumerate(text):
        if char in APOSTROPHES:
            out.append((char, place))
        else:
            out.extend((part, place) for part in _char(char))
    return out


@given(WILD)
def test_equals_the_reference_where_no_quote_is_about(text: str) -> None:
    plain = "".join(" " if char in APOSTROPHES else char for char in text).replace("&", "+").replace("\x1e", " ")
    wanted = " ".join("".join(part for part, _ in reference(plain)).split())
    assert fold(plain).data.decode().strip() == wanted
    assert fold_key(plain) == wanted


@given(WILD)
def test_single_spaces_and_one_at_each_end(text: str) -> None:
    data = fold(text).data
    assert data.startswith(b" ")
    assert data.endswith(b" ")
    assert b"  " not in data


@example("0'\x1e0")
@given(WILD)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold_key(text)
    assert fold_key(once) == once


@given(WILD, st.sampled_from(["Baquba", "Deir ez-Zor", "بغداد", "Київ", "Jalawla’", "Ba'quba", "北京"]), WILD)
def test_offsets_lead_back_to_the_name(before: str, name: str, after: str) -> None:
    text = f"{before} . {name} . {after}".replace("&", "+")
    needle = f" {fold_key(name)} ".encode()
    folded = fold(text)
    places = []
    at = folded.data.find(needle)
    while at >= 0:
        places.append(folded.span(at, at + len(needle)))
        at = folded.data.find(needle, at + 1)
    start = len(before) + 3
    assert any(abs(a - start) == 0 and b <= start + len(name) for a, b in places)
    assert all(0 <= a < b <= len(text) for a, b in places)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ba'quba", "baquba"),
        ("Ba’quba’s", "baquba s"),
        ("N'Djamena", "n djamena"),
        ("Sana'a", "sanaa"),
        ("Deir ez‑Zor", "deir ez zor"),
        ("Deir\u00a0ez\u00adZor", "deir ezzor"),
        ("Quds-Force", "quds force"),
        ("ISIS-held", "isis held"),
        ("Kata&rsquo;ib", "kataib"),
        ("Al&#8209;Qaeda", "al qaeda"),
        ("Médecins Sans Frontières", "medecins sans frontieres"),
        ("ＩＳＩＳ", "isis"),
        ("ŁÓDŹ", "lodz"),
        ("İstanbul", "istanbul"),
        ("العِراق", "العراق"),
        ("كركوك", fold_key("کرکوک")),
        ("Ёлка", fold_key("елка")),
        ("٢٠١٤", "2014"),
        ("ba\u200bquba", "baquba"),
    ],
)
def test_what_folds_to_what(written: str, folded: str) -> None:
    assert fold_key(written) == folded


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000_000,
        "a" + "\u0301" * 100_000 + "b",
        "Mosul \ud800\udfff\ud800 Mosul",
        "Mosul\x00Mosul",
        "\u202eluso\u202c Mosul \u2066Mosul\u2069",
        "'" * 50_000,
        " " * 100_000,
        "&" * 50_000,
        "",
    ],
    ids=["no-space", "marks", "surrogates", "nul", "overrides", "quotes", "spaces", "ampersands", "empty"],
)
def test_hostile_text_folds_and_leads_back(text: str) -> None:
    folded = fold(text)
    assert folded.data.startswith(b" ")
    for start, end in find_words(text, "Mosul"):
        assert text[start:end] == "Mosul"
    assert len(find_words(text, "Mosul")) == text.count("Mosul")
