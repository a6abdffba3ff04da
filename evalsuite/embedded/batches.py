"""Training batches: rows of similar length, one item a row, loss on the answer only."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalsuite.embedded.mixture import mixture
from evalsuite.embedded.tokenizer import ASSISTANT, END, USER

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

__all__ = ["Batch", "batches"]

_POOL = 1500  # items sorted by length at a time
_JITTER = 12  # tokens of noise on the length, so that rows do not always meet the same rows
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs, labels (``-100`` where nothing is to be learnt), and tokens without padding.

    A token of an answer of n tokens weighs one over the root of n in the loss: otherwise
    one-word answers drown in long ones, and otherwise the other way round.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    tokens: int


Row = tuple[list[int], list[int]]


def batches(
    tokenizer: PreTrainedTokenizerFast, *, seed: int, size: int, skip: int = 0
) -> Iterator[Batch]:
    """Endless, deterministic batches of at most `size` tokens, padding included.

    Args:
        tokenizer: Turns items into tokens.
        seed: Seed of the stream; every model trained with it sees the same batches.
        size: Most tokens in a batch.
        skip: Batches to leave out at the start, to resume where a run stopped.
    """
    for rows in itertools.islice(_row_groups(tokenizer, seed, size), skip, None):
        yield _tensors(rows)


def _row_groups(tokenizer: PreTrainedTokenizerFast, seed: int, size: int) -> Iterator[list[Row]]:
    stream = mixture("train", seed=seed)
    rng = random.Random(f"evalsuite/batches/{seed}")
    user, assistant, end = (tokenizer.get_vocab()[token] for token in (USER, ASSISTANT, END))
    while True:
        pool = list(itertools.islice(stream, _POOL))
        prompts = tokenizer([item.prompt for item in pool]).input_ids
        answers = tokenizer([item.answer for item in pool]).input_ids
        rows = [
            ([user, *prompt, assistant], [*answer, end])
            for prompt, answer in zip(prompts, answers, strict=True)
        ]
        rows.sort(key=lambda row: len(row[0]) + len(row[1]) + rng.random() * _JITTER)
        groups = _grouped(rows, size)
        rng.shuffle(groups)
        yield from groups


def _grouped(rows: list[Row], size: int) -> list[list[Row]]:
    groups: list[list[Row]] = []
    current: list[Row] = []
    widest = 0
    for row in rows:
        length = len(row[0]) + len(row[1])
        if current and max(widest, length) * (len(current) + 1) > size:
            groups.append(current)
            current, widest = [], 0
        current.append(row)
        widest = max(widest, length)
    return [*groups, current]


def _tensors(rows: list[Row]) -> Batch:
    import torch

    width = max(len(prompt) + len(answer) for prompt, answer in rows)
    inputs = torch.zeros(len(rows), width, dtype=torch.long)
    labels = torch.full((len(rows), width), _IGNORED)
    weights = torch.zeros(len(rows), width)
    for i, (prompt, answer) in enumerate(rows):
        length = len(prompt) + len(answer)
        inputs[i, :length] = torch.tensor(prompt + answer)
        labels[i, len(prompt) : length] = torch.tensor(answer)
        weights[i, len(prompt) : length] = len(answer) ** -0.5
    return Batch(inputs, labels, weights, sum(len(p) + len(a) for p, a in rows))
