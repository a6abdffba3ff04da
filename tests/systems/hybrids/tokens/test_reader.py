"""Reading with take-backs on a real model: the cache must be as if nothing had been taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from evalsuite.systems.decoding import Decoder
from evalsuite.systems.hybrids.tokens.reader import Reader
from evalsuite.systems.resources import Resources
from evalsuite.systems.transformers import TransformersSpec

PROMPT = [10, 20, 30, 40]


@pytest.fixture(scope="module")
def decoder(chat_model: Path) -> Decoder:
    return TransformersSpec(model=str(chat_model)).open(Resources()).decoder


def test_logits_are_those_of_one_plain_pass(decoder: Decoder) -> None:
    reader = Reader(decoder, PROMPT)
    answers = [
        ([], 1),
        ([5, 6, 7], 4),
        ([5, 6, 9], 1),  # the last one was rejected
        ([5, 8], 2),  # and the one before it
        ([5, 8, 1, 2, 3], 1),
        ([], 1),  # all over again
    ]
    for answer, keep in answers:
        found = reader.logits(answer, keep=keep)
        with torch.inference_mode():
            whole = decoder.model(torch.tensor([[*PROMPT, *answer]])).logits[0, -keep:]
        assert found.shape == (keep, whole.shape[-1])
        torch.testing.assert_close(found, whole.float(), atol=1e-4, rtol=1e-4)


def test_what_is_read_is_counted(decoder: Decoder) -> None:
    """What another wrote is input each time that it is read; one's own tokens never are."""
    reader = Reader(decoder, PROMPT)
    reader.logits([])
    assert (reader.n_prompt, reader.n_input, reader.n_passes) == (4, 4, 1)
    reader.wrote(0, 5)
    reader.logits([5])
    assert (reader.n_input, reader.n_written) == (4, 1)
    reader.logits([6, 7])  # its token was replaced, and another one added
    assert (reader.n_input, reader.n_written) == (6, 1)
    before = reader.seconds
    reader.logits([6, 7, 8])
    assert (reader.n_input, reader.n_passes) == (7, 4)
    assert reader.seconds > before > 0
