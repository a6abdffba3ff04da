from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import ExtraMissing, UserError
from evalsuite.integrations.otel_export import export_to_otel
from evalsuite.integrations.otlp_http import traces_address
from evalsuite.store import Run
from tests.integrations.conftest import HOSTILE, Start, on_disk

pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes as conventions


def value_of(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


def attributes_of(message: Any) -> dict[str, Any]:
    return {one.key: value_of(one.value) for one in message.attributes}


def collected(requests: list[dict[str, Any]]) -> list[Any]:
    """The spans that a collector took, decoded from protobuf."""
    decoded = [
        ExportTraceServiceRequest.FromString(bytes.fromhex(one["body"]))
        for one in requests
        if one["status"] == 200
    ]
    return [
        span
        for request in decoded
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The spans in a file of OTLP JSON lines."""
    return [
        span
        for line in path.read_text(encoding="utf-8").splitlines()
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def flat(span: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a span of a file, as they were before OTLP wrote them."""
    readers = {"stringValue": str, "intValue": int, "doubleValue": float, "boolValue": bool}
    found = {}
    for one in span["attributes"]:
        ((kind, value),) = one["value"].items()
        found[one["key"]] = readers[kind](value)
    return found


@pytest.fixture
def spans(written: Run, tmp_path: Path) -> list[dict[str, Any]]:
    done = export_to_otel([written], out=tmp_path / "traces.jsonl")
    found = lines_of(tmp_path / "traces.jsonl")
    assert (done.n_traces, done.n_spans) == (12, 12 + 4 + 4 + 12) == (12, len(found))
    return found


def one(spans: list[dict[str, Any]], system: str, sample: str) -> tuple[Any, list[Any]]:
    """The span of an answer, and those of its calls."""
    root = next(
        span
        for span in spans
        if "parentSpanId" not in span
        and flat(span)["evalsuite.system"] == system
        and flat(span)["evalsuite.sample_id"] == sample
    )
    below = [span for span in spans if span.get("parentSpanId") == root["spanId"]]
    assert {span["traceId"] for span in (root, *below)} == {root["traceId"]}
    return root, below


def test_an_answer_is_a_trace_and_its_calls_are_spans_below_it(spans: list[Any]) -> None:
    root, calls = one(spans, "both", "0")
    assert root["name"] == "invoke_workflow both"
    assert [span["name"] for span in calls] == [
        "chat org/small",
        "execute_tool search",
        "chat org/api",
    ]
    assert [span["kind"] for span in calls] == [1, 1, 3]  # here; here; at an endpoint
    first, tool, second = map(flat, calls)
    assert tool["gen_ai.tool.name"] == "search" and "gen_ai.request.model" not in tool
    assert first["gen_ai.provider.name"] == "evalsuite.transformers"
    assert first["evalsuite.role"] == "tier_1" and first["evalsuite.usd"] == 0.001
    assert second["gen_ai.provider.name"] == "openai"
    assert (second["server.address"], second["server.port"]) == ("models.example", 8000)
    assert second["gen_ai.request.temperature"] == 0.2
    assert second["gen_ai.usage.input_tokens"] == 10
    assert flat(root)["evalsuite.usd"] == pytest.approx(0.021)
    event = root["events"][0]
    assert event["name"] == "gen_ai.evaluation.result"
    assert flat(event) == {
        "gen_ai.evaluation.name": "exact",
        "gen_ai.evaluation.score.value": 1.0,
        "gen_ai.evaluation.score.label": "pass",
    }


def test_times_are_those_of_the_run(spans: list[Any]) -> None:
    root, (call,) = one(spans, "small", "1")
    assert int(root["startTimeUnixNano"]) == 1_700_000_000 * 10**9
    assert int(root["endTimeUnixNano"]) - int(root["startTimeUnixNano"]) == 10**8
    assert int(call["endTimeUnixNano"]) - int(call["startTimeUnixNano"]) == 10**8
    assert flat(call)["evalsuite.duration_known"] is True


@pytest.mark.parametrize(("sample", "why"), [("2", "recorded"), ("3", "cached")])
def test_what_took_no_time_that_is_known_has_no_length(
    spans: list[Any], sample: str, why: str
) -> None:
    for span in (found := one(spans, "api", sample))[1] + [found[0]]:
        assert span["startTimeUnixNano"] == span["endTimeUnixNano"]
        assert flat(span)["evalsuite.duration_known"] is False
    assert flat(found[1][0])[f"evalsuite.{why}"] is True


def test_unknown_is_left_out_and_an_error_is_no_value(spans: list[Any]) -> None:
    root, (call,) = one(spans, "api", "0")
    assert "evalsuite.usd" not in flat(root) | flat(call)
    assert "gen_ai.usage.input_tokens" not in flat(call)
    failed, (call,) = one(spans, "api", "1")
    for span in (failed, call):
        assert span["status"]["code"] == 2
    assert failed["status"]["message"] == flat(failed)["error.type"] == "rate_limited"
    assert flat(call)["error.type"] == "timeout"
    assert flat(failed["events"][0]) == {
        "gen_ai.evaluation.name": "exact",
        "error.type": "system_error",
    }
    assert "evalsuite.success" not in flat(failed)


def test_what_was_asked_and_said_is_sent_only_if_wanted(written: Run, tmp_path: Path) -> None:
    bare, full = tmp_path / "bare.jsonl", tmp_path / "full.jsonl"
    export_to_otel([written], out=bare)
    export_to_otel([written], out=full, content=True)
    text = bare.read_text(encoding="utf-8")
    for word in ("calc", "7 + 5", "question", "0.31 below 0.7", "compared"):
        assert word not in text and word in full.read_text(encoding="utf-8")
    root, calls = one(lines_of(full), "both", "0")
    asked = json.loads(flat(root)["gen_ai.input.messages"])
    said = json.loads(flat(calls[2])["gen_ai.output.messages"])
    assert asked == [
        {"role": "user", "parts": [{"type": "text", "content": f"What is 7 + 5? {HOSTILE}"}]}
    ]
    assert said[0]["parts"] == [{"type": "text", "content": HOSTILE}]
    failed, _ = one(lines_of(full), "api", "1")
    assert failed["status"]["message"] == f"rate_limited: 429 {HOSTILE}"
    event = root["events"][0]
    assert flat(event)["gen_ai.evaluation.explanation"] == "compared exactly"


def test_exporting_again_sends_the_same_spans(
    spans: list[Any], written: Run, tmp_path: Path
) -> None:
    export_to_otel([written], out=tmp_path / "again.jsonl")
    assert lines_of(tmp_path / "again.jsonl") == spans
    ids = [(span["traceId"], span["spanId"]) for span in spans]
    assert len(set(ids)) == len(ids)
    assert all(len(trace) == 32 and len(span) == 16 for trace, span in ids)


def test_every_name_is_one_of_the_conventions(spans: list[Any]) -> None:
    known = {value for value in vars(conventions).values() if isinstance(value, str)}
    retired = {conventions.GEN_AI_SYSTEM, conventions.GEN_AI_USAGE_PROMPT_TOKENS}
    used = {name for span in spans for name in flat(span)}
    used |= {name for span in spans for event in span.get("events", ()) for name in flat(event)}
    used = {name for name in used if name.startswith("gen_ai.")}
    assert len(used) >= 9
    assert used <= known - retired


def test_a_collector_gets_the_same_as_a_file(written: Run, spans: list[Any], start: Start) -> None:
    server = start("collector.py")
    export_to_otel([written], endpoint=server.address)
    requests = server.get("/requests")
    assert {one["path"] for one in requests} == {"/v1/traces"}
    assert requests[0]["headers"]["content-type"] == "application/x-protobuf"
    found = collected(requests)
    assert [span.span_id.hex() for span in found] == [span["spanId"] for span in spans]
    for got, written_span in zip(found, spans, strict=True):
        assert got.trace_id.hex() == written_span["traceId"]
        assert got.parent_span_id.hex() == written_span.get("parentSpanId", "")
        assert (got.name, got.kind) == (written_span["name"], written_span["kind"])
        assert got.start_time_unix_nano == int(written_span["startTimeUnixNano"])
        assert got.end_time_unix_nano == int(written_span["endTimeUnixNano"])
        assert attributes_of(got) == flat(written_span)
        assert got.status.code == written_span.get("status", {}).get("code", 0)
        assert [attributes_of(event) for event in got.events] == [
            flat(event) for event in written_span.get("events", [])
        ]


def test_a_busy_collector_is_asked_again(written: Run, start: Start) -> None:
    server = start("collector.py", "--statuses", "503")
    export_to_otel([written], endpoint=server.address)
    requests = server.get("/requests")
    assert [one["status"] for one in requests] == [503, 200]
    assert len(collected(requests)) == 32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--statuses", "400"), "400 Bad Request no thanks"),
        (("--reject", "3"), "3 refused: too many"),
    ],
)
def test_a_refusal_is_one_line(
    written: Run, start: Start, options: tuple[str, str], message: str
) -> None:
    server = start("collector.py", *options)
    with pytest.raises(UserError, match=message) as refused:
        export_to_otel([written], endpoint=server.address)
    assert "\n" not in str(refused.value)


