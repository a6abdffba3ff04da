from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalsuite.errors import ConfigError
from evalsuite.ratings import fit_length_control, length_controlled_win_rates

WEIGHTS = pd.DataFrame({"difficulty": [0.5], "quality": [-0.2]}, index=["m"])
DIFFICULTY = pd.Series({"p": -1.0, "q": 0.0, "r": 2.0})


def judged(*instructions: str) -> pd.DataFrame:
    return pd.DataFrame({"model": "m", "index": list(instructions)})


def test_by_hand_and_whatever_the_order_of_rows() -> None:
    sigmoid = [1 / (1 + np.exp(-(0.5 * d - 0.2))) for d in (2.0, -1.0)]
    found = length_controlled_win_rates(judged("r", "p"), WEIGHTS, DIFFICULTY)
    assert found["length_controlled_win_rate"][0] == pytest.approx(100 * np.mean(sigmoid))
    assert found["n"][0] == 2
    again = length_controlled_win_rates(judged("p", "r"), WEIGHTS, DIFFICULTY.iloc[::-1])
    pd.testing.assert_frame_equal(found, again)


def test_what_cannot_be_joined_is_refused() -> None:
    with pytest.raises(ConfigError, match="no difficulty for instruction s"):
        length_controlled_win_rates(judged("p", "s"), WEIGHTS, DIFFICULTY)
    with pytest.raises(ConfigError, match="m was judged twice on instruction p"):
        length_controlled_win_rates(judged("p", "p"), WEIGHTS, DIFFICULTY)
    with pytest.raises(ConfigError, match="instruction p has two difficulties"):
        length_controlled_win_rates(judged("p"), WEIGHTS, pd.concat([DIFFICULTY, DIFFICULTY]))
    with pytest.raises(ConfigError, match="weights lack model m"):
        length_controlled_win_rates(judged("p"), WEIGHTS.rename({"m": "other"}), DIFFICULTY)
    with pytest.raises(ConfigError, match="weights lack columns"):
        length_controlled_win_rates(judged("p"), WEIGHTS[["quality"]], DIFFICULTY)
    with pytest.raises(ConfigError, match="no column model"):
        length_controlled_win_rates(judged("p")[["index"]], WEIGHTS, DIFFICULTY)


def simulated_preferences(seed: int, n: int) -> tuple[pd.DataFrame, pd.Series]:
    """Judge's verdicts 0 or 1 with weights -1 (length), .7 (difficulty), .3 (quality)."""
    rng = np.random.default_rng(seed)
    delta, hard = rng.normal(scale=500, size=n), rng.normal(size=n)
    d = -1.0 * np.tanh(delta / delta.std(ddof=1)) + 0.7 * hard + 0.3
    rows = pd.DataFrame(
        {
            "model": "m",
            "index": range(n),
            "preference": (rng.random(n) < 1 / (1 + np.exp(-d))).astype(float),
            "len_baseline": 2000 + delta,
            "len_model": 2000.0,
        }
    )
    return rows, pd.Series(hard)


def test_weights_are_recovered_and_the_error_is_honest() -> None:
    nodes, mass = np.polynomial.hermite_e.hermegauss(40)
    truth = 100 * float(mass @ (1 / (1 + np.exp(-(0.7 * nodes + 0.3)))) / mass.sum())
    fits = pd.concat([fit_length_control(*simulated_preferences(seed, 400)) for seed in range(150)])
    means = fits[["length", "difficulty", "quality"]].mean()
    assert means.tolist() == pytest.approx([-1.0, 0.7, 0.3], abs=0.04)
    rate, error = fits["length_controlled_win_rate"], fits["standard_error"]
    assert error.mean() == pytest.approx(rate.std(), rel=0.15)
    assert ((rate - truth).abs() < 1.96 * error).mean() > 0.9


def test_what_cannot_be_fitted_is_refused() -> None:
    rows, hard = simulated_preferences(0, 100)
    with pytest.raises(ConfigError, match="no column len_model"):
        fit_length_control(rows.drop(columns="len_model"), hard)
    with pytest.raises(ConfigError, match="probability"):
        fit_length_control(rows.assign(preference=1.5), hard)
    with pytest.raises(ConfigError, match="no finite value"):
        fit_length_control(rows.assign(preference=1.0), hard)
    with pytest.raises(ConfigError, match="of several lengths"):
        fit_length_control(rows.assign(len_model=rows["len_baseline"]), hard)
