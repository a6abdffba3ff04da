"""The limiter in virtual time, where a minute takes no time, and against a real server."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from evalsuite.systems.limits import Limiter, Slot
from tests.systems.virtual_time import VirtualTimeLoop, run


def limiter(**options: int) -> Limiter:
    """One that lives by the clock of the running loop."""
    return Limiter(clock=asyncio.get_running_loop().time, **options)


def now() -> float:
    return asyncio.get_running_loop().time()


async def ask_all(limits: Limiter, tokens: list[int], seconds: float = 1.0) -> list[float]:
    """Ask for all turns at once, hold each for ``seconds``; when each began."""

    async def one(cost: int) -> float:
        async with limits.slot(cost):
            began = now()
            await asyncio.sleep(seconds)
        return began

    return await asyncio.gather(*(one(cost) for cost in tokens))


# -- turns ---------------------------------------------------------------------------------------


def test_turns_are_given_in_the_order_of_asking_and_waiting_is_measured() -> None:
    async def main() -> None:
        limits = limiter(start=2, most=2)
        began: list[int] = []
        waits: list[float] = []

        async def one(index: int) -> None:
            async with limits.slot(1) as slot:
                began.append(index)
                waits.append(slot.queue_seconds)
                assert limits.in_flight <= 2
                await asyncio.sleep(1)

        await asyncio.gather(*(one(index) for index in range(6)))
        assert began == list(range(6))
        assert waits == pytest.approx([0, 0, 1, 1, 2, 2])
        assert limits.in_flight == 0

    run(main())


def test_a_hold_keeps_everybody_back_until_it_is_over() -> None:
    async def main() -> None:
        limits = limiter(start=8)
        async with limits.slot(1) as slot:
            slot.congested(7.0)
        assert "on hold for 7 s" in limits.describe()
        assert min(await ask_all(limits, [1] * 9)) == pytest.approx(7.0)

    run(main())


def test_a_longer_hold_replaces_a_shorter_one_and_not_the_other_way() -> None:
    async def main() -> None:
        limits = limiter()
        async with limits.slot(1) as first, limits.slot(1) as second, limits.slot(1) as third:
            first.congested(2.0)
            second.congested(9.0)
            third.congested(4.0)
        assert await ask_all(limits, [1]) == [pytest.approx(9.0)]

    run(main())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "8s"}, 8.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 60.0),
        ({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "8s"}, 0.0),
    ],
)
def test_a_used_up_quota_holds_for_a_minute_at_most(
    headers: dict[str, str], seconds: float
) -> None:
    async def main() -> None:
        limits = limiter()
        async with limits.slot(1) as slot:
            slot.headers(headers)
        assert await ask_all(limits, [1]) == [pytest.approx(seconds)]
        assert limits.limit == 16

    run(main())


def test_a_retry_after_of_a_day_holds_for_five_minutes() -> None:
    async def main() -> None:
        limits = limiter()
        async with limits.slot(1) as slot:
            slot.congested(86400.0)
        assert await ask_all(limits, [1]) == [pytest.approx(300.0)]

    run(main())


def test_requests_of_before_a_refusal_do_not_lower_the_limit_again() -> None:
    async def main() -> None:
        limits = limiter(start=10)

        async def refused() -> None:
            async with limits.slot(1) as slot:
                await asyncio.sleep(1)
                slot.congested(None)

        await asyncio.gather(*(refused() for _ in range(10)))
        assert limits.limit == 8
        await asyncio.gather(*(refused() for _ in range(5)))
        assert limits.limit == 6
        assert limits.describe() == "limit 6, lowered 0 s ago after a refusal"

    run(main())


# -- caps ----------------------------------------------------------------------------------------


def test_of_several_caps_the_lowest_holds() -> None:
    async def main() -> None:
        limits = limiter()
        limits.cap(concurrency=7, requests_per_minute=120)
        limits.cap(concurrency=3)
        limits.cap(concurrency=9, requests_per_minute=60, tokens_per_minute=None)
        limits.cap(requests_per_minute=90)
        assert limits.limit == 3
        assert await ask_all(limits, [1] * 4, 0.0) == pytest.approx([0, 1, 2, 3])

    run(main())


def test_requests_per_minute_are_spread_over_the_minute() -> None:
    async def main() -> None:
        limits = limiter()
        limits.cap(requests_per_minute=600)
        times = sorted(await ask_all(limits, [1] * 1000, 0.01))
        assert sum(at == 0.0 for at in times) == 10  # one second's worth at once
        assert all(sum(t <= at < t + 60 for at in times) <= 600 for t in times)
        assert times[-1] == pytest.approx(990 * 60 / 591)

    run(main())


def test_tokens_per_minute_count_what_was_announced_or_used() -> None:
    async def main() -> None:
        announced, used = limiter(), limiter()
        for limits in (announced, used):
            limits.cap(tokens_per_minute=6000)
        times = await ask_all(announced, [1000] * 7, 0.1)
        assert times[-1] >= 58  # 1000 of 6000 in each of the minute's six parts

        async def one() -> float:
            async with used.slot(1000) as slot:
                began = now()
                await asyncio.sleep(0.1)
                slot.used(100)
            return began

        began = now()
        assert max(await asyncio.gather(*(one() for _ in range(7)))) - began <= 7

    run(main())


def test_a_fixed_limiter_stays_where_it_is() -> None:
    async def main() -> None:
        limits = Limiter.fixed(5000)
        async with limits.slot(1) as slot:
            slot.congested(None)
        assert limits.limit == 5000
        limits.cap(concurrency=300)
        assert limits.limit == 300
        assert limits.describe() == "limit 300, the most allowed"

    run(main())


# -- cancelling ----------------------------------------------------------------------------------


def test_one_that_is_cancelled_while_waiting_leaves_its_place() -> None:
    async def main() -> None:
        limits = limiter(start=1, most=1)
        first = asyncio.create_task(ask_all(limits, [1], 5.0))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(ask_all(limits, [1])) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        waiting[2].cancel()
        assert await waiting[1] == [pytest.approx(5.0)]
        await first
        assert limits.in_flight == 0

    run(main())


def test_one_that_is_cancelled_as_it_gets_its_turn_gives_it_back() -> None:
    async def main() -> None:
        limits = limiter(start=1, most=1)
        limits.cap(requests_per_minute=60, tokens_per_minute=60_000)
        holder = limits.slot(1)
        await holder.__aenter__()
        waiting = asyncio.create_task(ask_all(limits, [500]))
        await asyncio.sleep(10)
        await holder.__aexit__(None, None, None)  # grants the turn
        waiting.cancel()  # before it could begin
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert limits.in_flight == 0
        assert await ask_all(limits, [1000]) == [pytest.approx(10.0)]  # and nothing was used up

    run(main())


def test_a_small_request_goes_where_a_large_one_before_it_gave_up() -> None:
    async def main() -> None:
        limits = limiter()
        limits.cap(tokens_per_minute=6000)
        await ask_all(limits, [100], 0.0)  # the burst
        large = asyncio.create_task(ask_all(limits, [5000]))
        small = asyncio.create_task(ask_all(limits, [1], 0.0))
        large_too = asyncio.create_task(ask_all(limits, [100], 0.0))
        await asyncio.sleep(0.2)
        large.cancel()
        (began,) = await small
        assert began == pytest.approx(0.2)
        await large_too

    run(main())


class Turns(RuleBasedStateMachine):
    """Ask, leave in every way, cancel, cap, wait: no turn is lost and no limit is passed."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.limits = Limiter(start=3, most=6, clock=self.loop.time)
        self.waiting: list[asyncio.Task[Slot]] = []
        self.inside: list[Slot] = []

    def settle(self, seconds: float = 0.0) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.loop.run_until_complete(asyncio.sleep(0))
        for task in [task for task in self.waiting if task.done()]:
            self.waiting.remove(task)
            if not task.cancelled():
                self.inside.append(task.result())

    @rule(tokens=st.integers(1, 400))
    def ask(self, tokens: int) -> None:
        slot = self.limits.slot(tokens)
        self.waiting.append(self.loop.create_task(slot.__aenter__()))
        before = len(self.inside)
        self.settle()
        if len(self.inside) > before:
            assert len(self.inside) <= self.limits.limit

    @precondition(lambda self: self.inside)
    @rule(index=st.integers(0, 100), how=st.sampled_from(["well", "failed", "refused", "held"]))
    def leave(self, index: int, how: str) -> None:
        slot = self.inside.pop(index % len(self.inside))
        if how in ("refused", "held"):
            slot.congested(2.0 if how == "held" else None)
        error = OSError() if how == "failed" else None
        leaving = slot.__aexit__(None if error is None else OSError, error, None)
        self.loop.run_until_complete(leaving)
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(index=st.integers(0, 100), leave_first=st.booleans())
    def cancel(self, index: int, leave_first: bool) -> None:
        task = self.waiting[index % len(self.waiting)]
        if leave_first and self.inside:  # so that a turn is granted at the same moment
            slot = self.inside.pop()

            async def both() -> None:
                await slot.__aexit__(None, None, None)
                task.cancel()

            self.loop.run_until_complete(both())
        else:
            task.cancel()
        self.settle()

    @rule(concurrency=st.integers(1, 6), tokens=st.sampled_from([None, 6000.0]))
    def cap(self, concurrency: int, tokens: float | None) -> None:
        self.limits.cap(concurrency=concurrency, tokens_per_minute=tokens)

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.settle(seconds)

    @invariant()
    def every_turn_is_somebodys(self) -> None:
        assert self.limits.in_flight == len(self.inside)

    def teardown(self) -> None:
        """Everybody who waits gets a turn in the end, in time."""
        while self.waiting or self.inside:
            for slot in self.inside:
                self.loop.run_until_complete(slot.__aexit__(None, None, None))
            self.inside.clear()
            self.settle(600)
        assert self.limits.in_flight == 0
        assert not self.limits._waiting
        self.loop.close()


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_it_converges_on_an_endpoint_and_recovers_when_that_changes() -> None:
    async def main() -> None:
        source, limits = random.Random(1), limiter()
        state = {"busy": 0, "capacity": 40, "answers": 0}
        seen: list[int] = []

        async def worker(answers: int) -> None:
            while state["answers"] < answers:
                async with limits.slot(1) as slot:
                    if state["busy"] >= state["capacity"]:
                        await asyncio.sleep(0.01)
                        slot.congested(None)
                        continue
                    state["busy"] += 1
                    await asyncio.sleep(source.lognormvariate(0, 0.5))
                    state["busy"] -= 1
                state["answers"] += 1
                seen.append(limits.limit)

        async def settled(capacity: int, answers: int) -> float:
            state.update(capacity=capacity, answers=0)
            seen.clear()
            await asyncio.gather(*(worker(answers) for _ in range(120)))
            late = seen[2 * len(seen) // 3 :]
            return sum(late) / len(late)

        assert 30 <= await settled(40, 2500) <= 42
        assert 7 <= await settled(10, 1500) <= 11
        assert 50 <= await settled(80, 9000) <= 84

    run(main())


# -- a real server -------------------------------------------------------------------------------

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_get("/", handler)
        runners.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}/"

    yield start
    for runner in runners:
        await runner.cleanup()


