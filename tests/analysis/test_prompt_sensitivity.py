from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from evalsuite.analysis.measure import measure
from evalsuite.analysis.prompt_sensitivity import (
    NOTHING_VARIES,
    prompt_sensitivity,
    prompts_p,
    spread_of,
)
from evalsuite.analysis.success import success_of
from evalsuite.analysis.summary import Summary, summarise
from evalsuite.analysis.verdict import verdict
from evalsuite.store import Run
from tests.analysis.frames import Given, build_run, system, task


def run_of(path: Path, outcomes: Mapping[str, Mapping[str, Sequence[bool | None]]]) -> Run:
    """A run of system -> task -> whether each sample was right."""
    names = list(dict.fromkeys(name for tasks in outcomes.values() for name in tasks))
    rows = [
        Given(
            task=name,
            sample=f"s{at}",
            system=who,
            success=right,
            error_kind="timeout" if right is None else None,
        )
        for who, tasks in outcomes.items()
        for name, answers in tasks.items()
        for at, right in enumerate(answers)
    ]
    sizes = {name: max(len(t.get(name, ())) for t in outcomes.values()) for name in names}
    entries = [task(name, name.split("/")[0], sizes[name]) for name in names]
    return build_run(path, entries, [system(who) for who in outcomes], rows)


def right(n_right: int, n: int = 20, *, first: int = 0) -> list[bool | None]:
    return [first <= at < first + n_right for at in range(n)]


def test_mean_worst_best_and_spread_are_over_samples_scored_under_every_prompt(
    tmp_path: Path,
) -> None:
    plain, terse, long = right(10), right(4), right(6)
    terse[19], long[18] = None, None
    ways = {"r/a": plain, "r/a@terse": terse, "r/a@long": long}
    (group,) = prompt_sensitivity(list(ways), run_of(tmp_path, {"one": ways}).responses)
    (found,) = group.systems
    assert (group.task, group.prompts) == ("r/a", ("plain", "terse", "long"))
    assert (found.n, found.n_left_out) == (18, 2)
    assert [item.rate for item in found.prompts] == pytest.approx([10 / 18, 4 / 18, 6 / 18])
    assert (found.best.prompt, found.worst.prompt) == ("plain", "terse")
    assert found.spread.value == pytest.approx(6 / 18)
    assert found.mean.value == pytest.approx(20 / 54) and found.mean.n == 54


def test_the_test_of_two_prompts_is_the_exact_mcnemar_test() -> None:
    """5 against 15 discordant pairs: p .0413895 (statsmodels, as in the exact test's own tests)."""
    table = np.array([[1.0, 0.0]] * 5 + [[0.0, 1.0]] * 15 + [[1.0, 1.0]] * 10)
    p = prompts_p(table, [f"s{at}" for at in range(30)], seed=0)
    assert p == pytest.approx(0.0413895, abs=1e-7)


def test_the_test_of_several_prompts_is_cochrans_with_imans_f() -> None:
    """Cochran (1950), Biometrika 37, table 1: four media, 69 specimens, Q 8.05 at 3 df.

    The counts: 4 x 1111, 2 x 1101, 3 x 0111, 1 x 0101, 59 x 0000. F = (b - 1) Q / (b (k - 1) - Q).
    """
    patterns = {(1, 1, 1, 1): 4, (1, 1, 0, 1): 2, (0, 1, 1, 1): 3, (0, 1, 0, 1): 1, (0,) * 4: 59}
    table = np.array([row for row, n in patterns.items() for _ in range(n)], dtype=float)
    from scipy.stats import f

    q = 8.0526
    expected = f.sf(68 * q / (69 * 3 - q), 3, 68 * 3)
    labels = [f"s{at}" for at in range(len(table))]
    assert prompts_p(table, labels, seed=0) == pytest.approx(expected, abs=1e-4)


def test_a_spread_that_chance_makes_has_an_interval_down_to_0() -> None:
    rng = np.random.default_rng(5)
    labels = [f"s{at}" for at in range(100)]
    same = (rng.random((100, 6)) < 0.5).astype(float)
    chance = spread_of(same, labels, seed=0)
    assert chance.value > 0.05 and chance.low == 0.0
    same[:, 2] = rng.random(100) < 0.1
    real = spread_of(same, labels, seed=0)
    assert real.low is not None and 0 < real.low < real.value < (real.high or math.nan)


def test_the_interval_covers_the_true_spread_and_chance_is_rarely_called_more() -> None:
    """120 runs of 60 samples; benchmarks/prompt_spread.py has more of them."""
    rng = np.random.default_rng(0)
    labels = [f"s{at}" for at in range(60)]
    rates = np.array([0.5, 0.5, 0.62, 0.7])
    covered = false_alarms = 0
    for seed in range(120):
        shared = rng.random((60, 1))
        own = rng.random((60, 4))
        use_own = rng.random((60, 4)) < 0.5
        chances = np.where(use_own, own, shared)
        found = spread_of((chances < rates).astype(float), labels, seed=seed)
        null = (chances < 0.5).astype(float)
        covered += (found.low or 0) <= 0.2 <= (found.high or 0)
        false_alarms += (spread_of(null, labels, seed=seed).low or 0) > 0
    assert covered >= 110 and false_alarms <= 12


def test_few_clusters_or_nothing_that_varies_give_no_interval() -> None:
    table = np.array([[1.0, 0.0, 1.0]] * 8)
    few = spread_of(table, ["a", "b"] * 4, seed=0)
    assert (few.value, few.low, few.high) == (1.0, None, None)
    alike = spread_of(np.ones((8, 3)), [str(at) for at in range(8)], seed=0)
    assert (alike.value, alike.low, alike.method) == (0.0, None, NOTHING_VARIES)
    assert prompts_p(np.ones((8, 3)), [str(at) for at in range(8)], seed=0) == 1.0


