"""Preferences as probabilities: AlpacaEval's weighted verdicts and its win rates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

EQUAL = 1e-9
"""Preferences this far apart are told from each other; AlpacaEval stores ten decimals."""


@dataclass(frozen=True, kw_only=True)
class WinRate:
    """How often a system beat its baseline.

    Attributes:
        win_rate: mean preference, a share.
        standard_error: of that mean, instructions independent; None for one instruction.
        discrete_win_rate: (wins + half the draws) / n.
        n_wins: preferences above a half.
        n_losses: below a half.
        n_draws: of exactly a half.
        n: preferences.
        n_missing: instructions without one, in no figure.
    """

    win_rate: float
    standard_error: float | None
    discrete_win_rate: float
    n_wins: int
    n_losses: int
    n_draws: int
    n: int
    n_missing: int


def first_preferred(logprob_first: float, logprob_second: float) -> float:
    """Probability that the first-shown answer is better, from its two verdict tokens' logs.

    AlpacaEval 2 (Dubois et al., 2024, arXiv:2404.04475) lets the judge answer with one token, ``m``
    for the first-shown answer and ``M`` for the second: exp(m) / (exp(m) + exp(M)).
    """
    return 0.5 * (1 + math.tanh(0.5 * (logprob_first - logprob_second)))


def preference(logprob_first: float, logprob_second: float, *, model_first: bool) -> float:
    """Probability that the model's answer beats the baseline's."""
    first = first_preferred(logprob_first, logprob_second)
    return first if model_first else 1 - first


def shown_first(
    preference: float, logprob_first: float, logprob_second: float, *, tolerance: float = EQUAL
) -> bool | None:
    """Whether the model's answer came first, from the preference that was stored.

    AlpacaEval shuffles the two answers and does not store how; only one of the two orders gives
    the preference it stored. None where both do (the judge is undecided).

    Raises:
        ValueError: neither order gives this preference.
    """
    first = first_preferred(logprob_first, logprob_second)
    as_first = abs(preference - first) <= tolerance
    as_second = abs(preference - (1 - first)) <= tolerance
    if as_first and as_second:
        return None
    if not as_first and not as_second:
        raise ValueError(
            f"a preference of {preference} comes from neither order of log-probabilities "
            f"{logprob_first} and {logprob_second}"
        )
    return as_first


def win_rate(preferences: ArrayLike) -> WinRate | None:
    """AlpacaEval's win rates of ``preferences`` (n,) in 0..1, NaN where there is none.

    None where all are missing.

    Raises:
        ValueError: a preference outside 0..1.
    """
    given = np.asarray(preferences, dtype=float)
    known = given[~np.isnan(given)]
    if not known.size:
        return None
    if known.min() < 0 or known.max() > 1:
        raise ValueError("preferences are probabilities in 0..1 (AlpacaEval stores them plus 1)")
    wins, losses = int((known > 0.5).sum()), int((known < 0.5).sum())
    draws = known.size - wins - losses
    error = float(known.std(ddof=1)) / math.sqrt(known.size) if known.size > 1 else None
    return WinRate(
        win_rate=float(known.mean()),
        standard_error=error,
        discrete_win_rate=(wins + draws / 2) / known.size,
        n_wins=wins,
        n_losses=losses,
        n_draws=draws,
        n=known.size,
        n_missing=given.size - known.size,
    )
