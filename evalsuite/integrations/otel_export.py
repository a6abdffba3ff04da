"""Runs to OpenTelemetry: every answer as a trace, to a collector or to a file that one reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evalsuite.integrations import spans as of
from evalsuite.integrations.answers_stream import answers_of
from evalsuite.integrations.otlp_http import Collector, traces_address
from evalsuite.integrations.otlp_json import request_line
from evalsuite.integrations.spans import Span, SpanMaker, resource_of
from evalsuite.records import Manifest
from evalsuite.store import Run

MOST_SPANS = 512
MOST_CHARACTERS = 4_000_000
"""Of the texts of one request: collectors take no more than some 20 MB at a time."""

Send = Callable[[Sequence[Span]], object]


@dataclass(frozen=True, kw_only=True)
class OtelExport:
    """How much was sent; an answer is a trace."""

    n_traces: int
    n_spans: int


def export_to_otel(
    runs: Sequence[Run],
    *,
    endpoint: str | None = None,
    out: Path | None = None,
    content: bool = False,
) -> OtelExport:
    """Send the answers of ``runs`` as traces, streaming.

    Args:
        runs: finished runs on disk.
        endpoint: a collector's OTLP/HTTP address (``http://localhost:4318``); None takes
            ``OTEL_EXPORTER_OTLP_ENDPOINT``, unless there is ``out``.
        out: a file of OTLP JSON lines to write instead.
        content: also send prompts, answers, explanations and messages of errors.

    Raises:
        ExtraMissing: a collector is to be reached and OpenTelemetry's exporter is not installed.
        UserError: nothing answers, or the collector refuses.
    """
    n_traces = n_spans = 0
    address = None if out is not None else traces_address(endpoint)
    with _file(out) as write:
        for run in runs:
            manifest = run.manifest
            with _sender(manifest, address, write) as send:
                for n_new, batch in _batches(run, content=content):
                    send(batch)
                    n_traces, n_spans = n_traces + n_new, n_spans + len(batch)
    return OtelExport(n_traces=n_traces, n_spans=n_spans)


def _batches(run: Run, *, content: bool) -> Iterator[tuple[int, list[Span]]]:
    """The spans of a run a request at a time, with how many traces begin in it."""
    maker = SpanMaker(run.manifest, content=content)
    stream = answers_of(
        run.path,
        responses=of.columns(of.ANSWER_COLUMNS, of.CONTENT_OF_ANSWERS, content=content),
        calls=of.columns(of.CALL_COLUMNS, of.CONTENT_OF_CALLS, content=content),
        scores=of.columns(of.SCORE_COLUMNS, of.CONTENT_OF_SCORES, content=content),
        prompts=content,
    )
    batch: list[Span] = []
    n_traces = n_characters = 0
    for answered in stream:
        made = list(maker.spans(answered))
        size = sum(map(_characters, made)) if content else 0
        if batch and (len(batch) + len(made) > MOST_SPANS or n_characters + size > MOST_CHARACTERS):
            yield n_traces, batch
            batch, n_traces, n_characters = [], 0, 0
        batch += made
        n_traces, n_characters = n_traces + 1, n_characters + size
    if batch:
        yield n_traces, batch


def _characters(span: Span) -> int:
    texts = [span.attributes, *(event.attributes for event in span.events)]
    return sum(len(v) for named in texts for v in named.values() if isinstance(v, str))


@contextmanager
def _sender(
    manifest: Manifest, address: str | None, write: Callable[[bytes], object]
) -> Iterator[Send]:
    """What takes the spans of one run: a collector at ``address``, or the file of ``write``."""
    resource, version = resource_of(manifest), manifest.evalsuite_version
    if address is None:
        yield lambda batch: write(request_line(resource, version, batch))
        return
    collector = Collector(address, resource, version)
    try:
        yield collector.send
    finally:
        collector.close()


@contextmanager
def _file(out: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Write ``out``, which is there in the end only if all of it is; None is nowhere."""
    if out is None:
        yield len
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as file:
            yield file.write
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
