"""The gate's benchmarks, on few suites: that they say what the package does, and find misses."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from evalsuite.analysis.baseline import baseline_of
from evalsuite.analysis.gate import gate
from evalsuite.analysis.gate_config import load_gate_file
from tests.analysis.gated import run_of

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def loaded(name: str) -> ModuleType:
    spec = util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    return loaded("gate")


def test_few_suites_meet_the_targets_and_naive_rules_do_not(bench: ModuleType) -> None:
    found = bench.measure(25)
    assert bench.missed(found, exactly=False) == []
    text = bench.table(found)
    for name in bench.RULES:
        assert f"| {name} |" in text
    alarms = {name: found.tallies[name, "independent"].rate for name in bench.RULES}
    assert alarms["promptfoo-like, as it comes"] == alarms["deepeval-like, no case may flip"] == 1.0
    assert found.tallies[bench.TWO_STAGES, "independent"].calls < 0.6


def test_what_misses_a_target_is_named(bench: ModuleType) -> None:
    found = bench.measure(8)
    for scene in bench.SCENES:
        tally = found.tallies[bench.TWO_STAGES, scene.name]
        tally.n_blamed = 0 if scene.worse else tally.n
        tally.answers = 5 * tally.n
    lines = bench.missed(found, exactly=False)
    assert "false alarms independent: 1.000, target 0.05" in lines
    assert "power clustered, even: 0.000, target 0.9" in lines
    assert "calls clustered: 1.00 x, target 0.6 x" in lines


def test_the_rule_that_is_measured_is_the_rule_of_the_gate(
    bench: ModuleType, tmp_path: Path
) -> None:
    """Simulated suites as runs, through the whole gate: the same verdicts."""
    config = load_gate_file(None, {"metrics": ["success"]})
    blamed = []
    for suite in [*bench.suites(bench.SCENES[4], 6, seed=5), *bench.suites(bench.SCENES[0], 2, 9)]:
        words = [
            ["".join(str(int(hit)) for hit in row) for row in outcomes]
            for outcomes in (suite.baseline, suite.new[:, :1])
        ]
        labels = [f"c{cluster}" for cluster in suite.clusters]
        then, now = (run_of(tmp_path, {"small": {"t": side}}, clusters=labels) for side in words)
        expected = bench.one_stage(suite, 1).blamed
        assert (gate(now, baseline_of(then), config).verdict == "regressed") == expected
        blamed.append(expected)
    assert True in blamed and False in blamed


def test_a_damaged_checkpoint_is_caught_and_an_unchanged_one_is_not_blamed(
    tmp_path: Path,
) -> None:
    """An embedded model, sampled, 8 samples; then with noise of half its weights' spread."""
    runs = loaded("gate_embedded")
    setting = runs.prepare(tmp_path, ("ner/entities",), {"small": "embedded/nano"}, 8)
    runs.bless(setting)
    assert runs.gated(setting, "unchanged", seed=3).verdict != "regressed"
    result = runs.gated(setting, "damaged", seed=3, small=runs.damaged(setting, 0.5))
    assert result.verdict == "regressed"
    assert {item.system for item in result.of("regressed")} == {"small"}
    assert any("embedded/nano" in line for line in result.changed)
