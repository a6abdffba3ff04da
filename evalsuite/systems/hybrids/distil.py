"""Distil: a small model learns from a large one's answers, and then answers alone.

Distillation by labels (Hinton et al., 2015, "Distilling the Knowledge in a Neural Network",
arXiv:1503.02531, where labels are soft), with samples chosen as in "Learning with Less: Knowledge
Distillation from Large Language Models via Unlabeled Data", 2024. With the weaker model as the
teacher it is weak-to-strong generalisation: Burns et al., 2023, arXiv:2312.09390.

It costs before it answers: the teacher's answers, and the machine time of learning. What that
means for a success is in ``evalsuite.analysis.amortisation``. The reason of a hop is "student".
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, field_validator, model_validator

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Outcome, Practice
from evalsuite.systems.hybrids.distil_labels import Labelled, labelled
from evalsuite.systems.hybrids.distil_synthesis import Made, Synthesis, synthesise
from evalsuite.systems.price import Price, machine_price
from evalsuite.systems.students import (
    Example,
    Learn,
    Student,
    answer_of,
    check_classifiers,
    classifies,
    gap_recovered,
    has_labels,
    learn_classifier,
    right_answer,
)
from evalsuite.systems.tuning import EMBEDDED, Tuning, check_tunable, learn_tuned
from evalsuite.task import Split, Task

_CLASSIFIER = "classifier"
_FOLDERS = (".", "/", "~")


class DistilSpec(HybridSpec):
    """A teacher that labels the training split, and a student that learns from it and answers.

    teacher: the system that labels. It is asked in practice only.
    student: "classifier" (scikit-learn: gradient boosting over rows, TF-IDF and logistic regression
        over texts, or over the prompt of any task with choices), or a local language model to be
        fine-tuned, ``embedded/<name>`` or a folder.
    labels: how many training samples the teacher labels; None: all that the run allows.
    rounds, keep: how they are chosen, and what share of them is learnt from; see
        ``evalsuite.systems.hybrids.distil_labels``. Without ``labels`` there is one round.
    soft: learn the teacher's probabilities of the choices instead of its answer, where it gives
        them; for the classifier.
    ceiling: also teach a student by the right answers to the same samples, and say in the fit's
        note how teacher, student and that ceiling do on the validation split. The teacher's answers
        there count as cost of preparation; the ceiling's machine time does not.
    synthesise: have further texts written to learn from.
    tuning: how a language model is tuned.
    usd_per_machine_hour, usd_per_kwh, watts, grams_co2e_per_kwh: price of the machine's time and
        energy, its power and its carbon intensity, while the student learns and answers. For the
        classifier and embedded models the default price is an assumption and marked so.
    """

    hybrid: Literal["distil"] = "distil"
    teacher: str
    student: str = _CLASSIFIER
    labels: int | None = Field(200, ge=1)
    rounds: int = Field(1, ge=1, le=50)
    keep: float = Field(1.0, gt=0, le=1, allow_inf_nan=False)
    soft: bool = False
    ceiling: bool = False
    synthesise: Synthesis | None = None
    tuning: Tuning = Tuning()
    usd_per_machine_hour: float | None = Field(None, ge=0, allow_inf_nan=False)
    usd_per_kwh: float | None = Field(None, ge=0, allow_inf_nan=False)
    watts: float | None = Field(None, ge=0, allow_inf_nan=False)
    grams_co2e_per_kwh: float | None = Field(None, ge=0, allow_inf_nan=False)

    @field_validator("student")
    @classmethod
    def _known_student(cls, student: str) -> str:
        if student != _CLASSIFIER and not student.startswith((EMBEDDED, *_FOLDERS)):
            raise ValueError('write "classifier", "embedded/NAME" or the path of a folder')
        return student

    @model_validator(mode="after")
    def _consistent(self) -> DistilSpec:
        if self.labels is None and self.rounds > 1:
            raise ValueError("`rounds` chooses among `labels`; without them all are labelled")
        if self.soft and self.student != _CLASSIFIER:
            raise ValueError("`soft` labels are for `student: classifier`")
        return self

    @property
    def machine(self) -> Price:
        """What the student's own work costs, in practice and in answers."""
        small = self.student == _CLASSIFIER or self.student.startswith(EMBEDDED)
        return machine_price(
            self.usd_per_machine_hour,
            self.watts,
            assume=small,
            usd_per_kwh=self.usd_per_kwh,
            grams_co2e_per_kwh=self.grams_co2e_per_kwh,
        )

    def roles(self) -> Mapping[str, str]:
        """The roles "teacher" and those of the synthesis; the student's hops are "student"."""
        return {"teacher": self.teacher, **(self.synthesise.roles() if self.synthesise else {})}

    def supports(self, task: Task) -> bool:
        """Whether the student can learn ``task``: a classifier learns labels only."""
        return self.student != _CLASSIFIER or has_labels(task)

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The student's answer."""
        if fitted is None:
            raise ConfigError("a student must be fitted before it answers")
        student: Student = fitted.state
        said = await ask.step(
            "student",
            request.key,
            lambda: student.say([request])[0],
            reason="student",
            price=self.machine,
        )
        return answer_of(said)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """No member is asked for an answer."""
        return dict.fromkeys(self.roles(), (0, 0))

    def practises(self) -> Mapping[str, Split]:
        """The teacher, on training samples."""
        return {"teacher": "train"}

    def practice_limits(self) -> Mapping[str, int]:
        """As many as are to be labelled."""
        return {} if self.labels is None else {"teacher": self.labels}

    async def fit(self, practice: Practice) -> Fitted | None:
        """Have samples labelled, and texts written, and teach the student."""
        await asyncio.to_thread(self._check, practice)
        learn = self._learn(practice.task, practice.seed)
        found = await labelled(
            practice,
            labels=self.labels,
            rounds=self.rounds,
            keep=self.keep,
            soft=self.soft,
            learn=learn,
        )
        made = Made()
        if self.synthesise is not None:
            made = await synthesise(practice, self.synthesise, found.examples)
        began = time.perf_counter()
        student = await asyncio.to_thread(learn, [*found.examples, *made.examples])
        seconds = found.seconds + time.perf_counter() - began
        notes = [self._note(student, found, made)]
        if self.ceiling:
            notes.append(await self._gap(practice, found, student, learn))
        return Fitted(
            state=student,
            identity=student.identity,
            split="train",
            n_samples=found.n_asked,
            note="; ".join(notes),
            machine_seconds=seconds,
        )

    def _check(self, practice: Practice) -> None:
        """A user's mistakes, before anything is paid for."""
        task = practice.task
        if self.student != _CLASSIFIER:
            check_tunable(self.student)
            return
        check_classifiers()
        if not classifies(task, practice.samples("train")):
            raise ConfigError(
                f"distil: the answers of {task.name} are no labels for a classifier: write "
                "`student: embedded/nano`, or another language model"
            )

    def _learn(self, task: Task, seed: int) -> Learn:
        if self.student == _CLASSIFIER:
            return functools.partial(learn_classifier, task)
        return functools.partial(learn_tuned, self.student, self.tuning, seed)

    def _note(self, student: Student, found: Labelled, made: Made) -> str:
        parts = [f"{self.student} learnt from {found.note()}"]
        if self.rounds > 1:
            parts.append(f"{self.rounds} rounds")
        if self.soft:
            n = sum(example.shares is not None for example in found.examples)
            parts.append(f"soft labels for {n}")
        if len({example.answer for example in found.examples}) == 1:
            parts.append("all have the same label, so the student knows no other")
        if self.synthesise is not None:
            parts.append(made.note())
        return "; ".join([*parts, student.note] if student.note else parts)

    async def _gap(
        self, practice: Practice, found: Labelled, student: Student, learn: Learn
    ) -> str:
        """How much of the gap between the teacher and right answers the student makes up for."""
        outcomes = [o for o in await practice.outcomes("teacher", "validation")]
        known = [outcome for outcome in outcomes if outcome.success is not None]
        if not known:
            raise ConfigError(
                f"`ceiling` needs validation samples of {practice.task.name} that the teacher "
                "answers"
            )
        gold = _gold(practice.task, found)
        return await asyncio.to_thread(_gap_words, practice.task, student, learn, gold, known)


