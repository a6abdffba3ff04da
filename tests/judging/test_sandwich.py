from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evalsuite.judging import sandwich as module
from evalsuite.judging.battles import Battles, check_battles
from evalsuite.judging.cells import Cells, count_cells
from evalsuite.judging.graph import components
from evalsuite.judging.likelihood import Fit, maximise
from evalsuite.judging.outcomes import OUTCOME_MODELS
from evalsuite.judging.sandwich import at_least, sandwich

from .conftest import simulated


def by_hand(battles: Battles, cells: Cells, fit: Fit, ties: str, clustered: bool) -> np.ndarray:
    """The same, a battle at a time."""
    model = OUTCOME_MODELS[ties]
    units: dict[int, np.ndarray] = {}
    assert battles.cluster is not None
    for row in range(len(battles)):
        direction = np.zeros(cells.n_parameters)
        direction[battles.first[row]], direction[battles.second[row]] = 1, -1
        p = battles.covariates.shape[1]
        direction[cells.n_models : cells.n_models + p] = battles.covariates[row]
        d = direction @ fit.parameters  # the tie parameter's place in the direction is still 0
        slopes = model.slopes(np.array([d]), fit.parameters[-1:])
        score = direction * slopes.d[battles.result[row], 0]
        if cells.has_tie_parameter:
            score[-1] = slopes.t[battles.result[row], 0]
        if battles.weight is not None:
            score = score * battles.weight[row]
        unit = int(battles.cluster[row]) if clustered else row
        units[unit] = units.get(unit, 0) + score
    n, g = len(battles), len(units)
    information = np.linalg.pinv(fit.inverse, rcond=1e-9)
    meat = sum(np.outer(score, score) for score in units.values()) + information / g
    factor = n / (n - cells.n_parameters) * (g / (g - 1) if clustered else 1)
    return np.asarray(factor * fit.inverse @ meat @ fit.inverse)


@pytest.mark.parametrize("ties", ["half", "davidson", "rao_kupper"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("pair_cost", [0, 10**9])
@pytest.mark.parametrize("clustered", [False, True])
def test_every_way_of_summing_scores_gives_the_same(
    ties: str, weighted: bool, pair_cost: int, clustered: bool, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "PAIR_COST", pair_cost)
    monkeypatch.setattr(module, "DENSE_BLOCK", 40)
    monkeypatch.setattr(module, "PAIR_BLOCK", 50)
    frame = simulated(2, n=300, prompts=30)
    if weighted:
        frame["weight"] = np.random.default_rng(0).uniform(0.5, 2, len(frame))
    battles, model = check_battles(frame, ["style"]), OUTCOME_MODELS[ties]
    cells = count_cells(battles, has_tie_parameter=model.first_t is not None)
    parts = components(cells.first, cells.second, cells.n_models)
    fit = maximise(cells, cells.counts, model, parts=parts)
    found = sandwich(fit, cells, model, battles, clustered=clustered)
    assert found == pytest.approx(by_hand(battles, cells, fit, ties, clustered), abs=1e-12)


def test_at_least_stretches_variances_and_keeps_correlations() -> None:
    covariance = np.array([[4.0, 1.0], [1.0, 1.0]])
    found = at_least(covariance, np.array([1.0, 9.0]))
    assert np.diag(found).tolist() == [4.0, 9.0]
    assert found[0, 1] / 6 == pytest.approx(0.5)
