"""Whether a program is right: cases, or a benchmark's own check, held on the trusted side."""

from __future__ import annotations

import copy
import functools
import operator
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evalsuite.scoring.sandbox.contract import (
    CandidateFailed,
    CannotCross,
    FailureKind,
    Limits,
    Tier,
)
from evalsuite.scoring.sandbox.host import Candidate

Kind = Literal["passed", "wrong"] | FailureKind
Examine = Callable[[Candidate], str | None]
"""Asks a candidate; what is wrong with it, or None."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a program passed, and what it took.

    Args:
        passed: Right in every respect that was looked at.
        kind: "passed", "wrong" (a value, but not the right one) or why there was no value.
        detail: For people.
        tier: Where it ran.
        cpu_seconds: Of the candidate, loading included; None if its keeper could not tell.
        peak_memory_bytes: Largest resident size of the candidate's process; about 13 MB of it are
            the interpreter's own.
    """

    passed: bool
    kind: Kind
    detail: str
    tier: Tier
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a program is run; see :class:`~.host.Candidate`."""

    tier: Tier
    limits: Limits
    packages: tuple[str, ...] = ()
    objects: bool = False


def judge_cases(
    source: str,
    entry_point: str,
    cases: Sequence[Mapping[str, Any]],
    setting: Setting,
    equal: Callable[[Any, Any], bool] = operator.eq,
) -> Verdict:
    """Call ``entry_point`` on every case; right if each value is ``equal`` to the expected one.

    Raises:
        SandboxBroken: If no sandbox could be started.
        CannotCross: If an argument is no plain data.
    """

    def examine(candidate: Candidate) -> str | None:
        for number, case in enumerate(cases, start=1):
            value = candidate.call(entry_point, case["args"], case.get("named"))
            # The comparison may keep or change what it is given.
            if not equal(value, copy.deepcopy(case["expected"])):
                return f"case {number} of {len(cases)}"
        return None

    return _judge(source, examine, setting)


def judge_check(
    source: str, entry_point: str, check: str, setting: Setting, context: str = ""
) -> Verdict:
    """Run a benchmark's ``check(candidate)``, where ``candidate`` calls through the wall.

    Raises:
        SandboxBroken: If no sandbox could be started.
        CannotCross: If the check gives the candidate what is no plain data.
    """
    scope: dict[str, Any] = {"__name__": "check"}
    exec(_compiled(f"{context}\n\n{check}"), scope)

    def examine(candidate: Candidate) -> str | None:
        def proxy(*args: Any, **named: Any) -> Any:
            return candidate.call(entry_point, args, named, update_args=True)

        # Some checks call the function by its own name (HumanEval/33), as if it were beside them.
        scope[entry_point] = proxy
        try:
            scope["check"](proxy)
        except (CandidateFailed, CannotCross):
            raise
        except Exception as error:  # whatever a check does with a value of the wrong kind
            return f"{type(error).__name__}: {error}"[:500]
        return None

    return _judge(source, examine, setting)


@functools.lru_cache(maxsize=64)
def _compiled(check: str) -> types.CodeType:
    """A check in code; several answers to one problem are graded by the same."""
    return compile(check, "<check>", "exec", dont_inherit=True)


def _judge(source: str, examine: Examine, setting: Setting) -> Verdict:
    candidate = Candidate(
        source,
        tier=setting.tier,
        limits=setting.limits,
        packages=setting.packages,
        objects=setting.objects,
    )
    complaint = failure = None
    try:
        with candidate:
            complaint = examine(candidate)
    except CandidateFailed as error:
        failure = error
    # A check may have caught these; that is no way to pass either.
    if candidate.refused is not None:
        raise candidate.refused
    failure = candidate.failure or failure
    kind: Kind
    if failure is not None:
        passed, kind, detail = False, failure.kind, failure.description
    elif complaint is not None:
        passed, kind, detail = False, "wrong", f"wrong: {complaint}"
    else:
        passed, kind, detail = True, "passed", "passed"
    return Verdict(
        passed=passed,
        kind=kind,
        detail=detail,
        tier=setting.tier,
        cpu_seconds=candidate.cpu_seconds,
        peak_memory_bytes=candidate.peak_memory_bytes,
    )
