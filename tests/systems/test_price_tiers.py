from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer, Completion
from evalsuite.systems.price import Price, PriceTier, token_usd, usd_of

LONG = Price(
    usd_per_million_input_tokens=4.0,
    usd_per_million_cached_input_tokens=0.4,
    usd_per_million_output_tokens=20.0,
    tiers=(
        PriceTier(
            above_input_tokens=272_000,
            usd_per_million_input_tokens=8.0,
            usd_per_million_cached_input_tokens=0.8,
            usd_per_million_output_tokens=30.0,
        ),
    ),
)


def test_a_tier_is_of_all_tokens_of_the_call() -> None:
    """The rates of gpt-5.6-sol in genai-prices 0.2.3: a tier begins above its start."""
    assert token_usd(LONG, 272_000, 1000) == pytest.approx(272_000 * 4e-6 + 0.02)
    assert token_usd(LONG, 272_001, 1000) == pytest.approx(272_001 * 8e-6 + 0.03)
    cached = token_usd(LONG, 300_000, 0, cached_input_tokens=200_000)
    assert cached == pytest.approx(100_000 * 8e-6 + 200_000 * 0.8e-6)


def test_reasoning_with_a_price_of_its_own_must_be_counted() -> None:
    """sonar-deep-research: $8 a million output tokens, $3 for those of reasoning."""
    price = Price(
        usd_per_million_input_tokens=2.0,
        usd_per_million_output_tokens=8.0,
        usd_per_million_reasoning_tokens=3.0,
    )
    assert token_usd(price, 100, 50, reasoning_tokens=30) == pytest.approx(
        (100 * 2 + 20 * 8 + 30 * 3) / 1e6
    )
    uncounted = Completion(answer=Answer(text="x"), input_tokens=100, output_tokens=50)
    assert usd_of(uncounted, price) == (None, None)


@given(st.integers(0, 400_000), st.integers(0, 5000), st.floats(0, 1), st.integers(0, 400_000))
def test_the_most_is_never_passed(
    input_tokens: int, output_tokens: int, cached: float, more: int
) -> None:
    usd = token_usd(
        LONG, input_tokens, output_tokens, cached_input_tokens=int(cached * input_tokens)
    )
    most = LONG.most_usd(input_tokens + more, output_tokens)
    assert usd is not None and most is not None
    assert usd <= most * (1 + 1e-12)


def test_without_prices_there_is_no_most() -> None:
    assert Price().most_usd(10, 10) is None
    assert Price(usd_per_million_input_tokens=1.0).most_usd(10, 10) is None
