from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.sequential import Decision, decide, decide_clustered, e_value

counts = st.integers(0, 80)


def paths(win: float, loss: float, n: int, runs: int, seed: int) -> tuple[Floats, Floats]:
    """Wins and losses so far, (runs, n) each."""
    kinds = np.random.default_rng(seed).choice(
        [1, -1, 0], p=[win, loss, 1 - win - loss], size=(runs, n)
    )
    return (kinds == 1).cumsum(axis=1), (kinds == -1).cumsum(axis=1)


def first_crossing(wins: Floats, losses: Floats, alpha: float) -> Floats:
    """Sample (runs,) at which the one-sided e-value reaches 1 / alpha; infinite where it never."""
    known: dict[tuple[int, int], float] = {}
    stops = np.full(len(wins), math.inf)
    for run, (up, down) in enumerate(zip(wins, losses, strict=True)):
        changes = np.flatnonzero(np.diff(up + down, prepend=0))
        for at in changes:
            pair = int(up[at]), int(down[at])
            if pair not in known:
                known[pair] = e_value(*pair, alternative="greater")
            if known[pair] >= 1 / alpha:
                stops[run] = at + 1
                break
    return stops


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (3, 0), (10, 2), (2, 10), (40, 35)])
def test_the_e_value_is_the_mean_likelihood_ratio(wins: int, losses: int) -> None:
    def ratio(theta: float) -> float:
        return 2 * (2 * theta) ** wins * (2 - 2 * theta) ** losses

    expected = integrate.quad(ratio, 0.5, 1)[0]
    assert e_value(wins, losses, alternative="greater") == pytest.approx(expected, rel=1e-6)


def test_e_values_by_hand() -> None:
    # the mean of (2 theta)^n over (1/2, 1): (2^(n + 1) - 1) / (n + 1)
    for wins in (1, 5, 20):
        expected = (2 ** (wins + 1) - 1) / (wins + 1)
        assert e_value(wins, 0, alternative="greater") == pytest.approx(expected)
        assert e_value(0, wins) == pytest.approx(expected / 2)
    assert e_value(3000, 0) == math.inf
    # 7 wins of 7 are enough at 5 % one-sided, where the exact test needs 5
    assert e_value(6, 0, alternative="greater") < 20 < e_value(7, 0, alternative="greater")


def test_a_fair_coin_does_not_grow_the_stake_on_average() -> None:
    # the exact mean over all 2^n sequences; Ville's inequality rests on it
    for n in (1, 4, 9, 20):
        for alternative in ("greater", "less"):
            mean = sum(
                math.comb(n, wins) * e_value(wins, n - wins, alternative=alternative)
                for wins in range(n + 1)
            )
            assert mean / 2**n == pytest.approx(1.0)
        both = sum(math.comb(n, wins) * e_value(wins, n - wins) for wins in range(n + 1))
        assert both / 2**n <= 1.0


@given(counts, counts)
def test_each_step_of_a_fair_coin_keeps_the_stake(wins: int, losses: int) -> None:
    here = e_value(wins, losses, alternative="greater")
    after = e_value(wins + 1, losses, alternative="greater") + e_value(
        wins, losses + 1, alternative="greater"
    )
    assert after / 2 == pytest.approx(here, rel=1e-9)


def test_looking_after_every_sample_raises_few_false_alarms() -> None:
    # the reference measurements of this project: 2.7 % in 500 samples, where a test at every tenth
    # look has 15 %
    stops = first_crossing(*paths(0.06, 0.06, 500, 1500, seed=1), alpha=0.05)
    share = np.isfinite(stops).mean()
    assert share <= 0.05
    assert share == pytest.approx(0.027, abs=0.013)  # three errors of simulation


def test_large_differences_stop_early_and_small_ones_cost_power() -> None:
    # the same: 16 % wins and 2 % losses stop after 62 samples, 8 and 4 have power 0.54 in 500
    stops = first_crossing(*paths(0.16, 0.02, 500, 1000, seed=2), alpha=0.05)
    assert np.minimum(stops, 500).mean() == pytest.approx(62, abs=4)
    stops = first_crossing(*paths(0.08, 0.04, 500, 1000, seed=3), alpha=0.05)
    assert np.isfinite(stops).mean() == pytest.approx(0.54, abs=0.05)


@given(counts, counts, st.integers(0, 300), st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=60, deadline=None)
def test_the_sequence_and_the_e_value_say_the_same(
    wins: int, losses: int, ties: int, alpha: float
) -> None:
    found = decide(wins, losses, ties, alpha=alpha)
    assert found.e_value == pytest.approx(e_value(wins, losses), rel=1e-6)
    assert -1 <= found.low < found.high <= 1
    if found.difference is not None:
        assert found.low <= found.difference <= found.high
    if abs(found.e_value * alpha - 1) > 1e-6:
        assert (found.low > 0 or found.high < 0) == (found.e_value > 1 / alpha)
    mirrored = decide(losses, wins, ties, alpha=alpha)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=3e-6)


def test_the_sequence_holds_the_truth_at_every_look() -> None:
    # 60 runs of 400 samples, looked at 10 times: at most 5 % may ever lose the truth
    for win, loss in ((0.05, 0.05), (0.15, 0.05), (0.02, 0.0)):
        wins, losses = paths(win, loss, 400, 60, seed=4)
        lost = 0
        for up, down in zip(wins, losses, strict=True):
            for at in range(39, 400, 40):
                found = decide(int(up[at]), int(down[at]), at + 1 - int(up[at]) - int(down[at]))
                if not found.low <= win - loss <= found.high:
                    lost += 1
                    break
        assert lost / 60 <= 0.05


