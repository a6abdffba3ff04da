"""Online Elo: here for comparison, since its ratings depend on the order of the battles."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.errors import ConfigError
from evalsuite.judging.battles import check_battles
from evalsuite.judging.scale import Scale

Floats = NDArray[np.float64]


def online_elo(
    battles: pd.DataFrame,
    *,
    k: float = 4.0,
    orders: int = 20,
    seed: int = 0,
    scale: Scale | None = None,
) -> pd.DataFrame:
    """Elo (1978), updated battle by battle in the order of the rows.

    Every model starts at ``scale.center``; after a battle the winner takes ``k`` times what the
    expected score was wrong by. Nothing says how good these figures are, except what is shown: in
    ``orders`` other orders of the same battles (seeded) each rating came out between ``lowest``
    and ``highest``. For decisions use ``rate``, for which order does not exist.

    Args:
        battles: as for ``rate``; clusters and weights are not used.
        k: rating points at stake; 4 as in FastChat.
        orders: how many random orders to try, all in memory at once; 0 for none.
        seed: of those orders.
        scale: anchors are not used.

    Returns:
        A frame, best first: ``model``, ``elo``, ``lowest``, ``median``, ``highest`` (missing where
        no orders were tried), ``battles``.

    Raises:
        ConfigError: the battles cannot be, ``k`` is not positive or ``orders`` is negative.
    """
    if k <= 0 or orders < 0:
        raise ConfigError("online Elo needs k above 0, and no fewer than 0 orders")
    where = scale or Scale()
    checked = check_battles(battles)
    score = np.choose(checked.result, [1.0, 0.5, 0.0])
    sides = np.stack([checked.first, checked.second])
    n, models = len(checked), len(checked.models)
    given = _in_orders(sides, score, np.arange(n)[:, None], models, where, k)[0]
    rng = np.random.default_rng(seed)
    tried = np.full((1, models), np.nan)
    if orders:
        shuffled = np.stack([rng.permutation(n) for _ in range(orders)], axis=1)
        tried = _in_orders(sides, score, shuffled, models, where, k)
    table = pd.DataFrame(
        {
            "model": checked.models,
            "elo": given,
            "lowest": tried.min(axis=0),
            "median": np.median(tried, axis=0),
            "highest": tried.max(axis=0),
            "battles": np.bincount(sides.ravel(), minlength=models),
        }
    )
    return table.sort_values(["elo", "model"], ascending=[False, True], ignore_index=True)


def _in_orders(
    sides: NDArray[np.int64],
    score: Floats,
    order: NDArray[np.int64],
    models: int,
    scale: Scale,
    k: float,
) -> Floats:
    """(orders, K) final ratings; ``order`` is (n, orders), a column a permutation of the rows."""
    ratings = np.full((order.shape[1], models), scale.center)
    steepness = math.log(scale.base) / scale.points
    column = np.arange(order.shape[1])
    for rows in order:
        first, second = sides[0, rows], sides[1, rows]
        lead = ratings[column, first] - ratings[column, second]
        change = k * (score[rows] - 1 / (1 + np.exp(-steepness * lead)))
        ratings[column, first] += change
        ratings[column, second] -= change
    return ratings
