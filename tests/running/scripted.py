"""A model whose answers, failures and delays are written down, and a task to ask it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from evalsuite.errors import CallFailed, CallRefused
from evalsuite.experiment import Experiment, ExperimentFile, PlannedTask
from evalsuite.records import Answer, Completion, Request, Sample, Score
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Model, ModelSpec, Practice
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources
from evalsuite.task import Split, Task


class ScriptedModel:
    """Answers ``a + b`` right below ``limit`` and wrong above; fails where told to."""

    def __init__(self, spec: ScriptedSpec) -> None:
        self.name = spec.label
        self.identity: Mapping[str, Any] = {"label": spec.label, "limit": spec.limit}
        self.price = Price(
            usd_per_million_input_tokens=1.0, usd_per_million_output_tokens=10.0, source="test"
        )
        self.asked: Counter[str] = Counter()
        self.in_flight = self.peak = 0
        self._spec = spec

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        self.asked[request.sample_id] += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await asyncio.sleep(self._spec.seconds)
        finally:
            self.in_flight -= 1
        if request.sample_id in self._spec.refuse:
            raise CallRefused("the key is not valid", kind="auth")
        if request.sample_id in self._spec.fail:
            raise CallFailed("the server is away", kind="server_error", billed=False)
        if request.sample_id in self._spec.crash:
            raise KeyError("a bug in the backend")
        a, b = request.inputs["a"], request.inputs["b"]
        total = a + b if a < self._spec.limit else a - b
        confidence = -0.01 if a < self._spec.limit else -2.0
        answer = Answer(text=str(total), token_logprobs=(confidence,), finish_reason="stop")
        return Completion(answer=answer, input_tokens=10, output_tokens=5, service_seconds=0.001)

    async def fit(self, practice: Practice) -> Fitted | None:
        return None

    async def close(self) -> None:
        return None


class ScriptedSpec(ModelSpec):
    backend: str = "scripted"
    label: str = "scripted"
    limit: int = 1000
    seconds: float = 0.0
    fail: frozenset[str] = frozenset()
    crash: frozenset[str] = frozenset()
    refuse: frozenset[str] = frozenset()

    def open(self, resources: Resources) -> Model:
        model = ScriptedModel(self)
        OPENED.append(model)
        return model


class FirstThenSecond(HybridSpec):
    """Asks ``first``; if it is unsure, ``second``. Learns its threshold from practice."""

    hybrid: str = "first_then_second"
    first: str
    second: str

    def roles(self) -> Mapping[str, str]:
        return {"first": self.first, "second": self.second}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        assert fitted is not None
        answer = await ask("first", request, reason="always")
        assert answer.token_logprobs is not None
        if answer.token_logprobs[0] >= fitted.state:
            return answer
        return await ask("second", request, reason="unsure")

    async def fit(self, practice: Practice) -> Fitted | None:
        outcomes = await practice.outcomes("first", "validation")
        right = [o.answer.token_logprobs[0] for o in outcomes if o.success and o.answer]  # type: ignore[index]
        return Fitted(
            state=min(right),
            identity=min(right),
            split="validation",
            n_samples=len(outcomes),
            note=f"threshold {min(right):g} from {len(outcomes)} samples",
        )


OPENED: list[ScriptedModel] = []


def additions(split: Split) -> Iterator[Sample]:
    start = {"train": 1000, "validation": 2000, "test": 0}[split]
    for index in range(40):
        inputs = {"a": index, "b": start + 1}
        yield Sample(id=f"{split}-{index}", inputs=inputs, target=index + start + 1)


def right(sample: Sample, answer: Answer) -> list[Score]:
    value = float(answer.text == str(sample.target))
    return [
        Score(name="right", value=value),
        Score(name="length", value=float(len(answer.text or ""))),
    ]


ADDITION = Task(
    name="reasoning/addition",
    family="reasoning",
    summary="adds two numbers",
    samples=additions,
    prompt=lambda sample: f"what is {sample.inputs['a']} + {sample.inputs['b']}?",
    score=right,
    success="right",
    corpus={"answered": lambda graded: float(sum(g.answer is not None for g in graded))},
)


def experiment(
    systems: Mapping[str, ModelSpec | HybridSpec], *, task: Task = ADDITION, **settings: Any
) -> Experiment:
    report = settings.pop("report", None)
    limit = settings.pop("limit", None)
    file = ExperimentFile(
        name="scripted",
        tasks=(task.name,),
        systems=dict.fromkeys(systems, "x"),
        report=report,
        **settings,
    )
    planned = PlannedTask(task=task, limit=limit)
    return Experiment(settings=file, tasks=(planned,), systems=systems)