async def answers_of(url: str, limits: Limiter, n: int, *, workers: int = 64) -> int:
    """Ask until ``n`` answers are there, again after each refusal; how many refusals there were."""
    left, refusals = n, 0

    async def worker(session: aiohttp.ClientSession) -> None:
        nonlocal left, refusals
        while left > 0:
            left -= 1
            while True:
                async with limits.slot(1) as slot, session.get(url) as reply:
                    await reply.read()
                    slot.headers(reply.headers)
                    if reply.status == 200:
                        break
                    refusals += 1
                    told = reply.headers.get("Retry-After")
                    slot.congested(None if told is None else float(told))

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(worker(session) for _ in range(workers)))
    return refusals


async def test_a_server_with_a_capacity_is_used_up_to_it(serve: Serve) -> None:
    busy, answered = 0, 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal busy, answered
        if busy >= 12:
            return web.Response(status=429)
        busy += 1
        await asyncio.sleep(0.01)
        busy -= 1
        answered += 1
        return web.Response()

    limits = Limiter()
    refusals = await answers_of(await serve(handler), limits, 800)
    assert answered == 800
    assert 1 <= refusals <= 160  # it asks for too much now and then, and not all the time
    assert 4 <= limits.limit <= 32


async def test_nobody_comes_before_retry_after_is_over(serve: Serve) -> None:
    arrivals: list[float] = []
    refused_at: list[float] = []

    async def handler(request: web.Request) -> web.Response:
        arrivals.append(now())
        if len(arrivals) in (3, 9):
            refused_at.append(arrivals[-1])
            return web.Response(status=429, headers={"Retry-After": "0.15"})
        return web.Response()

    limits = Limiter()
    limits.cap(concurrency=1)  # so that nobody is under way when it is said
    assert await answers_of(await serve(handler), limits, 12, workers=5) == 2
    assert len(arrivals) == 14
    for at in refused_at:
        assert not [arrival for arrival in arrivals if at < arrival < at + 0.15]


