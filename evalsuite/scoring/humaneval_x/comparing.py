"""Whether the values that a program wrote down are those of the benchmark's solution."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|.', re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TOLERANCE = re.compile(r"[<>]=?\s*((?:10?|\d*\.\d+)(?:[eE]-\d+)?)\b")
_LARGEST_TOLERANCE = 0.1

IsRight = Callable[[Sequence[str], Sequence[str], int], bool]
"""Whether one of the values is right, from all values, all expected ones, and its number."""


def comparison(number: int, test: str) -> IsRight:
    """How the values of HumanEval's problem ``number`` are compared, whose test is ``test``."""
    return _ORACLES.get(number) or functools.partial(_same, tolerance(test))


def tolerance(test: str) -> float | None:
    """The largest tolerance that a test states, such as ``< 1e-4``; None where it states none."""
    stated = [float(text) for text in _TOLERANCE.findall(test)]
    small = [number for number in stated if 0 < number <= _LARGEST_TOLERANCE]
    return max(small) if small else None


def close(value: str, wanted: str, within: float | None) -> bool:
    """Whether two values as written down are the same, but for fractions that lie ``within``."""
    if value == wanted or within is None:
        return value == wanted
    ours, theirs = _TOKEN.findall(value), _TOKEN.findall(wanted)
    if len(ours) != len(theirs):
        return False
    return all(
        one == other or _near(one, other, within) for one, other in zip(ours, theirs, strict=True)
    )


def _near(one: str, other: str, within: float) -> bool:
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    whole = not (set(".eE") & set(one + other))
    return not whole and abs(float(one) - float(other)) <= within


def _same(
    within: float | None, values: Sequence[str], expected: Sequence[str], number: int
) -> bool:
    return close(values[number], expected[number], within)


def _is_zero(values: Sequence[str], expected: Sequence[str], number: int) -> bool:
    """HumanEval/32: any zero of the polynomial whose coefficients are recorded behind it."""
    if number % 2 == 1:
        return values[number] == expected[number]
    solution, coefficients = _numbers(values[number]), _numbers(expected[number + 1])
    if len(solution) != 1:
        return False
    return abs(sum(c * solution[0] ** i for i, c in enumerate(coefficients))) < 1e-3


def _numbers(value: str) -> list[float]:
    """The numbers in a value as written down, not those in names of types."""
    return [float(text) for text in re.findall(rf"(?<![\w.]){_NUMBER.pattern}(?!\w)", value)]


_ORACLES: dict[int, Callable[[Sequence[str], Sequence[str], int], bool]] = {32: _is_zero}
