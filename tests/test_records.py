from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer, Message, Request, fingerprint, mean_logprob, total

REQUEST = Request(task="t", sample_id="1", inputs={"q": "?"}, messages=(Message("user", "?"),))


@given(st.lists(st.floats(0, 1e6), max_size=20), st.integers(0, 20))
def test_a_total_over_an_unknown_is_unknown(values: list[float], at: int) -> None:
    assert total(values) == sum(values)
    assert total([*values[:at], None, *values[at:]]) is None


def test_the_total_of_nothing_is_nothing_spent() -> None:
    assert total([]) == 0


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=6))
def test_a_fingerprint_ignores_the_order_of_keys(content: dict[str, object]) -> None:
    assert fingerprint(content) == fingerprint(dict(reversed(content.items())))


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("user", "!"),)},
        {"messages": (Message("system", "?"),)},
        {"choices": ("a", "b")},
        {"max_output_tokens": 5},
        {"stop": ("\n",)},
        {"temperature": 0.5},
        {"seed": 1},
        {"repeat": 1},
        {"inputs": {"q": "!"}},
    ],
)
def test_everything_that_may_affect_an_answer_is_in_its_key(change: dict[str, object]) -> None:
    assert msgspec.structs.replace(REQUEST, **change).key != REQUEST.key


def test_mean_logprob_is_per_token_and_unknown_without_tokens() -> None:
    assert mean_logprob(Answer(text="x", token_logprobs=(-1.0, -3.0))) == -2.0
    assert mean_logprob(Answer(text="x", token_logprobs=())) is None
    assert mean_logprob(Answer(text="x")) is None


def test_records_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        REQUEST.seed = 2  # type: ignore[misc]
