"""Answers and their calls as spans, by OpenTelemetry's conventions for generative AI.

An answer is a trace: a span of the system that was asked, and below it a span for every call. Ids
are hashes of the run's and the records' keys, so exporting again sends the same spans. What is
unknown is left out. A span whose duration nobody knows (recorded, cached, resumed) has no length,
and ``evalsuite.duration_known`` says false.

Conventions: github.com/open-telemetry/semantic-conventions-genai, in development; names are checked
against ``opentelemetry-semantic-conventions`` by the tests. They want results of evaluations as
events; those here are events of the answer's span, so that one trace holds all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evalsuite.integrations.answers_stream import Answered, Row
from evalsuite.integrations.messages import asked_messages, said_messages
from evalsuite.integrations.providers import Endpoint, endpoint_of
from evalsuite.records import Manifest

Scalar = str | bool | int | float
Attributes = dict[str, Scalar]
Kind = Literal["internal", "client"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a span."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class Span:
    """One span. Ids are hex, times are nanoseconds since 1970; ``error`` is None without one."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: Kind
    start_ns: int
    end_ns: int
    attributes: Attributes
    events: tuple[Event, ...] = ()
    error: str | None = None


_OF_CALLS = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "tokens_counted_by": "evalsuite.tokens_counted_by",
    "usd": "evalsuite.usd",
    "usd_basis": "evalsuite.usd_basis",
    "billed_usd": "evalsuite.billed_usd",
    "joules": "evalsuite.joules",
    "idle_joules": "evalsuite.idle_joules",
    "joules_basis": "evalsuite.joules_basis",
    "queue_seconds": "evalsuite.queue_seconds",
    "service_seconds": "evalsuite.service_seconds",
    "machine_seconds": "evalsuite.machine_seconds",
    "batch_size": "evalsuite.batch_size",
    "retries": "evalsuite.retries",
    "backoff_seconds": "evalsuite.backoff_seconds",
    "recorded": "evalsuite.recorded",
    "cached": "evalsuite.cached",
    "ordinal": "evalsuite.ordinal",
    "role": "evalsuite.role",
    "member": "evalsuite.member",
    "key": "evalsuite.call.key",
}
_OF_ANSWERS = {
    "key": "evalsuite.response.key",
    "task": "evalsuite.task",
    "sample_id": "evalsuite.sample_id",
    "system": "evalsuite.system",
    "repeat": "evalsuite.repeat",
    "status": "evalsuite.status",
    "success": "evalsuite.success",
    "n_calls": "evalsuite.n_calls",
    "usd": "evalsuite.usd",
    "billed_usd": "evalsuite.billed_usd",
    "joules": "evalsuite.joules",
    "idle_joules": "evalsuite.idle_joules",
    "queue_seconds": "evalsuite.queue_seconds",
}
CALL_COLUMNS = (
    *("response_key", "phase", "model", "status", "error_kind", "request_key", "started_at"),
    *("seconds", "first_token_seconds"),
    *_OF_CALLS,
)
ANSWER_COLUMNS = ("error_kind", "started_at", "seconds", *_OF_ANSWERS)
SCORE_COLUMNS = ("response_key", "name", "value", "status", "decides")
CONTENT_OF_CALLS = ("text", "error_message", "reason")
CONTENT_OF_ANSWERS = ("text", "reasoning", "tool_calls", "error_message", "cluster")
CONTENT_OF_SCORES = ("explanation",)
"""What is sent only if it is wanted: reasons and messages quote texts, clusters may be passages."""


def resource_of(manifest: Manifest) -> Attributes:
    """What is said once of all spans of a run."""
    return {
        "service.name": "evalsuite",
        "service.version": manifest.evalsuite_version,
        "evalsuite.run.name": manifest.name,
        "evalsuite.run.fingerprint": manifest.fingerprint,
    }


