"""Baselines in a summary: beside the systems that were asked for, not among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.analysis.verdict import verdict
from tests.analysis.frames import Given, Hop, build_run, system, task


def answers(name: str, n_right: int, of: str = "tabular/heart", usd: float = 0.01) -> list[Given]:
    return [
        Given(task=of, sample=f"s{at}", system=name, success=at < n_right, hops=[Hop(usd=usd)])
        for at in range(60)
    ]


def summary(path: Path, *, forest: int, other_task: bool = False) -> Summary:
    """Two models at 36 and 30 of 60, a baseline at ``forest``; it costs next to nothing."""
    rows = [
        *answers("large", 36),
        *answers("small", 30, usd=0.001),
        *answers("forest", forest, usd=1e-6),
    ]
    tasks = [task("tabular/heart", "tabular", 60)]
    if other_task:
        tasks.append(task("r/sums", "r", 60))
        rows += [*answers("large", 50, "r/sums"), *answers("small", 30, "r/sums", 0.001)]
    systems = [
        system("large"),
        system("small"),
        system("forest", pattern="classical", config={"baseline_of": ["tabular/heart"]}),
    ]
    return summarise(build_run(path, tasks, systems, rows))


def test_a_baseline_is_marked_and_does_not_win_by_a_hair(tmp_path: Path) -> None:
    found = summary(tmp_path, forest=38)
    assert found.systems[0].entry.name == "forest" and found.systems[0].baseline
    assert found.best == "large"
    said = verdict(found)
    # 38 against 36 of 60 at a ten-thousandth of the cost may be as good, and that is all.
    opening = "large is right most often of the systems that were asked for: 60.0 %"
    assert said.headline.startswith(opening)
    assert "the cheapest that may is the baseline forest" in said.headline
    assert any(
        "large is not shown to beat the baseline forest" in line for line in said.comparisons
    )
    assert said.families[0].startswith("tabular: large leads the systems that were asked for")


def test_a_baseline_that_is_shown_to_win_is_called_so(tmp_path: Path) -> None:
    found = summary(tmp_path, forest=58)
    assert found.best == "forest"
    said = verdict(found)
    assert said.headline.startswith("The baseline forest is right most often: 96.7 %")
    assert any("large loses to the baseline forest" in line for line in said.comparisons)
    assert "the baseline forest beats every system that was asked for" in said.families[0]


def test_a_baseline_that_loses_is_said_to_be_beaten(tmp_path: Path) -> None:
    said = verdict(summary(tmp_path, forest=10))
    assert any(line.startswith("large beats the baseline forest") for line in said.comparisons)
    assert "forest" not in said.headline


def test_a_baseline_of_one_task_is_not_blamed_for_the_others(tmp_path: Path) -> None:
    found = summary(tmp_path, forest=58, other_task=True)
    assert found.best == "large" and not found.system("forest").comparable
    caveats = " ".join(verdict(found).caveats)
    assert "Baselines, answered because a task names them: forest (for tabular/heart)" in caveats
    assert "Not in the overall ranking" not in caveats
    comparison = found.comparison("large", "forest")
    assert comparison is not None and comparison.n_pairs == 60


def test_baselines_do_not_cost_the_systems_that_were_asked_for_any_power(tmp_path: Path) -> None:
    found = summary(tmp_path, forest=30)
    pairs = {frozenset((item.a, item.b)) for item in found.comparisons}
    assert pairs == {frozenset(("large", "small")), frozenset(("large", "forest"))}
    assert {item.n_comparisons for item in found.comparisons} == {2}


@pytest.mark.parametrize("forest", [0, 38, 58])
def test_the_comparison_of_the_systems_is_what_it_is_without_a_baseline(
    tmp_path: Path, forest: int
) -> None:
    found = summary(tmp_path, forest=forest).comparison("large", "small")
    assert found is not None and found.success is not None
    assert found.success.difference.value == pytest.approx(0.1) and found.success.n_only_a == 6
