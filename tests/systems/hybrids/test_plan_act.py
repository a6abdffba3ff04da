from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from evalsuite.catalog import find_task
from evalsuite.errors import CallFailed, CallRejected, CallTransient
from evalsuite.records import Answer, Message, Request, Sample, ToolCall
from evalsuite.scoring.tool_calls.decode import Call
from evalsuite.systems.hybrids.plan_act import PlanActSpec, named_tool, plain_value
from evalsuite.task import Task

FAILURE = CallTransient("no answer within 1 s", kind="timeout")


def plans(name: str = "tool_calling/plans") -> Task:
    return find_task(name, base=Path())


def samples(task: Task, n: int) -> Iterator[Sample]:
    return islice(task.samples("test"), n)


class Agent:
    """Plays all roles by knowing the sample's target; runs the real tools of the task."""

    def __init__(self, task: Task, sample: Sample, **said: Callable[[Request], Any]) -> None:
        self.task = task
        self.sample = sample
        self.said = said
        self.hops: list[tuple[str, str]] = []
        self.asked: list[Request] = []

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        self.hops.append((role, reason))
        self.asked.append(request)
        said = self.said[role](request) if role in self.said else getattr(self, role)(request)
        if isinstance(said, CallFailed):
            raise said
        return said if isinstance(said, Answer) else Answer(text=said)

    async def tool(self, call: ToolCall, *, reason: str) -> str:
        self.hops.append(("tool", reason))
        try:
            return self.task.execute(self.sample, call)  # type: ignore[misc]
        except ValueError as error:
            return f"error: {error}"

    async def step(self, name: str, asked: object, work: Callable[[], Any], *, reason: str) -> Any:
        self.hops.append((name, reason))
        return work()

    def planner(self, request: Request) -> str:
        if request.messages[-1].content.endswith("for the second."):
            return json.dumps(self.sample.target["plan"])
        at = request.messages[-1].content.count(" -> ")
        calls = self.sample.target["calls"]
        return f"{calls[at]['name']}, to know more" if at < len(calls) else "FINISH"

    def caller(self, request: Request) -> str:
        at = request.messages[-1].content.count(" -> ")
        assert [tool.name for tool in request.tools] == [self.sample.target["calls"][at]["name"]]
        return json.dumps(self.sample.target["calls"][at])

    def summariser(self, request: Request) -> str:
        assert not request.tools
        return f"Answer: {request.messages[-1].content.rsplit(' -> ')[-1]}"


async def act(task: Task, sample: Sample, spec: PlanActSpec, **said: Any) -> tuple[Answer, Agent]:
    request = task.request(sample, split="test", seed=0, repeat=0)
    agent = Agent(task, sample, **said)
    return await spec.respond(request, agent, None), agent  # type: ignore[arg-type]


@pytest.mark.parametrize("style", ["steps", "plan"])
async def test_good_members_solve_the_generated_requests(style: Any) -> None:
    task = plans()
    spec = PlanActSpec(planner="p", caller="c", summariser="s", style=style)
    for sample in samples(task, 25):
        answer, agent = await act(task, sample, spec)
        scores = {score.name: score.value for score in task.score(sample, answer)}
        assert scores == {"answer_match": 1.0, "plan_match": 1.0, "argument_f1": 1.0}
        n = len(sample.target["calls"])
        made = [reason for role, reason in agent.hops if role == "tool"]
        assert made == [f"tool {call['name']}" for call in sample.target["calls"]]
        assert agent.hops[-1] == ("summariser", f"summarise {n} results")
        assert [role for role, _ in agent.hops].count("caller") == (n if style == "steps" else 0)


async def test_tools_are_retrieved_from_a_large_catalogue() -> None:
    task = plans("tool_calling/many_tools")
    spec = PlanActSpec(planner="p", style="plan", top_k_tools=12)
    kept = needed = 0
    for sample in samples(task, 30):
        answer, agent = await act(task, sample, spec)
        assert agent.hops[0][0] == "tool_retriever"
        offered = answer.data["offered"]
        assert len(offered) == 12
        wanted = {step["name"] for step in sample.target["plan"]}
        kept, needed = kept + len(wanted & set(offered)), needed + len(wanted)
    assert kept / needed > 0.8


async def first() -> tuple[Task, Sample]:
    task = plans()
    return task, next(samples(task, 1))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"planner": lambda r: "I do not know."}, "planner named no tool in 'I do not know.'"),
        ({"caller": lambda r: "call it!"}, "no call in 'call it!'"),
        ({"caller": lambda r: FAILURE}, "caller failed (timeout)"),
    ],
)
async def test_what_goes_wrong_is_said_and_summarised(said: Any, reason: str) -> None:
    task, sample = await first()
    answer, agent = await act(task, sample, PlanActSpec(planner="p", caller="c"), **said)
    assert agent.hops[-1] == ("summariser", f"{reason}; summarise 0 results")
    assert answer.data["calls"] == []


async def test_a_plan_that_is_none() -> None:
    task, sample = await first()
    spec = PlanActSpec(planner="p", style="plan")
    _, agent = await act(task, sample, spec, planner=lambda r: "First, look around.")
    assert agent.hops[-1][1].startswith("no plan in 'First, look around.' (")


async def test_failures_of_the_planner() -> None:
    task, sample = await first()
    with pytest.raises(CallTransient):
        await act(task, sample, PlanActSpec(planner="p"), planner=lambda r: FAILURE)
    bare = Request(
        task="t", sample_id="1", inputs={}, messages=(Message(role="user", content="q"),)
    )
    with pytest.raises(CallRejected, match="no tools"):
        await PlanActSpec(planner="p").respond(bare, Agent(task, sample), None)  # type: ignore[arg-type]


async def test_a_wrong_call_is_told_to_the_planner_and_steps_are_counted() -> None:
    task, sample = await first()
    name = sample.target["calls"][0]["name"]
    answer, agent = await act(
        task,
        sample,
        PlanActSpec(planner="p", max_steps=2),
        planner=lambda r: name,
        caller=lambda r: Answer(tool_calls=(ToolCall(name=name, arguments='{"who": 1}'),)),
    )
    assert answer.data["results"][0].startswith("error: ")
    assert "error: " in agent.asked[2].messages[-1].content
    assert agent.hops[-1][1] == "2 steps are up; summarise 2 results"


def test_naming_tools_and_reading_results() -> None:
    assert named_tool("use get_email_of, no: get_email", ["get_email"]) == "get_email"
    assert named_tool("get_emails", ["get_email"]) is None
    assert [plain_value(text) for text in ("3", "2.5", "true", "NaN", "Ann")] == [
        3,
        2.5,
        "true",
        "NaN",
        "Ann",
    ]
    assert Call("f", {"a": 1}).arguments == {"a": 1}
