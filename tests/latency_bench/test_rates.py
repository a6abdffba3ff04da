"""The search for the highest rate, and what a measurement shows."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.latency import ServiceLevel, Shown
from evalsuite.errors import ConfigError
from evalsuite.latency_bench.bench import check_options, highest_rate, verdict
from evalsuite.latency_bench.records import BenchOptions, Measurement, Query


@given(st.floats(0.01, 500), st.floats(0.05, 100))
def test_the_search_closes_in_on_the_true_rate(true_rate: float, first: float) -> None:
    async def trial(rate: float) -> Shown:
        return "held" if rate <= true_rate else "missed"

    held, not_held, tried = asyncio.run(
        highest_rate(trial, first, most_rate=1000.0, most_trials=40)
    )
    assert held is not None and not_held is not None
    assert held <= true_rate < not_held <= held * 1.1 * (1 + 1e-9)
    assert len(tried) == len({rate for rate, _ in tried})


def test_the_search_is_bounded() -> None:
    async def always(rate: float) -> Shown:
        return "held"

    async def never(rate: float) -> Shown:
        return "not shown"

    held, not_held, tried = asyncio.run(highest_rate(always, 3.0, most_rate=20.0))
    assert (held, not_held) == (20.0, None)
    assert [rate for rate, _ in tried] == [3.0, 6.0, 12.0, 20.0]
    held, not_held, tried = asyncio.run(highest_rate(never, 8.0, most_rate=20.0, most_trials=3))
    assert (held, not_held) == (None, 2.0)
    assert [rate for rate, _ in tried] == [8.0, 4.0, 2.0]


def measured(seconds: list[float | None], *, stopped: str | None = None) -> Measurement:
    """Queries due every second that took so long; None failed."""
    queries = [
        Query(
            index=i,
            sample_id=str(i),
            due_seconds=float(i),
            sent_seconds=float(i),
            ended_seconds=i + (taken or 1.0),
            error_kind="timeout" if taken is None else None,
        )
        for i, taken in enumerate(seconds)
    ]
    return Measurement(
        system="s",
        task="t",
        options=BenchOptions(limits=ServiceLevel(end_to_end_seconds=1.0), queries=len(seconds)),
        evalsuite_version="0",
        hardware={},
        started_at=0.0,
        preparation_seconds=0.0,
        n_samples=1,
        in_flight_limit=None,
        most_in_flight=1,
        seconds=float(len(seconds)),
        queries=tuple(queries),
        stopped=stopped,
    )


def test_a_failed_query_keeps_no_limit() -> None:
    good: list[float | None] = [0.5] * 63
    assert verdict(measured([*good, 0.5])) == "held"
    assert verdict(measured([*good, None])) == "held"  # LoadGen's 64 with one over
    assert verdict(measured([*good[:62], None, None])) == "not shown"
    assert verdict(measured([*good[:50], *[None] * 14])) == "missed"
    assert verdict(measured([*good, 0.5], stopped="enough")) == "not shown"
    assert measured([0.5, None, None]).errors == {"timeout": 2}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (BenchOptions(scenario="server"), "needs a rate"),
        (BenchOptions(scenario="offline", rate=1.0), "a rate is of the server scenario"),
        (BenchOptions(queries=0), "at least one query"),
        (BenchOptions(attainment=1.0), "between 0 and 1"),
    ],
)
def test_options_that_cannot_be(options: BenchOptions, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check_options(options)
