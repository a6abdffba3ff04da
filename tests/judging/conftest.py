from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalsuite.datasets import data_roots
from evalsuite.ratings import Scale, read_battles

LOG_ODDS = Scale(points=1.0, base=float(np.e), center=0.0)
"""Ratings in log-odds with mean 0, as tables of the statistics literature give them."""


@pytest.fixture
def data() -> Callable[[str], Path]:
    """Path of a file below judge/ of the real data; skips where there is none."""

    def path(name: str) -> Path:
        for root in data_roots():
            if (root / "judge" / name).exists():
                return root / "judge" / name
        pytest.skip(f"no judge/{name} in {', '.join(map(str, data_roots()))}; set EVALSUITE_DATA")

    return path


@pytest.fixture
def wildbench(data: Callable[[str], Path]) -> pd.DataFrame:
    return read_battles(data("bt_wildbench/battles.csv.gz"))


@pytest.fixture
def wildbench_expected(data: Callable[[str], Path]) -> dict[str, Any]:
    return json.loads(data("bt_wildbench/expected.json").read_text())


@pytest.fixture
def classics(data: Callable[[str], Path]) -> dict[str, Any]:
    return json.loads(data("bt_classics/expected.json").read_text())


def counted(rows: list[tuple[str, str, float, int]], **columns: Any) -> pd.DataFrame:
    """A battle a row from (a, b, outcome, how often)."""
    frame = pd.DataFrame(rows, columns=["a", "b", "outcome", "times"]).assign(**columns)
    return (
        frame.loc[frame.index.repeat(frame["times"])].drop(columns="times").reset_index(drop=True)
    )


def simulated(seed: int, n: int = 600, models: int = 5, prompts: int = 60) -> pd.DataFrame:
    """Battles of models ``m0`` (weakest) to the last (strongest), half a log-odds apart."""
    rng = np.random.default_rng(seed)
    a = rng.integers(models, size=n)
    b = (a + rng.integers(1, models, size=n)) % models
    style = rng.normal(size=n)
    won = rng.random(n) < 1 / (1 + np.exp(-0.5 * (a - b) - 0.25 * style))
    outcome = np.where(rng.random(n) < 0.2, 0.5, won)
    names = np.array([f"m{index}" for index in range(models)])
    return pd.DataFrame(
        {
            "a": names[a],
            "b": names[b],
            "outcome": outcome,
            "cluster": rng.integers(prompts, size=n),
            "style": style,
        }
    )
