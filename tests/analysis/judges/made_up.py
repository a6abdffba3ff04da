"""Judges with faults of a known size."""

from __future__ import annotations

import numpy as np
import pandas as pd


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def pairs(
    seed: int = 0,
    *,
    items: int = 300,
    skill: float = 3.0,
    first: float = 0.0,
    length: float = 0.0,
    own: float = 0.0,
    failing: float = 0.0,
    repeats: int = 1,
) -> pd.DataFrame:
    """Verdicts of judge ``j`` of family ``red`` in both orders, and of a fair judge of ``blue``.

    In log-odds: ``skill`` for the answer people prefer, ``first`` for the first-shown one,
    ``length`` for each standard deviation of difference, ``own`` for systems of the judge's family.
    """
    rng = np.random.default_rng(seed)
    systems = {"r1": "red", "b1": "blue", "g1": "green"}
    rows = []
    for item in range(items):
        a, b = rng.choice(list(systems), size=2, replace=False)
        sizes = rng.normal(1000, 200, size=2)
        human = str(rng.choice(["a", "b"]))
        lean = skill * (1 if human == "a" else -1)
        by_length = length * (sizes[0] - sizes[1]) / (200 * np.sqrt(2))
        for judge, family in (("j", "red"), ("fair", "blue")):
            for shown in ("a", "b"):
                for repeat in range(repeats):
                    log_odds = lean
                    if judge == "j":
                        log_odds += by_length + first * (1 if shown == "a" else -1)
                        log_odds += own * ((systems[a] == "red") - (systems[b] == "red"))
                    won = rng.random() < logistic(np.array(log_odds))
                    failed = judge == "j" and rng.random() < failing
                    rows.append(
                        {
                            "judge": judge,
                            "judge_family": family,
                            "item": f"q{item}",
                            "domain": "code" if item % 3 else "prose",
                            "system_a": a,
                            "system_b": b,
                            "family_a": systems[a],
                            "family_b": systems[b],
                            "length_a": sizes[0],
                            "length_b": sizes[1],
                            "shown_first": shown,
                            "repeat": repeat,
                            "human": human,
                            "verdict": None if failed else ("a" if won else "b"),
                            "status": "timeout" if failed else "scored",
                            "usd": 0.002,
                            "seconds": 0.5 + rng.random(),
                        }
                    )
    return pd.DataFrame(rows)


def scores(
    seed: int = 0,
    *,
    items: int = 60,
    noise: float = 0.5,
    length: float = 0.0,
    own: float = 0.0,
    lenient: float = 0.0,
    repeats: int = 1,
) -> pd.DataFrame:
    """Scores of judge ``j`` (family ``red``) and of a fair judge (``blue``) of four systems.

    In points: ``noise`` of each score, ``length`` for each standard deviation (100), ``own`` for
    answers of its own family, ``lenient`` for all.
    """
    rng = np.random.default_rng(seed)
    quality = {"r1": 5.0, "b1": 5.5, "g1": 6.0, "g2": 7.0}
    rows = []
    for item in range(items):
        ease = rng.normal()
        for system, level in quality.items():
            human = level + ease + rng.normal()
            size = 1000 + 100 * rng.normal()
            for judge, family in (("j", "red"), ("fair", "blue")):
                for repeat in range(repeats):
                    score = human + noise * rng.normal()
                    if judge == "j":
                        score += lenient + length * (size - 1000) / 100
                        score += own * (system == "r1")
                    rows.append(
                        {
                            "judge": judge,
                            "judge_family": family,
                            "item": item,
                            "system": system,
                            "family": {"r": "red", "b": "blue", "g": "green"}[system[0]],
                            "length": size,
                            "repeat": repeat,
                            "human": human,
                            "score": score,
                        }
                    )
    return pd.DataFrame(rows)
