"""Sending queries on a schedule that does not depend on the answers.

Latency runs from the moment a query was *due*. Whoever starts the clock only when a query gets its
turn leaves out what it waited while the system was slow, for just the queries that had to wait
("coordinated omission", Tene 2013); MLPerf LoadGen measures from the schedule, and so does this.
All times are of the event loop's clock, in seconds from the start of the measurement.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

ResultT = TypeVar("ResultT")
Send = Callable[[int], Awaitable[ResultT]]


@dataclass(frozen=True, kw_only=True)
class Timed(Generic[ResultT]):
    """One query: when it was due, when it was sent, when its answer was there, and the answer."""

    index: int
    due_seconds: float
    sent_seconds: float
    ended_seconds: float
    result: ResultT


class Halt:
    """Asks a load to end: nothing more is sent, what is in flight is waited for."""

    def __init__(self) -> None:
        """Not asked yet. Of the running event loop; ``ask`` is to be called in its thread."""
        self.why: str | None = None
        self._asked = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Whether it was asked."""
        return self._asked.is_set()

    def ask(self, why: str) -> None:
        """End the load; the first reason stands."""
        self.why = self.why or why
        self._asked.set()

    async def within(self, seconds: float) -> bool:
        """Wait for ``seconds``, or until it is asked; whether it was."""
        if seconds > 0 and not self.asked:
            try:
                async with asyncio.timeout(seconds):
                    await self._asked.wait()
            except TimeoutError:
                pass
        return self.asked


def poisson_arrivals(n: int, per_second: float, *, seed: int) -> list[float]:
    """When n queries are due that come at random, ``per_second`` of them on average.

    The gaps are exponential and drawn with ``seed``; another rate stretches the same gaps.

    Raises:
        ValueError: the rate is not above 0.
    """
    if not per_second > 0:
        raise ValueError(f"a rate is above 0, not {per_second}")
    dice = random.Random(seed)
    due, at = [], 0.0
    for _ in range(n):
        at += dice.expovariate(1.0)
        due.append(at / per_second)
    return due


async def scheduled(
    send: Send[ResultT], due: Sequence[float], halt: Halt | None = None
) -> list[Timed[ResultT]]:
    """Send query i at ``due[i]`` seconds, whatever has become of those before it.

    Server scenario with Poisson arrivals, offline with zeros. The queries that were sent, by
    index. An exception of ``send`` ends the load and is raised; a failure is for it to return.
    """
    halt, loop = halt or Halt(), asyncio.get_running_loop()
    began = loop.time()
    done: list[Timed[ResultT]] = []

    async def one(index: int) -> None:
        sent = loop.time() - began
        result = await send(index)
        ended = loop.time() - began
        done.append(
            Timed(
                index=index,
                due_seconds=due[index],
                sent_seconds=sent,
                ended_seconds=ended,
                result=result,
            )
        )

    async with _Gathered() as group:
        for index, at in enumerate(due):
            if await halt.within(began + at - loop.time()):
                break
            group.create_task(one(index))
            await asyncio.sleep(0)  # it is sent now, not after all that are due at once
    return sorted(done, key=lambda query: query.index)


async def single_stream(
    send: Send[ResultT],
    indices: Iterable[int],
    halt: Halt | None = None,
    *,
    most_seconds: float | None = None,
) -> list[Timed[ResultT]]:
    """Send one query after the other: each is due when the one before it was answered.

    After ``most_seconds`` no further one is sent.
    """
    halt, loop = halt or Halt(), asyncio.get_running_loop()
    began = loop.time()
    done: list[Timed[ResultT]] = []
    for index in indices:
        if halt.asked:
            break
        due = loop.time() - began
        if most_seconds is not None and due >= most_seconds:
            break
        result = await send(index)
        done.append(
            Timed(
                index=index,
                due_seconds=due,
                sent_seconds=due,
                ended_seconds=loop.time() - began,
                result=result,
            )
        )
    return done


def most_in_flight(queries: Iterable[Timed[ResultT]]) -> int:
    """The most queries that were sent and not yet answered at one moment."""
    changes = []
    for query in queries:
        changes += [(query.sent_seconds, 1), (query.ended_seconds, -1)]
    peak = now = 0
    for _, change in sorted(changes, key=lambda item: (item[0], item[1])):
        now += change
        peak = max(peak, now)
    return peak


class _Gathered(asyncio.TaskGroup):
    """A task group whose single failure is raised as itself."""

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        try:
            await super().__aexit__(kind, error, trace)  # type: ignore[arg-type]
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
