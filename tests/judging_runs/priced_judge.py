"""Scripted judges of sums with prices of their own: a cheap one that is unsure, one that knows."""

from __future__ import annotations

import re

from evalsuite.records import Answer, Request
from evalsuite.systems.base import Model
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources
from tests.judging_runs.scripted_judge import ScriptedJudge, ScriptedJudgeSpec

PRICED = "tests.judging_runs.priced_judge:PricedJudgeSpec"


class PricedJudge(ScriptedJudge):
    def __init__(self, spec: PricedJudgeSpec) -> None:
        super().__init__(spec)
        usd = spec.usd_per_million
        self.price = Price(
            usd_per_million_input_tokens=usd, usd_per_million_output_tokens=usd, source="test"
        )
        self._knows = spec.knows

    def _rule(self, texts: list[str], request: Request) -> str | None:
        a, b = re.findall(r"(\d+) \+ (\d+)", request.messages[-1].content)[0]
        return "correct" if not self._knows or int(texts[0]) == int(a) + int(b) else "incorrect"

    def _answer(self, said: str, mark: str, request: Request) -> Answer:
        asked = request.messages[-1].content
        odd = re.search(r"<<<answer \w+>>>\n\d*[13579]\n", asked) is not None
        sure = 0.5 if odd and not self._knows else 0.9
        chances = {choice: sure if choice == said else 1 - sure for choice in request.choices or ()}
        return Answer(choice=said, text=said, probabilities=chances)


class PricedJudgeSpec(ScriptedJudgeSpec):
    backend: str = "priced_judge"
    knows: bool = False
    usd_per_million: float = 1.0

    def open(self, resources: Resources) -> Model:
        return PricedJudge(self)
