"""Calls against the allowed answers of the Berkeley Function Calling Leaderboard.

These are the rules of its AST checker for Python (Patil et al., bfcl_eval, ``ast_checker``), odd
ones included, so that figures can be compared:

1. As many calls as answers; where there are several answers they are taken greedily, in order.
2. The name is that of the answer (with ``_`` for ``.`` where an endpoint cannot have dots).
3. Every required parameter is there, and none that the function or the answer does not have.
4. Types are exact, but an integer may stand for a float; elements of lists are checked one level
   deep, where it may not. A value typed like the answer instead of the specification is a
   variable.
5. Texts are compared without ``, . / - _ * ^`` and blanks, in lower case; lists by element; of a
   dictionary each value must be among its own; dictionaries in lists in order; other values must
   be among the answers.
6. A parameter may be left out if ``""`` is among its answers, and since the fourth version so may
   a key of a dictionary; before, a dictionary had to have as many keys as the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from evalsuite.scoring.tool_calls.decode import Call

FaultKind = Literal[
    "wrong_count",
    "wrong_name",
    "missing_parameter",
    "unexpected_parameter",
    "wrong_type",
    "wrong_value",
    "no_match",
]
Version = Literal[1, 4]
Allowed = Sequence[Any]
"""The values that a parameter may have; ``""`` says that it may be left out."""

_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
_IGNORED = re.compile(r"[ ,./\-_*^]")


class Fault(NamedTuple):
    """Why calls are wrong: one word for counting, and a sentence.

    ``no_match`` is for an answer to which none of several calls fits.
    """

    kind: FaultKind
    message: str


class Expected(NamedTuple):
    """A right call: the function's name and the allowed values of each of its parameters."""

    name: str
    allowed: Mapping[str, Allowed]


def first_call_fault(
    calls: Sequence[Call],
    functions: Sequence[Mapping[str, Any]],
    expected: Sequence[Expected],
    *,
    underscored: bool = False,
    version: Version = 4,
) -> Fault | None:
    """What is wrong with ``calls``; None where they are what is expected.

    Args:
        calls: What was said.
        functions: The functions on offer, in BFCL's form.
        expected: The right calls, in any order.
        underscored: The names said have ``_`` where the functions' names have a dot.
        version: Of the leaderboard whose rules are used.

    Raises:
        KeyError: If no function has an expected name.
    """
    if len(calls) != len(expected):
        return Fault("wrong_count", f"{len(calls)} calls, not {len(expected)}")
    by_name = {function["name"]: function for function in reversed(functions)}
    free = list(calls)
    for answer in expected:
        function = by_name[answer.name]
        name = function["name"].replace(".", "_") if underscored else function["name"]
        faults = [_call_fault(call, name, function, answer.allowed, version) for call in free]
        if None in faults:
            del free[faults.index(None)]
        elif len(faults) == 1:
            return faults[0]
        else:
            first = faults[0]
            why = f"none of {len(free)} calls is {answer.name} as expected"
            return Fault("no_match", f"{why}; the first: {first.message}" if first else why)
    return None


def _call_fault(
    call: Call,
    name: str,
    function: Mapping[str, Any],
    allowed: Mapping[str, Allowed],
    version: Version,
) -> Fault | None:
    if call.name != name:
        return Fault("wrong_name", f"{call.name or 'no name'}, not {name}")
    declared = function["parameters"]["properties"]
    for parameter in function["parameters"].get("required", ()):
        if parameter not in call.arguments:
            return Fault("missing_parameter", f"{parameter} is required")
    for parameter, value in call.arguments.items():
        if parameter not in declared or parameter not in allowed:
            return Fault("unexpected_parameter", f"{parameter}")
        fault = _value_fault(parameter, value, declared[parameter], allowed[parameter], version)
        if fault is not None:
            return fault
    for parameter, values in allowed.items():
        if parameter not in call.arguments and "" not in values:
            return Fault("missing_parameter", f"{parameter} may not be left out")
    return None


def _value_fault(
    parameter: str, value: Any, declared: Mapping[str, Any], allowed: Allowed, version: Version
) -> Fault | None:
    kind = declared["type"]
    wanted = _TYPES[kind]
    inner = _TYPES[declared["items"]["type"]] if kind in ("array", "tuple") else None
    if kind == "tuple" and type(value) is tuple:
        value = list(value)
    if kind == "float" and type(value) is int:
        value = float(value)
    problem, variable = _typed(value, allowed, wanted, inner)
    if problem is not None:
        said = f"{parameter} is {_short(value)}, {problem} {kind}"
        return Fault("wrong_type", said)
    if variable:
        right = value in allowed
    elif wanted is dict:
        right = _is_dictionary(value, allowed, version)
    elif wanted is list and inner is dict:
        right = any(_are_dictionaries(value, one, version) for one in allowed)
    elif wanted is str:
        texts = [standardised(one) for one in allowed if isinstance(one, str)]
        right = standardised(value) in texts
    elif wanted is list:
        right = _elements(value) in [_elements(one) for one in allowed]
    else:
        right = value in allowed
    if right:
        return None
    return Fault("wrong_value", f"{parameter} is {_short(value)}, not one of {_short(allowed)}")


def _typed(
    value: Any, allowed: Allowed, wanted: type, inner: type | None
) -> tuple[str | None, bool]:
    """What is wrong with the type (None if nothing is), and whether it is that of a variable."""
    answers = next((type(one) for one in allowed if one != ""), None)
    variable = answers is not None and answers is not wanted
    if type(value) is wanted:
        if inner is None or any(_elements_typed(value, one, inner) for one in allowed):
            return None, variable
        return "with elements that do not fit", False
    if answers is not None and type(value) is answers:
        return None, True
    return "not", False


def _elements_typed(value: Any, answer: Any, inner: type) -> bool:
    # An answer that is no list ("" for leaving it out) lets elements of any type pass.
    if type(answer) is not list:
        return True
    return all(_typed(one, answer, inner, None)[0] is None for one in value)


def standardised(text: str) -> str:
    """A text as BFCL compares it: ``April 1, 2024`` is ``april 1 2024``."""
    return _IGNORED.sub("", text).lower().replace("'", '"')


def _elements(value: Any) -> list[Any]:
    return [standardised(one) if isinstance(one, str) else one for one in value]


def _is_dictionary(value: Mapping[str, Any], allowed: Allowed, version: Version) -> bool:
    return any(_same_dictionary(value, one, version) for one in allowed if one != "")


def _are_dictionaries(value: Sequence[Any], answer: Sequence[Any], version: Version) -> bool:
    return len(value) == len(answer) and all(
        isinstance(one, dict) and _same_dictionary(one, other, version)
        for one, other in zip(value, answer, strict=True)
    )


def _same_dictionary(value: Mapping[str, Any], answer: Mapping[str, Any], version: Version) -> bool:
    if version == 1 and len(value) != len(answer):
        return False
    for key, one in value.items():
        if key not in answer:
            return False
        if isinstance(answer[key], dict):
            if not (isinstance(one, dict) and _same_dictionary(one, answer[key], version)):
                return False
            continue
        said = standardised(one) if isinstance(one, str) else one
        if said not in _elements(answer[key]):
            return False
    return all(key in value or "" in values for key, values in answer.items())


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}..."
