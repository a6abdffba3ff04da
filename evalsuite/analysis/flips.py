"""Samples that came out otherwise: what was asked, what was expected, what each side answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalsuite.analysis.answers import SCORED, SUCCESS, SampleAnswers

if TYPE_CHECKING:
    from evalsuite.store import Run

MOVED = 0.5
"""Change of a sample's success rate from which it counts as a flip: for one answer, any change."""


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A sample of one task whose success rate over its repeats moved by at least a half.

    ``before`` and ``now`` are outcome letters (``answers.SampleAnswers``), a letter a repeat.
    ``answer_before`` and ``answer_now`` are the first answers that came out as most of theirs did;
    None where there is no text, or where it was not kept (a baseline file keeps none).
    """

    task: str
    system: str
    sample_id: str
    before: str
    now: str
    rate_before: float
    rate_now: float
    prompt: str
    target: str
    answer_before: str | None
    answer_now: str | None


@dataclass(frozen=True, kw_only=True)
class Side:
    """Where the answers of a flip are to be found: a run, and the system's name in it."""

    run: Run
    system: str


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A sample's outcomes on both sides, both scored."""

    task: str
    system: str
    sample_id: str
    before: SampleAnswers
    now: SampleAnswers

    @property
    def by(self) -> float:
        """How far the success rate rose."""
        before, now = self.before.success_rate, self.now.success_rate
        assert before is not None and now is not None
        return now - before


def moved_samples(outcomes: Iterable[Moved]) -> list[Moved]:
    """Those of ``outcomes`` that are flips, the largest losses first."""
    found = [item for item in outcomes if abs(item.by) >= MOVED]
    return sorted(found, key=lambda item: (item.by, item.task, item.system))


def flip_of(moved: Moved, before: Side | None, now: Side) -> Flip:
    """``moved`` with its texts, which are read from the runs of both sides."""
    samples = now.run.samples
    row = samples[(samples["task"] == moved.task) & (samples["sample_id"] == moved.sample_id)]
    return Flip(
        task=moved.task,
        system=moved.system,
        sample_id=moved.sample_id,
        before=moved.before.outcomes,
        now=moved.now.outcomes,
        rate_before=moved.before.success_rate or 0.0,
        rate_now=moved.now.success_rate or 0.0,
        prompt=last_message(row["messages"].iloc[0]),
        target=str(row["target"].iloc[0]),
        answer_before=_answer(before, moved, moved.before) if before else None,
        answer_now=_answer(now, moved, moved.now),
    )


def last_message(messages: str) -> str:
    """The text of the last turn of a rendered chat (JSON text)."""
    turns: Any = json.loads(messages)
    return str(turns[-1]["content"]) if turns else ""


def _answer(side: Side, moved: Moved, answers: SampleAnswers) -> str | None:
    """The text of the first repeat that came out as most did."""
    wanted = (answers.success_rate or 0.0) > 0.5
    responses = side.run.responses
    rows = responses[
        (responses["task"] == moved.task)
        & (responses["system"] == side.system)
        & (responses["sample_id"] == moved.sample_id)
    ].sort_values("repeat")
    for outcome, row in zip(answers.outcomes, rows.to_dict("records"), strict=True):
        if outcome in SCORED and (outcome == SUCCESS) == wanted:
            return _said(row)
    return None


def _said(row: Mapping[Any, Any]) -> str | None:
    """What a person would read of an answer: its text, or else its choice or its structure."""
    for column in ("text", "choice", "tool_calls", "data"):
        if isinstance(row[column], str):
            return str(row[column])
    return None
