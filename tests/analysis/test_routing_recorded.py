"""Published figures of routers and cascades, from recordings of real models.

Sources are the READMEs and ``expected.json`` in the data folders; what each figure is of stands at
its test. The folders are not part of the package: without them the tests are skipped.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalsuite import routing
from evalsuite.analysis.intervals import ratio_of_sums
from evalsuite.datasets import data_roots
from evalsuite.routing import Point

MIXTRAL, GPT4 = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"


def folder(name: str) -> Path:
    for root in data_roots():
        if (root / "hybrid" / name).exists():
            return root / "hybrid" / name
    pytest.skip(f"no hybrid/{name} here; set EVALSUITE_DATA")


def expected(name: str) -> Any:
    return json.loads((folder(name) / "expected.json").read_text())


# --- RouteLLM: Mixtral-8x7B and GPT-4-1106 --------------------------------------------------------


@cache
def gsm8k() -> tuple[np.ndarray, np.ndarray]:
    base = folder("routellm_gsm8k")
    left_out = _contaminated(base)
    with (base / "gsm8k_responses.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["prompt"] not in left_out]
    return tuple(np.array([row[m] == "True" for row in rows], float) for m in (MIXTRAL, GPT4))  # type: ignore[return-value]


@cache
def mmlu() -> tuple[np.ndarray, np.ndarray]:
    base = folder("routellm_mmlu")
    left_out, rows = _contaminated(base), []
    for path in sorted((base / "responses").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [row for row in csv.DictReader(file) if row["prompt"] not in left_out]
    return tuple(np.array([row[m] == "True" for row in rows], float) for m in (MIXTRAL, GPT4))  # type: ignore[return-value]


def _contaminated(base: Path) -> set[str]:
    lines = (base / "contaminated_prompts.jsonl").read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["eval_prompt"] for line in lines}


@pytest.mark.parametrize(
    ("data", "n", "weak", "strong", "oracle", "best_apgr"),
    [
        ("gsm8k", 1307, 63.73, 85.77, 92.96, 1.1309375),
        ("mmlu", 14037, 68.09, 80.59, 85.87, 1.2896066134549582),
    ],
)
def test_routellm_pairs(
    data: str, n: int, weak: float, strong: float, oracle: float, best_apgr: float
) -> None:
    small, large = {"gsm8k": gsm8k, "mmlu": mmlu}[data]()
    assert len(small) == n
    assert (round(100 * small.mean(), 2), round(100 * large.mean(), 2)) == (weak, strong)
    found = routing.oracle_of_members(np.column_stack([small, large]))
    assert round(100 * found.success.value, 2) == oracle
    assert found.success.low is not None and found.success.low < found.success.value
    assert found.usd is None, "no cost is recorded"
    best = routing.best_curve(small, large)
    apgr = routing.average_gap_recovered(best, small.mean(), large.mean())
    assert apgr == pytest.approx(best_apgr, abs=1e-12)
    assert expected(f"routellm_{data}")["optimal_APGR_11pt_trapezoid"] == pytest.approx(apgr)


def test_a_random_router_recovers_half_and_reaches_x_at_x() -> None:
    """In expectation the curve is the straight line, so APGR is 0.5 and CPT(x) is x."""
    small, large = gsm8k()
    weak, strong = small.mean(), large.mean()
    line = routing.Curve(shares=(0.0, 1.0), qualities=(weak, strong))
    assert routing.average_gap_recovered(line, weak, strong) == pytest.approx(0.5)
    for target in (0.2, 0.5, 0.8):
        assert routing.call_share_for(target, line, weak, strong) == pytest.approx(target)
    rng = np.random.default_rng(0)
    found = [
        routing.average_gap_recovered(
            routing.routing_curve(rng.random(small.size), small, large), weak, strong
        )
        for _ in range(200)
    ]
    # One draw has a standard deviation of about 0.02.
    assert np.mean(found) == pytest.approx(0.5, abs=0.005)


def test_a_recorded_pair_has_intervals() -> None:
    small, large = gsm8k()
    rng = np.random.default_rng(1)
    scores = large - small + rng.normal(0, 1, small.size)  # a router that knows a little
    found = routing.judge_router(scores, small, large, resamples=200)
    assert found.apgr is not None and found.apgr.low is not None and found.apgr.high is not None
    assert 0.5 < found.apgr.low < found.apgr.value < found.apgr.high < 1.14
    half = found.call_shares[0.5]
    assert half is not None and half.high is not None and half.value < half.high < 0.5
    assert found.curve.shares[0] == 0.0 and found.curve.shares[-1] == 1.0


def test_mt_bench_scores_are_averaged_over_turns_and_may_be_missing() -> None:
    """8.28125 and 9.21181 of 72 questions; a score of -1 is a judgement that failed."""
    base = folder("routellm_mtbench")
    questions = {
        row["question_id"]: row["turns"][0]
        for row in map(json.loads, (base / "question.jsonl").read_text().splitlines())
    }
    left_out = _contaminated(base)
    scores: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in map(json.loads, (base / "judgements.jsonl").read_text().splitlines()):
        if questions[row["question_id"]] not in left_out:
            scores[row["model"]][row["question_id"]].append(row["score"])
    weak, strong = (
        np.array([np.mean(turns) for _, turns in sorted(scores[model].items())])
        for model in sorted(scores, key=lambda m: "gpt" in m)
    )
    assert len(weak) == len(strong) == 72
    assert (weak.mean(), strong.mean()) == (8.28125, pytest.approx(9.211805555555555))
    both = routing.recovered(np.maximum(weak, strong), weak, strong)
    assert both is not None and both.value > 1 and both.low is not None


# --- AutoMix: IBC lifts ---------------------------------------------------------------------------


def _lifts() -> Iterator[tuple[str, list[tuple[float, list[Point]]]]]:
    """Of each data set and meta-verifier: the published mean lift and the ten seeds' points."""
    file = json.loads((folder("automix") / "paper_eval_multi_seed_final.json").read_text())
    for data, lifts in file["avg_lift"].items():
        pairs = [
            (lift, zip(file["costs"][data][key], file["perfs"][data][key], strict=True))
            for key, lift in lifts.items()
        ]
        yield data, [(lift, [Point(*pair) for pair in points]) for lift, points in pairs]


