from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evalsuite.analysis.equivalence import equivalence, non_inferiority, p_above
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.paired import mean_difference, score_interval

# statsmodels 0.15.0: DescrStatsW(d).ttost_mean(-0.15, 0.15)
DIFFERENCES = [0.1, -0.2, 0.05, 0.3, 0.0, 0.02, -0.1, 0.12]
TOST_P, LOWER_P = 0.03431904293040049, 0.00486425482404174


def test_tost_of_scores_is_statsmodels() -> None:
    found = equivalence(DIFFERENCES, [0] * 8, range(8), margin=0.15)
    assert found is not None
    assert found.p_value == pytest.approx(TOST_P, rel=1e-6)
    assert found.shown
    lower = non_inferiority(DIFFERENCES, [0] * 8, range(8), margin=0.15)
    assert lower is not None
    assert lower.p_value == pytest.approx(LOWER_P, rel=1e-6)
    assert found.difference.level == 0.9


def test_statsmodels_itself_where_it_is_installed() -> None:
    weightstats = pytest.importorskip("statsmodels.stats.weightstats")
    theirs = weightstats.DescrStatsW(DIFFERENCES).ttost_mean(-0.15, 0.15)[0]
    assert theirs == pytest.approx(TOST_P)


def test_a_difference_not_found_is_not_a_difference_ruled_out() -> None:
    a, b = [1, 0, 1, 1, 0] * 6, [1, 1, 0, 1, 0] * 6
    few = equivalence(a, b, range(30), margin=0.05)
    assert few is not None
    assert few.difference.value == 0
    assert few.shown is False and few.p_value is not None and few.p_value > 0.3


def test_a_much_worse_system_has_a_p_value_near_1() -> None:
    found = non_inferiority([0] * 60, [1] * 40 + [0] * 20, range(60), margin=0.02)
    assert found is not None
    assert found.shown is False
    assert found.p_value is not None and found.p_value > 0.999


def chance_shown(n: int, only_a: float, only_b: float, margin: float) -> float:
    """Exact chance that ``non_inferiority`` at 5 % is shown, up to counts rarer than 1e-5."""
    total = 0.0
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            chance = stats.multinomial.pmf(
                [wins, losses, n - wins - losses], n, [only_a, only_b, 1 - only_a - only_b]
            )
            if chance < 1e-5:
                if losses > n * only_b and chance < 1e-12:
                    break
                continue
            a = [1] * wins + [0] * (n - wins)
            b = [0] * (n - losses) + [1] * losses
            low = score_interval(a, b, range(n), level=0.9).low
            total += float(chance) * (low is not None and low > -margin)
    return total


@pytest.mark.parametrize("only_a", [0.0, 0.005, 0.03])
def test_at_the_margin_the_risk_is_alpha(only_a: float) -> None:
    # 100 pairs, true difference exactly -5 points; where only losses occur, intervals adjusted by
    # pseudo-counts reach 7.7 % at such margins
    assert chance_shown(100, only_a, only_a + 0.05, 0.05) <= 0.051


def test_repeats_in_a_cluster_do_not_count_as_samples() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random(40) < 0.9, rng.random(40) < 0.9
    once = equivalence(a, b, range(40), margin=0.1)
    repeated = equivalence(np.repeat(a, 5), np.repeat(b, 5), np.repeat(range(40), 5), margin=0.1)
    assert once is not None and repeated is not None
    assert once.p_value is not None and repeated.p_value is not None
    assert repeated.p_value >= once.p_value


def test_one_cluster_tells_nothing_and_no_pairs_nothing_at_all() -> None:
    found = equivalence([1, 0, 1], [1, 1, 1], ["x"] * 3, margin=0.1)
    assert found is not None
    assert (found.p_value, found.shown) == (None, None)
    assert equivalence([], [], [], margin=0.1) is None
    with pytest.raises(ValueError, match="no p-value"):
        p_above(lambda level: None, 0.0)


def test_impossible_margins_are_refused() -> None:
    for margin, alpha in ((0.0, 0.05), (-0.1, 0.05), (math.inf, 0.05), (0.1, 0.0), (0.1, 0.5)):
        with pytest.raises(ValueError, match="margin"):
            non_inferiority([1], [1], [0], margin=margin, alpha=alpha)


rows = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 12)), min_size=2, max_size=60
)


@settings(max_examples=40, deadline=None)
@given(rows, st.floats(0.01, 0.3), st.sampled_from([0.01, 0.05, 0.2]))
def test_p_interval_and_answer_agree_and_equivalence_has_no_side(
    given_rows: list[tuple[bool, bool, int]], margin: float, alpha: float
) -> None:
    a, b, clusters = ([row[i] for row in given_rows] for i in range(3))
    found = equivalence(a, b, clusters, margin=margin, alpha=alpha)
    mirrored = equivalence(b, a, clusters, margin=margin, alpha=alpha)
    one_side = non_inferiority(a, b, clusters, margin=margin, alpha=alpha)
    assert found is not None and mirrored is not None and one_side is not None
    assert found.difference == mean_difference(a, b, clusters, level=1 - 2 * alpha)
    if found.p_value is None:
        assert found.difference.low is None
        return
    assert mirrored.p_value == pytest.approx(found.p_value, rel=1e-6)
    assert one_side.p_value is not None and one_side.p_value <= found.p_value + 1e-9
    if abs(found.p_value - alpha) > 1e-6:
        assert found.shown == (found.p_value < alpha)


def test_p_values_come_back_from_a_known_interval() -> None:
    def interval(level: float) -> Estimate:
        half = float(stats.norm.ppf(0.5 + level / 2))
        return Estimate(value=1.0, low=1 - half, high=1 + half, n=9, method="", level=level)

    for bar in (-1.0, 0.0, 0.9, 1.0, 1.5, 3.0):
        assert p_above(interval, bar) == pytest.approx(float(stats.norm.sf(1 - bar)), abs=1e-4)
