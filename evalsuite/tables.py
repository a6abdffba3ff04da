"""The tables of a run: their columns, and how a record becomes a row.

Columns that hold structure (inputs, probabilities, data ...) are JSON text. A row is a tuple in
the order of its table's columns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import islice
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from evalsuite.records import (
    Answer,
    Call,
    Fit,
    Message,
    Response,
    Sample,
    Score,
    Verdict,
    total,
)
from evalsuite.records import mean_logprob as mean_of

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "integer", "float", "boolean"]
Row = tuple[Any, ...]
_TEXT: Kind = "text"
_INTEGER: Kind = "integer"
_FLOAT: Kind = "float"
_BOOLEAN: Kind = "boolean"

SAMPLES: dict[str, Kind] = {
    "task": _TEXT,
    "sample_id": _TEXT,
    "cluster": _TEXT,
    "inputs": _TEXT,
    "target": _TEXT,
    "metadata": _TEXT,
    "messages": _TEXT,
    "choices": _TEXT,
}
RESPONSES: dict[str, Kind] = {
    "key": _TEXT,  # joins calls.response_key and scores.response_key
    "task": _TEXT,
    "sample_id": _TEXT,
    "cluster": _TEXT,  # never null: the sample's own id where the task names no cluster
    "system": _TEXT,
    "repeat": _INTEGER,
    "status": _TEXT,  # ok | system_error
    "error_kind": _TEXT,
    "error_message": _TEXT,
    "success": _BOOLEAN,  # null where system or scorer failed: unknown, not wrong
    "text": _TEXT,
    "choice": _TEXT,
    "mean_logprob": _FLOAT,
    "probabilities": _TEXT,
    "reasoning": _TEXT,
    "tool_calls": _TEXT,
    "data": _TEXT,
    "token_logprobs": _TEXT,
    "started_at": _FLOAT,
    "seconds": _FLOAT,  # end to end; null where it was not felt in one piece
    "n_calls": _INTEGER,
    "n_cached_calls": _INTEGER,
    "usd": _FLOAT,  # sum over calls, failed ones included; null where any is unknown
    "billed_usd": _FLOAT,  # what this run was charged: without cached and recorded calls
    "joules": _FLOAT,  # machine idling included; null where any call's is unknown
    "idle_joules": _FLOAT,
    "input_tokens": _INTEGER,
    "output_tokens": _INTEGER,
    "queue_seconds": _FLOAT,
    "machine_seconds": _FLOAT,
}
_SUMMED = (
    "usd",
    "billed_usd",
    "joules",
    "idle_joules",
    "input_tokens",
    "output_tokens",
    "queue_seconds",
    "machine_seconds",
)
_MEASURED: dict[str, Kind] = {
    "started_at": _FLOAT,
    "input_tokens": _INTEGER,
    "cached_input_tokens": _INTEGER,
    "output_tokens": _INTEGER,
    "reasoning_tokens": _INTEGER,
    "tokens_counted_by": _TEXT,
    "usd": _FLOAT,
    "usd_basis": _TEXT,
    "billed_usd": _FLOAT,
    "joules": _FLOAT,
    "idle_joules": _FLOAT,
    "joules_basis": _TEXT,
    "seconds": _FLOAT,
    "queue_seconds": _FLOAT,
    "first_token_seconds": _FLOAT,
    "service_seconds": _FLOAT,
    "machine_seconds": _FLOAT,
    "batch_size": _INTEGER,
    "retries": _INTEGER,
    "backoff_seconds": _FLOAT,
    "recorded": _BOOLEAN,
    "cached": _BOOLEAN,
}
CALLS: dict[str, Kind] = {
    "response_key": _TEXT,  # joins responses.key, or practice.key for phase "fit"
    "task": _TEXT,
    "sample_id": _TEXT,
    "system": _TEXT,  # the top-level system that was asked
    "repeat": _INTEGER,
    "ordinal": _INTEGER,  # order of the call inside the response
    "phase": _TEXT,  # answer | fit
    "key": _TEXT,
    "role": _TEXT,  # path of role names, "" for a plain model
    "member": _TEXT,  # the model system that was called
    "model": _TEXT,
    "reason": _TEXT,
    "status": _TEXT,
    "request_key": _TEXT,  # content hash of what was asked; null for a tool
    "error_kind": _TEXT,
    "error_message": _TEXT,
    "text": _TEXT,
    "choice": _TEXT,
    "mean_logprob": _FLOAT,
    "answer": _TEXT,  # all of it as JSON, where it is not the response itself (role is not "")
    **_MEASURED,
}
SCORES: dict[str, Kind] = {
    "response_key": _TEXT,
    "task": _TEXT,
    "sample_id": _TEXT,
    "system": _TEXT,
    "repeat": _INTEGER,
    "name": _TEXT,
    "value": _FLOAT,  # null unless scored, or format_error counted as 0
    "status": _TEXT,  # scored | format_error | system_error | scorer_error
    "explanation": _TEXT,
    "decides": _BOOLEAN,  # whether this is the task's success score
}
FITS: dict[str, Kind] = {
    "key": _TEXT,
    "task": _TEXT,
    "system": _TEXT,
    "split": _TEXT,
    "n_samples": _INTEGER,
    "seconds": _FLOAT,
    "usd": _FLOAT,
    "note": _TEXT,
}
CORPUS: dict[str, Kind] = {
    "task": _TEXT,
    "system": _TEXT,
    "metric": _TEXT,
    "value": _FLOAT,
    "n": _INTEGER,
}
TABLES: Mapping[str, Mapping[str, Kind]] = {
    "samples": SAMPLES,
    "responses": RESPONSES,
    "practice": RESPONSES,
    "calls": CALLS,
    "scores": SCORES,
    "fits": FITS,
    "corpus": CORPUS,
}
VERDICTS: dict[str, Kind] = {
    "judge": _TEXT,
    "judge_version": _INTEGER,
    "by": _TEXT,  # the system that judged, or how a panel's verdict was made
    "role": _TEXT,  # judge | member | panel
    "criterion": _TEXT,
    "task": _TEXT,
    "sample_id": _TEXT,
    "cluster": _TEXT,
    "system": _TEXT,  # whose answer was judged; null for a pair
    "system_a": _TEXT,
    "system_b": _TEXT,
    "order": _TEXT,  # ab | ba: which answer of a pair was shown first
    "answer_repeat": _INTEGER,
    "repeat": _INTEGER,  # of the judge's question
    "value": _FLOAT,  # the score, or 1, 0.5 or 0 for a; null unless judged
    "verdict": _TEXT,  # the label, or a | b | tie
    "basis": _TEXT,  # plain | expected
    "status": _TEXT,  # judged | judge_error | system_error
    "error_kind": _TEXT,
    "error_message": _TEXT,
    "right": _TEXT,  # the verdict that labels or the task's own scores say is right
    "agrees": _BOOLEAN,  # whether the verdict is that one
    "self_judged": _BOOLEAN,
    "said": _TEXT,  # what the judge wrote
    "seconds": _FLOAT,
    "usd": _FLOAT,
    "billed_usd": _FLOAT,
    "input_tokens": _INTEGER,
    "output_tokens": _INTEGER,
    "question_key": _TEXT,  # joins responses.key of the judging; several rows may share one
    "response_key": _TEXT,  # joins responses.key of the run
    "response_key_a": _TEXT,
    "response_key_b": _TEXT,
}
_CHUNK = 5000

_call_head = attrgetter(
    *("response_key", "ordinal", "phase", "key", "role", "system", "model", "reason", "status"),
    *("request_key", "error_kind", "error_message", "answer"),
)
_call_measures = attrgetter(*_MEASURED)
_response_head = attrgetter("key", "task", "sample_id", "system", "repeat")
_summed = attrgetter(*_SUMMED)
_score = attrgetter("name", "value", "status", "explanation")
_fit = attrgetter(*FITS)
_verdict = attrgetter(*VERDICTS)


def sample_row(
    task: str, sample: Sample, messages: Iterable[Message], choices: Iterable[str] | None
) -> Row:
    """A sample with what was asked about it."""
    return (
        task,
        sample.id,
        sample.cluster or sample.id,
        _json(sample.inputs),
        _json(sample.target),
        _json(sample.metadata),
        _json(list(messages)),
        None if choices is None else _json(list(choices)),
    )


def response_row(response: Response, cluster: str, success: bool | None) -> Row:
    """A response; what its calls took is summed, and unknown where any of it is."""
    calls = response.calls
    answer = response.answer or _NO_ANSWER
    if len(calls) == 1:
        sums = _summed(calls[0])
    else:
        sums = tuple(total(column) for column in zip(*map(_summed, calls), strict=True))
        sums = sums or (0.0,) * len(_SUMMED)
    key, task, sample_id, system, repeat = _response_head(response)
    return (
        *(key, task, sample_id, cluster, system, repeat, response.status),
        *(response.error_kind, response.error_message, success),
        *(answer.text, answer.choice, mean_of(answer)),
        _json(answer.probabilities) if answer.probabilities else None,
        answer.reasoning,
        _json(answer.tool_calls) if answer.tool_calls else None,
        _json(answer.data) if answer.data is not None else None,
        _json(answer.token_logprobs) if answer.token_logprobs else None,
        *(response.started_at, response.seconds, len(calls)),
        sum([call.cached for call in calls]),
        *sums,
    )


def call_row(response: Response, call: Call, ordinal: int) -> Row:
    """The call that came at ``ordinal`` in ``response``."""
    key, task, sample_id, system, repeat = _response_head(response)
    _, _, *about, answer = _call_head(call)
    whole = _json(answer) if answer and call.role else None
    answer = answer or _NO_ANSWER
    return (
        *(key, task, sample_id, system, repeat, ordinal),
        *about,
        *(answer.text, answer.choice, mean_of(answer), whole),
        *_call_measures(call),
    )


def score_row(response: Response, score: Score, decides: bool) -> Row:
    """One score of a response."""
    return (*_response_head(response), *_score(score), decides)


def fit_row(fit: Fit) -> Row:
    """What preparing a system took."""
    row: Row = _fit(fit)
    return row


def verdict_row(verdict: Verdict) -> Row:
    """What a judge said."""
    row: Row = _verdict(verdict)
    return row


class TableWriter:
    """Writes a table in chunks to a temporary file; on leaving without an error it is in place."""

    def __init__(self, folder: Path, name: str) -> None:
        """``name`` is one of TABLES, or "verdicts"."""
        import pyarrow.parquet as pq

        self._schema = schema_of(name)
        self._target = folder / f"{name}.parquet"
        self._part = folder / f".{name}.parquet.part"
        self._rows: list[Row] = []
        self._writer = pq.ParquetWriter(self._part, self._schema, compression="zstd")

    def add(self, row: Row) -> None:
        """One row."""
        self._rows.append(row)
        if len(self._rows) >= _CHUNK:
            self._flush()

    def add_all(self, rows: Iterable[Row]) -> None:
        """Many rows, held a chunk at a time."""
        stream = iter(rows)
        while chunk := list(islice(stream, _CHUNK)):
            self._rows.extend(chunk)
            self._flush()

    def __enter__(self) -> TableWriter:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the table in place, or leave the old one where something went wrong."""
        if error is None:
            self._flush()
        self._writer.close()
        if error is None:
            os.replace(self._part, self._target)
        else:
            self._part.unlink()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._rows:
            return
        columns = zip(*self._rows, strict=True)
        arrays = [
            pa.array(column, kind.type) for column, kind in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()


_NO_ANSWER = Answer()


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def schema_of(name: str) -> pa.Schema:
    """The Arrow schema of the table called ``name``: one of TABLES, or "verdicts"."""
    import pyarrow as pa

    types = {
        _TEXT: pa.string(),
        _INTEGER: pa.int64(),
        _FLOAT: pa.float64(),
        _BOOLEAN: pa.bool_(),
    }
    columns = {**TABLES, "verdicts": VERDICTS}[name]
    return pa.schema([(column, types[kind]) for column, kind in columns.items()])
