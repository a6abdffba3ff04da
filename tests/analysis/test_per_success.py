from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evalsuite.analysis.compare import Outcomes
from evalsuite.analysis.per_success import cheapest_right


def outcomes(**systems: tuple[Any, Any]) -> Outcomes:
    """Systems with their successes and dollars, over samples of two tasks in turn."""
    names = tuple(sorted(systems))
    success = np.column_stack([np.asarray(systems[name][0], float) for name in names])
    usd = np.column_stack([np.asarray(systems[name][1], float) for name in names])
    n = len(success)
    tasks = np.array(["a", "b"])[np.arange(n) % 2]
    return Outcomes(
        systems=names,
        tasks=tasks,
        base_tasks=tasks,
        clusters=np.array([str(i) for i in range(n)]),
        success=success,
        usd=usd,
        attempted=~np.isnan(usd) | ~np.isnan(success),
    )


N = 200
SOME = np.arange(N) % 5 != 0  # 80 %
MOST = np.arange(N) % 10 != 0  # 90 %
NOISE = 1 + 0.1 * np.sin(np.arange(N))


def test_the_ratio_by_hand_and_its_interval() -> None:
    lined = outcomes(mix=(MOST, 0.5 * NOISE), small=(SOME, 0.5 * NOISE), large=(MOST, 2.0 * NOISE))
    found = cheapest_right(lined, ["mix"], ["small", "large"])
    assert found is not None
    assert (found.hybrid, found.single, found.n) == ("mix", "small", N)
    # the same spend over 180 and over 160 right answers
    assert found.ratio.value == pytest.approx(160 / 180)
    assert found.ratio.low is not None and found.ratio.high is not None
    assert found.ratio.low < 160 / 180 < found.ratio.high < 1 and found.shown
    assert found.single_usd == pytest.approx(0.5 * NOISE.sum() / 160)


def test_nothing_is_shown_where_they_cost_the_same() -> None:
    shuffled = np.roll(NOISE, 7)
    lined = outcomes(mix=(np.roll(MOST, 3), shuffled), small=(MOST, NOISE))
    found = cheapest_right(lined, ["mix"], ["small"])
    assert found is not None and found.ratio.value == pytest.approx(1, abs=0.01)
    assert not found.shown


def test_unknown_costs_and_no_successes_are_no_candidates() -> None:
    unknown = np.full(N, np.nan)
    lined = outcomes(
        mix=(MOST, NOISE), unpriced=(MOST, unknown), never=(np.zeros(N), NOISE), one=(MOST, NOISE)
    )
    assert cheapest_right(lined, ["unpriced"], ["one"]) is None
    assert cheapest_right(lined, ["mix"], ["never"]) is None
    found = cheapest_right(lined, ["mix", "unpriced"], ["never", "one"])
    assert found is not None and (found.hybrid, found.single) == ("mix", "one")
    assert cheapest_right(lined, [], ["one"]) is None
