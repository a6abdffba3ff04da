from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judges import (
    correlation,
    correlation_estimate,
    discrimination,
    grouped_correlation,
    system_correlation,
)
from evalsuite.judging import correlation as module
from evalsuite.judging.correlation import COEFFICIENTS, Coefficient

GRADES = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=40)


@given(GRADES)
def test_coefficients_are_scipys(pairs: list[tuple[int, int]]) -> None:
    from scipy import stats

    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    theirs = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
    for name in COEFFICIENTS:
        found = correlation(x, y, name)
        if len(set(x)) == 1 or len(set(y)) == 1:
            assert found is None
        else:
            assert found == pytest.approx(theirs[name](x, y).statistic, abs=1e-12)


def test_tau_of_many_distinct_values_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    y = x + rng.normal(size=120)
    by_table = correlation(x, y, "kendall")
    monkeypatch.setattr(module, "MOST_CELLS", 0)
    assert correlation(x, y, "kendall") == pytest.approx(by_table)


def test_tau_b_by_hand() -> None:
    """x = 1 2 2 3, y = 1 3 2 2: 3 concordant, 1 discordant of 6 pairs; a tie on either side."""
    assert correlation([1, 2, 2, 3], [1, 3, 2, 2], "kendall") == pytest.approx((3 - 1) / 5)


def test_within_items_is_not_over_items() -> None:
    """A judge that knows which prompts are easy and nothing of the answers."""
    items = np.repeat(np.arange(20), 5)
    rng = np.random.default_rng(1)
    human, judge = items + rng.normal(size=100), items + rng.normal(size=100)
    over = correlation(judge, human, "spearman")
    within = grouped_correlation(judge, human, items.tolist(), "spearman")
    assert over is not None and within.value is not None
    assert over > 0.9 and abs(within.value) < 0.3


def test_items_without_a_correlation_are_counted() -> None:
    found = grouped_correlation(
        [1, 2, 5, 5, 1], [1, 3, 1, 2, 9], ["p", "p", "q", "q", "r"], "pearson"
    )
    assert found.value == pytest.approx(1.0)
    assert (found.groups, found.n_undefined) == (("p",), 2)
    assert grouped_correlation([1.0], [1.0], ["p"], "kendall").value is None


def test_systems_with_the_same_total_are_tied() -> None:
    """1/3 + 1/3 + 1/3 and 0 + 0 + 1 differ in floating point in some orders of summing."""
    thirds = [1.1, 2.2, 3.3, 3.3, 1.1, 2.2]
    human = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    assert system_correlation(thirds, human, ["s", "s", "s", "t", "t", "t"], "kendall") is None
    assert system_correlation([1, 2], [1, 2], ["s", "s"], "pearson") is None


def test_bad_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="no missing value"):
        correlation([1, None], [1, 2], "pearson")
    with pytest.raises(ValueError, match="equal length"):
        correlation([1, 2, 3], [1, 2], "pearson")
    with pytest.raises(ValueError, match="write one of"):
        correlation([1, 2], [1, 2], "gamma")  # type: ignore[arg-type]


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_intervals_hold_the_population(coefficient: Coefficient) -> None:
    """Normal with r .6: rho 6/pi asin(.3) = .582, tau 2/pi asin(.6) = .410."""
    truth = {"pearson": 0.6, "spearman": 0.5819, "kendall": 0.4097}[coefficient]
    held = 0
    for seed in range(16):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=60)
        y = 0.6 * x + 0.8 * rng.normal(size=60)
        found = correlation_estimate(x, y, range(60), coefficient)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert held >= 13  # 15 expected; fewer than 13 has a chance of 1 %


def test_discrimination_is_the_analysis_of_variance() -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    groups = [rng.normal(loc=centre, size=size) for centre, size in ((0, 12), (1, 9), (0.5, 20))]
    found, expected = discrimination(groups), stats.f_oneway(*groups)
    assert found is not None
    assert found.f == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.eta_squared is not None and 0 < found.eta_squared < 1
    assert (found.n_systems, found.n) == (3, 41)
    assert discrimination(groups[:1]) is None
    constant = discrimination([[3.0, 3.0], [4.0, 4.0]])
    assert constant is not None and constant.f is None and constant.eta_squared == 1.0
