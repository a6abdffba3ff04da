from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalsuite.errors import ConfigError
from evalsuite.ratings import Intervals, NoFiniteEstimate, Scale, rate, rate_by

from .conftest import LOG_ODDS, counted, simulated


def test_two_models_by_hand() -> None:
    """30 wins of 40: log-odds log 3, ratings 95.42 points either side of 1000."""
    rated = rate(counted([("x", "y", 1.0, 30), ("x", "y", 0.0, 10)]))
    table = rated.table
    assert table["model"].tolist() == ["x", "y"]
    assert table["rating"].tolist() == pytest.approx([1095.424251, 904.575749])
    assert table[["battles", "wins", "ties", "losses"]].to_numpy().tolist() == [
        [40, 30, 0, 10],
        [40, 10, 0, 30],
    ]
    # var of the log-odds 1 / (40 * .75 * .25), of a rating its quarter; n / (n - P), (n + 1) / n
    se = 400 / np.log(10) / 2 * np.sqrt(1 / 7.5 * 41 / 38)
    assert table["se"].tolist() == pytest.approx([se, se])
    t_38 = 2.024394  # tables of Student's t, 97.5 %, 38 degrees of freedom
    assert table["high"][0] == pytest.approx(1095.424251 + t_38 * se, abs=1e-3)


def test_scale_and_anchor() -> None:
    frame = simulated(1)
    plain = rate(frame).table.set_index("model")
    anchored = rate(frame, scale=Scale(anchors={"m2": 1500.0})).table.set_index("model")
    shift = anchored["rating"] - plain["rating"]
    assert anchored.loc["m2", ["rating", "low", "high"]].tolist() == pytest.approx([1500.0] * 3)
    assert shift.to_numpy() == pytest.approx(1500 - plain.loc["m2", "rating"])
    assert (anchored["rank_high"] == plain["rank_high"]).all()
    logs = rate(frame, scale=LOG_ODDS).table.set_index("model")["rating"]
    assert (1000 + 400 / np.log(10) * logs).to_numpy() == pytest.approx(plain["rating"][logs.index])
    with pytest.raises(ConfigError, match="anchor 'nobody' fought no battle"):
        rate(frame, scale=Scale(anchors={"nobody": 0.0}))
    with pytest.raises(ConfigError, match="anchors m0 and m1"):
        rate(frame, scale=Scale(anchors={"m0": 0.0, "m1": 1.0}))


def test_parts_that_never_met_are_not_ranked_together() -> None:
    rows = [("x", "y", 1.0, 6), ("x", "y", 0.0, 4), ("u", "v", 1.0, 9), ("u", "v", 0.0, 1)]
    rated = rate(counted(rows))
    table = rated.table.set_index("model")
    assert table["rank"].to_dict() == {"u": 1, "v": 2, "x": 1, "y": 2}
    assert table["rank_high"].max() == 2
    assert table.groupby("part")["rating"].mean().tolist() == pytest.approx([1000.0, 1000.0])
    alone = rate(counted(rows[:2])).table.set_index("model")["rating"]
    assert table.loc[["x", "y"], "rating"].to_numpy() == pytest.approx(alone.to_numpy())
    assert any("2 parts that never met" in note for note in rated.notes)


def test_separation_is_said_and_can_be_refused() -> None:
    rows = [("x", "y", 1.0, 6), ("x", "y", 0.0, 4), ("z", "x", 1.0, 3)]
    rated = rate(counted(rows))
    assert rated.ridge == 0.01
    assert "z never lost, so no finite rating exists; a ridge of 0.01" in " ".join(rated.notes)
    table = rated.table.set_index("model")
    assert table["rating"].idxmax() == "z"
    # 3 of 3 says with 97.5 % confidence only that z wins more than 29 % (Clopper-Pearson)
    assert table.loc["z", "low"] - table.loc["x", "rating"] < 400 * np.log10(0.29 / 0.71)
    with pytest.raises(NoFiniteEstimate, match="z never lost, so no finite rating exists"):
        rate(counted(rows), ridge=0.0)
    groups = [("x", "y", 1.0, 1), ("x", "y", 0.0, 1), ("u", "v", 1.0, 1), ("u", "v", 0.0, 1)]
    rated = rate(counted([*groups, ("x", "u", 1.0, 2)]))
    assert "Some models never lost to any of the others" in " ".join(rated.notes)


