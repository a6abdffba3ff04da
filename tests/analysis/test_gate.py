from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalsuite.analysis.baseline import Baseline, baseline_of
from evalsuite.analysis.gate import gate
from evalsuite.analysis.gate_config import GateFile, load_gate_file
from evalsuite.analysis.gate_result import Finding, GateResult
from evalsuite.errors import ConfigError, UserError
from evalsuite.store import Run
from tests.analysis.gated import changed_samples, run_of, without_samples

RIGHT = ["1"] * 40


def lost(n: int, of: int = 40) -> list[str]:
    return ["0"] * n + ["1"] * (of - n)


def asks(**keys: Any) -> GateFile:
    return load_gate_file(None, keys)


def only(result: GateResult, metric: str = "success", system: str = "small") -> Finding:
    [found] = [item for item in result.findings if item.metric == metric and item.system == system]
    return found


@pytest.fixture
def good(tmp_path: Path) -> Run:
    return run_of(tmp_path / "good", {"small": {"t": RIGHT}})


@pytest.fixture
def blessed(good: Run) -> Baseline:
    return baseline_of(good)


# -- the three verdicts ---------------------------------------------------------------------------


def test_a_proven_loss_is_a_regression(tmp_path: Path, blessed: Baseline) -> None:
    result = gate(run_of(tmp_path, {"small": {"t": lost(6)}}, usd=0.001), blessed)
    found = only(result)
    assert (result.verdict, result.exit_code) == ("regressed", 1)
    assert found.verdict == "regressed"
    assert found.test is not None and found.test.p_value == 2**-6
    assert [flip.sample_id for flip in result.flips] == [f"t-{i}" for i in range(6)]
    assert result.n_flips == 6


def test_a_loss_that_may_be_chance_is_not(tmp_path: Path, blessed: Baseline) -> None:
    result = gate(run_of(tmp_path, {"small": {"t": lost(4)}}), blessed)  # 2^-4 = .0625
    assert (result.verdict, result.exit_code) == ("inconclusive", 0)
    assert only(result).samples_needed is not None
    strict = gate(run_of(tmp_path, {"small": {"t": lost(4)}}), blessed, asks(strict=True))
    assert (strict.verdict, strict.exit_code) == ("inconclusive", 4)


def test_the_very_same_answers_pass(good: Run, blessed: Baseline) -> None:
    result = gate(good, blessed)
    assert (result.verdict, result.exit_code) == ("pass", 0)
    assert only(result).why == "every answer is the one the baseline has"
    assert only(result).adjusted_p is None  # nothing differs, so nothing could have failed


def test_a_large_suite_passes_by_its_bound(tmp_path: Path) -> None:
    then = run_of(tmp_path, {"small": {"t": lost(10, 2000)}})
    now = run_of(tmp_path, {"small": {"t": lost(12, 2000)}}, texts={"1": "other words"})
    found = only(gate(now, baseline_of(then)))
    assert found.verdict == "pass" and found.why == ""
    assert found.test is not None and found.test.loss.high is not None
    assert found.test.loss.high < 0.02


def test_a_loss_below_the_smallest_effect_is_not_blamed(tmp_path: Path) -> None:
    then = baseline_of(run_of(tmp_path, {"small": {"t": ["1"] * 2000}}))
    now = run_of(tmp_path, {"small": {"t": lost(10, 2000)}})  # half a point, p = 2^-10
    found = only(gate(now, then))
    assert found.adjusted_p is not None and found.adjusted_p < 0.01
    assert found.verdict == "pass"
    blamed = only(gate(now, then, asks(metrics={"success": {"min_effect": 0.005}})))
    assert blamed.verdict == "regressed"


def test_many_comparisons_are_corrected_together(tmp_path: Path) -> None:
    systems = [f"s{i}" for i in range(4)]
    then = baseline_of(run_of(tmp_path, {name: {"t": RIGHT} for name in systems}))
    one = run_of(tmp_path, {name: {"t": lost(6 if name == "s0" else 1)} for name in systems})
    config = asks(metrics=["success"])
    result = gate(one, then, config)
    assert result.n_comparisons == 4
    assert only(result, system="s0").adjusted_p == pytest.approx(4 * 2**-6)
    assert result.verdict == "inconclusive"
    alone = gate(one, then, asks(metrics=["success"], systems=["s0"]))
    assert alone.verdict == "regressed"


def test_what_cannot_fail_does_not_count_in_the_correction(tmp_path: Path) -> None:
    systems = [f"s{i}" for i in range(4)]
    then = baseline_of(run_of(tmp_path, {name: {"t": RIGHT} for name in systems}))
    now = run_of(tmp_path, {name: {"t": lost(6 if name == "s0" else 0)} for name in systems})
    result = gate(now, then, asks(metrics=["success"]))
    assert result.n_comparisons == 1
    assert only(result, system="s0").verdict == "regressed"


# -- failures -------------------------------------------------------------------------------------


