"""Which pairs come next: invariants of any judging in rounds, and what it saves."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.errors import ConfigError
from evalsuite.judging.standing import CIRCLE
from evalsuite.ratings import Standing, first_pairs, next_clusters, pairs_to_settle, standing

from .test_standing import alternating, met

WINS = [1.0] * 12


@given(st.integers(2, 40))
def test_the_first_round_connects_everybody(k: int) -> None:
    names = [f"m{place}" for place in range(k)]
    pairs = first_pairs(names)
    assert len(set(map(frozenset, pairs))) == len(pairs)
    opponents = {name: sum(name in pair for pair in pairs) for name in names}
    assert set(opponents.values()) == {min(4, k - 1)}
    reached, edges = {names[0]}, set(pairs)
    while more := {n for pair in edges if reached & set(pair) for n in pair} - reached:
        reached |= more
    assert reached == set(names)
    if k <= 5:
        assert len(pairs) == k * (k - 1) // 2


def test_neighbours_come_before_those_whom_they_settle() -> None:
    """All is open; x and z are settled by y between them, so they need not meet again."""
    some = {pair: [1.0, 1.0, 1.0, 0.0] for pair in combinations("xyz", 2)}
    found = standing(met(some))
    assert found.systems == ("x", "y", "z")
    assert set(next_clusters(found)) == {("x", "y"), ("y", "z")}


def test_what_is_settled_is_not_asked() -> None:
    found = standing(met({("x", "y"): WINS, ("y", "z"): [1.0, 0.0, 1.0]}))
    assert set(next_clusters(found)) == {("y", "z")}
    done = standing(met({("x", "y"): WINS, ("y", "z"): WINS}))
    assert next_clusters(done) == {} and pairs_to_settle(done).empty


def test_nobody_waits_for_a_pair_that_cannot_be_settled() -> None:
    """x and y are even and used up, so each of them has to meet z."""
    even = {("x", "y"): alternating(60), ("x", "z"): [1.0] * 4, ("y", "z"): [1.0] * 4}
    left = {("x", "y"): 0, ("x", "z"): 56, ("y", "z"): 56}
    chosen = next_clusters(standing(met(even)), left)
    assert {frozenset(pair) for pair in chosen} == {frozenset("xz"), frozenset("yz")}


def test_hopeless_pairs_come_last() -> None:
    outcomes = {("x", "y"): alternating(80), ("y", "z"): [1.0, 1.0, 1.0, 0.0]}
    found = standing(met(outcomes))
    hopeful = next_clusters(found, {("x", "y"): 20, ("y", "z"): 96, ("x", "z"): 0})
    assert [set(pair) for pair in hopeful] == [{"y", "z"}]
    rest = next_clusters(found, {("x", "y"): 20, ("y", "z"): 0, ("x", "z"): 0})
    assert [set(pair) for pair in rest] == [{"x", "y"}] and 0 < sum(rest.values()) <= 20


def test_clear_differences_come_before_narrow_ones() -> None:
    outcomes = {("x", "y"): [1.0, 1.0, 0.0] * 20, ("y", "z"): ([1.0] * 9 + [0.0]) * 1}
    chosen = list(next_clusters(standing(met(outcomes))))
    assert chosen[0] == ("y", "z")


def test_a_margin_lets_even_systems_come_to_an_end() -> None:
    even = met({("x", "y"): alternating(30)})
    far = {("x", "y"): 10_000}
    (without,) = next_clusters(standing(even), far).values()
    (with_margin,) = next_clusters(standing(even, margin=0.2), far).values()
    assert with_margin < without


def test_a_circle_is_not_asked_about() -> None:
    found = standing(met({("x", "y"): WINS, ("y", "z"): WINS, ("z", "x"): WINS}))
    assert found.sign(0, 1) == CIRCLE and next_clusters(found) == {}


def test_the_table_names_pairs_and_how_much() -> None:
    found = standing(met({("x", "y"): [1.0, 0.0, 1.0, 1.0]}), systems=["x", "y", "z"])
    table = pairs_to_settle(found, 1)
    assert list(table.columns) == ["a", "b", "clusters", "score"] and len(table) == 1
    assert (table["clusters"] >= 2).all()
    with pytest.raises(ConfigError, match="0 next pairs"):
        pairs_to_settle(found, 0)


def judged_to_the_end(
    seed: int, k: int, prompts: int, top: int | None, margin: float | None, step: float
) -> tuple[Standing, dict[tuple[str, str], int]]:
    """Simulated judging in rounds; asserts on the way what must hold in each."""
    rng = np.random.default_rng(seed)
    names = [f"m{place}" for place in range(k)]
    chance = {
        (a, b): 1 / (1 + np.exp(-step * (names.index(b) - names.index(a))))
        for a, b in combinations(names, 2)
    }
    won = {pair: (rng.random(prompts) < p).astype(float) for pair, p in chance.items()}
    done = {pair: min(2, prompts) if pair in first_pairs(names) else 0 for pair in won}
    for _ in range(200):
        battles = met({pair: list(values[: done[pair]]) for pair, values in won.items()})
        found = standing(battles, top=top, margin=margin, systems=names)
        left = {pair: prompts - n for pair, n in done.items()}
        chosen = next_clusters(found, left)
        if not chosen:
            return found, done
        open_pairs = {(found.systems[i], found.systems[j]) for i, j in found.open_pairs()}
        assert set(chosen) <= open_pairs, "only what is wanted and open is asked"
        for (a, b), n in chosen.items():
            pair = (a, b) if (a, b) in done else (b, a)
            assert 1 <= n <= left[pair], "nothing is asked twice"
            done[pair] += n
    raise AssertionError("rounds without end")


@given(
    st.integers(0, 10_000),
    st.integers(2, 5),
    st.integers(1, 40),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 0.2]),
    st.sampled_from([0.0, 0.5, 3.0]),
)
@settings(max_examples=25, deadline=None)
def test_judging_ends_settled_or_with_nothing_left(
    seed: int, k: int, prompts: int, top: int | None, margin: float | None, step: float
) -> None:
    found, done = judged_to_the_end(seed, k, prompts, top, margin, step)
    names = found.systems
    for i, j in found.open_pairs():
        pair = (names[i], names[j]) if (names[i], names[j]) in done else (names[j], names[i])
        assert done[pair] == prompts or found.sign(i, j) == CIRCLE


def test_most_questions_are_saved_where_systems_differ() -> None:
    found, done = judged_to_the_end(1, 5, 300, None, None, 1.5)
    assert found.settled and found.systems == ("m0", "m1", "m2", "m3", "m4")
    assert sum(done.values()) < 0.2 * 300 * len(done)


def test_order_of_pairs_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    outcomes = {
        pair: list(rng.choice([0.0, 1.0], 20, p=[0.3, 0.7])) for pair in combinations("xyz", 2)
    }
    battles = met(outcomes)
    mixed = pd.concat([battles[place::20] for place in range(20)])
    assert next_clusters(standing(battles)) == next_clusters(standing(mixed))