def test_where_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert traces_address("http://c:4318") == "http://c:4318/v1/traces"
    assert traces_address("http://c:4318/v1/traces/") == "http://c:4318/v1/traces"
    with pytest.raises(UserError, match=r"--out FILE\.jsonl"):
        traces_address(None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://env:4318")
    assert traces_address(None) == "http://env:4318/v1/traces"


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [("http://127.0.0.1:9", "nothing answers there"), ("localhost:4318", "begins with http://")],
)
def test_an_address_that_leads_nowhere_is_one_line(
    written: Run, endpoint: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        export_to_otel([written], endpoint=endpoint)


def test_a_file_needs_no_extra_and_a_collector_names_it(
    written: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("opentelemetry.exporter")]:
        monkeypatch.setitem(sys.modules, name, None)
    assert export_to_otel([written], out=tmp_path / "x.jsonl").n_traces == 12
    with pytest.raises(ExtraMissing, match=r"evalsuite\[otel\]"):
        export_to_otel([written], endpoint="http://127.0.0.1:4318")


def test_a_file_is_whole_or_not_there(written: Run, tmp_path: Path) -> None:
    turned = written.responses.iloc[::-1]
    on_disk(written.with_frames(responses=turned))
    with pytest.raises(UserError, match="not in the order of"):
        export_to_otel([written], out=tmp_path / "x.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
