"""The engine: asks every system every sample, journals what it answers, then scores it.

One (task, system) pair runs at a time, ``concurrency`` requests in flight: systems under test do
not disturb each other's latency. Samples stream from the journal; nothing here grows with the run.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

from evalsuite.errors import CallFailed, EvalsuiteError, UserError
from evalsuite.experiment import Experiment, PlannedTask
from evalsuite.records import Answer, Phase, Request, Response, Sample, TaskEntry, fingerprint
from evalsuite.running.fitting import Fits, PracticeLimits
from evalsuite.running.grading import scorer_key, scores_of
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem, open_systems
from evalsuite.running.tracing import Trace
from evalsuite.systems.base import Devices
from evalsuite.task import Task


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something a person watching would want to know.

    "pair": ``n`` answers of ``system`` on ``task`` are wanted, beginning now. "fit": it is being
    prepared. "answer": one is there (``reused`` from an earlier session; ``failed`` if the system
    did). "scoring": ``n`` answers go to the scorers. "scored": one has. "note": read ``text``.
    """

    kind: Literal["pair", "fit", "answer", "scoring", "scored", "note"]
    task: str = ""
    system: str = ""
    n: int = 0
    reused: bool = False
    failed: bool = False
    text: str = ""


class Stop:
    """Asks a run to end soon: what is in flight is finished and kept. Safe from any thread."""

    def __init__(self) -> None:
        """Not asked yet."""
        self.asked = False


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What the engine pinned and prepared, and whether all answers are there."""

    tasks: tuple[TaskEntry, ...]
    fit_keys: tuple[str, ...]
    complete: bool


class Engine:
    """One session of one run. Build it inside the event loop, then ``await run()``."""

    def __init__(
        self,
        experiment: Experiment,
        journal: Journal,
        *,
        stop: Stop,
        tell: Callable[[Event], None],
        systems: dict[str, OpenedSystem],
    ) -> None:
        """``tell`` is called from the event loop's thread, often: it must be quick."""
        settings = experiment.settings
        self._experiment = experiment
        self._settings = settings
        self._journal = journal
        self._stop = stop
        self._tell = tell
        self._systems = systems
        self._fits = Fits(
            systems,
            journal,
            PracticeLimits(train=settings.train_limit, validation=settings.practice),
            seed=settings.seed,
            concurrency=settings.concurrency,
            respond=partial(self._respond, "fit"),
        )

    async def run(self) -> Answered:
        """Answer, then score, everything the experiment asks for."""
        entries = tuple(
            [
                await asyncio.to_thread(self._pin_samples, planned)
                for planned in self._experiment.tasks
            ]
        )
        self._journal.begin_current()
        anything = False
        for planned, entry in zip(self._experiment.tasks, entries, strict=True):
            for name in self._experiment.reported:
                if not self._systems[name].supports(planned.task):
                    text = f"{name} cannot take {entry.name}: left out"
                    self._tell(Event(kind="note", task=entry.name, system=name, text=text))
                    continue
                anything = True
                if not self._stop.asked:
                    await self._answer_pair(planned.task, entry, name)
        if not anything:
            raise UserError("no system of this experiment can take any of its tasks")
        self._journal.flush()
        await asyncio.to_thread(self._score_all)
        fit_keys = tuple(
            self._fits.key(planned.task, name)
            for planned in self._experiment.tasks
            for name in self._systems
        )
        return Answered(tasks=entries, fit_keys=fit_keys, complete=not self._stop.asked)

    # -- samples --------------------------------------------------------------------------------

    def _pin_samples(self, planned: PlannedTask) -> TaskEntry:
        """Write the samples of a task into the journal and hash what was written."""
        task, split = planned.task, self._settings.split
        data, prompts, seen = [fingerprint(task.name)], [fingerprint(task.name)], set[str]()

        def pinned() -> Iterator[Sample]:
            for sample in itertools.islice(task.samples(split), planned.limit):
                if sample.id in seen:
                    raise UserError(f"{task.name}: two samples have the id {sample.id!r}")
                seen.add(sample.id)
                data.append(fingerprint([data.pop(), sample]))
                prompts.append(fingerprint([prompts.pop(), task.messages(sample)]))
                yield sample

        self._journal.replace_samples(task.name, pinned())
        if not seen:
            raise UserError(f"{task.name}: the {split} split has no samples")
        return TaskEntry(
            name=task.name,
            family=task.family,
            summary=task.summary,
            version=task.version,
            split=split,
            n_samples=len(seen),
            data_hash=data[0],
            prompt_hash=prompts[0],
            success=task.success,
            success_at=task.success_at,
            source=task.source,
            licence=task.licence,
            reference=task.reference,
        )

    # -- answering ------------------------------------------------------------------------------

    async def _answer_pair(self, task: Task, entry: TaskEntry, name: str) -> None:
        n = entry.n_samples * self._settings.repeats
        self._tell(Event(kind="fit", task=task.name, system=name))
        await self._fits.get(task, name)
        self._tell(Event(kind="pair", task=task.name, system=name, n=n))
        requests = (
            task.request(
                sample,
                split=self._settings.split,
                seed=self._settings.seed + repeat,
                repeat=repeat,
            )
            for sample in self._journal.samples(task.name)
            for repeat in range(self._settings.repeats)
        )
        async with _as_one_error(), asyncio.TaskGroup() as group:
            for _ in range(min(self._settings.concurrency, n)):
                group.create_task(self._answer_some(task, name, requests))

    async def _answer_some(self, task: Task, name: str, requests: Iterator[Request]) -> None:
        """One of ``concurrency`` workers on the same stream of requests."""
        for request in requests:
            if self._stop.asked:
                return
            response, reused = await self._known_or_asked("answer", task, name, request)
            failed = response.status != "ok"
            event = Event(kind="answer", task=task.name, system=name, reused=reused, failed=failed)
            self._tell(event)

    async def _respond(self, phase: Phase, task: Task, name: str, request: Request) -> Response:
        response, _ = await self._known_or_asked(phase, task, name, request)
        return response

    async def _known_or_asked(
        self, phase: Phase, task: Task, name: str, request: Request
    ) -> tuple[Response, bool]:
        fitted = await self._fits.identity(task, name)
        key = fingerprint([phase, self._systems[name].fingerprint, name, fitted, request.key])
        self._journal.put_current(key)
        known = self._journal.answered(key)
        if known is not None:
            return known, True
        response = await self._ask(phase, task, name, request, key)
        self._journal.put_response(response, phase)
        return response, False

    async def _ask(
        self, phase: Phase, task: Task, name: str, request: Request, key: str
    ) -> Response:
        trace = Trace(
            key, self._systems, lambda member: self._fits.get(task, member), self._journal, phase
        )
        answer: Answer | None = None
        error_kind: str | None = None
        error_message: str | None = None
        started_at, began = time.time(), time.perf_counter()
        try:
            answer = await trace.ask(name, request)
        except CallFailed as failure:
            error_kind, error_message = failure.kind, str(failure)
        except EvalsuiteError:
            raise
        except Exception as error:
            # A system's own bug is that sample's failure, with its traceback.
            error_kind = f"exception:{type(error).__name__}"
            error_message = traceback.format_exc(limit=-3)
        seconds = time.perf_counter() - began
        return Response(
            key=key,
            task=task.name,
            sample_id=request.sample_id,
            system=name,
            repeat=request.repeat,
            status="system_error" if answer is None else "ok",
            started_at=started_at,
            answer=answer,
            error_kind=error_kind,
            error_message=error_message,
            seconds=seconds if trace.whole else None,
            calls=trace.calls,
        )

    # -- scoring --------------------------------------------------------------------------------

    def _score_all(self) -> None:
        """Score what has no scores yet, a few at a time: code is run in processes of its own."""
        tasks = {planned.task.name: planned.task for planned in self._experiment.tasks}
        self._tell(Event(kind="scoring", n=self._journal.count_current()))
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="evalsuite-score") as pool:
            for name, task in tasks.items():
                for batch in _batches(self._journal.current(name), 200):
                    unscored = []
                    for sample, response in batch:
                        scorer = scorer_key(task, sample)
                        if self._journal.scores(response.key, scorer) is None:
                            unscored.append((scorer, sample, response))
                        else:
                            self._tell(Event(kind="scored", task=name, reused=True))
                    scored = pool.map(lambda item, task=task: scores_of(task, *item[1:]), unscored)
                    for (scorer, _, response), scores in zip(unscored, scored, strict=True):
                        self._journal.put_scores(response.key, scorer, scores)
                        self._tell(Event(kind="scored", task=name))
        self._journal.flush()


@asynccontextmanager
async def _as_one_error() -> AsyncIterator[None]:
    """A TaskGroup gathers errors; the first of ours is what the user should read."""
    try:
        yield
    except* EvalsuiteError as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def _batches(
    items: Iterator[tuple[Sample, Response]], size: int
) -> Iterator[list[tuple[Sample, Response]]]:
    while batch := list(itertools.islice(items, size)):
        yield batch


@asynccontextmanager
async def opened_systems(experiment: Experiment) -> AsyncIterator[dict[str, OpenedSystem]]:
    """The systems of ``experiment``, opened in a thread (weights take their time) and closed."""
    devices = Devices()
    systems: dict[str, OpenedSystem] = {}
    try:
        systems = await asyncio.to_thread(
            open_systems, experiment.systems, experiment.reported, devices
        )
        yield systems
    finally:
        for system in systems.values():
            if system.model is not None:
                await system.model.close()
        devices.close()
