from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.systems.hybrids.confidence import Signal, confidence

TEXT = Answer(text="x", token_logprobs=(-0.5, -0.25, -1.5))
CHOICE = Answer(choice="a", probabilities={"a": 0.7, "b": 0.3}, token_logprobs=(-0.2,))


@pytest.mark.parametrize(
    ("answer", "signal", "value"),
    [
        (TEXT, "mean_logprob", -0.75),
        (TEXT, "min_logprob", -1.5),
        (TEXT, "sequence_logprob", -2.25),
        (TEXT, "choice_probability", None),
        (TEXT, "auto", -0.75),
        (CHOICE, "choice_probability", 0.7),
        (CHOICE, "auto", 0.7),
        (CHOICE, "mean_logprob", -0.2),
    ],
)
def test_values(answer: Answer, signal: Signal, value: float | None) -> None:
    assert confidence(answer, signal) == value


@pytest.mark.parametrize("signal", get_args(Signal))
def test_nothing_given_is_no_signal(signal: Signal) -> None:
    assert confidence(Answer(text="x"), signal) is None
    assert confidence(Answer(text="x", token_logprobs=()), signal) is None


@given(st.lists(st.floats(-50, 0), min_size=1))
def test_order_of_the_token_signals(logprobs: list[float]) -> None:
    answer = Answer(text="x", token_logprobs=tuple(logprobs))
    mean, least, total = (
        confidence(answer, signal) for signal in ("mean_logprob", "min_logprob", "sequence_logprob")
    )
    assert mean is not None and least is not None and total is not None
    assert total <= least + 1e-9
    assert least <= mean + 1e-9
