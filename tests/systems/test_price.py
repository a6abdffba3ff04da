from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer, Completion
from evalsuite.systems.energy.estimates import Power, assumed_vcpus, stated_tokens, stated_watts
from evalsuite.systems.price import Price, energy_of, machine_price, machine_usd, usd_of

ANSWER = Answer(text="x")


def test_machine_hours_by_hand() -> None:
    completion = Completion(answer=ANSWER, machine_seconds=9.0)
    price = machine_price(0.08, 25.0, assume=True)
    # 9 s of an hour at 8 cents; 9 s at 25 W
    assert usd_of(completion, price) == (pytest.approx(0.0002), "machine_hour")
    assert energy_of(completion, price) == (
        225.0,
        None,
        "estimated: 25 W stated x machine seconds",
    )
    assert usd_of(Completion(answer=ANSWER), price) == (None, None)


def test_unknown_is_not_free() -> None:
    completion = Completion(answer=ANSWER, machine_seconds=9.0, input_tokens=5, output_tokens=5)
    unknown = machine_price(None, None, assume=False, device="cuda:0")
    assert unknown == Price()
    assert usd_of(completion, unknown) == (None, None)
    assert energy_of(completion, unknown) == (None, None, None)
    assert usd_of(completion, machine_price(0.0, None, assume=False)) == (0.0, "machine_hour")
    one_rate = Price(usd_per_million_input_tokens=1.0)
    assert usd_of(completion, one_rate) == (None, None)


def test_a_processor_without_a_counter_is_assumed_by_the_vcpu() -> None:
    """Cloud Carbon Footprint, AWS averages: 0.74 W idle and 3.5 W busy a vCPU."""
    completion = Completion(answer=ANSWER, machine_seconds=10.0)
    for assume in (True, False):  # the power of a processor does not depend on the model's price
        price = machine_price(None, None, assume=assume, threads=2)
        joules, idle, basis = energy_of(completion, price)
        assert (joules, idle) == (pytest.approx(70.0), pytest.approx(14.8))
        assert basis is not None and basis.startswith("assumed: 3.5 W a busy vCPU")
        assert "Cloud Carbon Footprint" in basis and "x 2 x machine seconds" in basis
    assert energy_of(Completion(answer=ANSWER), price) == (None, None, None)


def test_what_was_counted_goes_before_what_is_stated() -> None:
    counted = Completion(
        answer=ANSWER,
        machine_seconds=10.0,
        joules=42.0,
        idle_joules=5.0,
        joules_basis="measured: RAPL package-0",
    )
    price = machine_price(None, 25.0, assume=False)
    assert energy_of(counted, price) == (42.0, 5.0, "measured: RAPL package-0")


def test_an_endpoints_energy_is_unknown_until_somebody_states_it() -> None:
    completion = Completion(answer=ANSWER, output_tokens=250)
    assert energy_of(completion, Price()) == (None, None, None)
    stated = Price(power=stated_tokens(400.0))
    assert energy_of(completion, stated) == (
        100.0,
        None,
        "estimated: 400 J stated per 1,000 output tokens",
    )
    assert energy_of(Completion(answer=ANSWER), stated) == (None, None, None)
    assert energy_of(Completion(answer=ANSWER, output_tokens=9, recorded=True), stated)[0] is None


def test_kilowatt_hours_alone_and_on_top_of_machine_hours() -> None:
    completion = Completion(answer=ANSWER, machine_seconds=1800.0)
    # Half an hour at 100 W is 0.05 kWh, at 30 cents 1.5 cents; half an hour at 8 cents is 4.
    alone = machine_price(None, 100.0, assume=True, usd_per_kwh=0.30)
    assert usd_of(completion, alone) == (pytest.approx(0.015), "kwh")
    assert (alone.usd_per_machine_hour, alone.source) == (None, "stated in the experiment")
    both = machine_price(0.08, 100.0, assume=True, usd_per_kwh=0.30)
    assert usd_of(completion, both) == (pytest.approx(0.055), "machine_hour + kwh")
    blind = machine_price(0.08, None, assume=True, device="cuda:0", usd_per_kwh=0.30)
    assert usd_of(completion, blind) == (None, None)  # without joules a part of it is unknown
    counted = Completion(answer=ANSWER, machine_seconds=1800.0, joules=3.6e6, joules_basis="x")
    assert usd_of(counted, alone)[0] == pytest.approx(0.30)
    assert machine_usd(Price(), 5.0, 5.0) is None
    assert machine_usd(both, None, 5.0) is None


@given(st.floats(0, 1e6), st.floats(0, 1e3), st.floats(0, 10), st.floats(0, 10))
def test_a_machines_bill_is_the_sum_of_its_parts(
    seconds: float, watts: float, hourly: float, tariff: float
) -> None:
    completion = Completion(answer=ANSWER, machine_seconds=seconds)

    def bill(**rates: Any) -> float:
        usd, _ = usd_of(completion, Price(power=stated_watts(watts), **rates))
        assert usd is not None and usd >= 0
        return usd

    both = bill(usd_per_machine_hour=hourly, usd_per_kwh=tariff)
    assert both == pytest.approx(bill(usd_per_machine_hour=hourly) + bill(usd_per_kwh=tariff))


def test_power_of_nothing_is_unknown() -> None:
    assert Power(basis="?").of(5.0, 5) == (None, None, None)
    assert assumed_vcpus(1).of(None, 5) == (None, None, None)


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
