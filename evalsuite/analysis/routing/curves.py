"""Quality over the share of calls that go to the strong model: PGR, APGR, CPT, deferral curves.

Rows are samples; a quality is 0 or 1, or any score where more is better. Formulas of PGR, APGR and
CPT: Ong et al., 2024, "RouteLLM", arXiv:2406.18665; of the deferral curve: Gupta et al., 2024,
"Language Model Cascades: Token-level uncertainty and beyond", arXiv:2404.10136.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import Floats, numbers_of
from evalsuite.analysis.intervals import LEVEL, Estimate
from evalsuite.analysis.routing.resampling import RESAMPLES, cluster_bootstrap

DECILES = 10
TARGETS = (0.2, 0.5, 0.8)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Quality where a share of the samples goes to the strong model, by ascending share in 0..1."""

    shares: tuple[float, ...]
    qualities: tuple[float, ...]


def gap_recovered(quality: float, weak: float, strong: float) -> float | None:
    """PGR: the part of the gap between ``weak`` and ``strong`` that ``quality`` closes.

    None where the strong model is not better, because there is no gap to close.
    """
    return (quality - weak) / (strong - weak) if strong > weak else None


def average_gap_recovered(curve: Curve, weak: float, strong: float) -> float | None:
    """APGR: mean PGR over the shares that ``curve`` spans, by trapezoids.

    1 / span x integral of PGR. 0.5 for random routing in expectation; above 1 for a router that
    also leaves to the weak model what only that one gets right. None where there is no gap.

    Raises:
        ValueError: the curve is a single point.
    """
    shares, qualities = np.array(curve.shares), np.array(curve.qualities)
    span = shares[-1] - shares[0]
    if span <= 0:
        raise ValueError("an average over shares needs a curve that spans some")
    return gap_recovered(float(np.trapezoid(qualities, shares) / span), weak, strong)


def call_share_for(target: float, curve: Curve, weak: float, strong: float) -> float | None:
    """CPT: the least share of strong calls at which PGR is at least ``target`` (0.5: half the gap).

    The first crossing, by linear interpolation; curves need not rise all the way (``np.interp`` on
    qualities, as in RouteLLM's code, is wrong where they do not). None where it is not reached.
    """
    if strong <= weak:
        return None
    wanted = weak + target * (strong - weak)
    before: tuple[float, float] | None = None
    for share, quality in zip(curve.shares, curve.qualities, strict=True):
        if quality >= wanted:
            if before is None or quality == before[1]:
                return share
            part = (wanted - before[1]) / (quality - before[1])
            return before[0] + part * (share - before[0])
        before = share, quality
    return None


def routing_curve(
    scores: ArrayLike,
    weak: ArrayLike,
    strong: ArrayLike,
    *,
    edges: int = DECILES,
    weights: ArrayLike | None = None,
) -> Curve:
    """The curve of a router that sends a sample to the strong model where its score is high.

    Thresholds are the quantiles of ``scores`` (n,) at 0, 1/edges, ... 1, as RouteLLM takes them: a
    sample goes to the strong model at or above a threshold, above the last one only, so the curve
    runs from share 0 to share 1. Fewer points where scores tie.

    Args:
        scores: how much the router wants the strong model, of each sample (n,).
        weak: quality of the weak model's answers (n,).
        strong: quality of the strong model's answers (n,).
        edges: into how many parts the scores are cut.
        weights: how often each row counts (n,), whole numbers; once by default.
    """
    rank, small, large = _rows(scores=scores, weak=weak, strong=strong)
    if weights is not None:
        times = np.asarray(weights).astype(int)
        rank, small, large = (np.repeat(column, times) for column in (rank, small, large))
    thresholds = np.unique(np.quantile(rank, np.linspace(0, 1, edges + 1)))
    points = {(1.0, float(large.mean()))}
    for threshold in thresholds:
        last = threshold == thresholds[-1]
        to_strong = rank > threshold if last else rank >= threshold
        quality = float(np.where(to_strong, large, small).mean())
        points.add((float(to_strong.mean()), quality))
    ordered = sorted(points)
    return Curve(
        shares=tuple(share for share, _ in ordered),
        qualities=tuple(quality for _, quality in ordered),
    )


def best_curve(weak: ArrayLike, strong: ArrayLike, *, edges: int = DECILES) -> Curve:
    """The best that any router could do with at most each share of strong calls.

    It knows every outcome, so it is a bound and no router: strong calls go first where they gain
    most, and a call that gains nothing is not made.
    """
    small, large = _rows(weak=weak, strong=strong)
    gains = np.sort(np.maximum(large - small, 0.0))[::-1]
    total = np.concatenate([[0.0], np.cumsum(gains)])
    shares = np.linspace(0, 1, edges + 1)
    at = np.interp(shares * small.size, np.arange(small.size + 1), total)
    return Curve(
        shares=tuple(shares.tolist()),
        qualities=tuple(((small.sum() + at) / small.size).tolist()),
    )


@dataclass(frozen=True, kw_only=True)
class RouterFigures:
    """A router between a weak and a strong model, over all thresholds.

    ``apgr`` is None where the strong model is not better; a target that is not reached has None in
    ``call_shares``.
    """

    curve: Curve
    apgr: Estimate | None
    call_shares: Mapping[float, Estimate | None]