def test_failed_answers_are_no_regression(tmp_path: Path, blessed: Baseline) -> None:
    result = gate(
        run_of(tmp_path, {"small": {"t": ["x"] + ["1"] * 39}}), blessed, asks(max_errors=1)
    )
    assert only(result).n_left_out == 1 and only(result).test is not None
    [failures] = result.failures
    assert (failures.n, failures.n_answers, failures.kinds) == (1, 40, {"timeout": 1})
    assert result.verdict != "regressed" and not failures.over_budget


@pytest.mark.parametrize("letter, kind", [("x", "timeout"), ("s", "scorer_error")])
def test_too_many_of_them_and_nothing_is_judged(
    tmp_path: Path, blessed: Baseline, letter: str, kind: str
) -> None:
    words = [letter] * 2 + ["0"] * 38
    result = gate(run_of(tmp_path, {"small": {"t": words}}), blessed)
    assert (result.verdict, result.exit_code) == ("unreliable", 3)
    assert result.failures[0].kinds == {kind: 2} and result.findings == ()
    judged = gate(run_of(tmp_path, {"small": {"t": words}}), blessed, asks(max_errors="10%"))
    assert judged.verdict == "regressed"


def test_the_budget_is_of_each_system_in_each_task(tmp_path: Path) -> None:
    then = {name: {"t": RIGHT, "u": RIGHT} for name in ("small", "large")}
    now = {**then, "small": {"t": ["x"] * 3 + ["1"] * 37, "u": RIGHT}}  # 3 of 160, 3 of 40
    result = gate(run_of(tmp_path, now), baseline_of(run_of(tmp_path, then)))
    assert result.verdict == "unreliable"
    assert [(item.system, item.task) for item in result.failures] == [("small", "t")]


def test_a_run_that_stopped_early_is_not_judged(tmp_path: Path, blessed: Baseline) -> None:
    stopped = run_of(tmp_path, {"small": {"t": lost(6)}}, complete=False, stopped="max_usd reached")
    result = gate(stopped, blessed)
    assert (result.verdict, result.stopped) == ("unreliable", "max_usd reached")


# -- pins -----------------------------------------------------------------------------------------


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
    value = {"sandbox": {"sandbox": "rlimits"}, "version": {"evalsuite_version": "9.9"}}[kind]
    return run_of(tmp_path, {"small": {"t": RIGHT}}, **value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("prompt", "t: 1 of 40 samples (t-7) are asked with another prompt"),
        ("samples", "t: 2 of 40 samples (t-3, t-5) differ in inputs, target, metadata or cluster"),
        ("missing", "small: no answers in this run to t"),
        ("scorer", "t: version 1 in the baseline, 2 now"),
        ("sandbox", "code ran in sandbox 'namespaces', in this run in 'rlimits'"),
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


# -- other figures --------------------------------------------------------------------------------


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
            msgspec_run(slow, hardware={"cpu_count": 64, "cpu": "a <fast> one"}), timed, config
        ),
        "concurrency was 4 in the baseline, is 9 now": gate(
            msgspec_run(slow, concurrency=9), timed, config
        ),
        "40 of 40 samples have no latency": gate(
            run_of(tmp_path, {"small": {"t": RIGHT}}, seconds=None), timed, config
        ),
    }
    for why, result in refusals.items():
        assert why in only(result, "latency").why
        assert result.verdict == "inconclusive"


def msgspec_run(run: Run, **manifest: Any) -> Run:
    from dataclasses import replace

    return replace(run, manifest=msgspec.structs.replace(run.manifest, **manifest))


# -- critical samples -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "verdict"),
    [("1", "pass"), ("0", "failed"), ("f", "failed"), ("011", "pass"), ("01", "failed"),
     ("x1", "pass"), ("x0", "failed")],
)  # fmt: skip
def test_a_critical_sample_passes_with_most_of_its_answers(
    tmp_path: Path, blessed: Baseline, word: str, verdict: str
) -> None:
    config = asks(critical={"t": ["t-9"]}, max_errors=1)
    words = [*RIGHT[:9], word, *RIGHT[10:]]
    result = gate(run_of(tmp_path, {"small": {"t": words}}), blessed, config)
    [critical] = result.criticals
    assert (critical.verdict, critical.before, critical.now) == (verdict, "1", word)
    assert (result.verdict == "regressed") == (verdict == "failed")


def test_a_critical_sample_without_a_score_is_no_pass(tmp_path: Path, blessed: Baseline) -> None:
    words = [*RIGHT[:9], "x", *RIGHT[10:]]
    result = gate(
        run_of(tmp_path, {"small": {"t": words}}),
        blessed,
        asks(critical={"t": ["t-9"]}, max_errors=1),
    )
    assert result.criticals[0].verdict == "unknown"
    assert result.verdict == "inconclusive"


def test_critical_names_are_checked(good: Run, blessed: Baseline) -> None:
    with pytest.raises(ConfigError, match="t has no sample 't-99'; did you mean 't-9'"):
        gate(good, blessed, asks(critical={"t": ["t-99"]}))
    with pytest.raises(ConfigError, match="'zzz' is not gated; it has t"):
        gate(good, blessed, asks(critical={"zzz": ["t-9"]}))


