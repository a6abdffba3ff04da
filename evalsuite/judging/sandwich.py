"""Covariance of ratings that does not trust the model: the sandwich, by battles or by clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evalsuite.judging.battles import Battles
from evalsuite.judging.cells import Cells
from evalsuite.judging.likelihood import Fit
from evalsuite.judging.outcomes import OutcomeModel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PAIR_COST = 200
"""A pair of battles costs as much as this many multiplications of a dense matrix product."""
PAIR_BLOCK = 50_000
"""Battles paired at once with those behind them."""
DENSE_BLOCK = 4_000_000
"""Summed scores held at once, clusters x models (32 MB)."""


def sandwich(
    fit: Fit, cells: Cells, model: OutcomeModel, battles: Battles, *, clustered: bool
) -> Floats:
    """(P, P) robust covariance of the parameters, in log-odds.

    ``inverse @ (sum of outer products of scores) @ inverse``: Huber (1967), White (1982); with
    scores summed by cluster first, Liang & Zeger (1986). Battles judged on the same prompt share
    its luck: treated as independent, their intervals are too narrow. The small-sample factors are
    n / (n - P), and G / (G - 1) more for G clusters; and the scores' variance is that of the data
    and of one battle (or cluster) more as the model expects it, information / n (or / G), so that
    a handful that all agree is not called certain.

    Where a ridge was needed (``fit.ridge``), a rating without a finite maximum has scores near 0,
    and a sandwich would call it certain; each variance is then at least that of the posterior
    under the ridge as a prior (Laplace).
    """
    d, t = cells.log_odds(fit.parameters), cells.tie_parameter(fit.parameters)
    by_d, by_t = model.slopes(d, t)
    n = units = len(battles)
    factor = n / max(n - cells.n_parameters, 1)
    if clustered and battles.cluster is not None:
        units = battles.n_clusters
        meat = _cluster_meat(cells, battles, by_d, by_t)
        factor *= units / max(units - 1, 1)
    else:
        meat = cells.matrix(
            *(
                np.einsum("oc,oc->c", cells.squares, one * other)
                for one, other in ((by_d, by_d), (by_d, by_t), (by_t, by_t))
            )
        )
    meat += cells.matrix(
        *(np.einsum("oc,oc->c", cells.counts / units, one) for one in model.curvatures(d, t))
    )
    if not fit.ridge:
        return np.asarray(factor * fit.inverse @ meat @ fit.inverse)
    models = range(cells.n_models)
    meat[models, models] += fit.ridge
    return at_least(factor * fit.inverse @ meat @ fit.inverse, np.diag(fit.inverse))


def at_least(covariance: Floats, variances: Floats) -> Floats:
    """``covariance`` stretched, correlations kept, to variances no smaller than ``variances``."""
    own = np.diag(covariance)
    stretch = np.sqrt(np.maximum(variances, own) / np.where(own > 0, own, 1.0))
    return np.asarray(covariance * np.outer(stretch, stretch))


def _cluster_meat(cells: Cells, battles: Battles, by_d: Floats, by_t: Floats) -> Floats:
    """(P, P) sum over clusters of the outer product of the cluster's summed score."""
    assert battles.cluster is not None
    n_cells, models, n_clusters = by_d.shape[1], cells.n_models, battles.n_clusters
    order = _by_cluster(battles.cluster)
    spot = (battles.result * n_cells + cells.of)[order]
    cluster = np.repeat(np.arange(n_clusters), np.bincount(battles.cluster))
    weight = 1.0 if battles.weight is None else battles.weight[order]
    score = by_d.ravel()[spot] * weight
    first, second = np.tile(cells.first, 3)[spot], np.tile(cells.second, 3)[spot]
    others = [np.bincount(cluster, score * x) for x in battles.covariates[order].T]
    if cells.has_tie_parameter:
        others.append(np.bincount(cluster, by_t.ravel()[spot] * weight))
    out = np.zeros((cells.n_parameters, cells.n_parameters))
    for column, other in enumerate(others, start=models):
        product = score * other[cluster]
        out[:models, column] = np.bincount(first, product, models)
        out[:models, column] -= np.bincount(second, product, models)
        out[column, :models] = out[:models, column]
        out[column, models:] = [other @ another for another in others]
    sizes = np.bincount(battles.cluster)
    follow = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(order)) - 1
    if PAIR_COST * float(follow.sum()) < n_clusters * models**2:
        out[:models, :models] = _by_pairs(first, second, score, follow, models)
    else:
        out[:models, :models] = _by_sums(first, second, score, cluster, models)
    return out


def _by_pairs(
    first: Integers, second: Integers, score: Floats, follow: Integers, models: int
) -> Floats:
    """(K, K) products of summed rating scores, pair by pair of battles; best for small clusters.

    Battles are sorted by cluster; ``follow`` says how many of the same cluster follow each.
    """
    same, crossed = np.zeros(models * models), np.zeros(models * models)
    for begin in range(0, len(score), PAIR_BLOCK):
        here = begin + np.flatnonzero(follow[begin : begin + PAIR_BLOCK])
        lag = 1
        while len(here):
            there = here + lag
            product = score[here] * score[there]
            row, other_row = first[here] * models, second[here] * models
            column, other_column = first[there], second[there]
            same += np.bincount(row + column, product, models * models)
            same += np.bincount(other_row + other_column, product, models * models)
            crossed += np.bincount(row + other_column, product, models * models)
            crossed += np.bincount(other_row + column, product, models * models)
            lag += 1
            here = here[follow[here] >= lag]
    between = (same - crossed).reshape(models, models)
    square = score**2
    own = np.bincount(first, square, models) + np.bincount(second, square, models)
    met = np.bincount(first * models + second, square, models * models).reshape(models, models)
    return np.asarray(between + between.T + np.diag(own) - met - met.T)


def _by_sums(
    first: Integers, second: Integers, score: Floats, cluster: Integers, models: int
) -> Floats:
    """(K, K) products of summed rating scores, a dense block of clusters at a time."""
    out = np.zeros((models, models))
    n_clusters = int(cluster[-1]) + 1
    step = max(1, min(DENSE_BLOCK // models, n_clusters))
    for start in range(0, n_clusters, step):
        begin, end = np.searchsorted(cluster, [start, start + step])
        here = slice(begin, end)
        rows = (cluster[here] - start) * models
        scores = np.bincount(rows + first[here], score[here], step * models)
        scores -= np.bincount(rows + second[here], score[here], step * models)
        scores = scores.reshape(step, models)
        out += scores.T @ scores
    return out


def _by_cluster(cluster: Integers) -> Integers:
    """(n,) order that sorts ``cluster``: a conversion to CSR is a counting sort, n steps."""
    from scipy.sparse import coo_array

    n = len(cluster)
    column = np.arange(n)
    table = coo_array((column, (cluster, column)), shape=(int(cluster.max()) + 1, n)).tocsr()
    return np.asarray(table.data)
