"""Budgets against a priced server: what the server itself counted never exceeds them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import evalsuite
from evalsuite.errors import StoppedEarly
from tests.running.sums import expected_success, stub_system, sums_task, write_sums
from tests.servers.processes import StubServer, running_stub

N = 1500
CONCURRENCY = 256
INPUT_USD, OUTPUT_USD = 10.0, 100.0  # a million tokens
MAX_OUTPUT_TOKENS = 32


def experiment(folder: Path, server: StubServer, **keys: Any) -> Path:
    write_sums(folder / "sums.jsonl", N)
    task = sums_task(folder / "sums.jsonl", max_output_tokens=MAX_OUTPUT_TOKENS)
    content = {
        "name": "budget",
        "tasks": [task],
        "systems": {"m": stub_system(server, max_retries=0)},
        "concurrency": CONCURRENCY,
        **keys,
    }
    path = folder / "experiment.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def billed_usd(server: StubServer) -> float:
    """What the server would put on the bill, by its own count of tokens."""
    stats = server.stats()
    return (stats["prompt_tokens"] * INPUT_USD + stats["completion_tokens"] * OUTPUT_USD) / 1e6


def used_tokens(server: StubServer) -> int:
    stats = server.stats()
    return int(stats["prompt_tokens"] + stats["completion_tokens"])


def worst_call() -> tuple[float, int]:
    """Dollars and tokens that one call may take at most: a token a byte, and a chat template."""
    prompt = 60 + 40
    usd = (prompt * INPUT_USD + MAX_OUTPUT_TOKENS * OUTPUT_USD) / 1e6
    return usd, prompt + MAX_OUTPUT_TOKENS


def evalsuite_run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evalsuite", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_max_usd_is_kept_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    budget = 0.3
    out = tmp_path / "run"
    with running_stub(latency_ms=20) as server:
        path = experiment(tmp_path, server)
        stopped = evalsuite_run(path, "--out", out, "--max-usd", budget, "--quiet")
        assert stopped.returncode == 3, stopped.stderr
        says = stopped.stderr.strip().splitlines()[-1]
        assert "max_usd 0.3" in says
        assert "goes on" in says
        assert "Traceback" not in stopped.stderr
        assert budget - worst_call()[0] < billed_usd(server) <= budget
        asked = server.stats()["asked"]
        assert server.stats()["peak"] > 32  # the budget was shared, not handed out one by one

        part = evalsuite.load(out)
        assert not part.manifest.complete
        assert len(part.responses) == asked < N
        assert part.responses.usd.sum() == pytest.approx(billed_usd(server))
        assert part.calls.billed_usd.sum() == pytest.approx(billed_usd(server))

        done = evalsuite.run(path, out=out, max_usd=10)
        assert server.stats()["asked"] == N
    rows = {row["id"]: row for row in write_sums(tmp_path / "sums.jsonl", N)}
    assert len(done.responses) == N
    for response in done.responses.itertuples():
        assert response.success == expected_success(rows[response.sample_id])


def test_max_tokens_counts_all_sessions(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with running_stub(latency_ms=5) as server:
        path = experiment(tmp_path, server)
        for budget in (8_000, 12_000):
            with pytest.raises(StoppedEarly, match=f"max_tokens {budget}"):
                evalsuite.run(path, out=out, max_tokens=budget)
            assert budget - worst_call()[1] < used_tokens(server) <= budget
        stats = server.stats()
        with pytest.raises(StoppedEarly, match="max_tokens 12000"):  # nothing is left
            evalsuite.run(path, out=out, max_tokens=12_000)
        assert server.stats()["asked"] == stats["asked"]


def test_failures_that_may_have_been_billed_count_at_their_worst(tmp_path: Path) -> None:
    budget = 0.2
    with running_stub(latency_ms=5, fault_rate=0.5, retry_after_seconds=0.001) as server:
        path = experiment(tmp_path, server, max_usd=budget)
        with pytest.raises(StoppedEarly, match=r"max_usd 0\.2"):
            evalsuite.run(path, out=tmp_path / "run")
        stats = server.stats()
        doubtful = stats["faults"]["dropped"] + stats["faults"]["truncated"]
        worst = (40 * INPUT_USD + MAX_OUTPUT_TOKENS * OUTPUT_USD) / 1e6
        assert billed_usd(server) + doubtful * worst <= budget


def test_max_seconds_stops_a_session_and_the_next_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with running_stub(latency_ms=100) as server:
        path = experiment(tmp_path, server, concurrency=16)
        with pytest.raises(StoppedEarly, match=r"max_seconds 0\.5"):
            evalsuite.run(path, out=out, max_seconds=0.5)
        first = server.stats()
        assert 0 < first["ok"] == first["asked"] < N
        assert len(evalsuite.load(out).responses) == first["ok"]
        with pytest.raises(StoppedEarly):
            evalsuite.run(path, out=out, max_seconds=0.5)
        second = server.stats(contents=True)
        assert second["asked"] > first["asked"]
        assert len(second["contents"]) == second["asked"]  # nothing was asked twice


def test_a_budget_in_dollars_needs_prices(tmp_path: Path) -> None:
    with running_stub() as server:
        path = experiment(tmp_path, server)
        content = yaml.safe_load(path.read_text())
        del content["systems"]["m"]["usd_per_million_output_tokens"]
        path.write_text(yaml.safe_dump(content))
        done = evalsuite_run(path, "--out", tmp_path / "run", "--max-usd", 1, "--quiet")
        assert done.returncode == 2
        assert "system 'm' has no prices" in done.stderr
        assert server.stats()["asked"] == 0
