"""Tasks over the invented worlds: act with tools, or write the whole plan of calls at once."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

from evalsuite.embedded.items import Split
from evalsuite.library.tools.catalogue import CATALOGUE
from evalsuite.library.tools.execution import Function, execute
from evalsuite.library.tools.requests import Asked, Step, requests
from evalsuite.library.tools.world import world
from evalsuite.records import Answer, Sample, Score, Tool, ToolCall
from evalsuite.scoring.answer_text import excerpt, without_reasoning
from evalsuite.scoring.number import final_number
from evalsuite.scoring.plan_graph import Step as Planned
from evalsuite.scoring.plan_graph import argument_f1, graphs_match, has_references, plans_match
from evalsuite.scoring.text import contains_words, normalise
from evalsuite.scoring.tool_calls.decode import (
    Call,
    Undecodable,
    calls_of,
    from_json,
    from_lines,
    from_python,
    json_part,
)

OFFERED = 8
"""Tools offered with a request, where not all of them are."""

_MARK = re.compile(r"^[^\w\n]*answer[^\w\n:]*:", re.IGNORECASE | re.MULTILINE)
_LONGEST = 500  # characters of an explanation
_CLOSE = Fraction(1, 200)  # tools say two decimals


def samples(split: Split, *, offered: int | None = OFFERED) -> Iterator[Sample]:
    """Endless; ``inputs["tools"]`` names the tools that are offered, all of them for None.

    The target holds the right answer, the ``plan`` with references to results (``"$1"``) and the
    ``calls`` with the results themselves.
    """
    for number, asked in enumerate(requests(split)):
        yield Sample(
            id=f"{split}-{number}",
            inputs={"request": asked.text, "tools": _offered(asked, split, number, offered)},
            target={
                "answer": asked.results[-1],
                "numeric": asked.numeric,
                "rivals": _rivals(asked),
                "plan": list(asked.plan),
                "calls": list(asked.calls),
            },
            metadata={"split": split, "world": number, "level": len(asked.plan)},
            cluster=asked.template,
        )


def _offered(asked: Asked, split: Split, number: int, offered: int | None) -> list[str]:
    if offered is None:
        return list(CATALOGUE)
    needed = list(dict.fromkeys(step["name"] for step in asked.plan))
    others = [name for name in CATALOGUE if name not in needed]
    rng = random.Random(f"evalsuite/offered/{split}/{number}")
    names = needed + rng.sample(others, offered - len(needed))
    return sorted(names, key=list(CATALOGUE).index)


def _rivals(asked: Asked) -> list[str]:
    """What else of the right one's kind the world has, and the question does not name."""
    place, answer = asked.world, asked.results[-1]
    for names in (place.people, place.cities, place.rooms):
        if answer in names:
            return [name for name in names if name != answer and name not in asked.text]
    return []


def tools(sample: Sample) -> tuple[Tool, ...]:
    """The tools that are offered with a request."""
    return tuple(CATALOGUE[name].tool for name in sample.inputs["tools"])


def run_tool(sample: Sample, call: ToolCall) -> str:
    """What the tool says.

    Raises:
        ValueError: If the tool is not offered or its arguments are wrong; says how.
    """
    offered: Mapping[str, Function] = {name: CATALOGUE[name] for name in sample.inputs["tools"]}
    # Tools see of a sample what systems see: its id and inputs.
    split, _, number = sample.id.partition("#")[0].rpartition("-")
    return execute(world(cast(Split, split), int(number)), call, offered)


# --- asking -------------------------------------------------------------------------------------


def act_prompt(sample: Sample) -> str:
    """The request and the form of the answer; the tools are offered beside it."""
    return (
        f"{sample.inputs['request']}\n\n"
        "Use the tools to find out, do not guess. When you know it, give it on the last line as "
        "`Answer: ...`: the bare value, numbers without unit and rounded to two decimals, dates "
        "as YYYY-MM-DD."
    )


