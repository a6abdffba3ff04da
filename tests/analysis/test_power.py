from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.mcnemar import mcnemar_exact
from evalsuite.analysis.paired import mean_difference
from evalsuite.analysis.power import (
    adjusted_discordance,
    detectable_difference,
    mcnemar_power,
    pairs_for_equivalence,
    pairs_needed,
    power_to_detect,
    variance_per_pair,
)

differences = st.floats(0.005, 0.5)
variances = st.floats(0.001, 1.0)


def test_the_examples_of_miller_2024() -> None:
    # arXiv:2411.00640, section 5: w^2 = 1/9, difference 3 points; s^2 = 0, and s^2 = 1/6 with K = 1
    assert pairs_needed(0.03, variance_per_pair(1 / 9)) == 969
    noisy = variance_per_pair(1 / 9, within_a=1 / 6, within_b=1 / 6)
    assert pairs_needed(0.03, noisy) == 3876
    repeated = variance_per_pair(1 / 9, within_a=1 / 6, repeats_a=10, within_b=1 / 6, repeats_b=10)
    assert repeated == pytest.approx(1 / 9 + 1 / 30)


def test_smallest_effects_of_binary_outcomes_by_hand() -> None:
    # (1.95996 + 0.84162) sqrt(0.1 / n)
    assert detectable_difference(200, 0.1) == pytest.approx(0.0626, abs=5e-5)
    assert detectable_difference(1000, 0.1) == pytest.approx(0.0280, abs=5e-5)


def test_one_side_needs_fewer_and_clusters_more() -> None:
    one, two = (pairs_needed(0.03, 0.1, sides=sides) for sides in (1, 2))
    assert (one, two) == (687, 873)
    assert pairs_needed(0.03, 0.1, design_effect=2.5) == math.ceil(2.5 * 872.098)


@pytest.mark.parametrize(("win", "loss"), [(0.08, 0.04), (0.16, 0.02)])
def test_exact_power_is_that_of_simulated_tests(win: float, loss: float) -> None:
    n, runs = 300, 5_000
    rng = np.random.default_rng(4)
    draws = rng.multinomial(n, [win, loss, 1 - win - loss], size=runs)
    shown = [mcnemar_exact(int(w), int(x), alternative="greater") <= 0.025 for w, x, _ in draws]
    # four errors of simulation
    assert np.mean(shown) == pytest.approx(mcnemar_power(n, win, loss), abs=0.0283)


def test_exact_power_at_fixed_n_is_the_published_one() -> None:
    # the reference measurements of this project: 8 % wins, 4 % losses, 500 items, one-sided
    assert mcnemar_power(500, 0.08, 0.04, sides=1) == pytest.approx(0.80, abs=0.005)


def test_exact_power_is_near_the_normal_one_and_0_where_nothing_can_be_shown() -> None:
    variance = 0.12 - 0.04**2
    assert mcnemar_power(1000, 0.08, 0.04) == pytest.approx(
        power_to_detect(0.04, 1000, variance), abs=0.03
    )
    assert mcnemar_power(50, 0.0, 0.0) == 0.0
    assert mcnemar_power(5, 0.5, 0.0) == 0.0  # 5 wins of 5 have p 0.0625
    assert mcnemar_power(6, 1.0, 0.0) == 1.0  # 6 of 6 have p 0.03125
    # of equal systems it is the false alarms on one side, at most half of alpha
    assert mcnemar_power(500, 0.06, 0.06) <= 0.025


def test_as_many_as_planned_show_equivalence_as_often_as_planned() -> None:
    n = pairs_for_equivalence(0.05, 0.1)
    assert n == 343
    rng = np.random.default_rng(9)
    shown = 0
    for _ in range(1000):
        kinds = rng.choice([1, -1, 0], p=[0.05, 0.05, 0.9], size=n)
        found = mean_difference(kinds == 1, kinds == -1, range(n), level=0.9)
        assert found is not None and found.low is not None and found.high is not None
        shown += found.low > -0.05 and found.high < 0.05
    assert shown / 1000 == pytest.approx(0.8, abs=0.06)


def test_a_pilot_without_disagreement_does_not_promise_the_moon() -> None:
    assert adjusted_discordance(0, 98) == 0.02
    assert adjusted_discordance(18, 198) == 0.1
    with pytest.raises(ValueError, match="discordant"):
        adjusted_discordance(5, 4)


def test_impossible_plans_are_refused() -> None:
    for call, words in (
        (lambda: pairs_needed(0.0, 0.1), "difference of 0"),
        (lambda: pairs_needed(0.1, 0.0), "variance above 0"),
        (lambda: pairs_needed(0.1, 0.1, power=0.01), "power"),
        (lambda: pairs_needed(0.1, 0.1, sides=3), "sides"),
        (lambda: pairs_needed(0.1, 0.1, design_effect=0.5), "design effect"),
        (lambda: detectable_difference(0, 0.1), "at least one sample"),
        (lambda: variance_per_pair(-0.1), "not negative"),
        (lambda: variance_per_pair(0.1, repeats_a=0), "at least once"),
        (lambda: pairs_for_equivalence(0.0, 0.1), "margin"),
        (lambda: mcnemar_power(10, 0.6, 0.6), "two shares"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


@given(differences, variances, st.sampled_from([1, 2]))
def test_needed_and_detectable_undo_each_other(
    difference: float, variance: float, sides: int
) -> None:
    n = pairs_needed(difference, variance, sides=sides)
    assert detectable_difference(n, variance, sides=sides) <= difference * (1 + 1e-9)
    assert power_to_detect(difference, n, variance, sides=sides) >= 0.8 - 1e-9
    if n > 2:
        assert power_to_detect(difference, n - 1, variance, sides=sides) < 0.8 + 1e-9


@given(differences, variances)
def test_power_grows_with_n_and_falls_with_variance(difference: float, variance: float) -> None:
    base = power_to_detect(difference, 100, variance)
    assert base <= power_to_detect(difference, 101, variance)
    assert base >= power_to_detect(difference, 100, variance * 1.1)
    assert power_to_detect(-difference, 100, variance) == base
