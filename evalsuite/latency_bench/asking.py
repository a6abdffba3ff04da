"""A system of an experiment as something that a load can be put on: opened, fitted, asked.

What the engine does for a run is done here without its memory: every query is asked, also one
that was asked before, and nothing comes from a journal or a cache.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from evalsuite.errors import ConfigError, UserError
from evalsuite.experiment import Experiment, PlannedTask
from evalsuite.records import Call, Phase, Request, Response, Sample, total
from evalsuite.running.answering import respond
from evalsuite.running.budget import Budget
from evalsuite.running.engine import LOCAL_CONCURRENCY, opened_systems
from evalsuite.running.fitting import Fits, PracticeLimits
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem, limiters_of, refuse_unpriced
from evalsuite.running.tracing import Means
from evalsuite.systems.limits import Limiter
from evalsuite.systems.resources import Resources
from evalsuite.task import Task


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one query; times in seconds and of an answer of one call, unknown is None."""

    sample_id: str
    error_kind: str | None
    queue_seconds: float | None
    service_seconds: float | None
    first_token_seconds: float | None
    input_tokens: int | None
    cached_input_tokens: int | None
    output_tokens: int | None
    retries: int
    n_calls: int
    usd: float | None


class OpenResources(Resources):
    """Resources whose endpoints take what comes, up to a fixed number in flight.

    A limiter that finds out what an endpoint takes would hold queries back, and what is measured
    would be our own caution.
    """

    def __init__(self, *, in_flight: int, folder: Path) -> None:
        """At most ``in_flight`` requests at each endpoint."""
        super().__init__(folder=folder)
        self._in_flight = in_flight
        self._fixed: dict[str, Limiter] = {}

    def limiter(self, endpoint: str) -> Limiter:
        """The fixed limiter of ``endpoint``; ``max_concurrency`` may lower it."""
        if endpoint not in self._fixed:
            self._fixed[endpoint] = Limiter.fixed(self._in_flight)
        return self._fixed[endpoint]


class Asker:
    """One system and one task: ``prepare`` fits, ``ask`` asks the query of an index."""

    def __init__(
        self,
        experiment: Experiment,
        planned: PlannedTask,
        system: str,
        systems: Mapping[str, OpenedSystem],
        journal: Journal,
        resources: Resources,
    ) -> None:
        """Nothing is asked yet. UserError where the system cannot take the task."""
        task, settings = planned.task, experiment.settings
        if not systems[system].supports(task):
            raise UserError(f"{system} cannot take {task.name}")
        self._task = task
        self._name = system
        self._settings = settings
        self._limiters = limiters_of(system, systems)
        self._samples = _drawn(planned, experiment)
        self._numbers = itertools.count()
        self._means = Means(
            systems=systems,
            worker=resources.worker("cpu"),
            journal=journal,
            budget=Budget(
                usd=settings.max_usd, tokens=settings.max_tokens, seconds=settings.max_seconds
            ),
            cache=None,
            redacted=resources.redacted,
            meter=resources.meter,
        )
        self._fits = Fits(
            systems,
            journal,
            PracticeLimits(train=settings.train_limit, validation=settings.practice),
            seed=settings.seed,
            wanted=lambda name: LOCAL_CONCURRENCY,
            respond=partial(self._response, "fit"),
        )

    @property
    def n_samples(self) -> int:
        """Different samples that are asked, again and again where there are fewer than queries."""
        return len(self._samples)

    @property
    def in_flight_limit(self) -> int | None:
        """The most requests at an endpoint at a time; None where only local models answer."""
        return min((limiter.limit for limiter in self._limiters), default=None)

    async def prepare(self) -> float:
        """Fit the system to the task; the seconds that it took."""
        began = time.perf_counter()
        await self._fits.get(self._task, self._name)
        await self._fits.settle()
        return time.perf_counter() - began

    async def ask(self, index: int) -> Asked:
        """Ask the query ``index``: the samples in a drawn order, over and over.

        UserError where the answer has no latency: a recording, a provider's batch.
        """
        again, at = divmod(index, len(self._samples))
        request = self._task.request(
            self._samples[at],
            split=self._settings.split,
            seed=self._settings.seed + again,
            repeat=again,
        )
        response = await self._response("answer", self._task, self._name, request)
        if response.seconds is None:
            raise UserError(
                f"system {self._name!r} has no latency to measure: its answers are recorded, or "
                "come in batches"
            )
        return _asked(response)

    async def _response(self, phase: Phase, task: Task, name: str, request: Request) -> Response:
        key = f"{phase}-{next(self._numbers)}"  # every query is a question of its own
        return await respond(
            self._means,
            self._fits,
            key=key,
            request_key=request.key,
            phase=phase,
            task=task,
            name=name,
            request=request,
        )


@asynccontextmanager
async def opened_asker(
    experiment: Experiment, planned: PlannedTask, system: str, *, in_flight: int
) -> AsyncIterator[Asker]:
    """``system`` opened, with what it is made of, and closed again; nothing is left on disk."""
    with TemporaryDirectory(prefix="evalsuite-latency-") as folder:
        resources = OpenResources(in_flight=in_flight, folder=Path(folder))
        alone = _only(experiment, system)
        with closing(Journal(Path(folder))) as journal:
            async with opened_systems(alone, resources) as systems:
                refuse_unpriced(experiment.settings.max_usd, systems)
                yield Asker(alone, planned, system, systems, journal, resources)


def _only(experiment: Experiment, system: str) -> Experiment:
    settings = experiment.settings.model_copy(update={"report": (system,)})
    return Experiment(
        settings=settings, tasks=experiment.tasks, systems=experiment.systems, baselines=()
    )


def _drawn(planned: PlannedTask, experiment: Experiment) -> list[Sample]:
    """The samples of the task that the experiment would ask, in an order drawn with its seed."""
    settings, task = experiment.settings, planned.task
    limit = planned.limit
    if limit is None and task.endless:
        raise ConfigError(f"{task.name} has no end: say how many samples with --limit")
    samples = list(itertools.islice(task.samples(settings.split), limit))
    if not samples:
        raise UserError(f"{task.name}: the {settings.split} split has no samples")
    random.Random(settings.seed).shuffle(samples)
    return samples


def _asked(response: Response) -> Asked:
    calls = response.calls
    only: Call | None = calls[0] if len(calls) == 1 else None
    return Asked(
        sample_id=response.sample_id,
        error_kind=response.error_kind,
        queue_seconds=only.queue_seconds if only else None,
        service_seconds=only.service_seconds if only else None,
        first_token_seconds=only.first_token_seconds if only else None,
        input_tokens=_sum(call.input_tokens for call in calls),
        cached_input_tokens=_sum(call.cached_input_tokens for call in calls),
        output_tokens=_sum(call.output_tokens for call in calls),
        retries=sum(call.retries for call in calls),
        n_calls=len(calls),
        usd=total(call.usd for call in calls),
    )


def _sum(counts: Iterator[int | None] | Sequence[int | None]) -> int | None:
    whole = total(counts)
    return None if whole is None else int(whole)
