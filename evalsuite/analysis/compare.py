"""Systems against each other: the Pareto set, and pairs on the samples that both answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Codes, Floats, cluster_codes
from evalsuite.analysis.intervals import Estimate, ratio_of_sums
from evalsuite.analysis.measure import base_tasks, cluster_labels, numbers
from evalsuite.analysis.multiplicity import holm
from evalsuite.analysis.paired import PairedDifference, paired_difference

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
LINED_UP = ("system", "task", "sample_id", "repeat", "cluster", "success", "usd")
"""The columns of responses that ``line_up`` takes."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """System ``a`` against system ``b`` on the same samples.

    ``success`` is over the ``n_pairs`` samples (and repeats) that were scored for both, every task
    weighing the same, in however many ways it was asked; None where there are none. ``a_rate`` and
    ``b_rate`` are the rates on these very pairs. ``usd_ratio`` is a's spend over b's on the
    ``n_both_attempted`` that both attempted, None where any of it is unknown. ``adjusted_p`` is
    Holm's over the ``n_comparisons`` made.
    """

    a: str
    b: str
    n_pairs: int
    n_both_attempted: int
    n_tasks: int
    a_rate: float | None
    b_rate: float | None
    success: PairedDifference | None
    usd_ratio: Estimate | None
    adjusted_p: float | None
    n_comparisons: int

    @property
    def distinguishable(self) -> bool:
        """Whether the difference in success is more than chance, all comparisons considered.

        Needs both the corrected permutation test and an interval that leaves out 0, so that a
        sentence never says one thing and its interval another.
        """
        return (
            self.adjusted_p is not None and self.adjusted_p < ALPHA and self.interval_leaves_out_0
        )

    @property
    def interval_leaves_out_0(self) -> bool:
        """Whether the uncorrected interval of the difference lies on one side of 0."""
        if self.success is None:
            return False
        low, high = self.success.difference.low, self.success.difference.high
        return low is not None and high is not None and (low > 0 or high < 0)


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Successes and dollars of every system on every (task, sample, repeat), side by side.

    ``success`` and ``usd`` are (n, systems), NaN where unknown; ``attempted`` (n, systems) tells
    unknown from never asked. ``tasks`` (n,) are names; ``base_tasks`` (n,), without the way they
    were asked, and ``clusters`` (n,) are labels of any kind, quickest as whole numbers.
    """

    systems: tuple[str, ...]
    tasks: NDArray[np.object_]
    base_tasks: NDArray[Any]
    clusters: NDArray[Any]
    success: Floats
    usd: Floats
    attempted: NDArray[np.bool_]


def line_up(responses: pd.DataFrame) -> Outcomes:
    """Put all systems' ``responses`` (as of ``evalsuite.store``) side by side."""
    import pandas as pd

    column, systems = pd.factorize(responses["system"], sort=True)
    of_task, tasks = pd.factorize(responses["task"], sort=True)
    items = of_task.astype(np.int64)
    for name in ("sample_id", "repeat"):
        codes, found = pd.factorize(responses[name], sort=True)
        items = items * max(1, len(found)) + codes
    _, first, row = np.unique(items, return_index=True, return_inverse=True)
    shape = (len(first), len(systems))
    success, usd, attempted = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, bool)
    success[row, column] = numbers(responses, "success")
    usd[row, column] = numbers(responses, "usd")
    attempted[row, column] = True
    return Outcomes(
        systems=tuple(map(str, systems)),
        tasks=np.array([str(task) for task in tasks], dtype=object)[of_task[first]],
        base_tasks=base_tasks(responses)[first],
        clusters=cluster_labels(responses)[first],
        success=success,
        usd=usd,
        attempted=attempted,
    )


