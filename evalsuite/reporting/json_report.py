"""A report as JSON: everything that analysis found, for other programs."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import headline

VERSION = 1
"""Raised when a key goes away or changes what it means; new keys may come at any time."""


def to_json(summary: Summary) -> str:
    """``summary`` with its headline. Unknown is null; infinite is "Infinity" or "-Infinity"."""
    content = {
        "evalsuite_report": VERSION,
        "headline": headline(summary),
        **json_value(summary),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def json_value(value: Any) -> Any:
    """``value`` as JSON-able data."""
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, msgspec.Struct):
        return json_value(msgspec.to_builtins(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: json_value(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    return value


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what ``to_json`` writes."""
    (reference,), components = msgspec.json.schema_components(
        [Summary], ref_template="#/$defs/{name}"
    )
    definitions = {name: _with_infinity(part) for name, part in components.items()}
    root = definitions.pop(str(reference["$ref"]).rpartition("/")[2])
    about = {
        "evalsuite_report": {"const": VERSION},
        "headline": {"type": "string", "description": "The verdict in words."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": "evalsuite report",
        "properties": {**about, **root["properties"]},
        "required": [*about, *root["required"]],
        "$defs": definitions,
    }


def _with_infinity(part: Any) -> Any:
    """``part`` of a schema, where a number may also be infinite."""
    if isinstance(part, list):
        return [_with_infinity(item) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "number":
        plain = {key: value for key, value in part.items() if key in ("default", "description")}
        return {**plain, "anyOf": [{"type": "number"}, {"enum": ["Infinity", "-Infinity"]}]}
    return {key: _with_infinity(item) for key, item in part.items()}
