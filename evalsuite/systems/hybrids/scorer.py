"""A learnt signal: the chance that an answer is right, from its signals, lengths and wording.

FrugalGPT (Chen, Zaharia and Zou, 2023, arXiv:2305.05176) with logistic regression in place of its
fine-tuned DistilBERT. Learnt on the validation split, for each tier by itself; the thresholds are
picked on chances that are predicted out of fold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from evalsuite.errors import ExtraMissing
from evalsuite.records import Answer, Request
from evalsuite.systems.hybrids.signals import (
    Afterwards,
    Agreement,
    AskAs,
    MembersAgree,
    OwnConfidence,
    Reading,
    SignalSpec,
    Valid,
    Verifier,
)
from evalsuite.systems.hybrids.success_models import laplace, out_of_fold
from evalsuite.systems.hybrids.wording import question_of, text_of


def named(signal: Any) -> Any:
    """A signal's name stands for its configuration with nothing else in it."""
    return {"kind": signal} if isinstance(signal, str) else signal


PlainSignal = Annotated[
    OwnConfidence | Valid | Agreement | MembersAgree | Verifier,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, kw_only=True)
class Features:
    """What is known of one answer: numbers by name, and question and answer as one text."""

    numbers: Mapping[str, float]
    text: str


class Learnt(SignalSpec):
    """Logistic regression on other signals, lengths, and how the answer ended.

    signals: names or configurations of the others; one of a kind that asks systems.
    text: whether the words (TF-IDF) of question and answer count too.
    """

    kind: Literal["learnt"]
    signals: tuple[Annotated[PlainSignal, BeforeValidator(named)], ...] = (
        OwnConfidence(kind="auto"),
    )
    text: bool = False

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> Learnt:
        kinds = [signal.kind for signal in self.signals]
        twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
        if twice is not None:
            raise ValueError(f"`signals` has {twice} twice")
        return self

    def roles(self) -> Mapping[str, str]:
        """Those of the signals."""
        return {role: name for signal in self.signals for role, name in signal.roles().items()}

    def asks(self) -> Mapping[str, int]:
        """Those of the signals."""
        return {role: n for signal in self.signals for role, n in signal.asks().items()}

    def tier_calls(self) -> int:
        """Once, or once a sample of an agreement."""
        return max((signal.tier_calls() for signal in self.signals), default=1)

    async def judged(
        self, role: str, request: Request, ask: AskAs, reason: str
    ) -> tuple[Answer, Reading]:
        """Needs ``LearntJudge``."""
        raise NotImplementedError("a learnt signal must be fitted before it judges")

    async def examined(
        self, role: str, request: Request, ask: AskAs, reason: str
    ) -> tuple[Answer, Features]:
        """The answer of the tier in ``role`` and its features; CallFailed where there is none."""
        readings: list[Reading] = []
        answer: Answer | None = None
        for signal in self.signals:
            if not isinstance(signal, Afterwards):
                answer, reading = await signal.judged(role, request, ask, reason)
                readings.append(reading)
        if answer is None:
            answer = await ask(role, request, reason=reason)
        return answer, await self.features(role, request, answer, ask, readings)

    async def features(
        self,
        role: str,
        request: Request,
        answer: Answer,
        ask: AskAs,
        readings: Sequence[Reading] = (),
    ) -> Features:
        """Of an answer that is there; ``readings`` are of signals that were read already."""
        found = [
            *readings,
            *[
                await signal.judge(role, request, answer, ask)
                for signal in self.signals
                if isinstance(signal, Afterwards)
            ],
        ]
        numbers = {
            (reading.name if reading.value is not None else f"no {reading.name}"): (
                1.0 if reading.value is None else reading.value
            )
            for reading in found
        }
        question, said = question_of(request), text_of(answer)
        numbers["log answer characters"] = math.log1p(len(said))
        numbers["log question characters"] = math.log1p(len(question))
        numbers["cut off"] = float(answer.finish_reason in ("length", "max_tokens"))
        if answer.token_logprobs is not None:
            numbers["log output tokens"] = math.log1p(len(answer.token_logprobs))
        return Features(numbers=numbers, text=f"{question}\n\n{said}")


Chance = Callable[[Features], float]


@dataclass(frozen=True, kw_only=True)
class LearntJudge:
    """A learnt signal with what it learnt, by the role of the tier."""

    spec: Learnt
    chances: Mapping[str, Chance]

    async def judged(
        self, role: str, request: Request, ask: AskAs, reason: str
    ) -> tuple[Answer, Reading]:
        """The answer and its predicted chance."""
        answer, features = await self.spec.examined(role, request, ask, reason)
        return answer, Reading(value=self.chances[role](features), name="P(right)")


def learn_chance(
    rows: Sequence[Features], successes: Sequence[bool], *, text: bool
) -> tuple[Chance, list[float]]:
    """The chance of success by features, and that of each of ``rows`` predicted out of fold.

    Raises ExtraMissing without scikit-learn.
    """

    def learn(items: Sequence[Features], outcomes: Sequence[bool]) -> Chance:
        return _fitted(items, outcomes, text)

    try:
        return learn(rows, successes), out_of_fold(rows, successes, learn)
    except ImportError:
        raise ExtraMissing("scikit-learn", "classical", "a learnt signal") from None


def _fitted(rows: Sequence[Features], successes: Sequence[bool], text: bool) -> Chance:
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(set(successes)) < 2:  # nothing to tell apart
        constant = laplace(sum(successes), len(successes))
        return lambda features: constant
    numbers = make_pipeline(DictVectorizer(sparse=False), StandardScaler())
    parts: list[Any] = [("numbers", numbers, 0)]
    if text:
        words = TfidfVectorizer(token_pattern=r"\w+|[^\w\s]", sublinear_tf=True)
        parts.append(("words", words, 1))
    model = make_pipeline(ColumnTransformer(parts), LogisticRegression(max_iter=5000))
    model.fit(_table(rows), list(successes))
    right = list(model.classes_).index(True)

    def chance(features: Features) -> float:
        return float(model.predict_proba(_table([features]))[0][right])

    return chance


def _table(rows: Sequence[Features]) -> Any:
    """Two columns of objects: the numbers by name, and the text."""
    import numpy as np

    table = np.empty((len(rows), 2), dtype=object)
    for index, row in enumerate(rows):
        table[index] = (dict(row.numbers), row.text)
    return table