def test_automix_lifts() -> None:
    """Every mean lift of the file, over ten seeds; cnli's are .887, -.035 and -.170.

    The accuracy of the two models alone is not in the file. The mean lift is linear in 1 / their
    gap and in the small one's accuracy / the gap, so two of a data set's three lifts give both, and
    the third one is a check: any two of them do.
    """
    solved = expected("automix")["solved_from_data"]
    checked = []
    for data, lifts in _lifts():
        rows = [
            (
                lift,
                float(np.mean([p.quality / (p.cost - 1) for p in points])),
                float(np.mean([1 / (p.cost - 1) for p in points])),
            )
            for lift, points in lifts
        ]
        for left_out, (published, points) in enumerate(lifts):
            used = [row for index, row in enumerate(rows) if index != left_out]
            scale, shift = np.linalg.solve(
                [[49 * a, -49 * b] for _, a, b in used], [lift + 1 for lift, _, _ in used]
            )
            small = Point(1.0, shift / scale)
            large = Point(50.0, small.quality + 1 / scale)
            assert small.quality == pytest.approx(solved[data]["slm_perf"], abs=1e-4)
            assert large.quality == pytest.approx(solved[data]["llm_perf"], abs=1e-4)
            found = np.mean([routing.benefit_lift(p, small, large) for p in points])
            assert found == pytest.approx(published, abs=1e-10), data
            checked.append(published)
    assert len(checked) == 15
    cnli = [round(lift, 3) for lift, _ in dict(_lifts())["cnli"]]
    assert cnli == [0.887, -0.035, -0.170]


# --- FrugalGPT: savings, by the budget that is picked on one split and read on another ------------


