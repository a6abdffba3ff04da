"""Spans to a collector, as OTLP over HTTP, by OpenTelemetry's own exporter.

Headers, certificates, compression and timeouts are its environment variables
(``OTEL_EXPORTER_OTLP_HEADERS`` ...). It tries again where a collector is busy.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evalsuite.errors import ExtraMissing, UserError
from evalsuite.integrations.reaching import check_reachable
from evalsuite.integrations.spans import Attributes, Span
from evalsuite.reporting.plain import one_line

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

PATH = "/v1/traces"
ENDPOINT, TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
LOGGER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


def traces_address(endpoint: str | None) -> str:
    """Where spans are posted to: ``endpoint`` with ``/v1/traces``, or what the environment says.

    Raises:
        UserError: nobody says where.
    """
    if endpoint is None:
        whole = os.environ.get(TRACES_ENDPOINT)
        if whole:
            return whole
        endpoint = os.environ.get(ENDPOINT)
    if not endpoint:
        raise UserError("where to? Give --endpoint http://HOST:4318, or --out FILE.jsonl")
    bare = endpoint.rstrip("/")
    return bare if bare.endswith(PATH) else bare + PATH


class Collector:
    """Posts spans of one run, a request at a time. A refusal is a UserError in one line."""

    def __init__(self, address: str, resource: Attributes, version: str) -> None:
        try:
            import requests
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        except ImportError:
            raise ExtraMissing(
                "opentelemetry-exporter-otlp-proto-http", "otel", "Exporting to a collector"
            ) from None
        check_reachable(address, option="--endpoint")
        self._session = requests.Session()
        self._session.hooks["response"].append(self._note)
        self._address = address
        self._resource = Resource(resource)
        self._scope = InstrumentationScope("evalsuite", version)
        self._exporter = OTLPSpanExporter(endpoint=address, session=self._session)
        self._said = _Said()
        self._reply = ""

    def send(self, spans: Sequence[Span]) -> None:
        """Post ``spans`` in one request.

        Raises:
            UserError: the collector did not take them, or not all of them.
        """
        from opentelemetry.sdk.trace.export import SpanExportResult

        logger = logging.getLogger(LOGGER)
        told, logger.propagate = logger.propagate, False
        logger.addHandler(self._said)
        try:
            result = self._exporter.export([self._readable(span) for span in spans])
        finally:
            logger.removeHandler(self._said)
            logger.propagate = told
        if result is not SpanExportResult.SUCCESS or self._reply:
            why = one_line(self._reply or self._said.last, 400)
            raise UserError(f"the collector at {self._address} did not take all spans: {why}")

    def close(self) -> None:
        """End the connection."""
        self._session.close()

    def _note(self, response: Any, *args: Any, **kwargs: Any) -> None:
        """Keep why a request was refused, wholly or in part; the exporter tells neither."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceResponse,
        )

        self._reply = ""
        if not response.ok:
            self._reply = f"{response.status_code} {response.reason} {response.text[:300]}"
            return
        if "protobuf" not in response.headers.get("content-type", ""):
            return  # some collectors answer in JSON, or with nothing
        try:
            partial = ExportTraceServiceResponse.FromString(response.content).partial_success
        except Exception as error:  # protobuf's own, which has no types to import it by
            self._reply = f"its answer cannot be read: {error}"
            return
        if partial.rejected_spans:
            self._reply = f"{partial.rejected_spans} refused: {partial.error_message}"

    def _readable(self, span: Span) -> ReadableSpan:
        from opentelemetry.sdk.trace import Event, ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        def context(span_id: str) -> SpanContext:
            sampled = TraceFlags(TraceFlags.SAMPLED)
            return SpanContext(int(span.trace_id, 16), int(span_id, 16), False, sampled)

        return ReadableSpan(
            name=span.name,
            context=context(span.span_id),
            parent=None if span.parent_id is None else context(span.parent_id),
            resource=self._resource,
            attributes=span.attributes,
            events=[Event(e.name, e.attributes, timestamp=e.time_ns) for e in span.events],
            kind=SpanKind.CLIENT if span.kind == "client" else SpanKind.INTERNAL,
            instrumentation_scope=self._scope,
            status=Status(StatusCode.UNSET)
            if span.error is None
            else Status(StatusCode.ERROR, span.error),
            start_time=span.start_ns,
            end_time=span.end_ns,
        )


class _Said(logging.Handler):
    """The last thing that the exporter logged."""

    last = "unknown"

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()
