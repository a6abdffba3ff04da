"""Calls in an answer: as the endpoint gives them, or written in text as Python or JSON.

Python is read as the Berkeley Function Calling Leaderboard does (Patil et al.; bfcl_eval,
``default_decode_ast_prompting``), which is lenient and in some places odd; nothing that a model
wrote is ever evaluated but arithmetic on literal numbers.
"""

from __future__ import annotations

import ast
import json
import operator
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from evalsuite.records import Answer, ToolCall
from evalsuite.scoring.answer_text import fenced_regions, without_reasoning

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_MOST_CHARACTERS = 100_000
_MOST_NESTED = 50
_LARGEST = 10.0**100  # of a number that arithmetic in an argument may give
_BEGINS = re.compile(r"\s*(?:\[\s*)?\{")
_NUMBERED = re.compile(r"^[^\S\n]*+\(?[0-9]+[.):]\s*+(?=[A-Za-z_])", re.MULTILINE)


class Call(NamedTuple):
    """A call that was read: its function's name and its arguments, by name.

    ``positional`` are arguments without a name, which BFCL drops.
    """

    name: str
    arguments: Mapping[str, Any]
    positional: tuple[Any, ...] = ()

    def named_by(self, names: Iterable[str]) -> dict[str, Any]:
        """All arguments by name: positional ones, in order, under those ``names`` that are free.

        Positional arguments beyond them are dropped.
        """
        free = [name for name in names if name not in self.arguments]
        return {**dict(zip(free, self.positional, strict=False)), **self.arguments}


class Undecodable(ValueError):
    """The answer holds no list of calls; the message says why."""


def calls_of(answer: Answer, *, read_text: bool = True) -> list[Call]:
    """The calls of an answer: its ``tool_calls``, else what its text says.

    Text is JSON where it, or a fenced block in it, begins as JSON does, else Python. An answer with
    neither calls nor text has no calls.

    Args:
        answer: What was said.
        read_text: Whether calls may be written in the text; without, only ``tool_calls`` count.

    Raises:
        Undecodable: If the text is no list of calls, or the arguments of a call are no object.
    """
    if answer.tool_calls or not read_text:
        return [_of_tool_call(call) for call in answer.tool_calls]
    text = without_reasoning(answer.text or "")
    written = json_part(text)
    return from_python(text) if written is None else from_json(written)


def json_part(text: str) -> str | None:
    """The part of a text that begins as a JSON object, or a list of them, does.

    That is all of it or, in other words, a fenced block. None where there is no such part.
    """
    if _BEGINS.match(text):
        return text
    if "```" not in text and "~~~" not in text:
        return None
    return next((r.text for r in fenced_regions(text) if _BEGINS.match(r.text)), None)


