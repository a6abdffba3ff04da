"""Correlations of weighted rows are those of repeated rows."""

from __future__ import annotations

import numpy as np
import pytest

from evalsuite.analysis.judges import drawn
from evalsuite.analysis.judges.drawn import drawn_correlations, drawn_system_correlations
from evalsuite.judging.correlation import (
    COEFFICIENTS,
    Coefficient,
    correlation,
    system_correlation,
)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
@pytest.mark.parametrize("grades", [3, 1000])
def test_weights_are_repeated_rows(coefficient: Coefficient, grades: int) -> None:
    rng = np.random.default_rng(grades)
    x = rng.integers(grades, size=25).astype(float)
    y = x + rng.integers(grades, size=25)
    systems = rng.integers(4, size=25)
    times = rng.multinomial(25, np.full(25, 1 / 25), size=40).astype(float)
    over = drawn_correlations(x, y, times, coefficient)
    of_systems = drawn_system_correlations(x, y, systems, times, coefficient)
    for row, one, other in zip(times.astype(int), over, of_systems, strict=True):
        at = np.repeat(np.arange(25), row)
        expected = correlation(x[at], y[at], coefficient)
        assert one == pytest.approx(np.nan if expected is None else expected, nan_ok=True)
        expected = system_correlation(x[at], y[at], systems[at], coefficient)
        if len(set(systems[at])) == 4:
            assert other == pytest.approx(np.nan if expected is None else expected, nan_ok=True)
        else:
            assert np.isnan(other)


@pytest.mark.parametrize("coefficient", COEFFICIENTS)
def test_a_constant_side_has_no_correlation(coefficient: Coefficient) -> None:
    times = np.array([[1.0, 1, 1], [3, 0, 0]])
    found = drawn_correlations(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), times, coefficient)
    assert np.isfinite(found[0]) and np.isnan(found[1])


def test_tau_of_many_rows_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=40), rng.integers(3, size=40).astype(float)
    times = rng.multinomial(40, np.full(40, 1 / 40), size=20).astype(float)
    together = drawn_correlations(x, y, times, "kendall")
    monkeypatch.setattr(drawn, "MOST_FOR_PAIRS", 0)
    assert drawn_correlations(x, y, times, "kendall") == pytest.approx(together)
