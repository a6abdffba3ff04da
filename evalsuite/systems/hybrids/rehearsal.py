"""A cascade's tiers and their signal on the practice samples, asked as they will be in earnest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from evalsuite.errors import CallFailed, CallRejected
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Outcome, Practice
from evalsuite.systems.hybrids.practising import IN_FLIGHT
from evalsuite.systems.hybrids.scorer import Features, Learnt
from evalsuite.systems.hybrids.signals import Afterwards, SignalSpec

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One tier on one practice sample; ``value`` is the signal's, ``features`` a learnt one's.

    ``usd`` is None where a cost is unknown: practice does not say what a question of the hybrid's
    own cost, so with a signal that asks something it always is.
    """

    success: bool
    value: float | None
    features: Features | None
    usd: float | None


class Rehearsal:
    """Asks in practice as ``Ask`` does in earnest.

    What the task itself asks a member is taken from the member's practice answers, which are
    shared by all hybrids; anything else is a question of the hybrid's own.
    """

    def __init__(self, practice: Practice, outcomes: Sequence[Outcome]) -> None:
        """``outcomes`` are those of any member: they name the practice requests."""
        self._practice = practice
        self._places = {outcome.request.key: i for i, outcome in enumerate(outcomes)}

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        """The answer; CallFailed where there was none."""
        place = self._places.get(request.key)
        if place is None:
            return await self._practice.ask(role, request)
        outcome = (await self._practice.outcomes(role, "validation"))[place]
        if outcome.answer is None:
            raise CallRejected("no answer in practice", kind="no_answer")
        return outcome.answer


async def rehearse(
    practice: Practice, role: str, signal: SignalSpec, outcomes: Sequence[Outcome]
) -> list[Tried]:
    """The tier in ``role``, whose practice ``outcomes`` these are, judged by ``signal``."""
    ask = Rehearsal(practice, outcomes)
    free = not signal.roles() and signal.tier_calls() == 1

    async def one(outcome: Outcome) -> Tried:
        usd = outcome.usd if free else None
        try:
            return await _tried(practice, role, signal, outcome, ask, usd)
        except CallFailed:
            return Tried(success=False, value=None, features=None, usd=usd)

    return await each(outcomes, one)


async def _tried(
    practice: Practice,
    role: str,
    signal: SignalSpec,
    outcome: Outcome,
    ask: Rehearsal,
    usd: float | None,
) -> Tried:
    request, answer = outcome.request, outcome.answer
    value, features, success = None, None, outcome.success is True
    if signal.tier_calls() > 1:  # the signal makes an answer of its own
        if isinstance(signal, Learnt):
            answer, features = await signal.examined(role, request, ask, "practice")
        else:
            answer, reading = await signal.judged(role, request, ask, "practice")
            value = reading.value
        success = await asyncio.to_thread(_right, practice, outcome, answer)
    elif answer is not None and isinstance(signal, Learnt):
        features = await signal.features(role, request, answer, ask)
    elif answer is not None and isinstance(signal, Afterwards):
        value = (await signal.judge(role, request, answer, ask)).value
    return Tried(success=success, value=value, features=features, usd=usd)


def _right(practice: Practice, outcome: Outcome, answer: Answer) -> bool:
    """Whether a sampled answer succeeds; as in all practice, what cannot be scored does not."""
    try:
        scores = practice.task.score(outcome.sample, answer)
    except Exception:
        return False
    return practice.task.succeeded({score.name: score for score in scores}) is True


async def each(items: Sequence[Outcome], work: Callable[[Outcome], Awaitable[T]]) -> list[T]:
    """``work`` on every item, several at a time.

    After an error no further one is begun; what is under way is waited for, because it is paid for.
    """
    done: dict[int, T] = {}
    errors: list[Exception] = []
    waiting = iter(enumerate(items))

    async def worker() -> None:
        for index, item in waiting:
            if errors:
                return
            try:
                done[index] = await work(item)
            except Exception as error:
                errors.append(error)

    await asyncio.gather(*(worker() for _ in range(min(IN_FLIGHT, len(items)))))
    if errors:
        raise errors[0]
    return [done[index] for index in range(len(items))]
