"""Two models at a time: how likely one beats the other, and which two should meet next."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.errors import ConfigError
from evalsuite.judging.outcomes import OUTCOME_MODELS
from evalsuite.judging.ratings import Ratings, critical_value

Floats = NDArray[np.float64]


def win_probabilities(ratings: Ratings) -> pd.DataFrame:
    """Every ordered pair of models, covariates at 0 (equal lengths, neither shown first).

    Columns: ``a``, ``b``; ``expected_score`` of a (chance to win plus half the chance to tie) with
    ``low`` and ``high``; ``win``, ``tie``, ``loss`` (missing where ties count as half, since no
    probability of a tie is modelled); ``better``, the confidence that a is the better one (one
    minus the one-sided p value). Intervals are those of the difference in rating, which knows of
    the covariance of both, with the tie parameter at its estimate. Pairs from different parts,
    which nothing compares, have missing values.
    """
    from scipy.special import stdtr

    k = len(ratings.models)
    a, b = np.divmod(np.arange(k * k), k)
    a, b = a[a != b], b[a != b]
    known = ratings.parts[a] == ratings.parts[b]
    d = np.where(known, ratings.parameters[a] - ratings.parameters[b], 0.0)
    se = np.sqrt(_difference_variances(ratings.covariance[:k, :k])[a, b])
    half = critical_value(ratings.intervals.level, ratings.freedom) * se
    chances = _chances(ratings, d)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(se > 0, d / se, np.sign(d) * np.inf)
    modelled = ratings.ties != "half"
    table = pd.DataFrame(
        {
            "expected_score": _expected_score(ratings, d),
            "low": _expected_score(ratings, d - half),
            "high": _expected_score(ratings, d + half),
            "win": chances[0] if modelled else np.nan,
            "tie": chances[1] if modelled else np.nan,
            "loss": chances[2] if modelled else np.nan,
            "better": stdtr(ratings.freedom, z),
        }
    )
    names = np.array(ratings.models, dtype=object)
    table[~known] = np.nan
    return pd.concat([pd.DataFrame({"a": names[a], "b": names[b]}), table], axis=1)


def next_pairs(ratings: Ratings, n: int = 1) -> pd.DataFrame:
    """Which ``n`` battles to have judged next to learn most about the ratings.

    Parts that never met are joined first. Then, one after the other, the pair whose battle
    lowers the mean variance of the ratings most (A-optimal design: Pukelsheim 1993), each counted
    as judged before the next is chosen: uncertain models, met by opponents near their strength.

    Columns: ``a``, ``b``, ``gain`` (rating points squared by which the mean variance falls; missing
    where it was unbounded), ``reason``.

    Raises:
        ConfigError: ``n`` below 1.
    """
    if n < 1:
        raise ConfigError(f"{n} next pairs: ask for 1 or more")
    k = len(ratings.models)
    rows = _joining(ratings)[:n]
    d = ratings.parameters[:k, None] - ratings.parameters[None, :k]
    information = _information(ratings, d)
    information[ratings.parts[:, None] != ratings.parts[None, :]] = 0.0
    information[np.tril_indices(k)] = 0.0
    covariance = ratings.inverse_information[:k, :k].copy()
    unit = ratings.scale.points_per_log_odds**2 / k
    while len(rows) < n:
        spread = _difference_variances(covariance)
        moved = _difference_variances(covariance @ covariance)
        gain = information * moved / (1 + information * spread)
        i, j = (int(index) for index in np.unravel_index(int(gain.argmax()), gain.shape))
        rows.append((ratings.models[i], ratings.models[j], unit * gain[i, j], "most informative"))
        column = covariance[:, i] - covariance[:, j]
        weight = information[i, j] / (1 + information[i, j] * spread[i, j])
        covariance -= weight * np.outer(column, column)
    return pd.DataFrame(rows, columns=["a", "b", "gain", "reason"])


def _joining(ratings: Ratings) -> list[tuple[str, str, float, str]]:
    """A battle from the first part to each other one, between their most battle-tried models."""
    best = ratings.table.sort_values(["part", "battles"], ascending=[True, False], kind="stable")
    tried = best.groupby("part")["model"].first().tolist()
    return [(tried[0], other, float("nan"), "joins two parts") for other in tried[1:]]


def _difference_variances(covariance: Floats) -> Floats:
    own = np.diag(covariance)
    return np.asarray(np.maximum(own[:, None] + own[None, :] - 2 * covariance, 0.0))


def _chances(ratings: Ratings, d: Floats) -> Floats:
    """(3, ...) probabilities of win, tie, loss; the middle one means nothing for ties as half."""
    t = ratings.parameters[-1:] if ratings.ties != "half" else np.zeros(1)
    return np.exp(OUTCOME_MODELS[ratings.ties].log_likelihoods(d, t))


def _expected_score(ratings: Ratings, d: Floats) -> Floats:
    win, tie, _ = _chances(ratings, d)
    return win if ratings.ties == "half" else np.asarray(win + 0.5 * tie)


def _information(ratings: Ratings, d: Floats) -> Floats:
    """Expected information of one battle about the difference ``d``."""
    chances = _chances(ratings, d)
    if ratings.ties == "half":
        return np.asarray(chances[0] * chances[2])
    t = ratings.parameters[-1:]
    return np.asarray((chances * OUTCOME_MODELS[ratings.ties].curvatures(d, t).dd).sum(axis=0))
