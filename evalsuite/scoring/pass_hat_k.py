"""pass^k: the chance that all of k answers are right, estimated without bias.

The measure of tau-bench for how far a system can be relied on (Yao et al. 2024, arXiv:2406.12045).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from math import comb

from evalsuite.task import CorpusMetric, Graded


def estimate(n: int, c: int, k: int) -> float:
    """Unbiased estimate of pass^k from ``c`` right of ``n`` answers to one problem.

    C(c, k) / C(n, k): the share of the subsets of k answers that are all right.

    Raises:
        ValueError: If there are fewer than ``k`` answers: the estimate does not exist.
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass^{k} needs 0 <= c <= n and 1 <= k <= n, not n={n}, c={c}")
    return comb(c, k) / comb(n, k)


def metrics(decides: str, ks: Iterable[int] = (4,)) -> dict[str, CorpusMetric]:
    """Corpus metrics ``pass^k`` for tasks whose success is ``decides`` at 1.0.

    They exist where every problem was answered at least k times (``repeats``); pass^1 is the
    success rate. An answer that the system failed to give is not right.
    """
    return {f"pass^{k}": partial(_metric, decides=decides, k=k) for k in ks}


def _metric(items: Sequence[Graded], *, decides: str, k: int) -> float | None:
    """Mean over problems; None where a problem has fewer than ``k`` answers."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for item in items:
        score = item.scores.get(decides)
        if score is None or score.status == "scorer_error":
            continue
        right[item.sample.id].append(score.value is not None and score.value >= 1.0)
    if not right or min(map(len, right.values())) < k:
        return None
    estimates = [estimate(len(known), sum(known), k) for known in right.values()]
    return sum(estimates) / len(estimates)
