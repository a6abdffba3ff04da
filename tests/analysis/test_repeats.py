from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.power import pairs_needed, variance_per_pair
from evalsuite.analysis.repeats import (
    cheapest_repeats,
    paired_components,
    standard_error_of_mean,
    variance_components,
    worthwhile_repeats,
)


def test_components_by_hand() -> None:
    # means 0.5, 1, 0; within: (0.5 + 0 + 0) / 3; between: var(means) = 0.25 less within / 2
    found = variance_components([0, 1, 1, 1, 0, 0], ["a", "a", "b", "b", "c", "c"])
    assert found is not None
    assert (found.n_samples, found.n_scores, found.mean) == (3, 6, 0.5)
    assert found.within == pytest.approx(1 / 6)
    assert found.between == pytest.approx(0.25 - 1 / 12)
    assert found.noise_share == pytest.approx(0.5)


def test_equal_repeats_are_the_classical_analysis_of_variance() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(20, 1)) + rng.normal(size=(20, 4))
    found = variance_components(scores.ravel(), np.repeat(range(20), 4))
    mean_square_between = 4 * scores.mean(axis=1).var(ddof=1)
    mean_square_within = scores.var(axis=1, ddof=1).mean()
    assert found is not None
    assert found.within == pytest.approx(mean_square_within)
    assert found.between == pytest.approx((mean_square_between - mean_square_within) / 4)


def test_components_are_unbiased_for_any_numbers_of_repeats() -> None:
    # success rates Beta(2, 1): between = var = 1/18, within = E[p (1 - p)] = 1/6
    rng = np.random.default_rng(2)
    sizes = np.tile([1, 2, 3, 6], 10)
    samples = np.repeat(range(40), sizes)
    found = []
    for _ in range(800):
        rates = rng.beta(2, 1, size=40)
        part = variance_components(rng.random(samples.size) < np.repeat(rates, sizes), samples)
        assert part is not None and part.between is not None and part.within is not None
        found.append((part.between, part.within))
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / math.sqrt(800)
    assert means[0] == pytest.approx(1 / 18, abs=4 * errors[0])
    assert means[1] == pytest.approx(1 / 6, abs=4 * errors[1])
    assert min(between for between, _ in found) < 0.02  # left as it falls, or it would be biased


def test_paired_components_plan_what_miller_plans() -> None:
    # A's rate is B's plus a normal shift of variance 0.01; scores are the rates plus noise
    rng = np.random.default_rng(3)
    n, repeats_a, repeats_b = 60, 3, 2
    samples_a, samples_b = np.repeat(range(n), repeats_a), np.repeat(range(n), repeats_b)
    found = []
    for _ in range(500):
        base, shift = rng.normal(0.5, 0.3, n), rng.normal(0.02, 0.1, n)
        a = np.repeat(base + shift, repeats_a) + rng.normal(0, 0.4, n * repeats_a)
        b = np.repeat(base, repeats_b) + rng.normal(0, 0.2, n * repeats_b)
        part = paired_components(a, samples_a, b, samples_b)
        assert part is not None and part.between is not None and part.per_pair is not None
        found.append((part.between, part.within_a, part.within_b, part.per_pair, part.difference))
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / math.sqrt(500)
    true = (0.01, 0.16, 0.04, 0.01 + 0.16 / 3 + 0.04 / 2, 0.02)
    for mean, error, value in zip(means, errors, true, strict=True):
        assert mean == pytest.approx(value, abs=4 * error)
    per_pair = variance_per_pair(
        0.01, within_a=0.16, repeats_a=repeats_a, within_b=0.04, repeats_b=repeats_b
    )
    assert per_pair == pytest.approx(true[3])
    assert pairs_needed(0.02, per_pair) == 1636