def test_a_ridge_that_was_asked_for_is_used_and_shrinks_ratings_only() -> None:
    frame = simulated(1)
    plain, shrunk = (rate(frame, covariates=["style"], ridge=r) for r in (None, 5.0))
    assert plain.ridge == 0 and shrunk.ridge == 5.0
    assert shrunk.table["rating"].std() < 0.99 * plain.table["rating"].std()
    assert shrunk.effects["log_odds"][0] == pytest.approx(plain.effects["log_odds"][0], abs=0.02)


def test_few_battles_that_agree_are_not_certain() -> None:
    table = rate(counted([("x", "y", 0.5, 3)])).table
    assert (table["high"] - table["low"] > 400).all()
    one_prompt = rate(counted([("x", "y", 1.0, 3), ("x", "y", 0.0, 2)], cluster="p"))
    assert (one_prompt.table["high"] - one_prompt.table["low"] > 400).all()
    assert "Clusters: 1; intervals are rough below 20." in " ".join(one_prompt.notes)


def test_covariates_that_mean_nothing_are_refused() -> None:
    frame = simulated(1)
    with pytest.raises(NoFiniteEstimate, match="'flat' is 0 in every battle"):
        rate(frame.assign(flat=0.0), covariates=["flat"])
    strength = frame["a"].str[1:].astype(float) - frame["b"].str[1:].astype(float)
    with pytest.raises(NoFiniteEstimate, match="'own' cannot be told apart"):
        rate(frame.assign(own=strength), covariates=["style", "own"])
    oracle = frame.assign(oracle=frame["outcome"] - 0.5)
    with pytest.raises(NoFiniteEstimate, match="predicts the outcomes perfectly"):
        rate(oracle[oracle["outcome"] != 0.5], covariates=["oracle"])


def test_discrete_covariates_are_counted_in_cells_and_fit_the_same() -> None:
    frame = simulated(3)
    first = np.where(np.random.default_rng(0).random(len(frame)) < 0.5, 1.0, -1.0)
    discrete = rate(frame.assign(first=first), covariates=["first"])
    noise = np.random.default_rng(1).normal(scale=1e-9, size=len(frame))
    continuous = rate(frame.assign(first=first + noise), covariates=["first"])
    pd.testing.assert_frame_equal(discrete.table, continuous.table, atol=1e-4)
    pd.testing.assert_frame_equal(discrete.effects, continuous.effects, atol=1e-6)


