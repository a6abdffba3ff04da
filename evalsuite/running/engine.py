"""The engine: asks every system every sample, and journals and scores what it answers.

One (task, system) pair runs at a time, with as many answers in flight as its endpoint takes:
systems under test do not disturb each other's latency. Samples stream from the journal; nothing
here grows with the run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evalsuite.errors import Interrupted, StoppedEarly, UserError
from evalsuite.experiment import Experiment
from evalsuite.records import (
    Call,
    Phase,
    Request,
    Response,
    Sample,
    TaskEntry,
    fingerprint,
    total,
)
from evalsuite.running.answering import respond
from evalsuite.running.budget import Budget
from evalsuite.running.cache import Cache
from evalsuite.running.crowd import crowd
from evalsuite.running.errors_allowed import ErrorsAllowed
from evalsuite.running.events import Event
from evalsuite.running.fitting import Fits, PracticeLimits
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem, limiters_of, open_systems
from evalsuite.running.pinning import pin_samples
from evalsuite.running.scoring import LONGEST_BACKLOG, ScoringPass
from evalsuite.running.tracing import Means
from evalsuite.systems.limits import Limiter
from evalsuite.systems.resources import Resources
from evalsuite.task import Task

LOCAL_CONCURRENCY = 8
MOST_NAMED = 4


class Stop:
    """Asks a run to end soon: what is in flight is finished and kept. Safe from any thread.

    ``why`` is the limit that was reached, None where a person asked.
    """

    def __init__(self) -> None:
        """Not asked yet."""
        self.asked = False
        self.why: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What the engine pinned and prepared, and whether all answers are there."""

    tasks: tuple[TaskEntry, ...]
    fit_keys: tuple[str, ...]
    complete: bool


@dataclass(frozen=True)
class _Pair:
    """A task, the system that answers it, and the limiters of the endpoints behind it."""

    task: Task
    system: str
    limiters: tuple[Limiter, ...]

    @property
    def scored_live(self) -> bool:
        return bool(self.limiters) and not self.task.runs_code


