"""A small driver that plays the engine's part for a hybrid: asks, keeps the hops, scores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Request, Sample, Score
from evalsuite.systems.base import Fitted, HybridSpec, Outcome
from evalsuite.task import Split, Task

Member = Callable[[Request], Answer | CallFailed]


class Driver:
    """Members map a request to an answer or a failure; ``hops`` is what was asked, and why."""

    def __init__(
        self,
        spec: HybridSpec,
        members: Sequence[Member],
        *,
        samples: Sequence[Sample] = (),
        usd: Sequence[float | None] = (),
        choices: Sequence[str] | None = None,
        train: Sequence[Sample] = (),
    ) -> None:
        self.spec = spec
        self.members = dict(zip(spec.roles(), members, strict=True))
        self.usd: Mapping[str, float | None] = dict(zip(spec.roles(), usd, strict=False))
        self.hops: list[tuple[str, str]] = []
        self.seed = 0
        self._samples = {"validation": list(samples), "train": list(train), "test": []}
        self.task = Task(
            name="t",
            family="f",
            summary="",
            samples=self._samples.__getitem__,
            shot=lambda sample: str(sample.target),
            prompt=lambda sample: str(sample.inputs["text"]),
            score=lambda s, a: [Score(name="right", value=float((a.choice or a.text) == s.target))],
            success="right",
            choices=None if choices is None else lambda sample: choices,
        )

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        self.hops.append((role, reason))
        await asyncio.sleep(0)
        answer = self.members[role](request)
        if isinstance(answer, CallFailed):
            raise answer
        return answer

    def samples(self, split: Split) -> Sequence[Sample]:
        assert split != "test"
        return self._samples[split]

    async def outcomes(self, role: str, split: Split) -> Sequence[Outcome]:
        outcomes = []
        for sample in self.samples(split):
            request = self.task.request(sample, split=split, seed=0, repeat=0)
            said = self.members[role](request)
            answer = None if isinstance(said, CallFailed) else said
            scores = {} if answer is None else {"right": self.task.score(sample, answer)[0]}
            outcomes.append(
                Outcome(
                    sample=sample,
                    request=request,
                    answer=answer,
                    success=self.task.succeeded(scores),
                    usd=self.usd.get(role),
                )
            )
        return outcomes

    async def ask(self, role: str, request: Request) -> Answer:
        """What a hybrid asks in practice, beside the task's own questions."""
        return await self(role, request, reason="practice")

    async def fit(self) -> Fitted | None:
        return await self.spec.fit(self)

    async def respond(self, text: str, fitted: Fitted | None = None, **options: Any) -> Answer:
        self.hops.clear()
        sample = Sample(id=text, inputs={"text": text})
        request = self.task.request(sample, split="test", seed=0, repeat=options.get("repeat", 0))
        return await self.spec.respond(request, self, fitted)


@pytest.fixture
def drive() -> type[Driver]:
    return Driver
