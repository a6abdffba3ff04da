"""Thresholds within a budget, and a cascade that is told what it may cost."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.hybrids.cascade import CascadeSpec
from evalsuite.systems.hybrids.thresholds import (
    TierResults,
    candidates,
    pick_within_budget,
    picks_at,
)

SAMPLES = [Sample(id=str(i), inputs={"text": str(i)}, target="right") for i in range(10)]


def small(request: Request) -> Answer:
    """Confidence falls with the number; right up to 5 and on 8."""
    i = int(request.inputs["text"])
    text = "right" if i <= 5 or i == 8 else "wrong"
    return Answer(text=text, token_logprobs=(-i / 10,))


def large(request: Request) -> Answer:
    return Answer(text="right")


@pytest.mark.parametrize(
    ("options", "threshold", "words"),
    [
        # 0.1 each for the small tier, 1 more for each escalation: 0.3 is two of ten.
        ({"max_usd": 0.3}, -0.85, "$0.2 an answer"),
        ({"max_usd": 0.42}, -0.65, "$0.4 an answer"),
        ({"max_usd": 0.5}, -0.55, "$0.5 an answer"),
        ({"max_usd": 5.0}, -0.55, "$0.5 an answer"),
        ({"max_cost_share": 0.5}, -0.55, "$0.5 an answer"),
        ({"max_usd": 0.01}, -0.901, "$0.1 an answer, above the budget"),
        ({"min_success": 0.8}, -0.85, "80.0% right"),
        ({"min_success": 1.0}, -0.55, "100.0% right"),
    ],
)
async def test_a_goal_picks_the_threshold(
    drive: Any, options: dict[str, float], threshold: float, words: str
) -> None:
    spec = CascadeSpec(tiers=("s", "l"), **options)
    driver = drive(spec, [small, large], samples=SAMPLES, usd=[0.1, 1.0])
    fitted = await driver.fit()
    assert fitted is not None
    assert fitted.state.thresholds == (pytest.approx(threshold),)
    assert words in fitted.note


async def test_a_goal_that_is_out_of_reach_is_said(drive: Any) -> None:
    spec = CascadeSpec(tiers=("s", "l"), min_success=0.9)
    never = drive(spec, [small, lambda r: Answer(text="wrong")], samples=SAMPLES)
    fitted = await never.fit()
    assert fitted is not None and fitted.note.endswith("; 90.0% was not reached")


async def test_a_budget_needs_prices(drive: Any) -> None:
    for options in ({"max_usd": 0.5}, {"max_cost_share": 0.5}):
        spec = CascadeSpec(tiers=("s", "l"), **options)
        driver = drive(spec, [small, large], samples=SAMPLES, usd=[0.1, None])
        with pytest.raises(ConfigError, match="a tier's cost is unknown; give its price"):
            await driver.fit()


tier = st.tuples(st.none() | st.integers(-9, 0).map(float), st.booleans(), st.floats(0.1, 3))


@given(st.lists(st.tuples(tier, tier, tier), min_size=1, max_size=5), st.floats(0.1, 8))
def test_no_combination_within_the_budget_is_better(rows: list[Any], budget: float) -> None:
    tiers = [
        TierResults(
            signals=[row[k][0] for row in rows],
            successes=[row[k][1] for row in rows],
            usd=[row[k][2] for row in rows],
        )
        for k in range(3)
    ]

    def outcome(thresholds: tuple[float, ...]) -> tuple[int, float]:
        right, usd = 0, 0.0
        for row in rows:
            for k in range(3):
                signal, success, cost = row[k]
                usd += cost
                if k == 2 or (signal is not None and signal >= thresholds[k]):
                    right += success
                    break
        return right, usd / len(rows)

    picks = pick_within_budget(tiers, budget)
    right, usd = outcome(tuple(pick.threshold for pick in picks))
    assert picks[0].usd == pytest.approx(usd)
    assert picks[0].success == pytest.approx(right / len(rows))
    everything = [
        outcome(pair) for pair in itertools.product(*(candidates(t.signals) for t in tiers[:-1]))
    ]
    within = [one for one in everything if one[1] <= budget]
    if within:
        assert usd <= budget * (1 + 1e-6)
        assert right == max(r for r, _ in within)
    else:
        assert usd == pytest.approx(min(u for _, u in everything))
    stated = picks_at(tiers, [pick.threshold for pick in picks])
    assert [p.success for p in stated] == [p.success for p in picks]
    assert stated[0].usd is None


def test_many_candidates_are_thinned_and_the_ends_are_kept() -> None:
    n = 200
    tiers = [
        TierResults(
            signals=[float(i) for i in range(n)],
            successes=[i >= n // 2 for i in range(n)],
            usd=[0.01] * n,
        )
        for _ in range(3)
    ]
    last = TierResults(signals=[None] * n, successes=[True] * n, usd=[1.0] * n)
    picks = pick_within_budget([*tiers, last], 10.0)
    assert picks[0].success == 1.0
    assert picks[0].usd == pytest.approx(0.53, abs=0.1), "cheapest of the right ones, nearly"
    free = pick_within_budget([*tiers, last], 0.01)
    assert free[0].escalated == 0.0 and not math.isinf(free[0].threshold)
