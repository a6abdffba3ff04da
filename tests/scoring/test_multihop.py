"""HotpotQA's measures, worked by hand from hotpot_evaluate_v1.py."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.multihop import (
    answer_agreement,
    read_answer,
    score_multihop,
    support_agreement,
)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("American", "American"),
        ("Finish[The Simpsons]", "The Simpsons"),
        ("Thought: it is Rome.\nFinish[Rome]", "Rome"),
        ("It was built in Rome.\nAnswer: Rome", "Rome"),
        ("**Answer:** Rome\nBecause it was.", "Rome"),
        ("Answer: Milan\nNo.\nFinal answer: Rome", "Rome"),
        ("<think>Answer: Milan</think>Rome", "Rome"),
        ('{"answer": "Rome"}', "Rome"),
        ('{"answer": true}', "yes"),
        ('{"answer": 1984, "support": []}', "1984"),
        ('Here:\n```json\n{"answer": "Rome"}\n```', "Rome"),
        ('{"reply": "Rome"}', '{"reply": "Rome"}'),
    ],
)
def test_the_answer_in_its_forms(text: str, answer: str) -> None:
    assert read_answer(text).answer == answer


def test_answers_by_hand() -> None:
    assert answer_agreement("The Eiffel Tower!", "eiffel tower") == (1.0, 1.0, 1.0, 1.0)
    # "big eiffel tower" against "eiffel tower": 2 common words of 3 and of 2.
    assert answer_agreement("big Eiffel Tower", "the Eiffel Tower") == pytest.approx(
        (0.0, 0.8, 2 / 3, 1.0)
    )
    assert answer_agreement("yes it is", "yes") == (0.0, 0.0, 0.0, 0.0), "yes and no are closed"
    assert answer_agreement("yes", "yes") == (1.0, 1.0, 1.0, 1.0)
    assert answer_agreement("Rome", "Milan") == (0.0, 0.0, 0.0, 0.0)


def test_support_by_hand() -> None:
    assert support_agreement(["A", "B"], ["A", "B"]) == (1.0, 1.0, 1.0, 1.0)
    # One of two named is right, of three: P 1/2, R 1/3, F1 0.4.
    assert support_agreement(["A", "X"], ["A", "B", "C"]) == pytest.approx((0.0, 0.4, 0.5, 1 / 3))
    assert support_agreement([], ["A"]) == (0.0, 0.0, 0.0, 0.0)


def test_joint_figures_multiply_precision_and_recall() -> None:
    """Answer P 2/3, R 1; support P 1/2, R 1/2: joint P 1/3, R 1/2, F1 0.4."""
    text = json.dumps({"answer": "big Eiffel Tower", "support": ["Paris", "Rome"]})
    scores = score_multihop(Answer(text=text), ["Eiffel Tower"], ["Paris", "France"])
    assert {score.name: score.value for score in scores} == pytest.approx(
        {
            "exact_match": 0.0,
            "answer_f1": 0.8,
            "support_em": 0.0,
            "support_f1": 0.5,
            "joint_em": 0.0,
            "joint_f1": 0.4,
        }
    )


def test_facts_may_be_sentences() -> None:
    text = json.dumps({"answer": "Rome", "support": [["Rome", 0], ["Italy", 2]]})
    scores = score_multihop(Answer(text=text), ["Rome"], [("Rome", 0), ("Italy", 2)])
    assert [score.value for score in scores] == [1.0] * 6


def test_who_names_no_support_is_not_scored_on_it() -> None:
    scores = score_multihop(Answer(text="Rome"), ["Rome"], ["Italy"])
    assert [score.name for score in scores] == ["exact_match", "answer_f1"]
    named = score_multihop(Answer(text="Rome", data={"support": ["Italy"]}), ["Rome"], ["Italy"])
    assert [score.value for score in named] == [1.0] * 6
    none = score_multihop(Answer(text='{"answer": "Rome", "support": []}'), ["Rome"], ["Italy"])
    assert {score.name: score.value for score in none}["support_f1"] == 0.0


def test_what_was_retrieved_is_held_against_the_support() -> None:
    data = {"retrieved": ["Italy", "Spain"]}
    scores = score_multihop(Answer(text="Rome", data=data), ["Rome"], ["Italy", "Rome"])
    assert {score.name: score.value for score in scores}["retrieval_recall"] == 0.5
    pairs = score_multihop(Answer(text="Rome", data=data), ["Rome"], [("Italy", 0), ("Italy", 3)])
    assert {score.name: score.value for score in pairs}["retrieval_recall"] == 1.0


def test_the_best_of_several_answers_counts() -> None:
    (exact, f1) = score_multihop(Answer(text="Crown Prince"), ["Ikjong", "the crown prince"])
    assert exact.value == f1.value == 1.0
    with pytest.raises(ValueError, match="no right answer"):
        score_multihop(Answer(text="x"), [])


def test_an_empty_answer_is_a_format_error() -> None:
    for answer in (Answer(), Answer(text=" \n"), Answer(text="Finish[]")):
        scores = score_multihop(answer, ["Rome"], ["Italy"])
        assert {(score.value, score.status) for score in scores} == {(0.0, "format_error")}


@given(st.text(max_size=40), st.text(max_size=40))
def test_agreement_is_symmetric_and_bounded(one: str, other: str) -> None:
    there, back = answer_agreement(one, other), answer_agreement(other, one)
    assert there.f1 == back.f1 and there.exact == back.exact
    assert 0.0 <= there.f1 <= 1.0
    assert (there.precision, there.recall) == (back.recall, back.precision)
