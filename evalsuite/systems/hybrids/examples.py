"""The prompt's own examples as tests: the one verifier of code that needs no further model.

CodeT (Chen et al., 2022, arXiv:2207.10397) and AlphaCode (Li et al., 2022, arXiv:2203.07814) filter
programs by the examples of the problem statement. They are part of the question, so nothing of the
hidden tests leaks.
"""

from __future__ import annotations

import ast
import doctest
import re
from typing import Any

from evalsuite.records import Answer, Request
from evalsuite.scoring.extraction import Program, extract
from evalsuite.scoring.sandbox import required_tier
from evalsuite.scoring.sandbox.contract import Limits
from evalsuite.scoring.sandbox.grade import grade_cases
from evalsuite.systems.hybrids.wording import last_question, short

_DEFINED = re.compile(r"^\s*def\s+(\w+)\s*\(", re.MULTILINE)
_SECONDS = 5.0


def program_of(answer: Answer, request: Request) -> Program | None:
    """The program in an answer to a prompt that asks for a function; None where none parses.

    The function is the last one that the prompt defines the header of; where it has none, the
    first one that the answer defines.
    """
    prompt = last_question(request)
    text = answer.text or ""
    headers = _DEFINED.findall(prompt)
    names = headers[-1:] or _DEFINED.findall(text)[:1]
    if not names:
        return None
    return extract(text, prompt=prompt if headers else "", entry_point=names[0], mode="either")


def examples_of(prompt: str) -> dict[str, list[dict[str, Any]]]:
    """Cases by function: the examples ``>>> f(1, 2)`` and ``3`` below it, of plain values only."""
    try:
        found = doctest.DocTestParser().get_examples(prompt)
    except ValueError:  # the prompt only looks like it
        return {}
    cases: dict[str, list[dict[str, Any]]] = {}
    for example in found:
        try:
            call = ast.parse(example.source.strip(), mode="eval").body
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            case = {
                "args": [ast.literal_eval(value) for value in call.args],
                "named": {str(k.arg): ast.literal_eval(k.value) for k in call.keywords},
                "expected": ast.literal_eval(example.want.strip()),
            }
        except (ValueError, SyntaxError):
            continue
        cases.setdefault(call.func.id, []).append(case)
    return cases


def wrong_example(answer: Answer, request: Request) -> str | None:
    """What of the prompt's examples the program in ``answer`` gets wrong, run in the sandbox.

    None where all are right, or the prompt has none. SandboxUnavailable where this machine does
    not offer the required tier.
    """
    program = program_of(answer, request)
    if program is None:
        return "no program that parses"
    for name, cases in examples_of(last_question(request)).items():
        verdict = grade_cases(
            program.source,
            name,
            cases,
            tier=required_tier(),
            limits=Limits(cpu_seconds=_SECONDS),
        )
        if not verdict.passed:
            return short(verdict.detail, 80)
    return None
