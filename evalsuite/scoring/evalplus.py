"""EvalPlus's conventions: the types that JSON lost, its tolerances, its exceptions to them.

The rules are those of evalplus 0.3.1 (Liu et al. 2023, arXiv:2305.01210), which grades MBPP+ and
HumanEval+ by comparing with a solution; a few problems have several right answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

_RELATIVE = 1e-07
"""NumPy's ``assert_allclose`` default, which EvalPlus keeps beside its absolute tolerance."""

MBPP_ANY_OBJECT = frozenset({"check_str", "text_match_three", "text_starta_endb"})
"""They return a match or None; which match it is does not count."""
_MBPP_ANY_ORDER = frozenset(
    {
        "Diff",
        "common_in_nested_lists",
        "extract_singly",
        "find_char_long",
        "find_dissimilar",
        "intersection_array",
        "larg_nnum",
        "similar_elements",
    }
)


def _tuples(value: Any) -> Any:
    return tuple(value)


def _list_of_tuples(value: Any) -> Any:
    return [tuple(item) for item in value]


def _deep(value: Any) -> Any:
    return tuple(_deep(item) for item in value) if isinstance(value, list) else value


def _same(value: Any) -> Any:
    return value


def _tuple_values(value: Any) -> Any:
    return {key: tuple(item) for key, item in value.items()}


def _sets(value: Any) -> Any:
    return [set(item) if isinstance(item, list) and item else {} for item in value]


# Converters of the arguments in order, the last for all that follow, and the problems they are for.
_SHAPES: tuple[tuple[tuple[Callable[[Any], Any], ...], str], ...] = (
    (
        (_tuples,),
        "2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 809",
    ),
    ((_list_of_tuples,), "63 64 70 94 120 237 272 299 400 409 417 438 473 614 780"),
    ((_list_of_tuples, _same), "75 413 444 753"),
    ((_same, _tuples), "106 750"),
    ((_tuples, _same), "250 307 405 446 617 720 763 808"),
    ((_deep,), "259 278 401 445 580 615 791"),
    ((_sets,), "115"),
    ((float, complex), "124"),
    ((complex,), "252"),
    ((_tuple_values, _same), "722"),
)
_SHAPE_OF = {int(number): shape for shape, numbers in _SHAPES for number in numbers.split()}


def mbpp_arguments(number: int, arguments: Sequence[Any]) -> list[Any]:
    """The arguments of one call in the types that MBPP's problem ``number`` asks for."""
    shape = _SHAPE_OF.get(number, (_same,))
    rest = shape[-1:] * (len(arguments) - len(shape))
    return [convert(value) for convert, value in zip((*shape, *rest), arguments, strict=False)]


def humaneval_equal(
    name: str, arguments: Sequence[Any], value: Any, wanted: Any, atol: float
) -> bool:
    """Whether ``value`` is right for HumanEval+'s function ``name``."""
    if name == "find_zero":  # HumanEval/32: any zero will do
        (coefficients,) = arguments
        return abs(math.fsum(c * math.pow(value, i) for i, c in enumerate(coefficients))) <= atol
    return close(value, wanted, atol)


def mbpp_equal(name: str, arguments: Sequence[Any], value: Any, wanted: Any, atol: float) -> bool:
    """Whether ``value`` is right for MBPP+'s function ``name``."""
    if name in _MBPP_ANY_ORDER:
        return set(value) == set(wanted)
    match name:
        case "are_equivalent":  # 164: the problem can be read in two ways
            return True
        case "sum_div" if value == 0:  # 295
            return True
        case "surface_Area":  # 581: height may be that of the pyramid
            base, height = arguments
            slant = math.sqrt((base / 2) ** 2 + height**2)
            return (
                close(value, wanted, atol) or abs(value - round(base**2 + 2 * base * slant)) <= atol
            )
        case "digit_distance_nums":  # 558: numbers of different lengths may be padded
            return close(value, wanted, atol) or value == _padded_digit_distance(*arguments)
    return close(value, wanted, atol)


def _padded_digit_distance(a: int, b: int) -> int:
    width = max(len(str(a)), len(str(b)))
    pairs = zip(str(a).zfill(width), str(b).zfill(width), strict=True)
    return sum(abs(int(x) - int(y)) for x, y in pairs)


def close(value: Any, wanted: Any, atol: float) -> bool:
    """Equal, or of the same type and shape with numbers within ``atol`` and 1e-7 of ``wanted``.

    Floats, and lists and tuples of nothing else, are compared with an ``atol`` of 1e-6 where the
    problem states none; all else must then be equal.
    """
    if value == wanted:
        return True
    if atol == 0 and _is_floats(wanted):
        atol = 1e-6
    return atol != 0 and type(value) is type(wanted) and _near(value, wanted, atol)


def _is_floats(value: Any) -> bool:
    if isinstance(value, list | tuple) and value:
        return all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def _near(value: Any, wanted: Any, atol: float) -> bool:
    if isinstance(wanted, list | tuple):
        return (
            isinstance(value, list | tuple)
            and len(value) == len(wanted)
            and all(_near(one, other, atol) for one, other in zip(value, wanted, strict=True))
        )
    if isinstance(value, int | float | complex) and isinstance(wanted, int | float | complex):
        return value == wanted or abs(value - wanted) <= atol + _RELATIVE * abs(wanted)
    return bool(value == wanted)
