from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evalsuite.analysis.latency import ServiceLevel, distributions, timings_of
from evalsuite.analysis.latency_figures import SystemLatency, busy_seconds
from evalsuite.analysis.summary import summarise
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

LIMITS = ServiceLevel(ttft_seconds=0.5, end_to_end_seconds=2.0)


def run_of(answers: list[Given], tmp_path: Path) -> Run:
    return build_run(tmp_path, [task()], [system("small")], answers)


def latency_of(answers: list[Given], tmp_path: Path) -> SystemLatency:
    (found,) = summarise(run_of(answers, tmp_path), limits=LIMITS).latencies
    return found


def streamed(index: int, seconds: float, first: float) -> Given:
    hop = Hop(service_seconds=seconds, first_token_seconds=first, output_tokens=11)
    return Given(sample=str(index), seconds=seconds, started_at=1000.0 + index, hops=[hop])


def test_times_by_hand(tmp_path: Path) -> None:
    """Three answers of 1, 2 and 3 s, first tokens after 0.1, 0.2 and 0.6 s, one failure."""
    answers = [streamed(index, index + 1.0, first) for index, first in enumerate((0.1, 0.2, 0.6))]
    answers.append(
        Given(sample="x", success=None, error_kind="timeout", seconds=30.0, started_at=1000.5)
    )
    answers.append(Given(sample="r", seconds=None, hops=[Hop(recorded=True)]))
    found = latency_of(answers, tmp_path)
    assert (found.n_attempted, found.n_timed, found.n_failed, found.n_untimed) == (5, 3, 1, 1)
    assert list(found.times) == ["end_to_end", "ttft", "tpot", "queue", "service"]
    whole = found.times["end_to_end"]
    assert (whole.n, whole.mean, whole.quantiles[0.5].value) == (3, 2.0, 2.0)
    assert whole.quantiles[0.5].low is None  # 3 answers bound no median
    assert (whole.at_worst[0.5], whole.at_worst[0.99]) == (3.0, np.inf)
    assert found.times["ttft"].quantiles[0.5].value == pytest.approx(0.2)
    assert found.times["tpot"].mean == pytest.approx((0.09 + 0.18 + 0.24) / 3)
    # from 1000 to 1001, 1001 to 1003, 1002 to 1005
    assert found.busy_seconds == pytest.approx(5.0)
    assert found.goodput is not None and found.goodput.share is not None
    assert (found.goodput.n, found.goodput.n_met, found.goodput.n_failed) == (4, 2, 1)
    assert found.goodput.per_second == pytest.approx(2 / 5)


def test_what_nobody_knows_of_a_limit_is_no_goodput(tmp_path: Path) -> None:
    found = latency_of([Given(sample=str(index), seconds=1.0) for index in range(6)], tmp_path)
    assert found.goodput is not None
    assert found.goodput.share is None and found.goodput.per_second is None
    assert found.goodput.n_unknown == 6
    (plain,) = summarise(run_of([Given()], tmp_path / "plain")).latencies
    assert plain.goodput is None and plain.limits is None


def test_recordings_have_no_times(tmp_path: Path) -> None:
    found = latency_of([Given(seconds=None, hops=[Hop(recorded=True)])], tmp_path)
    assert "end_to_end" not in found.times and found.busy_seconds == 0.0


def test_the_same_times_as_of_a_load_test(tmp_path: Path) -> None:
    """``latency.timings_of``, which reads whole tables, finds the same."""
    rng = np.random.default_rng(0)
    answers = [streamed(index, float(rng.lognormal()) + 0.2, 0.1) for index in range(80)]
    answers.append(Given(sample="two", seconds=3.0, hops=[Hop(role="a"), Hop(role="b")]))
    answers.append(Given(sample="x", success=None, error_kind="timeout", seconds=None))
    run = run_of(answers, tmp_path)
    expected = distributions(timings_of(run.responses, run.calls))
    (found,) = summarise(run).latencies
    assert found.times == expected


@pytest.mark.parametrize(
    ("started", "seconds", "busy"),
    [
        ([0.0, 0.0], [1.0, 2.0], 2.0),
        ([0.0, 5.0], [1.0, 2.0], 3.0),  # a break between two sessions
        ([5.0, 0.0, 0.5], [1.0, 2.0, 0.1], 3.0),
        ([], [], 0.0),
        ([0.0, np.nan], [1.0, 1.0], 1.0),
    ],
)
def test_busy_seconds_are_the_union_of_spans(
    started: list[float], seconds: list[float], busy: float
) -> None:
    assert busy_seconds(np.array(started), np.array(seconds)) == pytest.approx(busy)
