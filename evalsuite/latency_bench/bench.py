"""One system under one load, and the highest rate that it bears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
import numpy as np

from evalsuite import __version__
from evalsuite.analysis.latency import Shown, met, shown
from evalsuite.errors import ConfigError, StoppedEarly, UserError
from evalsuite.experiment import Experiment, PlannedTask
from evalsuite.latency_bench.asking import Asked, Asker, opened_asker
from evalsuite.latency_bench.load import (
    Halt,
    Timed,
    most_in_flight,
    poisson_arrivals,
    scheduled,
    single_stream,
)
from evalsuite.latency_bench.records import BenchOptions, Measurement, Query, RateFound
from evalsuite.running.environment import hardware


class NothingMeasured(UserError):
    """The load was ended before a query was answered."""


Tell = Callable[[str], None]
Trial = Callable[[float], Awaitable[Shown]]


async def bench_latency(
    experiment: Experiment,
    planned: PlannedTask,
    system: str,
    options: BenchOptions,
    *,
    halt: Halt | None = None,
    tell: Tell = lambda text: None,
) -> Measurement:
    """Put the load of ``options`` on ``system``, asking samples of a task.

    The answers are not scored and nothing is kept on disk. Where ``halt`` is asked, what was
    measured so far comes back. Everything that is computed locally happens in this process, so a
    local model and the load share its machine.

    Raises:
        UserError: the system cannot take the task, or has no latency (recordings, batches).
        NothingMeasured: it was ended before a query was answered.
    """
    check_options(options)
    halt = halt or Halt()
    async with opened_asker(experiment, planned, system, in_flight=options.in_flight) as asker:
        prepared = await _prepared(asker, system, options, tell)
        return await _measure(asker, system, planned.task.name, options, halt, prepared)


async def find_rate(
    experiment: Experiment,
    planned: PlannedTask,
    system: str,
    options: BenchOptions,
    *,
    most_rate: float = 1000.0,
    most_trials: int = 10,
    halt: Halt | None = None,
    tell: Tell = lambda text: None,
) -> RateFound:
    """Look for the highest rate of Poisson arrivals at which ``options.limits`` hold.

    Each rate is tried with ``options.queries``, and holds where ``analysis.latency.shown`` says
    so. Raises UserError where there are no limits, or too few queries to show that they hold.
    """
    check_options(options)
    if options.scenario != "server" or options.rate is None or not options.limits.limited:
        raise ConfigError("the search needs the server scenario, a first rate and a limit")
    if shown(options.queries, 0, options.attainment) != "held":
        raise ConfigError(
            f"{options.queries} queries cannot show that {options.attainment:g} of all keep a limit"
        )
    halt = halt or Halt()
    measurements: list[Measurement] = []
    async with opened_asker(experiment, planned, system, in_flight=options.in_flight) as asker:
        prepared = await _prepared(asker, system, options, tell)

        async def trial(rate: float) -> Shown:
            at_rate = msgspec.structs.replace(options, rate=rate)
            name = planned.task.name
            try:
                done = await _measure(asker, system, name, at_rate, halt, prepared)
            except NothingMeasured as nothing:
                tell(str(nothing))
                return "not shown"
            measurements.append(done)
            found = verdict(done)
            tell(f"{system}: {rate:.4g}/s: {found}")
            return found

        held, not_held, trials = await highest_rate(
            trial, options.rate, most_rate=most_rate, most_trials=most_trials, halt=halt
        )
    return RateFound(
        highest_held=held,
        lowest_not_held=not_held,
        trials=tuple(trials),
        measurements=tuple(measurements),
    )


async def highest_rate(
    trial: Trial,
    first: float,
    *,
    most_rate: float,
    most_trials: int = 10,
    tolerance: float = 0.1,
    halt: Halt | None = None,
) -> tuple[float | None, float | None, list[tuple[float, Shown]]]:
    """The highest rate that held, the lowest above it that did not, and all that were tried.

    By doubling (or halving) from ``first`` until one of each is known, then by bisection on the
    logarithm, until they are within ``tolerance`` or ``most_trials`` are used up. It takes for
    granted that a system that bears a rate bears a lower one.
    """
    held: float | None = None
    not_held: float | None = None
    tried: list[tuple[float, Shown]] = []
    rate = min(first, most_rate)
    while len(tried) < most_trials and not (halt and halt.asked):
        outcome = await trial(rate)
        if halt and halt.asked:
            break  # it was cut short, and shows nothing of this rate
        tried.append((rate, outcome))
        if outcome == "held":
            held = rate
        else:
            not_held = rate
        if held is None:
            rate /= 2
        elif not_held is None:
            if held >= most_rate:
                break
            rate = min(2 * held, most_rate)
        elif not_held <= held * (1 + tolerance):
            break
        else:
            rate = (held * not_held) ** 0.5
    return held, not_held, tried


def verdict(measured: Measurement) -> Shown:
    """Whether ``measured`` shows that enough of all queries keep the limits.

    Where nobody knows of a query, or the load was cut short, nothing is shown.
    """
    kept = met(measured.timings(), measured.options.limits)
    if measured.stopped is not None or np.isnan(kept).any():
        return "not shown"
    n_missed = int((kept == 0).sum())
    return shown(kept.size, n_missed, measured.options.attainment)


def check_options(options: BenchOptions) -> None:
    """Raise ConfigError, in one line, for options that cannot be."""
    if options.scenario == "server" and not (options.rate and options.rate > 0):
        raise ConfigError("the server scenario needs a rate of queries a second (--rate)")
    if options.scenario != "server" and options.rate is not None:
        raise ConfigError(f"a rate is of the server scenario, not of {options.scenario}")
    if options.queries < 1 or options.warmup < 0 or options.in_flight < 1:
        raise ConfigError("needs at least one query and one in flight, and no negative warm-up")
    if not 0 < options.attainment < 1:
        raise ConfigError("the share of queries that must keep the limits lies between 0 and 1")


async def _prepared(asker: Asker, system: str, options: BenchOptions, tell: Tell) -> float:
    """Fit and warm up; the seconds that the fit took."""
    tell(f"{system}: preparing")
    seconds = await asker.prepare()
    if options.warmup:
        tell(f"{system}: {options.warmup} queries to warm up, which are not counted")
        await single_stream(asker.ask, range(options.warmup))
    return seconds


async def _measure(
    asker: Asker, system: str, task: str, options: BenchOptions, halt: Halt, prepared: float
) -> Measurement:
    started_at, loop = time.time(), asyncio.get_running_loop()
    began = loop.time()
    done = await _load(asker, options, halt)
    if not done:
        why = halt.why or _cut_short(options, 0)
        raise NothingMeasured(f"system {system!r}: no query was answered: {why}")
    return Measurement(
        system=system,
        task=task,
        options=options,
        evalsuite_version=__version__,
        hardware=hardware(),
        started_at=started_at,
        preparation_seconds=prepared,
        n_samples=asker.n_samples,
        in_flight_limit=asker.in_flight_limit,
        most_in_flight=most_in_flight(done),
        seconds=max(loop.time() - began, 1e-9),
        queries=tuple(_query(timed) for timed in done),
        stopped=halt.why or _cut_short(options, len(done)),
    )


async def _load(asker: Asker, options: BenchOptions, halt: Halt) -> list[Timed[Asked]]:
    """The queries of the load that were answered; a budget that is used up ends it."""
    n, first, most_seconds = options.queries, options.warmup, options.max_seconds

    async def send(index: int) -> Asked | None:
        try:
            return await asker.ask(first + index)
        except StoppedEarly as reached:
            halt.ask(str(reached))
            return None

    if options.scenario == "single-stream":
        done = await single_stream(send, range(n), halt, most_seconds=most_seconds)
    else:
        rate = options.rate
        due = [0.0] * n if rate is None else poisson_arrivals(n, rate, seed=options.seed)
        if most_seconds is not None:
            due = [at for at in due if at < most_seconds]
        done = await scheduled(send, due, halt)
    return [
        Timed(
            index=timed.index,
            due_seconds=timed.due_seconds,
            sent_seconds=timed.sent_seconds,
            ended_seconds=timed.ended_seconds,
            result=timed.result,
        )
        for timed in done
        if timed.result is not None
    ]


def _cut_short(options: BenchOptions, n: int) -> str | None:
    if n == options.queries:
        return None
    return f"max_seconds {options.max_seconds:g} are over"


def _query(timed: Timed[Asked]) -> Query:
    asked = msgspec.structs.asdict(timed.result)
    return Query(
        index=timed.index,
        due_seconds=timed.due_seconds,
        sent_seconds=timed.sent_seconds,
        ended_seconds=timed.ended_seconds,
        **asked,
    )
