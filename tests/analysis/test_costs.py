from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.costs import call_costs, costs_of, prices_of, usd_per_thousand_calls
from evalsuite.records import Answer, Completion, Manifest, SystemEntry
from evalsuite.running.call_records import cached_call, failed_call, finished_call
from evalsuite.systems.openai.pricing import batch_price
from evalsuite.systems.price import Price, PriceTier, token_usd, usd_of

LIVE = Price(
    usd_per_million_input_tokens=2.0,
    usd_per_million_cached_input_tokens=0.5,
    usd_per_million_output_tokens=10.0,
)
BATCH = batch_price(LIVE, 0.5)
COLUMNS = (
    "member",
    "usd",
    "usd_basis",
    "billed_usd",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "recorded",
)


def row(member: str, price: Price, *, cached_here: bool = False, **took: Any) -> dict[str, Any]:
    """A row as the engine makes it of a completion that ``took`` so much."""
    completion = Completion(answer=Answer(text="x"), **took)
    usd, basis = usd_of(completion, price)
    billed = 0.0 if cached_here or completion.recorded else usd
    stated = {"member": member, "usd": usd, "usd_basis": basis, "billed_usd": billed}
    return {name: stated.get(name, getattr(completion, name, None)) for name in COLUMNS}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def test_four_costs_by_hand() -> None:
    """1,000 input tokens, 800 of them in the provider's cache, and 100 of output."""
    took = {"input_tokens": 1000, "cached_input_tokens": 800, "output_tokens": 100}
    live = costs_of(frame(row("m", LIVE, **took)), {"m": LIVE})
    # 200 x 2 + 800 x 0.5 + 100 x 10; and with all of the input at 2
    assert live.billed_usd == live.usd == pytest.approx(1800e-6)
    assert live.cache_cold_usd == live.list_usd == pytest.approx(3000e-6)
    batch = costs_of(frame(row("b", BATCH, **took)), {"b": BATCH})
    assert batch.usd == pytest.approx(900e-6)
    assert batch.cache_cold_usd == pytest.approx(1500e-6)
    assert batch.list_usd == pytest.approx(3000e-6)


def test_an_answer_of_our_own_cache_is_not_billed_and_costs_the_same() -> None:
    took = {"input_tokens": 1000, "output_tokens": 100}
    found = costs_of(frame(row("m", LIVE, cached_here=True, **took)), {"m": LIVE})
    assert (found.billed_usd, found.usd) == (0.0, pytest.approx(3000e-6))
    assert found.cache_cold_usd == found.list_usd == found.usd


def test_machine_time_costs_the_same_however_it_is_asked() -> None:
    machine = Price(usd_per_machine_hour=3.6)
    found = costs_of(frame(row("local", machine, machine_seconds=2.0)), {"local": machine})
    assert found.usd == found.cache_cold_usd == found.list_usd == pytest.approx(0.002)


@pytest.mark.parametrize(
    "unknown",
    [
        row("m", LIVE, recorded=True, usd=0.5, input_tokens=1, output_tokens=1),
        row("m", LIVE, input_tokens=1000, output_tokens=100, maybe_billed_attempts=1),
        row("m", LIVE, input_tokens=None, output_tokens=100),
        # charged at another price than the manifest states, in an earlier session
        row("m", BATCH, input_tokens=1000, output_tokens=100),
        row("nobody", LIVE, input_tokens=1000, output_tokens=100),
    ],
)
def test_unknown_is_counted_and_makes_the_sum_unknown(unknown: dict[str, Any]) -> None:
    known = row("m", LIVE, input_tokens=1000, output_tokens=100)
    found = costs_of(frame(known, unknown), {"m": LIVE})
    assert (found.n_calls, found.n_unknown) == (2, 1)
    assert found.cache_cold_usd is None and found.list_usd is None


def test_no_calls_cost_nothing() -> None:
    found = costs_of(frame(), {})
    assert (found.n_calls, found.n_unknown, found.usd, found.list_usd) == (0, 0, 0.0, 0.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5)), max_size=8
    ),
    st.sampled_from([LIVE, BATCH]),
)
def test_discounts_only_lower_a_bill(calls: list[tuple[int, int, int]], price: Price) -> None:
    rows = [
        row("m", price, input_tokens=new + old, cached_input_tokens=old, output_tokens=out)
        for new, old, out in calls
    ]
    each = call_costs(frame(*rows), {"m": price})
    slack = 1e-12
    assert (each["billed_usd"] <= each["usd"] + slack).all()
    assert (each["usd"] <= each["cache_cold_usd"] + slack).all()
    assert (each["cache_cold_usd"] <= each["list_usd"] + slack).all()


