"""Classical machine learning as a system: what a task is worth without a language model.

Learns each task from its train split, before it answers for the record.
"""

from __future__ import annotations

import asyncio
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from evalsuite.errors import CallRejected, ExtraMissing
from evalsuite.records import Answer, Completion, Request, Sample, Size, fingerprint
from evalsuite.systems import learners, regressors
from evalsuite.systems.base import Fitted, ModelSpec, Practice
from evalsuite.systems.energy.counters import HOST
from evalsuite.systems.energy.meter import Reading, energy_fields
from evalsuite.systems.price import machine_price
from evalsuite.systems.resources import Resources
from evalsuite.systems.tagger import Tagger, learn_tagger
from evalsuite.task import Learnable, Task

VERSION = 1

Kind = Literal[
    "auto", "gradient_boosting", "logistic_regression", "tfidf_linear", "linear_tagger", "majority"
]
_LEARNS: Mapping[Kind, tuple[Learnable, ...]] = {
    "auto": ("rows", "texts", "spans"),
    "gradient_boosting": ("rows",),
    "logistic_regression": ("rows",),
    "tfidf_linear": ("texts",),
    "linear_tagger": ("spans",),
    "majority": ("rows", "texts"),
}
_AUTO: Mapping[Learnable, Kind] = {
    "rows": "gradient_boosting",
    "texts": "tfidf_linear",
    "spans": "linear_tagger",
}
_READS: Mapping[Kind, str] = {  # the input of a sample that each kind reads
    "gradient_boosting": "columns",
    "logistic_regression": "columns",
    "tfidf_linear": "text",
    "linear_tagger": "text",
    "majority": "columns",
}
_LEARNERS: Mapping[Kind, Callable[[Sequence[Any], Sequence[str]], learners.Classifier]] = {
    "gradient_boosting": learners.learn_rows_boosted,
    "logistic_regression": learners.learn_rows_linear,
    "tfidf_linear": learners.learn_texts,
    "majority": learners.learn_majority,
}
_REGRESSORS: Mapping[Kind, Callable[[Sequence[Any], Sequence[float]], regressors.Regressor]] = {
    "gradient_boosting": regressors.learn_boosted,
    "logistic_regression": regressors.learn_ridge,
    "majority": regressors.learn_mean,
}


class ClassicalSpec(ModelSpec):
    """A classical model, learnt per task.

    model: "gradient_boosting" or "logistic_regression" over rows, "tfidf_linear" over texts,
        "linear_tagger" for spans, "majority" (the most frequent label), or "auto": gradient
        boosting, TF-IDF or the tagger, by what the task can be learnt from. Where rows have
        numbers as targets, these are gradient boosting, ridge regression and the mean.
    usd_per_machine_hour, usd_per_kwh, watts, grams_co2e_per_kwh: price of the machine's time and
        energy, its power where no counter of energy can be read, and the carbon intensity of its
        electricity; the default price and power are assumptions and marked so.
    """

    backend: Literal["classical"] = "classical"
    model: Kind = "auto"
    usd_per_machine_hour: float | None = Field(None, ge=0)
    usd_per_kwh: float | None = Field(None, ge=0)
    watts: float | None = Field(None, ge=0)
    grams_co2e_per_kwh: float | None = Field(None, ge=0)

    def open(self, resources: Resources) -> ClassicalModel:
        """ExtraMissing where scikit-learn is not installed."""
        try:
            import sklearn.ensemble  # loads the libraries whose threads are to be limited
            from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
        except ImportError:
            raise ExtraMissing("scikit-learn", "classical", f"classical/{self.model}") from None
        resources.meter.watch(HOST)
        return ClassicalModel(self, resources, ThreadpoolController(), sklearn.__version__)


