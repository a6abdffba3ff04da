"""Recorded answers: read from a finished run, or from a CSV or JSON Lines file of anyone's."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from evalsuite.datasets import BadData, read_rows
from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Message, Request

Key = tuple[str, ...]

ANSWER_FIELDS = ("text", "choice", "usd", "input_tokens", "output_tokens")


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded answer, or the failure that was recorded in its place (``error_kind``)."""

    answer: Answer | None = None
    usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error_kind: str | None = None
    error_message: str | None = None


class Recordings(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded answers by key, one per repeat.

    ``key_field`` is what the key is made of: "task" (task and sample id), "sample_id", "prompt"
    (the last user turn) or "inputs.<name>". ``messages`` holds the prompts that were recorded, by
    key, where they are known. ``calls`` are what it answered inside hybrids, by ``Request.key``.
    """

    key_field: str
    answers: Mapping[Key, Mapping[int, Recorded]]
    messages: Mapping[Key, tuple[Message, ...]] = {}
    calls: Mapping[str, Recorded] = {}

    def key(self, request: Request) -> Key:
        """The key of ``request``; white space does not matter where the key is text."""
        if self.key_field == "task":
            return (request.task, request.sample_id)
        if self.key_field == "sample_id":
            return (request.sample_id,)
        if self.key_field == "prompt":
            turns = [turn.content for turn in request.messages if turn.role == "user"]
            return _text_key(turns[-1] if turns else "")
        return _text_key(str(request.inputs.get(self.key_field.removeprefix("inputs."))))


def read_run(folder: Path, system: str) -> Recordings:
    """What ``system`` answered in the finished run in ``folder``, as a member of hybrids too.

    ConfigError where there is no finished run or no such system in it.
    """
    rows = [*_parquet(folder, "responses"), *_parquet(folder, "practice")]
    calls = {
        row["request_key"]: _recorded_call(row)
        for row in _parquet(folder, "calls")
        if row["member"] == system and row["answer"] is not None
    }
    systems = sorted({row["system"] for row in rows} | ({system} if calls else set()))
    if system not in systems:
        raise ConfigError(
            f"{folder}: no system {system!r} in this run; it has {', '.join(systems)}"
        )
    answers: dict[Key, dict[int, Recorded]] = {}
    for row in rows:
        if row["system"] == system:
            key = (row["task"], row["sample_id"])
            answers.setdefault(key, {})[row["repeat"]] = _recorded_response(row)
    prompts: dict[Key, tuple[Message, ...]] = {
        (row["task"], row["sample_id"]): msgspec.json.decode(
            row["messages"], type=tuple[Message, ...]
        )
        for row in _parquet(folder, "samples")
    }
    return Recordings(key_field="task", answers=answers, messages=prompts, calls=calls)


def read_file(path: Path, columns: Mapping[str, str]) -> Recordings:
    """What a file of recorded answers holds; the n-th row with the same key is its repeat n-1.

    ``columns`` maps one key field (see ``Recordings``) and some of ``ANSWER_FIELDS`` to columns of
    the file. ConfigError names a column that the file lacks. A row without text and choice records
    no answer.
    """
    keys = [field for field in columns if field not in ANSWER_FIELDS]
    answers: dict[Key, dict[int, Recorded]] = {}
    for number, row in enumerate(recorded_rows(path), start=1):
        for column in columns.values():
            if column not in row:
                known = ", ".join(repr(name) for name in row)
                raise ConfigError(f"{path}: row {number} has no column {column!r}; it has {known}")
        value = str(row[columns[keys[0]]])
        key = (value,) if keys[0] == "sample_id" else _text_key(value)
        repeats = answers.setdefault(key, {})
        repeats[len(repeats)] = _recorded_row(row, columns)
    if not answers:
        raise ConfigError(f"{path}: no recorded answers in it")
    return Recordings(key_field=keys[0], answers=answers)


def recorded_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Rows of a CSV or JSON Lines file, also gzipped; ConfigError where it is no such file."""
    if Path(path.name.removesuffix(".gz")).suffix not in (".csv", ".jsonl"):
        raise ConfigError(f"{path}: recorded answers are read from .csv and .jsonl files (or .gz)")
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file of recorded answers")
    csv.field_size_limit(2**31 - 1)  # the default refuses long answers
    try:
        yield from read_rows(path)
    except BadData as error:
        raise ConfigError(str(error)) from None
    except (ValueError, csv.Error) as error:
        raise ConfigError(f"{path}: {error}") from None


def _recorded_row(row: Mapping[str, Any], columns: Mapping[str, str]) -> Recorded:
    values = {field: row[columns[field]] for field in ANSWER_FIELDS if field in columns}
    text, choice = (_text(values.get(field)) for field in ("text", "choice"))
    if text is None and choice is None:
        return Recorded(error_kind="not_recorded", error_message="the recorded answer is empty")
    return Recorded(
        answer=Answer(text=text if text is not None else choice, choice=choice),
        usd=_float(values.get("usd")),
        input_tokens=_int(values.get("input_tokens")),
        output_tokens=_int(values.get("output_tokens")),
    )


def _recorded_response(row: Mapping[str, Any]) -> Recorded:
    if row["status"] != "ok":
        return Recorded(error_kind=row["error_kind"], error_message=row["error_message"])
    logprobs = _json(row.get("token_logprobs"))
    answer = Answer(
        text=row["text"],
        choice=row["choice"],
        probabilities=_json(row["probabilities"]),
        data=_json(row["data"]),
        token_logprobs=tuple(logprobs) if logprobs else None,
    )
    return Recorded(
        answer=answer,
        usd=row["usd"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
    )


def _recorded_call(row: Mapping[str, Any]) -> Recorded:
    return Recorded(
        answer=msgspec.json.decode(row["answer"], type=Answer),
        usd=row["usd"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
    )


def _parquet(folder: Path, table: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as parquet

    path = folder / f"{table}.parquet"
    if not path.is_file():
        raise ConfigError(f"{folder}: no finished run here (there is no {path.name})")
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def _text_key(text: str) -> Key:
    return (" ".join(text.split()),)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _json(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def _float(value: Any) -> float | None:
    return None if value in (None, "") else float(value)


def _int(value: Any) -> int | None:
    number = _float(value)
    return None if number is None else int(number)
