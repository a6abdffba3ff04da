"""Whether a call could be carried out as it stands: nothing is run to find out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evalsuite.scoring.tool_calls.decode import Call
from evalsuite.scoring.tool_calls.schema import first_fault, json_schema

_TRUTHS = {"true", "false"}


def schema_fault(call: Call, functions: Sequence[Mapping[str, Any]]) -> str | None:
    """Why the arguments of ``call`` do not follow the schema of its function; None if they do.

    The function must be one of ``functions``; parameters that it does not have are a fault, and so
    are positional arguments, because no schema names them.
    """
    function = _named(call.name, functions)
    if function is None:
        return f"no function {call.name!r}"
    if call.positional:
        return f"{call.name}: arguments without a name"
    schema = json_schema(function["parameters"])
    schema.setdefault("additionalProperties", False)
    fault = first_fault(_plain(call.arguments), schema)
    return None if fault is None else f"{call.name}: {fault}"


def binding_fault(call: Call, functions: Sequence[Mapping[str, Any]]) -> str | None:
    """Why ``call`` cannot be bound to its function; None if it can.

    It can if the function exists, every required parameter has an argument, by name or by
    position, there is no argument too many, and each converts to the declared type without loss:
    ``"5"`` to an integer, ``5`` to a float or a text, ``"true"`` to a boolean. This is what a
    tool that reads its arguments leniently would carry out.
    """
    function = _named(call.name, functions)
    if function is None:
        return f"no function {call.name!r}"
    declared: Mapping[str, Any] = function["parameters"]["properties"]
    free = [name for name in declared if name not in call.arguments]
    if len(call.positional) > len(free):
        return f"{call.name}: too many arguments"
    given = call.named_by(free)
    for name in function["parameters"].get("required", ()):
        if name not in given:
            return f"{call.name}: {name} is missing"
    for name, value in given.items():
        if name not in declared:
            return f"{call.name}: no parameter {name!r}"
        kind = declared[name].get("type", "any")
        if not _converts(value, kind):
            return f"{call.name}: {name} is {str(value)[:80]!r}, which is no {kind}"
    return None


def _named(name: str, functions: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The function of that name, which may have ``_`` for a dot where no other has that name."""
    exact = [one for one in functions if one["name"] == name]
    near = [one for one in functions if one["name"].replace(".", "_") == name]
    return next(iter(exact or near), None)


def _plain(value: Any) -> Any:
    """A value as JSON would have it: tuples are lists, keys are texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _converts(value: Any, kind: str) -> bool:
    check = _CHECKS.get(kind)
    return check is None or check(value)


def _is_whole(value: Any) -> bool:
    if isinstance(value, str):
        try:
            int(value)
        except ValueError:
            return False
        return True
    return not isinstance(value, bool) and isinstance(value, int | float) and value == value // 1


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return False
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "integer": _is_whole,
    "float": _is_number,
    "number": _is_number,
    "string": lambda value: isinstance(value, str | int | float),
    "boolean": lambda value: isinstance(value, bool) or str(value).lower() in _TRUTHS,
    "array": lambda value: isinstance(value, list | tuple),
    "tuple": lambda value: isinstance(value, list | tuple),
    "dict": lambda value: isinstance(value, Mapping),
    "object": lambda value: isinstance(value, Mapping),
}
