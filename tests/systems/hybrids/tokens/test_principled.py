"""Drafts under principles: which tokens stand, and what the two extremes come to."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from evalsuite.records import Answer, Message, Request
from evalsuite.systems.base import Joint
from evalsuite.systems.completing import row_of, written
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.encoding import encode
from evalsuite.systems.hybrids.principled import PrincipledSpec
from tests.systems.hybrids.tokens.toy_models import ALPHABET, Logits, asked, by_table, toy


def spec_of(**options: Any) -> PrincipledSpec:
    # Of a text, the toys read what is in their alphabet: these principles are "dd" to them.
    options = {"principles": ("dd",), "principles_prompt": "{principles}", **options}
    return PrincipledSpec.model_validate({"draft": "small", "verifier": "large", **options})


def alone(request: Request, decoder: Decoder) -> Answer:
    encoded = encode(request, decoder.tokenizer)
    row = row_of(request, encoded.prompt, decoder.context)
    return written(decoder, row, decoder.generate([row])[0])


def verified(request: Request, draft: Logits, verifier: Logits, **options: Any) -> Joint:
    return spec_of(**options).work(request, {"draft": toy(draft), "verifier": toy(verifier)})


def rounds_of(joint: Joint) -> list[list[int]]:
    data = joint.shares["draft"].data
    assert data is not None
    assert data["speculation"]["exact"] is False
    found: list[list[int]] = data["speculation"]["rounds"]
    return found


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_agreement_0_is_the_draft_alone(temperature: float) -> None:
    for seed in range(10):
        request = asked("ab", temperature=temperature, seed=seed)
        wanted = alone(request, toy(by_table(7)))
        joint = verified(request, by_table(7), by_table(17), agreement=0.0)
        assert (joint.answer.text, joint.answer.finish_reason) == (
            wanted.text,
            wanted.finish_reason,
        )
        assert joint.shares["verifier"].output_tokens == 0
        assert all(drafted == accepted for drafted, accepted in rounds_of(joint))


@pytest.mark.parametrize("seed", range(8))
def test_agreement_1_is_the_verifier_told_the_principles(seed: int) -> None:
    request = asked("ab")
    verifier = toy(by_table(seed))
    wanted = alone(spec_of().told(request), verifier)
    joint = verified(request, by_table(7), by_table(seed), agreement=1.0)
    assert (joint.answer.text, joint.answer.finish_reason) == (wanted.text, wanted.finish_reason)
    assert joint.answer.token_logprobs == pytest.approx(wanted.token_logprobs, abs=1e-5)


def test_a_replaced_token_by_hand() -> None:
    """The draft says bababa; told the principles, the verifier has b at 0.02 and c at 0.7.

    It lets a stand (0.2 against 0.1 x 0.7) and writes c for every b.
    """
    letters = {"a": 0.2, "b": 0.02, "c": 0.7, "d": 0.05, "!": 0.03}

    def draft(read: str) -> list[float]:
        following = "a" if read.endswith(("b", "c")) else "b"
        return [5.0 if letter == following else 0.0 for letter in ALPHABET]

    def verifier(read: str) -> list[float]:
        assert "dda".startswith(read[:3]), "only the verifier reads the principles"
        return [math.log(letters[letter]) for letter in ALPHABET]

    joint = verified(asked("a", max_output_tokens=6), draft, verifier, gamma=3)
    assert (joint.answer.text, joint.answer.finish_reason) == ("cacaca", "length")
    # b is replaced; then a stands and b is replaced; at the end one token has room.
    assert rounds_of(joint) == [[3, 0], [3, 1], [3, 1], [1, 1]]
    assert joint.shares["verifier"].reason == "replaced 3 of 6 tokens by the principles"
    assert joint.answer.token_logprobs == pytest.approx([math.log(0.7), math.log(0.2)] * 3)


def test_the_principles_are_said_before_all_else() -> None:
    spec = spec_of(principles=("Be fair.", "Be brief."), principles_prompt="Keep to:\n{principles}")
    turns = spec.told(asked("a")).messages
    said = "Keep to:\n1. Be fair.\n2. Be brief."
    assert [(turn.role, turn.content) for turn in turns] == [("system", said), ("user", "a")]
    request = Request(
        task="t",
        sample_id="1",
        inputs={},
        messages=(Message(role="system", content="Rhyme."), Message(role="user", content="a")),
    )
    assert spec.told(request).messages[0].content == f"{said}\n\nRhyme."
    assert len(spec.told(request).messages) == 2


async def test_choices_are_the_verifiers() -> None:
    asked_of: list[tuple[str, Request, str]] = []

    async def ask(role: str, request: Request, *, reason: str) -> Answer:
        asked_of.append((role, request, reason))
        return Answer(choice="b")

    spec = spec_of()
    request = asked("a", choices=("a", "b"))
    answer = await spec.respond(request, ask, None)  # type: ignore[arg-type]
    assert answer.choice == "b"
    ((role, put, reason),) = asked_of
    assert (role, reason) == ("verifier", "scores the choices alone, told the principles")
    assert put.messages[0].content == "1. dd"


@pytest.mark.parametrize(
    "options",
    [
        {"principles": ()},
        {"principles_prompt": "no place"},
        {"agreement": 1.5},
        {"agreement": math.nan},
        {"gamma": 0},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec_of(**options)
