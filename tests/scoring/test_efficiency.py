from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.efficiency import (
    Cost,
    NotMeasured,
    beyond,
    common_unit,
    dps,
    joules,
    mean_of_correct,
    measure,
    measure_python,
    score_efficiency,
)
from evalsuite.scoring.sandbox import available_tier
from evalsuite.scoring.sandbox.program import ProgramRun

LOOP = "def total(n):\n    s = 0\n    for i in range(n):\n        s += i\n    return s\n"
FORMULA = "def total(n):\n    return n * (n - 1) // 2\n"
WASTEFUL = "def total(n):\n    for _ in range(12):\n        s = sum(list(range(n)))\n    return s\n"
HUNGRY = "def total(n):\n    x = [None] * (10 * n)\n    return n * (n - 1) // 2\n"
CALLS = [[1_000_000]]


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


@pytest.mark.parametrize(
    ("amount", "references", "share"),
    # bigcode's definition; Mercury's own repository gives .2 for the first of these.
    [
        (0.2, [0.2, 5.2], 1.0),
        (5.2, [0.2, 5.2], 0.0),
        (2.7, [0.2, 5.2], 0.5),
        (0.1, [0.2, 5.2], 1.0),
        (9.0, [0.2, 5.2], 0.0),
        (1.0, [1.0, 1.0], 1.0),
        (1.1, [1.0, 1.0], 0.0),
    ],
)
def test_beyond(amount: float, references: list[float], share: float) -> None:
    assert beyond(amount, references) == pytest.approx(share)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=9), st.floats(0, 200), st.floats(0, 50))
def test_beyond_and_dps_do_not_rise_with_the_cost(
    references: list[float], amount: float, more: float
) -> None:
    assert 0 <= beyond(amount + more, references) <= beyond(amount, references) <= 1
    assert dps(amount + more, references).normalised <= dps(amount, references).normalised <= 100


@pytest.mark.parametrize(
    ("amount", "score", "normalised", "matched"),
    # Four clusters, the slowest first, with the scores that EvalPerf's data gives such clusters.
    [(50, 100.0, 100.0, 3), (100, 100.0, 100.0, 3), (101, 80.0, 75.0, 2), (900, 10.0, 25.0, 0)],
)
def test_dps(amount: float, score: float, normalised: float, matched: int) -> None:
    place = dps(amount, [1000, 500, 200, 100], [10.0, 50.0, 80.0, 100.0])
    assert (place.score, place.normalised, place.matched) == (score, normalised, matched)
    assert dps(amount, [200, 100, 1000, 500]).score == normalised


def test_a_program_slower_than_all_references_scores_nothing() -> None:
    place = dps(1001, [1000, 500])
    assert (place.score, place.normalised, place.matched) == (0.0, 0.0, None)
    with pytest.raises(ValueError, match="at least one reference"):
        dps(1, [])
    with pytest.raises(ValueError, match="at least one reference"):
        beyond(1, [])


def test_too_few_right_answers_have_no_mean() -> None:
    assert mean_of_correct([50.0] * 10) == 50.0
    assert mean_of_correct([50.0] * 9) is None
    assert mean_of_correct([1.0, 2.0], least=1) == 1.5 and mean_of_correct([], least=0) is None


def test_units_and_energy() -> None:
    plain = Cost(cpu_seconds=2.0, instructions=None, peak_memory_bytes=1, runs=1)
    counted = Cost(cpu_seconds=2.0, instructions=7, peak_memory_bytes=1, runs=1)
    assert common_unit([counted, counted]) == "instructions"
    assert common_unit([counted, plain]) == "cpu_seconds"
    assert counted.amount("instructions") == 7 and plain.amount("cpu_seconds") == 2.0
    with pytest.raises(NotMeasured, match="counts no instructions"):
        plain.amount("instructions")
    assert joules(plain, watts=15.0) == 30.0


