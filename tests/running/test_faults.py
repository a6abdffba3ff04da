"""A fifth of all requests fail in one of five ways, and every answer is still accounted for."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evalsuite
from evalsuite.errors import StoppedEarly
from tests.running.sums import (
    expected_success,
    expected_text,
    stub_system,
    sums_task,
    write_sums,
)
from tests.servers.processes import StubServer, running_stub

N = 2000
KIND_OF = {
    "rate_limited": "rate_limited",
    "server_error": "server_error",
    "bad_gateway": "server_error",
    "dropped": "connection",
    "truncated": "malformed_reply",
}


def experiment(folder: Path, server: StubServer, n: int, **system: Any) -> dict[str, Any]:
    write_sums(folder / "sums.jsonl", n)
    return {
        "name": "faults",
        "tasks": [sums_task(folder / "sums.jsonl")],
        "systems": {"m": stub_system(server, **system)},
    }


def journalled(run: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(run / "journal.sqlite")) as connection:
        return connection.execute(query).fetchall()


def check_answers(done: evalsuite.Run, rows: list[dict[str, Any]]) -> int:
    """Every sample is there once, and right or a failure with its type; returns the failures."""
    responses = done.responses.set_index("sample_id")
    assert sorted(responses.index) == sorted(row["id"] for row in rows)
    failures = 0
    for row in rows:
        response = responses.loc[row["id"]]
        if response.status == "ok":
            assert response.text == expected_text(row)
            assert response.success == expected_success(row)
        else:
            failures += 1
            assert response.error_kind in set(KIND_OF.values())
            assert pd.isna(response.success)
            assert pd.isna(response.text)
    return failures


def test_every_sample_is_right_or_accounted_for(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with running_stub(fault_rate=0.2, retry_after_seconds=0.01, latency_ms=1) as server:
        content = experiment(tmp_path, server, N, max_retries=2)
        rows = write_sums(tmp_path / "sums.jsonl", N)
        done = evalsuite.run(content, out=out, concurrency=64)
        stats = server.stats()

        failures = check_answers(done, rows)
        # one in five three times over: 16 are expected, 2.9 standard deviations either way
        assert 4 <= failures <= 28
        calls = done.calls
        failed = calls[calls.status != "ok"]
        assert len(failed) == failures
        assert int((calls.status == "ok").sum()) == stats["ok"] == N - failures
        assert int((calls.retries + 1).sum()) == stats["asked"]
        assert sum(stats["faults"].values()) == stats["asked"] - stats["ok"]
        assert set(stats["faults"]) == set(KIND_OF)
        assert (failed.retries == 2).all()
        seen = Counter[str]()
        for fault, count in stats["faults"].items():
            seen[KIND_OF[fault]] += count
        for kind, count in Counter(failed.error_kind).items():
            assert count <= seen[kind]

        in_journal = "SELECT count(*), count(DISTINCT key) FROM calls WHERE status = 'ok'"
        assert journalled(out, in_journal) == [(stats["ok"], stats["ok"])]
        responses = (
            "SELECT count(*), count(DISTINCT task || system || sample_id || repeat) FROM responses"
        )
        assert journalled(out, responses) == [(N, N)]

        server.set_fault_rate(0.0)
        again = evalsuite.run(content, out=out, concurrency=64)
        after = server.stats()
        assert check_answers(again, rows) == 0
        assert after["asked"] - stats["asked"] == failures
        assert after["ok"] == N == journalled(out, in_journal)[0][0]


def test_a_failure_that_may_have_been_billed_makes_the_cost_unknown(tmp_path: Path) -> None:
    with running_stub(fault_rate=0.3, retry_after_seconds=0.01, seed=3) as server:
        done = evalsuite.run(experiment(tmp_path, server, 200), out=tmp_path / "run")
        stats = server.stats()
    ok = done.calls[done.calls.status == "ok"]
    assert (ok.usd.notna() | (ok.retries > 0)).all()
    priced = ok[ok.usd.notna()]
    assert priced.usd.tolist() == pytest.approx(
        ((priced.input_tokens * 10 + priced.output_tokens * 100) / 1e6).tolist()
    )
    doubtful = stats["faults"]["dropped"] + stats["faults"]["truncated"]
    # a call that only ever met faults that cost nothing has failed, and its cost is known: 0
    assert 0 < int(done.calls.usd.isna().sum()) <= doubtful


def test_too_many_failures_stop_the_run_early(tmp_path: Path) -> None:
    with running_stub(fault_rate=0.2, retry_after_seconds=0.01) as server:
        content = experiment(tmp_path, server, N, max_retries=0)
        with pytest.raises(StoppedEarly, match=r"answers failed .*max_errors 5%"):
            evalsuite.run(content, out=tmp_path / "run", max_errors="5%", concurrency=16)
        stats = server.stats()
        done = evalsuite.load(tmp_path / "run")
        assert stats["asked"] == len(done.responses) < N / 10
        assert int((done.responses.status == "ok").sum()) == stats["ok"]

        server.set_fault_rate(0.0)
        whole = evalsuite.run(content, out=tmp_path / "run", concurrency=64)
        assert check_answers(whole, write_sums(tmp_path / "sums.jsonl", N)) == 0
        assert server.stats()["ok"] == N
