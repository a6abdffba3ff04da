"""Asking a system for one answer while keeping every model call that it makes.

A hybrid sees only an ``ask``; whatever it asks is timed, priced and journalled here, so a hybrid
costs nothing to instrument and can be a member of another. A call that an earlier, interrupted
session already paid for is taken from the journal instead of being made again, and one that any
run ever made from the response cache where the experiment allows it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from evalsuite.errors import CallFailed, CallRefused, UserError
from evalsuite.records import Answer, Call, Completion, Phase, Request, fingerprint
from evalsuite.running.budget import Amount, Budget, worst_case
from evalsuite.running.cache import Cache
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Model
from evalsuite.systems.price import joules_of, usd_of

FittedFor = Callable[[str], Awaitable[Fitted | None]]


@dataclass(frozen=True, kw_only=True)
class Means:
    """What every answer of a run is made with. ``redacted`` takes secrets out of a message."""

    systems: Mapping[str, OpenedSystem]
    journal: Journal
    budget: Budget
    cache: Cache | None
    redacted: Callable[[str], str]


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
    ) -> None:
        """``request`` and its key are those of the response ``key``.

        ``fitted_for`` gives a system's fitted state for the task at hand, by system name.
        """
        self.whole = True
        self._means = means
        self._key = key
        self._request = request
        self._request_key = request_key
        self._fitted_for = fitted_for
        self._phase: Phase = phase
        self._asked: Counter[str] = Counter()
        self._calls: list[Call] = []
        self._started = 0

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls so far, in the order in which they were started."""
        return tuple(sorted(self._calls, key=lambda call: call.ordinal))

    async def ask(self, name: str, request: Request, role: str = "", reason: str = "") -> Answer:
        """Ask system ``name``; ``role`` is the path of roles that led to it."""
        system = self._means.systems[name]
        fitted = await self._fitted_for(name)
        if isinstance(system.spec, HybridSpec):
            return await system.spec.respond(request, self._asker(system, role), fitted)
        return await self._call(system, request, fitted, role, reason)

    def _asker(self, hybrid: OpenedSystem, path: str) -> Ask:
        async def ask(role: str, request: Request, *, reason: str) -> Answer:
            below = f"{path}/{role}" if path else role
            return await self.ask(hybrid.members[role], request, below, reason)

        return ask

    async def _call(
        self, system: OpenedSystem, request: Request, fitted: Fitted | None, role: str, reason: str
    ) -> Answer:
        assert system.model is not None
        ordinal = self._started
        self._started += 1
        self._asked[role] += 1
        request_key = self._request_key if request is self._request else request.key
        key = fingerprint([self._key, role, self._asked[role], system.fingerprint, request_key])
        known = self._means.journal.call(key)
        if known is not None and known.answer is not None:
            self.whole = False
            self._calls.append(msgspec.structs.replace(known, ordinal=ordinal))
            return known.answer
        about: dict[str, Any] = {
            "key": key,
            "response_key": self._key,
            "ordinal": ordinal,
            "role": role,
            "system": system.name,
            "model": system.model.name,
            "reason": reason,
            "phase": self._phase,
            "started_at": time.time(),
        }
        cache = self._means.cache
        if cache is None or not getattr(system.model, "cacheable", False):
            return (await self._paid(system.model, request, fitted, about)).answer
        completion, hit = await cache.once(
            fingerprint([system.fingerprint, _sent(request)]),
            system.model.name,
            lambda: self._paid(system.model, request, fitted, about),
        )
        if hit:
            self._keep(_cached_call(completion, about, system.model), Amount())
        return completion.answer

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
            call = _failed_call(failure, about, seconds, self._means.redacted)
            self._keep(call, budget.settle(most, worst, call.billed_usd, None))
            raise
        except BaseException:
            budget.settle(most, worst, None, None)
            raise
        seconds = time.perf_counter() - began if timed else None
        call = _finished_call(completion, about, seconds, model)
        self._keep(call, budget.settle(most, worst, call.billed_usd, completion))
        return completion

    def _keep(self, call: Call, taken: Amount) -> None:
        if call.seconds is None:
            self.whole = False
        self._means.journal.put_call(call, usd_at_most=taken.usd, tokens_at_most=taken.tokens)
        self._calls.append(call)


def _once(request: Request) -> int:
    return 1


def _sent(request: Request) -> Request:
    """What of ``request`` a cacheable model is sent: not which sample of which task it is."""
    return msgspec.structs.replace(request, task="", sample_id="", inputs={}, split="")


def _failed_call(
    failure: CallFailed,
    about: dict[str, Any],
    seconds: float | None,
    redacted: Callable[[str], str],
) -> Call:
    """A failed call costs nothing only where the backend knows that nothing was billed."""
    usd = 0.0 if failure.billed is False or failure.recorded else None
    return Call(
        **about,
        status="error",
        error_kind=failure.kind,
        error_message=redacted(str(failure)),
        usd=0.0 if failure.billed is False else None,
        usd_basis="not billed" if failure.billed is False else None,
        billed_usd=usd,
        seconds=None if failure.recorded else seconds,
        retries=failure.retries,
        backoff_seconds=failure.backoff_seconds,
        recorded=failure.recorded,
    )


def _finished_call(
    completion: Completion, about: dict[str, Any], seconds: float | None, model: Model
) -> Call:
    usd, usd_basis = usd_of(completion, model.price)
    joules, joules_basis = joules_of(completion, model.price)
    measured = msgspec.structs.asdict(completion)
    del measured["usd"], measured["maybe_billed_attempts"]
    return Call(
        **about,
        **measured,
        status="ok",
        usd=usd,
        usd_basis=usd_basis,
        billed_usd=0.0 if completion.recorded else usd,
        joules=joules,
        joules_basis=joules_basis,
        seconds=None if completion.recorded else seconds,
    )


def _cached_call(completion: Completion, about: dict[str, Any], model: Model) -> Call:
    """What a cached answer is: it costs what it would cost afresh, is not billed, and took no time.

    Attempts that failed before it are of the call that was made, not of this one.
    """
    usd, usd_basis = usd_of(
        msgspec.structs.replace(completion, maybe_billed_attempts=0), model.price
    )
    return Call(
        **about,
        answer=completion.answer,
        status="ok",
        usd=usd,
        usd_basis=usd_basis,
        billed_usd=0.0,
        input_tokens=completion.input_tokens,
        cached_input_tokens=completion.cached_input_tokens,
        output_tokens=completion.output_tokens,
        reasoning_tokens=completion.reasoning_tokens,
        tokens_counted_by=completion.tokens_counted_by,
        cached=True,
    )
