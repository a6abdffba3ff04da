from __future__ import annotations

import dataclasses
import math

import pytest

from evalsuite.reporting.tidy import COLUMNS, FigureRow, tidy, tidy_frame, unit_of
from tests.reporting.conftest import Reported, report_of_four


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    return report_of_four(tmp_path_factory.mktemp("reported") / "run")


WHOSE = ["scope", "task", "system", "other", "part", "figure"]


def of(reported: Reported, **wanted: str | None) -> FigureRow:
    """The one row that says so."""
    (found,) = [
        row
        for row in tidy(reported.summary)
        if all(getattr(row, name) == value for name, value in wanted.items())
    ]
    return found


def test_a_figure_has_its_interval_its_n_and_its_unit(reported: Reported) -> None:
    figures = reported.summary.system("large").figures
    rate = figures.macro_success_rate
    assert rate is not None
    assert of(reported, scope="systems", system="large", figure="macro_success_rate") == FigureRow(
        scope="systems",
        task=None,
        system="large",
        other=None,
        part=None,
        figure="macro_success_rate",
        unit="share",
        value=rate.value,
        low=rate.low,
        high=rate.high,
        n=24,
        level=0.95,
        method=rate.method,
    )
    spent = of(reported, scope="systems", system="large", figure="usd")
    assert (spent.value, spent.unit, spent.n) == (pytest.approx(24 * 0.02), "usd", 24)


def test_unknown_has_a_row_without_a_value(reported: Reported) -> None:
    row = of(reported, scope="systems", system="vendor", figure="usd_per_success")
    assert (row.value, row.low, row.high, row.unit) == (None, None, None, "usd per success")


def test_what_is_inside_says_whose_it_is(reported: Reported) -> None:
    of_task = of(reported, scope="tasks", task="names", system="large", figure="success_rate")
    assert of_task.value == 11 / 12 and of_task.n == 12
    corpus = of(reported, scope="tasks.corpus", system="large", figure="value")
    assert (corpus.task, corpus.part, corpus.value, corpus.n) == ("names", "micro_f1", 0.875, 12)
    role = of(reported, scope="systems.hybrid.roles", part="large", figure="n_calls")
    assert (role.system, role.value, role.unit) == ("cascade", 12, "count")
    kind = of(reported, scope="systems.failures", system="vendor", part="rate_limited")
    assert kind.value == 1


def test_a_comparison_names_both(reported: Reported) -> None:
    found = reported.summary.comparison("cascade", "large")
    assert found is not None and found.success is not None
    rows = [
        row
        for row in tidy(reported.summary)
        if row.scope == "comparisons" and {row.system, row.other} == {"cascade", "large"}
    ]
    (difference,) = [row for row in rows if row.figure == "success.difference"]
    sign = 1 if difference.system == "cascade" else -1
    assert difference.value == pytest.approx(sign * found.success.difference.value)


def test_no_two_rows_say_the_same_thing_of_the_same(reported: Reported) -> None:
    frame = tidy_frame(reported.summary)
    assert tuple(frame.columns) == COLUMNS
    twice = frame[frame.duplicated(WHOSE, keep=False)]
    assert twice.empty, twice[WHOSE].to_string()
    assert len(frame) > 500


def test_every_estimate_of_the_summary_is_there(reported: Reported) -> None:
    """Counted by another walk, over everything that is a dataclass or holds some."""
    from evalsuite.analysis.intervals import Estimate

    def estimates(value: object) -> int:
        if isinstance(value, Estimate):
            return 1
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return sum(estimates(getattr(value, f.name)) for f in dataclasses.fields(value))
        if isinstance(value, dict):
            return sum(map(estimates, value.values()))
        return sum(map(estimates, value)) if isinstance(value, tuple | list) else 0

    rows = [row for row in tidy(reported.summary) if row.method is not None]
    assert len(rows) == estimates(reported.summary)


@pytest.mark.parametrize(
    ("figure", "scope", "unit"),
    [
        ("latency.p95", "systems", "seconds"),
        ("latency.queue_seconds_per_call", "tasks", "seconds per call"),
        ("usd_per_thousand", "systems", "usd per 1,000 answers"),
        ("joules_per_success", "systems", "joules per success"),
        ("per_request", "energy", "joules per request"),
        ("n_failed_calls", "systems", "count"),
        ("usd_ratio", "comparisons", "ratio"),
        ("success.p_value", "comparisons", "probability"),
        ("input_tokens", "systems", "tokens"),
        ("success_rate_at_worst", "systems", "share"),
        ("quantiles", "latencies.times.quantiles", "seconds"),
        ("mean", "tasks.scores", None),
    ],
)
def test_units_are_read_off_names(figure: str, scope: str, unit: str | None) -> None:
    assert unit_of(figure, scope) == unit


def test_nothing_is_not_a_number(reported: Reported) -> None:
    for row in tidy(reported.summary):
        for value in (row.value, row.low, row.high):
            assert value is None or not math.isnan(value)
