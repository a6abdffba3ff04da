from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from evalsuite.reporting.plain import one_line, visible


def test_controls_are_spelled_out() -> None:
    assert visible("a\x1b[31mb\x00\x9b\u202e\U000e0001") == r"a\x1b[31mb\x00\x9b\u202e\U000e0001"
    assert visible("line\n\tnext é 漢字 ✓") == "line\n\tnext é 漢字 ✓"


def test_one_line_is_one_short_line() -> None:
    assert one_line("a\n b\t c") == "a b c"
    assert one_line("x" * 300) == "x" * 199 + "…"


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    left = {unicodedata.category(character) for character in one_line(text)}
    assert not left & {"Cc", "Cf", "Cs"}
