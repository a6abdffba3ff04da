from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from msgspec.structs import replace

from evalsuite.records import Answer, Sample, ToolCall
from evalsuite.task import Task

Load = Callable[[str], Task]
acting = pytest.mark.parametrize("name", ["tool_calling/plans", "tool_calling/many_tools"])


def some(task: Task, n: int = 60) -> list[Sample]:
    return list(islice(task.samples("test"), n))


def values(task: Task, sample: Sample, answer: Answer) -> dict[str, float | None]:
    return {score.name: score.value for score in task.score(sample, answer)}


def made(sample: Sample) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(name=call["name"], arguments=json.dumps(call["arguments"]))
        for call in sample.target["calls"]
    )


@acting
def test_who_follows_the_plan_succeeds(load: Load, name: str) -> None:
    task = load(name)
    assert task.execute is not None
    for sample in some(task):
        said = [task.execute(sample, call) for call in made(sample)]
        assert said[-1] == sample.target["answer"]
        for answer in (
            Answer(text=f"I looked it up.\nAnswer: {said[-1]}", tool_calls=made(sample)),
            Answer(text=f"It is {said[-1]}.", data={"calls": sample.target["calls"]}),
        ):
            assert set(values(task, sample, answer).values()) == {1.0}
        assert list(values(task, sample, Answer(text=said[-1]))) == ["answer_match"]


@acting
def test_calls_alone_and_silence_are_format_errors(load: Load, name: str) -> None:
    task = load(name)
    (sample,) = some(task, 1)
    (score, *_) = task.score(sample, Answer(tool_calls=made(sample)))
    assert (score.value, score.status) == (0.0, "format_error")
    (score,) = task.score(sample, Answer(text=""))
    assert (score.value, score.status, score.explanation) == (0.0, "format_error", "no text")


@acting
def test_a_request_offers_its_tools_and_tells_no_answer(load: Load, name: str) -> None:
    task = load(name)
    assert task.execute is not None and task.tools is not None
    for sample in some(task, 20):
        request = task.request(sample, split="test", seed=0, repeat=0)
        offered = [tool.name for tool in request.tools]
        assert len(offered) == len(set(offered)) == (8 if name.endswith("plans") else 46)
        assert {call["name"] for call in sample.target["plan"]} <= set(offered)
        assert set(request.inputs) == {"request", "tools"}
        for variant in task.variants.values():
            assert sample.inputs["request"] in str(variant.prompt(sample))
    few = some(load("tool_calling/plans"), 1)[0]
    absent = next(name for name in ("add", "mean", "get_stock") if name not in few.inputs["tools"])
    with pytest.raises(ValueError, match=f"no tool named '{absent}'"):
        task = load("tool_calling/plans")
        assert task.execute is not None
        task.execute(few, ToolCall(name=absent, arguments="{}"))


def sample_of(**target: Any) -> Sample:
    base: dict[str, Any] = {"answer": "", "numeric": False, "rivals": [], "plan": [], "calls": []}
    return Sample(id="x", inputs={"request": "?", "tools": []}, target=base | target)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: 12.67", 1.0),
        ("It is 12.67 miles.", 1.0),
        ("Answer: 12.6667", 1.0),
        ("Answer: 12.68", 0.0),
        ("Answer: -12.67", 0.0),
        ("Answer: 3\nNo.\nAnswer: 12.67", 1.0),
        ("<think>\nAnswer: 12.67\n</think>\nAnswer: 3", 0.0),
    ],
)
def test_numbers_are_right_to_two_decimals(load: Load, text: str, value: float) -> None:
    task = load("tool_calling/plans")
    sample = sample_of(answer="12.67", numeric=True)
    assert values(task, sample, Answer(text=text)) == {"answer_match": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: Tosuka", 1.0),
        ("The manager of Mara is Tosuka.", 1.0),
        ("Tosuka or Briro", 0.0),
        ("Tosukan", 0.0),
        ("Answer: Briro", 0.0),
        ("First I thought Briro.\nAnswer: tosuka", 1.0),
    ],
)
def test_names_are_right_without_their_rivals(load: Load, text: str, value: float) -> None:
    task = load("tool_calling/plans")
    sample = sample_of(answer="Tosuka", rivals=["Briro", "Leta"])
    assert values(task, sample, Answer(text=text)) == {"answer_match": value}