def _gold(task: Task, found: Labelled) -> list[Example]:
    """The samples that the student learnt from, with their right answers."""
    pairs = zip(found.samples, found.examples, strict=True)
    rights = [(example, right_answer(task, s, example.request)) for s, example in pairs]
    if any(right is None for _, right in rights):
        raise ConfigError(f"`ceiling`: {task.name} does not say what its right answers look like")
    return [
        Example(request=example.request, answer=right)
        for example, right in rights
        if right is not None
    ]


def _gap_words(
    task: Task,
    student: Student,
    learn: Learn,
    gold: Sequence[Example],
    outcomes: Sequence[Outcome],
) -> str:
    """Success rates on the samples that all three were scored on, and the gap recovered."""
    rights = [_rights(task, taught, outcomes) for taught in (student, learn(gold))]
    rows = list(zip([outcome.success for outcome in outcomes], *rights, strict=True))
    scored = [row for row in rows if None not in row]
    n = len(scored)
    if not n:
        return f"no gap to state: nothing could be scored of {len(rows)} validation samples"
    weak, own, ceiling = (sum(row[i] is True for row in scored) / n for i in range(3))
    gap = gap_recovered(weak, own, ceiling)
    recovered = "undefined, the ceiling is not above the teacher" if gap is None else f"{gap:.2f}"
    return (
        f"on {n} validation samples the teacher is right in {weak:.1%}, the student in {own:.1%}, "
        f"taught by right answers in {ceiling:.1%}: gap recovered {recovered}"
    )


def _rights(task: Task, student: Student, outcomes: Sequence[Outcome]) -> list[bool | None]:
    """Whether each of the student's answers is a success; None where it gave none to be scored."""
    found: list[bool | None] = []
    said = student.say([outcome.request for outcome in outcomes])
    for outcome, fields in zip(outcomes, said, strict=True):
        try:
            answer = answer_of(fields)
        except CallFailed:
            found.append(None)
            continue
        scores = {score.name: score for score in task.score(outcome.sample, answer)}
        found.append(task.succeeded(scores))
    return found
