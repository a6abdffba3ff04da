"""Runs on disk: a manifest beside Parquet tables, written once when a run is complete.

A run is a folder::

    manifest.json        what was run (records.Manifest)
    journal.sqlite       what happened, as it happened (evalsuite.running.journal)
    samples.parquet      task, sample_id, cluster, inputs, target, metadata, messages, choices
    responses.parquet    one row a (task, system, sample, repeat); see RESPONSE_COLUMNS
    practice.parquet     the same for what systems practised on before they answered
    calls.parquet        one row a model call, practice included; see CALL_COLUMNS
    scores.parquet       one row a (response, score name); see SCORE_COLUMNS
    fits.parquet         one row a (task, system) that had to be prepared; records.Fit
    corpus.parquet       task, system, metric, value, n: figures that are not means over samples

Columns that hold structure (inputs, probabilities, data ...) are JSON text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from evalsuite.errors import UserError
from evalsuite.records import (
    SCHEMA_VERSION,
    Answer,
    Manifest,
    Response,
    Sample,
    Score,
    mean_logprob,
    total,
)
from evalsuite.running.grading import scorer_key
from evalsuite.running.journal import Journal
from evalsuite.task import Graded, Task

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

RESPONSE_COLUMNS = (
    "key",  # joins calls.response_key and scores.response_key
    "task",
    "sample_id",
    "cluster",  # never null: the sample's own id where the task names no cluster
    "system",
    "repeat",
    "status",  # ok | system_error
    "error_kind",
    "error_message",
    "success",  # True | False | null (system or scorer failed: unknown, not wrong)
    "text",
    "choice",
    "probabilities",
    "data",
    "mean_logprob",
    "token_logprobs",
    "started_at",
    "seconds",  # end to end; null where it was not felt in one piece
    "n_calls",
    "usd",  # sum over calls, failed ones included; null where any is unknown
    "joules",
    "input_tokens",
    "output_tokens",
    "queue_seconds",
    "machine_seconds",
)
CALL_COLUMNS = (
    "response_key",  # joins responses.key, or practice.key for phase "fit"
    "task",
    "sample_id",
    "system",  # the top-level system that was asked
    "repeat",
    "ordinal",  # order of the call inside the response
    "phase",  # answer | fit
    "key",
    "role",  # path of role names, "" for a plain model
    "member",  # the model system that was called
    "model",
    "reason",
    "status",
    "error_kind",
    "error_message",
    "text",
    "choice",
    "mean_logprob",
    "started_at",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "tokens_counted_by",
    "usd",
    "usd_basis",
    "joules",
    "joules_basis",
    "seconds",
    "queue_seconds",
    "first_token_seconds",
    "service_seconds",
    "machine_seconds",
    "batch_size",
    "retries",
    "backoff_seconds",
    "recorded",
)
SCORE_COLUMNS = (
    "response_key",
    "task",
    "sample_id",
    "system",
    "repeat",
    "name",
    "value",  # null unless scored, or format_error counted as 0
    "status",  # scored | format_error | system_error | scorer_error
    "explanation",
    "decides",  # whether this is the task's success score
)

SAMPLE_COLUMNS = (
    "task",
    "sample_id",
    "cluster",
    "inputs",
    "target",
    "metadata",
    "messages",
    "choices",
)
FIT_COLUMNS = ("key", "task", "system", "split", "n_samples", "seconds", "usd", "note")
CORPUS_COLUMNS = ("task", "system", "metric", "value", "n")
TABLES = {
    "samples": SAMPLE_COLUMNS,
    "responses": RESPONSE_COLUMNS,
    "practice": RESPONSE_COLUMNS,
    "calls": CALL_COLUMNS,
    "scores": SCORE_COLUMNS,
    "fits": FIT_COLUMNS,
    "corpus": CORPUS_COLUMNS,
}
_INTEGERS = {
    "repeat",
    "ordinal",
    "n",
    "n_calls",
    "n_samples",
    "batch_size",
    "retries",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
}
_FLOATS = {
    "value",
    "usd",
    "joules",
    "mean_logprob",
    "started_at",
    "seconds",
    "queue_seconds",
    "first_token_seconds",
    "service_seconds",
    "machine_seconds",
    "backoff_seconds",
}
_BOOLEANS = {"success", "recorded", "decides"}
_CHUNK = 2000


@dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run: its manifest and its tables as tidy frames."""

    path: Path
    manifest: Manifest
    samples: pd.DataFrame
    responses: pd.DataFrame
    practice: pd.DataFrame
    calls: pd.DataFrame
    scores: pd.DataFrame
    fits: pd.DataFrame
    corpus: pd.DataFrame


