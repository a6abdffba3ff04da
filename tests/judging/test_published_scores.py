"""Figures of AlpacaEval, HANNA, Judgemark and Confederacy, to the digits that were published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from evalsuite.datasets import data_roots
from evalsuite.judges import (
    audit,
    correlation,
    discrimination_of_summaries,
    first_preferred,
    grouped_correlation,
    intraclass_correlation,
    preference,
    shown_first,
    system_correlation,
    win_rate,
)
from evalsuite.judging.discrimination import normal_half_width

CRITERIA = ("Relevance", "Coherence", "Empathy", "Surprise", "Engagement", "Complexity")


@pytest.fixture
def annotations(data: Callable[[str], Path]) -> pd.DataFrame:
    return pd.read_csv(data("alpaca_eval_lc/annotations_slim.csv.gz"))


def test_alpaca_eval_preferences_from_logprobs(annotations: pd.DataFrame) -> None:
    """Every stored preference comes from its two log-probabilities, to its ten decimals."""
    rows = annotations.dropna(subset=["logprob_m", "logprob_M"])
    assert len(rows) == 27_286
    worst = 0.0
    for stored, m, big_m in zip(
        rows["preference"], rows["logprob_m"], rows["logprob_M"], strict=True
    ):
        either = [preference(m, big_m, model_first=first) for first in (True, False)]
        worst = max(worst, min(abs(stored - 1 - one) for one in either))
    assert worst <= 5.1e-11  # half of the last decimal that is stored, and rounding of doubles


def test_alpaca_eval_hidden_order_shows_a_position_bias(annotations: pd.DataFrame) -> None:
    """The first-shown answer is preferred with 45.6 %."""
    rows = annotations.dropna(subset=["logprob_m", "logprob_M"])
    pairs = list(zip(rows["logprob_m"], rows["logprob_M"], strict=True))
    first = [
        shown_first(stored - 1, *pair)
        for stored, pair in zip(rows["preference"], pairs, strict=True)
    ]
    assert first.count(True) == 13_732 and first.count(None) == 8  # undecided: no telling
    assert np.mean([first_preferred(*pair) for pair in pairs]) == pytest.approx(0.4563, abs=5e-5)
    known = rows.assign(first=first).dropna(subset=["first"])
    frame = pd.DataFrame(
        {
            "judge": "weighted_alpaca_eval_gpt4_turbo",
            "item": known["index"],
            "system_a": known["model"],
            "system_b": "gpt4_1106_preview",
            "verdict": np.where(known["preference"] > 1.5, "a", "b"),
            "shown_first": np.where(known["first"], "a", "b"),
            "length_a": known["len_model"],
            "length_b": known["len_baseline"],
            "usd": known["price_per_example"],
            "seconds": known["time_per_example"],
        }
    )
    item = audit(frame).judges[0]
    figure = item.figure("first_shown_wins")
    assert figure.estimate is not None and figure.p_value is not None
    assert figure.estimate.value == pytest.approx(0.4570, abs=5e-5)
    assert figure.estimate.high is not None and figure.estimate.high < 0.5
    assert figure.p_value < 0.01  # by instruction, not by verdict
    slope, cost = item.figure("length_slope").estimate, item.figure("usd_per_thousand").estimate
    assert slope is not None and slope.low is not None and slope.low > 0
    assert cost is not None and cost.value / 1000 == pytest.approx(0.0093, abs=5e-5)


def test_alpaca_eval_win_rates(annotations: pd.DataFrame, data: Callable[[str], Path]) -> None:
    """All 38 models whose annotations are there, in percent, as on the leaderboard."""
    board = pd.read_csv(data("alpaca_eval_lc/leaderboard_published.csv"), index_col=0)
    models = annotations.groupby("model")
    assert models.ngroups == 38
    for model, rows in models:
        found, row = win_rate(rows["preference"] - 1), board.loc[model]
        assert found is not None and found.standard_error is not None
        assert [found.n_wins, found.n_losses, found.n_draws, found.n] == [
            row["n_wins"],
            row["n_wins_base"],
            row["n_draws"],
            row["n_total"],
        ]
        shares = [found.win_rate, found.standard_error, found.discrete_win_rate]
        published = [row["win_rate"], row["standard_error"], row["discrete_win_rate"]]
        assert [100 * share for share in shares] == pytest.approx(published, abs=2e-10)


def test_alpaca_eval_preferences_of_hybrids() -> None:
    folder = next(
        (
            root / "hybrid/alpacaeval2_preferences"
            for root in data_roots()
            if (root / "hybrid").exists()
        ),
        None,
    )
    if folder is None:
        pytest.skip("no hybrid/alpacaeval2_preferences; set EVALSUITE_DATA")
    expected = json.loads((folder / "expected.json").read_text())
    assert len(expected) >= 9
    lengths = []
    for model, figures in expected.items():
        rows = pd.read_csv(folder / f"{model}.csv")
        found = win_rate(rows["preference"] - 1)
        assert found is not None and found.standard_error is not None
        assert 100 * found.win_rate == pytest.approx(figures["win_rate"], abs=1e-9)
        assert 100 * found.standard_error == pytest.approx(figures["standard_error"], abs=1e-9)
        assert int(rows["len_model"].mean()) == figures["avg_length"]
        assert [found.n_wins, found.n_draws] == [figures["n_wins"], figures["n_draws"]]
        lengths.append(rows["len_reference"])
    assert all((lengths[0] == other).all() for other in lengths)  # the rows are aligned


@pytest.fixture
def hanna(data: Callable[[str], Path]) -> pd.DataFrame:
    """Ten systems x 96 prompts: people's mean ratings and the metrics that are there."""
    table = pd.read_csv(data("hanna/metric_scores.csv.gz"))
    return table[table["system"] != "Human"]


