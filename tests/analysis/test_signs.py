from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.signs import upper_tail, whole_magnitudes

magnitudes = st.lists(st.integers(1, 9), min_size=1, max_size=9)


@given(magnitudes, st.integers(-60, 60))
def test_the_tail_is_that_of_all_sign_patterns(sizes: list[int], observed: int) -> None:
    sums = [sum(pattern) for pattern in product(*((-size, size) for size in sizes))]
    expected = sum(value >= observed for value in sums) / len(sums)
    assert upper_tail(np.array(sizes), observed) == pytest.approx(expected, abs=1e-12)


def test_too_long_is_said() -> None:
    assert upper_tail(np.arange(1, 2000), 5) is None
    assert upper_tail(np.ones(100_000, dtype=np.int64), 0) == pytest.approx(0.5, abs=0.01)


def test_common_steps_are_found() -> None:
    for sums, expected in (
        ([0.1, -0.2, 0.3], [1, 2, 3]),
        ([0.02, 0.03], [2, 3]),
        ([1 / 7, -3 / 7], [1, 3]),
        ([5.0, 5.0], [1, 1]),
    ):
        found = whole_magnitudes(np.array(sums))
        assert found is not None and found.tolist() == expected
    assert whole_magnitudes(np.array([1.0, np.pi])) is None
