"""Advisor: a large model says what speaks for which answer, and a small classifier decides.

"Bad Actor, Good Advisor: Exploring the Role of Large Language Models in Fake News Detection", 2023,
arXiv:2309.12247: a large model judges fake news worse than a small tuned one, but its rationales
help the small one (ARG), and what that learns can be distilled into one that needs no rationale
(ARG-D). There the small model is BERT, which learns how far to trust each rationale; here it is a
logistic regression over the words of the question and those of the rationale, and ARG-D's copying
of inner features becomes learning from soft labels.

The reason of a hop: "rationale", "with rationale", "advisor failed (timeout)", "advisor said
nothing" or "distilled".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request, fingerprint
from evalsuite.systems import learners
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Practice
from evalsuite.systems.hybrids.practising import ask_all, failures_in
from evalsuite.systems.hybrids.wording import asked, filled, places, question_of, text_of
from evalsuite.systems.price import Price, machine_price
from evalsuite.systems.students import (
    among,
    answer_of,
    check_classifiers,
    classifies,
    has_labels,
    item_of,
    one_thread,
    right_answer,
    sklearn_version,
)
from evalsuite.task import Split, Task

_RATIONALE = (
    "{question}\n\nDo not answer. Say in at most three short sentences what in it, and what from "
    "common sense, speaks for one answer or another."
)
_FOLDS = 5


class AdvisorSpec(HybridSpec):
    """A model that writes rationales, and a classifier that reads them.

    advisor: the system that writes them; it never sees the right answer.
    train_samples: training samples that it is asked about, the first ones.
    distilled: learn a second classifier without rationales from the first one's soft labels, and
        answer with that alone: the advisor is asked in practice only.
    max_rationale_tokens: longest rationale.
    rationale_prompt: template of the question to the advisor, with the place {question}.
    usd_per_machine_hour, usd_per_kwh, watts, grams_co2e_per_kwh: price of the machine's time and
        energy, its power and its carbon intensity, for the classifier. The default price is an
        assumption and marked so.

    Where the advisor fails or says nothing, the classifier reads an empty rationale, in practice
    as in answers.
    """

    hybrid: Literal["advisor"] = "advisor"
    advisor: str
    train_samples: int = Field(100, ge=1)
    distilled: bool = False
    max_rationale_tokens: int = Field(128, ge=1)
    rationale_prompt: str = _RATIONALE
    usd_per_machine_hour: float | None = Field(None, ge=0, allow_inf_nan=False)
    usd_per_kwh: float | None = Field(None, ge=0, allow_inf_nan=False)
    watts: float | None = Field(None, ge=0, allow_inf_nan=False)
    grams_co2e_per_kwh: float | None = Field(None, ge=0, allow_inf_nan=False)

    _rationale_prompt_places = field_validator("rationale_prompt")(places("question"))

    @property
    def machine(self) -> Price:
        """What the classifier's own work costs, in practice and in answers."""
        return machine_price(
            self.usd_per_machine_hour,
            self.watts,
            assume=True,
            usd_per_kwh=self.usd_per_kwh,
            grams_co2e_per_kwh=self.grams_co2e_per_kwh,
        )

    def roles(self) -> Mapping[str, str]:
        """The role "advisor"; the classifier's hops are called "classifier"."""
        return {"advisor": self.advisor}

    def supports(self, task: Task) -> bool:
        """Whether the answers of ``task`` are labels."""
        return has_labels(task)

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The classifier's answer, after the advisor's rationale unless it is distilled."""
        if fitted is None:
            raise ConfigError("an advisor's classifier must be fitted before it answers")
        state: _State = fitted.state
        rationale, reason = "", "distilled"
        if not self.distilled:
            rationale, reason = await self._rationale(request, ask)
        said = await ask.step(
            "classifier",
            [request.key, rationale],
            lambda: state.say(request, rationale),
            reason=reason,
            price=self.machine,
        )
        return answer_of(said)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The advisor once, or never where it is distilled."""
        times = 0 if self.distilled else 1
        return {"advisor": (times, times)}

    def practises(self) -> Mapping[str, Split]:
        """The advisor, on training samples."""
        return {"advisor": "train"}

    def practice_limits(self) -> Mapping[str, int]:
        """As many as rationales are wanted for."""
        return {"advisor": self.train_samples}

    async def fit(self, practice: Practice) -> Fitted | None:
        """Have rationales written, and learn from them."""
        task = practice.task
        await asyncio.to_thread(check_classifiers)
        pairs, labels, note = await self._advised(practice)
        began = time.perf_counter()
        state = await asyncio.to_thread(_learnt, task, pairs, labels, self.distilled)
        learnt_from = fingerprint([pairs, labels, self.distilled])
        return Fitted(
            state=state,
            identity=["advised", sklearn_version(), learnt_from],
            split="train",
            n_samples=len(pairs),
            note=note + (", distilled" if self.distilled else ""),
            machine_seconds=time.perf_counter() - began,
        )

    async def _advised(self, practice: Practice) -> tuple[list[tuple[Any, str]], list[str], str]:
        """Items with their rationales, the right answers, and how that went in words."""
        task = practice.task
        samples = practice.samples("train")[: self.train_samples]
        requests = [task.request(s, split="train", seed=practice.seed, repeat=0) for s in samples]
        rights = [right_answer(task, s, r) for s, r in zip(samples, requests, strict=True)]
        if not samples:
            raise ConfigError(f"{task.name} has no training samples for an advisor to advise on")
        if not classifies(task, samples) or None in rights:
            raise ConfigError(f"advisor: the answers of {task.name} are no labels to be learnt")
        said = await ask_all(practice, "advisor", [self._question(r) for r in requests])
        failed = failures_in(said)
        if all(isinstance(answer, CallFailed) for answer in said):
            raise ConfigError(f"the advisor failed on all {len(said)} training samples ({failed})")
        rationales = ["" if isinstance(a, CallFailed) else text_of(a).strip() for a in said]
        items = [item_of(task, request) for request in requests]
        labels = [label for label in rights if label is not None]
        note = (
            f"{len(set(labels))} label{'s' * (len(set(labels)) != 1)} learnt from {len(items)} "
            f"training samples, {sum(map(bool, rationales))} with a rationale"
        )
        note += f"; the advisor failed on some ({failed})" if failed else ""
        return list(zip(items, rationales, strict=True)), labels, note

    async def _rationale(self, request: Request, ask: Ask) -> tuple[str, str]:
        """What the advisor writes, or "", and the reason of the next hop."""
        try:
            said = await ask("advisor", self._question(request), reason="rationale")
        except CallFailed as failure:
            return "", f"advisor failed ({failure.kind})"
        rationale = text_of(said).strip()
        return rationale, "with rationale" if rationale else "advisor said nothing"

    def _question(self, request: Request) -> Request:
        text = filled(self.rationale_prompt, question=question_of(request))
        return asked(request, text, max_output_tokens=self.max_rationale_tokens)


