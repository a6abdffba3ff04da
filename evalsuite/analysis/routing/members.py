"""A hybrid against its members on the same samples: gap recovered, cost share, oracle, random mix.

Ratios and differences are functions of means over samples, and their intervals BCa cluster
bootstraps. With strata (tasks), every stratum weighs the same, as in all figures over tasks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.intervals import (
    LEVEL,
    Estimate,
    clustered_mean,
    proportion,
    stratified,
)
from evalsuite.analysis.routing.resampling import RESAMPLES

Means = Callable[[Floats], Floats]
Rate = Callable[..., Estimate | None]


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """What choosing with hindsight gives: a bound for any router, and no system.

    Of each sample, the cheapest member that is right answers; where none is, the cheapest of all.
    ``usd`` is the mean cost an answer, None where a cost is unknown; members are then taken in the
    order in which they are named.
    """

    success: Estimate
    usd: Estimate | None


@dataclass(frozen=True, kw_only=True)
class AgainstMembers:
    """A hybrid beside its members, on the samples that all of them answered and were scored on.

    gap_recovered: PGR between ``weak`` and ``strong``; None where the strong one is not better.
    cost_share: spend of the hybrid over that of the strong member alone.
    random_mix: success rate of the best random mixture of members that costs no more than the
        hybrid does, and ``above_random``, the hybrid's rate minus that. Below the cheapest
        member's cost there is no mixture; the cheapest member stands in.
    Figures of cost are None where any cost is unknown.
    """

    n: int
    weak: str
    strong: str
    success: Estimate
    gap_recovered: Estimate | None
    cost_share: Estimate | None
    random_mix: Estimate | None
    above_random: Estimate | None
    oracle: Oracle


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Successes (n,) of a hybrid and (n, m) of its members, and their dollars, NaN where unknown.

    Members are in order of preference, the cheapest first. ``clusters`` and ``strata`` are (n,).
    """

    members: tuple[str, ...]
    hybrid_success: Floats
    hybrid_usd: Floats
    success: Floats
    usd: Floats
    clusters: NDArray[np.str_]
    strata: NDArray[np.str_]


def oracle_of_members(
    success: ArrayLike,
    usd: ArrayLike | None = None,
    *,
    clusters: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    level: float = LEVEL,
) -> Oracle:
    """Success rate and cost of the cheapest right member of each sample, with intervals.

    Args:
        success: 0 or 1 of each sample and member (n, m), n > 0; NaN where a member has no scored
            answer and cannot be chosen.
        usd: dollars of each of these answers (n, m); None or NaN where unknown.
        clusters: what samples share (n,); each by itself by default.
        strata: tasks (n,), each weighing the same.
        level: of the intervals.

    Raises:
        ValueError: a sample has no answer at all, or the shapes differ.
    """
    right = np.asarray(success, dtype=float)
    if right.ndim != 2 or not right.size or not np.isin(right[~np.isnan(right)], (0, 1)).all():
        raise ValueError("success must be a table (samples, members) of 0 and 1")
    if np.isnan(right).all(axis=1).any():
        raise ValueError("a sample that no member has a scored answer to has no oracle")
    paid = np.full(right.shape, np.nan) if usd is None else np.asarray(usd, dtype=float)
    if paid.shape != right.shape:
        raise ValueError(f"usd must have the shape {right.shape} of success, not {paid.shape}")
    hits, costs = _with_hindsight(right, paid)
    labels = np.arange(len(right)) if clusters is None else np.asarray(clusters)
    tasks = np.zeros(len(right)) if strata is None else np.asarray(strata)
    known = not np.isnan(costs).any()
    return Oracle(
        success=_over_strata(proportion, hits, labels, tasks, level),
        usd=_over_strata(clustered_mean, costs, labels, tasks, level) if known else None,
    )


def against_members(
    rows: Rows, *, strong: str | None = None, seed: int = 0, level: float = LEVEL
) -> AgainstMembers:
    """The figures of ``AgainstMembers``.

    The weak member is the first one, the strong one (unless named) that which is right most often,
    the earlier of equals.

    Raises:
        ValueError: no rows, or a success that is missing.
    """
    if not len(rows.hybrid_success):
        raise ValueError("nothing to compare: no sample was scored for the hybrid and its members")
    best = _best(rows) if strong is None else rows.members.index(strong)
    known = not (np.isnan(rows.hybrid_usd).any() or np.isnan(rows.usd).any())

    def estimate(figure: Means, *columns: Floats) -> Estimate:
        return _estimate(np.column_stack(columns), figure, rows, seed, level)

    weak, strongest = rows.success[:, 0], rows.success[:, best]
    gap = estimate(
        lambda means: _part(*np.moveaxis(means, -1, 0)), rows.hybrid_success, weak, strongest
    )
    dear = rows.usd[:, best]
    everything = rows.hybrid_success, rows.hybrid_usd, rows.success, rows.usd
    return AgainstMembers(
        n=len(rows.hybrid_success),
        weak=rows.members[0],
        strong=rows.members[best],
        success=_over_strata(proportion, rows.hybrid_success, rows.clusters, rows.strata, level),
        gap_recovered=None if np.isnan(gap.value) else gap,
        cost_share=estimate(lambda means: means[..., 0] / means[..., 1], rows.hybrid_usd, dear)
        if known and dear.sum() > 0
        else None,
        random_mix=estimate(_mix, *everything) if known else None,
        above_random=estimate(lambda means: means[..., 0] - _mix(means), *everything)
        if known
        else None,
        oracle=oracle_of_members(
            rows.success, rows.usd, clusters=rows.clusters, strata=rows.strata, level=level
        ),
    )


