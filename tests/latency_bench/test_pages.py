"""What a person reads: failures, unknown times and small numbers are said in words."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from evalsuite.analysis.latency import ServiceLevel
from evalsuite.latency_bench.pages import measurement_page, rate_page
from evalsuite.latency_bench.records import BenchOptions, Measurement, Query, RateFound


def page(measured: Measurement) -> str:
    console = Console(width=140, record=True, highlight=False, soft_wrap=True)
    with console.capture() as capture:
        console.print(measurement_page(measured))
    return capture.get()


def query(index: int, **changes: Any) -> Query:
    """Due each second, sent at once, answered after 0.5 s: 0.1 waiting, 0.2 to the first of 5."""
    stated: dict[str, Any] = {
        "index": index,
        "sample_id": str(index),
        "due_seconds": float(index),
        "sent_seconds": float(index),
        "ended_seconds": index + 0.5,
        "queue_seconds": 0.1,
        "service_seconds": 0.4,
        "first_token_seconds": 0.2,
        "input_tokens": 10,
        "output_tokens": 5,
        "n_calls": 1,
        "usd": 0.001,
    }
    return Query(**{**stated, **changes})


def measured(*queries: Query, **changes: Any) -> Measurement:
    stated: dict[str, Any] = {
        "system": "large",
        "task": "sums/small",
        "options": BenchOptions(scenario="server", rate=1.0, queries=len(queries), warmup=0),
        "evalsuite_version": "0",
        "hardware": {},
        "started_at": 0.0,
        "preparation_seconds": 0.0,
        "n_samples": 100,
        "in_flight_limit": 7,
        "most_in_flight": 1,
        "seconds": 10.0,
        "queries": queries,
    }
    return Measurement(**{**stated, **changes})


def failed(index: int) -> Query:
    return query(
        index,
        error_kind="timeout",
        queue_seconds=None,
        service_seconds=None,
        first_token_seconds=None,
        output_tokens=None,
        usd=None,
    )


def test_times_by_hand() -> None:
    said = page(measured(*[query(i) for i in range(10)]))
    rows = {line[:12].strip(): line.split() for line in said.splitlines()}
    assert rows["end to end"][4:6] == ["500", "ms"]
    assert rows["first token"][3:5] == ["300", "ms"]  # 0.5 - 0.4 + 0.2
    assert rows["per token"][3:5] == ["50", "ms"]  # 0.2 s for four tokens
    assert rows["waiting"][2:4] == ["100", "ms"]
    assert "at most 1 in flight, 7 allowed at the endpoint" in said
    assert "throughput 1.00 queries/s, 5.00 output tokens/s" in said
    assert "cost $0.0100" in said
    assert "different samples" not in said


def test_failures_are_beside_the_percentiles_and_make_the_cost_unknown() -> None:
    said = page(measured(*[query(i) for i in range(9)], failed(9)))
    assert "failed: 1 of 10 (timeout 1), in no percentile" in said
    assert "failed ones as never answered: p50 500 ms, p90 never, p95 never, p99 never" in said
    assert "cost unknown" in said
    nothing = page(measured(failed(0)))
    assert "failed: 1 of 1 (timeout 1), in no percentile" in nothing


def test_a_time_that_some_lack_is_left_out() -> None:
    """Those of some would be of the easy ones: a cascade's second call has no first token."""
    hard = query(1, n_calls=2, service_seconds=None, first_token_seconds=None, queue_seconds=None)
    said = page(measured(query(0), hard))
    assert "end to end" in said
    assert "\nfirst token" not in said and "\nservice" not in said
    assert "no time to first token" in said


def test_goodput_that_nobody_knows_is_not_a_number() -> None:
    limits = ServiceLevel(ttft_seconds=1.0)
    options = BenchOptions(scenario="server", rate=1.0, queries=1, limits=limits)
    said = page(measured(query(0, first_token_seconds=None), options=options))
    assert "goodput (first token 1.00 s) unknown: of 1 queries a time is not known" in said


def test_what_ended_early_or_was_late_is_said() -> None:
    said = page(measured(query(0, sent_seconds=0.25), stopped="max_seconds 3 are over"))
    assert "cut short: max_seconds 3 are over; 1 of 1 queries" in said
    assert "sent up to 250 ms late by this machine" in said


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            RateFound(
                highest_held=5.0,
                lowest_not_held=7.07,
                trials=((5.0, "held"), (10.0, "missed"), (7.07, "not shown")),
            ),
            "highest rate shown to hold the limits: 5/s; lowest above it that was not: 7.07/s",
        ),
        (
            RateFound(highest_held=None, lowest_not_held=1.0, trials=((1.0, "missed"),)),
            "no rate that was tried was shown to hold the limits",
        ),
    ],
)
def test_a_search_in_words(found: RateFound, words: str) -> None:
    console = Console(width=140)
    with console.capture() as capture:
        console.print(rate_page(found, "large"))
    assert words in capture.get()
