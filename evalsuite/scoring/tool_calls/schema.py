"""Arguments of a call against the JSON schema of its function.

BFCL writes parameters in a dialect of its own (``dict``, ``float``, ``tuple``, ``any``, dotted
names); :func:`json_schema` makes JSON schema of it, as its conversion for OpenAI does.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evalsuite.records import Tool

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_TYPES = {
    "any": "string",
    "array": "array",
    "boolean": "boolean",
    "dict": "object",
    "float": "number",
    "integer": "integer",
    "number": "number",
    "object": "object",
    "string": "string",
    "tuple": "array",
}
_LONGEST_FAULT = 200  # characters of a message


def json_schema(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """JSON schema that says what BFCL's parameters say: ``any`` lets every value pass.

    Raises:
        ValueError: For a type that is not known.
    """
    return _converted(parameters, any_is_text=False)


def openai_tool(function: Mapping[str, Any]) -> Tool:
    """A function of BFCL's as it is offered to endpoints that call functions.

    As its ``convert_to_tool`` for OpenAI does: dots in the name become ``_``, ``dict`` is an
    object, ``tuple`` an array, ``float`` a number that is said to be one, ``any`` a text.

    Raises:
        ValueError: For a type that is not known.
    """
    return Tool(
        name=function["name"].replace(".", "_"),
        description=function["description"],
        parameters=_converted(function["parameters"], any_is_text=True),
    )


def _converted(schema: Mapping[str, Any], *, any_is_text: bool) -> dict[str, Any]:
    converted = dict(schema)
    kind = schema.get("type")
    if kind is not None and kind not in _TYPES:
        raise ValueError(f"unknown type {kind!r}")
    if kind == "any" and not any_is_text:
        del converted["type"]
    elif kind is not None:
        converted["type"] = _TYPES[kind]
    if kind == "float" and any_is_text:
        converted["format"] = "float"
        if "description" in schema:
            converted["description"] = f"{schema['description']} This is a float type value."
    if isinstance(schema.get("properties"), Mapping):
        converted["properties"] = {
            name: _converted(inner, any_is_text=any_is_text)
            for name, inner in schema["properties"].items()
        }
    if isinstance(schema.get("items"), Mapping):
        converted["items"] = _converted(schema["items"], any_is_text=any_is_text)
    if not isinstance(schema.get("required", []), list):
        # Inside a property BFCL sometimes says "required": true, which is no JSON schema.
        del converted["required"]
    return converted


def first_fault(arguments: Any, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with ``arguments``, in words; None where they follow ``schema``.

    Of several faults the one nearest to the top, in the order of the arguments.
    """
    validator = _validator(json.dumps(schema, sort_keys=True))
    faults = sorted(validator.iter_errors(arguments), key=lambda one: len(one.absolute_path))
    if not faults:
        return None
    where = ".".join(map(str, faults[0].absolute_path))
    said = faults[0].message
    said = said if len(said) <= _LONGEST_FAULT else f"{said[:_LONGEST_FAULT]}..."
    return f"{where}: {said}" if where else said


@functools.lru_cache(maxsize=4096)
def _validator(schema: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema))
