"""Running a tool: a call is checked against the tool's schema, then computed exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from evalsuite.library.tools.world import World
from evalsuite.records import Tool, ToolCall
from evalsuite.scoring.tool_calls.schema import first_fault

Value = str | int | Fraction | date
Run = Callable[..., Value]

_DECIMALS = 2
_LONGEST = 1000  # characters of a number in an argument


@dataclass(frozen=True)
class Function:
    """A tool and what it does: ``run(world, **arguments)``."""

    tool: Tool
    run: Run


def execute(world: World, call: ToolCall, offered: Mapping[str, Function]) -> str:
    """What the tool says: a name, a number with at most two decimals, a day as YYYY-MM-DD.

    Raises:
        ValueError: As :func:`compute`.
    """
    return shown(compute(world, call, offered))


def compute(world: World, call: ToolCall, offered: Mapping[str, Function]) -> Value:
    """The exact result of a call.

    Raises:
        ValueError: If there is no such tool among ``offered``, its arguments do not follow the
            schema, or they name nothing in this world. The message is for whoever called.
    """
    function = offered.get(call.name)
    if function is None:
        raise ValueError(f"no tool named {call.name!r}")
    try:
        arguments = json.loads(
            call.arguments or "{}", parse_constant=_no_number, parse_int=_int, parse_float=_float
        )
    except ValueError as error:
        raise ValueError(f"the arguments are not JSON: {error}") from None
    except RecursionError:
        raise ValueError("the arguments are nested too deeply") from None
    fault = first_fault(arguments, function.tool.parameters)
    if fault is not None:
        raise ValueError(f"{call.name}: {fault}")
    try:
        return function.run(world, **arguments)
    except OverflowError:
        raise ValueError(f"{call.name}: the result is out of range") from None


def is_rounded(value: Value) -> bool:
    """Whether a tool does not say the whole of ``value``."""
    return isinstance(value, Fraction) and round(value, _DECIMALS) != value


def shown(value: Value) -> str:
    """How a tool writes a value; fractions are rounded half to even, to two decimals."""
    if isinstance(value, Fraction):
        rounded = round(value, _DECIMALS)
        whole, cents = divmod(abs(rounded.numerator) * 10**_DECIMALS // rounded.denominator, 100)
        sign = "-" if rounded < 0 else ""
        return f"{sign}{whole}.{cents:02d}".rstrip("0").rstrip(".")
    return value.isoformat() if isinstance(value, date) else str(value)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _int(text: str) -> int:
    if len(text) > _LONGEST:
        raise ValueError("a number is too long")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if len(text) > _LONGEST or value in (float("inf"), float("-inf")):
        raise ValueError("a number is too long")
    return value
