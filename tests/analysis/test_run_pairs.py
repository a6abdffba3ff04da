from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from evalsuite.analysis.run_pairs import compare_runs
from evalsuite.analysis.slices import traits
from evalsuite.analysis.success import success_of
from evalsuite.errors import UserError
from evalsuite.store import Run
from tests.analysis.gated import changed_samples, run_of, without_samples


def levels(run: Run) -> Run:
    """``run`` whose even samples have level 1 and odd ones level 2."""
    of = {
        sample: f'{{"level": {1 + int(sample.rpartition("-")[2]) % 2}, "id": "{sample}"}}'
        for sample in run.samples["sample_id"]
    }
    return changed_samples(run, "metadata", of)


def test_the_difference_is_of_b_less_a_on_common_samples(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"small": {"t": ["1"] * 6 + ["0"] * 14}}, usd=0.001, seconds=1.0)
    b = run_of(tmp_path / "b", {"small": {"t": ["0"] * 5 + ["1"] * 15}}, usd=0.002, seconds=0.5)
    [pair] = compare_runs(a, b).systems
    share = pair.success
    assert share is not None
    assert (share.a, share.b) == pytest.approx((0.3, 0.75))
    assert share.difference.value == pytest.approx(0.45)
    assert (pair.n_lost, pair.n_gained) == (5, 14)
    # exact McNemar, 5 against 14 (scipy.stats.binomtest(5, 19).pvalue)
    assert share.p_value == pytest.approx(0.0635681152)
    assert pair.adjusted_p == share.p_value and not pair.distinguishable
    assert share.smallest_detectable is not None and 0.3 < share.smallest_detectable < 0.7
    assert pair.cost.ratio is not None
    assert pair.cost.ratio.value == pytest.approx((0.04 / 15) / (0.02 / 6))
    assert pair.latency.ratio is not None and pair.latency.ratio.value == pytest.approx(0.5)
    assert pair.n_same_answers == 1


def test_every_task_weighs_the_same(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"small": {"t": ["1"] * 30, "u": ["1"] * 10}})
    b = run_of(tmp_path / "b", {"small": {"t": ["1"] * 30, "u": ["0"] * 10}})
    [pair] = compare_runs(a, b).systems
    assert pair.success is not None and pair.n_tasks == 2
    assert pair.success.difference.value == pytest.approx(-0.5)
    assert pair.distinguishable


def test_flips_show_both_answers_losses_first(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"small": {"t": ["1", "0", "1"]}}, texts={"1": "yes", "0": "no"})
    b = run_of(tmp_path / "b", {"small": {"t": ["0", "1", "1"]}}, texts={"1": "yes", "0": "nah"})
    [pair] = compare_runs(a, b).systems
    lost, gained = pair.flips
    assert (lost.sample_id, lost.before, lost.now) == ("t-0", "1", "0")
    assert (lost.answer_before, lost.answer_now) == ("yes", "nah")
    assert (gained.answer_before, gained.answer_now) == ("no", "yes")
    assert lost.prompt == "question t-0?" and lost.target == '"yes"'


def test_slices_follow_traits_and_are_corrected_together(tmp_path: Path) -> None:
    a = levels(run_of(tmp_path / "a", {"small": {"t": ["1"] * 40}}))
    b = levels(run_of(tmp_path / "b", {"small": {"t": ["1", "0"] * 20}}))
    assert list(traits(a)) == ["level"]  # ids have too many values, one task and family too few
    [pair] = compare_runs(a, b).systems
    found = {(part.trait, part.value): part for part in pair.slices}
    assert set(found) == {("level", "1"), ("level", "2")}
    assert found["level", "2"].success.difference.value == -1.0
    assert found["level", "2"].success.p_value == pytest.approx(2**-19)
    assert found["level", "2"].adjusted_p == pytest.approx(2**-18)  # Benjamini and Hochberg
    assert found["level", "1"].adjusted_p == 1.0


def test_what_differs_is_named(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"small": {"t": ["1"] * 6}, "old": {"t": ["1"] * 6}})
    b = run_of(
        tmp_path / "b",
        {"small": {"t": ["1"] * 6}, "new": {"t": ["1"] * 6}},
        prints={"small": "b" * 16},
        seed=9,
        packages={"numpy": "2.1"},
    )
    b = without_samples(changed_samples(b, "target", {"t-1": '"no"'}), ["t-5"])
    b = changed_samples(b, "messages", {"t-2": '[{"role": "user", "content": "now?"}]'})
    compared = compare_runs(a, b)
    assert compared.differences == (
        "system old only in A",
        "system new only in B",
        "t: 6 and 5 samples, 5 in common",
        "t: 1 samples differ in content; they are left out",
        "t: 1 samples are asked with another prompt",
        f"small: {'f' * 16} -> {'b' * 16} (the same configuration, other content)",
        "seed: 0 -> 9",
        "packages: numpy '2.0' -> '2.1'",
    )
    [pair] = compared.systems
    assert pair.success is not None and pair.success.n_samples == 4


def test_unknown_cost_and_latency_are_said(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"small": {"t": ["1"] * 4}}, usd=None, seconds=None)
    b = run_of(tmp_path / "b", {"small": {"t": ["1", "1", "x", "1"]}})
    [pair] = compare_runs(a, b).systems
    assert pair.cost.ratio is None and pair.cost.why == "cost of 3 samples unknown"
    assert pair.latency.ratio is None and "3 samples have no latency" in pair.latency.why
    assert pair.n_left_out == 1


def test_two_systems_of_one_run(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"small": {"t": ["0"] * 10}, "large": {"t": ["1"] * 10}})
    compared = compare_runs(run, run, ("small", "large"))
    assert compared.differences == ()
    [pair] = compared.systems
    assert (pair.a, pair.b, pair.n_gained) == ("small", "large", 10)


def test_nothing_to_compare(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"small": {"t": ["1"]}})
    with pytest.raises(UserError, match="has the name of one of"):
        compare_runs(a, run_of(tmp_path / "b", {"large": {"t": ["1"]}}))
    with pytest.raises(UserError, match="no sample in common"):
        compare_runs(a, run_of(tmp_path / "b", {"small": {"u": ["1"]}}))
    with pytest.raises(UserError, match="against itself"):
        compare_runs(a, a)


def test_success_of_one_system_with_one_sided_bounds(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"small": {"t": ["1"] * 9 + ["0"], "u": ["x"] * 3}})
    rate = success_of(run, "small", task="t", alpha=0.025)
    assert rate is not None
    # Wilson 9/10 (95 %): .5958 to .9821
    assert (rate.value, rate.low, rate.high) == pytest.approx((0.9, 0.5958, 0.9821), abs=1e-4)
    assert success_of(run, "small", task="u") is None
    assert success_of(run, "nobody") is None


def test_unreported_systems_are_left_out(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"small": {"t": ["1"]}, "member": {"t": ["1"]}})
    entries = tuple(
        msgspec.structs.replace(entry, reported=entry.name == "small")
        for entry in run.manifest.systems
    )
    hidden = replace(run, manifest=msgspec.structs.replace(run.manifest, systems=entries))
    other = run_of(tmp_path / "b", {"small": {"t": ["1"]}, "member": {"t": ["1"]}})
    assert [pair.a for pair in compare_runs(hidden, other).systems] == ["small"]
