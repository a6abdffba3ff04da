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

DENSE_SCORES = 20_000_000
"""Cluster scores are summed in a dense array up to this many numbers (160 MB), else in a sparse."""


def sandwich(
    fit: Fit, cells: Cells, model: OutcomeModel, battles: Battles, *, clustered: bool
) -> Floats:
    """(P, P) robust covariance of the parameters, in log-odds.

    ``inverse @ (sum of outer products of scores) @ inverse``: Huber (1967), White (1982); with
    scores summed by cluster first, Liang & Zeger (1986). Battles judged on the same prompt share
    its luck: treated as independent, their intervals are too narrow. The small-sample factors are
    n / (n - P), and G / (G - 1) more for G clusters.

    Where a ridge was needed (``fit.ridge``), a rating without a finite maximum has scores near 0,
    and a sandwich would call it certain; each variance is then at least that of the posterior
    under the ridge as a prior (Laplace).
    """
    d, t = cells.log_odds(fit.parameters), cells.tie_parameter(fit.parameters)
    by_d, by_t = model.slopes(d, t)
    n = len(battles)
    factor = n / max(n - cells.n_parameters, 1)
    if clustered and battles.cluster is not None:
        meat = _cluster_meat(cells, battles, by_d, by_t)
        factor *= battles.n_clusters / max(battles.n_clusters - 1, 1)
    else:
        meat = cells.matrix(
            *(
                np.einsum("oc,oc->c", cells.squares, one * other)
                for one, other in ((by_d, by_d), (by_d, by_t), (by_t, by_t))
            )
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
    cluster, n_clusters, models = battles.cluster, battles.n_clusters, cells.n_models
    spot = battles.result * by_d.shape[1] + cells.of
    score_d = by_d.ravel()[spot]
    if battles.weight is not None:
        score_d = score_d * battles.weight
    others = [
        np.bincount(cluster, score_d * column, n_clusters) for column in battles.covariates.T
    ]
    if cells.has_tie_parameter:
        score_t = np.ascontiguousarray(by_t).ravel()[spot]
        if battles.weight is not None:
            score_t = score_t * battles.weight
        others.append(np.bincount(cluster, score_t, n_clusters))
    rest = np.stack(others, axis=1) if others else np.empty((n_clusters, 0))
    ratings, cross = _rating_products(battles, score_d, rest, models)
    return np.block([[ratings, cross], [cross.T, rest.T @ rest]])


def _rating_products(
    battles: Battles, score: Floats, rest: Floats, models: int
) -> tuple[Floats, Floats]:
    """Products of the clusters' (G, K) rating scores with themselves and with ``rest``."""
    assert battles.cluster is not None
    cluster, n_clusters = battles.cluster, battles.n_clusters
    if n_clusters * models <= DENSE_SCORES:
        flat = cluster * models
        scores = np.bincount(flat + battles.first, score, n_clusters * models)
        scores -= np.bincount(flat + battles.second, score, n_clusters * models)
        scores = scores.reshape(n_clusters, models)
        return scores.T @ scores, scores.T @ rest
    from scipy.sparse import coo_array

    sparse = coo_array(
        (
            np.concatenate([score, -score]),
            (np.concatenate([cluster, cluster]), np.concatenate([battles.first, battles.second])),
        ),
        shape=(n_clusters, models),
    ).tocsr()
    return (sparse.T @ sparse).toarray(), np.asarray(sparse.T @ rest)
