"""A local model tuned on questions and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Message, Request
from evalsuite.systems.students import Example, answer_of, sure_of
from evalsuite.systems.tuning import Tuning, check_tunable, learn_tuned

pytest.importorskip("torch")

MODEL = "embedded/pico"
QUICK = Tuning(epochs=20, max_steps=40, batch_size=4, learning_rate=3e-3)


def question(text: str, **fields: Any) -> Request:
    turns = (Message(role="user", content=text),)
    return Request(task="t", sample_id=text, inputs={}, messages=turns, **fields)


CHOSEN = [
    Example(request=question(f"{word} {n}?", choices=("left", "right")), answer=side)
    for n in range(4)
    for word, side in (("bread", "left"), ("stone", "right"))
]
WRITTEN = [
    Example(request=question(f"{word} {n}?", max_output_tokens=12), answer=answer)
    for n in range(4)
    for word, answer in (("bread", "LOC: Fenbeburg"), ("stone", "none"))
]


def test_choices_are_learnt_and_scored() -> None:
    student = learn_tuned(MODEL, QUICK, 0, CHOSEN)
    asked = [example.request for example in CHOSEN]
    said = student.say(asked)
    assert [fields["choice"] for fields in said] == [example.answer for example in CHOSEN]
    assert all(sum(fields["probabilities"].values()) == pytest.approx(1) for fields in said)
    assert min(map(sure_of, said)) > 0.5
    alone = student.say(asked[3:4])[0]
    assert alone["probabilities"] == pytest.approx(said[3]["probabilities"])


def test_texts_are_learnt_with_their_end() -> None:
    student = learn_tuned(MODEL, QUICK, 0, WRITTEN)
    said = student.say([example.request for example in WRITTEN])
    assert [fields["text"] for fields in said] == [example.answer for example in WRITTEN]
    assert {fields["finish_reason"] for fields in said} == {"stop"}
    assert answer_of(said[0]).token_logprobs is not None


def test_tuning_is_deterministic_and_leaves_the_model_as_it_is() -> None:
    one_step = Tuning(max_steps=1, learning_rate=1e-9)
    untouched = learn_tuned(MODEL, one_step, 0, CHOSEN)
    first, second = (learn_tuned(MODEL, QUICK, 0, CHOSEN) for _ in range(2))
    asked = [question("bread and stone?", choices=("left", "right"))]
    assert first.identity == second.identity != untouched.identity
    assert first.say(asked) == second.say(asked) != untouched.say(asked)
    again = learn_tuned(MODEL, one_step, 0, CHOSEN)
    assert again.say(asked) == untouched.say(asked)
    assert learn_tuned(MODEL, QUICK, 1, CHOSEN).identity != first.identity


def test_what_is_too_long_is_left_out_and_said() -> None:
    long = question("word " * 600, choices=("left", "right"))
    student = learn_tuned(
        MODEL, Tuning(max_steps=1), 0, [*CHOSEN, Example(request=long, answer="left")]
    )
    assert student.note == "1 of 9 were too long for it"
    said = student.say([long])[0]
    assert said["error"] == "context_too_long" and sure_of(said) == 0.0
    with pytest.raises(CallRejected):
        answer_of(said)
    with pytest.raises(ConfigError, match="longer than the 512 tokens"):
        learn_tuned(MODEL, Tuning(), 0, [Example(request=long, answer="left")])


def test_models_that_cannot_be_tuned(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such folder"):
        check_tunable("./nowhere")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        check_tunable(str(tmp_path))
    with pytest.raises(ConfigError):
        check_tunable("embedded/unheard")
    pictured = Message(role="user", content="?", images=("data:image/png;base64,AA==",))
    request = Request(task="t", sample_id="1", inputs={}, messages=(pictured,))
    with pytest.raises(ConfigError, match="cannot read the questions"):
        learn_tuned(MODEL, Tuning(), 0, [Example(request=request, answer="x")])