def mixed(qualities: Floats, costs: Floats, budget: Floats) -> Floats:
    """The best quality (...) that mixing members (..., m) at random gives for a ``budget`` (...).

    At most two members make the best mixture, so all pairs are tried. A budget below the cheapest
    member buys the cheapest member.
    """
    spend = np.maximum(budget, costs.min(axis=-1))
    affordable = costs <= spend[..., None]
    best = np.where(affordable, qualities, -np.inf).max(axis=-1)
    m = qualities.shape[-1]
    for i in range(m):
        for j in range(m):
            low, high = costs[..., i], costs[..., j]
            between = (low <= spend) & (spend < high)
            width = np.where(between, high - low, 1.0)
            part = np.where(between, spend - low, 0.0) / width
            line = qualities[..., i] + part * (qualities[..., j] - qualities[..., i])
            best = np.where(between, np.maximum(best, line), best)
    return np.asarray(best)


def random_deferral(
    small: ArrayLike, large: ArrayLike, share: float, *, small_usd: float, large_usd: float
) -> tuple[float, float]:
    """Quality and cost an answer of a cascade that defers ``share`` of its answers at random.

    Unlike a random mixture it pays for the small model on every sample: what a cascade's signal
    must beat at the same escalated share.

    Args:
        small: quality of the small model's answers (n,).
        large: quality of the large model's answers (n,).
        share: of the answers that are deferred, 0 to 1.
        small_usd: mean cost of an answer of the small model.
        large_usd: mean cost of an answer of the large one.

    Raises:
        ValueError: a share outside 0..1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    low, high = float(np.mean(np.asarray(small, float))), float(np.mean(np.asarray(large, float)))
    return (1 - share) * low + share * high, small_usd + share * large_usd


def _with_hindsight(right: Floats, paid: Floats) -> tuple[Floats, Floats]:
    """Success and dollars (n,) of the cheapest right member of each sample."""
    answered = ~np.isnan(right)
    best = np.nanmax(right, axis=1)
    priced = not np.isnan(paid[answered]).any()
    order = np.broadcast_to(np.arange(right.shape[1], dtype=float), right.shape)
    # NaN equals nothing, so a member without an answer is never chosen.
    price = np.where(right == best[:, None], paid if priced else order, np.inf)
    chosen = price.argmin(axis=1)[:, None]
    taken = np.take_along_axis(paid, chosen, axis=1)[:, 0]
    return best, taken if priced else np.full(len(right), np.nan)


def _best(rows: Rows) -> int:
    """The member that is right most often, every stratum weighing the same."""
    rates = [
        [float(rows.success[rows.strata == s, k].mean()) for s in np.unique(rows.strata)]
        for k in range(len(rows.members))
    ]
    means = [sum(of_strata) / len(of_strata) for of_strata in rates]
    return means.index(max(means))


def _part(one: Floats, low: Floats, high: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(high > low, (one - low) / (high - low), np.nan)


def _mix(means: Floats) -> Floats:
    """The random mixture at the hybrid's cost, of means as ``against_members`` lines them up."""
    m = (means.shape[-1] - 2) // 2
    return mixed(means[..., 2 : m + 2], means[..., m + 2 :], means[..., 1])


def _over_strata(
    estimate: Rate, values: Floats, clusters: ArrayLike, strata: ArrayLike, level: float
) -> Estimate:
    """The mean over strata of ``estimate`` of each."""
    labels, tasks = np.asarray(clusters), np.asarray(strata)
    parts = []
    for task in np.unique(tasks):
        part = estimate(values[tasks == task], labels[tasks == task], level=level)
        assert part is not None  # the task has rows
        parts.append(part)
    return stratified(parts, [1.0] * len(parts))


def _estimate(table: Floats, figure: Means, rows: Rows, seed: int, level: float) -> Estimate:
    """``figure`` of the column means of ``table`` (n, k), strata weighing the same."""

    def of_totals(totals: Floats) -> Floats:
        return figure((totals[..., :-1] / totals[..., -1:]).mean(axis=-2))

    found = bca(
        np.column_stack([table, np.ones(len(table))]),
        of_totals,
        rows.clusters,
        strata=rows.strata,
        seed=seed,
        resamples=RESAMPLES,
        level=level,
    )
    assert found is not None  # there are rows
    return found