def test_prices_come_back_from_a_manifest() -> None:
    import msgspec

    from evalsuite.systems.price import PriceTier

    tier = PriceTier(
        above_input_tokens=5, usd_per_million_input_tokens=1.0, usd_per_million_output_tokens=2.0
    )
    price = msgspec.structs.replace(BATCH, tiers=(tier,), source="x")
    stated = {k: v for k, v in msgspec.structs.asdict(price).items() if v not in (None, "")}
    entry = SystemEntry(
        name="m",
        kind="model",
        pattern="openai",
        model="m",
        fingerprint="",
        roles={},
        price=stated,
        parameters=None,
        config={},
    )
    hybrid = msgspec.structs.replace(entry, name="h", kind="hybrid", price={})
    written = msgspec.json.encode([entry, hybrid])
    systems = msgspec.json.decode(written, type=list[SystemEntry])
    manifest = msgspec.structs.replace(_empty(), systems=tuple(systems))
    assert prices_of(manifest) == {"m": price}


def test_the_leaderboards_formula_leaves_out_what_was_not_counted() -> None:
    """(mean of 100 and 200) x 2 + 50 x 10, over 1000; the zeros are no counts."""
    assert usd_per_thousand_calls([100, 0, 200], [50, 0, 50], LIVE) == pytest.approx(0.8)
    assert usd_per_thousand_calls([0, 0], [50, 50], LIVE) is None
    assert usd_per_thousand_calls([1], [1], Price()) is None


def test_calls_of_the_engine_are_understood() -> None:
    """Failed, cached and finished calls, as ``running.call_records`` makes them."""
    from evalsuite.errors import CallFailed

    class Model:
        price = LIVE

    about = {
        "key": "k",
        "response_key": "r",
        "ordinal": 0,
        "role": "",
        "system": "m",
        "model": "m",
        "reason": "",
        "started_at": 0.0,
    }
    done = Completion(answer=Answer(text="x"), input_tokens=1000, output_tokens=100)
    refused = CallFailed("no", kind="bad_request", billed=False)
    made: list[Any] = [
        finished_call(done, about, 1.0, LIVE),
        cached_call(done, about, Model()),  # type: ignore[arg-type]
        failed_call(refused, about, 1.0, str),
    ]
    rows = [{"member": call.system, **{c: getattr(call, c) for c in COLUMNS[1:]}} for call in made]
    found = costs_of(frame(*rows), {"m": LIVE})
    assert found.n_unknown == 0
    assert found.billed_usd == pytest.approx(3000e-6)
    assert found.list_usd == pytest.approx(6000e-6)


def _empty() -> Manifest:
    return Manifest(
        schema_version=3,
        name="n",
        experiment={},
        fingerprint="",
        started_at=0.0,
        finished_at=None,
        complete=True,
        sessions=1,
        tasks=(),
        systems=(),
        repeats=1,
        seed=0,
        concurrency=None,
        sandbox="",
        evalsuite_version="",
        code=None,
        python="",
        packages={},
        hardware={},
    )


TIERED = msgspec.structs.replace(
    BATCH,
    usd_per_million_reasoning_tokens=30.0,
    tiers=(
        PriceTier(
            above_input_tokens=100,
            usd_per_million_input_tokens=3.0,
            usd_per_million_output_tokens=12.0,
        ),
        PriceTier(
            above_input_tokens=1000,
            usd_per_million_input_tokens=4.0,
            usd_per_million_output_tokens=15.0,
            usd_per_million_reasoning_tokens=15.0,
        ),
    ),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 99, 100, 101, 1000, 1001, 5000]),
            st.integers(0, 50) | st.none(),
            st.integers(0, 100),
            st.integers(0, 100) | st.none(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_many_calls_at_once_cost_what_each_costs(calls: list[tuple[Any, ...]]) -> None:
    rows = [
        row(
            "m",
            TIERED,
            input_tokens=new,
            cached_input_tokens=None if cached is None else min(cached, new),
            output_tokens=out,
            reasoning_tokens=None if reasoning is None else min(reasoning, out),
        )
        for new, cached, out, reasoning in calls
    ]
    each = call_costs(frame(*rows), {"m": TIERED})
    for found, one in zip(each.to_dict("records"), rows, strict=True):
        counts = one["input_tokens"], one["output_tokens"]
        for name, price in (("cache_cold_usd", TIERED), ("list_usd", TIERED.list_price)):
            assert price is not None
            cost = token_usd(price, *counts, reasoning_tokens=one["reasoning_tokens"])
            known = one["usd"] is not None and cost is not None
            assert found[name] == pytest.approx(cost) if known else pd.isna(found[name])
