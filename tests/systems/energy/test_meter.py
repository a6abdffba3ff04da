from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.systems.energy.counters import Counter, Found
from evalsuite.systems.energy.meter import Meter, Reading, Work, counters_of, energy_fields
from tests.systems.energy.machine import Clock, Stepping


def metered(clock: Clock, **counters: Counter) -> Meter:
    """A meter whose devices have one counter each: ``cpu`` and ``gpu`` ("cuda:0")."""
    names = {"cpu": "cpu", "cuda:0": "gpu"}

    def find(device: str) -> Found:
        counter = counters.get(names.get(device, ""))
        return Found(counters=() if counter is None else (counter,))

    return Meter(find, clock, clock.sleep)


def test_work_takes_what_was_counted_and_idling_is_told_apart() -> None:
    clock = Clock()
    counter = Stepping(clock, period=0.001, name="RAPL package-0")
    clock.then = counter.run
    meter = metered(clock, cpu=counter)
    meter.watch("cpu")
    (idle,) = meter.rest(2.0)
    assert idle.counter == "RAPL package-0" and idle.watts == pytest.approx(10.0)
    counter.watts = 60.0
    with meter.measure("cpu") as work:
        clock.sleep(5.0)
    reading = work.reading
    assert reading is not None and reading.basis == "measured: RAPL package-0"
    assert reading.joules == pytest.approx(300.0, abs=0.1)
    assert reading.idle_joules == pytest.approx(50.0)
    meter.close()
    assert counter.closed


def test_a_window_shorter_than_a_step_of_the_counter_is_not_zero_joules() -> None:
    clock = Clock()
    counter = Stepping(clock, period=0.1)
    clock.then = counter.run
    meter = metered(clock, cpu=counter)
    meter.watch("cpu")
    meter.rest(1.0)
    counter.watts = 100.0
    taken = []
    for _ in range(200):  # 2 s of work in windows of a tenth of a step
        with meter.measure("cpu") as work:
            clock.sleep(0.01)
        assert work.reading is not None
        taken.append(work.reading.joules)
    assert min(taken) > 0
    assert sum(taken) == pytest.approx(200.0, abs=100.0 * 0.1 + 10.0 * 0.1)  # one step either way


def test_a_counter_that_has_never_moved_says_nothing() -> None:
    clock = Clock()
    meter = metered(clock, cpu=Stepping(clock, period=1.0))
    meter.watch("cpu")
    with meter.measure("cpu") as work:
        clock.sleep(0.01)
    assert work.reading is None


def test_what_runs_at_once_shares_the_host_and_not_the_gpu() -> None:
    clock = Clock()
    host, gpu = Stepping(clock, 0.001, "RAPL package-0"), Stepping(clock, 0.001, "NVML GPU 0")

    def run(seconds: float) -> None:
        host.run(seconds)
        gpu.run(seconds)

    clock.then = run
    meter = metered(clock, cpu=host, gpu=gpu)
    meter.watch("cuda:0")
    meter.rest(1.0)
    host.watts, gpu.watts = 40.0, 300.0
    with meter.measure("cuda:0") as on_gpu:
        clock.sleep(1.0)
        with meter.measure("cpu") as on_cpu:
            clock.sleep(2.0)
    assert on_gpu.reading is not None and on_cpu.reading is not None
    assert on_cpu.reading.joules == pytest.approx(40.0, abs=0.5)  # half of 2 s x 40 W
    assert on_gpu.reading.joules == pytest.approx(40.0 + 40.0 + 900.0, abs=1.5)
    assert on_gpu.reading.basis == "measured: RAPL package-0 + NVML GPU 0"
    assert on_cpu.reading.basis == "measured: RAPL package-0"
    assert on_gpu.reading.idle_joules == pytest.approx(10 * (1 + 2 / 2) + 10 * 3)


def test_a_gpu_without_a_counter_is_unknown_though_the_host_has_one() -> None:
    clock = Clock()
    host = Stepping(clock, 0.001)
    clock.then = host.run
    meter = metered(clock, cpu=host)
    meter.watch("cuda:0")
    meter.rest(1.0)
    with meter.measure("cuda:0") as work:
        clock.sleep(1.0)
    assert work.reading is None