async def test_nobody_comes_while_the_quota_is_used_up(serve: Serve) -> None:
    arrivals: list[float] = []

    async def handler(request: web.Request) -> web.Response:
        arrivals.append(now())
        left = 4 - len(arrivals) % 5
        headers = {
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-reset-requests": "100ms",
        }
        return web.Response(headers=headers)

    limits = Limiter()
    limits.cap(concurrency=1)
    assert await answers_of(await serve(handler), limits, 12, workers=5) == 0
    gaps = [after - before for before, after in itertools.pairwise(arrivals)]
    assert gaps[3] >= 0.1
    assert gaps[8] >= 0.1


async def test_a_server_never_sees_more_than_the_caps(serve: Serve) -> None:
    busy, peak, arrivals = 0, 0, list[float]()

    async def handler(request: web.Request) -> web.Response:
        nonlocal busy, peak
        arrivals.append(now())
        busy += 1
        peak = max(peak, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        return web.Response()

    limits = Limiter()
    limits.cap(concurrency=5, requests_per_minute=1200)
    assert await answers_of(await serve(handler), limits, 40) == 0
    assert peak <= 5
    # 20 at once, then 1181 a minute: the last of 40 comes a second later at the soonest
    assert arrivals[-1] - arrivals[0] >= 19 * 60 / 1181 - 0.05


async def test_a_server_that_queues_is_not_swamped(serve: Serve) -> None:
    """Four at a time, five milliseconds each, and every further request waits in the server."""
    turns, waiting, peak = asyncio.Semaphore(4), 0, 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal waiting, peak
        waiting += 1
        peak = max(peak, waiting)
        async with turns:
            await asyncio.sleep(0.005)
        waiting -= 1
        return web.Response()

    limits = Limiter()
    assert await answers_of(await serve(handler), limits, 900, workers=200) == 0
    assert peak <= 128  # 16 doubled, and doubled again by chance; 200 would have come
