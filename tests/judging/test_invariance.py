"""What must not change ratings: names, order of rows, who stands on which side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.ratings import Intervals, Ratings, rate

from .conftest import simulated

COLUMNS = ["rating", "low", "high", "rank", "rank_low", "rank_high", "wins", "ties", "losses"]


@st.composite
def battles(draw: Any, least: int = 1) -> pd.DataFrame:
    models = draw(st.integers(2, 6))
    battle = st.tuples(
        st.integers(0, models - 1),
        st.integers(1, models - 1),
        st.sampled_from([0.0, 0.5, 1.0]),
        st.integers(0, 5),
    )
    rows = draw(st.lists(battle, min_size=least, max_size=40))
    return pd.DataFrame(
        [(f"m{a}", f"m{(a + step) % models}", outcome, c) for a, step, outcome, c in rows],
        columns=["a", "b", "outcome", "cluster"],
    )


def figures(rated: Ratings) -> pd.DataFrame:
    return rated.table.set_index("model").sort_index()[COLUMNS].astype(float)


def swapped(frame: pd.DataFrame, which: np.ndarray) -> pd.DataFrame:
    out = frame.copy()
    out.loc[which, ["a", "b"]] = frame.loc[which, ["b", "a"]].to_numpy()
    out.loc[which, "outcome"] = 1 - frame.loc[which, "outcome"]
    if "style" in frame:
        out.loc[which, "style"] = -frame.loc[which, "style"]
    return out


@settings(deadline=None, max_examples=60)
@given(frame=battles(), data=st.data())
def test_names_order_and_sides_change_nothing(frame: pd.DataFrame, data: Any) -> None:
    expected = figures(rate(frame))
    models = list(expected.index)
    renamed = dict(zip(models, data.draw(st.permutations(models)), strict=True))
    other = frame.replace({"a": renamed, "b": renamed})
    found = figures(rate(other)).rename({new: old for old, new in renamed.items()})
    pd.testing.assert_frame_equal(found.sort_index(), expected, atol=1e-5, rtol=1e-6)
    order = data.draw(st.permutations(range(len(frame))))
    found = figures(rate(frame.iloc[order]))
    pd.testing.assert_frame_equal(found, expected, atol=1e-6, rtol=1e-8)
    which = np.array(data.draw(st.lists(st.booleans(), min_size=len(frame), max_size=len(frame))))
    pd.testing.assert_frame_equal(figures(rate(swapped(frame, which))), expected)


@pytest.mark.parametrize("ties", ["half", "davidson", "rao_kupper"])
def test_the_same_with_covariates_ties_and_a_bootstrap(ties: Any) -> None:
    frame = simulated(1)
    options = {"ties": ties, "covariates": ["style"]}
    expected = rate(frame, **options)
    rng = np.random.default_rng(0)
    other = swapped(frame, rng.random(len(frame)) < 0.5).iloc[rng.permutation(len(frame))]
    found = rate(other, **options)
    pd.testing.assert_frame_equal(figures(found), figures(expected), atol=1e-6, rtol=1e-8)
    pd.testing.assert_frame_equal(found.effects, expected.effects, atol=1e-8, rtol=1e-6)
    draws = Intervals(method="bootstrap", draws=100, seed=3)
    once, twice = (rate(frame, intervals=draws, **options) for _ in range(2))
    pd.testing.assert_frame_equal(once.table, twice.table, check_exact=True)
    other_seed = rate(frame, intervals=Intervals(method="bootstrap", draws=100, seed=4), **options)
    assert not other_seed.table["low"].equals(once.table["low"])


@settings(deadline=None, max_examples=60)
@given(frame=battles())
def test_ratings_are_finite_and_the_undefeated_stand_above_whom_they_beat(
    frame: pd.DataFrame,
) -> None:
    table = rate(frame).table.set_index("model")
    assert np.isfinite(table[["rating", "low", "high"]].to_numpy()).all()
    assert (table["low"] < table["high"]).all()
    winner = np.where(frame["outcome"] == 1, frame["a"], frame["b"])
    loser = np.where(frame["outcome"] == 1, frame["b"], frame["a"])
    for up, down in {
        (u, d) for u, d, o in zip(winner, loser, frame["outcome"], strict=True) if o != 0.5
    }:
        undefeated = table.loc[up, "losses"] + table.loc[up, "ties"] == 0
        winless = table.loc[down, "wins"] + table.loc[down, "ties"] == 0
        if undefeated or winless:
            assert table.loc[up, "rating"] > table.loc[down, "rating"]


@settings(deadline=None, max_examples=30)
@given(frame=battles())
def test_a_weight_of_two_is_two_battles(frame: pd.DataFrame) -> None:
    doubled = rate(pd.concat([frame, frame], ignore_index=True)).table.set_index("model")
    weighted = rate(frame.assign(weight=2.0)).table.set_index("model")
    pd.testing.assert_series_equal(weighted["rating"], doubled["rating"].loc[weighted.index])
