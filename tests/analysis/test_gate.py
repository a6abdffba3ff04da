from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalsuite.analysis.baseline import Baseline, baseline_of
from evalsuite.analysis.gate import gate
from evalsuite.errors import ConfigError, UserError
from evalsuite.store import Run
from tests.analysis.gated import RIGHT, asks, lost, only, run_of


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
