from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judging.outcomes import OUTCOME_MODELS

MODELS = sorted(OUTCOME_MODELS)
STEP = 1e-5


@pytest.mark.parametrize("name", ["davidson", "rao_kupper"])
@given(d=st.floats(-30, 30), t=st.floats(0.05, 5))
def test_probabilities_sum_to_one_and_mirror(name: str, d: float, t: float) -> None:
    logs = OUTCOME_MODELS[name].log_likelihoods
    p = np.exp(logs(np.array([d, -d]), np.array([t])))
    assert p.sum(axis=0) == pytest.approx(1.0)
    assert p[:, 0] == pytest.approx(p[::-1, 1])


@pytest.mark.parametrize("name", MODELS)
@given(d=st.floats(-5, 5), t=st.floats(0.2, 2))
def test_derivatives_are_those_of_the_log_likelihood(name: str, d: float, t: float) -> None:
    model = OUTCOME_MODELS[name]
    at = (np.array([d]), np.array([t]))
    by_d = (np.array([d - STEP, d + STEP]), np.array([t]))
    by_t = (np.array([d, d]), np.array([t - STEP, t + STEP]))

    def slope(values: np.ndarray) -> np.ndarray:
        return (values[:, 1] - values[:, 0]) / (2 * STEP)

    found, curved = model.slopes(*at), model.curvatures(*at)
    logs = model.log_likelihoods
    assert found.d[:, 0] == pytest.approx(slope(logs(*by_d)), abs=1e-6)
    assert found.t[:, 0] == pytest.approx(slope(logs(*by_t)), abs=1e-6)
    assert curved.dd[:, 0] == pytest.approx(-slope(model.slopes(*by_d).d), abs=1e-6)
    assert curved.dt[:, 0] == pytest.approx(-slope(model.slopes(*by_d).t), abs=1e-6)
    assert curved.tt[:, 0] == pytest.approx(-slope(model.slopes(*by_t).t), abs=1e-4)


def test_equal_models_tie_as_often_as_the_first_guess_says() -> None:
    for name in ("davidson", "rao_kupper"):
        model = OUTCOME_MODELS[name]
        assert model.first_t is not None
        p = np.exp(model.log_likelihoods(np.zeros(1), np.array([model.first_t(0.3)])))
        assert p[1, 0] == pytest.approx(0.3)
