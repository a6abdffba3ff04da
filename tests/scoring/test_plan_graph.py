from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.plan_graph import (
    Step,
    argument_f1,
    graphs_match,
    has_references,
    plans_match,
)


def step(name: str, /, **arguments: Any) -> Step:
    return Step(name, arguments)


HOMES = [
    step("home", name="Ada"),
    step("home", name="Bob"),
    step("distance", start="$1", end="$2"),
]


def test_the_order_of_independent_calls_does_not_matter() -> None:
    swapped = [
        step("home", name="Bob"),
        step("home", name="Ada"),
        step("distance", start="$2", end="$1"),
    ]
    assert plans_match(swapped, HOMES) and graphs_match(swapped, HOMES)
    assert argument_f1(swapped, HOMES) == 1.0


def test_crossed_references_are_another_plan_but_the_same_graph() -> None:
    crossed = [*HOMES[:2], step("distance", start="$2", end="$1")]
    assert not plans_match(crossed, HOMES)
    assert graphs_match(crossed, HOMES)


def test_values_are_compared_by_what_they_mean() -> None:
    wanted = [step("f", a=3, b="New  York", c=[1, "x"], d=None, e=True)]
    assert plans_match([step("f", a=3.0, b="new york ", c=[1, "X"], d=None, e=True)], wanted)
    assert not plans_match([step("f", a="3", b="new york", c=[1, "x"], d=None, e=True)], wanted)
    assert not plans_match([step("f", a=3, b="new york", c=[1, "x"], d=None, e=1)], wanted)
    assert not plans_match([step("f", a=3, b="new york", c=["x", 1], d=None, e=True)], wanted)


def test_references_inside_texts_and_lists() -> None:
    wanted = [step("a"), step("b"), step("mail", body="Hi $1 and $2", to=["$2"])]
    same = [step("b"), step("a"), step("mail", body="Hi $2 and $1", to=["$1"])]
    assert plans_match(same, wanted)
    assert not plans_match(
        [step("a"), step("b"), step("mail", body="Hi $2 and $1", to=["$2"])], wanted
    )


def test_a_result_used_twice_is_not_two_calls() -> None:
    once = [step("price", product="lamp"), step("add", a="$1", b="$1")]
    twice = [
        step("price", product="lamp"),
        step("price", product="lamp"),
        step("add", a="$1", b="$2"),
    ]
    assert not plans_match(twice, once)
    assert plans_match(twice, twice)


def test_equal_calls_with_different_users_are_told_apart() -> None:
    """The same calls in both, but in one plan c and d share a result and in the other they do not:
    comparing calls as a bag would miss it.
    """
    shared = [step("a"), step("a"), step("c", x="$1"), step("d", x="$1")]
    apart = [step("a"), step("a"), step("c", x="$1"), step("d", x="$2")]
    assert not plans_match(shared, apart) and not graphs_match(shared, apart)
    assert plans_match(apart, [step("a"), step("a"), step("c", x="$2"), step("d", x="$1")])


@pytest.mark.parametrize(
    "plan",
    [
        [step("f", a="$1")],
        [step("f", a="$2"), step("g", a="$1")],
        [step("f", a="$9"), step("g")],
        [step("f", a="$0"), step("g")],
    ],
)
def test_circles_and_loose_ends_match_nothing(plan: list[Step]) -> None:
    assert has_references(plan)
    assert not plans_match(plan, plan) and not graphs_match(plan, plan)


def test_argument_f1_by_hand() -> None:
    """3 of 4 arguments said are right, of 4 wanted: precision 3/4, recall 3/4."""
    said = [*HOMES[:1], step("home", name="Eve"), HOMES[2]]
    assert argument_f1(said, HOMES) == 0.75
    # 2 said, both right, of 4 wanted: 2 * 2 / (2 + 4).
    assert argument_f1(HOMES[:2], HOMES) == pytest.approx(2 / 3)
    assert argument_f1([], HOMES) == 0.0
    assert argument_f1([], []) == argument_f1([step("f")], [step("f")]) == 1.0


_NAMES = st.sampled_from(["a", "b", "c"])


@st.composite
def plans(draw: st.DrawFn) -> list[Step]:
    size = draw(st.integers(1, 5))
    made = []
    for position in range(size):
        values = st.integers(0, 2) | st.sampled_from(
            [f"${one + 1}" for one in range(position)] or [0]
        )
        made.append(Step(draw(_NAMES), draw(st.dictionaries(_NAMES, values, max_size=2))))
    return made


def reordered(plan: Sequence[Step], seed: int) -> list[Step]:
    """The same graph with its calls listed in another order, references renamed."""
    order = list(range(len(plan)))
    random.Random(seed).shuffle(order)
    place = {f"${old + 1}": f"${order.index(old) + 1}" for old in order}
    return [
        Step(
            plan[old].name,
            {key: place.get(str(value), value) for key, value in plan[old].arguments.items()},
        )
        for old in order
    ]


@given(plans(), st.integers(0, 1000))
def test_any_order_is_the_same_plan(plan: list[Step], seed: int) -> None:
    other = reordered(plan, seed)
    assert plans_match(other, plan) and plans_match(plan, other) and graphs_match(other, plan)
    assert argument_f1(other, plan) == 1.0


@given(plans(), plans())
def test_matching_is_symmetric_and_stricter_with_values(one: list[Step], other: list[Step]) -> None:
    assert plans_match(one, other) == plans_match(other, one)
    assert not plans_match(one, other) or graphs_match(one, other)
    assert 0.0 <= argument_f1(one, other) == argument_f1(other, one) <= 1.0
