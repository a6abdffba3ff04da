"""Plan, call, summarise: one model decides, one writes the calls of tools, one writes the answer.

Step by step, with a model for each part: alpha-UMi, Shen et al., 2024, "Small LLMs Are Weak Tool
Learners: A Multi-LLM Agent", arXiv:2401.07324. All calls planned at once, with references to
results, and tools retrieved before: TinyAgent, Erdogan et al., 2024, arXiv:2409.00608.

The reason of a hop: "step 1", "call get_email", "tool get_email", "plan", "summarise 2 results",
"tools for '...'"; and where something went wrong "planner named no tool in '...'",
"planner failed (timeout)", "no call in '...'", "no plan in '...'" or "6 steps are up".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from pydantic import Field, field_validator

from evalsuite.errors import CallFailed, CallRejected
from evalsuite.records import Answer, Request, Tool, ToolCall
from evalsuite.scoring.tool_calls.decode import Call, Undecodable, calls_of, from_lines
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.hybrids.wording import (
    asked,
    filled,
    last_question,
    places,
    short,
    text_of,
    with_question,
)
from evalsuite.systems.retrieval import Retriever

_NEXT = (
    "{question}\n\nTools:\n{tools}\n\nDone so far:\n{done}\n\n"
    "Which tool is to be called next? Write its name and in a few words what for; "
    "or write FINISH if all that is needed is known."
)
_CALL = (
    "{question}\n\nDone so far:\n{done}\n\nTool:\n{tools}\n\nNext step: {step}\n\n"
    'Write the call of this tool and nothing else, as {"name": ..., "arguments": {...}}.'
)
_PLAN = (
    "{question}\n\nTools:\n{tools}\n\n"
    'Write all calls that are needed, in order, as a JSON list of {"name": ..., "arguments": '
    '{...}} and nothing else. Write "$1" for the result of the first call, "$2" for the second.'
)
_SUMMARISE = "{question}\n\nWhat the tools said:\n{done}"
_FINISH = re.compile(r"\W*\bfinish(?:ed)?\b", re.IGNORECASE)
_REFERENCE = re.compile(r"\$(\d+)")
_NOTHING = "nothing"


class PlanActSpec(HybridSpec):
    """Models that plan, call and summarise over the tools of a task.

    planner: the system that decides on the next tool, or writes the plan.
    caller: the system that writes each call; of style "steps" only. None: the planner.
    summariser: the system that answers from what the tools said. None: the planner.
    style: "steps" decides after each result; "plan" writes all calls at once, with "$1" for the
        result of the first.
    max_steps: calls of tools at most.
    top_k_tools: offer only the best tools for the request, by their names and descriptions.
    retriever: how tools are ranked, see ``evalsuite.systems.retrieval``.
    max_step_tokens: longest plan or call.
    next_prompt, call_prompt, plan_prompt, summarise_prompt: templates with {question}, {tools},
        {done} and {step}.

    What a tool says to a wrong call ("error: ...") is told to the planner, as its result. ``data``
    of the answer has the "calls" that were made, their "results" and the tools that were "offered".
    """

    hybrid: Literal["plan_act"] = "plan_act"
    planner: str
    caller: str | None = None
    summariser: str | None = None
    style: Literal["steps", "plan"] = "steps"
    max_steps: int = Field(6, ge=1, le=50)
    top_k_tools: int | None = Field(None, ge=1)
    retriever: Retriever = Retriever()
    max_step_tokens: int = Field(192, ge=1)
    next_prompt: str = _NEXT
    call_prompt: str = _CALL
    plan_prompt: str = _PLAN
    summarise_prompt: str = _SUMMARISE

    _next_places = field_validator("next_prompt")(places("question", "tools", "done"))
    _call_places = field_validator("call_prompt")(places("question", "tools", "done", "step"))
    _plan_places = field_validator("plan_prompt")(places("question", "tools"))
    _summarise_places = field_validator("summarise_prompt")(places("question", "done"))

    def roles(self) -> Mapping[str, str]:
        """The roles "planner", "caller" and "summariser"."""
        return {
            "planner": self.planner,
            "caller": self.caller or self.planner,
            "summariser": self.summariser or self.planner,
        }

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The summariser's answer from what the tools said."""
        if not request.tools:
            raise CallRejected("the task offers no tools", kind="no_tools", billed=False)
        tools = await self._offered(request, ask)
        work = _Work(self, request, ask, {tool.name: tool for tool in tools})
        why = await (work.by_steps() if self.style == "steps" else work.by_plan())
        text = filled(self.summarise_prompt, question=last_question(request), done=work.told())
        wanted = msgspec.structs.replace(with_question(request, text), tools=())
        n = len(work.results)
        reason = f"{why}; " if why else ""
        answer = await ask("summariser", wanted, reason=f"{reason}summarise {n} results")
        calls = [{"name": call.name, "arguments": call.arguments} for call in work.calls]
        told = {"calls": calls, "results": work.results, "offered": list(work.tools)}
        return msgspec.structs.replace(answer, data=told)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The planner and the summariser at least; a call of tools takes two hops by steps."""
        if self.style == "plan":
            return {"planner": (1, 1), "caller": (0, 0), "summariser": (1, 1)}
        most = self.max_steps
        return {"planner": (1, most), "caller": (0, most), "summariser": (1, 1)}

    async def _offered(self, request: Request, ask: Ask) -> Sequence[Tool]:
        if self.top_k_tools is None or self.top_k_tools >= len(request.tools):
            return request.tools
        question, k = last_question(request), self.top_k_tools
        texts = [f"{tool.name.replace('_', ' ')}: {tool.description}" for tool in request.tools]
        best = await ask.step(
            "tool_retriever",
            [self.retriever.name, question, texts, k],
            lambda: self.retriever.best(question, texts, k),
            reason=f"tools for {short(question)!r}",
        )
        return [request.tools[index] for index in best]


@dataclass
class _Work:
    """What was called so far for one request, and what the tools said."""

    spec: PlanActSpec
    request: Request
    ask: Ask
    tools: Mapping[str, Tool]
    calls: list[Call] = field(default_factory=list)
    results: list[str] = field(default_factory=list)

    async def by_steps(self) -> str:
        """Decide, call, look; why it ended, "" where the planner said so."""
        for number in range(1, self.spec.max_steps + 1):
            text = filled(
                self.spec.next_prompt,
                question=self._question(),
                tools=described(list(self.tools.values())),
                done=self.told(),
            )
            try:
                said = text_of(await self._asked("planner", text, f"step {number}"))
            except CallFailed as failure:
                if not self.results:
                    raise
                return f"planner failed ({failure.kind})"
            if _FINISH.match(said):
                return ""
            tool = named_tool(said, list(self.tools))
            if tool is None:
                return "" if _FINISH.search(said) else f"planner named no tool in {short(said)!r}"
            problem = await self._call(self.tools[tool], said)
            if problem:
                return problem
        return f"{self.spec.max_steps} steps are up"

    async def by_plan(self) -> str:
        """Write all calls, then make them; why less was done than planned, "" where all was."""
        text = filled(
            self.spec.plan_prompt,
            question=self._question(),
            tools=described(list(self.tools.values())),
        )
        said = await self._asked("planner", text, "plan")
        try:
            planned = read_plan(said)
        except Undecodable as error:
            return f"no plan in {short(text_of(said))!r} ({error})"
        for call in planned[: self.spec.max_steps]:
            arguments = {name: self._resolved(value) for name, value in call.arguments.items()}
            await self._make(Call(call.name, arguments))
        left = len(planned) - self.spec.max_steps
        return f"{self.spec.max_steps} steps are up" if left > 0 else ""

    async def _call(self, tool: Tool, step: str) -> str:
        """Have the call of one tool written and make it; what was wrong, where it was none."""
        text = filled(
            self.spec.call_prompt,
            question=self._question(),
            tools=described([tool]),
            done=self.told(),
            step=short(step, 200),
        )
        try:
            said = await self._asked("caller", text, f"call {tool.name}", tools=(tool,))
            calls = calls_of(said)
        except CallFailed as failure:
            return f"caller failed ({failure.kind})"
        except Undecodable:
            calls = []
        if not calls:
            return f"no call in {short(text_of(said))!r}"
        await self._make(calls[0])
        return ""

    async def _make(self, call: Call) -> None:
        tool = self.tools.get(call.name)
        call = Call(call.name, call.named_by(tool.parameters.get("properties", {}) if tool else ()))
        written = ToolCall(name=call.name, arguments=json.dumps(call.arguments))
        result = await self.ask.tool(written, reason=f"tool {call.name}")
        self.calls.append(call)
        self.results.append(result)

    async def _asked(
        self, role: str, text: str, reason: str, tools: tuple[Tool, ...] = ()
    ) -> Answer:
        wanted = asked(self.request, text, max_output_tokens=self.spec.max_step_tokens)
        return await self.ask(role, msgspec.structs.replace(wanted, tools=tools), reason=reason)

    def _question(self) -> str:
        return last_question(self.request)

    def _resolved(self, value: Any) -> Any:
        """A value with the results that it refers to in place; a number stays a number."""
        if isinstance(value, list):
            return [self._resolved(one) for one in value]
        if not isinstance(value, str):
            return value
        whole = _REFERENCE.fullmatch(value)
        if whole and 0 < int(whole[1]) <= len(self.results):
            return plain_value(self.results[int(whole[1]) - 1])
        return _REFERENCE.sub(
            lambda found: (
                self.results[int(found[1]) - 1]
                if 0 < int(found[1]) <= len(self.results)
                else found[0]
            ),
            value,
        )

    def told(self) -> str:
        """Each call with what the tool said."""
        lines = [
            f"{written_call(call)} -> {result}"
            for call, result in zip(self.calls, self.results, strict=True)
        ]
        return "\n".join(lines) or _NOTHING


def described(tools: Sequence[Tool]) -> str:
    """Tools in words, one a line, such as ``add(a: number, b: number): a + b``."""
    lines = []
    for tool in tools:
        properties = tool.parameters.get("properties", {})
        arguments = ", ".join(
            f"{name}: {kind.get('type', 'any')}" for name, kind in properties.items()
        )
        lines.append(f"{tool.name}({arguments}): {tool.description}")
    return "\n".join(lines)


def written_call(call: Call) -> str:
    """A call as one would write it, such as ``add(a=1, b=2)``."""
    arguments = (f"{name}={json.dumps(value)}" for name, value in call.arguments.items())
    return f"{call.name}({', '.join(arguments)})"


def named_tool(text: str, names: Sequence[str]) -> str | None:
    """The tool that is named first in ``text``, as a whole word; None where it names none."""
    found = [
        (match.start(), name)
        for name in names
        if (match := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))
    ]
    return min(found)[1] if found else None


def read_plan(answer: Answer) -> list[Call]:
    """The calls of a plan: JSON, a Python list, numbered lines, or tool calls; Undecodable."""
    try:
        return calls_of(answer)
    except Undecodable:
        return from_lines(answer.text or "")


def plain_value(text: str) -> Any:
    """A result as an argument: a number where it is one, else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and math.isfinite(value) else text
