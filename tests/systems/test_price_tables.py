"""Lookups in the table of genai-prices, whose own functions are the oracle."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from evalsuite.systems.price import token_usd
from evalsuite.systems.price_tables import look_up, similar_entries, table_date

genai_prices = pytest.importorskip("genai_prices", reason="needs the extra `prices`")
OPENAI = "https://api.openai.com/v1"
DAY = date(2026, 11, 21)


def entries() -> list[tuple[Any, Any]]:
    """Every 9th entry of the table."""
    from genai_prices.data_snapshot import get_snapshot

    found = [(one, model) for one in get_snapshot().providers for model in one.models]
    return found[::9]


@pytest.mark.parametrize(
    "usage",
    [(1000, 200, 500), (150_000, 0, 10), (300_000, 299_000, 4000), (1_000_000, 0, 1)],
)
def test_costs_are_those_of_the_package(usage: tuple[int, int, int]) -> None:
    input_tokens, cached, output_tokens = usage
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    compared = 0
    for provider, model in entries():
        looked = look_up("", priced_as=f"{provider.id}/{model.id}", on=DAY)
        if looked.price is None or looked.price.usd_per_million_reasoning_tokens is not None:
            continue
        theirs = model.calc_price(
            genai_prices.Usage(
                input_tokens=input_tokens, cache_read_tokens=cached, output_tokens=output_tokens
            ),
            provider,
            genai_request_timestamp=moment,
        )
        ours = token_usd(looked.price, input_tokens, output_tokens, cached_input_tokens=cached)
        assert ours == pytest.approx(float(theirs.total_price), rel=1e-9), looked.price.source
        compared += 1
    assert compared > 150


def test_a_name_is_listed_or_dated_and_never_guessed() -> None:
    """gpt-5-nano's entry takes every name that begins with "gpt-5-nano-"; we take a date alone."""
    plain = look_up("gpt-5-nano", base_url=OPENAI, on=DAY)
    dated = look_up("gpt-5-nano-2025-08-07", base_url=OPENAI, on=DAY)
    assert plain.price is not None and dated.price == plain.price
    other = look_up("gpt-5-nano-tuned", base_url=OPENAI, on=DAY)
    assert other.price is None
    assert "no price of 'gpt-5-nano-tuned' at openai" in other.problem
    assert "openai/gpt-5-nano" in similar_entries("gpt-5-nano-tuned", base_url=OPENAI)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"model": "q", "base_url": "http://localhost:8000/v1"}, "no provider at http://localhost"),
        ({"model": "q", "priced_as": "nobody/q"}, "no provider 'nobody'"),
        ({"model": "gpt-4o", "base_url": OPENAI, "service_tier": "flex"}, "no flex rates"),
        ({"model": "", "priced_as": "deepseek/deepseek-chat"}, "time of day"),
        ({"model": "", "priced_as": "perplexity/sonar"}, "by the request"),
        # a deployment of Azure's may have any name, so that of a model proves nothing
        ({"model": "gpt-5-mini", "base_url": "https://me.openai.azure.com/openai/v1"}, "at azure"),
    ],
)
def test_unknown_says_why(asked: dict[str, Any], problem: str) -> None:
    looked = look_up(**asked, on=DAY)
    assert looked.price is None
    assert problem in looked.problem


def test_batch_and_tier_have_rates_and_a_list_price() -> None:
    listed = look_up("gpt-5-mini", base_url=OPENAI, on=DAY).price
    batch = look_up("gpt-5-mini", base_url=OPENAI, batch=True, on=DAY).price
    flex = look_up("gpt-5-mini", base_url=OPENAI, service_tier="flex", on=DAY).price
    assert listed is not None and batch is not None and flex is not None
    assert listed.list_price is None and listed.usd_per_million_output_tokens == 2.0
    assert batch.usd_per_million_output_tokens == flex.usd_per_million_output_tokens == 1.0
    assert batch.list_price is not None
    assert batch.list_price.usd_per_million_output_tokens == 2.0
    assert batch.token_basis == "tokens, batch" and flex.token_basis == "tokens, flex"
    assert look_up("gpt-5-mini", base_url=OPENAI, service_tier="auto", on=DAY).price == listed


def test_rates_are_those_of_the_day_and_say_since_when() -> None:
    """gpt-5.6-sol was made cheaper on 2026-08-21, as its entry says."""
    before = look_up("gpt-5.6-sol", base_url=OPENAI, on=date(2026, 8, 20))
    after = look_up("gpt-5.6-sol", base_url=OPENAI, on=date(2026, 8, 21))
    assert before.price is not None and after.price is not None
    assert before.price.usd_per_million_input_tokens == 5.0
    assert after.price.usd_per_million_input_tokens == 4.0
    assert after.since == date(2026, 8, 21) and "since 2026-08-21" in after.price.source
    assert "writes to its cache" in after.caveats[0]


def test_the_table_says_how_old_it_is() -> None:
    dated = table_date(DAY)
    assert dated.newest is not None and dated.newest <= DAY
    assert str(dated).startswith(f"genai-prices {genai_prices.__version__}, newest price")
