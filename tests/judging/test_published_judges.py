"""Figures that the authors of JudgeBench, LLMBar, MT-bench, WildBench and others gave of judges."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalsuite.datasets import data_roots
from evalsuite.judges import audit, cohen_kappa, combine, join, percent_agreement, vote

from .recorded_judges import judgebench, judgebench_frame


@pytest.fixture
def real() -> Callable[[str], Path]:
    """Path of a file below the real data; skips where there is none."""

    def path(name: str) -> Path:
        for root in data_roots():
            if (root / name).exists():
                return root / name
        pytest.skip(f"no {name} in {', '.join(map(str, data_roots()))}; set EVALSUITE_DATA")

    return path


def lines(path: Path) -> pd.DataFrame:
    return pd.read_json(path, lines=True)


# Tan et al. (2024), arXiv:2410.12784; the score of the repository's utils/metrics.py, in percent.
JUDGEBENCH_SCORES = {
    "o1-mini-2024-09-12": 65.71428571428571,
    "Ray2333_GRM-Gemma-2B-rewardmodel-ft": 59.42857142857143,
    "Skywork_Skywork-Reward-Gemma-2-27B": 64.28571428571429,
    "Skywork_Skywork-Reward-Llama-3.1-8B": 62.28571428571429,
    "internlm_internlm2-7b-reward": 59.42857142857143,
    "internlm_internlm2-20b-reward": 63.42857142857143,
}


def test_judgebench_scores_flips_and_sources(real: Callable[[str], Path]) -> None:
    found = audit(judgebench(real))
    for name, score in JUDGEBENCH_SCORES.items():
        accuracy = found.judge(name).figure("accuracy").estimate
        assert accuracy is not None
        assert (100 * accuracy.value, accuracy.n) == (pytest.approx(score, abs=1e-9), 350)
    o1 = found.judge("o1-mini-2024-09-12")
    by_source = {d.domain: round(100 * d.accuracy.value, 2) for d in o1.domains if d.accuracy}
    assert by_source["mmlu"] == 58.44
    assert by_source["livecodebench"] == 78.57
    flips = o1.figure("flips").estimate
    assert flips is not None and flips.value == pytest.approx(110 / 350)  # 31.4 %
    for name in JUDGEBENCH_SCORES:
        if name != o1.judge:
            reward = found.judge(name).figure("flips").estimate
            assert reward is not None and reward.value < 0.01


def test_judgebench_splits_livebench_into_reasoning_and_mathematics(
    real: Callable[[str], Path],
) -> None:
    name = "judge/judgebench/decisions__gpt-4o-2024-05-13__arena_hard__o1-mini-2024-09-12.csv"
    table = pd.read_csv(real(name))
    kinds = {"livebench-reasoning": 62.24, "livebench-math": 82.14}
    for source, score in kinds.items():
        part = judgebench_frame(table[table["source"] == source], "o1")
        accuracy = audit(part).judge("o1").figure("accuracy").estimate
        assert accuracy is not None and 100 * accuracy.value == pytest.approx(score, abs=0.005)


def test_judgebench_files_of_hybrids_give_their_expected_scores(
    real: Callable[[str], Path],
) -> None:
    expected = json.loads(real("hybrid/judgebench_judges/expected.json").read_text())
    assert len(expected) == 4
    for name, score in expected.items():
        table = pd.read_csv(real(f"hybrid/judgebench_judges/{name}.csv"))
        accuracy = audit(judgebench_frame(table, name)).judge(name).figure("accuracy").estimate
        assert accuracy is not None and 100 * accuracy.value == pytest.approx(score, abs=1e-9)


def test_judgebench_vote_of_five_reward_models(real: Callable[[str], Path]) -> None:
    """61.14 %: below the best of them, for they err on the same pairs."""
    frame = judgebench(real)
    frame = frame[frame["judge"] != "o1-mini-2024-09-12"]
    truth = frame.groupby("item")["human"].first()
    combined = {
        judge: rows.groupby("item")["verdict"].agg(lambda both: combine(list(both)))
        for judge, rows in frame.groupby("judge")
    }
    right = [
        vote({str(judge): by_item[item] for judge, by_item in combined.items()}).label == human
        for item, human in truth.items()
    ]
    assert len(combined) == 5
    assert 100 * np.mean(right) == pytest.approx(61.142857142857146)


def test_judgebench_audit_has_the_same_vote(real: Callable[[str], Path]) -> None:
    frame = judgebench(real)
    board = audit(frame[frame["judge"] != "o1-mini-2024-09-12"]).boards[0]
    majority = {panel.name: panel for panel in board.panels}["majority"]
    assert majority.estimate is not None
    assert 100 * majority.estimate.value == pytest.approx(61.142857142857146)
    assert board.n_items == 350
    assert board.places[0].judge == "Skywork_Skywork-Reward-Gemma-2-27B"


def percent_of(text: str) -> float:
    return float(text.rpartition("=")[2].strip().rstrip("%"))


@pytest.fixture
def llmbar(real: Callable[[str], Path]) -> list[tuple[dict[str, Any], dict[str, list[Any]]]]:
    """(published statistics, verdicts in both orders and labels) of 211 evaluators."""
    published = json.loads(real("judge/llmbar/statistics_published.json").read_text())
    table = pd.read_csv(real("judge/llmbar/winners.csv.gz"), dtype=str, keep_default_na=False)
    found = []
    for (subset, evaluator), rows in table.groupby(["subset", "evaluator"], sort=False):
        verdicts = {
            side: [verdict or None for verdict in rows[f"winner_{side}"]]
            for side in ("orig", "swapped")
        }
        key = f"{subset}|{evaluator}"
        found.append((published[key] | {"key": key}, verdicts | {"label": list(rows["label"])}))
    return found


def test_llmbar_accuracies_and_agreements(
    llmbar: list[tuple[dict[str, Any], dict[str, list[Any]]]],
) -> None:
    """Zeng et al. (2024), arXiv:2310.07641: an unparsed verdict is wrong."""
    assert len(llmbar) == 211
    for published, rows in llmbar:
        label, one, other = rows["label"], rows["orig"], rows["swapped"]
        first = percent_agreement(one, label, failures="wrong")
        second = percent_agreement(other, label, failures="wrong")
        assert first is not None and second is not None
        both = [a == b == truth for a, b, truth in zip(one, other, label, strict=True)]
        same = [a == b for a, b in zip(one, other, strict=True)]
        found = {
            "correct_False": first,
            "correct_True": second,
            "correct_average": (first + second) / 2,
            "correct_both": np.mean(both),
            "equal": np.mean(same),
        }
        expected = {name: percent_of(published[name]) / 100 for name in found}
        assert found == pytest.approx(expected, abs=1e-12), published["key"]


def test_llmbar_headline_figures(
    llmbar: list[tuple[dict[str, Any], dict[str, list[Any]]]],
) -> None:
    """GPT-4 Vanilla: Natural 93.5 % right and 97.0 % agreement, Neighbor 64.2 % and 89.6 %."""
    found = {published["key"]: published for published, _ in llmbar}
    natural, neighbor = (
        found["Natural|GPT-4/Vanilla_NoRules"],
        found["Neighbor|GPT-4/Vanilla_NoRules"],
    )
    assert percent_of(natural["correct_average"]) == pytest.approx(93.5)
    assert percent_of(natural["equal"]) == pytest.approx(97.0)
    assert percent_of(neighbor["correct_average"]) == pytest.approx(64.2, abs=0.05)
    assert percent_of(neighbor["equal"]) == pytest.approx(89.6, abs=0.05)


def test_llmbar_true_kappa_where_upstream_compares_other_labels(
    llmbar: list[tuple[dict[str, Any], dict[str, list[Any]]]],
) -> None:
    """Upstream compares labels 1 and 2 with predictions 0 and 1: .26 stored, .867 true."""
    gaps = []
    for published, rows in llmbar:
        one, other = (cohen_kappa(rows[side], rows["label"]) for side in ("orig", "swapped"))
        assert one is not None and other is not None
        gaps.append(abs((one + other) / 2 - published["kappa_average"]))
        if published["key"] == "Natural|GPT-4/Vanilla_NoRules":
            assert (one + other) / 2 == pytest.approx(0.8672882686)
            assert published["kappa_average"] == pytest.approx(0.2597371326)
    assert np.mean(gaps) == pytest.approx(0.304, abs=5e-4)  # of these 211; .25 of all 349


def test_llmbar_kappa_between_orders(
    llmbar: list[tuple[dict[str, Any], dict[str, list[Any]]]],
) -> None:
    """Stored right wherever every verdict was parsed: 161 of 211."""
    n = 0
    for published, rows in llmbar:
        if None not in rows["orig"] and None not in rows["swapped"]:
            n += 1
            found = cohen_kappa(rows["orig"], rows["swapped"])
            assert found == pytest.approx(published["kappa_agreement"], abs=1e-12)
    assert n == 161


def test_llmbar_as_an_audit(real: Callable[[str], Path]) -> None:
    table = pd.read_csv(real("judge/llmbar/winners.csv.gz"), dtype=str, keep_default_na=False)
    rows = table.query("subset == 'Natural' and evaluator == 'GPT-4/Vanilla_NoRules'")
    sides = {"1": "a", "2": "b", "": None}
    frame = pd.concat(
        pd.DataFrame(
            {
                "judge": "GPT-4",
                "item": rows["i"],
                "verdict": rows[column].map(sides),
                "shown_first": shown,
                "human": rows["label"].map(sides),
            }
        )
        for column, shown in (("winner_orig", "a"), ("winner_swapped", "b"))
    )
    item = audit(frame).judge("GPT-4")
    values = {
        name: estimate.value
        for name in ("verdict_accuracy_failures_wrong", "both_orders_accuracy", "flips")
        if (estimate := item.figure(name).estimate) is not None
    }
    assert values == pytest.approx(
        {
            "verdict_accuracy_failures_wrong": 0.935,
            "both_orders_accuracy": 0.92,
            "flips": 0.03,
        }
    )


def test_mt_bench_single_grades(real: Callable[[str], Path]) -> None:
    """FastChat's show_result: a score of -1 is no score, a turn judged twice counts twice."""
    expected = json.loads(real("judge/mt_bench/expected_show_result_single.json").read_text())
    files = ("gpt-4_single__alvarobartt.jsonl.gz", "gpt-4_single__muhan421.jsonl.gz")
    rows = pd.concat(lines(real(f"judge/mt_bench/{name}")) for name in files)
    frame = pd.DataFrame(
        {
            "judge": "gpt-4",
            "item": rows["question_id"].astype(str) + "/" + rows["turn"].astype(str),
            "system": rows["model"],
            "turn": rows["turn"],
            "score": rows["score"].where(rows["score"] != -1),
        }
    )
    item = audit(frame).judge("gpt-4")
    assert item.n_failed == 1
    assert sum(one["n"] for one in expected.values()) == item.n_verdicts - item.n_failed
    for model, figures in expected.items():
        own = frame[frame["system"] == model]
        means = own.groupby("turn")["score"].mean()
        assert own["score"].mean() == pytest.approx(figures["average"])
        assert own["score"].count() == figures["n"]
        assert [means[1], means[2]] == pytest.approx([figures["turn1"], figures["turn2"]])


