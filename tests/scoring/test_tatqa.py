"""TAT-QA's rules by hand; recorded models have their figures in tests/tasks/test_tatqa.py."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.tatqa import (
    SCALES,
    exact_match_and_f1,
    is_number,
    read_tatqa,
    score_tatqa,
    to_number,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$ 1,452.4", 1452.4),
        ("(168)", -168),
        ("1.2 million", 1200000),
        ("(1.2 million)", 1200000),  # brackets are a sign around digits alone
        ("12%", 0.12),
        ("3 thousand", 3000),
        ("5.5 billion", 5.5e9),
        ("none", None),
        ("9" * 400, None),
    ],
)
def test_numbers_of_texts(text: str, number: float | None) -> None:
    assert to_number(text) == number


def test_what_counts_as_a_number() -> None:
    """A second word must be a scale: "25 days" is a text, "25 million" a number."""
    assert is_number("$25") and is_number("25 million") and is_number("(25)")
    assert not is_number("25 days") and not is_number("") and not is_number("nan")


@pytest.mark.parametrize(
    ("said", "scale", "wanted", "wanted_scale", "kind", "expected"),
    [
        # The scale may stand in the answer, beside it, or not be needed.
        (["$27.0 million"], "", ["27.0"], "million", "span", (1, 1)),
        (["27.0"], "million", ["27.0"], "million", "span", (1, 1)),
        (["27.0"], "", ["27.0"], "million", "span", (0, 0)),
        # A share is right as a share or in percent.
        (["40%"], "", 40, "percent", "arithmetic", (1, 1)),
        ([40], "percent", 40, "percent", "arithmetic", (1, 1)),
        ([0.4], "", 40, "percent", "arithmetic", (1, 1)),
        # Two decimals count.
        ([12.344], "", 12.34, "", "arithmetic", (1, 1)),
        ([12.35], "", 12.34, "", "arithmetic", (0, 0)),
        # Spans in any order; sets of words for F1.
        (["2018", "2019"], "", ["2019", "2018"], "", "multi-span", (1, 1)),
        (["2019"], "", ["2019", "2018"], "", "multi-span", (0, 0.67)),
        (["the fixed price"], "", ["fixed price type"], "", "span", (0, 0.8)),
        # Computed answers have no partial credit.
        ([3, 4], "", 3, "", "arithmetic", (0, 0)),
        (["3"], "", "3", "", "count", (1, 1)),
        # Zero is a number, and nothing is nothing.
        ([0], "", 0, "", "arithmetic", (1, 1)),
        ([], "", 0, "", "arithmetic", (0, 0)),
        # Texts among numbers stop the official evaluator.
        (["a", 1], "", ["a", "1"], "", "multi-span", (1, 1)),
    ],
)
def test_exact_match_and_f1_by_hand(
    said: list[Any], scale: str, wanted: Any, wanted_scale: str, kind: str, expected: Any
) -> None:
    assert exact_match_and_f1(said, scale, wanted, wanted_scale, kind) == expected


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('{"answer": ["2019"], "scale": ""}', (["2019"], "")),
        ('So: {"answer": 12.5, "scale": "percent"} is it.', ([12.5], "percent")),
        ('{"answer": ["a"]} or rather {"answer": ["b"], "scale": null}', (["b"], "")),
        ("<think>{\"answer\": [1]}</think>['x', 'y']", (["x", "y"], "")),
        ("It is 25.\nSo the answer is:\n25 days", (["25 days"], "")),
        ("Answer: ['a', 'b']", (["a", "b"], "")),
        ("[4.1%, 4.6%]", (["[4.1%, 4.6%]"], "")),
        ('{"answer": []}', None),
        ('{"answer": [""]}', None),
        ("  ", None),
        ("[]", None),
    ],
)
def test_answers_are_read(text: str, read: Any) -> None:
    assert read_tatqa(text) == read


def test_an_answer_without_content_is_a_format_error() -> None:
    target = {"answer": ["x"], "answer_type": "span", "scale": ""}
    scores = score_tatqa(Answer(text="{}  "), target)
    assert scores[0].status == "scored"  # braces are a wrong answer, not an unreadable one
    scores = score_tatqa(Answer(text=""), target)
    assert {(s.name, s.value, s.status) for s in scores} == {
        (name, 0.0, "format_error") for name in ("exact_match", "f1", "scale_match")
    }


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3), st.sampled_from(SCALES))
def test_the_reference_itself_is_right(spans: list[str], scale: str) -> None:
    assert exact_match_and_f1(spans, scale, spans, scale, "multi-span") == (1, 1)


@given(st.text(), st.sampled_from(SCALES))
def test_any_text_can_be_scored(text: str, scale: str) -> None:
    target = {"answer": ["1,2", "b"], "answer_type": "multi-span", "scale": scale}
    said = (text, json.dumps({"answer": text, "scale": scale}))
    values = [s.value for one in said for s in score_tatqa(Answer(text=one), target)]
    assert all(value is not None and 0 <= value <= 1 for value in values)
