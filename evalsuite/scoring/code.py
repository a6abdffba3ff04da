"""Code answers: find the program in the answer, then grade it behind the sandbox's wall.

Statuses: ``scored`` with 1.0 or 0.0; ``format_error`` with 0.0 where no program was found in the
answer (the protocol counts it as failed, and it is reported apart). A sandbox that cannot be
started raises, so that the scoring pass records ``scorer_error``: the program was not at fault.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evalsuite.records import Answer, Score
from evalsuite.scoring.extraction import Mode, Program, extract, preamble_of
from evalsuite.scoring.sandbox import required_tier
from evalsuite.scoring.sandbox.contract import Limits
from evalsuite.scoring.sandbox.grade import Verdict, grade_cases, grade_check


def score_cases(
    answer: Answer,
    target: Mapping[str, Any],
    *,
    prompt: str,
    mode: Mode = "either",
    limits: Limits | None = None,
    adapter: str = "",
    equal: Callable[[Any, Any], bool] = operator.eq,
    packages: Sequence[str] = (),
) -> Sequence[Score]:
    """Score ``passed`` by cases: 1.0 if the function gives every expected value.

    Args:
        answer: The raw answer.
        target: ``{"entry_point": name, "cases": [{"args": [...], "expected": value}, ...]}``; the
            name may be ``Class.method``, of a class whose instances need no arguments.
        prompt: Header and docstring that were asked to be completed.
        mode: See :func:`~evalsuite.scoring.extraction.extract`.
        limits: See :class:`~evalsuite.scoring.sandbox.contract.Limits`.
        adapter: Code put behind the program, which may define the entry point anew, such as one
            that makes plain data of what the function returns. The candidate can see it.
        equal: Whether a value is right, from the value and the expected one.
        packages: Installed packages that the program may import beside the standard library.

    Raises:
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the sandbox could not be started.
    """
    name = target["entry_point"]
    program = extract(answer.text or "", prompt=prompt, entry_point=name, mode=mode)
    if program is None:
        return [no_program(name)]
    source, function = _callable(program.source + adapter, name)
    verdict = grade_cases(
        source,
        function,
        target["cases"],
        tier=required_tier(),
        limits=limits,
        equal=equal,
        packages=packages,
    )
    return [_score(program, verdict)]


def score_check(
    answer: Answer,
    *,
    entry_point: str,
    check: str,
    prompt: str,
    context: str | None = None,
    mode: Mode = "either",
    limits: Limits | None = None,
    adapter: str = "",
    calls: str | None = None,
    packages: Sequence[str] = (),
) -> Sequence[Score]:
    """Score ``passed`` by a benchmark's own ``check(candidate)`` (HumanEval's form).

    Args:
        answer: The raw answer.
        entry_point: The function that was asked for.
        check: The benchmark's test code, trusted.
        prompt: The benchmark's prompt.
        context: Trusted code that the check leans on; by default the prompt's helpers.
        mode: See :func:`~evalsuite.scoring.extraction.extract`.
        limits: See :class:`~evalsuite.scoring.sandbox.contract.Limits`.
        adapter: Code put behind the program; the candidate can see it.
        calls: The function that the check calls, where the adapter defines another one.
        packages: Installed packages that the program may import beside the standard library.

    Raises:
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the sandbox could not be started.
    """
    program = extract(answer.text or "", prompt=prompt, entry_point=entry_point, mode=mode)
    if program is None:
        return [no_program(entry_point)]
    source, function = _callable(program.source + adapter, calls or entry_point)
    verdict = grade_check(
        source,
        function,
        check,
        context="\n".join(preamble_of(prompt, entry_point)) if context is None else context,
        tier=required_tier(),
        limits=limits,
        packages=packages,
    )
    return [_score(program, verdict)]


def no_program(entry_point: str) -> Score:
    """The score of an answer in which no program was found: failed, and counted apart."""
    return Score(
        name="passed",
        value=0.0,
        status="format_error",
        explanation=f"no code that parses and defines {entry_point}",
    )


def _callable(source: str, entry_point: str) -> tuple[str, str]:
    """The program and a plain name to call in it: methods are called on a new instance."""
    owner, _, method = entry_point.partition(".")
    if not method:
        return source, entry_point
    name = f"call_{owner}_{method}"
    return f"{source}\n\ndef {name}(*args):\n    return {owner}().{method}(*args)\n", name


def _score(program: Program, verdict: Verdict) -> Score:
    return Score(
        name="passed",
        value=float(verdict.passed),
        explanation=f"{verdict.detail}; read as {program.rule}; sandbox: {verdict.tier}",
    )
