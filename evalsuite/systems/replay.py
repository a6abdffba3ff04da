"""Recorded answers as a system: what was paid for once is compared, routed and cascaded for free.

A request that was never recorded is a failed call of kind "not_recorded": nothing is guessed.
Recorded correctness is not read at all; answers are scored again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from evalsuite.errors import CallRejected
from evalsuite.records import Completion, Request
from evalsuite.systems.base import Fitted, ModelSpec, Practice
from evalsuite.systems.price import Price
from evalsuite.systems.recordings import (
    ANSWER_FIELDS,
    Recorded,
    Recordings,
    read_file,
    read_run,
)
from evalsuite.systems.resources import Resources


class ReplaySpec(ModelSpec):
    """A system of a finished run, or a file of recorded answers.

    run, system: a run folder and the name of a system in it.
    file, columns: a .csv or .jsonl file (also .gz) and which of its columns is what. One key of
        ``columns`` says how rows are found: ``sample_id``, ``prompt`` (the last user turn) or
        ``inputs.<name>``; the others are ``text`` or ``choice``, and where recorded ``usd``,
        ``input_tokens`` and ``output_tokens``.
    usd_per_answer: what each answer cost, where the recording does not say.
    repeat: answer every repeat from this recorded one; None answers each from its own.
    """

    backend: Literal["replay"] = "replay"
    run: Path | None = None
    system: str | None = None
    file: Path | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    usd_per_answer: float | None = Field(None, ge=0)
    repeat: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_source(self) -> ReplaySpec:
        if (self.run is None) == (self.file is None):
            raise ValueError("give either `run` and `system`, or `file` and `columns`")
        if self.run is not None and self.system is None:
            raise ValueError("`run` needs `system`, the name of the system in that run")
        if self.file is not None:
            _check_columns(self.columns)
        return self

    def open(self, resources: Resources) -> ReplayModel:
        """Read the recording; ConfigError where it is not what was said."""
        if self.run is not None:
            assert self.system is not None
            recordings, source = read_run(self.run, self.system), self.run / "responses.parquet"
        else:
            assert self.file is not None
            recordings, source = read_file(self.file, self.columns), self.file
        return ReplayModel(self, recordings, hashlib.sha256(source.read_bytes()).hexdigest()[:16])


class ReplayModel:
    """Answers from memory. Its calls carry recorded dollars and tokens, and no times."""

    def __init__(self, spec: ReplaySpec, recordings: Recordings, content: str) -> None:
        """``content`` is the hash of the recording."""
        answered_by = spec.system or spec.columns.get("text") or spec.columns.get("choice")
        self.name = f"recorded {answered_by}"
        self.identity: Mapping[str, Any] = {
            "content": content,
            "system": spec.system,
            "columns": spec.columns,
            "repeat": spec.repeat,
        }
        self.price = Price(
            source="recorded" if spec.usd_per_answer is None else "stated in the experiment"
        )
        self._recordings = recordings
        self._repeat = spec.repeat
        self._usd = spec.usd_per_answer

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """The recorded answer; CallRejected with the recorded kind, or "not_recorded"."""
        recorded = self._find(request)
        if recorded.answer is None:
            kind = recorded.error_kind or "not_recorded"
            billed = False if recorded.usd == 0 or kind == "not_recorded" else None
            raise CallRejected(
                recorded.error_message or kind, kind=kind, billed=billed, recorded=True
            )
        return Completion(
            answer=recorded.answer,
            input_tokens=recorded.input_tokens,
            output_tokens=recorded.output_tokens,
            recorded=True,
            usd=self._usd if recorded.usd is None else recorded.usd,
        )

    async def fit(self, practice: Practice) -> Fitted | None:
        """Nothing to learn."""
        return None

    async def close(self) -> None:
        """Nothing to free."""

    def _find(self, request: Request) -> Recorded:
        """Its own answer to the sample or, where that was another question, one inside a hybrid."""
        try:
            return self._answered(request)
        except CallRejected:
            within = self._recordings.calls.get(request.key) if self._recordings.calls else None
            if within is None:
                raise
            return within

    def _answered(self, request: Request) -> Recorded:
        key = self._recordings.key(request)
        repeats = self._recordings.answers.get(key)
        if repeats is None:
            raise _not_recorded(request, "was never asked in the recording")
        asked = self._recordings.messages.get(key)
        if asked is not None and asked != request.messages:
            raise _not_recorded(request, "was recorded with another prompt")
        repeat = request.repeat if self._repeat is None else self._repeat
        if repeat not in repeats:
            raise _not_recorded(request, f"has no recorded repeat {repeat}")
        return repeats[repeat]


def _not_recorded(request: Request, what: str) -> CallRejected:
    message = f"{request.task} sample {request.sample_id!r} {what}"
    return CallRejected(message, kind="not_recorded", billed=False, recorded=True)


def _check_columns(columns: Mapping[str, str]) -> None:
    keys = [field for field in columns if field not in ANSWER_FIELDS]
    known = all(key in ("sample_id", "prompt") or key.startswith("inputs.") for key in keys)
    if len(keys) != 1 or not known:
        raise ValueError(
            "`columns` needs one of `sample_id`, `prompt` or `inputs.<name>` to find answers by, "
            f"and may have {', '.join(ANSWER_FIELDS)}"
        )
    if "text" not in columns and "choice" not in columns:
        raise ValueError("`columns` needs `text` or `choice`, the column of the answers")
