from __future__ import annotations

import pytest

from evalsuite.scoring.humaneval_x.comparing import close, comparison, tolerance


@pytest.mark.parametrize(
    ("test", "within"),
    [
        ("assert (abs(f(1) - 0.33) < 1e-4);", 1e-4),
        ("if (abs(a[i]-b[i])>1e-4) return false; assert (x<0.01);", 0.01),
        ("console.assert(Math.abs(f() - 2.0 / 3.0) < 1e-6)", 1e-6),
        ("for (int i=0;i<100;i++) assert (f(i) < 10);", None),
        ("assert_eq!(f(1), 2);", None),
    ],
)
def test_the_tolerance_is_the_one_that_the_test_states(test: str, within: float | None) -> None:
    assert tolerance(test) == within


@pytest.mark.parametrize(
    ("value", "wanted", "within", "right"),
    [
        ("[1,2]", "[1,2]", None, True),
        ("[1.00001,2]", "[1.0,2]", 1e-4, True),
        ("[1.00001,2]", "[1.0,2]", None, False),
        ("[1.01,2]", "[1.0,2]", 1e-4, False),
        ("[1.0]", "[1.0,2]", 1e-4, False),
        ("3", "2", 10.0, False),  # whole numbers are exact
        ('"1.00001"', '"1.0"', 1e-4, False),  # and so are texts
        ("1.9999999", "2", 1e-4, True),
        ("true", "1.0", 1e-4, False),
    ],
)
def test_values_are_the_same_or_close(
    value: str, wanted: str, within: float | None, right: bool
) -> None:
    assert close(value, wanted, within) is right


def test_any_zero_of_the_polynomial_will_do() -> None:
    is_right = comparison(32, "")
    expected = ["float64 1", "[]int []int{-6, 11, -6, 1}"]
    assert is_right(["float64 2", expected[1]], expected, 0)
    assert not is_right(["float64 1.5", expected[1]], expected, 0)
    assert not is_right(["", expected[1]], expected, 0)
    # Other coefficients than the test's would make any value a zero.
    assert not is_right(["float64 2", "[]int []int{-2, 1}"], expected, 1)