def test_another_way_there_is_right_but_not_the_plan(load: Load) -> None:
    task = load("tool_calling/plans")
    calls = [
        {"name": "get_elevation", "arguments": {"city": "Belko"}},
        {"name": "metres_to_feet", "arguments": {"metres": 100}},
    ]
    sample = sample_of(answer="328.08", numeric=True, plan=calls, calls=calls)
    answer = Answer(text="328.08", data={"calls": calls[:1]})
    assert values(task, sample, answer) == pytest.approx(
        {"answer_match": 1.0, "plan_match": 0.0, "argument_f1": 2 / 3}
    )


def test_tools_chosen_before_are_held_against_the_plan(load: Load) -> None:
    task = load("tool_calling/many_tools")
    calls = [{"name": name, "arguments": {}} for name in ("get_price", "multiply")]
    sample = replace(
        sample_of(answer="1", numeric=True, plan=calls, calls=calls),
        inputs={"request": "?", "tools": ["get_price", "multiply", "add"]},
    )
    said = Answer(text="2", data={"calls": [], "offered": ["get_price", "add"]})
    assert values(task, sample, said)["tool_recall"] == 0.5
    every = Answer(text="2", data={"calls": [], "offered": ["get_price", "add", "multiply"]})
    assert "tool_recall" not in values(task, sample, every), "nothing was chosen"
    assert "tool_recall" not in values(task, sample, Answer(text="2"))


def test_right_plans_succeed_in_every_form(load: Load) -> None:
    task = load("tool_calling/plan_graphs")
    shots = [task.shot, *(variant.shot for variant in task.variants.values())]
    assert len(shots) == 3
    for sample in some(task):
        for shot in shots:
            assert shot is not None
            said = Answer(text=shot(sample))
            assert set(values(task, sample, said).values()) == {1.0}, shot(sample)


def test_wrong_plans_and_no_plans(load: Load) -> None:
    task = load("tool_calling/plan_graphs")
    sample = next(one for one in some(task) if len(one.target["plan"]) == 3)
    plan = sample.target["plan"]
    short = values(task, sample, Answer(text=json.dumps(plan[:2])))
    assert short["plan_match"] == short["graph_match"] == 0.0
    assert 0.0 < (short["argument_f1"] or 0.0) < 1.0
    guessed = values(task, sample, Answer(text=json.dumps(sample.target["calls"])))
    assert guessed["plan_match"] == 1.0 and guessed["graph_match"] == 0.0
    for text in ("", "I cannot do that.", "{"):
        scores = task.score(sample, Answer(text=text))
        assert {(score.value, score.status) for score in scores} == {(0.0, "format_error")}


def test_a_plan_thought_aloud_does_not_count(load: Load) -> None:
    task = load("tool_calling/plan_graphs")
    (sample,) = some(task, 1)
    assert task.shot is not None
    right = task.shot(sample)
    assert set(values(task, sample, Answer(text=f"<think>[]</think>\n{right}")).values()) == {1.0}
    assert values(task, sample, Answer(text=f"<think>{right}</think>"))["plan_match"] == 0.0


def test_positional_arguments_of_a_plan_are_named_by_the_tool(load: Load) -> None:
    task = load("tool_calling/plan_graphs")
    plan = [{"name": "get_home_city", "arguments": {"name": "Mara"}}]
    sample = sample_of(plan=plan, calls=plan)
    assert set(values(task, sample, Answer(text='1. get_home_city("Mara")')).values()) == {1.0}
    assert values(task, sample, Answer(text='1. get_town("Mara")'))["plan_match"] == 0.0
