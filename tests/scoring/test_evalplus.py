from __future__ import annotations

import math
from typing import Any

import pytest

from evalsuite.scoring.evalplus import close, humaneval_equal, mbpp_arguments, mbpp_equal


@pytest.mark.parametrize(
    ("number", "given", "restored"),
    [
        (6, [[1, 2], 3], [[1, 2], 3]),
        (2, [[1, 2], [3]], [(1, 2), (3,)]),
        (63, [[[1, 2], [3, 4]]], [[(1, 2), (3, 4)]]),
        (75, [[[1, 2]], 2], [[(1, 2)], 2]),
        (106, [[1], [2]], [[1], (2,)]),
        (307, [[1, [2]], 0, 5], [(1, [2]), 0, 5]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
        (115, [[[1, 1], []]], [[{1}, {}]]),
        (124, ["1", "2j"], [1.0, 2j]),
        (252, ["1+2j"], [1 + 2j]),
        (722, [{"a": [1, 2]}, 3, 4], [{"a": (1, 2)}, 3, 4]),
    ],
)
def test_arguments_get_back_the_types_that_json_lost(
    number: int, given: list[Any], restored: list[Any]
) -> None:
    assert mbpp_arguments(number, given) == restored
    assert list(map(type, mbpp_arguments(number, given))) == list(map(type, restored))


@pytest.mark.parametrize(
    ("value", "wanted", "atol", "right"),
    [
        (1.0000001, 1.0, 0, True),
        (1.00001, 1.0, 0, False),
        (1, 1.0, 0, True),
        (2, 1, 0, False),
        ([1.0, 2.0000001], [1.0, 2.0], 0, True),
        ((1.0, 2.0000001), [1.0, 2.0], 0, False),
        ([1.0], [1.0, 2.0], 0, False),
        ([1.0000001, 2], [1.0, 2], 0, False),  # not all are floats, so they must be equal
        (3.00005, 3.0, 1e-4, True),
        (True, 1, 1e-4, True),
        ("1", "1.0", 1e-4, False),
        (math.inf, math.inf, 0, True),
        (None, 1.0, 0, False),
    ],
)
def test_floats_may_lie_within_the_tolerance(
    value: object, wanted: object, atol: float, right: bool
) -> None:
    assert close(value, wanted, atol) is right


def test_problems_with_several_right_answers() -> None:
    assert humaneval_equal("find_zero", [[-6, 11, -6, 1]], 2.0, 1.0, 1e-4)
    assert not humaneval_equal("find_zero", [[-6, 11, -6, 1]], 1.5, 1.0, 1e-4)
    assert mbpp_equal("find_dissimilar", [], [2, 1, 1], (1, 2), 0)
    assert not mbpp_equal("find_dissimilar", [], [2], (1, 2), 0)
    assert mbpp_equal("are_equivalent", [36, 57], "anything", False, 0)
    assert mbpp_equal("sum_div", [8], 0, 7, 0) and mbpp_equal("sum_div", [8], 7, 7, 0)
    assert not mbpp_equal("sum_div", [8], 6, 7, 0)
    assert mbpp_equal("digit_distance_nums", [23, 156], 1 + 3 + 3, -1, 0)
    # 9 + 6 sqrt(2.25 + 16) = 34.63 where 4 is the height of the pyramid, 33 where it is the slant.
    assert [v for v in (32, 33, 34, 35) if mbpp_equal("surface_Area", [3, 4], v, 33, 0)] == [33, 35]
    assert mbpp_equal("add", [1], 2, 2, 0) and not mbpp_equal("add", [1], 3, 2, 0)
