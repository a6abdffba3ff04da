"""Baselines: classical systems that a task's results are always shown beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from evalsuite.errors import CallRejected, ConfigError, ExtraMissing
from evalsuite.hints import did_you_mean
from evalsuite.records import Completion, Request, Size
from evalsuite.systems.base import Fitted, HybridSpec, Model, ModelSpec, Practice
from evalsuite.systems.classical import ClassicalModel, ClassicalSpec, Kind
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources
from evalsuite.task import Task


class BaselineSpec(ModelSpec):
    """``classical/<model>`` for the tasks in ``baseline_of`` and no others.

    Its fingerprint is that of the classical model, because it answers the same.
    """

    backend: Literal["classical"] = "classical"
    model: Kind
    baseline_of: tuple[str, ...]

    def open(self, resources: Resources) -> Model:
        """Without scikit-learn there are no baselines, and a note says so."""
        try:
            model = ClassicalSpec.model_validate({"model": self.model}).open(resources)
        except ExtraMissing as missing:
            resources.say_once(f"no baselines beside {', '.join(self.baseline_of)}: {missing}")
            return _Absent()
        return _Baseline(model, self.baseline_of)


def baseline_systems(
    tasks: Sequence[Task],
    systems: Mapping[str, ModelSpec | HybridSpec],
    reported: Sequence[str],
) -> dict[str, ModelSpec | HybridSpec]:
    """The baselines of ``tasks``, without those that one of the ``reported`` of ``systems`` is.

    ``Task.baselines`` are names of classical models. A baseline is called after its model, or
    "majority (baseline)" where another system has that name.

    Raises:
        ConfigError: a task names a baseline that there is not.
    """
    wanted: dict[Kind, list[str]] = {}
    for task in tasks:
        for name in task.baselines:
            wanted.setdefault(_kind(name, task), []).append(task.name)
    answering = [systems[name] for name in reported]
    there = {spec.model for spec in answering if isinstance(spec, ClassicalSpec)}
    return {
        model if model not in systems else f"{model} (baseline)": BaselineSpec(
            model=model, baseline_of=tuple(names)
        )
        for model, names in wanted.items()
        if model not in there
    }


def _kind(name: str, task: Task) -> Kind:
    for kind in get_args(Kind):
        if kind == name:
            found: Kind = kind
            return found
    known = get_args(Kind)
    hint = did_you_mean(name, known, otherwise=f"use {', '.join(known)}")
    raise ConfigError(f"task {task.name!r}: there is no baseline {name!r}: {hint}")


class _Baseline:
    """A classical model that takes certain tasks only."""

    def __init__(self, model: ClassicalModel, tasks: tuple[str, ...]) -> None:
        self.name = model.name
        self.identity = model.identity
        self.price = model.price
        self._model = model
        self._tasks = tasks

    @property
    def size(self) -> Size:
        return self._model.size

    def supports(self, task: Task) -> bool:
        return task.name in self._tasks and self._model.supports(task)

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        return await self._model.complete(request, fitted)

    async def fit(self, practice: Practice) -> Fitted | None:
        return await self._model.fit(practice)

    async def close(self) -> None:
        await self._model.close()


class _Absent:
    """In the place of a baseline whose packages are missing: takes no task."""

    name = "not installed"
    identity: Mapping[str, Any] = {"missing": "scikit-learn"}
    price = Price()

    def supports(self, task: Task) -> bool:
        return False

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        raise CallRejected("not installed", kind="not_installed", billed=False)

    async def fit(self, practice: Practice) -> Fitted | None:
        return None

    async def close(self) -> None:
        return None