class Engine:
    """One session of one run. Build it inside the event loop, then ``await run()``."""

    def __init__(
        self,
        experiment: Experiment,
        journal: Journal,
        *,
        stop: Stop,
        tell: Callable[[Event], None],
        systems: Mapping[str, OpenedSystem],
        cache: Cache | None,
        resources: Resources,
    ) -> None:
        """``tell`` is called from the event loop and the scoring thread, often: it is quick."""
        settings = experiment.settings
        self._experiment = experiment
        self._settings = settings
        self._journal = journal
        self._stop = stop
        self._tell = tell
        self._systems = systems
        self._means = Means(
            systems=systems,
            worker=resources.worker("cpu"),
            journal=journal,
            budget=Budget(
                usd=settings.max_usd,
                tokens=settings.max_tokens,
                seconds=settings.max_seconds,
                spent=journal.spent(),
            ),
            cache=cache,
            redacted=resources.redacted,
            meter=resources.meter,
        )
        self._scoring = ScoringPass(journal, tell)
        self._errors = ErrorsAllowed(settings.max_errors)
        self._in_flight = 0
        self._fits = Fits(
            systems,
            journal,
            PracticeLimits(train=settings.train_limit, validation=settings.practice),
            seed=settings.seed,
            wanted=lambda name: self._wanted(limiters_of(name, systems)),
            respond=self._respond_in_practice,
        )

    async def run(self) -> Answered:
        """Answer, and score, everything the experiment asks for."""
        split, plan = self._settings.split, self._experiment.tasks
        entries = tuple(
            [
                await asyncio.to_thread(pin_samples, planned, split, self._journal)
                for planned in plan
            ]
        )
        pairs = self._pairs()
        sizes = {entry.name: entry.n_samples * self._settings.repeats for entry in entries}
        usd, tokens = self._journal.spent()
        n = sum(sizes[pair.task.name] for pair in pairs)
        self._say("begin", n=n, billed_usd=usd, input_tokens=tokens)
        try:
            for pair in pairs:
                if not self._stop.asked:
                    await self._answer_pair(pair, sizes[pair.task.name])
        except StoppedEarly as reached:
            self._stop.asked, self._stop.why = True, str(reached)
            self._say("stopping", text=str(reached))
        except Interrupted:
            pass
        finally:
            await self._fits.settle()
            await asyncio.to_thread(self._scoring.close)
        self._journal.flush()
        fit_keys = tuple(
            self._fits.key(planned.task, name) for planned in plan for name in self._systems
        )
        return Answered(tasks=entries, fit_keys=fit_keys, complete=not self._stop.asked)

    def _pairs(self) -> list[_Pair]:
        """Every task with every system that can take it; of those that cannot, a note."""
        pairs = []
        left_out: dict[str, list[str]] = {}
        for planned in self._experiment.tasks:
            for name in self._experiment.reported:
                if not self._experiment.asks(name, planned.task):
                    continue
                if self._systems[name].supports(planned.task):
                    pairs.append(_Pair(planned.task, name, limiters_of(name, self._systems)))
                else:
                    left_out.setdefault(name, []).append(planned.task.name)
        for name, tasks in left_out.items():
            shown = tasks if len(tasks) <= MOST_NAMED else [*tasks[:MOST_NAMED], "..."]
            which = shown[0] if len(tasks) == 1 else f"{len(tasks)} tasks ({', '.join(shown)})"
            self._say("note", system=name, text=f"{name} cannot take {which}: left out")
        if not pairs:
            raise UserError("no system of this experiment can take any of its tasks")
        return pairs

    # -- answering ------------------------------------------------------------------------------

    async def _answer_pair(self, pair: _Pair, n: int) -> None:
        task, name = pair.task, pair.system
        self._say("fit", task=task.name, system=name)
        await self._fits.get(task, name)
        self._say("pair", task=task.name, system=name, n=n)
        try:
            await crowd(
                self._questions(task),
                partial(self._answer_one, pair),
                partial(self._wanted, pair.limiters),
            )
        finally:
            if pair.scored_live:
                await asyncio.to_thread(self._scoring.catch_up)
            elif self._stop.why is not None or not self._stop.asked:
                self._say("scoring", task=task.name, system=name, n=n)
                await asyncio.to_thread(self._scoring.score_recorded, task, name)

    def _questions(self, task: Task) -> Iterator[tuple[Sample, Request]]:
        settings = self._settings
        for sample, prompt in self._journal.samples(task.name):
            for repeat in range(settings.repeats):
                if self._stop.asked:
                    return
                request = task.asking(
                    sample,
                    prompt.messages,
                    prompt.choices,
                    split=settings.split,
                    seed=settings.seed + repeat,
                    repeat=repeat,
                )
                yield sample, request

    async def _answer_one(self, pair: _Pair, question: tuple[Sample, Request]) -> None:
        sample, request = question
        response, reused = await self._known_or_asked("answer", pair.task, pair.system, request)
        if not reused:
            await self._journal.settled()  # a kill may cost what is in flight, and nothing else
        self._tell_of(response, "answer", reused, pair.limiters)
        if pair.scored_live:
            self._scoring.score_soon(pair.task, sample, response)
            while self._scoring.backlog > LONGEST_BACKLOG:
                await asyncio.sleep(0.01)
        if not reused:
            self._errors.count(response)

    def _wanted(self, limiters: tuple[Limiter, ...]) -> int:
        """How many answers should be in flight now."""
        cap = self._settings.concurrency
        if not limiters:
            return cap or LOCAL_CONCURRENCY
        taken = max([limiter.limit for limiter in limiters])
        return taken if cap is None else min(cap, taken)

    async def _respond_in_practice(self, task: Task, name: str, request: Request) -> Response:
        if self._stop.asked:
            raise Interrupted("stopped while a system practised")
        response, reused = await self._known_or_asked("fit", task, name, request)
        self._tell_of(response, "fit", reused, limiters_of(name, self._systems))
        return response

    async def _known_or_asked(
        self, phase: Phase, task: Task, name: str, request: Request
    ) -> tuple[Response, bool]:
        fitted = await self._fits.identity(task, name)
        request_key = request.key
        key = fingerprint([phase, self._systems[name].fingerprint, name, fitted, request_key])
        known = self._journal.answered(key)
        if known is not None:
            self._journal.take_over(key)
            return known, True
        self._in_flight += 1
        try:
            response = await respond(
                self._means,
                self._fits,
                key=key,
                request_key=request_key,
                phase=phase,
                task=task,
                name=name,
                request=request,
            )
        finally:
            self._in_flight -= 1
        self._journal.put_response(response, phase)
        return response, False

    # -- telling --------------------------------------------------------------------------------

    def _say(self, kind: str, **about: object) -> None:
        self._tell(Event(kind=kind, at=time.time(), **about))  # type: ignore[arg-type]

    def _tell_of(
        self, response: Response, phase: Phase, reused: bool, limiters: tuple[Limiter, ...]
    ) -> None:
        calls = response.calls
        took = calls[0] if len(calls) == 1 else _together(calls)
        self._tell(
            Event(
                kind="answer",
                at=time.time(),
                task=response.task,
                system=response.system,
                phase=phase,
                reused=reused,
                error_kind=response.error_kind,
                seconds=response.seconds,
                calls=len(calls),
                cached_calls=int(took.cached),
                retries=took.retries,
                billed_usd=took.billed_usd,
                input_tokens=took.input_tokens,
                output_tokens=took.output_tokens,
                in_flight=self._in_flight,
                limit=self._wanted(limiters),
            )
        )


@dataclass(frozen=True, kw_only=True)
class _Took:
    """What the calls of an answer took together; None where any of it is unknown."""

    cached: int
    retries: int
    billed_usd: float | None
    input_tokens: int | None
    output_tokens: int | None


def _together(calls: Sequence[Call]) -> _Took:
    return _Took(
        cached=sum(call.cached for call in calls),
        retries=sum(call.retries for call in calls),
        billed_usd=total(call.billed_usd for call in calls),
        input_tokens=_count(call.input_tokens for call in calls),
        output_tokens=_count(call.output_tokens for call in calls),
    )


def _count(values: Iterable[int | None]) -> int | None:
    whole = total(values)
    return None if whole is None else int(whole)


@asynccontextmanager
async def opened_systems(
    experiment: Experiment, resources: Resources
) -> AsyncIterator[dict[str, OpenedSystem]]:
    """The systems of ``experiment``, opened in a thread (weights take their time) and closed."""
    systems: dict[str, OpenedSystem] = {}
    try:
        systems = await asyncio.to_thread(
            open_systems, experiment.systems, experiment.reported, resources
        )
        yield systems
    finally:
        for system in systems.values():
            if system.model is not None:
                await system.model.close()
        resources.close()


@asynccontextmanager
async def opened_cache(
    path: Path | None, say: Callable[[str], None]
) -> AsyncIterator[Cache | None]:
    """The response cache at ``path``; None where the experiment uses none."""
    if path is None:
        yield None
        return
    cache = Cache(path, say)
    try:
        yield cache
    finally:
        await asyncio.to_thread(cache.close)
