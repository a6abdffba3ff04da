"""A request as a row and back: the same by itself as through the local model's backend."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import CallRejected
from evalsuite.records import Message, Request
from evalsuite.systems.completing import chosen, refuse_too_long, row_of, written
from evalsuite.systems.decoding import Generated
from evalsuite.systems.encoding import Encoded, encode
from evalsuite.systems.resources import Resources
from evalsuite.systems.transformers import TransformersSpec


def asked(text: str, **options: Any) -> Request:
    turn = Message(role="user", content=text)
    return Request(task="t", sample_id="1", inputs={}, messages=(turn,), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"max_output_tokens": 9},
        {"max_output_tokens": 9, "temperature": 0.8, "seed": 3, "repeat": 2},
        {"max_output_tokens": 500},
    ],
)
async def test_the_backend_answers_the_same(chat_model: Path, options: dict[str, Any]) -> None:
    model = TransformersSpec(model=str(chat_model)).open(Resources())
    request = asked("x" * 80, **options)
    completion = await model.complete(request, None)
    decoder = model.decoder
    encoded = encode(request, decoder.tokenizer)
    row = row_of(request, encoded.prompt, decoder.context)
    assert written(decoder, row, decoder.generate([row])[0]) == completion.answer
    assert completion.input_tokens == len(row.prompt)


async def test_text_ends_before_the_first_of_several_stop_strings(chat_model: Path) -> None:
    decoder = TransformersSpec(model=str(chat_model)).open(Resources()).decoder
    request = asked("x", stop=("cd", "b"))
    row = row_of(request, [1], decoder.context)
    tokens = decoder.tokenizer("abcd")["input_ids"]
    result = Generated(tokens=tokens, logprobs=[-1.0] * 4, finish_reason="stop")
    answer = written(decoder, row, result)
    assert (answer.text, answer.finish_reason) == ("a", "stop")
    assert answer.token_logprobs == (-1.0,) * 4


def test_a_row_has_room_in_the_context() -> None:
    assert row_of(asked("x", max_output_tokens=9), [1, 2, 3], 10).max_new_tokens == 7
    assert row_of(asked("x", max_output_tokens=5), [1, 2, 3], 10).max_new_tokens == 5
    assert row_of(asked("x", max_output_tokens=5), [1, 2, 3], None).max_new_tokens == 5


def test_what_is_too_long_is_refused() -> None:
    fits = Encoded(prompt=[1] * 7, choices=[[1, 2, 3], [1]])
    refuse_too_long(fits, 10, "nano")
    refuse_too_long(fits, None, "nano")
    message = "the prompt has 7 tokens and needs 3 more; nano reads 9"
    with pytest.raises(CallRejected, match=message) as error:
        refuse_too_long(fits, 9, "nano")
    assert (error.value.kind, error.value.billed) == ("context_too_long", False)


def test_the_likeliest_choice_by_hand() -> None:
    answer = chosen(("a", "b"), [[math.log(0.2), math.log(0.5)], [math.log(0.3)]])
    assert (answer.choice, answer.text) == ("b", "b")
    assert answer.probabilities == pytest.approx({"a": 0.25, "b": 0.75})
    assert answer.token_logprobs == pytest.approx((math.log(0.3),))
