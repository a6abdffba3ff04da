"""A small simulation; ``benchmarks/ratings_coverage.py`` is the large one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalsuite.ratings import Intervals, rate


def battles(seed: int, prompts: int, luck: float) -> pd.DataFrame:
    """4 equal models, so that the truth is 1000 whatever the luck; 8 battles a prompt."""
    rng = np.random.default_rng(seed)
    prompt = np.repeat(np.arange(prompts), 8)
    strength = luck * rng.normal(size=(prompts, 4))
    a = rng.integers(4, size=len(prompt))
    b = (a + rng.integers(1, 4, size=len(prompt))) % 4
    won = rng.random(len(prompt)) < 1 / (1 + np.exp(strength[prompt, b] - strength[prompt, a]))
    frame = pd.DataFrame({"a": a, "b": b, "outcome": won.astype(float), "cluster": prompt})
    return frame.astype({"a": str, "b": str})


def coverage(intervals: Intervals, luck: float) -> float:
    held = []
    for seed in range(100):
        table = rate(battles(seed, 40, luck), intervals=intervals).table
        held.append(((table["low"] < 1000) & (table["high"] > 1000)).mean())
    return float(np.mean(held))


def test_clustered_intervals_hold_and_independent_ones_fail() -> None:
    assert 0.92 < coverage(Intervals(), luck=2.0) < 0.98
    assert 0.91 < coverage(Intervals(method="bootstrap", draws=200), luck=2.0) < 0.98
    assert coverage(Intervals(clustered=False), luck=2.0) < 0.88
    assert 0.92 < coverage(Intervals(clustered=False), luck=0.0) < 0.98
