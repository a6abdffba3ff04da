"""What a hybrid may do beside asking: leave a call behind, work on tokens, run tools, practise."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest

from evalsuite import api
from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Answer, Request, Sample, Score, Tool, ToolCall
from evalsuite.session import Session
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Joint, Practice, Share
from evalsuite.systems.transformers import TransformersSpec
from evalsuite.task import Task
from tests.running.scripted import ADDITION, ScriptedSpec, experiment


class First(HybridSpec):
    """Asks both, and answers with whoever is first."""

    hybrid: str = "first"

    def roles(self) -> Mapping[str, str]:
        return {"quick": "quick", "slow": "slow"}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        hops = [asyncio.create_task(ask(role, request, reason="race")) for role in self.roles()]
        done, _ = await asyncio.wait(hops, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()


class Together(HybridSpec):
    """The second model goes on where the first one stops."""

    token_level: ClassVar[bool] = True
    hybrid: str = "together"
    second: str = "nano"

    def roles(self) -> Mapping[str, str]:
        return {"first": "pico", "second": self.second}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        def work(decoders: Mapping[str, Any]) -> Joint:
            if request.sample_id == "test-1":
                raise CallRejected("refused", kind="refused")
            texts = [decoder.tokenizer.eos_token for decoder in decoders.values()]
            shares = {
                role: Share(
                    reason=f"{role} worked",
                    input_tokens=3,
                    output_tokens=2,
                    machine_seconds=0.5,
                    data={"role": role},
                )
                for role in decoders
            }
            return Joint(answer=Answer(text="".join(texts)), shares=shares)

        return await ask.jointly(["first", "second"], request, work)


class Caller(HybridSpec):
    """Runs a tool, then asks."""

    hybrid: str = "caller"

    def roles(self) -> Mapping[str, str]:
        return {"model": "quick"}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        said = [
            await ask.tool(ToolCall(name="add", arguments=arguments), reason="to know")
            for arguments in ("2", "two")
        ]
        await ask("model", request, reason="told")
        return Answer(text=" | ".join(said))


class Prepared(HybridSpec):
    """Asks a question of its own about each practice sample."""

    hybrid: str = "prepared"

    def roles(self) -> Mapping[str, str]:
        return {"model": "quick"}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        assert fitted is not None
        return Answer(text=fitted.state)

    async def fit(self, practice: Practice) -> Fitted | None:
        sample = practice.samples("validation")[0]
        request = practice.task.request(sample, split="validation", seed=0, repeat=0)
        answer = await practice.ask("model", request)
        return Fitted(state=answer.text, identity=1, split="validation", n_samples=1, note="asked")


def run(folder: Path, systems: Mapping[str, Any], **settings: Any) -> Any:
    Session(experiment(systems, **settings), folder, lambda event: None).run()
    return api.load(folder)


def test_a_call_left_behind_costs_all_the_same_and_is_not_waited_for(tmp_path: Path) -> None:
    systems = {
        "quick": ScriptedSpec(label="quick"),
        "slow": ScriptedSpec(label="slow", seconds=0.4),
        "race": First(),
    }
    loaded = run(tmp_path, systems, report=("race",), limit=3, concurrency=1)
    assert (loaded.responses.seconds < 0.3).all()
    assert list(loaded.responses.n_calls) == [2, 2, 2]
    assert sorted(loaded.calls.role) == ["quick"] * 3 + ["slow"] * 3
    assert (loaded.calls.status == "ok").all()


def test_joint_work_is_a_call_for_each_model(tmp_path: Path) -> None:
    systems = {
        "pico": TransformersSpec(model="embedded/pico"),
        "nano": TransformersSpec(model="embedded/nano"),
        "both": Together(),
    }
    loaded = run(tmp_path, systems, report=("both",), limit=2)
    fine = loaded.calls[loaded.calls.sample_id == "test-0"].sort_values("ordinal")
    assert list(fine.role) == ["first", "second"]
    assert list(fine.reason) == ["first worked", "second worked"]
    # the time that the work took, divided by their forward passes
    assert fine.machine_seconds.nunique() == 1 and 0 < fine.machine_seconds.iloc[0] < 0.5
    assert fine.usd.notna().all() and fine.usd.gt(0).all()
    assert fine.joules.nunique() == 1 and fine.joules.gt(0).all(), "and so is its energy"
    assert list(fine.answer) == ['{"data":{"role":"first"}}', fine.answer.iloc[1]]
    failed = loaded.calls[loaded.calls.sample_id == "test-1"]
    assert list(failed.error_kind) == ["refused", "refused"]
    responses = loaded.responses.set_index("sample_id")
    assert responses.loc["test-0", "usd"] == pytest.approx(fine.usd.sum())
    assert responses.loc["test-1", "error_kind"] == "refused"


def test_token_level_hybrids_want_local_models(tmp_path: Path) -> None:
    systems = {
        "pico": TransformersSpec(model="embedded/pico"),
        "quick": ScriptedSpec(),
        "both": Together(second="quick"),
    }
    with pytest.raises(ConfigError, match="second must be a local model"):
        run(tmp_path, systems, report=("both",))


def add(sample: Sample, call: ToolCall) -> str:
    if not call.arguments.isdigit():
        raise ValueError(f"not a number: {call.arguments}")
    assert sample.target is None
    return str(sample.inputs["a"] + int(call.arguments))


def test_tools_of_the_task_are_run_and_traced(tmp_path: Path) -> None:
    tool = Tool(name="add", description="adds", parameters={"type": "object"})
    task = Task(
        name="acting",
        family="f",
        summary="",
        samples=ADDITION.samples,
        prompt=ADDITION.prompt,
        score=lambda s, a: [
            Score(
                name="right",
                value=float(a.text == f"{s.inputs['a'] + 2} | error: not a number: two"),
            )
        ],
        success="right",
        tools=lambda sample: [tool],
        execute=add,
    )
    systems = {"quick": ScriptedSpec(), "caller": Caller()}
    loaded = run(tmp_path, systems, report=("caller",), limit=2, task=task)
    assert loaded.responses.success.all()
    first = loaded.calls[loaded.calls.sample_id == "test-1"].sort_values("ordinal")
    assert list(first.role) == ["tool", "tool", "model"]
    assert list(first.member) == ["tool:add", "tool:add", "quick"]
    assert list(first.text[:2]) == ["3", "error: not a number: two"]
    assert list(first.usd[:2]) == [0.0, 0.0]
    assert first.joules[:2].gt(0).all() and first.joules_basis[:2].str.startswith("assumed").all()
    assert pd.isna(first.request_key.iloc[0])


def test_a_task_without_tools_says_so(tmp_path: Path) -> None:
    systems = {"quick": ScriptedSpec(), "caller": Caller()}
    loaded = run(tmp_path, systems, report=("caller",), limit=1)
    assert list(loaded.responses.error_kind) == ["no_tools"]


def test_a_question_of_its_own_in_practice_is_kept_apart(tmp_path: Path) -> None:
    systems = {"quick": ScriptedSpec(), "prepared": Prepared()}
    loaded = run(tmp_path, systems, report=("prepared",), limit=1)
    asked = loaded.calls[loaded.calls.phase == "fit"]
    assert asked.sample_id.str.startswith("validation-0#").all() and len(asked) == 1
    assert list(loaded.fits.note) == ["asked"]
