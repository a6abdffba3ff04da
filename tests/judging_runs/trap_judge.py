"""A judge that falls into every trap of writing a verdict, one after the other."""

from __future__ import annotations

import re
from typing import Any

from evalsuite.records import Answer, Completion, Request
from evalsuite.systems.base import Fitted, Model
from evalsuite.systems.resources import Resources
from tests.judging_runs.scripted_judge import FENCE, ScriptedJudge, ScriptedJudgeSpec

TRAPS = "tests.judging_runs.trap_judge:TrapJudgeSpec"


class TrapJudge(ScriptedJudge):
    def __init__(self, spec: TrapJudgeSpec) -> None:
        super().__init__(spec)
        self._texts = spec.texts

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        asked = request.messages[-1].content
        number = int(re.findall(r"What is (\d+) \+", asked)[0])
        text = self._texts[number % len(self._texts)]
        mark = next(FENCE.finditer(asked))[2]
        said = None if text is None else text.replace("MARK", mark)
        return Completion(
            answer=Answer(text=said), input_tokens=100, output_tokens=10, service_seconds=0.01
        )


class TrapJudgeSpec(ScriptedJudgeSpec):
    backend: str = "trap_judge"
    texts: tuple[str | None, ...] = ()

    def open(self, resources: Resources) -> Model:
        return TrapJudge(self)

    def model_post_init(self, context: Any) -> None:
        assert self.texts
