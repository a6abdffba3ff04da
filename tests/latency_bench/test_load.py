"""The generator, in virtual time, with latencies that are computed by hand."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.latency import distribution
from evalsuite.latency_bench.load import (
    Halt,
    Timed,
    most_in_flight,
    poisson_arrivals,
    scheduled,
    single_stream,
)
from tests.systems.virtual_time import run

SERVICE_SECONDS = 0.01
STALL = (2.05, 4.05)


async def stalling(index: int) -> None:
    """Answers any number at once in 10 ms; what comes from 2.05 to 4.05 s waits until then."""
    loop = asyncio.get_running_loop()
    if STALL[0] <= loop.time() < STALL[1]:
        await asyncio.sleep(STALL[1] - loop.time())
    await asyncio.sleep(SERVICE_SECONDS)


async def closed_loop(due: Sequence[float], in_flight: int) -> list[float]:
    """The way that hides it: the clock of a query starts when it gets one of the places."""
    loop, places = asyncio.get_running_loop(), asyncio.Semaphore(in_flight)
    seconds: list[float] = []

    async def one(at: float) -> None:
        await asyncio.sleep(at - loop.time())
        async with places:
            began = loop.time()
            await stalling(0)
            seconds.append(loop.time() - began)

    await asyncio.gather(*map(one, due))
    return seconds


def latencies(done: Sequence[Timed[None]]) -> list[float]:
    return [query.ended_seconds - query.due_seconds for query in done]


def test_a_stall_is_in_the_latency_of_all_who_were_due_in_it() -> None:
    """A query is due every 0.1 s for 10 s; the server stands still from 2.05 to 4.05 s.

    Those due at 2.1, 2.2 .. 4.0 (20 of 100) are answered at 4.06: after 1.96, 1.86 .. 0.06 s, the
    others after 0.01 s. Sorted from 0, the 95th percentile is number 95, the 16th slowest of those
    20 from below: 0.06 + 15 x 0.1 = 1.56 s. With one place, of which the clock starts on entering,
    the query of 2.1 takes 1.96 s and all others 0.01 s: a 95th percentile of 10 ms, 156 times less.
    """
    due = [i / 10 for i in range(100)]
    honest = distribution(latencies(run(scheduled(stalling, due))))
    assert honest is not None
    assert honest.quantiles[0.5].value == pytest.approx(0.01)
    assert honest.quantiles[0.9].value == pytest.approx(0.06 + 10 * 0.1)
    assert honest.quantiles[0.95].value == pytest.approx(1.56)
    assert honest.quantiles[0.99].value == pytest.approx(1.96)
    assert honest.mean == pytest.approx((80 * 0.01 + 20 * (0.06 + 1.96) / 2) / 100)
    hidden = distribution(run(closed_loop(due, in_flight=1)))
    assert hidden is not None
    assert hidden.quantiles[0.95].value == pytest.approx(0.01)
    assert hidden.mean == pytest.approx((99 * 0.01 + 1.96) / 100)


def test_a_server_with_one_place_by_hand() -> None:
    """One query at a time, 1 s each; due at 0, 0.5, 3: answered at 1, 2, 4."""

    async def measured() -> list[Timed[None]]:
        one = asyncio.Lock()

        async def send(index: int) -> None:
            async with one:
                await asyncio.sleep(1.0)

        return await scheduled(send, [0.0, 0.5, 3.0])

    done = run(measured())
    assert latencies(done) == pytest.approx([1.0, 1.5, 1.0])
    assert [query.sent_seconds for query in done] == pytest.approx([0.0, 0.5, 3.0])
    assert most_in_flight(done) == 2


def test_offline_is_all_at_once() -> None:
    async def send(index: int) -> int:
        await asyncio.sleep(1.0 + index)
        return index

    done = run(scheduled(send, [0.0] * 5))
    assert [query.ended_seconds for query in done] == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0])
    assert [query.result for query in done] == [0, 1, 2, 3, 4]
    assert most_in_flight(done) == 5


def test_single_stream_is_one_after_the_other() -> None:
    async def send(index: int) -> None:
        await asyncio.sleep(0.5)

    done = run(single_stream(send, range(3)))
    assert [query.due_seconds for query in done] == pytest.approx([0.0, 0.5, 1.0])
    assert most_in_flight(done) == 1
    cut = run(single_stream(send, range(100), most_seconds=1.9))
    assert [query.due_seconds for query in cut] == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_a_halt_waits_for_what_is_in_flight() -> None:
    async def measured() -> list[Timed[None]]:
        halt = Halt()
        asyncio.get_running_loop().call_later(2.5, halt.ask, "enough")

        async def send(index: int) -> None:
            await asyncio.sleep(10.0)

        done = await scheduled(send, [float(i) for i in range(100)], halt)
        halt.ask("again")
        assert halt.why == "enough"
        return done

    done = run(measured())
    assert [query.index for query in done] == [0, 1, 2]
    assert latencies(done) == pytest.approx([10.0] * 3)


def test_a_bug_ends_the_load_as_itself() -> None:
    async def send(index: int) -> None:
        await asyncio.sleep(1.0)
        raise KeyError(index)

    with pytest.raises(KeyError):
        run(scheduled(send, [0.0, 0.0, 5.0]))


@given(st.integers(0, 2**32), st.floats(0.01, 1000))
def test_arrivals_are_seeded_and_stretch_with_the_rate(seed: int, rate: float) -> None:
    at_one = poisson_arrivals(20, 1.0, seed=seed)
    assert at_one == sorted(at_one) and at_one[0] > 0
    assert poisson_arrivals(20, rate, seed=seed) == pytest.approx([at / rate for at in at_one])


def test_arrivals_come_at_the_rate_and_without_memory() -> None:
    """Of a Poisson process the gaps have the mean and the standard deviation 1 / rate."""
    due = poisson_arrivals(20_000, 5.0, seed=1)
    gaps = np.diff([0.0, *due])
    assert gaps.mean() == pytest.approx(0.2, rel=0.03)
    assert gaps.std() == pytest.approx(0.2, rel=0.03)
    assert (gaps > 0.2).mean() == pytest.approx(math.exp(-1), abs=0.01)
    with pytest.raises(ValueError, match="above 0"):
        poisson_arrivals(1, 0.0, seed=0)
