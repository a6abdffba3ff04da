from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer, Completion
from evalsuite.systems.price import Price, joules_of, machine_price, usd_of

ANSWER = Answer(text="x")


def test_machine_hours_by_hand() -> None:
    completion = Completion(answer=ANSWER, machine_seconds=9.0)
    price = machine_price(0.08, 25.0, assume=True)
    # 9 s of an hour at 8 cents; 9 s at 25 W
    assert usd_of(completion, price) == (pytest.approx(0.0002), "machine_hour")
    assert joules_of(completion, price) == (
        225.0,
        "estimated: stated watts x machine seconds",
    )
    assert usd_of(Completion(answer=ANSWER), price) == (None, None)


def test_unknown_is_not_free() -> None:
    completion = Completion(answer=ANSWER, machine_seconds=9.0, input_tokens=5, output_tokens=5)
    unknown = machine_price(None, None, assume=False)
    assert unknown == Price()
    assert usd_of(completion, unknown) == (None, None)
    assert joules_of(completion, unknown) == (None, None)
    assert usd_of(completion, machine_price(0.0, None, assume=False)) == (0.0, "machine_hour")
    one_rate = Price(usd_per_million_input_tokens=1.0)
    assert usd_of(completion, one_rate) == (None, None)


def test_recordings_cost_what_was_recorded() -> None:
    price = Price(usd_per_machine_hour=1.0)
    recorded = Completion(answer=ANSWER, recorded=True, usd=0.5, machine_seconds=9.0)
    assert usd_of(recorded, price) == (0.5, "recorded")
    assert usd_of(Completion(answer=ANSWER, recorded=True), price) == (None, None)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_cached_tokens_never_cost_more(fresh: int, cached: int, output: int) -> None:
    rates = {"usd_per_million_input_tokens": 2.0, "usd_per_million_output_tokens": 8.0}
    completion = Completion(
        answer=ANSWER,
        input_tokens=fresh + cached,
        cached_input_tokens=cached,
        output_tokens=output,
    )
    full, _ = usd_of(completion, Price(**rates))
    reduced, _ = usd_of(completion, Price(usd_per_million_cached_input_tokens=0.5, **rates))
    assert full == pytest.approx(((fresh + cached) * 2 + output * 8) / 1e6)
    assert reduced == pytest.approx((fresh * 2 + cached * 0.5 + output * 8) / 1e6)
