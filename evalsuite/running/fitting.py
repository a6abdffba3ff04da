"""Preparing systems for a task before they answer for the record: never on the test split."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Answer, Fit, Request, Response, Sample, Score, fingerprint, total
from evalsuite.running.crowd import crowd
from evalsuite.running.grading import scorer_key, scores_of
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem
from evalsuite.systems.base import Fitted, HybridSpec, Outcome
from evalsuite.systems.price import Price, machine_usd
from evalsuite.task import Split, Task

Respond = Callable[[Task, str, Request], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class PracticeLimits:
    """How much a system may practise on: samples of "train", and of "validation"."""

    train: int
    validation: int

    def of(self, split: Split) -> int:
        """The limit of ``split``; the test split has none, because it is not for practice."""
        if split == "test":
            raise ConfigError("a system asked to practise on the test split; that is not allowed")
        return self.train if split == "train" else self.validation


class Fits:
    """The fitted state of every (task, system), made when first asked for, once."""

    def __init__(
        self,
        systems: Mapping[str, OpenedSystem],
        journal: Journal,
        limits: PracticeLimits,
        *,
        seed: int,
        wanted: Callable[[str], int],
        respond: Respond,
    ) -> None:
        """``respond`` asks a system one practice request and journals what it answered.

        ``wanted`` says how many of them a system should have in flight.
        """
        self._systems = systems
        self._journal = journal
        self._limits = limits
        self._seed = seed
        self._wanted = wanted
        self._respond = respond
        self._fitted: dict[tuple[str, str], asyncio.Task[Fitted | None]] = {}
        self._identities: dict[tuple[str, str], Any] = {}
        self._outcomes: dict[tuple[str, str, Split], asyncio.Task[list[Outcome]]] = {}

    async def get(self, task: Task, name: str) -> Fitted | None:
        """What ``name`` learnt for ``task``; None where it has nothing to learn."""
        key = (task.name, name)
        if key not in self._fitted:
            self._fitted[key] = asyncio.create_task(self._fit(task, name))
        making = self._fitted[key]
        if making.done():  # every call asks, and a shield takes longer than all the rest
            return making.result()
        return await asyncio.shield(making)

    async def settle(self) -> None:
        """Return when no practice goes on any more: a hybrid may have given up on some of it."""
        going_on = [*self._outcomes.values(), *self._fitted.values()]
        await asyncio.gather(*going_on, return_exceptions=True)

    async def identity(self, task: Task, name: str) -> Any:
        """JSON-able essence of the fitted state of ``name`` and of everything below it."""
        key = (task.name, name)
        if key not in self._identities:  # every request asks for it, and it never changes
            fitted = await self.get(task, name)
            below = {
                role: await self.identity(task, member)
                for role, member in self._systems[name].members.items()
            }
            self._identities[key] = [fitted.identity if fitted else None, below]
        return self._identities[key]

    def key(self, task: Task, name: str) -> str:
        """The key of the Fit record of ``name`` for ``task``."""
        system = self._systems[name]
        limits = [self._limits.train, self._limits.validation]
        return fingerprint([task.name, task.version, name, system.fingerprint, limits, self._seed])

    async def outcomes(self, task: Task, name: str, split: Split) -> list[Outcome]:
        """How ``name`` did on the practice samples of ``split``; asked once, whoever wants it."""
        key = (task.name, name, split)
        if key not in self._outcomes:
            self._outcomes[key] = asyncio.create_task(self._practise(task, name, split))
        return await asyncio.shield(self._outcomes[key])

    def samples(self, task: Task, split: Split) -> list[Sample]:
        """The practice samples of ``split``."""
        return list(itertools.islice(task.samples(split), self._limits.of(split)))

    async def ask(self, task: Task, name: str, request: Request) -> Response:
        """Ask ``name`` a question that is not the task's own about a practice sample."""
        own = msgspec.structs.replace(request, sample_id=f"{request.sample_id}#{request.key[:8]}")
        return await self._respond(task, name, own)

    async def _fit(self, task: Task, name: str) -> Fitted | None:
        system = self._systems[name]
        for member in system.members.values():
            await self.get(task, member)
        practice = _Practice(self, task, system, self._seed)
        began = time.perf_counter()
        learner = system.spec if isinstance(system.spec, HybridSpec) else system.model
        assert learner is not None
        fitted = await learner.fit(practice)
        if fitted is not None:
            self._journal.put_fit(
                Fit(
                    key=self.key(task, name),
                    task=task.name,
                    system=name,
                    split=fitted.split,
                    n_samples=fitted.n_samples,
                    seconds=time.perf_counter() - began,
                    usd=_fit_usd(fitted, system, practice.spent),
                    note=fitted.note,
                )
            )
        return fitted

    async def _practise(self, task: Task, name: str, split: Split) -> list[Outcome]:
        samples = self.samples(task, split)
        outcomes: list[Outcome | None] = [None] * len(samples)

        async def one(item: tuple[int, Sample]) -> None:
            index, sample = item
            request = task.request(sample, split=split, seed=self._seed, repeat=0)
            response = await self._respond(task, name, request)
            scores = await asyncio.to_thread(self._scored, task, sample, response)
            success = task.succeeded({score.name: score for score in scores})
            usd = total(call.usd for call in response.calls)
            outcomes[index] = Outcome(
                sample=sample,
                request=request,
                answer=response.answer,
                success=success,
                usd=usd,
                seconds=None if response.answer is None else response.seconds,
            )

        await crowd(iter(enumerate(samples)), one, lambda: self._wanted(name))
        return [outcome for outcome in outcomes if outcome is not None]

    def _scored(self, task: Task, sample: Sample, response: Response) -> list[Score]:
        scorer = scorer_key(task, sample, response)
        scores = self._journal.known_scores(response.key, scorer)
        if scores is None:
            scores = scores_of(task, sample, response)
            self._journal.put_scores(response.key, scorer, scores)
        return scores


class _Practice:
    """What one system sees of the practice splits; remembers what its questions cost."""

    def __init__(self, fits: Fits, task: Task, system: OpenedSystem, seed: int) -> None:
        self.task = task
        self.seed = seed
        self.spent: list[float | None] = []
        self._fits = fits
        self._system = system

    def samples(self, split: Split) -> Sequence[Sample]:
        return self._fits.samples(self.task, split)

    async def outcomes(self, role: str, split: Split) -> Sequence[Outcome]:
        outcomes = await self._fits.outcomes(self.task, self._system.members[role], split)
        self.spent.extend(outcome.usd for outcome in outcomes)
        return outcomes

    async def ask(self, role: str, request: Request) -> Answer:
        if request.split == "test":
            raise ConfigError("a system asked to practise on the test split; that is not allowed")
        response = await self._fits.ask(self.task, self._system.members[role], request)
        self.spent.append(total(call.usd for call in response.calls))
        if response.answer is None:
            raise CallRejected(
                response.error_message or "no answer", kind=response.error_kind or "failed"
            )
        return response.answer


def _fit_usd(fitted: Fitted, system: OpenedSystem, spent: list[float | None]) -> float | None:
    """Member calls and machine time; None where a part is unknown.

    A model's machine time has its model's price, a hybrid's own that of its ``machine``. That of a
    hybrid without one (a threshold that is looked up) is not priced.
    """
    price: Price | None = (
        getattr(system.spec, "machine", None) if system.model is None else system.model.price
    )
    if price is None:
        return total(spent)
    power = price.power
    joules = fitted.joules
    if joules is None and power is not None:
        joules = power.of(fitted.machine_seconds, None).joules
    return total([*spent, machine_usd(price, fitted.machine_seconds, joules)])