def ended(
    cpu_seconds: float, instructions: int | None, peak: int, wrote: bytes = b"1"
) -> ProgramRun:
    return ProgramRun(
        exit_code=0,
        signal=None,
        stdout=wrote,
        stderr=b"",
        truncated=False,
        timed_out=False,
        out_of_memory=False,
        cpu_seconds=cpu_seconds,
        wall_seconds=9.0,
        peak_memory_bytes=peak,
        instructions=instructions,
        files={},
    )


def test_the_least_of_the_runs_counts_and_the_median_of_their_memory() -> None:
    runs = iter([ended(3.0, 120, 30), ended(1.0, 110, 10), ended(2.0, 130, 20)])
    cost, wrote = measure(lambda: next(runs), runs=3)
    assert (cost.cpu_seconds, cost.instructions, cost.peak_memory_bytes) == (1.0, 110, 20)
    assert (cost.runs, wrote) == (3, b"1")
    runs = iter([ended(3.0, 120, 30), ended(1.0, None, 10)])
    assert measure(lambda: next(runs), runs=2)[0].instructions is None
    runs = iter([ended(3.0, 120, 30), ended(1.0, 120, 10, b"2")])
    with pytest.raises(NotMeasured, match="other results from run to run"):
        measure(lambda: next(runs), runs=2)


def test_costs_are_measured_from_outside() -> None:
    lying = (
        "import time\n\ntime.process_time = time.perf_counter = lambda: 0.0\n\n\n"
        "def total(n):\n    s = 0\n    for i in range(3 * n):\n        s += i % 2\n    return s\n"
    )
    slow, results = measure_python(lying, "total", CALLS, runs=1)
    quick, _ = measure_python(FORMULA, "total", CALLS, runs=1)
    assert results == [1_500_000]
    assert slow.cpu_seconds > 2 * quick.cpu_seconds
    hungry, _ = measure_python(HUNGRY, "total", CALLS, runs=1)
    assert hungry.peak_memory_bytes > quick.peak_memory_bytes + 40_000_000


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def total(n):\n    raise ValueError('no')\n", "ended with 1"),
        ("import os\n\n\ndef total(n):\n    os._exit(0)\n", "wrote no results"),
        (
            "import random\n\n\ndef total(n):\n    return random.random()\n",
            "other results from run to run",
        ),
    ],
)
def test_what_fails_is_not_measured(source: str, why: str) -> None:
    with pytest.raises(NotMeasured, match=why):
        measure_python(source, "total", [[1]], runs=2)


def test_a_right_program_has_its_place_among_references() -> None:
    scores = score_efficiency(LOOP, "total", CALLS, [WASTEFUL, FORMULA], watts=10.0, runs=2)
    values = {score.name: score.value for score in scores}
    assert set(values) - {"instructions"} == {
        "cpu_seconds", "peak_memory_bytes", "beyond", "dps", "dps_norm", "joules",
    }  # fmt: skip
    assert all(score.status == "scored" for score in scores)
    assert values["beyond"] is not None and 0.0 < values["beyond"] < 1.0
    assert values["dps"] == values["dps_norm"] == 50.0
    assert values["cpu_seconds"] is not None and values["joules"] == 10.0 * values["cpu_seconds"]
    explained = {score.name: score.explanation for score in scores}
    assert "beside 2 references" in explained["beyond"]
    assert "estimated" in explained["joules"]


def test_a_program_that_is_wrong_when_it_is_timed_has_no_figures() -> None:
    wrong = "def total(n):\n    return 0\n"
    assert score_efficiency(wrong, "total", CALLS, [FORMULA], runs=1) == []
    assert score_efficiency("def total(n):\n    1 / 0\n", "total", CALLS, [FORMULA], runs=1) == []
    with pytest.raises(NotMeasured, match="different results"):
        score_efficiency(FORMULA, "total", CALLS, [FORMULA, wrong], runs=1)
