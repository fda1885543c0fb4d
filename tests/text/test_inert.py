from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.text.inert import inert


@given(st.text())
def test_nothing_dangerous_comes_through(text: str) -> None:
    for char in inert(text):
        assert char in "\n\t\u200c\u200d" or unicodedata.category(char) not in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zl",
            "Zp",
        )


def test_escapes_overrides_and_towers_of_marks_go() -> None:
    assert inert("\x1b[31mred\x07") == "[31mred"
    assert inert("a\u202eb\u2066c\u200bd") == "abcd"
    assert len(inert("e" + "\u0301" * 50)) <= 4


def test_joiners_stay_where_scripts_need_them() -> None:
    assert inert("می\u200cخواهم") == "می\u200cخواهم"
    assert inert("a\u200cb") == "ab"
