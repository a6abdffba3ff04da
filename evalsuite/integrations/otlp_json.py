"""Spans as OTLP in JSON, a request a line: what a collector's file receiver reads.

Source: the OpenTelemetry protocol, "JSON Protobuf Encoding" (ids are hex, 64-bit integers are
text), and "File Exporter" (JSON lines, one kind of data a file).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from evalsuite.integrations.spans import Attributes, Scalar, Span

KINDS = {"internal": 1, "client": 3}
ERROR = 2
_NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


def request_line(resource: Attributes, version: str, spans: Sequence[Span]) -> bytes:
    """One export request with ``spans``, as a line that ends in a line feed."""
    content = {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes_of(resource)},
                "scopeSpans": [
                    {
                        "scope": {"name": "evalsuite", "version": version},
                        "spans": [_span(span) for span in spans],
                    }
                ],
            }
        ]
    }
    return msgspec.json.encode(content) + b"\n"


def attributes_of(attributes: Mapping[str, Scalar]) -> list[dict[str, Any]]:
    """Attributes as OTLP writes them, each value under the name of its type."""
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _span(span: Span) -> dict[str, Any]:
    written: dict[str, Any] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": KINDS[span.kind],
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": attributes_of(span.attributes),
    }
    if span.parent_id is not None:
        written["parentSpanId"] = span.parent_id
    if span.events:
        written["events"] = [
            {
                "timeUnixNano": str(event.time_ns),
                "name": event.name,
                "attributes": attributes_of(event.attributes),
            }
            for event in span.events
        ]
    if span.error is not None:
        written["status"] = {"code": ERROR, "message": span.error}
    return written


def _value(value: Scalar) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if math.isfinite(value) else _NOT_FINITE[str(value)]}
    return {"stringValue": value}
