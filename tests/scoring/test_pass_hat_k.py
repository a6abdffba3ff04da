from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.datasets import data_roots
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.pass_hat_k import estimate, metrics
from evalsuite.task import Graded

TAU = "tasks/tool_calling/recorded/tau_bench_airline_gpt4o/gpt-4o.jsonl.gz"


def graded(problem: str, value: float | None) -> Graded:
    status = "scored" if value is not None else "system_error"
    score = Score(name="done", value=value, status=status)
    answer = None if value is None else Answer(text="")
    return Graded(sample=Sample(id=problem, inputs={}), answer=answer, scores={"done": score})


def test_by_hand() -> None:
    assert estimate(4, 4, 4) == 1.0
    assert estimate(4, 3, 4) == 0.0
    assert estimate(4, 2, 2) == pytest.approx(1 / 6)
    for wrong in ((4, 5, 1), (4, 1, 5), (4, 1, 0)):
        with pytest.raises(ValueError, match=r"pass\^"):
            estimate(*wrong)


@given(st.integers(1, 7), st.data())
def test_it_is_the_share_of_subsets_that_are_all_right(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    subsets = list(combinations([True] * c + [False] * (n - c), k))
    assert estimate(n, c, k) == pytest.approx(sum(map(all, subsets)) / len(subsets))


def test_a_failure_is_not_right_and_too_few_answers_give_no_figure() -> None:
    rows = [graded("a", 1.0), graded("a", 1.0), graded("b", 1.0), graded("b", None)]
    figures = metrics("done", (1, 2, 3))
    assert figures["pass^1"](rows) == 0.75
    assert figures["pass^2"](rows) == 0.5
    assert figures["pass^3"](rows) is None and figures["pass^1"]([]) is None


def test_tau_bench_as_recorded() -> None:
    """GPT-4o on the airline tasks, 50 by 4: pass^1 0.420, pass^4 0.200 (README of the data)."""
    path = next((root / TAU for root in data_roots() if (root / TAU).exists()), None)
    if path is None:
        pytest.skip(f"no {TAU} here; set EVALSUITE_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert Counter(Counter(row["task_id"] for row in rows).values()) == {4: 50}
    items = [graded(str(row["task_id"]), row["reward"]) for row in rows]
    figures = {name: metric(items) for name, metric in metrics("done", (1, 2, 3, 4)).items()}
    assert figures == pytest.approx(
        {"pass^1": 0.42, "pass^2": 0.27333, "pass^3": 0.22, "pass^4": 0.2}, abs=1e-5
    )
