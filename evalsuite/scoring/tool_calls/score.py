"""Scores of answers that should, or should not, call functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import excerpt
from evalsuite.scoring.tool_calls.binding import binding_fault, schema_fault
from evalsuite.scoring.tool_calls.decode import Call, Undecodable, calls_of
from evalsuite.scoring.tool_calls.match import Expected, Version, first_call_fault
from evalsuite.task import CorpusMetric, Graded

FAULTS = (
    "undecodable",
    "wrong_count",
    "wrong_name",
    "missing_parameter",
    "unexpected_parameter",
    "wrong_type",
    "wrong_value",
    "no_match",
)
"""The first word of the explanation of an ``ast_match`` of 0."""


def score_calls(
    answer: Answer,
    functions: Sequence[Mapping[str, Any]],
    expected: Sequence[Expected],
    *,
    read_text: bool = True,
) -> list[Score]:
    """``ast_match``, ``schema_valid`` and ``executable`` of an answer that should call functions.

    An answer whose text holds no list of calls is a ``format_error`` of 0.0 in all three. Where no
    call was made at all, ``schema_valid`` and ``executable`` are 0.0 too: there is nothing that
    could be carried out.

    Args:
        answer: Calls as ``tool_calls``, or as text in Python or JSON.
        functions: The functions on offer, in BFCL's form.
        expected: The right calls.
        read_text: Whether calls may be written in the text.
    """
    try:
        calls = calls_of(answer, read_text=read_text)
    except Undecodable as error:
        said = f"undecodable: {error}"
        return [
            Score(name=name, value=0.0, status="format_error", explanation=said)
            for name in ("ast_match", "schema_valid", "executable")
        ]
    return score_read_calls(calls, functions, expected, underscored=_underscored(answer, calls))


def score_read_calls(
    calls: Sequence[Call],
    functions: Sequence[Mapping[str, Any]],
    expected: Sequence[Expected],
    *,
    underscored: bool = False,
    version: Version = 4,
) -> list[Score]:
    """:func:`score_calls` of calls that were read before, by the rules of a ``version``."""
    fault = first_call_fault(calls, functions, expected, underscored=underscored, version=version)
    why = f"{fault.kind}: {fault.message}" if fault else ""
    return [
        Score(name="ast_match", value=float(fault is None), explanation=why),
        _all("schema_valid", [schema_fault(call, functions) for call in calls]),
        _all("executable", [binding_fault(call, functions) for call in calls]),
    ]


def score_no_call(answer: Answer, *, read_text: bool = True) -> list[Score]:
    """``no_call``: 1.0 if the answer calls nothing, which is right where no function fits.

    As BFCL counts it: what is not a list of calls is no call.
    """
    try:
        calls = calls_of(answer, read_text=read_text)
    except Undecodable:
        return [Score(name="no_call", value=1.0)]
    named = excerpt(", ".join(call.name for call in calls))
    return [Score(name="no_call", value=float(not calls), explanation=named)]


def fault_rates() -> dict[str, CorpusMetric]:
    """Corpus metrics ``undecodable``, ``wrong_value`` and so on: shares of the answers scored.

    They sum to 1 with the share of right answers. Samples that the system failed on have no call
    to blame and are left out; their number is that of the system errors.
    """
    return {fault: _rate(fault) for fault in FAULTS}


def _rate(fault: str) -> CorpusMetric:
    def over(graded: Sequence[Graded]) -> float | None:
        scored = [one.scores["ast_match"] for one in graded if "ast_match" in one.scores]
        known = [one for one in scored if one.value is not None]
        if not known:
            return None
        counts = Counter(one.explanation.split(":", 1)[0] for one in known if one.value == 0)
        return counts[fault] / len(known)

    return over


def _all(name: str, faults: Sequence[str | None]) -> Score:
    if not faults:
        return Score(name=name, value=0.0, explanation="no call")
    why = next((fault for fault in faults if fault is not None), "")
    return Score(name=name, value=float(not why), explanation=why)


def _underscored(answer: Answer, calls: Sequence[Call]) -> bool:
    """Whether the names come from an endpoint, which cannot have dots in them."""
    return bool(answer.tool_calls) and not any("." in call.name for call in calls)