def test_mt_bench_judged_twice_is_noise(real: Callable[[str], Path]) -> None:
    """mistral-orpo was judged twice at every turn: the second score differs one time in seven."""
    rows = lines(real("judge/mt_bench/gpt-4_single__alvarobartt.jsonl.gz"))
    frame = pd.DataFrame(
        {
            "judge": "gpt-4",
            "item": rows["question_id"].astype(str) + "/" + rows["turn"].astype(str),
            "system": rows["model"],
            "score": rows["score"].where(rows["score"] != -1),
        }
    )
    item = audit(frame).judge("gpt-4")
    changes = item.figure("retest_changes").estimate
    pairs = frame[frame["system"] == "mistral-orpo"].dropna().groupby("item")["score"]
    twice = pairs.agg(["nunique", "count"]).query("count == 2")
    assert changes is not None and changes.n == len(twice) == 159
    assert changes.value == pytest.approx((twice["nunique"] == 2).mean())


def test_mt_bench_pairs(real: Callable[[str], Path]) -> None:
    """A win only where both orders agree, else a tie; a pair with an error is left out."""
    expected = json.loads(real("judge/mt_bench/expected_pairwise.json").read_text())
    sides = {"model_1": "a", "model_2": "b", "tie": "tie"}
    rows = lines(real("judge/mt_bench/gpt-4_pair__Stefanstud.jsonl.gz"))
    decided = [
        combine([sides.get(one), sides.get(other)], rule="unanimous")
        for one, other in zip(rows["g1_winner"], rows["g2_winner"], strict=True)
    ]
    assert decided.count("a") == expected["model_1_win"]
    assert decided.count("b") == expected["model_1_loss"]
    assert decided.count("tie") == expected["tie"]
    assert decided.count(None) == expected["errors"]
    assert len(decided) - decided.count(None) == expected["n_valid"]


