"""Code answers: find the program in the answer, then grade it behind the sandbox's wall.

Statuses: ``scored`` with 1.0 or 0.0; ``format_error`` with 0.0 where no program was found in the
answer (the protocol counts it as failed, and it is reported apart). A sandbox that cannot be
started raises, so that the scoring pass records ``scorer_error``: the program was not at fault.
"""

from __future__ import annotations

import ast
import re
import textwrap
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evalsuite.records import Answer, Score
from evalsuite.scoring.sandbox.grade import Verdict, grade_cases, grade_check
from evalsuite.scoring.sandbox.host import Limits, required_tier

Mode = Literal["completion", "chat", "either"]

_FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
# Filters of warnings belong to the process: two threads that set and restore them would mix.
_COMPILING = threading.Lock()
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Program:
    """A program found in an answer, and the rule that found it."""

    source: str
    rule: str


def extract(text: str, *, prompt: str, entry_point: str, mode: Mode) -> Program | None:
    """The program in an answer; None where there is none that parses.

    Args:
        text: The raw answer. ``<think>`` passages are not part of it.
        prompt: Header and docstring that were asked to be completed.
        entry_point: The function that the program must define.
        mode: "completion": the answer goes on where the prompt ends. "chat": the answer holds
            whole code, and the last block that defines the entry point counts. "either": as in
            chat if the answer defines the entry point, as in completion if it does not.
    """
    text = _THOUGHT.sub("", text)
    if not text.strip():
        return None
    if mode in ("chat", "either"):
        for block, rule in _blocks(text):
            code = textwrap.dedent(block).strip("\n")
            if _defines(code, entry_point):
                return Program(f"{_imports(prompt)}{code}\n", rule)
    if mode in ("completion", "either"):
        fenced = _FENCE.findall(text)
        body = fenced[-1] if fenced else text
        for candidate, rule in _completions(prompt, body):
            if _defines(candidate, entry_point):
                return Program(candidate, rule)
    return None


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    for block in reversed(_FENCE.findall(text)):
        yield block, "last fenced block that defines the function"
    yield text, "whole answer"


def _completions(prompt: str, body: str) -> Iterator[tuple[str, str]]:
    head = prompt if prompt.endswith("\n") else f"{prompt}\n"
    body = body.strip("\n")
    indented = body if body.startswith((" ", "\t")) else f"    {body}"
    yield head + indented + "\n", "continuation"
    if indented != body:
        yield head + textwrap.indent(body, "    ") + "\n", "continuation, indented"
    # What follows the body at the left margin is another thing than what was asked for.
    lines = indented.split("\n")
    end = next((at for at, line in enumerate(lines) if line and not line[0].isspace()), len(lines))
    yield head + "\n".join(lines[:end]) + "\n", "continuation up to the left margin"


def _defines(code: str, entry_point: str) -> bool:
    """Whether the code compiles and defines the function at its top level."""
    try:
        with _COMPILING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the candidate's style is not our warning
            tree = ast.parse(code)
            compile(tree, "<answer>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(_named(node) == entry_point for node in tree.body)


def _named(node: ast.stmt) -> str | None:
    match node:
        case ast.FunctionDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
            return name
    return None


def _imports(prompt: str) -> str:
    """Import lines of the prompt: a model that repeats the function often leaves them out."""
    lines = [line for line in prompt.split("\n") if line.startswith(("import ", "from "))]
    return "".join(f"{line}\n" for line in lines)


def score_cases(
    answer: Answer,
    target: Mapping[str, Any],
    *,
    prompt: str,
    mode: Mode = "either",
    limits: Limits | None = None,
) -> Sequence[Score]:
    """Score ``passed`` by cases: 1.0 if the function gives every expected value.

    Args:
        answer: The raw answer.
        target: ``{"entry_point": name, "cases": [{"args": [...], "expected": value}, ...]}``.
        prompt: Header and docstring that were asked to be completed.
        mode: See :func:`extract`.
        limits: See :class:`~evalsuite.scoring.sandbox.host.Limits`.

    Raises:
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the sandbox could not be started.
    """
    name = target["entry_point"]
    program = extract(answer.text or "", prompt=prompt, entry_point=name, mode=mode)
    if program is None:
        return [_no_program(name)]
    tier = required_tier()
    verdict = grade_cases(program.source, name, target["cases"], tier=tier, limits=limits)
    return [_score(program, verdict)]


def score_check(
    answer: Answer,
    *,
    entry_point: str,
    check: str,
    prompt: str,
    mode: Mode = "either",
    limits: Limits | None = None,
) -> Sequence[Score]:
    """Score ``passed`` by a benchmark's own ``check(candidate)`` (HumanEval's form).

    Args:
        answer: The raw answer.
        entry_point: The function under test.
        check: The benchmark's test code, trusted.
        prompt: The benchmark's prompt; the check may use helpers that it defines.
        mode: See :func:`extract`.
        limits: See :class:`~evalsuite.scoring.sandbox.host.Limits`.

    Raises:
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the sandbox could not be started.
    """
    program = extract(answer.text or "", prompt=prompt, entry_point=entry_point, mode=mode)
    if program is None:
        return [_no_program(entry_point)]
    verdict = grade_check(
        program.source, entry_point, check, context=prompt, tier=required_tier(), limits=limits
    )
    return [_score(program, verdict)]


def _no_program(name: str) -> Score:
    return Score(
        name="passed",
        value=0.0,
        status="format_error",
        explanation=f"no code that parses and defines {name}",
    )


def _score(program: Program, verdict: Verdict) -> Score:
    return Score(
        name="passed",
        value=float(verdict.passed),
        explanation=f"{verdict.detail}; read as {program.rule}; sandbox: {verdict.tier}",
    )


def pass_at_k(n: int, c: int, k: int) -> float:
    """Unbiased estimate of pass@k from ``c`` right of ``n`` samples (Chen et al. 2021, eq. 1).

    Raises:
        ValueError: If there are fewer than ``k`` samples; the estimate does not exist.
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@{k} needs 0 <= c <= n and 1 <= k <= n, not n={n}, c={c}")
    fail = 1.0
    for i in range(n - c + 1, n + 1):
        fail *= max(0.0, 1.0 - k / i)
    return 1.0 - fail
