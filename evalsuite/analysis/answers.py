"""What became of every sample: the outcomes of its repeats, its cost, its time, its content hash.

This is what a baseline keeps of a run and what a gate reads of the next one, made by one function
so that both sides are read alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from evalsuite.records import fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from evalsuite.store import Run

SUCCESS, NO_SUCCESS, UNREADABLE, SYSTEM_ERROR, UNSCORED = "1", "0", "f", "x", "s"
"""One letter a repeat: a success; none; none because it could not be read; no answer; no score."""
SCORED = frozenset({SUCCESS, NO_SUCCESS, UNREADABLE})


class SampleAnswers(msgspec.Struct, frozen=True, array_like=True):
    """What one system made of one sample, over the repeats.

    ``outcomes`` has one letter a repeat, in order. ``usd`` is the mean and ``seconds`` the median
    over the repeats that were scored: what failed is counted, not priced into the figures of what
    worked. ``usd`` is None where any of theirs is unknown, ``seconds`` where all are. ``answer`` is
    a hash of what was answered: of the one answer that every repeat gave, or of all in order; None
    where a repeat was not scored. Dollars and seconds are rounded to four digits.
    """

    outcomes: str
    usd: float | None
    seconds: float | None
    answer: str | None

    @property
    def n_scored(self) -> int:
        """Repeats that came to a score."""
        return sum(outcome in SCORED for outcome in self.outcomes)

    @property
    def success_rate(self) -> float | None:
        """Share of the scored repeats that succeeded; None where none was scored."""
        scored = self.n_scored
        return self.outcomes.count(SUCCESS) / scored if scored else None

    @property
    def valid_rate(self) -> float | None:
        """Share of the scored repeats that could be read; None where none was scored."""
        scored = self.n_scored
        return (scored - self.outcomes.count(UNREADABLE)) / scored if scored else None


def figures(
    answers: Sequence[SampleAnswers], figure: Callable[[SampleAnswers], float | None]
) -> NDArray[np.float64]:
    """``figure`` of each of the ``answers`` (n,); NaN where it is unknown."""
    values = [figure(item) for item in answers]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def answers_of(run: Run) -> dict[tuple[str, str], dict[str, SampleAnswers]]:
    """What became of every sample of ``run``, by (task, system) and sample, in the task's order."""
    reported = [entry.name for entry in run.manifest.systems if entry.reported]
    responses = run.responses[run.responses["system"].isin(reported)]
    order = {
        (task, sample): number
        for number, (task, sample) in enumerate(
            zip(run.samples["task"], run.samples["sample_id"], strict=True)
        )
    }
    found: dict[tuple[str, str], dict[str, SampleAnswers]] = {}
    gathered: dict[tuple[str, str, str], list[_Repeat]] = {}
    for key, repeat in _repeats(responses, _deciding_status(run)):
        gathered.setdefault(key, []).append(repeat)
    for key in sorted(gathered, key=lambda key: (key[0], key[1], order[key[0], key[2]])):
        task, system, sample = key
        found.setdefault((task, system), {})[sample] = _gathered(gathered[key])
    return found


def answered_pairs(run: Run) -> set[tuple[str, str]]:
    """Every (task, system) that ``run`` has answers of for the record."""
    reported = {entry.name for entry in run.manifest.systems if entry.reported}
    pairs = set(zip(run.responses["task"], run.responses["system"], strict=True))
    return {(task, system) for task, system in pairs if system in reported}


def sample_pins(run: Run) -> dict[str, dict[str, str]]:
    """Of every task's samples, two hashes each, "content prompt"; content covers the target."""
    found: dict[str, dict[str, str]] = {}
    for row in run.samples.to_dict("records"):
        content = [row[name] for name in ("cluster", "inputs", "target", "metadata", "choices")]
        hashes = _short(content), _short(row["messages"])
        found.setdefault(str(row["task"]), {})[str(row["sample_id"])] = " ".join(hashes)
    return found


class _Repeat(msgspec.Struct, frozen=True):
    repeat: int
    outcome: str
    usd: float | None
    seconds: float | None
    answer: str


def _repeats(
    responses: pd.DataFrame, status: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str, str], _Repeat]]:
    names = ("key", "task", "system", "sample_id", "repeat", "status", "success", "usd", "seconds")
    said = ("text", "choice", "data", "tool_calls")
    columns = [responses[name].tolist() for name in (*names, *said)]
    for row in zip(*columns, strict=True):
        key, task, system, sample, repeat, ended, success, usd, seconds, *answer = row
        outcome = SYSTEM_ERROR
        if ended == "ok":
            outcome = _outcome(_known(success), status.get(key))
        yield (
            (task, system, sample),
            _Repeat(
                repeat=int(repeat),
                outcome=outcome,
                usd=_known(usd),
                seconds=_known(seconds),
                answer=_short([_known(part) for part in answer]),
            ),
        )


def _outcome(success: Any, status: str | None) -> str:
    if success is None:
        return UNSCORED
    if success:
        return SUCCESS
    return UNREADABLE if status == "format_error" else NO_SUCCESS


def _gathered(repeats: list[_Repeat]) -> SampleAnswers:
    repeats.sort(key=lambda item: item.repeat)
    scored = [item for item in repeats if item.outcome in SCORED]
    dollars = [item.usd for item in scored]
    times = [item.seconds for item in scored if item.seconds is not None]
    known = [usd for usd in dollars if usd is not None]
    said = [item.answer for item in repeats]
    return SampleAnswers(
        outcomes="".join(item.outcome for item in repeats),
        usd=_rounded(sum(known) / len(known)) if known and len(known) == len(dollars) else None,
        seconds=_rounded(median(times)) if times else None,
        answer=_said(said) if len(scored) == len(repeats) else None,
    )


def _said(answers: list[str]) -> str:
    """The hash that all of them are, or one of their sequence."""
    return answers[0] if len(set(answers)) == 1 else _short(answers)


def _deciding_status(run: Run) -> dict[str, str]:
    deciding = run.scores[run.scores["decides"].astype(bool)]
    return dict(zip(deciding["response_key"], deciding["status"], strict=True))


def _known(value: Any) -> Any:
    """``value``, or None for any of pandas' ways to say that there is none."""
    return None if value is None or value != value else value


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if math.isfinite(value) else value


def _short(value: Any) -> str:
    return fingerprint(value)[:8]
