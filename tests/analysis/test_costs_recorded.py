"""Published cost and latency of real models, from their recorded calls, by public functions.

Berkeley Function Calling Leaderboard of 2024-07-06 (README of hybrid/bfcl_cost_latency) and
OmnisBench of 2026-08-19 (README of hybrid/omnisbench).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evalsuite.analysis.costs import usd_per_thousand_calls
from evalsuite.analysis.intervals import Estimate, proportion, ratio_of_sums, stratified
from evalsuite.analysis.latency import distribution, linear_percentile
from evalsuite.datasets import data_roots
from evalsuite.systems.price import Price, token_usd

MODELS = (
    "claude-3-5-sonnet-20240620",
    "claude-3-haiku-20240307",
    "gemini-1.5-flash-preview-0514",
    "gpt-3.5-turbo-0125-FC",
    "gpt-4-0125-preview",
    "gpt-4o-2024-05-13",
    "mistral-medium-2312",
    "mistral-tiny-2312",
)


def folder(name: str) -> Path:
    for root in data_roots():
        if (root / "hybrid" / name).is_dir():
            return root / "hybrid" / name
    pytest.skip(f"hybrid/{name} is not on this machine (EVALSUITE_DATA)")


def bfcl(model: str) -> tuple[list[dict[str, str]], dict[str, Any]]:
    with (folder("bfcl_cost_latency") / f"{model}.csv").open() as lines:
        calls = list(csv.DictReader(lines))
    return calls, json.loads((folder("bfcl_cost_latency") / "expected.json").read_text())[model]


@pytest.mark.parametrize("model", MODELS)
def test_cost_and_latency_of_the_leaderboard(model: str) -> None:
    calls, expected = bfcl(model)
    assert len(calls) == 1700
    published = expected["published_row"]
    input_price, output_price = expected["price_per_million"]
    price = Price(
        usd_per_million_input_tokens=input_price, usd_per_million_output_tokens=output_price
    )
    usd = usd_per_thousand_calls(
        [float(call["input_tokens"]) for call in calls],
        [float(call["output_tokens"]) for call in calls],
        price,
    )
    assert usd is not None
    assert round(usd, 2) == float(published["Cost ($ Per 1k Function Calls)"])
    seconds = [float(call["latency_s"]) for call in calls]
    found = distribution(seconds)
    assert found is not None and found.sd is not None
    assert round(found.mean, 2) == float(published["Latency Mean (s)"])
    assert round(found.sd, 2) == float(published["Latency Standard Deviation (s)"])
    interpolated = linear_percentile(seconds, 0.95)
    assert interpolated is not None
    assert round(interpolated, 2) == float(published["Latency 95th Percentile (s)"])
    # the order statistic that we show is a latency that was measured, and its bounds hold both
    ours = found.quantiles[0.95]
    assert ours.value in seconds and ours.low is not None and ours.high is not None
    assert ours.low <= interpolated <= ours.high


def part(counts: Mapping[str, list[int]], *names: str) -> Estimate:
    """The accuracy of some categories together, each call weighing alike."""
    right = sum(counts[name][0] for name in names)
    n = sum(counts[name][1] for name in names)
    found = proportion([1.0] * right + [0.0] * (n - right), range(n))
    assert found is not None
    return found


@pytest.mark.parametrize("model", MODELS)
def test_accuracies_of_the_leaderboard(model: str) -> None:
    """Overall: nine groups by their counts; the two summaries: plain means of four groups."""
    _, expected = bfcl(model)
    counts, published = expected["category_correct_total"], expected["published_row"]
    ast = [
        part(counts, "simple", "java", "javascript"),
        part(counts, "multiple_function"),
        part(counts, "parallel_function"),
        part(counts, "parallel_multiple_function"),
    ]
    executed = [
        part(counts, "executable_simple", "rest"),
        part(counts, "executable_multiple_function"),
        part(counts, "executable_parallel_function"),
        part(counts, "executable_parallel_multiple_function"),
    ]
    groups = [*ast, *executed, part(counts, "relevance")]
    overall = stratified(groups, [float(group.n) for group in groups])
    assert overall.n == 1700
    assert f"{overall.value:.2%}" == published["Overall Acc"]
    assert f"{stratified(ast, [1.0] * 4).value:.2%}" == published["AST Summary"]
    assert f"{stratified(executed, [1.0] * 4).value:.2%}" == published["Exec Summary"]


OMNISBENCH = {
    "always_big": (0.99176, 2.27571, 0.006304),
    "always_cheap": (0.94505, 0.15684955, 0.000456),
    "random": (0.96154, 1.45936655, 0.004170),
    "oracle": (0.99725, 0.22435985, 0.000618),
}


@pytest.mark.parametrize("policy", OMNISBENCH)
def test_omnisbench_policies(policy: str) -> None:
    items = json.loads((folder("omnisbench") / "results.json").read_text())["items"]
    answers = [item for item in items if item["policy"] == policy]
    assert len(answers) == 364
    passed = [float(item["passed"]) for item in answers]
    usd = [float(item["cost_usd"]) for item in answers]
    accuracy, spent, per_success = OMNISBENCH[policy]
    assert sum(passed) / len(passed) == pytest.approx(accuracy, abs=5e-6)
    assert sum(usd) == pytest.approx(spent, abs=5e-9)
    found = ratio_of_sums(usd, passed, range(len(answers)), resamples=200)
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(per_success, abs=5e-7)
    assert found.low <= found.value <= found.high


def test_omnisbench_costs_follow_from_tokens_and_the_dated_prices() -> None:
    import yaml

    at = folder("omnisbench")
    dated = yaml.safe_load((at / "pricing-2026-08-18.yaml").read_text())["models"]
    prices = {
        name: Price(
            usd_per_million_input_tokens=rates["input_per_mtok"],
            usd_per_million_output_tokens=rates["output_per_mtok"],
        )
        for name, rates in dated.items()
    }
    items = json.loads((at / "results.json").read_text())["items"]
    assert len(items) == 4 * 364
    for item in items:
        usd = token_usd(prices[item["chosen_model"]], item["input_tokens"], item["output_tokens"])
        assert usd == pytest.approx(item["cost_usd"], abs=1e-12)
