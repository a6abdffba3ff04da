"""A gate's result, or a comparison, as JSON: everything, for other programs."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from pydantic import BaseModel

from evalsuite.analysis.gate_result import GateResult
from evalsuite.analysis.gate_tests import FigureTest
from evalsuite.reporting.gate_words import headline


def gate_json(result: GateResult) -> str:
    """``result`` with its headline and exit code; unknown is null."""
    content = {
        "evalsuite_gate": 1,
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "headline": headline(result),
        **json_value(result),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def json_value(value: Any) -> Any:
    """``value`` as JSON-able data; an infinite figure becomes the string "Infinity"."""
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, FigureTest):
        return {**_fields(value), "loss": json_value(value.loss)}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [json_value(item) for item in value]
    return value


def _fields(value: Any) -> dict[str, Any]:
    return {
        field.name: json_value(getattr(value, field.name)) for field in dataclasses.fields(value)
    }