def test_tie_models_need_ties() -> None:
    no_ties = counted([("x", "y", 1.0, 3), ("x", "y", 0.0, 2)])
    with pytest.raises(NoFiniteEstimate, match="no battle is a tie"):
        rate(no_ties, ties="davidson")
    with pytest.raises(NoFiniteEstimate, match="every battle is a tie"):
        rate(counted([("x", "y", 0.5, 3)]), ties="rao_kupper")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ties": "thirds"}, "ties 'thirds'"),
        ({"intervals": Intervals(level=95)}, "level 95"),
        ({"intervals": Intervals(method="bootstrap", draws=20)}, "20 draws"),
        ({"intervals": Intervals(method="jackknife")}, "intervals 'jackknife'"),  # type: ignore[arg-type]
        ({"ridge": -1.0}, "ridge -1"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        rate(simulated(1), **options)  # type: ignore[arg-type]


def test_clusters_that_are_not_there_or_too_few() -> None:
    frame = simulated(1)
    with pytest.raises(ConfigError, match="need a column cluster"):
        rate(frame.drop(columns="cluster"), intervals=Intervals(clustered=True))
    few = frame.assign(cluster=frame["cluster"] % 4)
    with pytest.raises(ConfigError, match="4 clusters are too few to resample"):
        rate(few, intervals=Intervals(method="bootstrap"))
    independent = rate(frame, intervals=Intervals(clustered=False))
    assert independent.n_clusters is None
    assert "The clusters were not used" in " ".join(independent.notes)
    assert "taken as independent" in " ".join(rate(frame.drop(columns="cluster")).notes)


def test_categories_are_rated_by_themselves() -> None:
    frame = pd.concat([simulated(1).assign(topic="code"), simulated(2).assign(topic="prose")])
    found = rate_by(frame, "topic", ties="davidson")
    assert list(found) == ["code", "prose"]
    alone = rate(simulated(1), ties="davidson")
    pd.testing.assert_frame_equal(found["code"].table, alone.table)
    with pytest.raises(ConfigError, match="no column theme"):
        rate_by(frame, "theme")
    with pytest.raises(NoFiniteEstimate, match="topic code: no battle is a tie"):
        rate_by(frame[frame["outcome"] != 0.5], "topic", ties="davidson")


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("ties", ["half", "davidson", "rao_kupper"])
def test_bootstrap_and_sandwich_agree(ties: str, clustered: bool) -> None:
    frame = simulated(5, n=3000, prompts=300)
    options = {"ties": ties, "covariates": ["style"]}
    quick = rate(frame, intervals=Intervals(clustered=clustered), **options)  # type: ignore[arg-type]
    how = Intervals(method="bootstrap", draws=500, clustered=clustered)
    drawn = rate(frame, intervals=how, **options)  # type: ignore[arg-type]
    for one, other in ((quick.table, drawn.table), (quick.effects, drawn.effects)):
        assert other["se"].to_numpy() == pytest.approx(one["se"].to_numpy(), rel=0.15)
        centre = (other["high"] + other["low"]) / 2 - (one["high"] + one["low"]) / 2
        assert (centre.abs() < 0.3 * one["se"]).all()


def test_a_weighted_bootstrap_resamples_battles() -> None:
    frame = simulated(5, n=1000).drop(columns="cluster")
    how = Intervals(method="bootstrap", draws=300)
    plain, weighted = rate(frame, intervals=how), rate(frame.assign(weight=3.0), intervals=how)
    assert weighted.table["rating"].to_numpy() == pytest.approx(plain.table["rating"].to_numpy())
    ratio = weighted.table["se"] / plain.table["se"]  # weights are not more battles
    assert ratio.between(0.85, 1.15).all()


def test_bootstrap_says_which_draws_needed_help() -> None:
    rare = counted([("z", "m4", 1.0, 1), ("z", "m4", 0.0, 1)])
    frame = pd.concat([simulated(1).drop(columns=["cluster", "style"]), rare])
    how = Intervals(method="bootstrap", draws=200)
    rated = rate(frame, intervals=how)
    assert "bootstrap draws some model was undefeated, winless or absent" in " ".join(rated.notes)
    z = rated.table.set_index("model").loc["z"]
    assert z["low"] < z["rating"] < z["high"]
    assert z["high"] - z["low"] > 800
    separated = rate(pd.concat([frame, counted([("best", "m4", 1.0, 2)])]), intervals=how)
    best = separated.table.set_index("model").loc["best"]
    assert best["rank"] == 1 and best["high"] - best["low"] > 800
    few_ties = counted([("x", "y", 1.0, 20), ("x", "y", 0.0, 20), ("x", "y", 0.5, 1)])
    failed = rate(few_ties, ties="davidson", intervals=how)
    assert "bootstrap draws had no estimate; left out" in " ".join(failed.notes)