def test_samples_of_one_cluster_are_no_independent_evidence() -> None:
    table = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]] * 30)
    alone = spread_of(table, [str(at) for at in range(60)], seed=0)
    bunched = spread_of(table, [str(at // 10) for at in range(60)], seed=0)
    assert alone.low is not None and bunched.low is not None
    # Each bunch of ten is alike, so bunches vary less than samples: nothing is left to chance.
    assert bunched.low > alone.low
    few = np.repeat(table[:12], 10, axis=0)
    repeated = spread_of(few, [str(at // 10) for at in range(120)], seed=0)
    once = spread_of(table[:12], [str(at) for at in range(12)], seed=0)
    assert repeated.low == pytest.approx(once.low) and repeated.high == pytest.approx(once.high)


def test_systems_that_change_places_are_named_and_proven_only_beyond_chance(
    tmp_path: Path,
) -> None:
    outcomes = {
        "a": {"r/a": right(18), "r/a@terse": right(2)},
        "b": {"r/a": right(3), "r/a@terse": right(17)},
        "c": {"r/a": right(17), "r/a@terse": right(3)},
    }
    ways = list(outcomes["a"])
    (group,) = prompt_sensitivity(ways, run_of(tmp_path, outcomes).responses)
    flips = {(item.a, item.b): item for item in group.flips}
    assert flips["a", "b"].a_ahead == ("plain",) and flips["a", "b"].b_ahead == ("terse",)
    assert flips["a", "b"].shown and flips["b", "c"].shown
    assert not flips["a", "c"].shown, "one sample each way"


def test_p_values_are_corrected_over_the_tasks_and_systems_of_the_run(tmp_path: Path) -> None:
    ways = {"r/a": right(12), "r/a@terse": right(6), "r/b": right(12), "r/b@terse": right(12)}
    groups = prompt_sensitivity(list(ways), run_of(tmp_path, {"one": ways}).responses)
    assert [item.p_value for group in groups for item in group.systems] == [0.03125, 1.0]
    assert [item.adjusted_p for group in groups for item in group.systems] == [0.0625, 1.0]
    assert not groups[0].systems[0].exceeds_chance


def test_a_task_that_a_system_was_asked_in_one_way_only_has_no_row(tmp_path: Path) -> None:
    outcomes = {"a": {"r/a": right(9), "r/a@terse": right(2)}, "b": {"r/a": right(3)}}
    (group,) = prompt_sensitivity(["r/a", "r/a@terse"], run_of(tmp_path, outcomes).responses)
    assert [item.system for item in group.systems] == ["a"]
    assert prompt_sensitivity(["r/a", "r/b"], run_of(tmp_path, outcomes).responses) == ()


# --- figures over tasks --------------------------------------------------------------------------


def summary_of(tmp_path: Path, many: int) -> Summary:
    """One task asked in ``many`` ways (90 % right) and another one asked once (10 % right)."""
    ways = ["r/a", *(f"r/a@way{at}" for at in range(many - 1))]
    answers = {name: right(18) for name in ways} | {"t/b": right(2)}
    other = {name: right(9) for name in ways} | {"t/b": right(4)}
    return summarise(run_of(tmp_path / str(many), {"one": answers, "two": other}))


def test_ways_to_ask_one_task_are_one_task_in_every_figure_over_tasks(tmp_path: Path) -> None:
    once, often = summary_of(tmp_path, 1), summary_of(tmp_path, 5)
    for name in ("one", "two"):
        a, b = once.system(name).figures, often.system(name).figures
        assert a.macro_success_rate is not None and b.macro_success_rate is not None
        assert a.macro_success_rate.value == pytest.approx(b.macro_success_rate.value)
        # The same answers five times over are no more evidence than once.
        assert b.macro_success_rate.low == pytest.approx(a.macro_success_rate.low, abs=0.03)
        assert b.macro_success_rate.high == pytest.approx(a.macro_success_rate.high, abs=0.03)
    first, second = once.comparison("one", "two"), often.comparison("one", "two")
    assert first is not None and first.success is not None
    assert second is not None and second.success is not None
    assert first.success.difference.value == pytest.approx(second.success.difference.value)
    assert first.success.p_value == pytest.approx(second.success.p_value, abs=0.02)
    assert (first.n_tasks, second.n_tasks) == (2, 2)


def test_a_single_task_keeps_its_interval_whatever_it_is_called(tmp_path: Path) -> None:
    outcomes = {"one": {"r/a": right(7)}}
    renamed = {"one": {"r/a@terse+5-shot": right(7)}}
    figures = [
        summarise(run_of(tmp_path / name, run)).system("one").figures
        for name, run in (("plain", outcomes), ("renamed", renamed))
    ]
    assert figures[0] == figures[1]


def test_the_rate_of_a_run_counts_a_task_once_too(tmp_path: Path) -> None:
    ways = {"r/a": right(20), "r/a@x": right(20), "r/a@y": right(20), "t/b": right(0)}
    run = run_of(tmp_path, {"one": ways})
    overall = success_of(run, "one")
    assert overall is not None and overall.value == pytest.approx(0.5)
    only = success_of(run, "one", task="r/a@x")
    assert only is not None and only.value == 1.0
    figures = measure(run.responses, run.calls, run.scores)
    assert figures.n_attempted == 80 and figures.usd is not None


def test_the_verdict_says_that_ways_to_ask_count_as_one(tmp_path: Path) -> None:
    caveats = verdict(summary_of(tmp_path, 5)).caveats
    assert any("r/a was asked in 5 ways, which count as one task" in line for line in caveats)
    assert not any("ways" in line for line in verdict(summary_of(tmp_path, 1)).caveats)
