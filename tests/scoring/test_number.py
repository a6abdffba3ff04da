from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.number import final_number, last_integer, numbers, score_number


@pytest.mark.parametrize(
    ("said", "value", "rule"),
    [
        ("He pays $20.00", "20", "last number"),
        ("It is 1,000.", "1000", "last number"),
        ("1,234,567 people", "1234567", "last number"),
        ("The answer is -5.", "-5", "last number"),
        ("x = -$3.50", "-7/2", "last number"),
        ("$-3", "-3", "last number"),
        ("−7", "-7", "last number"),  # the typographic minus sign
        ("16-3=13", "13", "last number"),
        ("so it is 16-3", "3", "last number"),
        ("about 50%", "50", "last number"),
        ("3/4 of it", "3/4", "last number"),
        ("1 1/2 cups", "3/2", "last number"),
        (r"\frac{3}{4}", "3/4", "last number"),
        (".5", "1/2", "last number"),
        ("2.5e3", "2500", "last number"),
        ("#### 18", "18", "####"),
        ("3 and 4\n#### $1,080.\n#### 7", "1080", "####"),
        ("####\nI mean 12", "12", "last number"),
        (r"thus \boxed{\$18} for 5 days", "18", "boxed"),
        (r"\boxed{1} no, \boxed{x = {2}}.", "2", "boxed"),
        ("12-5=7 #### 7", "7", "####"),
        ("10cm", "10", "last number"),
        ("the answer is...5", "5", "last number"),
        ("**18**", "18", "last number"),
        ("COVID-19", "19", "last number"),
    ],
)
def test_final_number(said: str, value: str, rule: str) -> None:
    found = final_number(said)
    assert found is not None
    assert (found.value, found.rule) == (Fraction(value), rule)


@pytest.mark.parametrize("said", ["", "none", "x2", "v1.2", "1/0", "####", "9" * 20_000])
def test_no_number(said: str) -> None:
    assert final_number(said) is None


def test_score_statuses() -> None:
    right = score_number(Answer(text="so 18.0"), "#### 18")
    assert (right.value, right.status) == (1.0, "scored")
    assert score_number(Answer(text="17"), 18).value == 0.0
    unread = score_number(Answer(text="I do not know"), 18)
    assert (unread.value, unread.status) == (0.0, "format_error")
    with pytest.raises(ValueError, match="holds no number"):
        score_number(Answer(text="1"), "none")


def test_exact_not_floating() -> None:
    assert score_number(Answer(text="0.30000000000000004"), "0.3").value == 0.0
    assert score_number(Answer(text="0.1"), "1/10").value == 1.0


def test_last_integer_is_routellms_rule() -> None:
    assert last_integer("He pays $20.00") == 0  # as published, not as meant
    assert last_integer("agent 007") is None
    assert last_integer("1,319 of them") == 1319
    assert last_integer("nothing") is None


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{}", "${}.", "= {:,}", "#### {:,}\n"]))
def test_integers_are_found_however_written(value: int, form: str) -> None:
    found = final_number(form.format(value))
    assert found is not None and found.value == value


@given(st.text(max_size=300))
def test_any_text_can_be_read(said: str) -> None:
    assert all(isinstance(value, Fraction) for value in numbers(said))