@pytest.mark.parametrize(
    ("given_counts", "verdict"),
    [
        ((16, 2, 82), "a_better"),
        ((2, 16, 82), "b_better"),
        ((0, 0, 300), "equivalent"),
        ((30, 30, 1500), "equivalent"),
        ((10, 9, 300), "undecided"),
        ((0, 0, 0), "undecided"),
        ((500, 300, 60_000), "a_better"),  # and within the margin: the better one is named
    ],
)
def test_verdicts(given_counts: tuple[int, int, int], verdict: str) -> None:
    found = decide(*given_counts, margin=0.02)
    assert found.verdict == verdict
    assert found.decided == (verdict != "undecided")
    assert found.n == sum(given_counts)


def test_without_a_margin_nothing_is_equivalent() -> None:
    assert decide(0, 0, 5000).verdict == "undecided"
    assert decide(0, 0, 0).difference is None


def test_equivalence_is_claimed_wrongly_in_at_most_one_run_of_twenty() -> None:
    # a true difference of exactly the margin, looked at every 100 samples up to 3000
    wins, losses = paths(0.07, 0.02, 3000, 150, seed=5)
    wrong = 0
    for up, down in zip(wins, losses, strict=True):
        for at in range(99, 3000, 100):
            ties = at + 1 - int(up[at]) - int(down[at])
            found = decide(int(up[at]), int(down[at]), ties, margin=0.05)
            if found.decided:
                wrong += found.verdict != "a_better"
                break
    assert wrong / 150 <= 0.05


def test_clusters_of_one_sample_are_samples() -> None:
    rng = np.random.default_rng(6)
    differences = rng.choice([1, -1, 0], p=[0.15, 0.05, 0.8], size=120)
    one = decide_clustered(differences, range(120), largest=1, margin=0.1)
    other = decide(
        int((differences == 1).sum()),
        int((differences == -1).sum()),
        int((differences == 0).sum()),
        margin=0.1,
    )
    assert one == other


def test_samples_that_repeat_each_other_decide_no_sooner() -> None:
    differences = np.array([1.0] * 14 + [-1.0] * 2 + [0.0] * 60)
    once = decide_clustered(differences, range(76), largest=1)
    repeated = decide_clustered(np.repeat(differences, 4), np.repeat(range(76), 4), largest=4)
    assert repeated.e_value == pytest.approx(once.e_value, rel=1e-9)
    assert (repeated.low, repeated.high) == pytest.approx((once.low, once.high), abs=3e-6)
    assert (repeated.n, repeated.n_clusters) == (304, 76)


def test_clustered_looks_raise_few_false_alarms_where_samples_would() -> None:
    # 8 samples a cluster share one luck: all won, all lost, or all tied
    rng = np.random.default_rng(7)
    alarms = {"clusters": 0, "samples": 0}
    for _ in range(150):
        luck = rng.choice([1, -1, 0], p=[0.15, 0.15, 0.7], size=60)
        for name in alarms:
            for at in range(9, 60, 10):
                seen = np.repeat(luck[: at + 1], 8)
                labels, largest = (
                    (np.repeat(range(at + 1), 8), 8)
                    if name == "clusters"
                    else (np.arange(seen.size), 1)
                )
                if decide_clustered(seen, labels, largest=largest).decided:
                    alarms[name] += 1
                    break
    assert alarms["clusters"] / 150 <= 0.05
    assert alarms["samples"] / 150 > 0.3


def test_unequal_clusters_estimate_the_mean_over_samples() -> None:
    # clusters of 1 that tie and of 4 that A wins by 0.5: mean over samples 0.4, over clusters 0.25
    rng = np.random.default_rng(8)
    large = rng.random(1500) < 0.5
    clusters = np.repeat(range(1500), np.where(large, 4, 1))
    differences = np.where(large[clusters], 0.5, 0.0)
    found = decide_clustered(differences, clusters, largest=4)
    assert found.difference == pytest.approx(0.4, abs=0.02)
    assert found.low < 0.4 < found.high and found.low > 0.3


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 5)), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_the_order_does_not_matter_and_bounds_hold_the_mean(
    rows: list[tuple[float, int]],
) -> None:
    def found(items: list[tuple[float, int]]) -> Decision:
        return decide_clustered(
            [value for value, _ in items], [cluster for _, cluster in items], largest=30
        )

    one, other = found(rows), found(rows[::-1])
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=3e-6)
    assert one.difference is not None
    assert -1 <= one.low <= one.difference + 1e-9 and one.difference - 1e-9 <= one.high <= 1


def test_what_cannot_be_decided_is_refused() -> None:
    for call, words in (
        (lambda: decide(-1, 0, 0), "whole and not negative"),
        (lambda: decide(1, 0, 0, alpha=1.0), "alpha"),
        (lambda: decide(1, 0, 0, margin=0.0), "margin"),
        (lambda: e_value(1, 2, alternative="more"), "alternative"),  # type: ignore[arg-type]
        (lambda: decide_clustered([2.0], [0], largest=1), "within -1..1"),
        (lambda: decide_clustered([1.0, 1.0], [0, 0], largest=1), "above the largest"),
        (lambda: decide_clustered([1.0], [0], largest=0), "at least one sample"),
        (lambda: decide_clustered([math.nan], [0], largest=1), "missing"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
