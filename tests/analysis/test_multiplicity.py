from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from evalsuite.analysis.multiplicity import benjamini_hochberg, holm

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)

# statsmodels 0.15.0: multitest.multipletests(p, method="holm"), (p, method="fdr_bh")
MANY = [0.01, 0.04, 0.03, 0.005, 0.5, 0.04, 0.2]
MANY_HOLM = [0.06, 0.16, 0.15, 0.035, 0.5, 0.16, 0.4]
MANY_BH = [0.035, 0.056, 0.056, 0.035, 0.5, 0.056, 0.7 / 3]


def test_both_agree_with_multipletests() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert holm(MANY) == pytest.approx(MANY_HOLM)
    assert benjamini_hochberg(MANY) == pytest.approx(MANY_BH)


def test_multipletests_itself_where_it_is_installed() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    assert holm(MANY) == pytest.approx(list(multitest.multipletests(MANY, method="holm")[1]))


def test_none_is_none_and_one_is_itself() -> None:
    assert holm([]) == [] and benjamini_hochberg([]) == []
    assert holm([0.3]) == [0.3] and benjamini_hochberg([0.3]) == [0.3]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_what_is_no_p_value_is_refused() -> None:
    for wrong in ([0.5, math.nan], [-0.1], [1.1]):
        for adjust in (holm, benjamini_hochberg):
            with pytest.raises(ValueError, match="p-values"):
                adjust(wrong)


@given(p_lists)
def test_benjamini_hochberg_is_scipys(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(list(false_discovery_control(p_values)))


@given(p_lists, st.randoms(use_true_random=False))
def test_adjusting_keeps_the_order_and_never_helps(p_values: list[float], random: object) -> None:
    order = list(range(len(p_values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p_values)
        assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
        shuffled = adjust([p_values[at] for at in order])
        assert shuffled == pytest.approx([adjusted[at] for at in order])
        ranked = [adjusted[at] for at in np.argsort(p_values, kind="stable")]
        assert ranked == sorted(ranked)
    pairs = zip(benjamini_hochberg(p_values), holm(p_values), strict=True)
    assert all(discovery <= family + 1e-12 for discovery, family in pairs)
