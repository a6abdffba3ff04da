from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evalsuite.analysis.baseline import Baseline, baseline_of
from evalsuite.analysis.gate import gate
from evalsuite.errors import ConfigError
from evalsuite.store import Run
from tests.analysis.gated import RIGHT, asks, changed_samples, lost, only, run_of, without_samples


@pytest.fixture
def good(tmp_path: Path) -> Run:
    return run_of(tmp_path / "good", {"small": {"t": RIGHT}})


@pytest.fixture
def blessed(good: Run) -> Baseline:
    return baseline_of(good)


def mismatched(tmp_path: Path, kind: str, good: Run) -> Run:
    if kind == "prompt":
        return changed_samples(good, "messages", {"t-7": '[{"role":"user","content":"?"}]'})
    if kind == "samples":
        return changed_samples(good, "target", {"t-3": '"no"', "t-5": '"no"'})
    if kind == "missing":
        return run_of(tmp_path, {"other": {"t": RIGHT}})
    if kind == "scorer":
        entry = msgspec.structs.replace(good.manifest.tasks[0], version=2)
        return run_of(tmp_path, {"small": {"t": RIGHT}}, tasks=(entry,))
    value = {"sandbox": {"sandbox": "none"}, "version": {"evalsuite_version": "9.9"}}[kind]
    return run_of(tmp_path, {"small": {"t": RIGHT}}, **value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("prompt", "t: 1 of 40 samples (t-7) are asked with another prompt"),
        ("samples", "t: 2 of 40 samples (t-3, t-5) differ in inputs, target, metadata or cluster"),
        ("missing", "small: no answers in this run to t"),
        ("scorer", "t: version 1 in the baseline, 2 now"),
        ("sandbox", "code ran in sandbox 'full', in this run in 'none'"),
        ("version", "scored by evalsuite 0.1.0, this run by 9.9: scorers may differ"),
    ],
)
def test_what_differs_is_refused_by_name_unless_allowed(
    tmp_path: Path, good: Run, blessed: Baseline, kind: str, text: str
) -> None:
    run = mismatched(tmp_path, kind, good)
    result = gate(run, blessed)
    assert (result.verdict, result.exit_code) == ("incompatible", 5)
    assert [(item.kind, item.text) for item in result.mismatches] == [(kind, text)]
    assert result.findings == ()
    allowed = gate(run, blessed, asks(allow=[kind]))
    assert allowed.verdict == ("inconclusive" if kind == "missing" else "pass")
    assert any(kind in note for note in allowed.notes)


def test_samples_that_came_and_went_are_named(good: Run, blessed: Baseline) -> None:
    fewer = without_samples(good, [f"t-{i}" for i in range(5)])
    [gone] = gate(fewer, blessed).mismatches
    assert (
        gone.text
        == "t: 5 of 40 samples (t-0, t-1, t-2 and 2 more) of the baseline are not in this run"
    )
    [came] = gate(good, baseline_of(fewer)).mismatches
    assert "of this run are not in the baseline" in came.text
    assert only(gate(fewer, blessed, asks(allow=["samples"]))).test.n_samples == 35  # type: ignore[union-attr]


def test_a_changed_system_is_judged_not_refused(tmp_path: Path, blessed: Baseline) -> None:
    run = run_of(tmp_path, {"small": {"t": lost(6)}}, prints={"small": "b" * 16})
    result = gate(run, blessed)
    assert result.verdict == "regressed"
    assert result.changed == (
        f"small: {'f' * 16} -> {'b' * 16} (the same configuration, other content)",
    )


def test_what_is_new_is_named_and_not_gated(tmp_path: Path, blessed: Baseline) -> None:
    run = run_of(tmp_path, {"small": {"t": RIGHT, "u": ["1"]}, "new": {"t": RIGHT}})
    result = gate(run, blessed)
    assert {item.system for item in result.findings} == {"small"}
    assert result.notes == ("not gated, because the baseline does not have it: new, u",)


def test_names_that_the_baseline_does_not_have(good: Run, blessed: Baseline) -> None:
    with pytest.raises(ConfigError, match="no system 'smal'; did you mean 'small'"):
        gate(good, blessed, asks(systems=["smal"]))
    with pytest.raises(ConfigError, match="no task 'zzz'; it has t"):
        gate(good, blessed, asks(tasks=["zzz"]))
