"""Does any hybrid give right answers for less than every single model? With an interval.

What counts is dollars per success of all that was asked, failed and escalated calls included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.compare import Outcomes
from evalsuite.analysis.intervals import Estimate


@dataclass(frozen=True, kw_only=True)
class CheapestRight:
    """The cheapest hybrid and the cheapest single model per right answer, and their ratio.

    ``usd`` are dollars per success, ``ratio`` is the hybrid's over the single model's, over the
    ``n`` samples that both attempted. Both were picked on these samples, which flatters them.
    """

    hybrid: str
    single: str
    hybrid_usd: float
    single_usd: float
    ratio: Estimate
    n: int

    @property
    def shown(self) -> bool:
        """Whether the interval says that the hybrid is cheaper."""
        return self.ratio.high is not None and self.ratio.high < 1


def cheapest_right(
    outcomes: Outcomes, hybrids: Sequence[str], singles: Sequence[str], *, seed: int = 0
) -> CheapestRight | None:
    """Set the cheapest of ``hybrids`` per success against the cheapest of ``singles``.

    The interval is a cluster bootstrap (BCa) within tasks, of both systems on the same samples.
    None where no hybrid or no single model has known costs and a success.
    """
    costs = {name: _usd_per_success(outcomes, name) for name in (*hybrids, *singles)}
    known = {name: usd for name, usd in costs.items() if usd is not None}
    priced_hybrids = [name for name in hybrids if name in known]
    priced_singles = [name for name in singles if name in known]
    if not priced_hybrids or not priced_singles:
        return None
    hybrid = min(priced_hybrids, key=known.__getitem__)
    single = min(priced_singles, key=known.__getitem__)
    both = _attempted(outcomes, hybrid) & _attempted(outcomes, single)
    columns = [
        column for name in (hybrid, single) for column in _spend_and_successes(outcomes, name)
    ]
    ratio = bca(
        np.column_stack(columns)[both],
        _ratio_of_costs,
        outcomes.clusters[both],
        strata=outcomes.base_tasks[both],
        seed=seed,
    )
    if ratio is None or not np.isfinite(ratio.value):
        return None
    return CheapestRight(
        hybrid=hybrid,
        single=single,
        hybrid_usd=known[hybrid],
        single_usd=known[single],
        ratio=ratio,
        n=int(both.sum()),
    )


def _ratio_of_costs(totals: Floats) -> Floats:
    """From totals (..., S, 4) of spend and successes of both, the ratio of dollars per success."""
    usd_a, right_a, usd_b, right_b = np.moveaxis(totals.sum(axis=-2), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (usd_a / right_a) / (usd_b / right_b)
    return found


def _usd_per_success(outcomes: Outcomes, name: str) -> float | None:
    """All spend over all successes; None where a cost is unknown or nothing succeeded."""
    usd, right = _spend_and_successes(outcomes, name)
    attempted = _attempted(outcomes, name)
    successes = right[attempted].sum()
    spent = usd[attempted].sum()
    return None if np.isnan(spent) or successes == 0 else float(spent / successes)


def _spend_and_successes(outcomes: Outcomes, name: str) -> tuple[Floats, Floats]:
    at = outcomes.systems.index(name)
    return outcomes.usd[:, at], np.nan_to_num(outcomes.success[:, at])


def _attempted(outcomes: Outcomes, name: str) -> np.ndarray:
    return outcomes.attempted[:, outcomes.systems.index(name)]
