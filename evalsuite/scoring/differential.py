"""Grading against a reference solution: both get the same inputs, and neither sees the other.

The expected values are what the reference gives, behind the same wall as the candidate. This is
how EvalPlus grades: its data holds inputs and a solution, no outputs.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from evalsuite.errors import EvalsuiteError
from evalsuite.records import Answer, Score
from evalsuite.scoring.code import score_cases
from evalsuite.scoring.extraction import Mode
from evalsuite.scoring.sandbox import required_tier
from evalsuite.scoring.sandbox.contract import CandidateFailed, Limits, Tier
from evalsuite.scoring.sandbox.host import Candidate

Equal = Callable[[Sequence[Any], Any, Any], bool]
"""Whether a value is right, from the arguments, the value and what the reference gave."""

_REPLY_BYTES = 64 << 20  # HumanEval+ asks for texts of 7 MB
_REFERENCE_LIMITS = Limits(cpu_seconds=60, wall_seconds=300.0, reply_bytes=_REPLY_BYTES)
_LEAST_CPU_SECONDS, _TIMES_REFERENCE = 3.0, 4.0


class ReferenceFailed(EvalsuiteError):
    """The benchmark's own solution gave no value: says nothing about the candidate."""


@dataclass(frozen=True)
class _Reference:
    """What a reference gave for each input, and the processor time that it took in all."""

    values: tuple[Any, ...]
    cpu_seconds: float


def score_against_reference(
    answer: Answer,
    *,
    entry_point: str,
    prompt: str,
    reference: str,
    inputs: Sequence[Sequence[Any]],
    equal: Equal | None = None,
    mode: Mode = "either",
    adapter: str = "",
) -> Sequence[Score]:
    """Score ``passed``: 1.0 if the function gives what the reference gives, for every input.

    The candidate has 3 seconds of processor time and four times what the reference took.

    Args:
        answer: The raw answer.
        entry_point: The function under test.
        prompt: Header and docstring that were asked to be completed.
        reference: A right program.
        inputs: The arguments of each call, plain values.
        equal: By default ``==``. It may fail on values of a kind it does not expect: they are
            wrong.
        mode: See :func:`~evalsuite.scoring.extraction.extract`.
        adapter: Code put behind the program and the reference; see
            :func:`~evalsuite.scoring.code.score_cases`.

    Raises:
        ReferenceFailed: If the reference gives no value for an input.
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the sandbox could not be started.
    """
    told = _cached(reference + adapter, entry_point, _Inputs(inputs), required_tier())
    cases = [
        {"args": args, "expected": (args, value)}
        for args, value in zip(inputs, told.values, strict=True)
    ]

    def is_right(value: Any, case: tuple[Sequence[Any], Any]) -> bool:
        try:
            return equal(case[0], value, case[1]) if equal else bool(operator.eq(value, case[1]))
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            return False

    cpu_seconds = _LEAST_CPU_SECONDS + _TIMES_REFERENCE * told.cpu_seconds
    return score_cases(
        answer,
        {"entry_point": entry_point, "cases": cases},
        prompt=prompt,
        mode=mode,
        adapter=adapter,
        equal=is_right,
        limits=Limits(
            cpu_seconds=cpu_seconds, wall_seconds=5 * cpu_seconds, reply_bytes=_REPLY_BYTES
        ),
    )


class _Inputs:
    """Inputs as a key: equal where they read the same."""

    def __init__(self, inputs: Sequence[Sequence[Any]]) -> None:
        self.inputs = inputs
        self._text = repr(inputs)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Inputs) and self._text == other._text


@functools.lru_cache(maxsize=2048)
def _cached(source: str, entry_point: str, given: _Inputs, tier: Tier) -> _Reference:
    candidate = Candidate(source, tier=tier, limits=_REFERENCE_LIMITS)
    values = []
    try:
        with candidate:
            for args in given.inputs:
                values.append(candidate.call(entry_point, args))
    except CandidateFailed as failure:
        raise ReferenceFailed(
            f"the reference gave no value for input {len(values) + 1}: {failure.description}"
        ) from None
    return _Reference(tuple(values), candidate.cpu_seconds or 0.0)
