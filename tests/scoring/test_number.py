from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.number import (
    Tolerance,
    final_number,
    last_integer,
    numbers,
    score_number,
)


@pytest.mark.parametrize(
    ("said", "value", "rule"),
    [
        ("He pays $20.00", "20", "last number"),
        ("It is 1,000.", "1000", "last number"),
        ("1,234,567 people", "1234567", "last number"),
        ("The answer is -5.", "-5", "answer is"),
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
        ("the answer is...5", "5", "answer is"),
        ("**18**", "18", "last number"),
        ("COVID-19", "19", "last number"),
        # words around the answer
        ("The answer is 18 dollars a day, for 5 days.", "18", "answer is"),
        ("the final answer is 16 - 3 = 13. I used 2 steps", "13", "answer is"),
        ("Answer: 12\n\n7 more", "12", "answer is"),
        ("**Answer:**\n$20.00 of 30", "20", "answer is"),
        ("3 of 4\nA: 1,080\n5", "1080", "answer is"),
        ("The answer is unknown: 4 or 5", "4", "answer is"),
        ("<think>7 #### 7</think>\n\nIt is 8", "8", "last number"),
        ("```output\n5\n```\n5 cars passed in the first 15 minutes.", "5", "program output"),
        ("```output\n5 of 6\n```\nin 15 minutes", "15", "last number"),
        # ways to write
        ("-1 1/2", "-3/2", "last number"),
        ("1½ cups", "3/2", "last number"),
        ("¾", "3/4", "last number"),
        (r"-\frac{3}{4}", "-3/4", "last number"),
        (r"\frac{-3}{4}", "-3/4", "last number"),
        (r"1\frac{1}{2}", "3/2", "last number"),
        (r"\dfrac34", "3/4", "last number"),
        (r"2.5 \times 10^{3}", "2500", "last number"),
        ("2.5 x 10^-1", "1/4", "last number"),
        ("6.02e23", "602" + "0" * 21, "last number"),
        ("15 cm^2", "15", "last number"),
        ("15 cm² of 20 m^{2}", "20", "last number"),
        ("₹1,00,000", "100000", "last number"),
        ("1.000,50 €", "2001/2", "last number"),
        ("1.234.567", "1234567", "last number"),
        ("1.000", "1", "last number"),
        ("2\u00a0125", "2125", "last number"),
        ("২১২৫", "2125", "last number"),  # Bengali
        ("౧౮", "18", "last number"),  # Telugu
        ("๑,๐๐๐", "1000", "last number"),  # Thai
        ("１８", "18", "last number"),  # full width
    ],
)
def test_final_number(said: str, value: str, rule: str) -> None:
    found = final_number(said)
    assert found is not None
    assert (found.value, found.rule) == (Fraction(value), rule)


@pytest.mark.parametrize("said", ["", "none", "x2", "v1.2", "1/0", "####", "9" * 20_000])
def test_no_number(said: str) -> None:
    assert final_number(said) is None


TRACEBACK = """Traceback (most recent call last):
  File "<string>", line 3, in <module>
ZeroDivisionError: division by 0
"""


@pytest.mark.parametrize(
    "said",
    [
        TRACEBACK,
        f"```output\n{TRACEBACK}```",
        "SyntaxError: invalid syntax (<string>, line 12)",
        "openai.RateLimitError: Error code: 429 - {'message': 'limit 60000 / min'}",
        "Error code: 500 - {'error': {'code': 500}}",
        "HTTP ERROR 503 Service Unavailable",
        '  File "main.py", line 7, in solve',
    ],
)
def test_no_number_is_taken_out_of_an_error_message(said: str) -> None:
    assert final_number(said) is None
    found = final_number(f"The total is 35.\n{said}")
    assert found is not None and found.value == 35


def test_after_an_error_message_reading_goes_on() -> None:
    found = final_number(f"{TRACEBACK}So I count by hand and get 12.")
    assert found is not None and found.value == 12
    # "error" in prose is no message
    assert numbers("With an error of 5 it is 20") == [5, 20]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("2.125", 2125),
        ("2,125", 2125),
        ("2 125", 2125),
        ("114\u202f200 $", 114200),
        ("1.234,5", Fraction(2469, 2)),
        ("1,234.5", Fraction(2469, 2)),
        ("3,5", Fraction(7, 2)),
        ("0,125", Fraction(1, 8)),
        ("20.00", 20),
        ("1.234.567", 1234567),
        ("Die Antwort ist 7 von 12.", 7),
        ("Antwort: 7\n12", 7),
    ],
)
def test_languages_that_write_a_decimal_comma(said: str, value: Fraction | int) -> None:
    found = final_number(said, separators="comma", marks=("Antwort ist", "Antwort:"))
    assert found is not None and found.value == value


HARD = Tolerance(absolute=Fraction(1, 1000), relative=Fraction(1, 1000), rounded=True)


@pytest.mark.parametrize(
    ("said", "target", "right"),
    [
        ("14053029.67", 14053029.666666666, True),
        ("14053029.6667", 14053029.666666666, True),
        ("14053029.66", 14053029.666666666, False),
        ("14053029.7", 14053029.666666666, False),  # one decimal
        ("42159089/3", 14053029.666666666, True),
        ("$9,284,017,268,534.40", 9284017268534.4, True),
        ("9284017268535", 9284017268534.4, False),
        ("9.28e12", 9284017268534.4, False),
        ("0.00", 0.0016791648, False),  # two decimals, and no digit of the value
        ("0.0017", 0.0016791648, True),
        ("0", 0.0004, False),
        ("0", 0.0, True),
        ("3431580.0009", 3431580.0, True),
        ("3431580.001", 3431580.0, False),
        ("3431581", 3431580.0, False),
    ],
)
def test_tolerance(said: str, target: float, right: bool) -> None:
    assert score_number(Answer(text=said), target, tolerance=HARD).value == float(right)


@pytest.mark.parametrize(
    "part",
    ["1 ", "1/", "9,", "answer is ", "\\boxed{", "Traceback (most recent call last):\n", "1.234,"],
)
def test_hostile_answers_are_read_in_time(part: str) -> None:
    long = part * (60_000 // len(part))
    score = score_number(Answer(text=long), 7, separators="comma", marks=("Antwort:",))
    assert score.value == 0.0


def test_a_huge_number_is_shown_short() -> None:
    score = score_number(Answer(text="1e300"), 7)
    assert score.explanation == "1E+300 (last number)"
    assert len(score_number(Answer(text="0.1234567890123456789012345"), 7).explanation) < 80


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


@pytest.mark.parametrize("digits", [4301, 5000, 10_000, 100_000])
@pytest.mark.parametrize("form", ["{}", "0.{}", "1/{}", "1 1/{}", "{}e5"])
def test_a_number_that_python_does_not_read_is_none(form: str, digits: int) -> None:
    score = score_number(Answer(text=form.format("9" * digits)), 3)
    assert (score.value, score.status) == (0.0, "format_error")
    assert last_integer("9" * digits) is None


@pytest.mark.parametrize("said", ["1e1000", "12e99999", "1.5e-20000", "1E+4000"])
def test_a_power_that_is_too_high_is_not_dropped(said: str) -> None:
    assert final_number(said) is None