def test_what_a_single_repeat_cannot_tell_is_unknown() -> None:
    once = variance_components([0.1, 0.4, 0.8], range(3))
    assert once is not None
    assert (once.between, once.within, once.noise_share) == (None, None, None)
    one_sample = variance_components([0, 1, 1], ["a"] * 3)
    assert one_sample is not None
    assert (one_sample.between, one_sample.within) == (None, pytest.approx(1 / 3))
    pair = paired_components([1, 0, 1, 1], [0, 0, 1, 1], [1, 0], [0, 1])
    assert pair is not None
    assert (pair.between, pair.within_b) == (None, None)
    assert pair.within_a == 0.25 and pair.per_pair == 1.125
    assert variance_components([], []) is None and paired_components([], [], [], []) is None
    all_alike = variance_components([1, 1, 1, 1], [0, 0, 1, 1])
    assert all_alike is not None and all_alike.noise_share is None


def test_samples_must_match() -> None:
    with pytest.raises(ValueError, match="same samples"):
        paired_components([1, 0], [0, 1], [1, 0], [0, 2])
    with pytest.raises(ValueError, match="labels"):
        variance_components([1, 0], [0])


def test_the_error_of_a_mean_of_repeats_by_hand_and_by_simulation() -> None:
    assert standard_error_of_mean(0.09, 0.16, n_samples=100) == pytest.approx(0.05)
    assert standard_error_of_mean(0.09, 0.16, n_samples=100, repeats=4) == pytest.approx(
        math.sqrt(0.13) / 10
    )
    assert standard_error_of_mean(
        0.09, 0.16, n_samples=100, repeats=4, design_effect=2
    ) == pytest.approx(math.sqrt(0.22) / 10)
    rng = np.random.default_rng(4)
    scores = rng.normal(0, 0.3, (4000, 50, 1)) + rng.normal(0, 0.4, (4000, 50, 3))
    assert scores.mean(axis=(1, 2)).std() == pytest.approx(
        standard_error_of_mean(0.09, 0.16, n_samples=50, repeats=3), rel=0.05
    )


def test_how_many_repeats_are_worth_it() -> None:
    # sqrt(1 + 3 / K) <= 1.1 from K = 14.29 on
    assert worthwhile_repeats(0.05, 0.15) == 15
    assert worthwhile_repeats(0.2, 0.0) == 1
    assert worthwhile_repeats(0.0, 0.1) is None
    # Cochran (1977), 10.6: sqrt(c1 / c2 x within / between), here sqrt(16 x 1) = 4
    assert cheapest_repeats(0.1, 0.1, usd_per_sample=16, usd_per_repeat=1) == 4
    assert cheapest_repeats(0.1, 0.5, usd_per_sample=0, usd_per_repeat=1) == 1
    for call in (
        lambda: worthwhile_repeats(0.1, -1.0),
        lambda: cheapest_repeats(0.0, 0.1, usd_per_sample=1, usd_per_repeat=1),
        lambda: standard_error_of_mean(0.1, 0.1, n_samples=0),
    ):
        with pytest.raises(ValueError, match="needs"):
            call()


@given(st.floats(0.01, 1), st.floats(0, 1), st.floats(0.02, 0.5))
def test_the_repeats_advised_reach_the_floor_and_one_fewer_do_not(
    between: float, within: float, excess: float
) -> None:
    repeats = worthwhile_repeats(between, within, excess=excess)
    assert repeats is not None
    if repeats == 1000:
        return

    def over(count: int) -> float:
        error = standard_error_of_mean(between, within, n_samples=1, repeats=count)
        return error / math.sqrt(between) - 1

    assert over(repeats) <= excess + 1e-9
    if repeats > 1:
        assert over(repeats - 1) > excess - 1e-9


@given(st.floats(0.01, 1), st.floats(0, 1), st.floats(0, 20), st.floats(0.01, 5))
def test_no_other_number_of_repeats_is_cheaper(
    between: float, within: float, sample: float, repeat: float
) -> None:
    best = cheapest_repeats(between, within, usd_per_sample=sample, usd_per_repeat=repeat)

    def cost(count: int) -> float:
        return (between + within / count) * (sample + repeat * count)

    assert cost(best) <= min(cost(count) for count in range(1, 60)) * (1 + 1e-9)