@pytest.mark.parametrize("coefficient", ["kendall", "pearson"])
def test_hanna_story_level(
    coefficient: Literal["kendall", "pearson"], hanna: pd.DataFrame, data: Callable[[str], Path]
) -> None:
    """Chhun et al. (2022): mean over 96 prompts of the correlation over systems, then |.|."""
    published = pd.read_csv(data(f"hanna/published_story_{coefficient}.csv"), index_col=0)
    prompts = hanna["prompt_index"].tolist()
    assert published.shape == (37, 6)
    for metric in published.index:
        for criterion in CRITERIA:
            found = grouped_correlation(hanna[metric], hanna[criterion], prompts, coefficient)
            expected = published.loc[metric, f"{criterion}_story_{coefficient}"]
            assert found.value is not None
            assert abs(found.value) == pytest.approx(expected, abs=4e-16)


def test_hanna_system_level_pearson(hanna: pd.DataFrame, data: Callable[[str], Path]) -> None:
    published = pd.read_csv(data("hanna/published_system_pearson.csv"), index_col=0)
    for metric in published.index:
        for criterion in CRITERIA:
            found = system_correlation(hanna[metric], hanna[criterion], hanna["system"], "pearson")
            expected = published.loc[metric, f"{criterion}_system_pearson"]
            assert found is not None and abs(found) == pytest.approx(expected, abs=2e-14)


def test_hanna_system_level_kendall(hanna: pd.DataFrame, data: Callable[[str], Path]) -> None:
    """Exact, save for Complexity: two pairs of systems tie there, and rounding broke one tie.

    Their 288 ratings sum to 694 and 694, to 718 and 718. The published figures tie one pair only,
    which is what means by NumPy's pairwise sums of rounded thirds give; both are checked.
    """
    published = pd.read_csv(data("hanna/published_system_kendall.csv"), index_col=0)
    ratings = pd.read_csv(data("hanna/human_ratings.csv.gz")).query("system != 'Human'")
    sums = ratings[[f"Human {rater} CX" for rater in (1, 2, 3)]].sum(axis=1)
    totals = sums.groupby(ratings["system"]).sum()
    assert sorted(totals[totals.duplicated(keep=False)]) == [694, 694, 718, 718]
    rounded = hanna.groupby("system")["Complexity"].agg(lambda values: np.mean(np.array(values)))
    for metric in published.index:
        row = published.loc[metric]
        for criterion in CRITERIA:
            found = system_correlation(hanna[metric], hanna[criterion], hanna["system"], "kendall")
            assert found is not None
            if criterion != "Complexity":
                expected = row[f"{criterion}_system_kendall"]
                assert abs(found) == pytest.approx(expected, abs=4e-16)
        means = hanna.groupby("system")[metric].mean()
        exact = correlation(means, totals.reindex(means.index), "kendall")
        found = system_correlation(hanna[metric], hanna["Complexity"], hanna["system"], "kendall")
        assert found == pytest.approx(exact)
        broken = correlation(means, rounded.reindex(means.index), "kendall")
        assert broken is not None
        assert abs(broken) == pytest.approx(row["Complexity_system_kendall"], abs=4e-16)


