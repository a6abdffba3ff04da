"""Several judges as one: votes, means, and weights from how reliable each was measured to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalsuite.judging.agreement import is_missing

EQUAL = 1e-12


@dataclass(frozen=True, kw_only=True)
class PanelVote:
    """What a panel decided on one item.

    Attributes:
        label: the winner; None where the top labels tie, or nobody voted.
        shares: label -> its share of the weight of those who voted.
        n_voters: judges that gave a verdict.
        n_abstained: judges that failed to.
    """

    label: Any
    shares: dict[Any, float]
    n_voters: int
    n_abstained: int

    @property
    def tied(self) -> bool:
        """Whether there were votes, but no winner."""
        return self.label is None and self.n_voters > 0


def vote(verdicts: Mapping[str, Any], weights: Mapping[str, float] | None = None) -> PanelVote:
    """Weighted plurality of judge -> label; a missing label abstains and is counted.

    Raises:
        ValueError: a judge has no weight. A negative weight (a judge that is wrong more often
            than right) counts against its label.
    """
    given = {judge: label for judge, label in verdicts.items() if not is_missing(label)}
    totals: dict[Any, float] = {}
    for judge, label in given.items():
        totals[label] = totals.get(label, 0.0) + _weight(judge, weights)
    best = max(totals.values(), default=0.0)
    top = [label for label, weight in totals.items() if weight > best - EQUAL]
    size = sum(abs(_weight(judge, weights)) for judge in given)
    return PanelVote(
        label=top[0] if len(top) == 1 else None,
        shares={label: weight / size if size else 0.0 for label, weight in totals.items()},
        n_voters=len(given),
        n_abstained=len(verdicts) - len(given),
    )


def mean_score(
    scores: Mapping[str, float | None], weights: Mapping[str, float] | None = None
) -> float | None:
    """Weighted mean of judge -> score over those that gave one; None where nobody did.

    Raises:
        ValueError: a judge has no weight, or the weights of those who scored sum to 0 or less.
    """
    given = {judge: float(s) for judge, s in scores.items() if s is not None and not is_missing(s)}
    if not given:
        return None
    total = sum(_weight(judge, weights) for judge in given)
    if total <= 0:
        raise ValueError(f"the weights of {', '.join(given)} sum to {total:g}")
    return sum(_weight(judge, weights) * score for judge, score in given.items()) / total


def log_odds_weight(n_right: int, n: int, *, n_labels: int = 2) -> float:
    """Weight of a judge that was right on ``n_right`` of ``n`` items.

    log(p (K - 1) / (1 - p)) is the best weight of independent judges whose errors spread evenly
    over the other labels: Nitzan and Paroush (1982), Int. Econ. Rev. 23. p is (right + 1/2) /
    (n + 1), so that a judge that was always right has a finite weight. 0 for one that guesses.

    Raises:
        ValueError: unless 0 <= n_right <= n, n > 0 and there are 2 labels or more.
    """
    if not 0 <= n_right <= n or n < 1 or n_labels < 2:
        raise ValueError(f"needs 0 <= right <= n, n > 0 and 2 labels, not {n_right} of {n}")
    share = (n_right + 0.5) / (n + 1)
    return math.log(share * (n_labels - 1) / (1 - share))


def _weight(judge: str, weights: Mapping[str, float] | None) -> float:
    if weights is None:
        return 1.0
    if judge not in weights:
        raise ValueError(f"judge {judge} has no weight; there are {', '.join(weights)}")
    return weights[judge]
