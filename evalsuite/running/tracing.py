"""Asking a system for one answer while keeping every model call that it makes.

A hybrid sees only an ``ask``; whatever it asks is timed, priced and journalled here, so a hybrid
costs nothing to instrument and can be a member of another. A call that an earlier, interrupted
session already paid for is taken from the journal instead of being made again, and one that any
run ever made from the response cache where the experiment allows it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from evalsuite.errors import CallFailed, CallRefused, CallRejected, UserError
from evalsuite.records import Answer, Call, Completion, Phase, Request, ToolCall, fingerprint
from evalsuite.running.asker import Asker
from evalsuite.running.budget import Amount, Budget, worst_case
from evalsuite.running.cache import Cache
from evalsuite.running.call_records import cached_call, failed_call, finished_call, local_call
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem
from evalsuite.systems.base import Fitted, HybridSpec, Joint, JointWork, Model, Share
from evalsuite.systems.energy.counters import HOST
from evalsuite.systems.energy.meter import Meter, Reading, energy_fields
from evalsuite.systems.price import Price

FittedFor = Callable[[str], Awaitable[Fitted | None]]
Execute = Callable[[ToolCall], str]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Means:
    """What every answer of a run is made with.

    ``worker`` is the thread of local models and ``meter`` counts their energy; ``redacted`` takes
    secrets out of a message.
    """

    systems: Mapping[str, OpenedSystem]
    worker: Executor
    journal: Journal
    budget: Budget
    cache: Cache | None
    redacted: Callable[[str], str]
    meter: Meter = field(default_factory=Meter)


class Trace:
    """The calls behind one response.

    ``whole`` says whether all of it happened in this process and live, so that its wall time is a
    latency; a resumed, cached or recorded call makes it False.
    """

    def __init__(
        self,
        means: Means,
        *,
        key: str,
        request: Request,
        request_key: str,
        fitted_for: FittedFor,
        phase: Phase,
        execute: Execute | None = None,
    ) -> None:
        """``request`` and its key are those of the response ``key``.

        ``fitted_for`` gives a system's fitted state for the task at hand, by system name;
        ``execute`` runs the tools of the task.
        """
        self.whole = True
        self._means = means
        self._key = key
        self._request = request
        self._request_key = request_key
        self._fitted_for = fitted_for
        self._phase: Phase = phase
        self._execute = execute
        self._under_way = 0
        self._idle = asyncio.Event()
        self._closed = False
        self._asked: Counter[str] = Counter()
        self._calls: list[Call] = []
        self._started = 0

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls so far, in the order in which they were started."""
        return tuple(sorted(self._calls, key=lambda call: call.ordinal))

    async def settled(self) -> None:
        """Wait for calls that nobody waits for any more; nothing can be asked after that."""
        while self._under_way:
            self._idle.clear()
            await self._idle.wait()
        self._closed = True

    async def ask(self, name: str, request: Request, role: str = "", reason: str = "") -> Answer:
        """Ask system ``name``; ``role`` is the path of roles that led to it."""
        system = self._means.systems[name]
        with self._working():
            fitted = await self._fitted_for(name)
            if isinstance(system.spec, HybridSpec):
                return await system.spec.respond(request, Asker(self, system.members, role), fitted)
            return await self._call(system, request, fitted, role, reason)

    async def jointly(self, names: Mapping[str, str], request: Request, work: JointWork) -> Answer:
        """Let local models, by their paths of roles, work together; the last one's is the answer.

        See ``evalsuite.systems.base.Ask``. The calls are kept together: resumed all or none.
        """
        with self._working():
            systems = {role: self._means.systems[name] for role, name in names.items()}
            calls = {
                # No model was asked the request by itself: a recording must not find it here.
                role: {**self._about(system, request, role, "joint work"), "request_key": None}
                for role, system in systems.items()
            }
            known = [self._means.journal.call(about["key"]) for about in calls.values()]
            answers = [call.answer for call in known if call is not None]
            if len(answers) == len(known) and answers[-1] is not None:
                self.whole = False
                for call, about in zip(known, calls.values(), strict=True):
                    assert call is not None
                    ordinal = about["ordinal"]
                    self._calls.append(msgspec.structs.replace(call, ordinal=ordinal))
                return answers[-1]
            return await self._work(systems, calls, request, work)

    async def tool(self, call: ToolCall, role: str, reason: str) -> str:
        """Run a tool of the task under ``role``; see ``evalsuite.systems.base.Ask``."""
        execute = self._execute
        if execute is None:
            raise CallRejected("the task has no tools that can be run", kind="no_tools")

        def said() -> Answer:
            try:
                return Answer(text=execute(call))
            except ValueError as error:
                return Answer(text=f"error: {error}")

        name = f"tool:{call.name}"
        done = await self._done_here(role, name, call.arguments, said, reason, None)
        return done.text or ""

    async def step(
        self,
        role: str,
        name: str,
        asked: object,
        work: Callable[[], Any],
        reason: str,
        price: Price | None,
    ) -> Any:
        """Do work of a hybrid's own under ``role``; see ``evalsuite.systems.base.Ask``."""

        def done() -> Answer:
            return Answer(data=work())

        return (await self._done_here(role, name, asked, done, reason, price)).data

    async def _done_here(
        self,
        role: str,
        name: str,
        asked: object,
        work: Callable[[], Answer],
        reason: str,
        price: Price | None,
    ) -> Answer:
        """What is done in this process, on the thread of local models, or was in another session.

        On that thread, because two computations at once would each look slower than they are.
        """
        with self._working():
            about = self._numbered(role, [name, fingerprint(asked)], name, name, reason)
            known = self._means.journal.call(about["key"])
            if known is not None and known.answer is not None:
                self.whole = False
                self._calls.append(msgspec.structs.replace(known, ordinal=about["ordinal"]))
                return known.answer
            asked_at = time.perf_counter()

            def timed() -> tuple[Answer, float, float, Reading | None]:
                with self._means.meter.measure(HOST) as measured:
                    began = time.perf_counter()
                    answer = work()
                    seconds = time.perf_counter() - began
                return answer, began - asked_at, seconds, measured.reading

            loop = asyncio.get_running_loop()
            answer, queued, seconds, reading = await loop.run_in_executor(self._means.worker, timed)
            self._keep(local_call(answer, about, queued, seconds, price, reading), Amount())
            return answer

    @contextmanager
    def _working(self) -> Iterator[None]:
        if self._closed:
            raise CallRejected("the answer was given before this was asked", kind="too_late")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._idle.set()

    def _about(
        self, system: OpenedSystem, request: Request, role: str, reason: str
    ) -> dict[str, Any]:
        """What is known of a call before it is made; its key is its place in the response."""
        assert system.model is not None
        request_key = self._request_key if request is self._request else request.key
        about = self._numbered(
            role, [system.fingerprint, request_key], system.name, system.model.name, reason
        )
        return {**about, "request_key": request_key}

    def _numbered(
        self, role: str, asked: Sequence[str], system: str, model: str, reason: str
    ) -> dict[str, Any]:
        ordinal = self._started
        self._started += 1
        self._asked[role] += 1
        return {
            "key": fingerprint([self._key, role, self._asked[role], *asked]),
            "response_key": self._key,
            "ordinal": ordinal,
            "role": role,
            "system": system,
            "model": model,
            "reason": reason,
            "phase": self._phase,
            "started_at": time.time(),
        }

    async def _call(
        self, system: OpenedSystem, request: Request, fitted: Fitted | None, role: str, reason: str
    ) -> Answer:
        assert system.model is not None
        about = self._about(system, request, role, reason)
        known = self._means.journal.call(about["key"])
        if known is not None and known.answer is not None:
            self.whole = False
            self._calls.append(msgspec.structs.replace(known, ordinal=about["ordinal"]))
            return known.answer
        cache = self._means.cache
        if cache is None or not getattr(system.model, "cacheable", False):
            return (await self._paid(system.model, request, fitted, about)).answer
        completion, hit = await cache.once(
            fingerprint([system.fingerprint, _sent(request)]),
            system.model.name,
            lambda: self._paid(system.model, request, fitted, about),
        )
        if hit:
            self._keep(cached_call(completion, about, system.model), Amount())
        return completion.answer

    async def _work(
        self,
        systems: Mapping[str, OpenedSystem],
        calls: Mapping[str, dict[str, Any]],
        request: Request,
        work: JointWork,
    ) -> Answer:
        """Do joint work within the budget, and keep one call a role whatever becomes of it."""
        models: dict[str, Any] = {role: system.model for role, system in systems.items()}
        decoders = {role: model.decoder for role, model in models.items()}
        last = list(models)[-1]
        budget = self._means.budget

        def worst() -> Amount:
            # Local models have no price by the token: this is about max_tokens.
            return worst_case(request, models[last].price)

        set_aside = [await budget.set_aside(worst()) for _ in models] if budget.limited else []
        began = time.perf_counter()
        try:
            queued, seconds, joint, reading = await _on_device(models[last], lambda: work(decoders))
        except BaseException as error:
            seconds = time.perf_counter() - began
            for index, about in enumerate(calls.values()):
                taken = budget.settle(set_aside[index] if set_aside else None, worst, None, None)
                if isinstance(error, CallFailed):
                    call = failed_call(error, about, seconds, self._means.redacted, here=True)
                    self._keep(call, taken)
            raise
        forward = sum(share.machine_seconds for share in joint.shares.values())
        for index, (role, about) in enumerate(calls.items()):
            share = joint.shares[role]
            # All time and energy of the machine are paid, by each as its forward passes are.
            part = share.machine_seconds / forward if forward else 1 / len(calls)
            took = seconds * part
            answer = joint.answer if role == last else Answer(data=share.data)
            energy = energy_fields(reading, part)
            completion = _completion_of(share, answer, queued, took, energy)
            call = finished_call(
                completion, {**about, "reason": share.reason}, took, models[role].price
            )
            most = set_aside[index] if set_aside else None
            self._keep(call, budget.settle(most, worst, call.billed_usd, completion))
        return joint.answer

    async def _paid(
        self, model: Model | None, request: Request, fitted: Fitted | None, about: dict[str, Any]
    ) -> Completion:
        """Make the call within the budget, and put it on record whatever becomes of it."""
        assert model is not None
        budget = self._means.budget
        most_requests = getattr(model, "requests_for", _once)

        def worst() -> Amount:
            return worst_case(request, model.price, most_requests(request))

        most = await budget.set_aside(worst()) if budget.limited else None
        timed = getattr(model, "timed", True)
        began = time.perf_counter()
        try:
            completion = await model.complete(request, fitted)
        except CallRefused as refusal:
            budget.settle(most, worst, 0.0, None)
            raise UserError(f"system {about['system']!r}: {refusal}") from refusal
        except CallFailed as failure:
            seconds = time.perf_counter() - began if timed else None
            here = hasattr(model, "size")
            call = failed_call(failure, about, seconds, self._means.redacted, here=here)
            self._keep(call, budget.settle(most, worst, call.billed_usd, None))
            raise
        except BaseException:
            budget.settle(most, worst, None, None)
            raise
        seconds = time.perf_counter() - began if timed else None
        call = finished_call(completion, about, seconds, model.price)
        self._keep(call, budget.settle(most, worst, call.billed_usd, completion))
        return completion

    def _keep(self, call: Call, taken: Amount) -> None:
        if call.seconds is None:
            self.whole = False
        self._means.journal.put_call(call, usd_at_most=taken.usd, tokens_at_most=taken.tokens)
        self._calls.append(call)


async def _on_device(
    model: Any, work: Callable[[], Joint]
) -> tuple[float, float, Joint, Reading | None]:
    done: tuple[float, float, Joint, Reading | None] = await model.on_device(work)
    return done


def _completion_of(
    share: Share, answer: Answer, queued: float, seconds: float, energy: dict[str, Any]
) -> Completion:
    return Completion(
        answer=answer,
        input_tokens=share.input_tokens,
        output_tokens=share.output_tokens,
        tokens_counted_by="local",
        queue_seconds=queued,
        service_seconds=seconds,
        machine_seconds=seconds,
        batch_size=1,
        **energy,
    )


def _once(request: Request) -> int:
    return 1


def _sent(request: Request) -> Request:
    """What of ``request`` a cacheable model is sent: not which sample of which task it is."""
    return msgspec.structs.replace(request, task="", sample_id="", inputs={}, split="")