def within(outcomes: Outcomes, tasks: Sequence[str]) -> Outcomes:
    """The part of ``outcomes`` that belongs to ``tasks``."""
    rows = np.zeros(len(outcomes.tasks), dtype=bool)
    for task in tasks:
        rows |= outcomes.tasks == task
    return replace(
        outcomes,
        tasks=outcomes.tasks[rows],
        base_tasks=outcomes.base_tasks[rows],
        clusters=outcomes.clusters[rows],
        success=outcomes.success[rows],
        usd=outcomes.usd[rows],
        attempted=outcomes.attempted[rows],
    )


def compare(
    outcomes: Outcomes, pairs: Sequence[tuple[str, str]], *, seed: int = 0
) -> tuple[Comparison, ...]:
    """Compare each (a, b) of ``pairs``; p-values are corrected for all of them together."""
    found = [_pair(outcomes, a, b, seed) for a, b in pairs]
    tested = [index for index, item in enumerate(found) if item.success is not None]
    adjusted = holm([item.success.p_value for item in found if item.success is not None])
    by_index = dict(zip(tested, adjusted, strict=True))
    return tuple(
        replace(item, adjusted_p=by_index.get(index), n_comparisons=len(tested))
        for index, item in enumerate(found)
    )


def _pair(outcomes: Outcomes, a: str, b: str, seed: int) -> Comparison:
    i, j = outcomes.systems.index(a), outcomes.systems.index(b)
    both = outcomes.attempted[:, i] & outcomes.attempted[:, j]
    scored = both & ~np.isnan(outcomes.success[:, i]) & ~np.isnan(outcomes.success[:, j])
    tasks, n_tasks = cluster_codes(outcomes.base_tasks[scored])
    usd_a, usd_b = outcomes.usd[both, i], outcomes.usd[both, j]
    known = not (np.isnan(usd_a).any() or np.isnan(usd_b).any())
    return Comparison(
        a=a,
        b=b,
        n_pairs=int(scored.sum()),
        n_both_attempted=int(both.sum()),
        n_tasks=n_tasks,
        a_rate=_macro(outcomes.success[scored, i], tasks),
        b_rate=_macro(outcomes.success[scored, j], tasks),
        success=paired_difference(
            outcomes.success[scored, i],
            outcomes.success[scored, j],
            outcomes.clusters[scored],
            strata=tasks,
            seed=seed,
        ),
        usd_ratio=ratio_of_sums(
            usd_a, usd_b, outcomes.clusters[both], strata=outcomes.base_tasks[both], seed=seed
        )
        if known
        else None,
        adjusted_p=None,
        n_comparisons=0,
    )


def turned(comparison: Comparison) -> Comparison:
    """The same comparison told from the side of ``b``."""
    success, ratio = comparison.success, comparison.usd_ratio
    return replace(
        comparison,
        a=comparison.b,
        b=comparison.a,
        a_rate=comparison.b_rate,
        b_rate=comparison.a_rate,
        success=success
        and replace(
            success,
            difference=_swapped(success.difference, lambda value: -value),
            n_only_a=success.n_only_b,
            n_only_b=success.n_only_a,
        ),
        usd_ratio=ratio and _swapped(ratio, lambda value: 1 / value if value else math.inf),
    )


def _swapped(estimate: Estimate, flip: Callable[[float], float]) -> Estimate:
    low = None if estimate.high is None else flip(estimate.high)
    high = None if estimate.low is None else flip(estimate.low)
    return replace(estimate, value=flip(estimate.value), low=low, high=high)


def _macro(success: Floats, tasks: Codes) -> float | None:
    """Mean over tasks 0..T-1 of the mean ``success`` (n,) of each; None for no samples."""
    if success.size == 0:
        return None
    return float(np.mean(np.bincount(tasks, success) / np.bincount(tasks)))


def pareto(points: Mapping[str, tuple[float, float]]) -> frozenset[str]:
    """Names whose (cost, success) no other point matches or beats on both and beats on one."""
    return frozenset(
        name
        for name, (cost, success) in points.items()
        if not any(
            other_cost <= cost
            and other_success >= success
            and (other_cost < cost or other_success > success)
            for other_cost, other_success in points.values()
        )
    )
