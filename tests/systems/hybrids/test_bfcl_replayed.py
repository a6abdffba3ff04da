"""A fallback and a cascade of recorded models, through the engine: BFCL v1, 1,000 questions.

``hybrid_expected.json`` of the data folder: a schema check of the small model's calls, then
claude-3.5-sonnet, the small model's cost taken as 0. The check looks at names, at required and
unknown parameters, and at the type of each argument.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalsuite import api, routing
from evalsuite.experiment import Experiment, ExperimentFile, PlannedTask
from evalsuite.records import Answer, Completion, Request, Sample, Score, Tool, ToolCall
from evalsuite.scoring.tool_calls.decode import Call
from evalsuite.scoring.tool_calls.score import score_read_calls
from evalsuite.session import Session
from evalsuite.systems.base import Fitted, Model, ModelSpec, Practice
from evalsuite.systems.hybrids.cascade import CascadeSpec
from evalsuite.systems.hybrids.fallback import FallbackSpec
from evalsuite.systems.hybrids.signals import Valid
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources
from evalsuite.task import Split, Task
from tests.tasks.test_bfcl import V1, decoded, expected, folder, rows

SONNET = "claude-3-5-sonnet-20240620"
SMALL = {
    "xlam": "Salesforce_xLAM-1b-fc-r",
    "llama": "meta-llama_Meta-Llama-3-8B-Instruct",
    "gemma": "google_gemma-7b-it",
}
KINDS = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "any": None,
    **{kind: kind for kind in ("array", "boolean", "integer", "string")},
}


class Recorded(ModelSpec):
    """Answers of one recorded model, with the dollars of its recorded tokens."""

    backend: str = "recorded_calls"
    model: str
    usd_per_million: tuple[float, float] = (0.0, 0.0)

    def open(self, resources: Resources) -> Model:
        return _Recorded(self)


class _Recorded:
    def __init__(self, spec: Recorded) -> None:
        self.name = spec.model
        self.identity: Mapping[str, Any] = {"model": spec.model}
        self.price = Price(source="recorded")
        self._spec = spec

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        category = str(request.inputs["category"])
        row = rows(folder() / "result" / self.name / f"{category}.json")[request.sample_id]
        calls = decoded(self.name, row["result"])
        tokens = row.get("input_token_count", 0), row.get("output_token_count", 0)
        usd = sum(n * price for n, price in zip(tokens, self._spec.usd_per_million, strict=True))
        answer = Answer(text=str(row["result"]))
        if calls is not None:
            said = (ToolCall(one.name, json.dumps(one.arguments)) for one in calls)
            answer = Answer(tool_calls=tuple(said), data=[one._asdict() for one in calls])
        return Completion(answer=answer, recorded=True, usd=usd / 1e6)

    async def fit(self, practice: Practice) -> Fitted | None:
        return None

    async def close(self) -> None:
        return None


@functools.cache
def samples() -> tuple[Sample, ...]:
    found = []
    for category in V1.values():
        answers = rows(folder() / "possible_answer" / f"{category}.json")
        for name, row in rows(folder() / "dataset" / f"{category}.json").items():
            functions = row["function"]
            found.append(
                Sample(
                    id=name,
                    inputs={
                        "question": row["question"],
                        "functions": functions if isinstance(functions, list) else [functions],
                        "category": category,
                    },
                    target=answers[name]["ground_truth"],
                )
            )
    return tuple(found)


def of_split(split: Split) -> Iterator[Sample]:
    yield from samples() if split == "test" else ()


def offered(sample: Sample) -> list[Tool]:
    """The functions, with the types of their arguments and nothing below these."""
    tools = []
    for function in sample.inputs["functions"]:
        parameters = function["parameters"]
        kinds = {name: KINDS[one["type"]] for name, one in parameters["properties"].items()}
        schema = {
            # In draft 4 the number 4.0 is no integer, as Python has it; in later ones it is.
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "properties": {n: {"type": k} if k else {} for n, k in kinds.items()},
            "required": parameters.get("required", []),
            "additionalProperties": False,
        }
        tools.append(Tool(function["name"], function["description"], schema))
    return tools


def score(sample: Sample, answer: Answer) -> list[Score]:
    functions = sample.inputs["functions"]
    if answer.data is None:
        return [Score(name="ast_match", value=0.0, status="format_error")]
    calls = [Call(one["name"], one["arguments"], tuple(one["positional"])) for one in answer.data]
    right = expected(functions, sample.target)
    return score_read_calls(calls, functions, right, version=1)[:1]


TASK = Task(
    name="tool_calling/bfcl_v1",
    family="tool_calling",
    summary="calls functions",
    samples=of_split,
    prompt=lambda sample: str(sample.inputs["question"]),
    score=score,
    success="ast_match",
    tools=offered,
)
CHECKS = ("tool_call", "schema")


def test_a_schema_check_before_sonnet(tmp_path: Path) -> None:
    published = json.loads((folder() / "hybrid_expected.json").read_text())
    systems: dict[str, Any] = {
        "sonnet": Recorded(model=SONNET, usd_per_million=(3.0, 15.0)),
        **{name: Recorded(model=model) for name, model in SMALL.items()},
        "xlam_first": FallbackSpec(members=("xlam", "sonnet"), valid=CHECKS),
        "llama_first": CascadeSpec(
            tiers=("llama", "sonnet"), signal=Valid(kind="valid", checks=CHECKS)
        ),
        "gemma_first": FallbackSpec(members=("gemma", "sonnet"), valid=CHECKS),
    }
    file = ExperimentFile(name="b", tasks=(TASK.name,), systems=dict.fromkeys(systems, "x"))
    planned = (PlannedTask(task=TASK, limit=None),)
    checked = Experiment(settings=file, tasks=planned, systems=systems)
    Session(checked, tmp_path, lambda event: None).run()
    run = api.load(tmp_path)
    by_system = run.responses.groupby("system")
    rate, usd = by_system.success.mean(), by_system.usd.sum()
    assert (by_system.size() == 1000).all()
    assert (rate["sonnet"], usd["sonnet"]) == (0.942, pytest.approx(2.1537, abs=5e-5))
    words = {"xlam": "xLAM-1b", "llama": "Llama-3-8B", "gemma": "gemma-7b"}
    found = {}
    for name, model in SMALL.items():
        key, hybrid = f"{words[name]} -> claude-3.5-sonnet", f"{name}_first"
        known, oracle = published["cascade_schema"][key], published["oracle_cascade"][key]
        asked = run.calls[(run.calls.system == hybrid) & run.calls.role.str.endswith("_2")]
        assert rate[name] == pytest.approx(published["single"][model]["acc"])
        assert rate[hybrid] == pytest.approx(known["acc"])
        assert len(asked) / 1000 == known["fallback"]
        assert usd[hybrid] == pytest.approx(known["usd"], abs=5e-5)
        assert asked.reason.str.match(r"(member|tier)_1 invalid \((tool_call|schema): ").all()
        beside = routing.against_its_members(run, hybrid)
        assert beside.n == 1000 and (beside.weak, beside.strong) == (name, "sonnet")
        assert beside.oracle.usd is not None
        assert beside.oracle.success.value == pytest.approx(oracle["acc"])
        assert 1000 * beside.oracle.usd.value == pytest.approx(oracle["usd"], abs=5e-5)
        # The check pays more than sending as much to sonnet at random, though not much for xLAM,
        # whose calls are well-formed also where they are wrong.
        assert beside.above_random is not None and beside.gap_recovered is not None
        found[name] = beside.above_random.value, beside.gap_recovered.value
    assert 0 < found["xlam"][0] < 0.01 < 0.1 < min(found["llama"][0], found["gemma"][0])
    assert found["xlam"][1] == pytest.approx((0.839 - 0.832) / (0.942 - 0.832))