def _frugal(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with (folder("frugalgpt_curves") / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cascade = [row for row in rows if row["Method"] == "FrugalGPT"]
    return cascade, [row for row in rows if row["Method"] != "FrugalGPT"]


def _points(rows: Sequence[dict[str, Any]], split: str) -> list[Point]:
    return [Point(float(row[f"{split}_cost"]), float(row[f"{split}_acc"])) for row in rows]


@pytest.mark.parametrize(
    ("name", "saving_on_test", "saving", "points"),
    [
        ("HEADLINES_e8", 0.942315, 0.942315, None),
        ("SCIQ_e8", 0.884159, 0.854, -0.5),
        ("OVERRULING_e5", 0.572688, 0.572688, None),
    ],
)
def test_frugalgpt_savings(
    name: str, saving_on_test: float, saving: float, points: float | None
) -> None:
    """94.2, 88.4 and 57.3 % picked on test; picked on train SCIQ saves 85.4 % and loses 0.5 pp."""
    cascade, single = _frugal(name)
    assert len(cascade) == 20 and len(single) >= 10

    def saved(picked_on: str) -> tuple[float, float]:
        known = _points(single, picked_on)
        best = max(range(len(single)), key=lambda i: known[i].quality)
        at = routing.cheapest_reaching(_points(cascade, picked_on), known[best].quality)
        assert at is not None
        one, other = _points(cascade, "Test")[at], _points(single, "Test")[best]
        return 1 - one.cost / other.cost, 100 * (one.quality - other.quality)

    on_test, difference = saved("Test")
    assert on_test == pytest.approx(saving_on_test, abs=1e-6) and difference >= 0
    assert expected("frugalgpt_curves")[name]["cost_saving"] == pytest.approx(on_test, abs=1e-6)
    fair, lost = saved("Train")
    assert fair == pytest.approx(saving, abs=5e-4)
    if points is not None:
        assert lost == pytest.approx(points, abs=0.05)
    hull = routing.hull(_points([*cascade, *single], "Test"))
    assert hull[-1].quality == max(p.quality for p in _points([*cascade, *single], "Test"))


# --- OmnisBench: four policies --------------------------------------------------------------------


def test_omnisbench_policies() -> None:
    """Accuracy and dollars of the leaderboard in the file; cost per success of the README."""
    file = json.loads((folder("omnisbench") / "results.json").read_text())
    by_policy: dict[str, dict[str, tuple[bool, float]]] = defaultdict(dict)
    for item in file["items"]:
        key = f"{item['dataset']}/{item['item_id']}"
        by_policy[item["policy"]][key] = (item["passed"], item["cost_usd"])
    published = {row["policy"]: row for row in file["leaderboard"]}
    per_success = {
        "always_big": 0.006304,
        "always_cheap": 0.000456,
        "random": 0.004170,
        "oracle": 0.000618,
    }
    assert set(by_policy) == set(published) == set(per_success)
    for policy, items in by_policy.items():
        passed, usd = (np.array(column, float) for column in zip(*items.values(), strict=True))
        assert len(items) == 364
        assert passed.mean() == pytest.approx(published[policy]["quality"], abs=1e-12)
        assert usd.sum() == pytest.approx(published[policy]["total_cost_usd"], abs=1e-9)
        found = ratio_of_sums(usd, passed, list(items))
        assert found is not None and found.value == pytest.approx(per_success[policy], abs=5e-7)
        assert found.low is not None and found.high is not None
    _check_omnisbench_oracle(file["items"], published["oracle"])


def _check_omnisbench_oracle(items: Sequence[dict[str, Any]], published: dict[str, Any]) -> None:
    """Hindsight over all recorded answers of the four models is the oracle policy, to the cent.

    Two of the models answered everything, the others 108 and 92 items.
    """
    models = sorted({item["chosen_model"] for item in items})
    keys = sorted({(item["dataset"], item["item_id"]) for item in items})
    success, usd = np.full((364, len(models)), np.nan), np.full((364, len(models)), np.nan)
    for item in items:
        at = keys.index((item["dataset"], item["item_id"])), models.index(item["chosen_model"])
        success[at], usd[at] = item["passed"], item["cost_usd"]
    assert sorted((~np.isnan(success)).sum(axis=0).tolist()) == [92, 108, 364, 364]
    oracle = routing.oracle_of_members(success, usd)
    assert oracle.usd is not None
    assert oracle.success.value == pytest.approx(published["quality"], abs=1e-12)
    assert 364 * oracle.usd.value == pytest.approx(published["total_cost_usd"], abs=1e-9)


# --- routefoundry: four local models, 38 tasks ----------------------------------------------------


def test_routefoundry_models_and_their_oracle() -> None:
    rows = [
        json.loads(line)
        for line in (folder("routefoundry_local4") / "observations.jsonl").read_text().splitlines()
    ]
    models = ["deepseek-r1:1.5b", "llama3.2:3b", "codellama", "gemma:2b"]
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        name = next(one for one in models if row["model"].startswith(one))
        found[name][row["prompt_id"]] = row
    right = {m: sum(row["quality"] == 1 for row in found[m].values()) for m in models}
    assert right == {"deepseek-r1:1.5b": 27, "llama3.2:3b": 23, "codellama": 19, "gemma:2b": 18}
    seconds = {m: np.array([r["latency_ms"] for r in found[m].values()]) / 1000 for m in models}
    assert all(len(of_model) == 38 for of_model in seconds.values())
    shown = {m: tuple(np.quantile(s, [0.5, 0.95]).round(2).tolist()) for m, s in seconds.items()}
    assert shown == {
        "deepseek-r1:1.5b": (14.58, 29.23),
        "llama3.2:3b": (1.60, 2.77),
        "codellama": (6.25, 18.36),
        "gemma:2b": (2.73, 5.98),
    }
    by_task: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(models, 0))
    for model in models:
        for row in found[model].values():
            by_task[row["task"]][model] += row["quality"] == 1
    assert [by_task["reasoning_math"][m] for m in models] == [10, 2, 3, 2]
    assert [by_task["extraction_structured"][m] for m in models] == [4, 9, 8, 7]
    ids = sorted(found["codellama"])
    success = np.array([[found[m][i]["quality"] for m in models] for i in ids])
    oracle = routing.oracle_of_members(success)
    # A router by task, which knows the best model of each: a bound of all rules on the task.
    of_tasks = sum(max(counts.values()) for counts in by_task.values())
    assert of_tasks == 10 + 9 + 7 + 5 + 2
    assert 38 * oracle.success.value == pytest.approx(36)


# --- AdaptiveLog: BERT defers to ChatGPT where it is unsure ---------------------------------------


def _label(answer: str) -> str | None:
    """The last "Label: true", else the last word of the two after "label", else the last at all."""
    for pattern in (
        r"label:\W*(true|false)",
        r"label\W+(?:\w+\W+)?(true|false)",
        r"\b(true|false)\b",
    ):
        found = re.findall(pattern, answer, re.IGNORECASE)
        if found:
            return str(found[-1]).lower()
    return None


@pytest.mark.parametrize(
    ("system", "n", "deferred", "share", "right"),
    [("hwswitch", 2447, 522, 0.213, 466), ("hwrouters", 1825, 534, 0.293, 486)],
)
def test_adaptivelog_deferral(system: str, n: int, deferred: int, share: float, right: int) -> None:
    """21.3 and 29.3 % deferred, exactly those with an uncertainty above 0.5.

    BERT's own answers are not recorded, so the curve is that of ChatGPT alone on what it was given:
    its accuracy there is where the curve of deferring those rows ends.
    """
    base = folder("adaptivelog") / "ldsm"
    parts = {
        part: json.loads((base / f"{system}_{part}.json").read_text())
        for part in ("large", "small", "llm_ecr")
    }
    uncertain = [row[1] for row in parts["large"]]
    certain = [row[1] for row in parts["small"]]
    confidence = np.array([-u for u in [*uncertain, *certain]])
    assert len(confidence) == n
    # A cascade whose signal is minus the uncertainty, with a threshold of -0.5.
    escalated = confidence < -0.5
    assert int(escalated.sum()) == deferred == len(parts["llm_ecr"])
    assert escalated[:deferred].all()
    assert round(float(escalated.mean()), 3) == share
    answered = np.array(
        [_label(text) == ("true" if gold == "1" else "false") for gold, text in parts["llm_ecr"]],
        float,
    )
    assert int(answered.sum()) == right
    curve = routing.deferral_curve(uncertain, np.zeros(deferred), answered).curve
    assert curve.shares[-1] == 1.0
    assert curve.qualities[-1] == pytest.approx(right / deferred)
