"""What can be seen of an answer without knowing the right one: is it usable at all?

Checks that a fallback or a cascade may demand. Each is a question that a program can answer; what
is wrong is said in words, because it becomes the reason of the next hop.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from evalsuite.records import Answer, Request
from evalsuite.scoring.answer_text import fenced_regions, without_reasoning
from evalsuite.scoring.choice import read_choice
from evalsuite.scoring.number import final_number
from evalsuite.systems.hybrids.wording import short

Check = Literal[
    "not_empty",
    "finished",
    "choice",
    "number",
    "json",
    "tool_call",
    "schema",
    "python",
    "examples",
]


def check_pattern(pattern: str | None) -> str | None:
    """A regular expression that compiles; ValueError, for pydantic, where it does not."""
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
    return pattern


async def problem_of(
    answer: Answer, request: Request, checks: Sequence[Check], matches: str | None = None
) -> str | None:
    """The first of ``checks`` that ``answer`` does not pass, in words; None where it passes all.

    not_empty: there is a text that is not blank, a choice, a tool call or data.
    finished: it did not end because it was too long.
    choice: one of the request's choices is named, and one only.
    number: there is a number in it.
    json: the text, or its last fenced block, is JSON.
    tool_call: a tool is called.
    schema: it is JSON of the request's ``output_schema``, and the arguments of its tool calls are
        what the tools take.
    python: there is a program in it that parses.
    examples: that program gives what the examples of the prompt (``>>> f(1)``) say. It is run in
        the sandbox. A prompt without examples passes.
    matches: a regular expression that is found in the text.
    """
    for check in checks:
        problem = await asyncio.to_thread(_CHECKS[check], answer, request)
        if problem is not None:
            return f"{check}: {problem}"
    if matches is not None and not re.search(matches, answer.text or ""):
        return f"no match of {short(matches)} in {short(answer.text or '')!r}"
    return None


def _not_empty(answer: Answer, request: Request) -> str | None:
    said = (answer.text or "").strip() or answer.choice or answer.tool_calls
    return None if said or answer.data is not None else "nothing was said"


def _finished(answer: Answer, request: Request) -> str | None:
    return f"cut off at {request.max_output_tokens} tokens" if _was_cut(answer) else None


def _was_cut(answer: Answer) -> bool:
    return answer.finish_reason in ("length", "max_tokens")


def _choice(answer: Answer, request: Request) -> str | None:
    if request.choices is None:
        return None
    if read_choice(answer, request.choices) is not None:
        return None
    return f"{short(answer.text or '')!r} names not one of {len(request.choices)} choices"


def _number(answer: Answer, request: Request) -> str | None:
    found = final_number(without_reasoning(answer.text or ""))
    return None if found is not None else f"no number in {short(answer.text or '')!r}"


def _json(answer: Answer, request: Request) -> str | None:
    try:
        _parsed(answer.text or "")
    except ValueError as error:
        return str(error)
    return None


def _tool_call(answer: Answer, request: Request) -> str | None:
    return None if answer.tool_calls else f"no tool is called in {short(answer.text or '')!r}"


def _schema(answer: Answer, request: Request) -> str | None:
    problem = _wrong_arguments(answer, request)
    if problem is not None or request.output_schema is None:
        return problem
    try:
        value = _parsed(answer.text or "")
    except ValueError as error:
        return str(error)
    return _against(request.output_schema, value)


def _wrong_arguments(answer: Answer, request: Request) -> str | None:
    tools = {tool.name: tool.parameters for tool in request.tools}
    for call in answer.tool_calls:
        if call.name not in tools:
            return f"there is no tool {short(call.name)!r}"
        try:
            problem = _against(tools[call.name], json.loads(call.arguments))
        except ValueError:
            problem = f"not JSON: {short(call.arguments)!r}"
        if problem is not None:
            return f"{call.name}: {problem}"
    return None


def _against(schema: Mapping[str, Any], value: Any) -> str | None:
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for

    error = best_match(validator_for(schema)(schema).iter_errors(value))
    return None if error is None else short(error.message, 80)


def _parsed(text: str) -> Any:
    """The JSON in a text: all of it, or its last fenced block. ValueError says what is wrong."""
    text = without_reasoning(text).strip()
    for candidate in (text, *(region.text for region in fenced_regions(text) if region.proper)):
        try:
            return json.loads(candidate)
        except ValueError:
            continue
    raise ValueError(f"not JSON: {short(text)!r}")


def _python(answer: Answer, request: Request) -> str | None:
    from evalsuite.systems.hybrids.examples import program_of

    return None if program_of(answer, request) else "no program that parses"


def _examples(answer: Answer, request: Request) -> str | None:
    from evalsuite.systems.hybrids.examples import wrong_example

    return wrong_example(answer, request)


_CHECKS: Mapping[Check, Callable[[Answer, Request], str | None]] = {
    "not_empty": _not_empty,
    "finished": _finished,
    "choice": _choice,
    "number": _number,
    "json": _json,
    "tool_call": _tool_call,
    "schema": _schema,
    "python": _python,
    "examples": _examples,
}