class SpanMaker:
    """Makes the spans of one run's answers; with ``content``, also of what was asked and said."""

    def __init__(self, manifest: Manifest, *, content: bool = False) -> None:
        self._run = f"{manifest.fingerprint} {manifest.started_at!r}"
        self._content = content
        self._endpoints = {entry.name: endpoint_of(entry) for entry in manifest.systems}

    def spans(self, answered: Answered) -> Iterator[Span]:
        """The span of the answer, then those of its calls in order."""
        row = answered.response
        trace_id, span_id = self._id("trace", row["key"], 16), self._id("answer", row["key"], 8)
        start, end, known = _times(row)
        attributes: Attributes = {
            "gen_ai.operation.name": "invoke_workflow",
            "gen_ai.workflow.name": row["system"],
            **_named(row, _OF_ANSWERS),
            "evalsuite.duration_known": known,
        }
        if self._content:
            attributes.update(_named(row, {"cluster": "evalsuite.cluster"}))
            attributes.update(asked_messages(answered.messages))
            attributes.update(said_messages(row))
        error = row["error_kind"]
        if error is not None:
            attributes["error.type"] = error
        yield Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_id=None,
            name=f"invoke_workflow {row['system']}",
            kind="internal",
            start_ns=start,
            end_ns=end,
            attributes=attributes,
            events=tuple(self._result(score, row, end) for score in answered.scores),
            error=self._why(row),
        )
        for call in answered.calls:
            yield self._call(call, trace_id, span_id)

    def _call(self, call: Row, trace_id: str, parent_id: str) -> Span:
        endpoint = self._endpoints.get(call["member"], Endpoint())
        is_tool = call["request_key"] is None
        operation = "execute_tool" if is_tool else endpoint.operation
        subject = call["member"] if is_tool else call["model"]
        start, end, known = _times(call)
        attributes: Attributes = {"gen_ai.operation.name": operation}
        if is_tool:
            attributes["gen_ai.tool.name"] = subject
        else:
            attributes["gen_ai.provider.name"] = endpoint.provider
            attributes["gen_ai.request.model"] = subject
            attributes.update(endpoint.request)
        attributes.update(endpoint.server)
        attributes.update(_named(call, _OF_CALLS))
        attributes["evalsuite.duration_known"] = known
        if call["first_token_seconds"] is not None:
            attributes["evalsuite.first_token_seconds"] = call["first_token_seconds"]
        if call["error_kind"] is not None:
            attributes["error.type"] = call["error_kind"]
        if self._content:
            attributes.update(_named(call, {"reason": "evalsuite.reason"}))
            attributes.update(said_messages(call))
        return Span(
            trace_id=trace_id,
            span_id=self._id("call", f"{call['response_key']} {call['ordinal']} {call['key']}", 8),
            parent_id=parent_id,
            name=f"{operation} {subject}",
            kind="client" if endpoint.server else "internal",
            start_ns=start,
            end_ns=end,
            attributes=attributes,
            error=self._why(call),
        )

    def _result(self, score: Row, response: Row, time_ns: int) -> Event:
        """A score, as the conventions have it: an error is no value."""
        attributes: Attributes = {"gen_ai.evaluation.name": score["name"]}
        if score["value"] is not None:
            attributes["gen_ai.evaluation.score.value"] = score["value"]
        if score["decides"] and response["success"] is not None:
            label = "pass" if response["success"] else "fail"
            attributes["gen_ai.evaluation.score.label"] = label
        if score["status"] != "scored":
            attributes["error.type"] = score["status"]
        if self._content and score["explanation"]:
            attributes["gen_ai.evaluation.explanation"] = score["explanation"]
        return Event(name="gen_ai.evaluation.result", time_ns=time_ns, attributes=attributes)

    def _why(self, row: Row) -> str | None:
        """What an error is described by: its message may quote what was asked or said."""
        kind: str | None = row["error_kind"]
        message = row["error_message"] if self._content else None
        return f"{kind}: {message}" if kind is not None and message else kind

    def _id(self, what: str, key: str, size: int) -> str:
        """``size`` bytes as hex that are the same whenever this run is exported, and never 0."""
        digest = hashlib.sha256(f"{self._run} {what} {key}".encode()).digest()[:size]
        return (digest if any(digest) else b"\x01" * size).hex()


def _times(row: Row) -> tuple[int, int, bool]:
    """Start and end in nanoseconds, and whether the duration is known: without one they are one."""
    start = round(row["started_at"] * 1e9)
    seconds = row["seconds"]
    return start, start if seconds is None else start + round(seconds * 1e9), seconds is not None


def _named(row: Row, names: Mapping[str, str]) -> Attributes:
    """What is known of ``row``, under the ``names`` of attributes."""
    return {
        name: row[column]
        for column, name in names.items()
        if row[column] is not None and row[column] != ""
    }


def columns(base: Sequence[str], of_content: Sequence[str], *, content: bool) -> list[str]:
    """The columns to read of a table, each once."""
    return list(dict.fromkeys([*base, *(of_content if content else ())]))
