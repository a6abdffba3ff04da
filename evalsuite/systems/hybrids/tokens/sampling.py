"""Distributions over the next token, draws from them, and exact acceptance of drafted tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalsuite.systems.decoding import Row

if TYPE_CHECKING:
    import torch


def distribution(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """Probabilities (..., vocabulary), float64, that a token is drawn from at ``temperature``.

    At temperature 0 all of it is on the likeliest token, as ``Decoder.generate`` finds it.
    """
    import torch

    if temperature > 0:
        return (logits.double() / temperature).softmax(dim=-1)
    best = logits.float().log_softmax(dim=-1).max(dim=-1).indices
    return torch.zeros_like(logits, dtype=torch.float64).scatter_(-1, best.unsqueeze(-1), 1.0)


def generator_of(row: Row) -> torch.Generator | None:
    """Where the draws of ``row`` come from; None at temperature 0, where nothing is drawn."""
    import torch

    return torch.Generator().manual_seed(row.seed) if row.temperature > 0 else None


def draw(weights: torch.Tensor, generator: torch.Generator | None) -> int:
    """A token by ``weights`` (vocabulary,), which need not sum to 1; without chance, the best."""
    import torch

    if generator is None:
        return int(weights.argmax())
    return int(torch.multinomial(weights, 1, generator=generator))


def accept(
    drafted: Sequence[int], q: torch.Tensor, p: torch.Tensor, generator: torch.Generator | None
) -> tuple[int, int]:
    """How many of ``drafted`` (k,) stand, and the token that follows them.

    Each was drawn from its row of ``q`` (k, vocabulary); ``p`` (k + 1, vocabulary) are the
    target's distributions at the same places and the one after. A draft x stands with probability
    min(1, p(x) / q(x)). The first that does not is replaced by a draw from max(0, p - q)
    normalised; where all stand, one more token is drawn from the last row of p. What is written is
    then distributed as p, whatever q is: Leviathan, Kalman and Matias (2023), "Fast Inference from
    Transformers via Speculative Decoding", arXiv:2211.17192, appendix A.1. Vocabularies that differ
    by rows of padding are filled up with zeros.
    """
    width = max(q.shape[-1], p.shape[-1])
    q, p = _widened(q, width), _widened(p, width)
    for at, token in enumerate(drafted):
        if _uniform(generator) * float(q[at, token]) >= float(p[at, token]):
            left = (p[at] - q[at]).clamp(min=0)
            return at, draw(left if float(left.sum()) > 0 else p[at], generator)
    return len(drafted), draw(p[len(drafted)], generator)


def agree(
    drafted: Sequence[int],
    logits: torch.Tensor,
    *,
    agreement: float,
    temperature: float,
    generator: torch.Generator | None,
) -> tuple[int, int | None]:
    """How many of ``drafted`` (k,) a verifier with ``logits`` (k + 1, vocabulary) lets stand.

    A draft x stands where v(x) >= ``agreement`` x max v, with v the verifier's distribution at
    temperature 1. The first that does not is replaced by the verifier's own token: its likeliest
    one, or above temperature 0 a draw from its tempered distribution among the tokens that would
    have stood. None follows where all stand, because the drafting model is the writer; without a
    draft the verifier's own token stands alone.
    """
    probabilities = distribution(logits, 1.0)
    stands = probabilities >= agreement * probabilities.max(dim=-1, keepdim=True).values
    accepted = 0
    for at, token in enumerate(drafted):
        if token >= stands.shape[-1] or not stands[at, token]:
            break
        accepted += 1
    if drafted and accepted == len(drafted):
        return accepted, None
    own = distribution(logits[accepted], temperature)
    return accepted, draw(own * stands[accepted], generator)


def _uniform(generator: torch.Generator | None) -> float:
    """A number in [0, 1); without chance any will do: what it decides is then 0 or 1."""
    import torch

    if generator is None:
        return 0.5
    return float(torch.rand((), generator=generator, dtype=torch.float64))


def _widened(rows: torch.Tensor, width: int) -> torch.Tensor:
    import torch

    return torch.nn.functional.pad(rows, (0, width - rows.shape[-1]))
