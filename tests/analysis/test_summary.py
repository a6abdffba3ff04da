from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.summary import Summary, summarise
from evalsuite.analysis.verdict import verdict
from evalsuite.reporting.json_report import json_value
from tests.analysis.frames import Given, Hop, build_run, system, task

SMALL, LARGE = system("small"), system("large")
CASCADE = system("cascade", "hybrid", {"first": "small", "then": "large"})


def summary_of(answers: list[Given], tmp_path: Path, **more: object) -> Summary:
    tasks = [task(name) for name in sorted({answer.task for answer in answers})]
    systems = [SMALL, LARGE, CASCADE]
    return summarise(build_run(tmp_path, tasks, systems, answers, **more))  # type: ignore[arg-type]


def given(n: int, n_right: int, **more: object) -> list[Given]:
    return [
        Given(sample=str(index), success=index < n_right, **more)  # type: ignore[arg-type]
        for index in range(n)
    ]


def test_spend_on_wrong_answers_is_part_of_the_cost_of_right_ones(tmp_path: Path) -> None:
    figures = summary_of(given(10, 4), tmp_path).system("small").figures
    assert figures.usd == pytest.approx(0.010)
    assert figures.usd_per_success is not None
    assert figures.usd_per_success.value == pytest.approx(0.0025)
    assert figures.usd_per_thousand is not None
    assert figures.usd_per_thousand.value == pytest.approx(1.0)
    assert figures.success_rate is not None
    assert (figures.success_rate.low, figures.success_rate.high) == wilson(4, 10)


def test_a_failure_is_left_out_of_the_rate_but_not_out_of_the_bill(tmp_path: Path) -> None:
    failed = Given(sample="9", success=None, error_kind="timeout", hops=[Hop(status="error")])
    unscored = Given(sample="10", success=None, score_status="scorer_error")
    unread = Given(sample="11", success=False, score_status="format_error")
    answers = [*given(9, 6), failed, unscored, unread]
    figures = summary_of(answers, tmp_path).system("small").figures
    assert (figures.n_attempted, figures.n_scored, figures.n_successes) == (12, 10, 6)
    assert (figures.n_system_errors, figures.n_scorer_errors, figures.n_format_errors) == (1, 1, 1)
    assert figures.failures == {"timeout": 1, "scorer_error": 1}
    assert figures.success_rate is not None and figures.success_rate.value == pytest.approx(0.6)
    assert figures.success_rate_at_worst == pytest.approx(0.5)
    assert figures.usd_per_success is not None
    assert figures.usd_per_success.value == pytest.approx(0.012 / 6)
    assert figures.n_failed_calls == 1


def test_one_call_without_a_price_makes_the_cost_unknown(tmp_path: Path) -> None:
    unpriced = Given(sample="9", hops=[Hop(), Hop(usd=None)])
    figures = summary_of([*given(9, 9), unpriced], tmp_path).system("small").figures
    assert figures.usd is None
    assert figures.usd_per_success is None and figures.usd_per_thousand is None
    assert figures.n_unpriced == 1
    assert figures.success_rate is not None


def test_no_success_is_infinitely_dear_and_says_what_was_spent(tmp_path: Path) -> None:
    summary = summary_of(given(10, 0), tmp_path)
    figures = summary.system("small").figures
    assert figures.usd_per_success is not None and math.isinf(figures.usd_per_success.value)
    assert figures.usd == pytest.approx(0.010)
    text = json.dumps(json_value(summary), allow_nan=False)
    assert '"value": "Infinity"' in text


def test_macro_weighs_tasks_and_micro_weighs_answers(tmp_path: Path) -> None:
    answers = [*given(90, 90, task="big"), *given(10, 0, task="little")]
    figures = summary_of(answers, tmp_path).system("small").figures
    assert figures.macro_success_rate is not None and figures.success_rate is not None
    assert figures.macro_success_rate.value == pytest.approx(0.5)
    assert figures.success_rate.value == pytest.approx(0.9)


def test_recorded_answers_have_no_latency(tmp_path: Path) -> None:
    felt = [Given(sample=str(index), seconds=float(index)) for index in range(1, 10)]
    recorded = Given(sample="r", seconds=None, hops=[Hop(seconds=None, recorded=True)])
    figures = summary_of([*felt, recorded], tmp_path).system("small").figures
    assert figures.latency is not None
    assert figures.latency.n == 9
    assert figures.latency.p50.value == 5.0
    assert figures.latency.p95.high is None
    assert figures.latency.queue_seconds_per_call == pytest.approx(0.02)
    assert figures.n_recorded_calls == 1
    only = summary_of([recorded], tmp_path).system("small").figures
    assert only.latency is None