# -- two stages -----------------------------------------------------------------------------------


class Asker:
    """Stands for running the experiment again: gives prepared runs, remembers for what."""

    def __init__(self, *runs: Run) -> None:
        self.runs = runs
        self.asked: list[tuple[str, str]] = []

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Run]:
        self.asked += pairs
        return self.runs


def test_only_what_looks_doubtful_is_asked_again(tmp_path: Path) -> None:
    systems = ("small", "large")
    then = baseline_of(run_of(tmp_path, {name: {"t": ["11111"] * 40} for name in systems}))
    now = run_of(tmp_path, {"small": {"t": lost(3)}, "large": {"t": lost(0)}})
    cleared = Asker(run_of(tmp_path, {"small": {"t": ["01111"] * 3 + ["11111"] * 37}}))
    result = gate(now, then, ask_again=cleared)
    assert cleared.asked == [("t", "small")]
    assert result.verdict == "inconclusive" and result.n_asked_again == 1
    assert only(result).asked_again and only(result).repeats_now == 5
    assert not only(result, system="large").asked_again
    proven = Asker(run_of(tmp_path, {"small": {"t": ["00000"] * 6 + ["11111"] * 34}}))
    assert gate(now, then, ask_again=proven).verdict == "regressed"


def test_without_asking_again_a_doubtful_system_is_judged_on_what_there_is(
    tmp_path: Path,
) -> None:
    then = baseline_of(run_of(tmp_path, {"small": {"t": RIGHT}}))
    now = run_of(tmp_path, {"small": {"t": lost(6)}})
    nobody = Asker()
    unchanged = run_of(tmp_path, {"small": {"t": RIGHT}})
    assert gate(unchanged, then, ask_again=nobody).verdict == "pass"
    assert nobody.asked == []
    assert gate(now, then).verdict == "regressed"


def test_the_correction_counts_what_was_not_asked_again(tmp_path: Path) -> None:
    """What the screen let go could have been asked again, so it stays in the family."""
    systems = [f"s{i}" for i in range(4)]
    then = baseline_of(run_of(tmp_path, {name: {"t": RIGHT} for name in systems}))
    first = {name: {"t": lost(1)} for name in systems}
    now = run_of(tmp_path, {**first, "s0": {"t": lost(6)}})
    again = Asker(run_of(tmp_path, {"s0": {"t": ["00"] * 6 + ["11"] * 34}}))
    result = gate(now, then, asks(metrics=["success"]), ask_again=again)
    assert again.asked == [("t", "s0")]
    assert only(result, system="s0").adjusted_p == pytest.approx(4 * 2**-6)
    assert [only(result, system=name).adjusted_p for name in systems[1:]] == [1.0] * 3


def test_a_failing_critical_sample_is_tried_again(tmp_path: Path, blessed: Baseline) -> None:
    now = run_of(tmp_path, {"small": {"t": lost(1)}})
    again = Asker(run_of(tmp_path, {"small": {"t": ["01111"] + ["11111"] * 39}}))
    config = asks(critical={"t": ["t-0"]}, screen=0.01)
    result = gate(now, blessed, config, ask_again=again)
    assert again.asked == [("t", "small")]
    assert result.criticals[0].verdict == "pass" and result.verdict != "regressed"


def test_where_undecided_fails_it_is_asked_again(tmp_path: Path, blessed: Baseline) -> None:
    now = run_of(tmp_path, {"small": {"t": RIGHT}}, texts={"1": "in other words"})
    again = Asker(run_of(tmp_path, {"small": {"t": ["11"] * 40}}, texts={"1": "in other words"}))
    assert gate(now, blessed, ask_again=again).exit_code == 0 and again.asked == []
    assert gate(now, blessed, asks(strict=True), ask_again=again).exit_code == 4
    assert again.asked == [("t", "small")]


def test_a_verdict_must_be_on_the_same_system_and_samples(
    tmp_path: Path, blessed: Baseline
) -> None:
    now = run_of(tmp_path, {"small": {"t": lost(6)}})
    with pytest.raises(UserError, match="system small is not what it was in the run"):
        other = run_of(tmp_path, {"small": {"t": lost(6)}}, prints={"small": "c" * 16})
        gate(now, blessed, ask_again=Asker(other))
    with pytest.raises(UserError, match="small was not asked t"):
        gate(now, blessed, ask_again=Asker())
    failed = Asker(run_of(tmp_path, {"small": {"t": ["xx"] * 40}}))
    assert gate(now, blessed, ask_again=failed).verdict == "unreliable"


# -- invariants -----------------------------------------------------------------------------------


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text("10fxs", min_size=2, max_size=2), min_size=3, max_size=12))
def test_nothing_has_regressed_against_itself(tmp_path: Path, words: list[str]) -> None:
    run = run_of(tmp_path, {"small": {"t": words}})
    result = gate(run, baseline_of(run), asks(max_errors="100%"))
    assert result.verdict in ("pass", "inconclusive")
    assert result.exit_code == 0 and result.n_flips == 0
