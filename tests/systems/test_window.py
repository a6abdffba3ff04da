"""The window against simulated endpoints, event by event in simulated time: no clock, no luck."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.systems.window import FixedWindow, Level, Window, knee, worth

Service = Callable[[random.Random], float]


def constant(source: random.Random) -> float:
    return 1.0


def lognormal(source: random.Random) -> float:
    return source.lognormvariate(-0.125, 0.5)


def exponential(source: random.Random) -> float:
    return source.expovariate(1.0)


@dataclass
class Refuses:
    """Takes ``capacity`` at a time and refuses the rest."""

    capacity: int
    service: Service
    busy: int = 0

    def arrive(self, now: float, source: random.Random) -> tuple[bool, float]:
        if self.busy >= self.capacity:
            return False, now + 0.01
        self.busy += 1
        return True, now + self.service(source)

    def leave(self) -> None:
        self.busy -= 1


@dataclass
class Queues:
    """Works on ``capacity`` at a time, first come first served, and refuses nothing."""

    capacity: int
    service: Service
    free_at: list[float] = field(default_factory=list)

    def arrive(self, now: float, source: random.Random) -> tuple[bool, float]:
        while len(self.free_at) < self.capacity:
            heapq.heappush(self.free_at, 0.0)
        while len(self.free_at) > self.capacity:
            heapq.heappop(self.free_at)
        done = max(heapq.heappop(self.free_at), now) + self.service(source)
        heapq.heappush(self.free_at, done)
        return True, done

    def leave(self) -> None:
        pass


def limits_of(
    window: Window,
    endpoint: Refuses | Queues,
    answers: int,
    *,
    demand: int | None = None,
    seed: int = 0,
    now: float = 0.0,
) -> list[int]:
    """The limit after each answer, where as many are asked as the limit (or ``demand``) allows."""
    source, under_way, sent, seen = random.Random(seed), 0, 0, []
    replies: list[tuple[float, int, int, float, bool]] = []
    while len(seen) < answers:
        while under_way < min(window.limit, demand or window.limit):
            under_way += 1
            serial = window.granted(under_way)
            answered, at = endpoint.arrive(now, source)
            sent += 1
            heapq.heappush(replies, (at, sent, serial, now, answered))
        now, _, serial, began, answered = heapq.heappop(replies)
        under_way -= 1
        if answered:
            endpoint.leave()
            window.finished(serial, now - began)
            seen.append(window.limit)
        else:
            window.refused(serial)
            window.finished(serial, None)
    return seen


def mean(values: list[int]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("service", [constant, lognormal, exponential])
@pytest.mark.parametrize("capacity", [6, 40, 100])
def test_it_finds_what_an_endpoint_takes_before_it_refuses(capacity: int, service: Service) -> None:
    endpoint = Refuses(capacity, service)
    limits = limits_of(Window(16, 1024), endpoint, 4000)
    # from four fifths of the capacity to just above it, as additive increase must
    assert 0.75 * capacity <= mean(limits[2000:]) <= 1.05 * capacity


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("capacity", "service", "at_most"),
    [
        (4, constant, 5),
        (4, lognormal, 6),
        (4, exponential, 30),  # a hundred replies tell little of times that vary so much
        (40, constant, 50),
        (40, lognormal, 60),
        (40, exponential, 60),
    ],
)
def test_it_stops_where_more_in_flight_only_waits_longer(
    capacity: int, service: Service, at_most: int, seed: int
) -> None:
    limits = limits_of(Window(16, 1024), Queues(capacity, service), 8000, seed=seed)
    assert capacity <= mean(limits[4000:]) <= at_most


def test_it_doubles_while_throughput_doubles() -> None:
    limits = limits_of(Window(16, 256), Queues(10_000, constant), 1500)
    assert list(dict.fromkeys(limits)) == [16, 32, 64, 128, 256]


@pytest.mark.parametrize("make", [Refuses, Queues])
def test_it_follows_an_endpoint_that_shrinks_and_grows(make: type[Refuses] | type[Queues]) -> None:
    endpoint, window = make(40, lognormal), Window(16, 1024)
    before = mean(limits_of(window, endpoint, 3000)[1500:])
    endpoint = make(10, lognormal)
    small = mean(limits_of(window, endpoint, 4000, now=1e4)[3000:])
    endpoint = make(80, lognormal)
    large = mean(limits_of(window, endpoint, 8000, now=2e4)[6000:])
    assert 32 <= before <= 60
    assert 7 <= small <= 16
    assert 60 <= large <= 130


def test_it_does_not_grow_where_few_are_asked() -> None:
    assert set(limits_of(Window(16, 1024), Queues(10_000, constant), 1000, demand=5)) == {16}


def test_refusals_of_requests_that_were_under_way_lower_it_once() -> None:
    window = Window(100, 100)
    serials = [window.granted(n + 1) for n in range(100)]
    lowered = [window.refused(serial) for serial in serials]
    assert lowered == [False] * 6 + [True] + [False] * 93, "seven in a hundred are too many"
    assert window.limit == 80
    assert [window.refused(window.granted(1)) for _ in range(6)] == [False] * 5 + [True]
    assert window.limit == 64


def test_one_refusal_in_fifty_whatever_the_load_lowers_nothing() -> None:
    window = Window(32, 32)
    for n in range(5000):
        serial = window.granted(window.limit)
        if n % 50 == 0:
            window.refused(serial)
            window.finished(serial, None)
        else:
            window.finished(serial, 0.15)
    assert window.limit >= 24, "less would be slower: replies take the same time at any level"


def test_it_never_goes_below_one_or_above_its_cap() -> None:
    window = Window(16, 20)
    for _ in range(40):
        window.refused(window.granted(1))
    assert window.limit == 1
    assert max(limits_of(window, Queues(10_000, constant), 3000)) == 20
    window.cap(3)
    assert window.limit == 3
    assert max(limits_of(window, Queues(10_000, constant), 1000)) == 3


def test_failures_and_stragglers_do_not_stop_it() -> None:
    """A quarter never comes back and another one fails: it still grows."""
    window, limits = Window(16, 64), []
    for index in range(2000):
        serial = window.granted(window.limit)
        if index % 4:
            window.finished(serial, None if index % 4 == 1 else 1.0)
        limits.append(window.limit)
    assert max(limits) == 64


def test_what_is_worth_having_by_hand() -> None:
    half, full = Level(16, 10.0), Level(32, 12.5)
    assert worth(half, full)  # 25 % more for a doubling
    assert not worth(half, Level(32, 12.4))
    assert worth(Level(40, 10.0), Level(50, 10.625))  # a quarter of a quarter
    assert not worth(Level(40, 10.0), Level(50, 10.62))
    assert worth(half, Level(32, 11.0), share=0.1)
    assert not worth(half, Level(32, 10.9), share=0.1)
    assert knee(half, full) == 20  # 16 x 12.5 / 10
    assert knee(half, Level(32, 9.0)) == 16
    assert knee(half, Level(32, 40.0)) == 32


@given(
    st.lists(
        st.tuples(st.sampled_from(["send", "answer", "fail", "refuse"]), st.floats(0, 1e6)),
        max_size=400,
    ),
    st.integers(1, 40),
    st.integers(1, 50),
)
def test_it_stays_within_its_bounds_whatever_happens(
    events: list[tuple[str, float]], start: int, most: int
) -> None:
    window, under_way = Window(start, most), list[int]()
    for kind, seconds in events:
        if kind == "send" and len(under_way) < window.limit:
            under_way.append(window.granted(len(under_way) + 1))
        elif kind != "send" and under_way:
            serial = under_way.pop(int(seconds) % len(under_way))
            if kind == "refuse":
                window.refused(serial)
            window.finished(serial, seconds if kind == "answer" else None)
        assert 1 <= window.limit <= most


def test_a_fixed_window_stays() -> None:
    window = FixedWindow(5000)
    assert not window.refused(window.granted(1))
    window.finished(0, 1.0)
    assert window.limit == 5000
    window.cap(70)
    assert window.limit == 70
