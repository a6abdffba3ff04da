"""A judge whose rule is written down: it reads the question, and answers in the form asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Completion, Request
from evalsuite.systems.base import Fitted, Model, ModelSpec, Practice
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources

FENCE = re.compile(r"<<<(answer(?: [A-Z])?) (\w+)>>>\n(.*?)\n<<<end of \1 \2>>>", re.DOTALL)
ASKED: list[Request] = []
"""Every request that any scripted judge was sent, in order."""


class ScriptedJudge:
    def __init__(self, spec: ScriptedJudgeSpec) -> None:
        self.name = spec.label
        self.identity: Mapping[str, Any] = {"label": spec.label, "rule": spec.rule}
        self.price = Price(
            usd_per_million_input_tokens=1.0, usd_per_million_output_tokens=1.0, source="test"
        )
        self._spec = spec

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        ASKED.append(request)
        asked = request.messages[-1].content
        texts = [match[3] for match in FENCE.finditer(asked)]
        mark = next(iter(FENCE.finditer(asked)))[2]
        said = self._rule(texts, request)
        if said is None:
            raise CallFailed("the server is away", kind="server_error", billed=False)
        answer = self._answer(said, mark, request)
        if self._spec.quotes:
            answer = Answer(text="It says:\n" + "\n".join(texts) + f"\n{answer.text}")
        return Completion(answer=answer, input_tokens=100, output_tokens=10, service_seconds=0.01)

    def _rule(self, texts: list[str], request: Request) -> str | None:
        rule = self._spec.rule
        if rule == "away":
            return None
        if rule == "longer":
            lengths = [len(text) for text in texts]
            return "tie" if lengths[0] == lengths[1] else "AB"[lengths[1] > lengths[0]]
        if rule == "length":
            return str(min(5, len(texts[0])))
        if rule == "ranking":
            order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
            return " > ".join("ABCDEFG"[i] for i in order)
        if rule == "even":  # right about sums whose answer is even, says correct to all others
            number = int(texts[0]) if texts[0].lstrip("-").isdigit() else 1
            right = eval(re.findall(r"(\d+ \+ \d+)", request.messages[-1].content)[0])
            return "correct" if number % 2 or number == right else "incorrect"
        return rule

    def _answer(self, said: str, mark: str, request: Request) -> Answer:
        if request.choices is not None:
            sure = self._spec.sure
            rest = (1 - sure) / (len(request.choices) - 1)
            chances = {choice: sure if choice == said else rest for choice in request.choices}
            return Answer(choice=said, text=said, probabilities=chances)
        if request.output_schema is not None:
            seal = {"seal": mark} if self._spec.sealed else {}
            verdict = {"verdict": self._spec.verdict or said}
            return Answer(text=json.dumps({"reason": "so it is", **seal, **verdict}))
        return Answer(text=f"So it is.\n[[{mark}: {said}]]" if self._spec.sealed else f"[[{said}]]")

    async def fit(self, practice: Practice) -> Fitted | None:
        return None

    async def close(self) -> None:
        return None


class ScriptedJudgeSpec(ModelSpec):
    backend: str = "scripted_judge"
    label: str = "scripted"
    rule: str = "A"
    sure: float = 0.9
    sealed: bool = True
    quotes: bool = False
    verdict: dict[str, str] | None = None

    def open(self, resources: Resources) -> Model:
        return ScriptedJudge(self)
