"""Preparation in the cost of a success, against figures worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.amortisation import VOLUMES, amortise, break_even, prepared_for
from evalsuite.analysis.compare import Outcomes, line_up
from evalsuite.analysis.summary import summarise
from tests.analysis.frames import Given, Hop, build_run, system, task

Answers = Sequence[tuple[float | None, bool | None]]


def outcomes(path: Path, **answers: Answers) -> Outcomes:
    """Systems with the (dollars, success) of each of their answers; None is a failure."""
    return line_up(run(path, {}, **answers).responses)


def run(path: Path, fits: dict[str, float | None], **answers: Answers) -> Any:
    given_answers = [
        Given(
            sample=str(n),
            system=name,
            success=success,
            error_kind="timeout" if success is None else None,
            hops=(Hop(usd=usd, member=name),),
        )
        for name, rows in answers.items()
        for n, (usd, success) in enumerate(rows)
    ]
    rows = [
        {"key": name, "task": "t", "system": name, "split": "train", "n_samples": 5, "usd": usd}
        | {"seconds": 1.0, "note": "learnt"}
        for name, usd in fits.items()
    ]
    n = max(map(len, answers.values()))
    return build_run(
        path, [task(n=n)], [system(name) for name in answers], given_answers, fits=rows
    )


# A student: $0.001 an answer, 8 of 10 right. A model: $0.01 an answer, 9 of 10 right.
STUDENT = [(0.001, n % 10 < 8) for n in range(40)]
MODEL = [(0.01, n % 10 != 5) for n in range(40)]


def test_break_even_by_hand(tmp_path: Path) -> None:
    """A success costs 0.00125 and 0.0111; the student's $5 are $6.25 a success of one answer."""
    found = outcomes(tmp_path, student=STUDENT, model=MODEL)
    result = break_even(found, "student", "model", {"student": 5.0, "model": 0.0})
    assert result.side == "from" and result.answers is not None
    assert result.answers.value == pytest.approx((5 / 0.8) / (0.01 / 0.9 - 0.001 / 0.8))
    assert result.answers.value == pytest.approx(633.8, abs=0.1)
    assert result.answers.low is not None and result.answers.high is not None
    assert 500 < result.answers.low < result.answers.value < result.answers.high < 900
    assert result.n == 40
    turned = break_even(found, "model", "student", {"student": 5.0, "model": 0.0})
    assert turned.side == "up to" and turned.answers is not None
    assert turned.answers.value == pytest.approx(result.answers.value)


def test_cost_per_success_by_volume_by_hand(tmp_path: Path) -> None:
    found = outcomes(tmp_path, student=STUDENT, model=MODEL)
    (student,) = amortise(found, {"student": 5.0, "model": 0.0})
    volumes = dict(student.usd_per_success)
    assert list(volumes) == [40, *VOLUMES]
    for volume, estimate in volumes.items():
        assert estimate is not None
        assert estimate.value == pytest.approx((5 + 0.001 * volume) / (0.8 * volume))
    at_run = volumes[40]
    assert at_run is not None and at_run.low is not None and at_run.high is not None
    assert at_run.low < at_run.value < at_run.high
    assert [item.other for item in student.break_even] == ["model"]


def test_never_always_and_unknown(tmp_path: Path) -> None:
    found = outcomes(
        tmp_path,
        student=STUDENT,
        dear=[(0.01, n % 10 < 8) for n in range(40)],
        hopeless=[(0.0001, False)] * 40,
        unpriced=[(None, True)] * 40,
    )
    fits: dict[str, float | None] = {"student": 5.0, "dear": 9.0, "hopeless": 1.0, "unpriced": 0.0}

    def side(name: str, other: str, **changed: float | None) -> Any:
        return break_even(found, name, other, {**fits, **changed})

    never = side("dear", "student", student=0.0)
    assert never.side == "never" and never.answers.value == math.inf
    assert side("student", "dear").side == "always"
    assert side("hopeless", "student").side == "never"
    assert side("student", "hopeless").side == "always"
    assert side("student", "unpriced").side == "unknown"
    assert side("student", "dear", student=None).side == "unknown"
    assert side("student", "dear", dear=None).answers is None
    unknown = amortise(found, {"student": None, "dear": 0.0})
    assert [item.system for item in unknown] == ["student"]
    assert {estimate for _, estimate in unknown[0].usd_per_success} == {None}


