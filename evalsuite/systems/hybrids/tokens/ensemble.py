"""Several models that choose each token together, by one combination of all their logits."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from evalsuite.errors import CallRejected
from evalsuite.records import Request
from evalsuite.systems.base import Joint, Share
from evalsuite.systems.completing import chosen, row_of, written
from evalsuite.systems.decoding import Decoder, Generated, Row
from evalsuite.systems.encoding import Encoded
from evalsuite.systems.hybrids.tokens.members import encoded_for, same_vocabulary
from evalsuite.systems.hybrids.tokens.reader import Reader
from evalsuite.systems.hybrids.tokens.sampling import distribution, draw, generator_of

if TYPE_CHECKING:
    import torch

Combine = Callable[[Mapping[str, "torch.Tensor"]], "torch.Tensor"]
"""Logits (n, vocabulary) by role -> the logits (n, vocabulary) to decode from."""


def together(
    request: Request,
    decoders: Mapping[str, Decoder],
    *,
    write_by: Combine,
    score_by: Combine,
    reasons: Mapping[str, str],
) -> Joint:
    """Answer ``request`` with all ``decoders``, the last of which has the say on when it ends.

    Text is decoded from ``write_by``, greedily or, above temperature 0, by seeded draws from its
    tempered softmax; choices are scored by ``score_by``. Each model reads the request by its own
    chat template. ``token_logprobs`` are of the combined distribution at temperature 1. The answer
    is no longer than the fullest context allows.

    Raises:
        ConfigError: the models have different vocabularies.
        CallRejected: a model cannot read the request, or they write its choices in different
            tokens.
    """
    same_vocabulary(decoders)
    began = time.perf_counter()
    encoded = {role: encoded_for(role, request, decoder) for role, decoder in decoders.items()}
    last = list(decoders)[-1]
    readers = {role: Reader(decoders[role], encoded[role].prompt) for role in decoders}
    if request.choices is not None:
        logprobs = _scored(readers, _continuations(encoded), score_by)
        answer = chosen(request.choices, logprobs)
    else:
        row = _row(request, encoded, decoders)
        result = _written(readers, row, write_by)
        answer = written(decoders[last], row, result)
    seconds = time.perf_counter() - began
    shares = {
        role: Share(
            reason="".join([reasons[role], *(f"; {note}" for note in encoded[role].notes)]),
            input_tokens=reader.n_input,
            output_tokens=reader.n_written,
            machine_seconds=reader.seconds,
            data={"seconds": seconds, "passes": reader.n_passes},
        )
        for role, reader in readers.items()
    }
    return Joint(answer=answer, shares=shares)


def _row(request: Request, encoded: Mapping[str, Encoded], decoders: Mapping[str, Decoder]) -> Row:
    """The row that the last model would write alone, shortened to every model's context."""
    rows = [row_of(request, encoded[role].prompt, decoders[role].context) for role in decoders]
    shortest = min(row.max_new_tokens for row in rows)
    return dataclasses.replace(rows[-1], max_new_tokens=shortest)


def _written(readers: Mapping[str, Reader], row: Row, combine: Combine) -> Generated:
    result = Generated()
    generator = generator_of(row)
    last = list(readers.values())[-1]
    while result.finish_reason is None:
        logits = _combined(readers, result.tokens, 1, combine)[0]
        token = draw(distribution(logits, row.temperature), generator)
        last.wrote(len(result.tokens), token)
        result.tokens.append(token)
        result.logprobs.append(float(logits.log_softmax(dim=-1)[token]))
        result.finish_reason = last.decoder.finish(row, result)
    return result


def _scored(
    readers: Mapping[str, Reader], continuations: Sequence[Sequence[int]], combine: Combine
) -> list[list[float]]:
    """Log-probabilities of the tokens of each continuation, all of them read."""
    scored = []
    for tokens in continuations:
        logits = _combined(readers, tokens[:-1], len(tokens), combine)
        logprobs = logits.log_softmax(dim=-1)
        scored.append([float(logprobs[at, token]) for at, token in enumerate(tokens)])
    return scored


def _combined(
    readers: Mapping[str, Reader], tokens: Sequence[int], keep: int, combine: Combine
) -> torch.Tensor:
    logits = {role: reader.logits(tokens, keep=keep) for role, reader in readers.items()}
    width = min(rows.shape[-1] for rows in logits.values())
    return combine({role: rows[:, :width] for role, rows in logits.items()})


def _continuations(encoded: Mapping[str, Encoded]) -> list[list[int]]:
    last = list(encoded.values())[-1]
    for role, other in encoded.items():
        if other.choices != last.choices:
            raise CallRejected(
                f"the {role} writes the choices in other tokens, by its own chat template: they "
                f"cannot be scored together",
                kind="choices_differ",
                billed=False,
            )
    return last.choices