def test_mt_bench_of_routellm(real: Callable[[str], Path]) -> None:
    rows = lines(real("tasks/creative/recorded/mt_bench_routellm/judgements.jsonl"))
    assert len(rows) == 320
    means = rows.groupby("model")["score"].mean()
    by_kind = rows.groupby(["model", "category"])["score"].mean()
    small, large = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"
    assert [means[large], means[small]] == pytest.approx([9.23, 8.34], abs=0.005)
    found = [by_kind[model, kind] for model in (large, small) for kind in ("writing", "roleplay")]
    assert found == pytest.approx([9.65, 9.47, 9.55, 9.50], abs=0.0051)


def test_wildbench_scores(real: Callable[[str], Path]) -> None:
    """Score, 2 x (score - 5) and n of the four models whose published figures are there."""
    published = json.loads(real("judge/wildbench/score_published.json").read_text())
    rows = pd.read_csv(real("judge/wildbench/scores_gpt-4o-2024-05-13.csv.gz"))
    frame = rows.rename(columns={"model": "system", "session_id": "item", "output_chars": "length"})
    item = audit(frame.assign(judge="gpt-4o")).judge("gpt-4o")
    assert item.n_verdicts == len(rows) and item.n_failed == 0
    assert len(published) == 4
    means = rows.groupby("model")["score"].agg(["mean", "count"])
    for model, figures in published.items():
        assert means.loc[model, "mean"] == pytest.approx(figures["score"], abs=1e-12)
        assert 2 * (means.loc[model, "mean"] - 5) == pytest.approx(figures["adjusted_score"])
        assert means.loc[model, "count"] == figures["total"]
    slope = item.figure("length_slope").estimate
    assert slope is not None and slope.low is not None and slope.low > 0.5


