"""Battles counted: equal battles are one cell, so that a fit costs cells and not battles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.judging.battles import Battles

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FEW_VALUES = 64
"""A covariate with more distinct values than this is taken for continuous: cells would not help."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """C kinds of battle (pair and covariates) of K models with p covariates, and their results.

    Attributes:
        n_models: K.
        first: (C,) index of a model.
        second: (C,) index of a model, larger than ``first``.
        covariates: (C, p).
        counts: (3, C) weight of wins, ties and losses of ``first``.
        squares: (3, C) sums of squared weights; the counts where every battle weighs 1.
        of: (n,) cell of each battle.
        has_tie_parameter: whether the parameters end with one.
    """

    n_models: int
    first: Integers
    second: Integers
    covariates: Floats
    counts: Floats
    squares: Floats
    of: Integers
    has_tie_parameter: bool

    @property
    def n_parameters(self) -> int:
        """P = K ratings, then p covariates, then the tie parameter."""
        return self.n_models + int(self.covariates.shape[1]) + self.has_tie_parameter

    def log_odds(self, parameters: Floats) -> Floats:
        """(..., C) log-odds of first over second for parameters (..., P)."""
        ratings = parameters[..., : self.n_models]
        effects = parameters[..., self.n_models : self.n_models + self.covariates.shape[1]]
        d = ratings[..., self.first] - ratings[..., self.second]
        return d + effects @ self.covariates.T if self.covariates.shape[1] else d

    def tie_parameter(self, parameters: Floats) -> Floats:
        """(..., 1) tie parameter, 0 where the model has none; broadcasts against log-odds."""
        if self.has_tie_parameter:
            return parameters[..., -1:]
        return np.zeros((*parameters.shape[:-1], 1))

    def directions(self) -> csr_array[np.float64, tuple[int, int]]:
        """(C, P) sparse derivatives of each cell's log-odds by the parameters."""
        from scipy.sparse import csr_array, hstack

        n_cells, p = self.covariates.shape
        row = np.arange(n_cells)
        ones = np.ones(n_cells)
        pairs = csr_array(
            (
                np.concatenate([ones, -ones]),
                (np.concatenate([row, row]), np.concatenate([self.first, self.second])),
            ),
            shape=(n_cells, self.n_models),
        )
        rest = np.zeros((n_cells, p + self.has_tie_parameter))
        rest[:, :p] = self.covariates
        return csr_array(hstack([pairs, csr_array(rest)]))

    def gradient(self, by_d: Floats, by_t: Floats) -> Floats:
        """(P,) derivatives by the parameters from those by d and t in each cell, (C,) each."""
        parts = [self._difference(by_d), self.covariates.T @ by_d]
        if self.has_tie_parameter:
            parts.append(by_t.sum(keepdims=True))
        return np.concatenate(parts)

    def matrix(self, dd: Floats, dt: Floats, tt: Floats) -> Floats:
        """(P, P) sum over cells of the outer products that weights (C,) by d and t stand for."""
        models, x = self.n_models, self.covariates
        size = self.n_parameters
        out = np.zeros((size, size))
        pairs = np.bincount(self.first * models + self.second, dd, models * models)
        between = pairs.reshape(models, models)
        between = between + between.T
        out[:models, :models] = np.diag(between.sum(axis=1)) - between
        effects = slice(models, models + x.shape[1])
        for column in range(x.shape[1]):
            out[:models, models + column] = self._difference(dd * x[:, column])
        out[effects, effects] = x.T @ (dd[:, None] * x)
        if self.has_tie_parameter:
            out[:models, -1] = self._difference(dt)
            out[effects, -1] = x.T @ dt
            out[-1, -1] = tt.sum()
        upper = np.triu(out, 1)
        return np.asarray(upper + upper.T + np.diag(np.diag(out)))

    def _difference(self, values: Floats) -> Floats:
        plus = np.bincount(self.first, values, self.n_models)
        return np.asarray(plus - np.bincount(self.second, values, self.n_models))


def count_cells(battles: Battles, *, has_tie_parameter: bool) -> Cells:
    """Count battles by pair, covariates and result.

    Battles with a continuous covariate are a cell each.
    """
    models = len(battles.models)
    pair = battles.first * models + battles.second
    key: Integers | None = pair
    for column in battles.covariates.T:
        codes, values = pd.factorize(column)
        key = key * len(values) + codes if key is not None and len(values) <= FEW_VALUES else None
    if key is None:
        of = np.arange(len(battles))
        some_battle = of
    elif key is pair:
        present = np.flatnonzero(np.bincount(pair, minlength=models * models))
        cell_of_pair = np.zeros(models * models, dtype=np.int64)
        cell_of_pair[present] = np.arange(len(present))
        of = cell_of_pair[pair]
    else:
        _, some_battle, of = np.unique(key, return_index=True, return_inverse=True)
    first, second = (
        (present // models, present % models)
        if key is pair
        else (battles.first[some_battle], battles.second[some_battle])
    )
    n_cells = len(first)
    spot = battles.result * n_cells + of
    weight = battles.weight
    counts: Floats = np.bincount(spot, weight, 3 * n_cells).astype(np.float64).reshape(3, -1)
    squares: Floats = counts
    if weight is not None:
        squares = np.bincount(spot, weight**2, 3 * n_cells).astype(np.float64).reshape(3, -1)
    covariates = np.empty((n_cells, 0)) if key is pair else battles.covariates[some_battle]
    return Cells(
        n_models=models,
        first=first,
        second=second,
        covariates=covariates,
        counts=counts,
        squares=squares,
        of=of,
        has_tie_parameter=has_tie_parameter,
    )