def judge_router(
    scores: ArrayLike,
    weak: ArrayLike,
    strong: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    targets: Sequence[float] = TARGETS,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> RouterFigures:
    """APGR and CPT of a router with cluster-bootstrap intervals; see ``routing_curve``.

    Weak and strong quality, thresholds and curve are found anew in each resample.
    """
    rank, small, large = _rows(scores=scores, weak=weak, strong=strong)
    labels = np.arange(rank.size) if clusters is None else clusters

    def estimate(target: float | None) -> Estimate | None:
        def figure(weight: Floats) -> float | None:
            curve = routing_curve(rank, small, large, weights=weight)
            low, high = (float((weight * q).sum() / weight.sum()) for q in (small, large))
            if target is None:
                return average_gap_recovered(curve, low, high)
            return call_share_for(target, curve, low, high)

        return cluster_bootstrap(figure, labels, seed=seed, resamples=resamples, level=level)

    return RouterFigures(
        curve=routing_curve(rank, small, large),
        apgr=estimate(None),
        call_shares={target: estimate(target) for target in targets},
    )


def recovered(
    hybrid: ArrayLike,
    weak: ArrayLike,
    strong: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    seed: int = 0,
    level: float = LEVEL,
) -> Estimate | None:
    """PGR of a hybrid from the qualities (n,) of its answers and its members' on the same samples.

    BCa cluster-bootstrap interval; None where the strong member is not better on these samples.
    """
    rows = _rows(hybrid=hybrid, weak=weak, strong=strong)
    if rows[2].mean() <= rows[1].mean():
        return None
    labels = np.arange(rows[0].size) if clusters is None else clusters

    def figure(totals: Floats) -> Floats:
        one, low, high = (totals[..., 0, k] for k in range(3))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(high > low, (one - low) / (high - low), np.nan)

    return bca(np.column_stack(rows), figure, labels, seed=seed, level=level)


@dataclass(frozen=True, kw_only=True)
class Deferral:
    """What deferring the least confident answers to a larger model is worth.

    ``auc`` is the area under quality over the deferred share, ``random`` that of deferring at
    random, ``oracle`` that of deferring first where it gains most. ``normalised`` is 0 for random
    and 1 for the oracle, None where the oracle gains nothing.
    """

    curve: Curve
    auc: float
    random: float
    oracle: float
    normalised: float | None


def deferral_curve(
    confidence: ArrayLike,
    small: ArrayLike,
    large: ArrayLike,
    *,
    weights: ArrayLike | None = None,
) -> Deferral:
    """Quality as a growing share of the least confident answers is deferred.

    Args:
        confidence: of the small model's answers (n,); NaN where there was none, which is deferred
            first. Equal ones are deferred in random order, so their stretch of the curve is
            straight.
        small: quality of the small model's answers (n,).
        large: quality of the large model's answers (n,).
        weights: how often each row counts (n,); once by default.
    """
    low, high = _rows(small=small, large=large)
    sure = np.asarray(confidence, dtype=float)
    if sure.shape != low.shape:
        raise ValueError(f"confidence must have {low.size} values, not shape {sure.shape}")
    weight = np.ones(low.size) if weights is None else numbers_of(weights, "weights")
    gain, base = high - low, float((weight * low).sum() / weight.sum())
    curve = _deferred(np.where(np.isnan(sure), -np.inf, sure), gain, weight, base)
    best = _deferred(-gain, gain, weight, base)
    auc, oracle = (
        float(np.trapezoid(np.array(one.qualities), np.array(one.shares))) for one in (curve, best)
    )
    chance = base + float((weight * gain).sum() / weight.sum()) / 2
    room = oracle - chance
    return Deferral(
        curve=curve,
        auc=auc,
        random=chance,
        oracle=oracle,
        normalised=(auc - chance) / room if room > 1e-12 else None,
    )


def deferral_auc(
    confidence: ArrayLike,
    small: ArrayLike,
    large: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Estimate | None:
    """The normalised area of ``deferral_curve`` with its cluster-bootstrap interval."""
    sure, low, high = (np.asarray(v, dtype=float) for v in (confidence, small, large))
    labels = np.arange(low.size) if clusters is None else clusters
    return cluster_bootstrap(
        lambda weight: deferral_curve(sure, low, high, weights=weight).normalised,
        labels,
        seed=seed,
        resamples=resamples,
        level=level,
    )


def _deferred(order: Floats, gain: Floats, weight: Floats, base: float) -> Curve:
    """The curve of deferring by ascending ``order``; equal ones together."""
    groups = np.unique(order, return_inverse=True)[1]
    of_group = np.bincount(groups, weights=weight)
    gained = np.bincount(groups, weights=weight * gain)
    shares = np.concatenate([[0.0], np.cumsum(of_group) / weight.sum()])
    qualities = base + np.concatenate([[0.0], np.cumsum(gained) / weight.sum()])
    return Curve(shares=tuple(shares.tolist()), qualities=tuple(qualities.tolist()))


def _rows(**columns: ArrayLike) -> list[Floats]:
    """Columns of the same length (n,), n > 0, without missing values."""
    rows = [numbers_of(values, name) for name, values in columns.items()]
    if len({row.size for row in rows}) != 1 or rows[0].size == 0:
        raise ValueError(f"{', '.join(columns)} must have one value for each sample")
    return rows