class ClassicalModel:
    """Answers with a label and the probabilities of the choices, with spans, or with a number.

    Targets are numbers where rows have no choices and every target is a float; a whole number may
    as well be the code of a class, and is one. A number is answered as ``text``.

    Spans are in ``data`` ({"start", "end", "label", "text"}, in order) and rendered as
    "LABEL: text; LABEL: text" in ``text``, or "none" where there are none; ``token_logprobs`` are
    those of the words' tags. Labels are ``str(sample.target)``. Probabilities are those of the
    request's choices alone, rescaled to sum to 1; a choice never seen in training has 0.

    Everything runs on one thread: for problems this small, more threads mostly wait for each
    other, and on a busy machine a prediction takes 100 times as long.
    """

    def __init__(
        self, spec: ClassicalSpec, resources: Resources, threads: Any, sklearn_version: str
    ) -> None:
        """Built by ``ClassicalSpec.open``."""
        self.name = f"classical/{spec.model}"
        self.identity: Mapping[str, Any] = {
            "model": spec.model,
            "version": VERSION,
            "sklearn": sklearn_version,
        }
        self.price = machine_price(
            spec.usd_per_machine_hour,
            spec.watts,
            assume=True,
            usd_per_kwh=spec.usd_per_kwh,
            grams_co2e_per_kwh=spec.grams_co2e_per_kwh,
        )
        self._kind: Kind = spec.model
        self._resources = resources
        self._threads = threads
        self._learnt_bytes: int | None = None

    @property
    def size(self) -> Size:
        """Bytes of what was learnt, as it would be stored: the largest of the tasks' models."""
        basis = "" if self._learnt_bytes is None else "what was learnt, pickled"
        return Size(
            disk_bytes=self._learnt_bytes,
            disk_basis=basis,
            ram_bytes=self._learnt_bytes,
            ram_basis=basis,
        )

    def supports(self, task: Task) -> bool:
        """Whether ``task`` can be learnt by this kind of model."""
        return task.learnable in _LEARNS[self._kind]

    async def fit(self, practice: Practice) -> Fitted | None:
        """Learn from the train split; None where the task is not for this kind of model."""
        task = practice.task
        if task.learnable is None or not self.supports(task):
            return None
        samples = practice.samples("train")
        if not samples:
            return None
        kind = _AUTO[task.learnable] if self._kind == "auto" else self._kind
        numeric = task.learnable == "rows" and _numeric(task, samples)
        learn = _learn_number if numeric else _learn
        state, seconds, reading = await self._compute(learn, kind, samples)
        self._learnt_bytes = max(self._learnt_bytes or 0, len(pickle.dumps(state)))
        what = f"{kind} for numbers" if numeric else kind
        return Fitted(
            state=(kind, state),
            identity=[what, fingerprint([[s.inputs, s.target] for s in samples])],
            split="train",
            n_samples=len(samples),
            note=f"{what} learnt from {len(samples)} training samples in {seconds:.2g} s",
            machine_seconds=seconds,
            joules=None if reading is None else reading.joules,
        )

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """Predict; CallRejected (not_learnable) where nothing could be learnt for the task."""
        if fitted is None:
            message = f"{self.name} cannot learn {request.task}: no training samples of its kind"
            raise CallRejected(message, kind="not_learnable", billed=False)
        enqueued = time.perf_counter()
        answer, seconds, reading = await self._compute(_answer, *fitted.state, request)
        waited = time.perf_counter() - enqueued - seconds
        return Completion(
            answer=answer,
            queue_seconds=max(0.0, waited),
            service_seconds=seconds,
            machine_seconds=seconds,
            batch_size=1,
            **energy_fields(reading),
        )

    async def close(self) -> None:
        """Nothing to free."""

    async def _compute(
        self, work: Callable[..., Any], *arguments: Any
    ) -> tuple[Any, float, Reading | None]:
        """The result of ``work`` on the device's thread, its seconds there and its energy."""

        def timed() -> tuple[Any, float, Reading | None]:
            with self._threads.limit(limits=1), self._resources.meter.measure(HOST) as measured:
                began = time.perf_counter()
                result = work(*arguments)
                seconds = time.perf_counter() - began
            return result, seconds, measured.reading

        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._resources.worker("cpu"), timed)


def _learn(kind: Kind, samples: Sequence[Sample]) -> learners.Classifier | Tagger:
    if kind == "linear_tagger":
        texts = [str(sample.inputs["text"]) for sample in samples]
        return learn_tagger(texts, [sample.target for sample in samples])
    items = [sample.inputs.get(_READS[kind]) for sample in samples]
    return _LEARNERS[kind](items, [str(sample.target) for sample in samples])


def _numeric(task: Task, samples: Sequence[Sample]) -> bool:
    return task.choices is None and all(isinstance(sample.target, float) for sample in samples)


def _learn_number(kind: Kind, samples: Sequence[Sample]) -> regressors.Regressor:
    items = [sample.inputs.get(_READS[kind]) for sample in samples]
    return _REGRESSORS[kind](items, [sample.target for sample in samples])


def _answer(
    kind: Kind, learnt: learners.Classifier | regressors.Regressor | Tagger, request: Request
) -> Answer:
    if isinstance(learnt, regressors.Regressor):
        return Answer(text=repr(learnt.predict(request.inputs["columns"])))
    item = request.inputs.get(_READS[kind])
    if isinstance(learnt, Tagger):
        spans, logprobs = learnt.tag(str(item))
        text = "; ".join(f"{span['label']}: {span['text']}" for span in spans)
        return Answer(text=text or "none", data=spans, token_logprobs=tuple(logprobs) or None)
    probabilities = learnt.probabilities(item)
    if request.choices is not None:
        known = {choice: probabilities.get(choice, 0.0) for choice in request.choices}
        mass = sum(known.values())
        if mass == 0:
            message = "none of the choices was ever seen as a label in training"
            raise CallRejected(message, kind="unknown_choices", billed=False)
        probabilities = {choice: value / mass for choice, value in known.items()}
    best = max(probabilities, key=probabilities.__getitem__)
    return Answer(text=best, choice=best, probabilities=probabilities)
