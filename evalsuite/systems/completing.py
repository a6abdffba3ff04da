"""Between requests and token sequences: a request as a row to continue, and back to an answer.

What a local model alone and the hybrids that work on its tokens have in common, so that both mean
the same by a stop string, a length limit, a full context and a seed.
"""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite.errors import CallRejected
from evalsuite.records import Answer, Request, fingerprint
from evalsuite.systems.decoding import Decoder, Generated, Row, softmax
from evalsuite.systems.encoding import Encoded


def refuse_too_long(encoded: Encoded, context: int | None, name: str) -> None:
    """Raise CallRejected (``context_too_long``) where ``encoded`` leaves no room in ``context``."""
    if context is not None and len(encoded.prompt) + encoded.needs > context:
        raise CallRejected(
            f"the prompt has {len(encoded.prompt)} tokens and needs {encoded.needs} more; "
            f"{name} reads {context}",
            kind="context_too_long",
            billed=False,
        )


def row_of(request: Request, prompt: list[int], context: int | None) -> Row:
    """``request`` as a row to continue: no longer than it allows and ``context`` has room for.

    Seeded with the request's seed, repeat and prompt, so that no other row matters to its draws.
    """
    room = request.max_output_tokens
    if context is not None:
        room = min(room, context - len(prompt))
    return Row(
        prompt=prompt,
        max_new_tokens=room,
        temperature=request.temperature,
        seed=int(fingerprint([request.seed, request.repeat, prompt]), 16) % 2**63,
        stop=request.stop,
    )


def written(decoder: Decoder, row: Row, result: Generated) -> Answer:
    """What was generated for ``row`` as an answer: its text ends before the first stop string."""
    text = decoder.text(result.tokens)
    ends = [text.find(stop) for stop in row.stop if stop in text]
    return Answer(
        text=text[: min(ends)] if ends else text,
        token_logprobs=tuple(result.logprobs),
        finish_reason=result.finish_reason,
    )


def chosen(choices: Sequence[str], logprobs: Sequence[Sequence[float]]) -> Answer:
    """The choice whose tokens have the highest summed ``logprobs``; one sequence for a choice."""
    probabilities = softmax([sum(values) for values in logprobs])
    best = max(range(len(choices)), key=probabilities.__getitem__)
    return Answer(
        text=choices[best],
        choice=choices[best],
        probabilities=dict(zip(choices, probabilities, strict=True)),
        token_logprobs=tuple(logprobs[best]),
        finish_reason="stop",
    )
