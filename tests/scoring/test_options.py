from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.options import LETTERS, lettered, read_option, score_option

PRICES = ("$61", "$65", "$67.40", "$70", "None of these")
TIMES = ("20 min", "22 min", "2 min", "21 min", "20 min")


@pytest.mark.parametrize(
    ("said", "letter"),
    [
        ("B", "B"),
        ("(B)", "B"),
        ("B)", "B"),
        ("B.", "B"),
        ("**B**", "B"),
        ("B: because", "B"),
        ("B\nThe price", "B"),
        ("B) $65", "B"),
        ("$67.40", "C"),
        ("Take half of it.\n$67.40", "C"),
        ("The answer is (D).", "D"),
        ("The answer is: D", "D"),
        ("Answer: D)$70", "D"),
        ("**Answer:** D", "D"),
        ("ANSWER IS D", "D"),
        ("The correct answer is A) $61.", "A"),
        ("A is too small, so the correct option is C.", "C"),
        ("closest to option D) $70.00.", "D"),
        ("Option A is wrong. The answer is B.", "B"),
        (r"\boxed{C}", "C"),
        (r"so \boxed{\text{(C)}}, not A", "C"),
        (r"\boxed{$67.40}", "C"),
        ("A car costs more. It is (C).", "C"),
        ("(A) no\n(B) no\nSo it must be (C).", "C"),
        ("half of it is $65, I think", "B"),
        ("<think>The answer is A.</think>\nB", "B"),
        ("e) none of these", "E"),
        # no answer, or not one
        ("", None),
        ("F", None),
        ("(A) or (B)", None),
        ("The answer is not A but B", None),
        ("The answer is A car", None),
        ("$61 or $65", None),
        ("I cannot tell", None),
        ("<think>The answer is A.", None),
    ],
)
def test_read_option(said: str, letter: str | None) -> None:
    assert read_option(Answer(text=said), PRICES) == letter


def test_saying_that_none_is_right_is_an_option_only_where_there_is_one() -> None:
    said = "Option B) 22 min is close.\nNone of the given options match."
    assert read_option(Answer(text=said), TIMES) is None
    assert read_option(Answer(text="It is none of these."), PRICES) == "E"


def test_a_sign_makes_another_option() -> None:
    roots = ("-5", "5", "0.5")
    assert [read_option(Answer(text=said), roots) for said in roots] == ["A", "B", "C"]
    assert read_option(Answer(text="x must be −5 then"), roots) == "A"
    assert read_option(Answer(text="x must be -7.5 then"), roots) is None


def test_a_scored_choice_is_a_letter_or_a_text() -> None:
    assert read_option(Answer(text="A", choice="B"), PRICES) == "B"
    assert read_option(Answer(choice="$70"), PRICES) == "D"
    assert read_option(Answer(choice="71"), PRICES) is None


def test_of_equal_options_each_is_right_where_texts_are_scored() -> None:
    assert score_option(Answer(choice="20 min"), "E", TIMES).value == 1.0
    assert score_option(Answer(choice="20 min"), "A", TIMES).value == 1.0
    assert score_option(Answer(choice="A"), "E", TIMES).value == 0.0


def test_score_statuses() -> None:
    assert score_option(Answer(text="B"), "B", PRICES).value == 1.0
    assert score_option(Answer(text="A"), "B", PRICES).value == 0.0
    unread = score_option(Answer(text="(A) or (B)"), "B", PRICES)
    assert (unread.value, unread.status) == (0.0, "format_error")
    for target in ("F", "", "AB"):
        with pytest.raises(ValueError, match="none of"):
            score_option(Answer(text="A"), target, PRICES)


@given(
    st.lists(st.text(alphabet="xyz 123", min_size=3, max_size=9), min_size=2, max_size=26),
    st.data(),
)
def test_every_letter_can_be_given(options: list[str], data: st.DataObject) -> None:
    letter = data.draw(st.sampled_from(LETTERS[: len(options)]))
    for form in ("{}", "({})", "The answer is ({}).", "Answer: {}", "\\boxed{{{}}}"):
        assert read_option(Answer(text=form.format(letter)), options) == letter
    assert lettered(options)[LETTERS.index(letter)].startswith(f"{letter}) ")


@given(st.text(max_size=300))
def test_any_text_can_be_read(said: str) -> None:
    assert read_option(Answer(text=said), PRICES) in (None, *"ABCDE")


@pytest.mark.parametrize("part", ["answer a ", "not in ", "none of the ", "(A) (", "** ", "A) "])
def test_hostile_answers_are_read_in_time(part: str) -> None:
    assert read_option(Answer(text=part * (40_000 // len(part))), TIMES) in (None, "A")
