"""WikiTableQuestions' evaluator 1.0.2, rule by rule, from the comment at the top of its source."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.table_qa import (
    denotation_match,
    normalise_value,
    read_values,
    score_denotation,
)


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("Pelé", "pele"),
        ("‘Rock ’n’ Roll’", "'rock 'n' roll'"),
        ("1990–91", "1990-91"),
        ("Oslo[1][note 2]", "oslo"),
        ("Lima†*", "lima"),
        ("Bob (captain) (c)", "bob"),
        ('"Quoted"', "quoted"),
        ("Mr. Smith.", "mr. smith"),
        ("  a \t b ", "a b"),
        ("[a]", "[a]"),  # brackets at the beginning are the value
        ("(a)", "(a)"),
    ],
)
def test_normalisation(written: str, normalised: str) -> None:
    assert normalise_value(written) == normalised


@pytest.mark.parametrize(
    ("said", "wanted", "canonical", "right"),
    [
        (["Pelé (captain)"], ["pele"], None, True),
        (["1200"], ["1,200"], None, False),  # a text, unless the data says what it stands for
        (["1200"], ["1,200"], ["1200.0"], True),
        (["1,200"], ["1,200"], ["1200.0"], True),
        (["3.0000001"], ["3"], None, True),
        (["3.00001"], ["3"], None, False),
        (["xx-01-02"], ["January 2"], ["xx-01-02"], True),
        (["1990-01-02"], ["January 2"], ["xx-01-02"], False),  # all parts must agree
        (["1990-1-2"], ["2 January 1990"], ["1990-01-02"], True),
        (["1990"], ["in 1990"], ["1990-xx-xx"], True),  # a year alone is a number
        (["b", "a"], ["a", "b"], None, True),
        (["a"], ["a", "b"], None, False),
        (["a", "b", "c"], ["a", "b"], None, False),
        (["a", "a"], ["a"], None, True),  # sets
        (["2", "2.0"], ["2"], None, True),
        ([], ["a"], None, False),
        (["1_000"], ["1000"], None, False),
        (["inf"], ["nan"], None, False),
    ],
)
def test_denotations(
    said: Sequence[str], wanted: Sequence[str], canonical: Sequence[str] | None, right: bool
) -> None:
    assert denotation_match(said, wanted, canonical) is right


def test_answers_are_lists() -> None:
    assert read_values('["a", 2]') == ["a", "2"]
    assert read_values("a | b\nc") == ["a", "b", "c"]
    assert read_values("[sic] a") == ["[sic] a"]
    assert score_denotation(Answer(text="Lima|Oslo"), ["oslo", "lima"]).value == 1.0
    assert score_denotation(Answer(text="Lima"), ["oslo", "lima"]).value == 0.0
    assert score_denotation(Answer(text=" "), ["oslo"]).status == "format_error"


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_a_denotation_is_itself_in_any_order(values: list[str]) -> None:
    assert denotation_match(list(reversed(values)), values)
