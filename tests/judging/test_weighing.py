from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judging.scales import scale_of
from evalsuite.judging.weighing import chances, expected
from evalsuite.records import Answer

FIVE = scale_of("1-5")


def logs(**chance: float) -> dict[str, float]:
    return {token.replace("_", ""): math.log(p) for token, p in chance.items()}


def test_choices_that_were_scored_are_weighed_by_their_probabilities() -> None:
    answer = Answer(choice="4", probabilities={"1": 0.0, "2": 0.0, "3": 0.2, "4": 0.5, "5": 0.3})
    chance = chances(answer, "4", FIVE)
    assert chance is not None
    assert expected(chance, FIVE) == pytest.approx(0.2 * 3 + 0.5 * 4 + 0.3 * 5)


def test_a_text_is_weighed_at_the_token_of_its_verdict() -> None:
    """G-Eval's sum, over the likeliest tokens of that position that are labels."""
    answer = Answer(
        text="3 things are good. [[4]]",
        top_logprobs=(
            logs(_3=0.9, _5=0.1),
            logs(things=0.9, _4=0.1),
            logs(_4=0.6, _5=0.2, very=0.2),
            {"]]": math.log(0.8), "4": math.log(0.2)},
        ),
    )
    chance = chances(answer, "4", FIVE)
    assert chance is not None
    assert chance == {"4": pytest.approx(0.75), "5": pytest.approx(0.25)}
    assert expected(chance, FIVE) == pytest.approx(4.25)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(text="4"),
        Answer(text="4", top_logprobs=()),
        Answer(text="4", top_logprobs=(logs(_4=1.0),)),
        Answer(text="4", top_logprobs=(logs(_3=0.9, _5=0.1),)),
    ],
)
def test_what_cannot_be_weighed_is_not(answer: Answer) -> None:
    assert chances(answer, "4", FIVE) is None


def test_a_label_that_may_hide_a_longer_one_is_not_weighed() -> None:
    ten = scale_of("1-10")
    hidden = Answer(text="1", top_logprobs=(logs(_1=0.6, _2=0.4),))
    shown = Answer(text="1", top_logprobs=(logs(_1=0.6, _10=0.4),))
    assert chances(hidden, "1", ten) is None
    assert chances(shown, "1", ten) == {"1": pytest.approx(0.6), "10": pytest.approx(0.4)}


@given(st.lists(st.floats(0.01, 1), min_size=5, max_size=5))
def test_the_expected_value_lies_on_the_scale(masses: list[float]) -> None:
    probabilities = dict(zip(FIVE.labels, masses, strict=True))
    chance = chances(Answer(probabilities=probabilities), "1", FIVE)
    assert chance is not None and sum(chance.values()) == pytest.approx(1)
    assert 1 - 1e-9 <= expected(chance, FIVE) <= 5 + 1e-9
