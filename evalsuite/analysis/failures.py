"""What failed, of which kind, in which hop, and what was mended on the way.

A failed answer is unknown and in no rate: ``at_worst`` and ``at_best`` bound what the rate would be
had every failure been wrong, or right. An answer that could not be read is scored, as wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evalsuite.analysis.answer_calls import AnswerCalls, Flags, Positions
from evalsuite.analysis.measure import numbers
from evalsuite.analysis.rows import Rows

if TYPE_CHECKING:
    import pandas as pd

    from evalsuite.store import Run

MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 240
Side = Literal["system", "scorer", "form"]
_SIDES: tuple[Side, ...] = ("system", "scorer", "form")


@dataclass(frozen=True, kw_only=True)
class FailureKind:
    """Answers of one system that failed in one way.

    ``side`` says whose fault: "system" (no answer), "scorer" (ours), or "form" (an answer that
    could not be read, which counts as wrong). ``n`` answers are ``share`` of those attempted.
    ``tasks`` and ``roles`` say how many where; a role is that of the last call that failed, known
    of system errors alone, "" for a plain model. ``examples`` are some of the messages, the
    commonest first, cut.
    """

    kind: str
    side: Side
    n: int
    share: float
    tasks: dict[str, int]
    roles: dict[str, int]
    examples: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FailedCalls:
    """Calls in one role that failed in one way; in ``n_survived`` of their answers came a result.

    ``n_answers`` are the answers that such a call is part of.
    """

    role: str
    member: str
    kind: str
    n_calls: int
    n_answers: int
    n_survived: int


@dataclass(frozen=True, kw_only=True)
class SystemFailures:
    """All failures of one system.

    n_attempted = scored answers + n_system_errors + n_scorer_errors; ``n_unreadable`` answers are
    among the scored. ``at_worst`` and ``at_best`` are successes / attempted with every failure
    wrong, and right; None where nothing was attempted. ``n_retried_calls`` took more than one
    attempt, in all ``n_retries`` more; ``n_mended_calls`` of them then gave a result.
    """

    system: str
    n_attempted: int
    n_system_errors: int
    n_scorer_errors: int
    n_unreadable: int
    kinds: tuple[FailureKind, ...]
    calls: tuple[FailedCalls, ...]
    n_retried_calls: int
    n_mended_calls: int
    n_retries: int
    at_worst: float | None
    at_best: float | None

    @property
    def none(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.kinds or self.calls or self.n_retried_calls)


def failures_of(
    run: Run, rows: Rows, calls: AnswerCalls, systems: Sequence[str]
) -> tuple[SystemFailures, ...]:
    """The failures of each of ``systems``, in that order; of those that were asked anything.

    Args:
        run: the run, whose messages are read.
        rows: what it holds of these systems.
        calls: those behind the responses of ``rows``.
        systems: names.
    """
    responses = rows.responses
    kinds = _kinds(run, rows, calls)
    success = numbers(responses, "success")
    errors = (responses["status"] == "system_error").to_numpy(dtype=bool)
    found = []
    for system in systems:
        if system not in calls.responses_of:
            continue
        mine, its_calls = calls.responses_of[system], calls.calls_of[system]
        of_system = kinds[kinds["system"] == system]
        n_failed = int(np.isnan(success[mine]).sum())
        n_right = int(np.nansum(success[mine]))
        retries = np.nan_to_num(numbers(calls.frame, "retries")[its_calls])
        found.append(
            SystemFailures(
                system=system,
                n_attempted=mine.size,
                n_system_errors=int(errors[mine].sum()),
                n_scorer_errors=n_failed - int(errors[mine].sum()),
                n_unreadable=int((of_system["side"] == "form").sum()),
                kinds=_by_kind(of_system, mine.size),
                calls=_failed_calls(calls, its_calls, ~errors),
                n_retried_calls=int((retries > 0).sum()),
                n_mended_calls=int(((retries > 0) & ~calls.failed[its_calls]).sum()),
                n_retries=int(retries.sum()),
                at_worst=n_right / mine.size,
                at_best=(n_right + n_failed) / mine.size,
            )
        )
    return tuple(found)


def _kinds(run: Run, rows: Rows, calls: AnswerCalls) -> pd.DataFrame:
    """A row for each answer that failed or could not be read: system, kind, side, task, role, said.

    ``role`` is that of the last call that failed; ``said`` the message, or the scorer's words.
    """
    import pandas as pd

    responses, scores = rows.responses, rows.scores
    errors = np.flatnonzero((responses["status"] == "system_error").to_numpy(dtype=bool))
    failed = responses.iloc[errors]
    bad = scores["status"].isin(["scorer_error", "format_error"]).to_numpy(dtype=bool)
    unread = scores[bad & scores["decides"].to_numpy(dtype=bool)]
    said = unread["status"]
    if len(unread):
        said = run.read("scores", ["explanation"])["explanation"].loc[unread.index]
    broken = (unread["status"] == "scorer_error").to_numpy(dtype=bool)
    parts = (
        {
            "system": failed["system"],
            "kind": failed["error_kind"],
            "side": np.full(errors.size, "system"),
            "task": failed["task"],
            "role": _failed_roles(calls, len(responses))[errors],
            "said": failed["error_message"],
        },
        {
            "system": unread["system"],
            "kind": unread["status"],
            "side": np.where(broken, "scorer", "form"),
            "task": unread["task"],
            "role": np.full(len(unread), None, dtype=object),
            "said": said,
        },
    )
    return pd.DataFrame(
        {
            name: np.concatenate([np.asarray(part[name], dtype=object) for part in parts])
            for name in parts[0]
        }
    )


def _failed_roles(calls: AnswerCalls, n_rows: int) -> Any:
    """The role (n,) of the last call that failed in each answer; None where none did."""
    frame = calls.frame
    at = np.flatnonzero(calls.failed)
    ordinals = frame["ordinal"].to_numpy(dtype=np.int64)[at]
    order = np.lexsort((ordinals, calls.rows[at]))
    roles = np.full(n_rows, None, dtype=object)
    roles[calls.rows[at][order]] = frame["role"].iloc[at].to_numpy(dtype=object)[order]
    return roles


def _by_kind(rows: pd.DataFrame, n_attempted: int) -> tuple[FailureKind, ...]:
    """The kinds of failure in ``rows``, the system's own first, then the most frequent first."""
    found = []
    for side in _SIDES:
        of_side = rows[rows["side"] == side].fillna({"kind": "unknown"})
        for kind, inside in of_side.groupby("kind"):
            found.append(
                FailureKind(
                    kind=str(kind),
                    side=side,
                    n=len(inside),
                    share=len(inside) / n_attempted,
                    tasks=_counts(inside["task"]),
                    roles=_counts(inside["role"]),
                    examples=tuple(
                        text[:LONGEST_EXAMPLE]
                        for text in list(_counts(inside["said"]))[:MOST_EXAMPLES]
                        if text.strip()
                    ),
                )
            )
    return tuple(sorted(found, key=lambda item: (_SIDES.index(item.side), -item.n, item.kind)))


def _counts(values: pd.Series) -> dict[str, int]:
    """How often each value occurs, nulls left out, the most frequent first, ties by name."""
    tally = values.value_counts()
    pairs = zip(map(str, tally.index), map(int, tally), strict=True)
    return dict(sorted(pairs, key=lambda item: (-item[1], item[0])))


def _failed_calls(calls: AnswerCalls, rows: Positions, given: Flags) -> tuple[FailedCalls, ...]:
    """The failed ones among the calls at ``rows``; ``given`` are the responses with a result."""
    failed = rows[calls.failed[rows]]
    frame = calls.frame.iloc[failed].fillna({"error_kind": "unknown"})
    of_answer = calls.rows[failed]
    frame = frame.assign(answer=of_answer, given=given[of_answer])
    found = [
        FailedCalls(
            role=str(role),
            member=str(member),
            kind=str(kind),
            n_calls=len(inside),
            n_answers=int(inside["answer"].nunique()),
            n_survived=int(inside.loc[inside["given"], "answer"].nunique()),
        )
        for (role, member, kind), inside in frame.groupby(["role", "member", "error_kind"])
    ]
    return tuple(sorted(found, key=lambda item: (-item.n_calls, item.role, item.kind)))
