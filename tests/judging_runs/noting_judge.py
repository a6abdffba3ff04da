"""A scripted judge that notes each question in a file, takes its time, and fails where told to."""

from __future__ import annotations

import time
from pathlib import Path

from evalsuite.errors import CallFailed
from evalsuite.records import Completion, Request
from evalsuite.systems.base import Fitted, Model
from evalsuite.systems.resources import Resources
from tests.judging_runs.scripted_judge import ScriptedJudge, ScriptedJudgeSpec


class NotingJudge(ScriptedJudge):
    def __init__(self, spec: NotingJudgeSpec) -> None:
        super().__init__(spec)
        self._note = Path(spec.notes)
        self._takes = spec.takes
        self._fails_on = spec.fails_on

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        with self._note.open("a", encoding="utf-8") as file:
            file.write(f"{request.sample_id}\n")
        time.sleep(self._takes)
        if self._fails_on and self._fails_on in request.messages[-1].content:
            raise CallFailed("it will not say", kind="content_filter", billed=True)
        return await super().complete(request, fitted)


class NotingJudgeSpec(ScriptedJudgeSpec):
    backend: str = "noting_judge"
    notes: str
    takes: float = 0.0
    fails_on: str = ""

    def open(self, resources: Resources) -> Model:
        return NotingJudge(self)
