from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.numbers import (
    count,
    duration,
    energy,
    interval,
    money,
    percent,
    points,
    rate_bounds,
    times,
)


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "unknown"),
        (0.0, "$0"),
        (math.inf, "∞"),
        (1234.5, "$1,234"),
        (12.345, "$12.35"),
        (1.0, "$1.00"),
        (0.042, "$0.0420"),
        (0.000123, "$0.000123"),
        (3.14e-7, "$3.1e-07"),
    ],
)
def test_money(usd: float | None, text: str) -> None:
    assert money(usd) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.00042, "0.42 ms"),
        (0.42, "420 ms"),
        (4.2, "4.20 s"),
        (42.0, "42 s"),
        (600.0, "10 min"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "unknown"), (0.58, "0.58"), (0.005, "1/200"), (2.5, "2.50"), (math.inf, "∞")],
)
def test_ratios(ratio: float | None, text: str) -> None:
    assert times(ratio) == text


def test_shares_points_counts_and_energy() -> None:
    assert (percent(0.8824), percent(None)) == ("88.2 %", "–")
    assert (points(0.012), points(-0.034), points(-0.0001)) == ("+1.2", "−3.4", "0.0")
    assert (count(12345), count(None)) == ("12,345", "unknown")
    assert (energy(None), energy(12.345), energy(12345.0)) == ("unknown", "12.3 J", "12.3 kJ")


def estimate(low: float | None, high: float | None, value: float = 0.5) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=9, method="")


def test_intervals() -> None:
    assert interval(estimate(0.25, 0.75), percent) == "25.0–75.0 %"
    assert rate_bounds(estimate(0.25, 0.75)) == "25.0–75.0"
    assert interval(estimate(0.01, 0.02), money) == "$0.0100–0.0200"
    assert interval(estimate(0.5, 1.5), duration) == "500 ms–1.50 s"
    assert interval(estimate(-0.034, 0.012), points) == "−3.4 to +1.2"
    assert interval(None, money) == ""


def test_missing_bounds_are_never_made_up() -> None:
    assert interval(estimate(None, None), percent) == "n too small"
    assert interval(estimate(0.9, None), duration) == "≥ 900 ms"
    assert interval(estimate(0.9, math.inf), money) == "≥ $0.900"
    assert interval(estimate(None, 0.9), money) == "≤ $0.900"
    assert interval(estimate(None, None, math.inf), money) == "no interval"


@given(st.floats(min_value=1e-12, max_value=1e9))
def test_money_never_rounds_something_to_nothing(usd: float) -> None:
    written = float(money(usd).removeprefix("$").replace(",", ""))
    assert written == pytest.approx(usd, rel=0.06)