def short_act_prompt(sample: Sample) -> str:
    """The request, and where to put the answer."""
    return f"{sample.inputs['request']} End with `Answer: ` and the bare value."


def plan_prompt(sample: Sample) -> str:
    """The tools, the form of a plan as JSON, the request."""
    return (
        "Write the calls that answer the request, in order, as a JSON list of "
        '{"name": ..., "arguments": {...}}. Where an argument is the result of an earlier call, '
        'write "$1" for the result of the first call, "$2" for that of the second. '
        "Write nothing else.\n\n"
        f"Tools:\n{described(tools(sample))}\n\nRequest: {sample.inputs['request']}"
    )


def python_plan_prompt(sample: Sample) -> str:
    """The tools, the form of a plan as a Python list, the request."""
    return (
        "Write the calls that answer the request, in order, as [name(argument=value), ...]. Where "
        'an argument is the result of an earlier call, write "$1" for the result of the first '
        'call, "$2" for that of the second. Write nothing else.\n\n'
        f"Tools:\n{described(tools(sample))}\n\nRequest: {sample.inputs['request']}"
    )


def numbered_plan_prompt(sample: Sample) -> str:
    """The tools, the form of a plan as numbered lines (as TinyAgent's planner), the request."""
    return (
        "Write the calls that answer the request, one a line, numbered from 1, as "
        '`1. name(argument=value)`. Where an argument is the result of an earlier call, write "$1" '
        'for the result of line 1, "$2" for that of line 2. Write nothing else.\n\n'
        f"Tools:\n{described(tools(sample))}\n\nRequest: {sample.inputs['request']}"
    )


def described(offered: Sequence[Tool]) -> str:
    """Tools in words, one a line, such as ``add(a: number, b: number): a + b``."""
    lines = []
    for tool in offered:
        properties = tool.parameters["properties"]
        arguments = ", ".join(f"{name}: {_type(kind)}" for name, kind in properties.items())
        lines.append(f"{tool.name}({arguments}): {tool.description}")
    return "\n".join(lines)


def _type(schema: Mapping[str, Any]) -> str:
    if schema["type"] == "array":
        return f"list of {schema['items']['type']}"
    return schema.get("description") or str(schema["type"])


def json_shot(sample: Sample) -> str:
    """The right plan as JSON."""
    return json.dumps(sample.target["plan"])


def python_shot(sample: Sample) -> str:
    """The right plan as a Python list."""
    return f"[{', '.join(map(_written, sample.target['plan']))}]"


def numbered_shot(sample: Sample) -> str:
    """The right plan as numbered lines."""
    plan = enumerate(sample.target["plan"], start=1)
    return "\n".join(f"{number}. {_written(step)}" for number, step in plan)


def _written(step: Step) -> str:
    arguments = (f"{name}={json.dumps(value)}" for name, value in step["arguments"].items())
    return f"{step['name']}({', '.join(arguments)})"


# --- scoring ------------------------------------------------------------------------------------


def score_act(sample: Sample, answer: Answer) -> list[Score]:
    """``answer_match``, and what else is to be seen: the calls made, the tools chosen before.

    ``plan_match`` and ``argument_f1`` are of ``answer.data["calls"]`` (a list of
    ``{"name": ..., "arguments": {...}}``) or ``answer.tool_calls``, in the order in which calls
    were made. ``tool_recall`` is the share of the plan's tools among ``answer.data["offered"]``, if
    these are not all the tools that the task offers.
    """
    scores = [_answer_match(sample, answer)]
    calls = _visible(answer)
    if calls is not None:
        scores += _plan_scores(sample, calls)[:2]
    chosen = _chosen(sample, answer)
    if chosen is not None:
        needed = {step["name"] for step in sample.target["plan"]}
        without = ", ".join(sorted(needed - chosen))
        recall = len(needed & chosen) / len(needed)
        why = f"without {without}" if without else ""
        scores.append(Score(name="tool_recall", value=recall, explanation=why))
    return scores


