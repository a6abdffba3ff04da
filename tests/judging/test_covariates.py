from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from evalsuite.errors import ConfigError
from evalsuite.ratings import rate, relative_difference

from .conftest import simulated


def test_relative_difference_by_hand_and_mirrored() -> None:
    a, b = [300, 100, 0], [100, 300, 0]
    found = relative_difference(a, b)
    assert found.tolist() == pytest.approx([np.sqrt(1.5), -np.sqrt(1.5), 0.0])
    assert relative_difference(b, a).tolist() == pytest.approx((-found).tolist())


@pytest.mark.parametrize(
    ("a", "b"), [([1.0], [-1.0]), ([float("nan")], [1.0]), ([2.0, 3.0], [2.0, 3.0]), ([], [])]
)
def test_amounts_that_cannot_be(a: list[float], b: list[float]) -> None:
    with pytest.raises(ConfigError, match="amounts"):
        relative_difference(a, b)


def test_a_style_effect_is_recovered_and_not_shrunk() -> None:
    """True .25. A penalty of 1 on the *mean* loss, as in arena-rank 0.1.1, makes it .04."""
    frame = simulated(11, n=20_000)
    effect = rate(frame, covariates=["style"]).effects.iloc[0]
    # A fifth of the battles are ties that know nothing of strength: .25 becomes .8 of it, about.
    assert effect["low"] < 0.2 < effect["high"]
    assert effect["se"] < 0.02
    a, b = (frame[side].str[1:].astype(int).to_numpy() for side in "ab")
    y, x = frame["outcome"].to_numpy(), frame["style"].to_numpy()

    def penalised(at: np.ndarray) -> float:
        d = at[a] - at[b] + at[-1] * x
        return float((np.logaddexp(0, d) - y * d).mean() + 0.5 * at @ at)

    shrunk = minimize(penalised, np.zeros(6)).x[-1]
    assert 0.02 < shrunk < 0.06