def load_run(path: Path | str) -> Run:
    """Read the finished run in folder ``path``; UserError where there is none."""
    import pandas as pd

    folder = Path(path)
    manifest = read_manifest(folder)
    if not manifest.complete:
        raise UserError(f"{folder}: this run is not finished; run its experiment again to go on")
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    return Run(path=folder, manifest=manifest, **frames)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder``; UserError where there is none or it is of another version."""
    path = folder / "manifest.json"
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise UserError(f"{folder}: no run here (a run folder holds a manifest.json)") from None
    except msgspec.DecodeError as error:
        raise UserError(f"{path}: not a manifest: {error}") from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise UserError(
            f"{path}: schema version {manifest.schema_version}; "
            f"this evalsuite reads version {SCHEMA_VERSION}"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` so that a reader sees the old one or the new one, never a part."""
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    _replace(folder / "manifest.json", encoded)


def compact(folder: Path, journal: Journal, tasks: Iterable[Task], fit_keys: Iterable[str]) -> None:
    """Write the journal's current responses, with what belongs to them, as Parquet tables.

    Rows stream from the journal; only the answers of one task are held at once, for corpus metrics.
    """
    chosen = list(tasks)
    _write(folder, "samples", (row for task in chosen for row in _sample_rows(task, journal)))
    _write(folder, "responses", (_response_row(item) for item in _graded(chosen, journal)))
    _write(folder, "practice", (_response_row(item) for item in _practised(chosen, journal)))
    everything = chain(_graded(chosen, journal), _practised(chosen, journal))
    _write(folder, "calls", (row for item in everything for row in _call_rows(item)))
    _write(
        folder, "scores", (row for item in _graded(chosen, journal) for row in _score_rows(item))
    )
    fits = (journal.fit(key) for key in fit_keys)
    _write(folder, "fits", (msgspec.structs.asdict(fit) for fit in fits if fit is not None))
    _write(folder, "corpus", _corpus_rows(chosen, journal))


@dataclass(frozen=True)
class _Row:
    task: Task
    sample: Sample
    response: Response
    scores: Mapping[str, Score]


def _graded(tasks: Iterable[Task], journal: Journal) -> Iterator[_Row]:
    for task in tasks:
        for sample, response in journal.current(task.name):
            scores = journal.scores(response.key, scorer_key(task, sample)) or []
            yield _Row(task, sample, response, {score.name: score for score in scores})


def _practised(tasks: Iterable[Task], journal: Journal) -> Iterator[_Row]:
    for task in tasks:
        for response in journal.practice(task.name):
            scores = journal.last_scores(response.key)
            sample = Sample(id=response.sample_id, inputs={})
            yield _Row(task, sample, response, {score.name: score for score in scores})


def _sample_rows(task: Task, journal: Journal) -> Iterator[dict[str, Any]]:
    for sample in journal.samples(task.name):
        yield {
            "task": task.name,
            "sample_id": sample.id,
            "cluster": sample.cluster or sample.id,
            "inputs": _json(sample.inputs),
            "target": _json(sample.target),
            "metadata": _json(sample.metadata),
            "messages": _json(task.messages(sample)),
            "choices": _json(task.choices(sample)) if task.choices else None,
        }


