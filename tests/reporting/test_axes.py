from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evalsuite.reporting.axes import Axis, log_values, share_values


def test_positions_by_hand() -> None:
    assert Axis(0.0, 1.0, 100, 0).at(0.25) == 75
    assert Axis(1.0, 100.0, 0, 200, log=True).at(10) == pytest.approx(100)
    assert Axis(1.0, 100.0, 0, 200, log=True).at(0) == 0
    assert Axis(0.0, 1.0, 0, 10).at(7) == 10


def test_ticks_are_round_and_few() -> None:
    assert log_values(0.02, 30, 4) == pytest.approx([0.1, 1, 10])
    assert log_values(1.5, 8, 5) == [2, 5]
    assert len(log_values(1e-7, 1e3, 4)) <= 4
    assert share_values(0.35, 1.0) == pytest.approx([0.4, 0.6, 0.8, 1.0])


@given(st.floats(1e-9, 1e6), st.floats(1e-9, 1e6), st.integers(3, 9))
def test_ticks_lie_on_the_axis(low: float, high: float, most: int) -> None:
    assume(low * 1.01 < high)
    ticks = log_values(low, high, most)
    assert len(ticks) <= most
    assert all(low * 0.998 <= tick <= high * 1.002 for tick in ticks)