def test_energy_and_tokens_are_unknown_where_one_call_counts_none(tmp_path: Path) -> None:
    counted = [Given(sample=str(index), hops=[Hop(joules=2.0)]) for index in range(4)]
    figures = summary_of(counted, tmp_path).system("small").figures
    assert (figures.joules, figures.joules_per_success) == (8.0, 2.0)
    assert (figures.input_tokens, figures.output_tokens) == (40, 8)
    blind = Given(sample="x", hops=[Hop(input_tokens=None)])
    figures = summary_of([*counted, blind], tmp_path).system("small").figures
    assert figures.joules is None and figures.joules_per_success is None
    assert figures.input_tokens is None and figures.output_tokens == 10


def test_repeats_of_a_sample_are_one_cluster(tmp_path: Path) -> None:
    once = given(20, 10)
    thrice = [
        Given(sample=str(index), success=index < 10, repeat=repeat)
        for index in range(20)
        for repeat in range(3)
    ]
    one = summary_of(once, tmp_path).system("small").figures.success_rate
    three = summary_of(thrice, tmp_path).system("small").figures.success_rate
    assert one is not None and three is not None and one.low is not None and three.low is not None
    # saying the same three times is no new evidence
    assert three.n == 60
    assert three.low == pytest.approx(one.low, abs=0.03)


def test_only_systems_scored_everywhere_are_ranked(tmp_path: Path) -> None:
    answers = [
        *given(10, 5, task="a", system="small"),
        *given(10, 5, task="b", system="small"),
        *given(10, 10, task="a", system="large"),
    ]
    summary = summary_of(answers, tmp_path)
    assert summary.best == "small"
    assert [item.comparable for item in summary.systems] == [True, False]
    assert not summary.system("large").on_pareto_front
    assert summary.system("large").tasks == ("a",)


def test_the_front_holds_what_nothing_beats(tmp_path: Path) -> None:
    dear, cheap = [Hop(usd=1.0)], [Hop(usd=0.1)]
    answers = [
        *given(10, 9, system="large", hops=dear),
        *given(10, 5, system="small", hops=cheap),
        *given(10, 5, system="cascade", hops=[Hop(role="first", usd=0.5)]),
    ]
    summary = summary_of(answers, tmp_path)
    front = {item.entry.name for item in summary.systems if item.on_pareto_front}
    assert front == {"large", "small"}


def test_hidden_systems_are_not_reported(tmp_path: Path) -> None:
    run = build_run(
        tmp_path,
        [task()],
        [SMALL, system("large", reported=False)],
        [*given(4, 2), *given(4, 4, system="large")],
    )
    summary = summarise(run)
    assert [item.entry.name for item in summary.systems] == ["small"]
    assert summary.comparisons == ()


def test_preparation_and_corpus_figures_are_kept_apart(tmp_path: Path) -> None:
    fit = {
        "key": "k",
        "task": "t",
        "system": "small",
        "split": "train",
        "n_samples": 50,
        "seconds": 2.0,
        "usd": 0.5,
        "note": "depth 3",
    }
    corpus = [
        {"task": "t", "system": "small", "metric": "auc", "value": 0.75, "n": 10},
        {"task": "t", "system": "small", "metric": "f1", "value": None, "n": 10},
    ]
    summary = summary_of(given(10, 4), tmp_path, fits=[fit], corpus=corpus)
    found = summary.system("small")
    assert (found.fit_usd, found.fit_seconds, found.fits[0].note) == (0.5, 2.0, "depth 3")
    assert found.figures.usd == pytest.approx(0.010)
    assert [(item.metric, item.value) for item in summary.tasks[0].corpus] == [
        ("auc", 0.75),
        ("f1", None),
    ]
    assert "Costs leave out preparation, paid once: small $0.500." in verdict(summary).caveats
    unknown = summary_of(given(10, 4), tmp_path, fits=[{**fit, "usd": None}])
    assert unknown.system("small").fit_usd is None
    assert "Costs leave out preparation, paid once: small unknown." in verdict(unknown).caveats


def test_every_score_has_its_mean_and_its_n(tmp_path: Path) -> None:
    failed = Given(sample="9", success=None, error_kind="timeout")
    (score,) = summary_of([*given(9, 3), failed], tmp_path).tasks[0].scores
    assert score.decides and score.mean is not None
    assert score.mean.value == pytest.approx(1 / 3)
    assert (score.n, score.n_without) == (9, 1)


def test_everything_failed_is_not_everything_wrong(tmp_path: Path) -> None:
    answers = [Given(sample=str(i), success=None, error_kind="refused") for i in range(6)]
    summary = summary_of(answers, tmp_path)
    figures = summary.system("small").figures
    assert figures.success_rate is None and figures.macro_success_rate is None
    assert summary.best is None
    assert json_value(summary)["systems"][0]["figures"]["n_system_errors"] == 6
