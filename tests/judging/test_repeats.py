from __future__ import annotations

import pandas as pd

from evalsuite.ratings import rate, repeated_battles

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
    assert "1 rows repeat an earlier battle" in notes
    assert "3 rows contradict another" in notes


def test_another_covariate_is_another_battle() -> None:
    frame = FRAME.head(2).assign(first=[1.0, 1.0])  # x was shown first, then y was
    assert repeated_battles(frame)["kind"].tolist() == ["duplicate"]
    assert repeated_battles(frame, ["first"]).empty


def test_without_clusters_nothing_is_a_repeat() -> None:
    assert repeated_battles(FRAME.drop(columns="cluster")).empty
