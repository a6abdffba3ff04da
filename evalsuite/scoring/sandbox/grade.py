"""Whether a program is right: cases or a benchmark's own check, held on the trusted side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evalsuite.scoring.sandbox.host import Candidate, CandidateFailed, FailureKind, Limits, Tier

# A program that ran out of wall-clock time on a busy machine is tried once more, alone.
_ALONE = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``kind`` is "passed", "wrong" (a value, but not the right one) or why there was no value."""

    passed: bool
    kind: Literal["passed", "wrong"] | FailureKind
    detail: str
    tier: Tier


def grade_cases(
    source: str,
    entry_point: str,
    cases: Sequence[Mapping[str, Any]],
    *,
    tier: Tier,
    limits: Limits | None = None,
) -> Verdict:
    """Call ``entry_point`` on every case; right if each value equals the expected one.

    Args:
        source: The program.
        entry_point: Name of the function under test.
        cases: Mappings with ``args`` (a list of plain values) and ``expected`` (a plain value).
        tier: Where to run it; see :func:`~evalsuite.scoring.sandbox.host.required_tier`.
        limits: For the whole program, all cases together.

    Raises:
        SandboxBroken: If no sandbox could be started: no verdict, and not the program's fault.
    """

    def examine(candidate: Candidate) -> str | None:
        for number, case in enumerate(cases, start=1):
            if candidate.call(entry_point, case["args"]) != case["expected"]:
                return f"case {number} of {len(cases)}"
        return None

    return _grade(source, examine, tier, limits or Limits())


def grade_check(
    source: str,
    entry_point: str,
    check: str,
    *,
    context: str = "",
    tier: Tier,
    limits: Limits | None = None,
) -> Verdict:
    """Run a benchmark's ``check(candidate)``, where ``candidate`` calls through the wall.

    The check is the benchmark's own code and runs on the trusted side; only arguments cross.
    Arguments that the program changes in place stay as they were for the check.

    Args:
        source: The program.
        entry_point: Name of the function under test.
        check: Trusted code that defines ``check``.
        context: Trusted code that the check leans on (helpers that the prompt defines).
        tier: Where to run it.
        limits: For the whole program.

    Raises:
        SandboxBroken: If no sandbox could be started.
    """
    scope: dict[str, Any] = {"__name__": "check"}
    exec(f"{context}\n\n{check}", scope)

    def examine(candidate: Candidate) -> str | None:
        def proxy(*args: Any) -> Any:
            return candidate.call(entry_point, args)

        # Some checks call the function by its own name (HumanEval/33), as if it were beside them.
        scope[entry_point] = proxy
        try:
            scope["check"](proxy)
        except CandidateFailed:
            raise
        except Exception as error:  # whatever a check does with a value of the wrong kind
            return f"{type(error).__name__}: {error}"[:500]
        return None

    return _grade(source, examine, tier, limits or Limits())


def _grade(
    source: str, examine: Callable[[Candidate], str | None], tier: Tier, limits: Limits
) -> Verdict:
    verdict = _once(source, examine, tier, limits)
    if verdict.kind == "busy":
        with _ALONE:
            return _once(source, examine, tier, limits)
    return verdict


def _once(
    source: str, examine: Callable[[Candidate], str | None], tier: Tier, limits: Limits
) -> Verdict:
    try:
        with Candidate(source, tier=tier, limits=limits) as candidate:
            complaint = examine(candidate)
    except CandidateFailed as failure:
        return Verdict(passed=False, kind=failure.kind, detail=str(failure), tier=tier)
    if complaint is not None:
        return Verdict(passed=False, kind="wrong", detail=f"wrong: {complaint}", tier=tier)
    return Verdict(passed=True, kind="passed", detail="passed", tier=tier)
