from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judging.repeats import count_repeats, repeats
from evalsuite.ratings import check_battles, rate, repeated_battles

FRAME = pd.DataFrame(
    [
        ("x", "y", 1.0, "p"),
        ("y", "x", 0.0, "p"),  # the first again, seen from the other side
        ("x", "y", 0.0, "q"),
        ("x", "y", 1.0, "q"),  # the other way round
        ("x", "y", 0.5, "q"),  # a tie contradicts nobody, but its pair is contradictory
        ("x", "y", 1.0, "r"),
        ("x", "z", 0.0, "r"),
        ("z", "x", None, "r"),
    ],
    columns=["a", "b", "outcome", "cluster"],
)


def test_duplicates_and_contradictions_are_shown_with_their_rows() -> None:
    found = repeated_battles(FRAME)
    assert found["kind"].to_dict() == {
        1: "duplicate",
        2: "contradiction",
        3: "contradiction",
        4: "contradiction",
    }
    notes = " ".join(rate(FRAME).notes)
    assert "repeat an earlier battle (same pair, cluster and outcome): 1;" in notes
    assert "contradict another of the same pair and cluster: 3;" in notes


def test_another_covariate_is_another_battle() -> None:
    frame = FRAME.head(2).assign(first=[1.0, 1.0])  # x was shown first, then y was
    assert repeated_battles(frame)["kind"].tolist() == ["duplicate"]
    assert repeated_battles(frame, ["first"]).empty


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["xy", "yz", "zx", "yx"]),
            st.sampled_from([0, 0.5, 1]),
            st.integers(0, 2),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_counting_by_sorting_is_counting_rows(rows: list[tuple[str, float, int]]) -> None:
    frame = pd.DataFrame([(*pair, outcome, c) for pair, outcome, c in rows], columns=FRAME.columns)
    battles = check_battles(frame)
    assert count_repeats(battles) == tuple(int(mask.sum()) for mask in repeats(battles))


def test_without_clusters_nothing_is_a_repeat() -> None:
    assert repeated_battles(FRAME.drop(columns="cluster")).empty
