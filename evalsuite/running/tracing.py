"""Asking a system for one answer while keeping every model call that it makes.

A hybrid sees only an ``ask``; whatever it asks is timed, priced and journalled here, so a hybrid
costs nothing to instrument and can be a member of another. A call that an earlier, interrupted
session already paid for is taken from the journal instead of being made again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from evalsuite.errors import CallFailed, CallRefused, UserError
from evalsuite.records import Answer, Call, Completion, Phase, Request, fingerprint
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.price import joules_of, usd_of

FittedFor = Callable[[str], Awaitable[Fitted | None]]


class Trace:
    """The calls behind one response.

    ``whole`` says whether all of it happened in this process and live, so that its wall time is a
    latency; a resumed or recorded call makes it False.
    """

    def __init__(
        self,
        key: str,
        systems: Mapping[str, OpenedSystem],
        fitted_for: FittedFor,
        journal: Journal,
        phase: Phase,
    ) -> None:
        """``fitted_for`` gives a system's fitted state for the task at hand, by system name."""
        self.whole = True
        self._key = key
        self._systems = systems
        self._fitted_for = fitted_for
        self._journal = journal
        self._phase: Phase = phase
        self._asked: Counter[str] = Counter()
        self._calls: list[tuple[int, Call]] = []
        self._started = 0

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls so far, in the order in which they were started."""
        return tuple(call for _, call in sorted(self._calls, key=lambda entry: entry[0]))

    async def ask(self, name: str, request: Request, role: str = "", reason: str = "") -> Answer:
        """Ask system ``name``; ``role`` is the path of roles that led to it."""
        system = self._systems[name]
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
        order = self._started
        self._started += 1
        self._asked[role] += 1
        key = fingerprint([self._key, role, self._asked[role], system.fingerprint, request.key])
        known = self._journal.call(key)
        if known is not None and known.answer is not None:
            self.whole = False
            self._calls.append((order, known))
            return known.answer
        about: dict[str, Any] = {
            "key": key,
            "role": role,
            "system": system.name,
            "model": system.model.name,
            "reason": reason,
            "phase": self._phase,
            "started_at": time.time(),
        }
        began = time.perf_counter()
        try:
            completion = await system.model.complete(request, fitted)
        except CallRefused as refusal:
            raise UserError(f"system {system.name!r}: {refusal}") from refusal
        except CallFailed as failure:
            self.whole = self.whole and not failure.recorded
            self._keep(order, _failed_call(failure, about, time.perf_counter() - began))
            raise
        seconds = time.perf_counter() - began
        if completion.recorded:
            self.whole = False
        self._keep(order, _finished_call(completion, about, seconds, system))
        return completion.answer

    def _keep(self, order: int, call: Call) -> None:
        self._journal.put_call(call)
        self._calls.append((order, call))


def _failed_call(failure: CallFailed, about: dict[str, Any], seconds: float) -> Call:
    """A failed call costs nothing only where the backend knows that nothing was billed."""
    return Call(
        **about,
        status="error",
        error_kind=failure.kind,
        error_message=str(failure),
        usd=None if failure.billed is not False else 0.0,
        usd_basis="not billed" if failure.billed is False else None,
        seconds=None if failure.recorded else seconds,
        retries=failure.retries,
        backoff_seconds=failure.backoff_seconds,
        recorded=failure.recorded,
    )


def _finished_call(
    completion: Completion, about: dict[str, Any], seconds: float, system: OpenedSystem
) -> Call:
    assert system.model is not None
    measured = msgspec.structs.asdict(completion)
    measured.pop("usd")
    measured.pop("maybe_billed_attempts")
    usd, usd_basis = usd_of(completion, system.model.price)
    joules, joules_basis = joules_of(completion, system.model.price)
    return Call(
        **about,
        **measured,
        status="ok",
        usd=usd,
        usd_basis=usd_basis,
        joules=joules,
        joules_basis=joules_basis,
        seconds=None if completion.recorded else seconds,
    )