def score_plan(sample: Sample, answer: Answer) -> list[Score]:
    """``plan_match``, ``argument_f1`` and ``graph_match`` of a plan in words.

    JSON, a Python list and numbered lines are all read, whichever was asked for. An answer that is
    no plan is a ``format_error`` of 0.0.
    """
    try:
        calls = _read_plan(answer)
    except Undecodable as error:
        return [
            Score(name=name, value=0.0, status="format_error", explanation=str(error))
            for name in ("plan_match", "argument_f1", "graph_match")
        ]
    return _plan_scores(sample, [_named(call) for call in calls])


def _plan_scores(sample: Sample, calls: Sequence[Planned]) -> list[Score]:
    plan = [Planned(step["name"], step["arguments"]) for step in sample.target["plan"]]
    made = [Planned(step["name"], step["arguments"]) for step in sample.target["calls"]]
    wanted = plan if has_references(calls) else made
    said = "; ".join(f"{one.name}({_told(one.arguments)})" for one in calls)[:_LONGEST]
    return [
        Score(name="plan_match", value=float(plans_match(calls, wanted)), explanation=said),
        Score(name="argument_f1", value=argument_f1(calls, wanted)),
        Score(name="graph_match", value=float(graphs_match(calls, plan))),
    ]


def _told(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _answer_match(sample: Sample, answer: Answer) -> Score:
    target = sample.target
    text = without_reasoning(answer.text or "")
    if not text.strip():
        why = "calls and no answer" if answer.tool_calls else "no text"
        return Score(name="answer_match", value=0.0, status="format_error", explanation=why)
    marks = list(_MARK.finditer(text))
    said = text[marks[-1].end() :] if marks else text
    if not target["numeric"]:
        rivals = [
            one for one in target["rivals"] if contains_words(normalise(said), normalise(one))
        ]
        right = contains_words(normalise(said), normalise(target["answer"])) and not rivals
        why = f"names {', '.join(rivals)}" if rivals else excerpt(said)
        return Score(name="answer_match", value=float(right), explanation=why)
    found = final_number(said)
    if found is None:
        return Score(name="answer_match", value=0.0, status="format_error", explanation="no number")
    right = abs(found.value - Fraction(target["answer"])) <= _CLOSE
    return Score(name="answer_match", value=float(right), explanation=excerpt(said))


def _visible(answer: Answer) -> list[Planned] | None:
    """The calls that an answer shows, None where it shows none or they cannot be read."""
    try:
        if isinstance(answer.data, dict) and isinstance(answer.data.get("calls"), list):
            return [_named(call) for call in from_json(json.dumps(answer.data["calls"]))]
        if answer.tool_calls:
            return [_named(call) for call in calls_of(answer)]
    except Undecodable:
        return None
    return None


def _chosen(sample: Sample, answer: Answer) -> set[str] | None:
    """The tools that a system chose to offer its model; None where it chose none out."""
    offered = answer.data.get("offered") if isinstance(answer.data, dict) else None
    if not isinstance(offered, list | tuple):
        return None
    names = {one for one in offered if isinstance(one, str)}
    return None if names >= set(sample.inputs["tools"]) else names


def _read_plan(answer: Answer) -> list[Call]:
    if answer.tool_calls:
        return calls_of(answer)
    text = without_reasoning(answer.text or "")
    if not text.strip():
        raise Undecodable("no text")
    if (written := json_part(text)) is not None:
        return from_json(written)
    try:
        return from_lines(text)
    except Undecodable:
        return from_python(text)


def _named(call: Call) -> Planned:
    """The call with its positional arguments under the names that the tool has for them."""
    function = CATALOGUE.get(call.name)
    names = function.tool.parameters["properties"] if function else ()
    return Planned(call.name, call.named_by(names))
