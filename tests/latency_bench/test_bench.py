"""Real systems under load: an endpoint in a process of its own, a hybrid, a classical model."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evalsuite import api
from evalsuite.analysis.latency import ServiceLevel
from evalsuite.errors import ConfigError, UserError
from evalsuite.experiment import Experiment
from evalsuite.latency_bench import BenchOptions, Measurement, bench_latency, find_rate
from evalsuite.latency_bench.bench import NothingMeasured
from tests.servers.processes import StubServer, running_stub


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    with running_stub(latency_ms=5) as running:
        yield running


def content(folder: Path, server: StubServer, **settings: Any) -> dict[str, Any]:
    """Sums for "small", "large" and a cascade of the two."""
    rows = [f"What is {i} + {i + 3}?,{2 * i + 3}" for i in range(20)]
    (folder / "sums.csv").write_text("\n".join(["question,total", *rows]))
    model = {"backend": "openai", "base_url": server.base_url, "stream": True, "logprobs": True}
    priced = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 4.0}
    return {
        "name": "sums",
        "tasks": [
            {
                "name": "sums/small",
                "data": str(folder / "sums.csv"),
                "prompt": "{{ question }}",
                "target": "total",
                "scorer": "number",
            }
        ],
        "systems": {
            "small": {**model, "model": "small", **priced},
            "large": {**model, "model": "large", **priced, "max_concurrency": 3},
            "unpriced": {**model, "model": "large"},
            "both": {
                "hybrid": "cascade",
                "tiers": ["small", "large"],
                "signal": "mean_logprob",
                "threshold": -0.1,
            },
        },
        **settings,
    }


def measure(experiment: Experiment, system: str, **options: Any) -> Measurement:
    return asyncio.run(
        bench_latency(experiment, experiment.tasks[0], system, BenchOptions(**options))
    )


def test_an_endpoint_under_poisson_arrivals(tmp_path: Path, server: StubServer) -> None:
    before = server.stats()["ok"]
    found = measure(
        api.check(content(tmp_path, server)),
        "small",
        scenario="server",
        rate=200.0,
        queries=40,
        warmup=4,
        limits=ServiceLevel(ttft_seconds=60.0, end_to_end_seconds=60.0),
    )
    assert server.stats()["ok"] - before == 44, "each query is asked, and the warm-up besides"
    assert len(found.queries) == 40 and found.errors == {} and found.stopped is None
    assert found.n_samples == 20 and found.in_flight_limit == 1024
    timings = found.timings()
    assert (timings.end_to_end_seconds >= 0.005).all(), "the server takes 5 ms"
    assert (timings.ttft_seconds <= timings.end_to_end_seconds).all()
    assert (timings.output_tokens == 6).all()
    assert all(query.usd is not None and query.n_calls == 1 for query in found.queries)
    assert all(query.sent_seconds >= query.due_seconds for query in found.queries)
    read_again = msgspec.json.decode(msgspec.json.encode(found), type=Measurement)
    assert read_again == found


def test_a_cap_of_the_experiment_is_kept_and_its_waiting_is_latency(
    tmp_path: Path, server: StubServer
) -> None:
    """12 at once, 3 at a time, 5 ms each: the last have waited for three rounds before theirs."""
    experiment = api.check(content(tmp_path, server))
    found = measure(experiment, "large", scenario="offline", queries=12, warmup=3)
    assert found.in_flight_limit == 3
    ended = sorted(query.ended_seconds for query in found.queries)
    assert ended[-1] >= 4 * 0.005
    timings = found.timings()
    assert timings.queue_seconds.max() >= 3 * 0.005 - 0.001
    assert found.most_in_flight == 12, "all were sent by us; the endpoint saw 3"


def test_a_hybrid_is_measured_end_to_end(tmp_path: Path, server: StubServer) -> None:
    experiment = api.check(content(tmp_path, server))
    found = measure(experiment, "both", queries=20, warmup=0)
    assert {query.n_calls for query in found.queries} == {1, 2}
    for query in found.queries:
        assert (query.first_token_seconds is None) == (query.n_calls == 2)
        assert query.ended_seconds - query.due_seconds >= 0.005 * query.n_calls


def test_a_classical_model_is_fitted_before_the_load() -> None:
    name = "classical/logistic_regression"
    experiment = api.check(api.ad_hoc(["tabular/rows"], [name]), limit=10, train_limit=100)
    found = measure(experiment, name, scenario="offline", queries=30, warmup=2)
    assert found.preparation_seconds > 0
    assert found.in_flight_limit is None and len(found.queries) == 30
    assert all(query.service_seconds is not None for query in found.queries)


def test_failures_are_queries_without_a_latency(tmp_path: Path) -> None:
    with running_stub(fault_rate=1.0, retry_after_seconds=0.001) as broken:
        wanted = content(tmp_path, broken)
        wanted["systems"]["small"]["max_retries"] = 0
        found = measure(api.check(wanted), "small", queries=10, warmup=0)
    assert sum(found.errors.values()) == 10
    assert found.timings().n_failed == 10
    assert not found.timings().answered.any()


def test_a_budget_ends_the_load_and_keeps_what_there_is(tmp_path: Path, server: StubServer) -> None:
    experiment = api.check(content(tmp_path, server, max_tokens=2000))
    found = measure(experiment, "small", queries=500, warmup=0)
    assert 0 < len(found.queries) < 500
    assert found.stopped is not None and "max_tokens 2000" in found.stopped


def test_what_cannot_be_measured_says_so(tmp_path: Path, server: StubServer) -> None:
    with pytest.raises(UserError, match="max_usd cannot be kept"):
        measure(api.check(content(tmp_path, server, max_usd=1.0)), "unpriced", queries=2)
    recorded = tmp_path / "answers.csv"
    recorded.write_text("question,answer\nWhat is 0 + 3?,3\n")
    experiment = content(tmp_path, server)
    experiment["systems"]["replayed"] = {
        "backend": "replay",
        "file": str(recorded),
        "columns": {"inputs.question": "question", "text": "answer"},
    }
    with pytest.raises(UserError, match="no latency to measure"):
        measure(api.check(experiment, limit=1), "replayed", queries=2)
    with pytest.raises(ConfigError, match="has no end"):
        asyncio.run(_endless())


async def _endless() -> None:
    from dataclasses import replace

    experiment = api.check(api.ad_hoc(["tabular/rows"], ["classical/majority"]))
    planned = replace(experiment.tasks[0], limit=None)
    await bench_latency(experiment, planned, "classical/majority", BenchOptions())


def test_the_highest_rate_is_searched(tmp_path: Path, server: StubServer) -> None:
    experiment = api.check(content(tmp_path, server))
    options = BenchOptions(
        scenario="server",
        rate=100.0,
        queries=8,
        warmup=1,
        attainment=0.5,
        limits=ServiceLevel(end_to_end_seconds=120.0),
    )
    found = asyncio.run(
        find_rate(experiment, experiment.tasks[0], "small", options, most_rate=400.0)
    )
    assert found.highest_held == 400.0 and found.lowest_not_held is None
    assert [rate for rate, _ in found.trials] == [100.0, 200.0, 400.0]
    few = msgspec.structs.replace(options, attainment=0.99)
    with pytest.raises(ConfigError, match="8 queries cannot show"):
        asyncio.run(find_rate(experiment, experiment.tasks[0], "small", few))


def test_a_load_that_ends_before_its_first_query_says_so(
    tmp_path: Path, server: StubServer
) -> None:
    """At one query in 1,000 s the first is due after the end."""
    experiment = api.check(content(tmp_path, server))
    slow: dict[str, Any] = {"scenario": "server", "rate": 0.001, "max_seconds": 0.01, "warmup": 0}
    with pytest.raises(NothingMeasured, match=r"no query was answered: max_seconds 0\.01 are over"):
        measure(experiment, "small", **slow)
    limits = ServiceLevel(end_to_end_seconds=1.0)
    found = asyncio.run(
        find_rate(
            experiment,
            experiment.tasks[0],
            "small",
            BenchOptions(**slow, limits=limits),
            most_rate=0.001,
            most_trials=2,
        )
    )
    assert (found.highest_held, found.measurements) == (None, ())
    assert [outcome for _, outcome in found.trials] == ["not shown", "not shown"]


def test_ctrl_c_gives_what_there_is(tmp_path: Path, server: StubServer) -> None:
    (tmp_path / "sums.json").write_text(json.dumps(content(tmp_path, server)))
    command = [sys.executable, "-m", "evalsuite", "bench-latency", "sums.json", "-s", "small"]
    load = ["--scenario", "server", "--rate", "20", "--queries", "100000", "--json", "found.json"]
    before = server.stats()["ok"]
    process = subprocess.Popen(
        [*command, *load], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while server.stats()["ok"] - before < 20 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "finishing what is in flight" in told
    assert "cut short: stopped by Ctrl-C" in said
    (written,) = json.loads((tmp_path / "found.json").read_text())["measurements"]
    assert 0 < len(written["queries"]) < 100_000
