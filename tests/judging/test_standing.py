"""What is settled between systems: bets by hand, whatever the look, and what follows from it."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.analysis.sequential import decide_clustered
from evalsuite.errors import ConfigError
from evalsuite.judging.bets import log_wealth
from evalsuite.ratings import Standing, standing

from .conftest import counted


def met(outcomes: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    """Battles of each pair, each on a cluster of its own."""
    rows = [
        (a, b, outcome, f"{a}{b}{place}")
        for (a, b), values in outcomes.items()
        for place, outcome in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["a", "b", "outcome", "cluster"])


def alternating(n: int) -> list[float]:
    return [float(place % 2) for place in range(n)]


def test_a_bet_on_a_winner_is_the_mean_over_stakes() -> None:
    """After n wins it is the mean of (1 + g)^n over g in (0, 1): (2^(n+1) - 1) / (n + 1)."""
    path = log_wealth(np.ones(12))
    by_hand = [math.log((2 ** (n + 1) - 1) / (n + 1)) for n in range(1, 13)]
    assert path == pytest.approx(by_hand)
    assert log_wealth(np.zeros(5)) == pytest.approx(0.0)
    assert log_wealth(np.zeros(0)).size == 0


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_bets_are_those_of_a_sequential_comparison(values: list[float]) -> None:
    """At its last look a path decides what ``decide_clustered`` decides, here at alpha 0.2."""
    decided = decide_clustered(values, np.arange(len(values)), largest=1, alpha=0.2, margin=0.4)
    bar = math.log(2 / 0.2)
    x = np.array(values)
    if log_wealth(x)[-1] >= bar:
        assert decided.low > -1e-5
    if log_wealth(-x)[-1] >= bar:
        assert decided.high < 1e-5
    if decided.verdict == "a_better":
        assert log_wealth(x)[-1] >= bar
    if decided.verdict == "equivalent":
        assert min(log_wealth(x, -0.4)[-1], log_wealth(-x, -0.4)[-1]) >= bar


@given(st.floats(-0.9, 0.9))
def test_a_fair_bet_does_not_grow_on_average(mean: float) -> None:
    """Of a coin that is 1 or -1 with this mean, over all eight results of three tosses."""
    up = (1 + mean) / 2
    expected = 0.0
    for number in range(8):
        tosses = np.array([1.0 if number >> bit & 1 else -1.0 for bit in range(3)])
        chance = float(np.prod(np.where(tosses > 0, up, 1 - up)))
        expected += chance * math.exp(log_wealth(tosses, mean)[-1])
    assert expected == pytest.approx(1.0)


def test_two_systems_are_settled_where_the_bet_is_won() -> None:
    """(2^(n+1) - 1) / (n + 1) is at least 2 / 0.05 = 40 from n = 8 on: 511 / 9 = 56.8."""
    seven, eight = (standing(met({("x", "y"): [1.0] * n})) for n in (7, 8))
    assert seven.sign(0, 1) == "?" and not seven.settled
    assert eight.systems == ("x", "y") and eight.signs == (">",) and eight.settled
    meeting = eight.meetings["x", "y"]
    assert (meeting.verdict, meeting.n, meeting.settled_at) == ("a_better", 8, 8)
    assert meeting.score == 1.0
    assert eight.bar == pytest.approx(math.log(40))


def test_what_was_settled_once_stays_settled() -> None:
    later = standing(met({("x", "y"): [1.0] * 8 + alternating(40) + [0.0] * 6}))
    assert later.signs == (">",) and later.meetings["x", "y"].settled_at == 8


def test_more_systems_are_settled_later() -> None:
    """Four systems are six pairs, and 2 x 6 / 0.05 = 240 is reached by 2047 / 11 only after 11."""
    many = {pair: [1.0] * 10 for pair in combinations("wxyz", 2)}
    assert standing(met(many)).signs == ("?", "?", "?")
    assert standing(met({pair: [1.0] * 11 for pair in many})).signs == (">", ">", ">")


def test_who_is_above_the_middle_is_above_the_last() -> None:
    wins = [1.0] * 12
    order = standing(met({("x", "y"): wins, ("y", "z"): wins}))
    assert order.systems == ("x", "y", "z") and order.settled
    assert order.sign(0, 2) == ">" and order.meetings["x", "z"].n == 0
    row = order.table.set_index(["a", "b"]).loc[("x", "z")]
    assert row["standing"] == ">" and row["clusters"] == 0
    assert pd.isna(row["settled_at"]) and math.isnan(row["score"])


def test_a_circle_is_named_and_ranks_nobody() -> None:
    wins = [1.0] * 12
    order = standing(met({("x", "y"): wins, ("y", "z"): wins, ("z", "x"): wins}))
    assert set(order.circle) == {"x", "y", "z"} and not order.settled
    assert order.signs == ("?", "?") and {order.sign(0, 1), order.sign(0, 2)} == {"circle"}


def test_a_tie_is_settled_within_a_margin_only() -> None:
    even = {("x", "y"): alternating(400)}
    assert standing(met(even)).signs == ("?",)
    tied = standing(met(even), margin=0.1)
    assert tied.signs == ("~",) and tied.settled
    settled_at = tied.meetings["x", "y"].settled_at
    assert settled_at is not None and 100 < settled_at < 400
    assert standing(met({("x", "y"): [1.0] * 8}), margin=0.1).signs == (">",)


def test_the_top_needs_no_order_below() -> None:
    wins = [1.0] * 12
    found = met({("x", "y"): wins, ("x", "z"): wins, ("y", "z"): alternating(12)})
    assert not standing(found).settled and standing(found, top=1).settled
    assert not standing(found, top=2).settled
    assert standing(found, top=3).settled, "all of them are the top three"


def test_both_orders_on_one_prompt_are_one_bet() -> None:
    """A judge that always likes the first: one of each order is a score of one half."""
    first = counted([("x", "y", 1.0, 1), ("y", "x", 1.0, 1)])
    battles = pd.concat([first.assign(cluster=place) for place in range(200)])
    found = standing(battles)
    meeting = found.meetings[found.systems[0], found.systems[1]]
    assert meeting.n == 200 and meeting.score == 0.5 and found.signs == ("?",)
    assert meeting.log_e["a_better"] == pytest.approx(0.0)


def test_names_and_sides_make_no_difference() -> None:
    rng = np.random.default_rng(3)
    pairs = list(combinations("abcd", 2))
    battles = met({pair: list(rng.choice([0, 0.5, 1], 30, p=[0.1, 0.2, 0.7])) for pair in pairs})
    turned = battles.rename(columns={"a": "b", "b": "a"}).assign(outcome=1 - battles["outcome"])
    renamed = battles.replace({"a": "q", "b": "p", "c": "o", "d": "n"})
    one, other, third = standing(battles), standing(turned), standing(renamed)
    assert one.systems == other.systems and one.signs == other.signs == third.signs
    pd.testing.assert_frame_equal(one.table, other.table)
    assert [dict(zip("abcd", "qpon", strict=True))[name] for name in one.systems] == list(
        third.systems
    )
    assert len(one.table) == 6 and set(one.table.columns) >= {"a", "b", "standing", "score"}


def test_a_system_that_was_never_judged_is_open() -> None:
    found = standing(met({("x", "y"): [1.0] * 12}), systems=["x", "y", "z"])
    assert found.sign(found.systems.index("x"), found.systems.index("z")) == "?"
    nobody = standing(met({}), systems=["x", "y"])
    assert nobody.signs == ("?",) and nobody.meetings["x", "y"].score is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0}, "top 0"),
        ({"alpha": 1.0}, "alpha 1"),
        ({"margin": 0.5}, "between 0 and 0.5"),
        ({"systems": ["x"]}, "'y', which is not among"),
    ],
)
def test_a_mistake_is_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        standing(met({("x", "y"): [1.0]}), **options)  # type: ignore[arg-type]


def test_weights_cannot_be_bet_on() -> None:
    with pytest.raises(ConfigError, match="drop the column weight"):
        standing(met({("x", "y"): [1.0]}).assign(weight=2.0))
    with pytest.raises(ConfigError, match="needs two systems"):
        standing(met({}), systems=["x"])


def whole_paths(seed: int, chance: float, n: int, paths: int) -> list[Standing]:
    """Three systems whose first wins with this chance, both orders; every prompt of every pair."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(paths):
        outcomes = {
            pair: list((rng.random(n) < chance).astype(float)) for pair in combinations("xyz", 2)
        }
        found.append(standing(met(outcomes)))
    return found


def test_equal_systems_are_rarely_settled_however_long_one_looks() -> None:
    """Whole paths of 150 prompts at alpha 0.05; 8 of 60 would be five standard errors too many."""
    wrong = sum(any(sign != "?" for sign in item.signs) for item in whole_paths(5, 0.5, 150, 60))
    assert wrong < 8


def test_unequal_systems_are_settled_the_right_way_round() -> None:
    found = whole_paths(6, 0.8, 150, 20)
    assert all(item.systems == ("x", "y", "z") and item.settled for item in found)
