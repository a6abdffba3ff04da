"""Small models that hybrids train while they prepare: what they learn from, and how they answer.

A student is used in a hop of its hybrid's own (``Ask.step``), so what it says is JSON-able first
and an ``Answer`` afterwards.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from evalsuite.errors import CallRejected, ExtraMissing
from evalsuite.records import Answer, Request, Sample, fingerprint
from evalsuite.scoring.choice import read_choice
from evalsuite.systems import learners
from evalsuite.task import Task


@dataclass(frozen=True, kw_only=True)
class Example:
    """A question with the answer that a student is to give.

    ``shares`` are soft labels over the choices, None where the answer alone is learnt.
    """

    request: Request
    answer: str
    shares: Mapping[str, float] | None = None


class Student(Protocol):
    """What was learnt.

    ``identity`` is its JSON-able essence; equal ones answer alike. ``note`` says what went wrong in
    learning, "" where nothing did.
    """

    identity: Any
    note: str

    def say(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """Each answer as JSON-able fields of ``Answer``, or ``error`` and ``message``."""
        ...


Learn = Callable[[Sequence[Example]], Student]


def answer_of(said: Mapping[str, Any]) -> Answer:
    """What ``Student.say`` said as an Answer; CallRejected where it could not answer."""
    if "error" in said:
        raise CallRejected(str(said["message"]), kind=str(said["error"]), billed=False)
    return msgspec.convert(said, Answer)


def sure_of(said: Mapping[str, Any]) -> float:
    """How sure a student was of what it said, 0 to 1.

    The probability of the likeliest choice, or the geometric mean of its tokens' probabilities; 0
    where it had no answer.
    """
    if "error" in said:
        return 0.0
    return trust(answer_of(said)) or 0.0


def trust(answer: Answer) -> float | None:
    """How sure a model was of an answer, 0 to 1; None where nothing says so."""
    if answer.probabilities:
        return max(answer.probabilities.values())
    logprobs = answer.token_logprobs
    return math.exp(sum(logprobs) / len(logprobs)) if logprobs else None


def label_of(answer: Answer, request: Request) -> str | None:
    """What is learnt of a teacher's answer: the choice that it names, or its text.

    None where it names none of the choices or is empty: there is nothing to learn.
    """
    if request.choices is not None:
        return read_choice(answer, request.choices)
    return (answer.text or answer.choice or "").strip() or None


def right_answer(task: Task, sample: Sample, request: Request) -> str | None:
    """The right answer to a practice sample as a system would give it; None where none is known.

    Of a task with choices it is one of them.
    """
    said = task.shot(sample) if task.shot is not None else str(sample.target)
    if request.choices is not None:
        known = [text for text in (said, str(sample.target)) if text in request.choices]
        return known[0] if known else None
    return said if task.shot is not None or task.learnable in ("rows", "texts") else None


def item_of(task: Task, request: Request) -> Any:
    """What a classifier reads of a question: its row, its text, or the whole prompt."""
    if task.learnable == "rows":
        return request.inputs["columns"]
    if task.learnable == "texts":
        return str(request.inputs["text"])
    return "\n\n".join(turn.content for turn in request.messages)


def has_labels(task: Task) -> bool:
    """Whether a classifier may learn ``task``: it has choices, or is learnt from rows or texts."""
    return task.choices is not None or task.learnable in ("rows", "texts")


def classifies(task: Task, samples: Sequence[Sample]) -> bool:
    """Whether a classifier can learn ``task`` from ``samples``.

    Rows may have numbers as targets, which are floats and no labels.
    """
    numeric = all(isinstance(sample.target, float) for sample in samples)
    return has_labels(task) and (task.choices is not None or not numeric)


def among(probabilities: Mapping[str, float], choices: Sequence[str] | None) -> dict[str, Any]:
    """The likeliest label as fields of an ``Answer``.

    Of a request with ``choices`` these alone count, rescaled to sum to 1; where none of them was
    ever seen as a label, it is the error ``unknown_choices``.
    """
    known = dict(probabilities)
    if choices is not None:
        known = {choice: probabilities.get(choice, 0.0) for choice in choices}
        mass = sum(known.values())
        if mass == 0:
            message = "none of the choices was ever seen as a label in training"
            return {"error": "unknown_choices", "message": message}
        known = {choice: value / mass for choice, value in known.items()}
    best = max(known, key=known.__getitem__)
    return {"text": best, "choice": best, "probabilities": known}


class ClassifierStudent:
    """A scikit-learn classifier over rows, texts or prompts."""

    def __init__(self, task: Task, classifier: learners.Classifier, identity: Any) -> None:
        """``identity`` is of what ``classifier`` was learnt from, and how."""
        self.identity = identity
        self.note = ""
        self._task = task
        self._classifier = classifier

    def say(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """The likeliest choice of each with the probabilities of all."""
        items = [item_of(self._task, request) for request in requests]
        with one_thread():
            known = learners.probabilities_of(self._classifier, items)
        return [
            among(of_item, request.choices)
            for of_item, request in zip(known, requests, strict=True)
        ]


def learn_classifier(task: Task, examples: Sequence[Example]) -> ClassifierStudent:
    """The classifier of ``classical/auto`` for rows and texts, that of texts for any prompt.

    From soft labels where any example has them; one without counts wholly for its answer.
    ExtraMissing without scikit-learn.
    """
    learn: Callable[..., learners.Classifier] = (
        learners.learn_rows_boosted if task.learnable == "rows" else learners.learn_texts
    )
    items = [item_of(task, example.request) for example in examples]
    labels = [example.answer for example in examples]
    shares = None
    if any(example.shares for example in examples):
        shares = [example.shares or {example.answer: 1.0} for example in examples]
    with one_thread():
        learnt = (
            learn(items, labels) if shares is None else learners.learn_soft(learn, items, shares)
        )
    essence = fingerprint([items, labels, shares])
    return ClassifierStudent(task, learnt, [learn.__name__, sklearn_version(), essence])


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: for problems this small, more of them mostly wait for each other.

    ExtraMissing without scikit-learn.
    """
    with _threads().limit(limits=1):
        yield


def check_classifiers() -> None:
    """ExtraMissing without scikit-learn; loads it, so that learning is timed without that."""
    _threads()


def sklearn_version() -> str:
    """Part of what was learnt: another version may learn otherwise."""
    import sklearn

    return str(sklearn.__version__)


@functools.cache
def _threads() -> Any:
    try:
        import sklearn.ensemble  # noqa: F401  loads the libraries whose threads are to be limited
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
    except ImportError:
        raise ExtraMissing("scikit-learn", "classical", "a student that is a classifier") from None
    return ThreadpoolController()


def gap_recovered(weak: float, student: float, ceiling: float) -> float | None:
    """Performance gap recovered: (student - weak) / (ceiling - weak), of success rates.

    1 where the student is as good as its ``ceiling``, the same model taught by right answers, and
    0 where it is no better than the ``weak`` teacher. None where the ceiling is not above the
    teacher: there is no gap. Burns et al., 2023, "Weak-to-Strong Generalization", arXiv:2312.09390.
    """
    return (student - weak) / (ceiling - weak) if ceiling > weak else None
