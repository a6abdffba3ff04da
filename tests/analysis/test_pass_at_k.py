from __future__ import annotations

import pandas as pd
import pytest

from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.pass_at_k import pass_at_k
from evalsuite.errors import UserError


def frame(
    verdicts: dict[str, list[bool | None]], clusters: dict[str, str] | None = None
) -> pd.DataFrame:
    rows = [
        ("code/t", "s", sample, (clusters or {}).get(sample, sample), value)
        for sample, values in verdicts.items()
        for value in values
    ]
    columns = ["task", "system", "sample_id", "cluster", "success"]
    return pd.DataFrame(rows, columns=columns).astype({"success": "boolean"})


def test_the_value_is_the_mean_of_the_unbiased_estimates() -> None:
    # 10 answers with 3 right and 20 with 1 right: .9166667 at k = 5, and 5 / 20.
    rows = frame({"a": [True] * 3 + [False] * 7, "b": [True] + [False] * 19})
    (figure,) = pass_at_k(rows, 5)
    assert figure.estimate.value == pytest.approx((0.9166667 + 0.25) / 2, abs=1e-7)
    assert (figure.estimate.n, figure.n_answers, figure.fewest_answers) == (2, 30, 10)


def test_one_answer_each_is_a_rate_with_wilsons_interval() -> None:
    (figure,) = pass_at_k(frame({str(i): [i < 9] for i in range(10)}), 1)
    low, high = wilson(9, 10)
    assert (figure.estimate.low, figure.estimate.high) == (pytest.approx(low), pytest.approx(high))
    assert figure.estimate.method == "Wilson"


def test_clusters_of_problems_widen_the_interval() -> None:
    verdicts = {str(i): [i < 6, i < 6, i % 2 == 0] for i in range(12)}
    (alone,) = pass_at_k(frame(verdicts), 2)
    (clustered,) = pass_at_k(frame(verdicts, {str(i): str(i // 3) for i in range(12)}), 2)
    assert alone.estimate.value == clustered.estimate.value
    assert alone.estimate.low is not None and clustered.estimate.low is not None
    assert alone.estimate.high is not None and clustered.estimate.high is not None
    assert clustered.estimate.low < alone.estimate.low < alone.estimate.value
    assert alone.estimate.value < alone.estimate.high < clustered.estimate.high
    assert "effective n" in clustered.estimate.method
    (one,) = pass_at_k(frame(verdicts, dict.fromkeys(verdicts, "same")), 2)
    assert one.estimate.low is None and one.estimate.method == "one cluster: no interval"


def test_where_all_problems_agree_the_interval_still_has_a_width() -> None:
    (figure,) = pass_at_k(frame({str(i): [True, False] for i in range(8)}), 1)
    assert figure.estimate.value == 0.5
    assert figure.estimate.low is not None and 0.1 < figure.estimate.low < 0.5


def test_failures_are_left_out_and_counted() -> None:
    (figure,) = pass_at_k(frame({"a": [True, None, True], "b": [False, False, None]}), 2)
    assert (figure.estimate.value, figure.n_answers, figure.n_unknown) == (0.5, 4, 2)


@pytest.mark.parametrize(
    ("k", "why"),
    [
        (3, r"1 of 2 samples of code/t have fewer from s \(the least is 2\); run with repeats: 3"),
        (0, "a k of at least 1"),
    ],
)
def test_more_than_there_is_is_refused(k: int, why: str) -> None:
    rows = frame({"a": [True, True, True], "b": [True, False, None]})
    with pytest.raises(UserError, match=why):
        pass_at_k(rows, k)


def test_systems_and_tasks_are_kept_apart() -> None:
    one = frame({"a": [True, False]})
    other = one.assign(system="other", success=pd.array([True, True], dtype="boolean"))
    figures = pass_at_k(pd.concat([other, one]), 1)
    assert [(f.system, f.estimate.value) for f in figures] == [("other", 1.0), ("s", 0.5)]