def from_json(text: str) -> list[Call]:
    """Calls written as JSON.

    A list or a single one of ``{"name": ..., "arguments": {...}}``, of ``{name: {...}}``, or
    either under the key ``tool_calls``. ``function`` is read as ``name``, ``parameters`` and
    ``args`` as ``arguments``, which may also be JSON text.

    Raises:
        Undecodable: If it is none of these.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"no JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("tool_calls"), list):
        value = value["tool_calls"]
    rows = value if isinstance(value, list) else [value]
    return [_of_object(row) for row in rows]


def from_python(text: str, *, version: Literal[1, 4] = 4) -> list[Call]:
    """Calls written as Python: ``[f(a=1), g(b="x")]``.

    Args:
        text: What the model said.
        version: By the rules of which leaderboard. The fourth mends what stands around the list:
            back quotes, blanks, missing outer brackets. The first mended what the handler of a
            model did, and took a call without keyword arguments for a text and so for no call.

    Raises:
        Undecodable: If it is not Python, or holds anything but calls.
    """
    source = text
    if version == 4:
        source = bracketed(source.strip("`\n ")).strip().strip("'")
    body = _parsed(source)
    if isinstance(body, ast.Call) and version == 4:
        return [_call(body)]
    if not isinstance(body, ast.List | ast.Tuple | ast.Set):
        raise Undecodable(f"a {type(body).__name__} is no list of calls")
    return [_item(item, version) for item in body.elts]


def bracketed(text: str) -> str:
    """``text`` between square brackets, of which those that are there are kept."""
    text = text if text.startswith("[") else f"[{text}"
    return text if text.endswith("]") else f"{text}]"


def _item(item: ast.expr, version: int) -> Call:
    if not isinstance(item, ast.Call):
        raise Undecodable(f"a {type(item).__name__} is no call")
    if version == 1 and not item.keywords:
        raise Undecodable("a call without keyword arguments")
    return _call(item)


def from_lines(text: str) -> list[Call]:
    """Calls written one a line, numbered: ``1. f(a="x")``.

    Raises:
        Undecodable: If a numbered line holds no call, or there is none.
    """
    starts = list(_NUMBERED.finditer(text))
    if not starts:
        raise Undecodable("no numbered line")
    found = []
    for start in starts:
        line = text[start.end() :].split("\n", 1)[0]
        body = _parsed(line.strip("` \r"))
        if not isinstance(body, ast.Call):
            raise Undecodable(f"no call in {line[:80]!r}")
        found.append(_call(body))
    return found


# --- JSON ---------------------------------------------------------------------------------------


def _of_tool_call(call: ToolCall) -> Call:
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"arguments of {call.name} are no JSON: {error}") from None
    return _checked(call.name, arguments)


def _of_object(row: Any) -> Call:
    if not isinstance(row, dict):
        raise Undecodable(f"a {type(row).__name__} is no call")
    if isinstance(row.get("function"), dict):
        row = row["function"]
    name = row.get("name", row.get("function"))
    if isinstance(name, str):
        arguments: Any = next(
            (row[key] for key in ("arguments", "parameters", "args") if key in row), {}
        )
    elif len(row) == 1:
        ((name, arguments),) = row.items()
    else:
        raise Undecodable("a call without a name")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}")
        except (ValueError, RecursionError) as error:
            raise Undecodable(f"arguments of {name} are no JSON: {error}") from None
    return _checked(name, arguments)


def _checked(name: str, arguments: Any) -> Call:
    if not isinstance(arguments, dict):
        raise Undecodable(f"arguments of {name} are no object")
    _limit(arguments, _MOST_NESTED)
    return Call(name, arguments)


def _limit(value: Any, deep: int) -> None:
    if deep == 0:
        raise Undecodable("arguments are nested too deeply")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _limit(one, deep - 1)


# --- Python -------------------------------------------------------------------------------------


def _parsed(source: str) -> ast.expr:
    if len(source) > _MOST_CHARACTERS:
        raise Undecodable("too long to be read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are the model's, not ours
            return ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Undecodable(f"no Python: {error}") from None


def _call(node: ast.Call) -> Call:
    arguments: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise Undecodable("** in a call")
        arguments[keyword.arg] = _value(keyword.value, _MOST_NESTED)
    positional = tuple(None if isinstance(one, ast.Starred) else _lenient(one) for one in node.args)
    return Call(_dotted(node.func), arguments, positional)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _lenient(node: ast.expr) -> Any:
    """A positional argument, of which BFCL knows nothing: what cannot be read is its source."""
    try:
        return _value(node, _MOST_NESTED)
    except Undecodable:
        return ast.unparse(node)


def _value(node: ast.expr, deep: int) -> Any:
    """A value as BFCL reads it: names and calls are texts, nested calls ``{name: arguments}``."""
    if deep == 0:
        raise Undecodable("arguments are nested too deeply")
    match node:
        case ast.Constant(value=value):
            return "..." if value is Ellipsis else value
        case ast.UnaryOp(operand=ast.Constant(value=int() | float() as number)):
            return -number  # whatever the operator is, as there
        case ast.List(elts=items):
            return [_value(one, deep - 1) for one in items]
        case ast.Tuple(elts=items):
            return tuple(_value(one, deep - 1) for one in items)
        case ast.Dict(keys=keys, values=values):
            return _dictionary(keys, values, deep)
        case ast.Name(id=name):
            return name
        case ast.BinOp():
            return _arithmetic(node, deep)
        case ast.Call(keywords=[]):
            return ast.unparse(node)
        case ast.Call():
            inner = _call(node)
            return {inner.name: dict(inner.arguments)}
        case ast.Subscript():
            return ast.unparse(node)
    raise Undecodable(f"a {type(node).__name__} is no value")


def _dictionary(
    keys: Sequence[ast.expr | None], values: Sequence[ast.expr], deep: int
) -> dict[Any, Any]:
    pairs = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            raise Undecodable("** in a dictionary")
        name = _value(key, deep - 1)
        try:
            pairs[name] = _value(value, deep - 1)
        except TypeError:
            raise Undecodable("a key of a dictionary that cannot be one") from None
    return pairs


def _arithmetic(node: ast.expr, deep: int) -> Any:
    """What arithmetic on literals gives; texts may be joined and repeated, too."""
    if deep == 0:
        raise Undecodable("arguments are nested too deeply")
    match node:
        case ast.Constant(value=int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            below = _arithmetic(inner, deep - 1)
            if isinstance(below, int | float):
                return -below
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _computed(sign, _arithmetic(left, deep - 1), _arithmetic(right, deep - 1))
    raise Undecodable("an expression that is not arithmetic on literals")


def _computed(sign: ast.operator, left: Any, right: Any) -> Any:
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if isinstance(sign, ast.Pow) and not (numbers and abs(left) <= 1e6 and abs(right) <= 16):
        raise Undecodable("a power that is too large")
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        raise Undecodable("arithmetic on what are no numbers")
    try:
        value = _OPERATORS[type(sign)](left, right)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Undecodable(f"arithmetic that fails: {error}") from None
    if isinstance(value, complex) or (isinstance(value, int) and abs(value) > _LARGEST):
        raise Undecodable("a number that is too large, or complex")
    return value