def test_hanna_intraclass_correlations(data: Callable[[str], Path]) -> None:
    published = json.loads(data("hanna/published_icc.json").read_text())
    ratings = pd.read_csv(data("hanna/human_ratings.csv.gz"))
    assert len(ratings) == 1056 and set(published) == set(CRITERIA[:4])
    for criterion, figures in published.items():
        short = {"Relevance": "RE", "Coherence": "CH", "Empathy": "EM", "Surprise": "SU"}[criterion]
        table = ratings[[f"Human {rater} {short}" for rater in (1, 2, 3)]]
        for form in ("ICC1", "ICC1k"):
            found = intraclass_correlation(table, form)
            assert found is not None and (found.n_targets, found.n_raters) == (1056, 3)
            assert found.value == pytest.approx(figures[form], rel=5e-6)
            assert found.low is not None and found.high is not None
            assert found.low < found.value < found.high


def test_hanna_judge_beside_people(data: Callable[[str], Path]) -> None:
    """ChatGPT on relevance: our item and story level beside pandas' own."""
    given = pd.read_csv(data("hanna/llm_judge_scores.csv.gz"))
    people = pd.read_csv(data("hanna/metric_scores.csv.gz"))
    both = given.merge(people, on=["system", "prompt_index"])
    frame = pd.DataFrame(
        {
            "judge": "ChatGPT",
            "item": both["prompt_index"],
            "system": both["system"],
            "score": both["ChatGPT RE 1"],
            "human": both["Relevance"],
        }
    )
    item = audit(frame).judge("ChatGPT")
    for coefficient in ("pearson", "spearman", "kendall"):
        over = item.figure(coefficient).estimate
        assert over is not None and over.n == 1056
        assert over.value == pytest.approx(frame["score"].corr(frame["human"], coefficient))
        within = item.figure(f"{coefficient}_within_items").estimate
        by_story = frame.groupby("item")[["score", "human"]].corr(coefficient).unstack().iloc[:, 1]
        assert within is not None and within.value == pytest.approx(by_story.mean())


def test_hanna_recorded_ratings_are_the_same(data: Callable[[str], Path]) -> None:
    """The copy beside the stories holds the same ratings, as lists by system."""
    table = pd.read_csv(data("hanna/metric_scores.csv.gz"))
    folder = data("hanna/README.md").parents[2] / "tasks/creative/recorded/hanna_llm_stories"
    if not folder.exists():
        pytest.skip(f"no {folder}")
    lists = pd.read_json(folder / "human_and_llm_ratings.jsonl.gz", lines=True).set_index("Model")
    for system, rows in table.groupby("system"):
        for criterion in CRITERIA:
            recorded = lists.loc[system, criterion]
            assert recorded == pytest.approx(rows.sort_values("prompt_index")[criterion].tolist())


