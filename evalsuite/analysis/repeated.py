"""What repeats of the same samples say: is one of k answers right (pass@k), are all (pass^k)?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.answer_calls import AnswerCalls
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.measure import cluster_labels, numbers
from evalsuite.analysis.pass_at_k import interval_of
from evalsuite.scoring import pass_at_k, pass_hat_k

if TYPE_CHECKING:
    import pandas as pd

KS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, kw_only=True)
class AtK:
    """Means over problems of the unbiased estimates that one of k answers is right, and all are.

    Sources: Chen et al. (2021), arXiv:2107.03374; Yao et al. (2024), arXiv:2406.12045.
    """

    k: int
    any_of: Estimate
    all_of: Estimate


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """One system on one task that it was asked several times.

    ``at`` has the k of ``KS``, and all, up to ``fewest``, the scored answers of the problem that
    has the fewest: beyond, nothing is estimated, because some problems would be left out.
    ``n_unknown`` answers failed and are in no estimate.
    """

    task: str
    system: str
    n_problems: int
    n_answers: int
    n_unknown: int
    fewest: int
    at: tuple[AtK, ...]


def repeated(
    responses: pd.DataFrame, calls: AnswerCalls, systems: Sequence[str]
) -> tuple[Repeated, ...]:
    """pass@k and pass^k of each task and system of ``responses``; empty where none is repeated."""
    import pandas as pd

    if int(numbers(responses, "repeat").max(initial=0)) == 0:
        return ()
    tasks, task_names = pd.factorize(responses["task"], sort=True)
    samples, names = pd.factorize(responses["sample_id"], sort=True)
    problems = tasks * len(names) + samples
    success, clusters = numbers(responses, "success"), cluster_labels(responses)
    found = []
    for at, task in enumerate(task_names):
        for system in systems:
            rows = calls.responses_of[system]
            rows = rows[tasks[rows] == at]
            if rows.size:
                found.append(
                    _repeated(str(task), system, problems[rows], success[rows], clusters[rows])
                )
    return tuple(item for item in found if item.n_answers + item.n_unknown > item.n_problems)


def _repeated(
    task: str,
    system: str,
    problems: NDArray[np.intp],
    success: NDArray[np.float64],
    clusters: NDArray[np.intp],
) -> Repeated:
    _, first, codes = np.unique(problems, return_index=True, return_inverse=True)
    scored = ~np.isnan(success)
    n = np.bincount(codes, scored, first.size).astype(np.int64)
    right = np.bincount(codes, np.nan_to_num(success), first.size).astype(np.int64)
    fewest, n_answers = int(n.min()), int(n.sum())
    ks = sorted({k for k in (*KS, fewest) if 1 <= k <= fewest})
    # Few counts occur, so that each estimate is worked out once.
    pairs, which = np.unique(np.column_stack([n, right]), axis=0, return_inverse=True)

    def mean(estimate: Callable[[int, int, int], float], k: int) -> Estimate:
        each = np.array([estimate(int(total), int(hits), k) for total, hits in pairs])
        return interval_of(each[which.ravel()], clusters[first], n_answers)

    return Repeated(
        task=task,
        system=system,
        n_problems=first.size,
        n_answers=n_answers,
        n_unknown=int((~scored).sum()),
        fewest=fewest,
        at=tuple(
            AtK(k=k, any_of=mean(pass_at_k.estimate, k), all_of=mean(pass_hat_k.estimate, k))
            for k in ks
        ),
    )
