"""Recorded verdicts of real judges as tidy frames, for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from evalsuite.judges import of_systems

PLACES = {"A>B": "first", "B>A": "second", "A=B": "tie"}
JUDGEBENCH = (
    "arena_hard__o1-mini-2024-09-12",
    "reward_model__Ray2333_GRM-Gemma-2B-rewardmodel-ft",
    "reward_model__Skywork_Skywork-Reward-Gemma-2-27B",
    "reward_model__Skywork_Skywork-Reward-Llama-3.1-8B",
    "reward_model__internlm_internlm2-7b-reward",
)


def judgebench_frame(decisions: pd.DataFrame, judge: str) -> pd.DataFrame:
    """Both orders of every pair; decisions are as emitted, about the places."""
    first, second = decisions.columns[-2:]
    parts = [
        pd.DataFrame(
            {
                "judge": judge,
                "item": decisions["pair_id"],
                "domain": decisions["source"].str.split("-").str[0],
                "verdict": [of_systems(PLACES.get(said), shown) for said in decisions[column]],
                "shown_first": shown,
                "human": np.where(decisions["label"] == "A>B", "a", "b"),
            }
        )
        for column, shown in ((first, "a"), (second, "b"))
    ]
    return pd.concat(parts, ignore_index=True)


def judgebench(data: Callable[[str], Path]) -> pd.DataFrame:
    """The six judges whose outputs are there: five in judge/, one in hybrid/."""
    parts = [
        judgebench_frame(
            pd.read_csv(data(f"judge/judgebench/decisions__gpt-4o-2024-05-13__{name}.csv")),
            name.partition("__")[2],
        )
        for name in JUDGEBENCH
    ]
    larger = "internlm_internlm2-20b-reward"
    table = pd.read_csv(data(f"hybrid/judgebench_judges/gpt-4o-2024-05-13__{larger}.csv"))
    return pd.concat([*parts, judgebench_frame(table, larger)], ignore_index=True)
