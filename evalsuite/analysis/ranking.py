"""In which order systems stand, and which of them nobody asked for."""

from __future__ import annotations

import math

from evalsuite.analysis.measure import Figures
from evalsuite.records import SystemEntry

MARGIN = 0.02
"""A system is close enough to the best one if it is shown to lose less than this many successes."""


def is_baseline(entry: SystemEntry) -> bool:
    """Whether a system of a manifest answered because a task names it as a baseline."""
    return "baseline_of" in entry.config


def success_then_cost(figures: Figures) -> tuple[float, float]:
    """What systems are sorted by: the highest macro success rate, then the cheaper one."""
    rate, usd = figures.macro_success_rate, figures.usd_per_thousand
    return -(rate.value if rate else -1.0), usd.value if usd else math.inf
