from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.compare import Comparison, compare, line_up, pareto, turned
from tests.analysis.frames import Given, Hop, build_run, system, task


def compared(answers: list[Given], tmp_path: Path) -> Comparison:
    tasks = [task(name) for name in sorted({item.task for item in answers})]
    run = build_run(tmp_path, tasks, [system("small"), system("large")], answers)
    (found,) = compare(line_up(run.responses), [("small", "large")])
    return found


def answers(
    name: str, rights: Sequence[bool | None], usd: float | None, of: str = "t"
) -> list[Given]:
    return [
        Given(
            task=of,
            sample=str(index),
            system=name,
            success=right,
            error_kind="timeout" if right is None else None,
            hops=[Hop(usd=usd)],
        )
        for index, right in enumerate(rights)
    ]


def test_pairs_are_the_samples_that_both_have_scored(tmp_path: Path) -> None:
    found = compared(
        [
            *answers("small", [True, None, False, True, True, True], 0.1),
            *answers("large", [True, True, True, None, True], 0.4),
        ],
        tmp_path,
    )
    assert found.n_both_attempted == 5
    assert found.n_pairs == 3
    assert found.a_rate == pytest.approx(2 / 3) and found.b_rate == 1.0
    assert found.success is not None and found.success.difference.value == pytest.approx(-1 / 3)
    # the bill of what both were asked, failures included
    assert found.usd_ratio is not None and found.usd_ratio.value == pytest.approx(0.25)


def test_the_ratio_of_an_unknown_cost_is_unknown(tmp_path: Path) -> None:
    found = compared([*answers("small", [True], None), *answers("large", [True], 1.0)], tmp_path)
    assert found.usd_ratio is None
    assert found.success is not None


def test_no_common_sample_no_comparison(tmp_path: Path) -> None:
    found = compared(
        [*answers("small", [True], 1.0, "a"), *answers("large", [True], 1.0, "b")], tmp_path
    )
    assert (found.n_pairs, found.success, found.adjusted_p, found.usd_ratio) == (
        0,
        None,
        None,
        None,
    )
    assert not found.distinguishable


def test_turning_a_comparison_round(tmp_path: Path) -> None:
    found = compared(
        [*answers("small", [False] * 8 + [True] * 4, 0.1), *answers("large", [True] * 12, 0.4)],
        tmp_path,
    )
    round_about = turned(found)
    assert (round_about.a, round_about.b) == ("large", "small")
    assert round_about.success is not None and found.success is not None
    assert round_about.success.difference.value == pytest.approx(8 / 12)
    assert round_about.success.difference.low == pytest.approx(
        -(found.success.difference.high or math.nan)
    )
    assert round_about.usd_ratio is not None and round_about.usd_ratio.value == pytest.approx(4.0)
    assert round_about.success.n_only_a == 8
    assert found.distinguishable and round_about.distinguishable


def test_the_front_by_hand() -> None:
    points = {"a": (1.0, 0.5), "b": (2.0, 0.9), "c": (2.0, 0.8), "d": (3.0, 0.9), "e": (1.0, 0.5)}
    assert pareto(points) == {"a", "b", "e"}


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=3), st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1
    )
)
def test_nothing_beats_the_front_and_the_front_beats_the_rest(
    points: dict[str, tuple[float, float]],
) -> None:
    front = pareto(points)
    assert front
    for name, (cost, success) in points.items():
        beaten = any(
            points[other][0] <= cost
            and points[other][1] >= success
            and points[other] != (cost, success)
            for other in front
        )
        assert beaten is (name not in front)