def _response_row(row: _Row) -> dict[str, Any]:
    response, calls = row.response, row.response.calls
    return {
        "key": response.key,
        "task": response.task,
        "sample_id": response.sample_id,
        "cluster": row.sample.cluster or row.sample.id,
        "system": response.system,
        "repeat": response.repeat,
        "status": response.status,
        "error_kind": response.error_kind,
        "error_message": response.error_message,
        "success": row.task.succeeded(row.scores),
        **_answer_columns(response.answer, structured=True),
        "started_at": response.started_at,
        "seconds": response.seconds,
        "n_calls": len(calls),
        "usd": total(call.usd for call in calls),
        "joules": total(call.joules for call in calls),
        "input_tokens": total(call.input_tokens for call in calls),
        "output_tokens": total(call.output_tokens for call in calls),
        "queue_seconds": total(call.queue_seconds for call in calls),
        "machine_seconds": total(call.machine_seconds for call in calls),
    }


def _call_rows(row: _Row) -> Iterator[dict[str, Any]]:
    response = row.response
    for ordinal, call in enumerate(response.calls):
        measured = msgspec.structs.asdict(call)
        measured.pop("answer")
        yield {
            **measured,
            **_answer_columns(call.answer, structured=False),
            "response_key": response.key,
            "task": response.task,
            "sample_id": response.sample_id,
            "system": response.system,
            "repeat": response.repeat,
            "ordinal": ordinal,
            "member": call.system,
        }


def _score_rows(row: _Row) -> Iterator[dict[str, Any]]:
    for score in row.scores.values():
        yield {
            **msgspec.structs.asdict(score),
            "response_key": row.response.key,
            "task": row.response.task,
            "sample_id": row.response.sample_id,
            "system": row.response.system,
            "repeat": row.response.repeat,
            "decides": score.name == row.task.success,
        }


def _corpus_rows(tasks: Iterable[Task], journal: Journal) -> Iterator[dict[str, Any]]:
    for task in tasks:
        if not task.corpus:
            continue
        by_system: dict[str, list[Graded]] = {}
        for row in _graded([task], journal):
            graded = Graded(sample=row.sample, answer=row.response.answer, scores=row.scores)
            by_system.setdefault(row.response.system, []).append(graded)
        for system, items in by_system.items():
            for metric, function in task.corpus.items():
                yield {
                    "task": task.name,
                    "system": system,
                    "metric": metric,
                    "value": function(items),
                    "n": len(items),
                }


def _answer_columns(answer: Answer | None, *, structured: bool) -> dict[str, Any]:
    if answer is None:
        return {}
    columns = {"text": answer.text, "choice": answer.choice, "mean_logprob": mean_logprob(answer)}
    if structured:
        columns["probabilities"] = _json(answer.probabilities) if answer.probabilities else None
        columns["data"] = _json(answer.data) if answer.data is not None else None
        columns["token_logprobs"] = _json(answer.token_logprobs) if answer.token_logprobs else None
    return columns


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _write(folder: Path, name: str, rows: Iterator[dict[str, Any]]) -> None:
    """Write one table in chunks to a temporary file, then put it in place."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(TABLES[name])
    part = folder / f".{name}.parquet.part"
    with pq.ParquetWriter(part, schema, compression="zstd") as writer:
        while chunk := list(islice(rows, _CHUNK)):
            columns = {field: [row.get(field) for row in chunk] for field in schema.names}
            writer.write_table(pa.table(columns, schema=schema))
    os.replace(part, folder / f"{name}.parquet")


def _schema(columns: Iterable[str]) -> pa.Schema:
    import pyarrow as pa

    def kind(column: str) -> pa.DataType:
        if column in _INTEGERS:
            return pa.int64()
        if column in _FLOATS:
            return pa.float64()
        return pa.bool_() if column in _BOOLEANS else pa.string()

    return pa.schema([(column, kind(column)) for column in columns])


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
