from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalsuite.judges import Board, audit
from tests.analysis.judges.made_up import scores


def judges(seed: int = 0, n: int = 200, **skills: float) -> pd.DataFrame:
    """Each judge says what people say with its own chance."""
    rng = np.random.default_rng(seed)
    human = rng.choice(["a", "b"], size=n)
    other = np.where(human == "a", "b", "a")
    return pd.concat(
        pd.DataFrame(
            {
                "judge": judge,
                "item": range(n),
                "domain": np.where(np.arange(n) % 4 == 0, "maths", "law"),
                "verdict": np.where(rng.random(n) < skill, human, other),
                "human": human,
            }
        )
        for judge, skill in skills.items()
    )


def board_of(frame: pd.DataFrame) -> Board:
    return audit(frame).boards[0]


def test_the_better_judge_is_first_with_more_elo() -> None:
    board = board_of(judges(strong=0.9, middle=0.75, weak=0.55))
    assert [place.judge for place in board.places] == ["strong", "middle", "weak"]
    elo = [place.elo for place in board.places]
    assert all(rating is not None for rating in elo)
    assert [rating.rating for rating in elo if rating] == sorted(
        (rating.rating for rating in elo if rating), reverse=True
    )
    strong, weak = elo[0], elo[-1]
    assert strong is not None and (strong.rank_low, strong.rank_high) == (1, 1)
    assert weak is not None and weak.rank_low == 3


def test_elo_by_hand() -> None:
    """Right alone on 30 of 100 items against 10: the other 60 tie, so 60 to 40 in half wins."""
    human = ["a"] * 100
    one = ["a"] * 80 + ["b"] * 20
    other = ["a"] * 50 + ["b"] * 30 + ["a"] * 10 + ["b"] * 10
    frame = pd.concat(
        pd.DataFrame({"judge": name, "item": range(100), "verdict": said, "human": human})
        for name, said in (("one", one), ("other", other))
    )
    best, worst = board_of(frame).places
    assert best.elo is not None and worst.elo is not None
    assert best.elo.rating - worst.elo.rating == pytest.approx(400 * np.log10(0.6 / 0.4))
    assert best.quality is not None and best.quality.value == 0.8


def test_only_items_that_all_were_asked_count() -> None:
    frame = judges(strong=0.9, weak=0.6)
    frame = frame[(frame["judge"] == "strong") | (frame["item"] < 50)]
    board = board_of(frame)
    assert (board.n_items, board.n_left_out) == (50, 150)
    assert all(place.quality is not None and place.quality.n == 50 for place in board.places)


def test_a_failure_is_wrong_on_the_board_and_counted() -> None:
    frame = judges(strong=1.0, other=1.0).reset_index(drop=True)
    frame.loc[frame.index[:20], "verdict"] = None  # strong's first
    place = {item.judge: item for item in board_of(frame).places}["strong"]
    assert place.n_failed == 20
    assert place.quality is not None and place.quality.value == 0.9


def test_domains_have_their_own_accuracy() -> None:
    board = board_of(judges(strong=0.9, weak=0.6))
    assert board.domains == ("law", "maths")
    for place in board.places:
        law, maths = place.domains["law"], place.domains["maths"]
        assert law is not None and maths is not None and place.quality is not None
        assert (law.n, maths.n) == (150, 50)
        whole = (law.n * law.value + maths.n * maths.value) / 200
        assert whole == pytest.approx(place.quality.value)


def test_weights_learnt_on_other_items_beat_the_plain_vote() -> None:
    """One judge that is right nine times in ten among four that guess."""
    board = board_of(judges(seed=1, n=400, strong=0.9, g1=0.5, g2=0.5, g3=0.5, g4=0.5))
    panel = {item.name: item for item in board.panels}
    shares = {name: item.estimate.value for name, item in panel.items() if item.estimate}
    assert shares["log_odds"] > shares["majority"] + 0.1
    assert shares["log_odds"] == pytest.approx(0.9, abs=0.05)


def test_judges_that_never_disagree_have_no_spread() -> None:
    frame = judges(one=1.0, same=1.0)
    board = board_of(frame)
    assert [place.elo.rating for place in board.places if place.elo] == [1000.0, 1000.0]
    assert board.alpha is not None and board.alpha.value == 1.0
    assert board.fleiss is not None and board.fleiss.value == 1.0


def test_fleiss_kappa_is_of_the_things_that_all_judged() -> None:
    """By hand: three judges on three items agree on two and split 2:1 on one; one item is left out.

    P = (1 + 1 + 1/3) / 3; the share of a is 5/9, so Pe = (25 + 16) / 81.
    """
    said = {"x": "aabb", "y": "aabb", "z": "abb"}
    rows = [
        {"judge": judge, "item": str(at), "label": label, "human": "a"}
        for judge, labels in said.items()
        for at, label in enumerate(labels)
    ]
    rows.append({"judge": "z", "item": "3", "label": None, "human": "a"})
    fleiss = board_of(pd.DataFrame(rows)).fleiss
    p, chance = (1 + 1 + 1 / 3) / 3, (25 + 16) / 81
    assert fleiss is not None and fleiss.n == 3
    assert fleiss.value == pytest.approx((p - chance) / (1 - chance))


def test_scores_are_ranked_by_correlation() -> None:
    frame = scores(0, items=30)
    worse = frame[frame["judge"] == "fair"].assign(judge="noisy", judge_family="green")
    worse["score"] += np.random.default_rng(0).normal(scale=3, size=len(worse))
    board = board_of(pd.concat([frame, worse]))
    assert board.places[-1].judge == "noisy"
    assert board.domains == ()
    mean = board.panels[0]
    assert mean.name == "mean" and mean.estimate is not None and mean.estimate.value > 0.8


def test_one_judge_is_a_board_without_elo() -> None:
    board = board_of(judges(alone=0.8))
    assert board.places[0].elo is None
    assert board.alpha is None and board.panels == ()
