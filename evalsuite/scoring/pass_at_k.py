"""pass@k: the chance that at least one of k answers is right, estimated without bias."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from evalsuite.task import CorpusMetric, Graded


def estimate(n: int, c: int, k: int) -> float:
    """Unbiased estimate of pass@k from ``c`` right of ``n`` answers to one problem.

    1 - C(n-c, k) / C(n, k): the share of the subsets of k answers that hold a right one. Source:
    Chen et al. (2021), arXiv:2107.03374, equation 1.

    Raises:
        ValueError: If there are fewer than ``k`` answers: the estimate does not exist. (Where the
            guard for c > n - k stands first, pass@10 of 5 wrong answers comes out as 1.)
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs 0 <= c <= n and 1 <= k <= n, not n={n}, c={c}")
    fail = 1.0
    for i in range(n - c + 1, n + 1):
        fail *= max(0.0, 1.0 - k / i)
    return 1.0 - fail


def metrics(decides: str, ks: Iterable[int] = (10,)) -> dict[str, CorpusMetric]:
    """Corpus metrics ``pass@k`` for tasks whose success is ``decides`` at 1.0.

    They exist where every problem has at least k scored answers (``repeats``); pass@1 is the
    success rate itself. ``evalsuite.analysis.pass_at_k`` gives them with their intervals.
    """
    return {f"pass@{k}": partial(_metric, decides=decides, k=k) for k in ks}


def _metric(items: Sequence[Graded], *, decides: str, k: int) -> float | None:
    """Mean over problems; None where a problem has fewer than ``k`` scored answers."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for item in items:
        score = item.scores.get(decides)
        known = right[item.sample.id]
        if score is not None and score.value is not None:
            known.append(score.value >= 1.0)
    if not right or min(map(len, right.values())) < k:
        return None
    estimates = [estimate(len(known), sum(known), k) for known in right.values()]
    return sum(estimates) / len(estimates)
