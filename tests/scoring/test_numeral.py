from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.numeral import plain_numerals

DIGITS = {"Bengali": 0x9E6, "Telugu": 0xC66, "Thai": 0xE50, "Arabic": 0x660, "full width": 0xFF10}


@given(st.integers(0, 10**15), st.sampled_from(sorted(DIGITS)))
def test_digits_of_every_script(value: int, script: str) -> None:
    written = "".join(chr(DIGITS[script] + int(digit)) for digit in str(value))
    assert plain_numerals(written) == str(value)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("−5 – 3", "-5 - 3"),
        ("2½", "2 1/2"),
        ("m²", "m²"),
        ("1\u202f000\u202f000", "1000000"),
        ("in 2 100 of them", "in 2 100 of them"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1,234.5"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_decimal_point(text: str, plain: str) -> None:
    assert plain_numerals(text) == plain


@given(st.integers(0, 10**9), st.sampled_from([".", ",", " ", "\u00a0"]))
def test_groups_are_read_whatever_separates_them(value: int, mark: str) -> None:
    assert plain_numerals(f"{value:,}".replace(",", mark), "comma") == str(value)


@given(st.integers(0, 10**6), st.integers(0, 99))
def test_two_decimals_after_either_mark(whole: int, part: int) -> None:
    english = f"{whole:,}.{part:02}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert (
        plain_numerals(english, "comma") == plain_numerals(german, "comma") == f"{whole}.{part:02}"
    )
    if whole >= 1000:
        assert plain_numerals(german) == f"{whole}.{part:02}"


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert isinstance(plain_numerals(text, "comma"), str)
