from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalsuite.errors import ConfigError
from evalsuite.ratings import Intervals, next_pairs, rate, win_probabilities

from .conftest import counted, simulated


def test_expected_score_of_two_models_is_their_share() -> None:
    rated = rate(counted([("x", "y", 1.0, 24), ("x", "y", 0.0, 8), ("x", "y", 0.5, 8)]))
    table = win_probabilities(rated).set_index(["a", "b"])
    assert table.loc[("x", "y"), "expected_score"] == pytest.approx(28 / 40)
    assert table["win"].isna().all()
    row, mirror = table.loc[("x", "y")], table.loc[("y", "x")]
    assert mirror["low"] == pytest.approx(1 - row["high"])
    assert row["low"] < 0.7 < row["high"]
    assert row["better"] + mirror["better"] == pytest.approx(1.0)
    assert row["better"] > 0.99


@pytest.mark.parametrize("ties", ["davidson", "rao_kupper"])
def test_a_tie_model_gives_the_shares_of_win_tie_and_loss(ties: str) -> None:
    rows = [("x", "y", 1.0, 24), ("x", "y", 0.0, 8), ("x", "y", 0.5, 8)]
    rated = rate(counted(rows), ties=ties)  # type: ignore[arg-type]
    row = win_probabilities(rated).iloc[0]
    assert row[["win", "tie", "loss"]].astype(float).tolist() == pytest.approx([0.6, 0.2, 0.2])
    assert row["expected_score"] == pytest.approx(0.7)


def test_pairs_of_different_parts_are_unknown() -> None:
    rows = [("x", "y", 1.0, 6), ("x", "y", 0.0, 4), ("u", "v", 1.0, 9), ("u", "v", 0.0, 1)]
    rated = rate(counted(rows))
    table = win_probabilities(rated).set_index(["a", "b"])
    assert table.loc[("x", "u")].isna().all()
    assert table.loc[("u", "v"), "expected_score"] == pytest.approx(0.9)
    joined = next_pairs(rated, 2)
    assert joined["reason"].tolist() == ["joins two parts", "most informative"]
    assert {joined["a"][0], joined["b"][0]} in [{x, u} for x in "xy" for u in "uv"]


def test_the_next_pair_lowers_the_variance_by_what_it_says() -> None:
    frame = simulated(1).drop(columns=["cluster", "style"])
    rated = rate(frame)
    chosen = next_pairs(rated, 3)
    unit = rated.scale.points_per_log_odds**2 / len(rated.models)
    before = unit * np.trace(rated.inverse_information)
    # One battle more at the expected outcome, as two weighted halves, leaves the ratings alone.
    pair = chosen.iloc[0]
    p = win_probabilities(rated).set_index(["a", "b"]).loc[(pair["a"], pair["b"]), "expected_score"]
    extra = pd.DataFrame({"a": pair["a"], "b": pair["b"], "outcome": [1, 0], "weight": [p, 1 - p]})
    after = rate(pd.concat([frame.assign(weight=1.0), extra], ignore_index=True))
    assert before - unit * np.trace(after.inverse_information) == pytest.approx(pair["gain"])
    assert chosen["gain"].is_monotonic_decreasing
    with pytest.raises(ConfigError, match="0 next pairs"):
        next_pairs(rated, 0)


@pytest.mark.parametrize("ties", ["davidson", "rao_kupper"])
def test_tie_models_choose_pairs_too(ties: str) -> None:
    rated = rate(simulated(1), ties=ties)  # type: ignore[arg-type]
    chosen = next_pairs(rated, 4)
    assert (chosen["gain"] > 0).all() and chosen["gain"].is_monotonic_decreasing
    assert set(chosen["a"]) | set(chosen["b"]) <= set(rated.models)


def test_a_rarely_seen_model_is_asked_for_first() -> None:
    frame = pd.concat(
        [simulated(1), simulated(2).query("a == 'm0' and b == 'm1'").replace("m0", "z")]
    )
    chosen = next_pairs(rate(frame), 10)
    assert chosen[["a", "b"]].eq("z").any(axis=1).all()


def test_choosing_pairs_beats_chance() -> None:
    """300 chosen battles leave less error than 300 random ones; 6 of 12 models are little known."""
    strength = np.linspace(-2, 2, 12)
    names = np.array([f"m{index:02d}" for index in range(12)])
    rng = np.random.default_rng(0)

    def judged(a: np.ndarray, b: np.ndarray) -> pd.DataFrame:
        won = rng.random(len(a)) < 1 / (1 + np.exp(strength[b] - strength[a]))
        return pd.DataFrame({"a": names[a], "b": names[b], "outcome": won.astype(float)})

    def drawn(models: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        a = rng.integers(models, size=n)
        return a, (a + rng.integers(1, models, size=n)) % models

    errors = {"chosen": 0.0, "random": 0.0}
    for _ in range(5):
        start = pd.concat([judged(*drawn(12, 60)), judged(*drawn(6, 600))])
        chosen = start
        for _ in range(3):
            pairs = next_pairs(rate(chosen), 100)
            a, b = (np.searchsorted(names, pairs[side]) for side in "ab")
            chosen = pd.concat([chosen, judged(a, b)])
        for name, frame in (
            ("chosen", chosen),
            ("random", pd.concat([start, judged(*drawn(12, 300))])),
        ):
            rating = rate(frame).table.sort_values("model")["rating"].to_numpy() - 1000
            errors[name] += float(((rating - strength * 400 / np.log(10)) ** 2).mean())
    assert errors["chosen"] < 0.9 * errors["random"]


def test_ranks_allow_what_the_differences_cannot_exclude() -> None:
    """Two close models overlap; a far one does not. Ranks of a bootstrap are much the same."""
    rows = [("x", "y", 1.0, 52), ("x", "y", 0.0, 48)]
    rows += [(good, "z", outcome, n) for good in "xy" for outcome, n in ((1.0, 90), (0.0, 10))]
    for how in (Intervals(), Intervals(method="bootstrap", draws=400)):
        table = rate(counted(rows), intervals=how).table.set_index("model")
        assert table["rank"].to_dict() == {"x": 1, "y": 2, "z": 3}
        assert table["rank_low"].to_dict() == {"x": 1, "y": 1, "z": 3}
        assert table["rank_high"].to_dict() == {"x": 2, "y": 2, "z": 3}