def test_judgemark_separability(data: Callable[[str], Path]) -> None:
    """Paech: F and spread of every judge's writer means, and 1.96 standard errors, to 1e-12."""
    means = pd.read_csv(data("judgemark/writer_means.csv"))
    published = pd.read_csv(data("judgemark/published.csv")).set_index(["judge", "kind"])
    assert len(published) >= 20
    for key, rows in means.groupby(["judge", "kind"]):
        found = discrimination_of_summaries(rows["n"], rows["mean"], rows["stdev"])
        assert found is not None and found.f is not None
        figures = published.loc[key]
        assert found.f == pytest.approx(figures["anova_f_published"], rel=1e-12)
        assert found.spread == pytest.approx(figures["std_dev_across_models_published"], rel=1e-12)
        assert found.n_systems == len(rows)
        half = [normal_half_width(s, n) for s, n in zip(rows["stdev"], rows["n"], strict=True)]
        assert half == pytest.approx(rows["ci95_published"].tolist(), abs=1e-12)


def test_judgemark_correlation_with_arena_is_near(data: Callable[[str], Path]) -> None:
    """Upstream averages over iterations that are not there: near for judges that work at all."""
    means = pd.read_csv(data("judgemark/writer_means.csv"))
    published = pd.read_csv(data("judgemark/published.csv")).set_index(["judge", "kind"])
    gaps = {}
    for key, rows in means.groupby(["judge", "kind"]):
        found = correlation(rows["mean"], rows["arena_elo_reference"], "pearson")
        assert found is not None
        gaps[key] = abs(found - published.loc[key, "pearson_r_published"])
    assert np.median(list(gaps.values())) < 0.02
    assert max(gaps, key=lambda key: gaps[key])[0] == "liquid__lfm-7b"  # the weakest


def test_confederacy_totals(data: Callable[[str], Path]) -> None:
    """Gomez-Rodriguez and Williams (2023): 130 totals of ten items; 51.40 and 61.62 on average."""
    rows = pd.read_csv(data("confederacy/ratings.csv"))
    items = rows.loc[:, "readability":"humor"]
    assert items.shape == (78, 10)
    assert (items.sum(axis=1) == rows["total_in_sheet"]).all()
    cells = data("confederacy/README.md").parents[2] / "tasks/creative/recorded"
    path = cells / "confederacy_stories/ratings_cells.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}")
    stories = [
        row
        for row in map(json.loads, path.read_text().splitlines())
        if row["sheet"] == "Rater's Sheet Unsorted" and len(row.get("A", "")) == 4 and "P" in row
    ]
    assert len(stories) == 65
    raters = {
        "P": [*"EFGHIJKLMN"],
        "AD": ["S", "T", "U", "V", "W", "X", "Y", "Z", "AA", "AB"],
    }
    for total, columns in raters.items():
        for row in stories:
            assert sum(float(row[column]) for column in columns) == float(row[total])
    average = [np.mean([float(row[total]) for row in stories]) for total in raters]
    assert average == pytest.approx([51.40, 61.62], abs=0.005)


def test_confederacy_raters_agree_little(data: Callable[[str], Path]) -> None:
    """Two raters a story: the mean of two is worth more than one, and both are lenient apart."""
    rows = pd.read_csv(data("confederacy/ratings.csv"))
    table = rows.assign(rater=rows["rater"].str[-1]).pivot(
        index="story_id", columns="rater", values="total_in_sheet"
    )
    one, two = (intraclass_correlation(table, form) for form in ("ICC3", "ICC3k"))
    absolute = intraclass_correlation(table, "ICC2")
    assert one is not None and two is not None and absolute is not None
    assert two.value == pytest.approx(2 * one.value / (1 + one.value))
    assert absolute.value < one.value < two.value


def test_alpaca_eval_null_model_as_a_probe(annotations: pd.DataFrame) -> None:
    """NullModel is one constant text that addresses the judge: 676 of 805 verdicts are for it."""
    rows = annotations[annotations["model"] == "NullModel"]
    frame = pd.DataFrame(
        {
            "judge": "weighted_alpaca_eval_gpt4_turbo",
            "item": rows["index"],
            "system_a": rows["model"],
            "system_b": "gpt4_1106_preview",
            "verdict": np.where(rows["preference"] > 1.5, "a", "b"),
        }
    )
    wins = audit(frame, probe="NullModel").judges[0].figure("probe_wins").estimate
    assert wins is not None and wins.n == 805
    assert wins.value == pytest.approx(676 / 805)
