"""Grading a program: the public face of the judge, with a second try for what ran out of time."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evalsuite.scoring.sandbox import checkers, turns
from evalsuite.scoring.sandbox.contract import Limits, Tier
from evalsuite.scoring.sandbox.judge import Setting, Verdict, judge_cases

__all__ = ["Verdict", "grade_cases", "grade_check"]


def grade_cases(
    source: str,
    entry_point: str,
    cases: Sequence[Mapping[str, Any]],
    *,
    tier: Tier,
    limits: Limits | None = None,
    equal: Callable[[Any, Any], bool] = operator.eq,
    packages: Sequence[str] = (),
) -> Verdict:
    """Call ``entry_point`` on every case; right if each value equals the expected one.

    Args:
        source: The program.
        entry_point: Name of the function under test.
        cases: Mappings with ``args`` (a list of plain values), ``expected`` (a plain value) and,
            if wanted, ``named`` (keyword arguments).
        tier: Where to run it; see :func:`~evalsuite.scoring.sandbox.tiers.required_tier`.
        limits: For the whole program, all cases together.
        equal: Called with the value and the expected one, on the trusted side; the value is plain
            data (or an iterator of such).
        packages: Installed packages that the program may import beside the standard library.

    Raises:
        SandboxBroken: If no sandbox could be started: no verdict, and not the program's fault.
        CannotCross: If an argument is no plain data.
    """
    setting = Setting(tier=tier, limits=limits or Limits(), packages=tuple(packages))
    return _graded(lambda: judge_cases(source, entry_point, cases, setting, equal))


def grade_check(
    source: str,
    entry_point: str,
    check: str,
    *,
    context: str = "",
    tier: Tier,
    limits: Limits | None = None,
    packages: Sequence[str] = (),
    objects: bool = False,
) -> Verdict:
    """Run a benchmark's ``check(candidate)``, where ``candidate`` calls through the wall.

    The check is the benchmark's own code and runs on the trusted side, in a process of its own;
    only plain values cross. Arguments that the program changes in place are changed for the check
    too; its exceptions reach the check as exceptions of their built-in class; its generators are
    asked for items as the check takes them.

    Args:
        source: The program.
        entry_point: Name of the function (or class, see ``objects``) under test.
        check: Trusted code that defines ``check``.
        context: Trusted code that the check leans on (helpers that the prompt defines).
        tier: Where to run it.
        limits: For the whole program.
        packages: Installed packages that the program may import beside the standard library.
        objects: The benchmark tests classes: objects of the program may be given to the check,
            which calls their methods through the wall.

    Raises:
        SandboxBroken: If no sandbox could be started.
        CannotCross: If the check gives the program what is no plain data, such as a function.
        CheckFailed: If the check does not load.
    """
    setting = Setting(
        tier=tier, limits=limits or Limits(), packages=tuple(packages), objects=objects
    )
    return _graded(lambda: checkers.check(source, entry_point, check, context, setting))


def _graded(judge: Callable[[], Verdict]) -> Verdict:
    with turns.together():
        verdict = judge()
    # Processor time too takes longer on a busy machine, and longer still on a shared core.
    if verdict.kind in ("timeout", "busy"):
        with turns.alone():
            return judge()
    return verdict