def test_a_system_that_may_never_break_even_has_no_upper_bound(tmp_path: Path) -> None:
    """As right as not: which success is cheaper is open at this n, so never is not ruled out."""
    found = outcomes(
        tmp_path,
        student=[(0.010, n % 3 != 0) for n in range(30)],
        model=[(0.011, n % 3 != 1) for n in range(30)],
    )
    result = break_even(found, "student", "model", {"student": 1.0, "model": 0.0})
    assert result.side == "from" and result.answers is not None
    assert result.answers.high == math.inf
    assert result.answers.low is not None and 0 < result.answers.low < result.answers.value


def test_failures_are_spend_without_success(tmp_path: Path) -> None:
    rows: Answers = [(0.001, None if n == 0 else True) for n in range(10)]
    found = outcomes(tmp_path, student=rows, model=[(0.002, True)] * 10)
    (student,) = amortise(found, {"student": 1.0, "model": 0.0})
    at_run = student.usd_per_success[0][1]
    assert at_run is not None and at_run.value == pytest.approx((1 + 0.01) / 9)
    (result,) = student.break_even
    # 10 answers of which 9 right: $0.00111 a success against $0.002, and $1.11 to spread.
    assert result.answers is not None
    assert result.answers.value == pytest.approx((1 / 0.9) / (0.002 - 0.001 / 0.9))


@given(
    st.floats(0.01, 100),
    st.floats(0.0001, 0.01),
    st.floats(0.0001, 0.01),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_costs_are_equal_at_the_break_even(
    fit: float, own: float, other: float, right: int, other_right: int
) -> None:
    import numpy as np

    n = 12
    success = np.array([[i < right, i < other_right] for i in range(n)], dtype=float)
    labels = np.array([str(i) for i in range(n)])
    made = Outcomes(
        systems=("a", "b"),
        tasks=np.array(["t"] * n),
        base_tasks=np.array(["t"] * n),
        clusters=labels,
        success=success,
        usd=np.column_stack([np.full(n, own), np.full(n, other)]),
        attempted=np.ones((n, 2), dtype=bool),
    )
    result = break_even(made, "a", "b", {"a": fit, "b": 0.0})
    if result.side == "never":
        assert other / other_right <= own / right * (1 + 1e-9)
        return
    assert result.side == "from" and result.answers is not None
    volume = result.answers.value
    with_fit = (fit + own * volume) / (right / n * volume)
    assert with_fit == pytest.approx(other * n / other_right)


def test_the_summary_has_it_for_systems_that_paid(tmp_path: Path) -> None:
    made = run(tmp_path, {"student": 5.0, "model": 0.0}, student=STUDENT, model=MODEL)
    summary = summarise(made)
    assert [item.system for item in summary.amortised] == ["student"]
    assert summary.amortised[0].fit_usd == 5.0
    free = run(tmp_path, {"student": 0.0}, student=STUDENT, model=MODEL)
    assert summarise(free).amortised == ()


def test_a_hybrid_is_prepared_with_its_members(tmp_path: Path) -> None:
    fits = {"student": 5.0, "router": 1.0, "model": None}
    made = run(tmp_path, fits, student=STUDENT, model=MODEL, router=MODEL, outer=MODEL, plain=MODEL)
    entries = [
        system("student", "hybrid", {"teacher": "plain"}),
        system("router", "hybrid", {"member_1": "student", "member_2": "plain"}),
        system("outer", "hybrid", {"tier_1": "router", "tier_2": "student"}),
        system("model"),
        system("plain"),
    ]
    names = [entry.name for entry in entries]
    assert prepared_for(made.fits, entries, names) == {
        "student": 5.0,
        "router": 6.0,
        "outer": 6.0,
        "model": None,
        "plain": 0.0,
    }
