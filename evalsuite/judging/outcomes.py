"""What makes a win, a tie or a loss likely: three models of one battle.

Each is a likelihood of the three results given ``d``, the log-odds of a over b (difference of
ratings plus covariates), and for two of them a tie parameter ``t``:

- ``half``: Bradley & Terry (1952), a tie counted as half a win and half a loss (a quasi-
  likelihood: no probability is given to a tie). ``P(win) = 1 / (1 + exp(-d))``. No ``t``.
- ``davidson``: Davidson (1970), JASA 65. win : tie : loss = exp(d/2) : nu : exp(-d/2), t = log nu.
- ``rao_kupper``: Rao & Kupper (1967), JASA 62. P(win) = 1 / (1 + exp(t - d)), P(loss) the same
  with -d, the rest a tie; t = log theta > 0 is the least log-odds that a judge can tell apart.

Arrays have shape (3, ...), in the order win, tie, loss; ``d`` has shape (...), and ``t`` is a
number or broadcasts against ``d``. All log-likelihoods are concave in (d, t).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ties = Literal["half", "davidson", "rao_kupper"]


class Slopes(NamedTuple):
    """Derivatives of the log-likelihood of each result by d and by t, each (3, ...)."""

    d: Floats
    t: Floats


class Curvatures(NamedTuple):
    """Negative second derivatives of the log-likelihood of each result, each (3, ...)."""

    dd: Floats
    dt: Floats
    tt: Floats


@dataclass(frozen=True, kw_only=True)
class OutcomeModel:
    """Log-likelihoods of one battle's results, and their derivatives.

    ``first_t`` gives the tie parameter of two equal models from the share of ties; it is None for
    a model without one.
    """

    name: Ties
    log_likelihoods: Callable[[Floats, Floats], Floats]
    slopes: Callable[[Floats, Floats], Slopes]
    curvatures: Callable[[Floats, Floats], Curvatures]
    first_t: Callable[[float], float] | None


def _sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def _log_sigmoid(x: Floats) -> Floats:
    return np.asarray(-np.logaddexp(0.0, -x))


def _half_log_likelihoods(d: Floats, t: Floats) -> Floats:
    win, loss = _log_sigmoid(d), _log_sigmoid(-d)
    return np.stack([win, 0.5 * (win + loss), loss])


def _half_slopes(d: Floats, t: Floats) -> Slopes:
    p = _sigmoid(d)
    slopes = np.stack([1 - p, 0.5 - p, -p])
    return Slopes(slopes, np.broadcast_to(0.0, slopes.shape))


def _half_curvatures(d: Floats, t: Floats) -> Curvatures:
    p = _sigmoid(d)
    dd = np.broadcast_to(p * (1 - p), (3, *p.shape))
    nothing = np.broadcast_to(0.0, dd.shape)
    return Curvatures(dd, nothing, nothing)


def _davidson_probabilities(d: Floats, t: Floats) -> Floats:
    return np.exp(_davidson_log_likelihoods(d, t))


def _davidson_log_likelihoods(d: Floats, t: Floats) -> Floats:
    logits = np.stack([0.5 * d, np.broadcast_to(t, np.shape(d)), -0.5 * d])
    top = logits.max(axis=0)
    return np.asarray(logits - top - np.log(np.exp(logits - top).sum(axis=0)))


def _davidson_slopes(d: Floats, t: Floats) -> Slopes:
    win, tie, loss = _davidson_probabilities(d, t)
    mean = 0.5 * (win - loss)
    return Slopes(np.stack([0.5 - mean, -mean, -0.5 - mean]), np.stack([-tie, 1 - tie, -tie]))


def _davidson_curvatures(d: Floats, t: Floats) -> Curvatures:
    win, tie, loss = _davidson_probabilities(d, t)
    mean = 0.5 * (win - loss)
    shape = (3, *np.shape(win))
    return Curvatures(
        np.broadcast_to(0.25 * (win + loss) - mean**2, shape),
        np.broadcast_to(-mean * tie, shape),
        np.broadcast_to(tie * (1 - tie), shape),
    )


def _rao_kupper_log_likelihoods(d: Floats, t: Floats) -> Floats:
    win, loss = _log_sigmoid(d - t), _log_sigmoid(-d - t)
    with np.errstate(invalid="ignore", divide="ignore"):  # t <= 0 is outside: not a number
        tie = win + loss + 2 * t + np.log(-np.expm1(-2 * t))
    return np.stack([win, tie, loss])


def _rao_kupper_slopes(d: Floats, t: Floats) -> Slopes:
    not_win, not_loss = _sigmoid(t - d), _sigmoid(t + d)
    of_tie = -2 / np.expm1(-2 * t) - not_win - not_loss
    return Slopes(
        np.stack([not_win, not_win - not_loss, -not_loss]), np.stack([-not_win, of_tie, -not_loss])
    )


def _rao_kupper_curvatures(d: Floats, t: Floats) -> Curvatures:
    not_win, not_loss = _sigmoid(t - d), _sigmoid(t + d)
    win, loss = not_win * (1 - not_win), not_loss * (1 - not_loss)
    of_tie = win + loss + 1 / np.sinh(t) ** 2
    return Curvatures(
        np.stack([win, win + loss, loss]),
        np.stack([-win, loss - win, loss]),
        np.stack([win, of_tie, loss]),
    )


OUTCOME_MODELS = {
    "half": OutcomeModel(
        name="half",
        log_likelihoods=_half_log_likelihoods,
        slopes=_half_slopes,
        curvatures=_half_curvatures,
        first_t=None,
    ),
    "davidson": OutcomeModel(
        name="davidson",
        log_likelihoods=_davidson_log_likelihoods,
        slopes=_davidson_slopes,
        curvatures=_davidson_curvatures,
        first_t=lambda share: float(np.log(2 * share / (1 - share))),
    ),
    "rao_kupper": OutcomeModel(
        name="rao_kupper",
        log_likelihoods=_rao_kupper_log_likelihoods,
        slopes=_rao_kupper_slopes,
        curvatures=_rao_kupper_curvatures,
        first_t=lambda share: float(2 * np.arctanh(share)),
    ),
}