@dataclass(frozen=True)
class _State:
    task: Task
    classifier: learners.Classifier
    distilled: bool

    def say(self, request: Request, rationale: str) -> dict[str, Any]:
        item = item_of(self.task, request)
        with one_thread():
            known = self.classifier.probabilities(item if self.distilled else (item, rationale))
        return among(known, request.choices)


def _learnt(
    task: Task, pairs: Sequence[tuple[Any, str]], labels: Sequence[str], distilled: bool
) -> _State:
    with one_thread():
        if not distilled:
            return _State(task, learners.learn_advised(pairs, labels), distilled)
        learn = learners.learn_rows_linear if task.learnable == "rows" else learners.learn_texts
        items = [item for item, _ in pairs]
        return _State(task, learners.learn_soft(learn, items, _soft(pairs, labels)), distilled)


def _soft(pairs: Sequence[tuple[Any, str]], labels: Sequence[str]) -> list[dict[str, float]]:
    """Each sample's label probabilities by a classifier that has not seen the sample.

    One that has seen it gives little more than its hard label back.
    """
    folds = min(_FOLDS, len(pairs))
    if folds < 2:
        return [{label: 1.0} for label in labels]
    soft: list[dict[str, float]] = [{}] * len(pairs)
    for fold in range(folds):
        rest = [index for index in range(len(pairs)) if index % folds != fold]
        learnt = learners.learn_advised([pairs[i] for i in rest], [labels[i] for i in rest])
        for index in range(fold, len(pairs), folds):
            soft[index] = learnt.probabilities(pairs[index])
    return soft
