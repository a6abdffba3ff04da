from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalsuite.analysis.baseline import Baseline, baseline_of
from evalsuite.analysis.gate import gate
from evalsuite.store import Run
from tests.analysis.gated import RIGHT, asks, only, run_of, with_manifest


@pytest.fixture
def good(tmp_path: Path) -> Run:
    return run_of(tmp_path / "good", {"small": {"t": RIGHT}})


@pytest.fixture
def blessed(good: Run) -> Baseline:
    return baseline_of(good)


def test_unreadable_answers_are_gated_by_themselves(tmp_path: Path) -> None:
    then = baseline_of(run_of(tmp_path, {"small": {"t": ["0"] * 40}}))
    now = run_of(tmp_path, {"small": {"t": ["f"] * 7 + ["0"] * 33}})
    result = gate(now, then)
    assert only(result).verdict == "inconclusive"  # no success then or now
    found = only(result, "format")
    assert found.verdict == "regressed" and found.test is not None
    assert found.test.run == pytest.approx(33 / 40)


def test_dearer_successes_are_a_regression(tmp_path: Path, blessed: Baseline) -> None:
    result = gate(run_of(tmp_path, {"small": {"t": RIGHT}}, usd=0.0015), blessed)
    found = only(result, "cost")
    assert found.verdict == "regressed" and found.test is not None
    assert found.test.change.value == pytest.approx(1.5)
    assert only(result).verdict == "pass"
    cheaper = gate(run_of(tmp_path, {"small": {"t": RIGHT}}, usd=0.0005), blessed)
    assert only(cheaper, "cost").verdict == "pass"


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ({}, {"usd": None}, "cost of 40 samples unknown in this run"),
        ({"usd": None}, {}, "cost of 40 samples unknown in the baseline"),
        ({"usd": 0.0}, {}, "no dollars, or no success to divide them by"),
        ({}, {"basis": "recorded"}, "dollars rest on tokens in the baseline, on recorded now"),
        ({}, {"basis": "machine_hour"}, "a price by the machine-hour depends on the machine"),
    ],
)
def test_a_cost_that_cannot_be_compared_is_not_gated(
    tmp_path: Path, then: dict[str, Any], now: dict[str, Any], why: str
) -> None:
    blessed = baseline_of(run_of(tmp_path, {"small": {"t": RIGHT}}, **then))
    run = run_of(tmp_path, {"small": {"t": RIGHT}}, **now)
    found = only(gate(run, blessed), "cost")
    assert found.verdict == "not gated" and found.why.startswith(why)
    named = gate(run, blessed, asks(metrics=["success", "cost"]))
    assert only(named, "cost").verdict == "inconclusive"  # asked for by name: no pass by absence
    assert named.verdict == "inconclusive"


def test_latency_is_gated_on_one_machine_only(tmp_path: Path) -> None:
    then = run_of(tmp_path, {"small": {"t": RIGHT}}, seconds=1.0)
    slow = run_of(tmp_path, {"small": {"t": RIGHT}}, seconds=2.0)
    config = asks(metrics=["latency"], same_machine=True)
    timed = baseline_of(then, timings=True)
    assert only(gate(slow, timed, config), "latency").verdict == "regressed"
    assert only(gate(then, timed, config), "latency").verdict == "pass"
    refusals = {
        "depends on the machine": gate(slow, baseline_of(then), config),
        "latency depends": gate(slow, timed, asks(metrics=["latency"])),
        "of another machine: cpu_count 2 / 64": gate(
            with_manifest(slow, hardware={"cpu_count": 64, "cpu": "a <fast> one"}), timed, config
        ),
        "concurrency was 4 in the baseline, is 9 now": gate(
            with_manifest(slow, concurrency=9), timed, config
        ),
        "40 of 40 samples have no latency": gate(
            run_of(tmp_path, {"small": {"t": RIGHT}}, seconds=None), timed, config
        ),
    }
    for why, result in refusals.items():
        assert why in only(result, "latency").why
        assert result.verdict == "inconclusive"
