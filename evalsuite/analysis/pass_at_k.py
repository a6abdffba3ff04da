"""pass@k of a run whose samples were answered several times (``repeats``), with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.clusters import Floats, cluster_codes
from evalsuite.analysis.intervals import (
    LEVEL,
    Estimate,
    clustered_standard_error,
    proportion,
    wilson,
)
from evalsuite.errors import UserError
from evalsuite.scoring.pass_at_k import estimate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class PassAtK:
    """pass@k of one system on one task.

    Args:
        task: Name of the task.
        system: Name of the system.
        k: Answers of which one must be right.
        estimate: Mean over problems of the unbiased estimates; its ``n`` counts problems.
        n_answers: Scored answers behind it.
        n_unknown: Answers without a verdict (system and scorer errors), left out.
        fewest_answers: Scored answers of the problem that has the fewest.
    """

    task: str
    system: str
    k: int
    estimate: Estimate
    n_answers: int
    n_unknown: int
    fewest_answers: int


def pass_at_k(responses: pd.DataFrame, k: int, *, level: float = LEVEL) -> list[PassAtK]:
    """pass@k of each (task, system) in the ``responses`` of a run.

    Args:
        responses: Rows of ``Run.responses``: task, system, sample_id, cluster, success.
        k: How many answers are looked at.
        level: Coverage of the intervals.

    Raises:
        UserError: If a problem has fewer than ``k`` scored answers, or ``k`` is below 1.
    """
    if k < 1:
        raise UserError(f"pass@k needs a k of at least 1, not {k}")
    groups = responses.groupby(["task", "system"], sort=True)
    return [_of_one(str(task), str(system), rows, k, level) for (task, system), rows in groups]


def _of_one(task: str, system: str, rows: pd.DataFrame, k: int, level: float) -> PassAtK:
    scored = rows[rows["success"].notna()].assign(success=lambda frame: frame.success.astype(int))
    right = scored.groupby("sample_id")["success"].agg(["sum", "count"])
    counts = right.reindex(rows["sample_id"].unique(), fill_value=0)
    short = int((counts["count"] < k).sum())
    if short:
        raise UserError(
            f"pass@{k} needs {k} scored answers of each sample: {short} of {len(counts)} samples "
            f"of {task} have fewer from {system} (the least is {counts['count'].min()}); "
            f"run with repeats: {k} or more"
        )
    clusters = rows.groupby("sample_id")["cluster"].first().loc[counts.index]
    values = np.array(
        [estimate(int(n), int(c), k) for c, n in zip(counts["sum"], counts["count"], strict=True)]
    )
    n_answers = int(counts["count"].sum())
    return PassAtK(
        task=task,
        system=system,
        k=k,
        estimate=interval_of(values, clusters.to_numpy(dtype=str), n_answers, level=level),
        n_answers=n_answers,
        n_unknown=len(rows) - n_answers,
        fewest_answers=int(counts["count"].min()),
    )


def interval_of(
    values: Floats, clusters: np.typing.ArrayLike, n_answers: int, *, level: float = LEVEL
) -> Estimate:
    """Mean of per-problem ``values`` (n,) in 0..1 with an interval over their ``clusters`` (n,).

    Wilson's interval at the effective size p (1 - p) / SE^2, SE by clusters, as
    ``evalsuite.analysis.intervals.proportion`` has it for rates of 0 and 1 (Korn and Graubard,
    1998; Franco et al., 2019); at most ``n_answers``, and the number of clusters where all values
    agree. So it stays within 0..1 and has no zero width. No bounds where there is one cluster.
    """
    from scipy.special import stdtrit

    if np.isin(values, (0.0, 1.0)).all():
        whole = proportion(values, clusters, level=level)
        assert whole is not None, "a group has a row"
        return whole
    mean, n_clusters = float(values.mean()), cluster_codes(clusters)[1]
    error = clustered_standard_error(values, clusters)
    if error is None:
        why = "one cluster: no interval"
        return Estimate(value=mean, low=None, high=None, n=len(values), method=why, level=level)
    size = float(n_clusters)
    if error > 0:
        size = min(mean * (1 - mean) / (error * error), float(n_answers))
    tail = 0.5 + level / 2
    size *= (NormalDist().inv_cdf(tail) / float(stdtrit(n_clusters - 1, tail))) ** 2
    low, high = wilson(mean * size, size, level=level)
    method = f"Wilson, effective n {size:.0f} of {n_clusters} clusters"
    return Estimate(value=mean, low=low, high=high, n=len(values), method=method, level=level)
