"""Figures of the literature and of FastChat, arena-rank and AlpacaEval, to their last digit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalsuite.ratings import (
    Intervals,
    Scale,
    fit_length_control,
    length_controlled_win_rates,
    online_elo,
    rate,
)

from .conftest import LOG_ODDS, counted

# Agresti (2002), Categorical Data Analysis, table 10.11: American League 1987, games won at home
# and lost at home by the team of the row against the team of the column.
BASEBALL = """
Milwaukee: Detroit 4-3, Toronto 4-2, New York 4-3, Boston 6-1, Cleveland 4-2, Baltimore 6-0
Detroit: Milwaukee 3-3, Toronto 4-2, New York 4-3, Boston 6-0, Cleveland 6-1, Baltimore 4-3
Toronto: Milwaukee 2-5, Detroit 4-3, New York 2-4, Boston 4-3, Cleveland 4-2, Baltimore 6-0
New York: Milwaukee 3-3, Detroit 5-1, Toronto 2-5, Boston 4-3, Cleveland 4-2, Baltimore 6-1
Boston: Milwaukee 5-1, Detroit 2-5, Toronto 3-3, New York 4-2, Cleveland 5-2, Baltimore 6-0
Cleveland: Milwaukee 2-5, Detroit 3-3, Toronto 3-4, New York 4-3, Boston 4-2, Baltimore 2-4
Baltimore: Milwaukee 2-5, Detroit 1-5, Toronto 1-6, New York 2-4, Boston 1-6, Cleveland 3-4
"""


def baseball() -> pd.DataFrame:
    rows = []
    for line in BASEBALL.strip().splitlines():
        home, _, others = line.partition(": ")
        for entry in others.split(", "):
            away, _, score = entry.rpartition(" ")
            won, lost = map(int, score.split("-"))
            rows += [(home, away, 1.0, won), (home, away, 0.0, lost)]
    return counted(rows, home=1.0)


def anchored(name: str) -> Scale:
    return Scale(points=1.0, base=float(np.e), anchors={name: 0.0})


def test_baseball_with_home_advantage() -> None:
    """Agresti (2002), section 10.6.3; digits from the BradleyTerry2 vignette (Turner & Firth)."""
    rated = rate(baseball(), covariates=["home"], scale=anchored("Baltimore"))
    found = rated.table.set_index("model")["rating"]
    published = {
        "Boston": 1.1438,
        "Cleveland": 0.7047,
        "Detroit": 1.4754,
        "Milwaukee": 1.6196,
        "New York": 1.2813,
        "Toronto": 1.3271,
    }
    assert found[list(published)].to_dict() == pytest.approx(published, abs=5e-5)
    assert rated.effects["log_odds"][0] == pytest.approx(0.3023, abs=5e-5)


def test_citations(data: Callable[[str], Path], classics: dict[str, Any]) -> None:
    """Agresti (2002), p. 448: coefficients, and standard errors of the inverse information."""
    table = pd.read_csv(data("bt_classics/citations.csv"))
    rows = [
        (row.player1, row.player2, outcome, times)
        for row in table.itertuples()
        for outcome, times in ((1.0, row.win1), (0.0, row.win2))
    ]
    rated = rate(counted(rows), scale=anchored("Biometrika"))
    found = rated.table.set_index("model")["rating"]
    expected = classics["citations"]
    assert found[list(expected["coef"])].to_dict() == pytest.approx(expected["coef"], abs=5e-6)
    base = rated.models.index("Biometrika")
    v = rated.inverse_information
    for name, se in expected["se"].items():
        k = rated.models.index(name)
        assert np.sqrt(v[k, k] + v[base, base] - 2 * v[k, base]) == pytest.approx(se, abs=6e-6)


@pytest.mark.parametrize(
    ("ties", "ratings", "parameter"),
    [
        ("davidson", "davidson_pi", "davidson_nu"),
        ("rao_kupper", "raokupper_pi", "raokupper_eta_log_theta"),
    ],
)
def test_pudding(
    ties: Any,
    ratings: str,
    parameter: str,
    data: Callable[[str], Path],
    classics: dict[str, Any],
) -> None:
    """Davidson (1970), example 2."""
    rows = [
        (str(row.i), str(row.j), outcome, times)
        for row in pd.read_csv(data("bt_classics/pudding.csv")).itertuples()
        for outcome, times in ((1.0, row.w_ij), (0.0, row.w_ji), (0.5, row.t_ij))
    ]
    rated = rate(counted(rows), ties=ties, scale=LOG_ODDS)
    strength = np.exp(rated.table.sort_values("model")["rating"].to_numpy())
    expected = classics["pudding"]
    assert strength / strength.sum() == pytest.approx(expected[ratings], abs=2e-6)
    t = rated.effects["log_odds"].iloc[-1]
    found = np.exp(t) if ties == "davidson" else t
    assert found == pytest.approx(expected[parameter], abs=2e-6)


@pytest.mark.parametrize(("ties", "name"), [("davidson", "davidson"), ("rao_kupper", "rk")])
def test_football_with_ties_and_home_advantage(
    ties: Any, name: str, data: Callable[[str], Path], classics: dict[str, Any]
) -> None:
    games = pd.read_csv(data("bt_classics/football.csv"))
    frame = pd.DataFrame({"a": games.home, "b": games.away, "outcome": (games.result + 1) / 2})
    rated = rate(frame.assign(home=1.0), ties=ties, covariates=["home"], scale=LOG_ODDS)
    expected = classics["football"][name]
    found = rated.table.set_index("model")["rating"].to_dict()
    assert found == pytest.approx(expected["ability_centered"], abs=1e-5)
    home, t = rated.effects["log_odds"]
    assert home == pytest.approx(expected["home"], abs=5e-5)
    assert (np.exp(t) if ties == "davidson" else t) == pytest.approx(
        expected["tie_param"], abs=5e-5
    )


def test_wildbench_ratings_are_those_of_fastchat_and_arena_rank(
    wildbench: pd.DataFrame, wildbench_expected: dict[str, Any]
) -> None:
    """``bt_rating`` agrees with arena-rank to 2e-6 and with FastChat to 4e-4 points."""
    table = rate(wildbench).table.set_index("model")
    assert table["rating"].to_dict() == pytest.approx(wildbench_expected["bt_rating"], abs=6e-5)


def test_wildbench_independent_intervals_are_arena_ranks(
    wildbench: pd.DataFrame, wildbench_expected: dict[str, Any]
) -> None:
    table = rate(wildbench, intervals=Intervals(clustered=False)).table.set_index("model")
    half = (table["high"] - table["low"]) / 2
    expected = wildbench_expected["arena_rank_halfwidth95"]
    assert half.to_dict() == pytest.approx(expected, rel=1e-3)  # t, not z; n / (n - P)


def test_wildbench_prompt_clusters_make_errors_wider(
    wildbench: pd.DataFrame, wildbench_expected: dict[str, Any]
) -> None:
    """Both clustered estimates agree with an independent bootstrap over prompts; iid does not."""
    clustered = rate(wildbench).table.set_index("model")["se"]
    draws = Intervals(method="bootstrap", draws=1000)
    resampled = rate(wildbench, intervals=draws).table.set_index("model")["se"]
    expected = pd.Series(wildbench_expected["cluster_sd"])
    assert clustered[expected.index].to_numpy() == pytest.approx(expected, rel=0.04)
    assert resampled[expected.index].to_numpy() == pytest.approx(expected, rel=0.01)
    independent = rate(wildbench, intervals=Intervals(clustered=False)).table.set_index("model")[
        "se"
    ]
    assert (clustered / independent).between(1.3, 2.1).all()


@pytest.mark.parametrize(("ties", "name"), [("davidson", "davidson"), ("rao_kupper", "rk")])
def test_wildbench_with_ties(
    ties: Any, name: str, wildbench: pd.DataFrame, wildbench_expected: dict[str, Any]
) -> None:
    rated = rate(wildbench, ties=ties, scale=LOG_ODDS)
    expected = wildbench_expected["ties"][name]
    found = rated.table.set_index("model")["rating"].to_dict()
    assert found == pytest.approx(expected["theta_centered"], abs=1e-5)
    t = rated.effects["log_odds"].iloc[-1]
    assert (np.exp(t) if ties == "davidson" else t) == pytest.approx(
        expected["tie_param"], abs=1e-5
    )


def test_wildbench_online_elo_is_fastchats(
    wildbench: pd.DataFrame, wildbench_expected: dict[str, Any]
) -> None:
    table = online_elo(wildbench, orders=20).set_index("model")
    expected = wildbench_expected["online_elo_fastchat_k4"]
    assert table["elo"].to_dict() == pytest.approx(expected, abs=1e-6)
    assert ((table["highest"] - table["lowest"]) > 20).all()  # the same battles, another order


@pytest.fixture
def alpaca(data: Callable[[str], Path]) -> dict[str, pd.DataFrame]:
    def read(name: str, index: str | int | None = 0) -> pd.DataFrame:
        return pd.read_csv(data(f"alpaca_eval_lc/{name}"), index_col=index)

    weights = read("glm_weights_published.csv")
    weights.columns = ["length", "difficulty", "quality"]
    return {
        "annotations": read("annotations_slim.csv.gz", None),
        "weights": weights,
        "difficulty": read("instruction_difficulty_recovered.csv", "index"),
        "leaderboard": read("leaderboard_published.csv"),
    }


def test_alpaca_eval_length_controlled_win_rates(alpaca: dict[str, pd.DataFrame]) -> None:
    """All models judged on every instruction: published to 1e-5, save two with stale weights."""
    board, weights = alpaca["leaderboard"], alpaca["weights"]
    difficulty = alpaca["difficulty"]["instruction_difficulty"]
    complete = board.index[(board["n_total"] == 805) & board.index.isin(weights.index)]
    grid = pd.MultiIndex.from_product([complete, difficulty.index], names=["model", "index"])
    found = length_controlled_win_rates(grid.to_frame(index=False), weights, difficulty)
    gap = found.set_index("model")["length_controlled_win_rate"]
    gap = (gap - board["length_controlled_winrate"].reindex(gap.index)).abs()
    assert set(gap.index[gap > 1e-5]) <= {"NullModel", "dbrx-instruct"}
    assert len(complete) > 100


def test_alpaca_eval_row_position_defect_both_ways(alpaca: dict[str, pd.DataFrame]) -> None:
    """alpaca-7b_concise lacks a verdict: published is the figure of its neighbours' difficulty."""
    rows = alpaca["annotations"].query("model == 'alpaca-7b_concise'")
    difficulty, weights = alpaca["difficulty"]["instruction_difficulty"], alpaca["weights"]
    assert len(rows) == 804
    published = alpaca["leaderboard"].loc["alpaca-7b_concise", "length_controlled_winrate"]
    by_row = rows.assign(index=range(len(rows)))
    wrong = length_controlled_win_rates(by_row, weights, difficulty)
    right = length_controlled_win_rates(rows, weights, difficulty)
    assert wrong["length_controlled_win_rate"][0] == pytest.approx(published, abs=1e-5)
    assert right["length_controlled_win_rate"][0] == pytest.approx(4.467968, abs=1e-6)
    assert right["length_controlled_win_rate"][0] - published > 5e-4


def test_alpaca_eval_refit_ranks_as_published(alpaca: dict[str, pd.DataFrame]) -> None:
    """Without upstream's gamed baselines and penalty: near it, farthest for the gamed model."""
    rows = alpaca["annotations"].assign(preference=alpaca["annotations"]["preference"] - 1)
    found = fit_length_control(rows, alpaca["difficulty"]["instruction_difficulty"])
    published = alpaca["leaderboard"]["length_controlled_winrate"].reindex(found.index)
    gap = (found["length_controlled_win_rate"] - published).abs()
    assert gap.mean() < 1.5
    assert gap.idxmax() == "gpt4_gamed"
    assert gap.max() == pytest.approx(13.2, abs=0.05)
    assert found["length_controlled_win_rate"].corr(published, method="spearman") > 0.975
