from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judges import intraclass_correlation, spearman_brown
from evalsuite.judging.icc import FORMS, Form

# Shrout and Fleiss (1979), table 2: six targets, four judges.
TABLE = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("ICC1", 0.17),
        ("ICC2", 0.29),
        ("ICC3", 0.71),
        ("ICC1k", 0.44),
        ("ICC2k", 0.62),
        ("ICC3k", 0.91),
    ],
)
def test_shrout_and_fleiss(form: Form, value: float) -> None:
    """Table 4 of the paper, two digits."""
    found = intraclass_correlation(TABLE, form)
    assert found is not None and (found.n_targets, found.n_raters) == (6, 4)
    assert found.value == pytest.approx(value, abs=0.005)
    assert found.low is not None and found.high is not None
    assert found.low < found.value < found.high


def test_mean_squares_by_hand() -> None:
    """Two targets, two raters: between 16/2, within (0.5 + 0.5)/2, error 0, raters 1."""
    found = intraclass_correlation([[1, 2], [5, 6]], "ICC1")
    assert found is not None and found.value == pytest.approx((16 - 0.5) / (16 + 0.5))
    perfect = intraclass_correlation([[1, 2], [5, 6]], "ICC3")
    assert perfect is not None and perfect.value == 1.0
    assert perfect.f is None and perfect.low is None  # nothing varies beside targets and raters


@pytest.mark.parametrize("form", FORMS)
def test_intervals_cover(form: Form) -> None:
    """400 tables of 15 targets, 3 raters, ICC 1/2; raters are alike, so all forms estimate it."""
    rng = np.random.default_rng(5)
    truth = spearman_brown(0.5, 3) if form.endswith("k") else 0.5
    held = 0
    for _ in range(400):
        table = rng.normal(size=(15, 1)) + rng.normal(size=(15, 3))
        found = intraclass_correlation(table, form)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert 0.92 < held / 400 < 0.98


@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_origin_do_not_matter(seed: int, scale: float, origin: float) -> None:
    table = np.random.default_rng(seed).normal(size=(6, 3))
    for form in FORMS:
        one = intraclass_correlation(table, form)
        other = intraclass_correlation(scale * table + origin, form)
        assert one is not None and other is not None
        assert one.value == pytest.approx(other.value, abs=1e-6)
        assert one.value <= 1


def test_leniency_counts_in_absolute_agreement_only() -> None:
    table = np.array(TABLE, dtype=float)
    lenient = table + np.array([0, 3, 0, 0])
    change = {}
    for form in ("ICC2", "ICC3"):
        one, other = intraclass_correlation(table, form), intraclass_correlation(lenient, form)
        assert one is not None and other is not None
        change[form] = other.value - one.value
    assert change["ICC3"] == pytest.approx(0, abs=1e-12)
    assert abs(change["ICC2"]) > 0.01


def test_what_has_no_icc() -> None:
    assert intraclass_correlation([[3, 3], [3, 3]], "ICC1") is None
    assert intraclass_correlation([[1, 2]], "ICC1") is None
    with pytest.raises(ValueError, match="no missing value"):
        intraclass_correlation([[1, None], [2, 3]], "ICC1")
    with pytest.raises(ValueError, match="write one of"):
        intraclass_correlation(TABLE, "ICC4")  # type: ignore[arg-type]


def test_spearman_brown() -> None:
    assert spearman_brown(0.5, 2) == pytest.approx(2 / 3)
    assert spearman_brown(2 / 3, 0.5) == pytest.approx(0.5)