@pytest.mark.parametrize("trouble", ["lost", "stuck", "went round"])
def test_a_counter_in_trouble_makes_energy_unknown(trouble: str) -> None:
    clock = Clock()
    counter = Stepping(clock, 0.001)
    clock.then = counter.run
    meter = metered(clock, cpu=counter)
    meter.watch("cpu")
    meter.rest(1.0)
    with meter.measure("cpu") as work:
        if trouble == "lost":
            counter.broken = True
        elif trouble == "stuck":
            clock.then = lambda seconds: None
        else:
            counter.longest_seconds = 5.0
        clock.sleep(6.0)
    assert work.reading is None


def test_work_that_fails_is_counted_and_over() -> None:
    clock = Clock()
    counter = Stepping(clock, 0.001)
    clock.then = counter.run
    meter = metered(clock, cpu=counter)
    meter.watch("cpu")
    meter.rest(1.0)
    before = meter.resting_joules
    with pytest.raises(RuntimeError), meter.measure("cpu"):
        clock.sleep(1.0)
        raise RuntimeError("out of memory")
    with meter.measure("cpu") as work:
        clock.sleep(1.0)
    assert meter.resting_joules == pytest.approx(before)
    assert work.reading is not None and work.reading.joules == pytest.approx(10.0, abs=0.1)


def test_without_counters_nothing_is_waited_for() -> None:
    clock = Clock()
    meter = metered(clock)
    assert meter.rest(60.0) == ()
    meter.watch("cpu")
    assert meter.rest(60.0) == () and clock.now == 100.0
    with meter.measure("cpu") as work:
        clock.sleep(1.0)
    assert work.reading is None
    assert "no counter that is known" in counters_of("mps").problem


Piece = tuple[bool, float, float]
PIECES = st.lists(
    st.tuples(st.booleans(), st.floats(0, 0.3), st.floats(1.0, 500.0)), min_size=1, max_size=40
)


@given(PIECES, st.floats(0.0005, 0.1), st.integers(1, 3))
def test_the_parts_sum_to_the_counter_and_none_is_negative(
    pieces: list[Piece], period: float, at_once: int
) -> None:
    """Work and rest in any order: what is handed out is the counter, carried on by one step."""
    clock = Clock()
    counter = Stepping(clock, period)
    clock.then = counter.run
    meter = metered(clock, cpu=counter)
    meter.watch("cpu")
    meter.rest(1.0)
    handed, most = 0.0, 10.0
    for busy, seconds, watts in pieces:
        counter.watts = watts
        most = max(most, watts)
        if not busy:
            clock.sleep(seconds)
            continue
        with _together(meter, at_once) as works:
            clock.sleep(seconds)
        for work in works:
            assert work.joules >= 0 and work.reading is not None
            assert (work.reading.idle_joules or 0) >= 0
            handed += work.joules
    with meter.measure("cpu"):
        pass  # whatever came after the last piece is counted
    carried = sum(ledger.carried for ledger in meter._all())
    assert handed + meter.resting_joules == pytest.approx(carried, rel=1e-9, abs=1e-9)
    assert carried >= counter.joules() - 1e-9
    assert carried - counter.true_joules <= 2 * most * max(period, 0.005) + 1e-6


@contextmanager
def _together(meter: Meter, n: int) -> Iterator[list[Work]]:
    """``n`` pieces of work that begin and end at the same time."""
    with ExitStack() as stack:
        yield [stack.enter_context(meter.measure("cpu")) for _ in range(n)]


def test_a_share_of_a_reading() -> None:
    reading = Reading(joules=8.0, idle_joules=2.0, basis="measured: X")
    assert energy_fields(reading, 0.25) == {
        "joules": 2.0,
        "idle_joules": 0.5,
        "joules_basis": "measured: X",
    }
    assert energy_fields(Reading(joules=8.0, idle_joules=None, basis="b"), 0.5)["joules"] == 4.0
    assert energy_fields(None) == {}
