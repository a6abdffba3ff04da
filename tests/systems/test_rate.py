from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.systems.rate import Rate


def taken(rate: Rate, costs: list[int]) -> list[tuple[float, int]]:
    """When each of ``costs`` gets its turn where all wait from the beginning."""
    now, turns = 100.0, []
    for cost in costs:
        now = max(now, rate.ready_at(cost))
        rate.take(cost, now)
        turns.append((now, cost))
    return turns


def most_in_a_minute(turns: list[tuple[float, int]]) -> int:
    return max(
        sum(cost for at, cost in turns[first:] if at < turns[first][0] + 60)
        for first in range(len(turns))
    )


@pytest.mark.parametrize("per_minute", [1, 2, 3, 59, 60, 61, 120, 600])
def test_a_minute_never_holds_more_and_nearly_as_many(per_minute: int) -> None:
    turns = taken(Rate(per_minute), [1] * (3 * per_minute + 3))
    assert most_in_a_minute(turns) <= per_minute
    minutes = (turns[-1][0] - turns[0][0]) / 60
    assert (len(turns) - 1) / minutes >= 0.98 * (per_minute - 1)


def test_a_burst_is_one_second_worth() -> None:
    turns = taken(Rate(600), [1] * 40)
    assert sum(at == 100.0 for at, _ in turns) == 10
    # 60 s / (600 - 10 + 1) apart after that
    assert turns[20][0] - turns[19][0] == pytest.approx(60 / 591)


def test_less_than_one_a_minute() -> None:
    (first, _), (second, _) = taken(Rate(0.5), [1, 1])
    assert second - first == pytest.approx(120)


def test_a_cost_above_the_burst_waits_for_a_full_bucket_and_is_paid_off() -> None:
    rate = Rate(600)  # a burst of 10, 591 a minute
    turns = taken(rate, [300, 1, 5000, 1])
    assert turns[0][0] == 100.0
    assert turns[1][0] - turns[0][0] == pytest.approx((300 - 9) * 60 / 591)
    assert turns[3][0] - turns[2][0] == pytest.approx((5000 - 9) * 60 / 591)


def test_what_is_given_back_may_be_taken_again() -> None:
    rate = Rate(600)
    rate.take(10, 100.0)
    assert rate.ready_at(4) > 100.0
    rate.give_back(4)
    assert rate.ready_at(4) <= 100.0 < rate.ready_at(5)


@given(st.floats(1, 10_000), st.lists(st.integers(1, 300), min_size=1, max_size=80))
def test_any_minute_of_any_costs(per_minute: float, costs: list[int]) -> None:
    rate = Rate(per_minute)
    allowed = per_minute - rate.burst + 1 + max(rate.burst, *costs)
    assert most_in_a_minute(taken(rate, costs)) <= allowed
