from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.hybrids.router import RouterSpec, best_first

pytest.importorskip("sklearn")

FAILURE = CallTransient("no answer within 1 s", kind="timeout")

# The small member can add and not translate; the large one can do both.
SAMPLES = [
    Sample(
        id=str(i),
        inputs={"text": f"add {i} and {i + 1}" if i % 2 else f"translate word {i} into French"},
        target="right",
    )
    for i in range(60)
]


def small(request: Request) -> Answer:
    return Answer(text="right" if "add" in request.inputs["text"] else "wrong")


def large(request: Request) -> Answer:
    return Answer(text="right")


def router(**options: Any) -> RouterSpec:
    return RouterSpec(members=("s", "l"), **options)


async def test_requests_go_where_they_succeed_at_least_cost(drive: Any) -> None:
    driver = drive(router(), [small, large], samples=SAMPLES, usd=[1e-6, 1e-5])
    fitted = await driver.fit()
    assert fitted is not None
    assert (fitted.split, fitted.n_samples) == ("validation", 60)
    assert "member_1 50%, member_2 50%; 100.0% right on 60 validation samples" in fitted.note
    await driver.respond("add 77 and 78", fitted)
    ((role, reason),) = driver.hops
    assert role == "member_1"
    assert reason.startswith("P(success) member_1 0.")
    assert "member_2 0.98" in reason  # Laplace's rule: 61 of 62
    await driver.respond("translate word 99 into French", fitted)
    assert driver.hops[0][0] == "member_2"


async def test_value_of_a_success_sets_the_price_of_a_chance(drive: Any) -> None:
    shares = {}
    for value in (1e-7, 1.0):
        driver = drive(router(value_usd=value), [small, large], samples=SAMPLES, usd=[1e-6, 1e-5])
        fitted = await driver.fit()
        assert fitted is not None
        asked = Counter[str]()
        for i in range(20):
            await driver.respond(f"translate word {i} into French", fitted)
            asked[driver.hops[0][0]] += 1
        shares[value] = asked["member_2"]
    assert shares == {1e-7: 0, 1.0: 20}


async def test_cost_share_bounds_what_is_spent_on_validation(drive: Any) -> None:
    for share in (0.1, 0.4, 1.0):
        spec = router(max_cost_share=share)
        driver = drive(spec, [small, large], samples=SAMPLES, usd=[1e-6, 1e-5])
        fitted = await driver.fit()
        assert fitted is not None
        to_large = float(fitted.note.split("member_2 ")[1].split("%")[0]) / 100
        assert to_large * 1e-5 + (1 - to_large) * 1e-6 <= share * 1e-5 * 1.01
        assert to_large == pytest.approx({0.1: 0.0, 0.4: 1 / 3, 1.0: 0.5}[share], abs=0.04)


async def test_unknown_costs_are_said(drive: Any) -> None:
    driver = drive(router(), [small, large], samples=SAMPLES, usd=[1e-6, None])
    fitted = await driver.fit()
    assert fitted is not None
    assert fitted.note.endswith("costs unknown, the members' order stands in")
    priced = drive(router(value_usd=1.0), [small, large], samples=SAMPLES)
    with pytest.raises(ConfigError, match="a member's cost is unknown"):
        await priced.fit()
    with pytest.raises(ConfigError, match="no validation samples"):
        await drive(router(), [small, large]).fit()


async def test_learning_is_deterministic(drive: Any) -> None:
    fits = [
        await drive(router(), [small, large], samples=SAMPLES, usd=[1e-6, 1e-5]).fit()
        for _ in range(2)
    ]
    assert fits[0].identity == fits[1].identity
    other = await drive(router(), [small, large], samples=SAMPLES[:40], usd=[1e-6, 1e-5]).fit()
    assert other.identity != fits[0].identity


async def test_a_failed_member_is_replaced_by_the_next_best(drive: Any) -> None:
    spec = router(policy="random", shares=(1.0, 0.0))
    driver = drive(spec, [lambda r: FAILURE, large])
    assert (await driver.respond("q")).text == "right"
    assert driver.hops[1] == ("member_2", "member_1 failed (timeout)")
    with pytest.raises(CallTransient):
        await drive(spec, [lambda r: FAILURE, lambda r: FAILURE]).respond("q")


async def test_the_random_router_keeps_its_shares_and_its_draws(drive: Any) -> None:
    driver = drive(router(policy="random", shares=(0.25, 0.75)), [small, large])
    assert await driver.fit() is None
    draws = []
    for i in range(800):
        await driver.respond(f"q{i}")
        draws.append(driver.hops[0])
    # 200 expected, standard deviation 12.2
    assert 150 < Counter(role for role, _ in draws)["member_1"] < 250
    await driver.respond("q5")
    assert driver.hops[0] == draws[5]
    assert draws[5][1].startswith("random 0.")
    await driver.respond("q5", repeat=1)
    assert driver.hops[0] != draws[5]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e-3)), min_size=2, max_size=5),
    st.floats(0, 1e4),
)
def test_the_best_member_is_worth_its_cost(
    members: list[tuple[float, float]], weight: float
) -> None:
    chances, costs = [p for p, _ in members], [c for _, c in members]
    order = best_first(chances, costs, weight)
    assert sorted(order) == list(range(len(members)))
    nets = [chances[i] - weight * costs[i] for i in order]
    assert nets == sorted(nets, reverse=True)
    assert best_first(chances, costs, 0.0)[0] == chances.index(max(chances))