def test_ttcw_judges_and_the_expert_majority(real: Callable[[str], Path]) -> None:
    """No figure is published beside these verdicts; counted here: both are little above chance.

    Verdicts on 48 stories x 14 tests (Chakrabarty et al., 2024, arXiv:2309.14556), of which 3
    experts each make the majority. Every verdict begins with Yes or No.
    """
    experts = lines(real("tasks/creative/ttcw/expert_annotations.jsonl.gz"))
    yes = (experts["binary_verdict"] == "Yes").groupby(
        [experts["story_id"], experts["ttcw_idx"].astype(str)]
    )
    majority = {key: "Yes" if share > 0.5 else "No" for key, share in yes.mean().items()}
    expected = {"gpt4": (300, 0.0676692), "claude3-opus": (338, 0.1306934)}
    for name, (n_same, kappa) in expected.items():
        rows = lines(real(f"tasks/creative/recorded/ttcw_llm_judges/{name}.jsonl.gz"))
        keys = rows["id"].str.extract(r"story_(.*)_test(\d+)")
        said = rows["response"].str.extract(r"^\s*(Yes|No)\b", expand=False)
        joined = join(dict(zip(zip(keys[0], keys[1], strict=True), said, strict=True)), majority)
        assert (len(joined.keys), joined.n_failed, joined.n_unjudged) == (672, 0, 0)
        share = percent_agreement(joined.judge, joined.human)
        assert share == pytest.approx(n_same / 672)
        assert cohen_kappa(joined.judge, joined.human) == pytest.approx(kappa, abs=1e-6)


def test_ttcw_expert_pass_rates(real: Callable[[str], Path]) -> None:
    """Share of tests passed by writer, as the README of the data gives it."""
    experts = lines(real("tasks/creative/ttcw/expert_annotations.jsonl.gz"))
    writer = experts["story_id"].str.partition("_")[2]
    rates = (experts["binary_verdict"] == "Yes").groupby(writer).mean().round(3).to_dict()
    assert rates == {"Claude": 0.3, "GPT3.5": 0.087, "GPT4": 0.278, "NewYorker": 0.847}
