from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.intervals import fewest_for_percentile
from evalsuite.analysis.latency import (
    ServiceLevel,
    Timings,
    distribution,
    distributions,
    goodput,
    linear_percentile,
    met,
    minimum_queries,
    percentile_ranks,
    shown,
    time_per_output_token,
    timings_of,
)


def timings(
    seconds: list[float], *, first: list[float] | None = None, tokens: list[float] | None = None
) -> Timings:
    """Requests of so many seconds; infinite is a failure."""
    values = np.array(seconds, dtype=float)
    answered = np.isfinite(values)
    values = np.where(answered, values, np.nan)
    unknown = np.full(values.size, np.nan)
    ttft = unknown if first is None else np.where(answered, first, np.nan)
    n_out = unknown if tokens is None else np.where(answered, tokens, np.nan)
    return Timings(
        end_to_end_seconds=values,
        ttft_seconds=ttft,
        tpot_seconds=time_per_output_token(values, ttft, n_out),
        queue_seconds=unknown,
        service_seconds=unknown,
        output_tokens=n_out,
        answered=answered,
    )


def test_time_per_output_token_by_hand() -> None:
    """2 s in all, 0.5 s to the first of 4 tokens: 1.5 s for the other three."""
    found = time_per_output_token([2.0, 2.0, 2.0], [0.5, 0.5, math.nan], [4, 1, 4])
    assert found[0] == 0.5
    assert np.isnan(found[1:]).all(), "one token has no time between tokens"


def test_ranks_at_a_hundred() -> None:
    """The 95th percentile of 100 lies between ranks 90 and 100; the 99th has no upper bound."""
    assert percentile_ranks(100, 0.95) == (90, 100)
    assert percentile_ranks(100, 0.99) == (97, None)
    assert percentile_ranks(5, 0.5) == (None, None)
    assert percentile_ranks(0, 0.5) is None
    assert fewest_for_percentile(0.95) == 59
    assert fewest_for_percentile(0.99) == 299


def test_loadgen_minima() -> None:
    """``mlperf.conf`` asks 662 queries for the 99th percentile; 64 and 6636 by the same formula."""
    assert [minimum_queries(q) for q in (0.9, 0.99, 0.999)] == [64, 662, 6636]


@given(st.floats(0.5, 0.99), st.integers(0, 5))
def test_the_minimum_is_the_least_that_shows_it(q: float, n_over: int) -> None:
    from scipy.stats import binom

    n = minimum_queries(q, n_over=n_over)
    assert binom.cdf(n_over, n, 1 - q) <= 0.01 + 1e-9
    assert binom.cdf(n_over, n - 1, 1 - q) > 0.01 - 1e-9
    assert shown(n, n_over, q) in ("held", "missed")
    assert shown(n - 1, n_over, q) != "held"


def test_failures_stand_beside_the_percentiles() -> None:
    """Of 20 requests 2 failed: the 95th of 18 is the slowest, the 95th of all is never."""
    found = distribution([float(i) for i in range(1, 19)], n_failed=2)
    assert found is not None
    assert (found.n, found.n_failed) == (18, 2)
    assert found.quantiles[0.95].value == 18.0
    assert found.at_worst[0.95] == math.inf
    assert found.at_worst[0.5] == 11.0  # sorted[floor(20 x 0.5)] of 1 .. 18, inf, inf
    assert found.mean == 9.5
    assert found.sd == pytest.approx(math.sqrt(28.5))  # (n^2 + n) / 12 for 1 .. 18


def test_unknown_times_are_counted() -> None:
    found = distribution([1.0, math.nan, 3.0])
    assert found is not None and (found.n, found.n_unknown, found.mean) == (2, 1, 2.0)
    assert distribution([math.nan]) is None
    assert distribution([1.0]).sd is None  # type: ignore[union-attr]
    assert set(distributions(timings([1.0, math.inf]))) == {"end_to_end"}


def test_interpolation_is_numpys() -> None:
    assert linear_percentile([1, 2, 3, 4], 0.95) == pytest.approx(3.85)
    assert linear_percentile([], 0.5) is None


def test_goodput_by_hand() -> None:
    """Limits of 1 s and 0.1 s a token: right, too slow, slow tokens, one token, failed."""
    measured = timings(
        [0.5, 2.0, 0.9, 0.5, math.inf],
        first=[0.2, 0.2, 0.2, 0.5, 0.0],
        tokens=[4, 100, 3, 1, 0],
    )
    limits = ServiceLevel(tpot_seconds=0.11, end_to_end_seconds=1.0)
    # 0.3 / 3 = 0.1 a token; 1.8 / 99; 0.7 / 2 = 0.35; none between tokens
    assert met(measured, limits).tolist() == [1.0, 0.0, 0.0, 1.0, 0.0]
    found = goodput(measured, limits, seconds=4.0)
    assert (found.n, found.n_met, found.n_failed, found.per_second) == (5, 2, 1, 0.5)
    assert found.share is not None and found.share.value == 0.4


def test_goodput_is_unknown_where_a_time_is() -> None:
    """Without a stream nobody knows the first token; but what failed, or was late, met nothing."""
    measured = timings([0.5, 5.0, math.inf])
    limits = ServiceLevel(ttft_seconds=1.0, end_to_end_seconds=1.0)
    kept = met(measured, limits)
    assert np.isnan(kept[0]) and kept[1:].tolist() == [0.0, 0.0]
    found = goodput(measured, limits, seconds=1.0)
    assert (found.n_unknown, found.per_second, found.share) == (1, None, None)
    with pytest.raises(ValueError, match="duration"):
        goodput(measured, limits, seconds=0.0)


def test_verdicts_need_enough_queries() -> None:
    assert shown(64, 1, 0.9) == "held"
    assert shown(63, 1, 0.9) == "not shown"
    assert shown(44, 0, 0.9) == "held"
    assert shown(100, 11, 0.9) == "missed"


def test_times_of_a_run_are_as_the_caller_felt_them() -> None:
    """A call of 3 s: 1 s before the attempt that was answered, whose first token took 0.5 s.

    A hybrid's answer of two calls has no first token; a recorded one has no latency at all.
    """
    responses = pd.DataFrame(
        {
            "key": ["one", "two", "failed", "recorded"],
            "status": ["ok", "ok", "system_error", "ok"],
            "seconds": [3.0, 4.0, 9.0, None],
            "queue_seconds": [0.25, 0.5, None, None],
            "output_tokens": [4, 8, None, 3],
        }
    )
    calls = pd.DataFrame(
        {
            "response_key": ["one", "two", "two", "failed", "recorded"],
            "phase": ["answer"] * 5,
            "service_seconds": [2.0, 1.0, 1.0, None, None],
            "first_token_seconds": [0.5, 0.1, 0.1, None, None],
        }
    )
    found = timings_of(responses, calls)
    assert found.answered.tolist() == [True, True, False]
    np.testing.assert_array_equal(found.end_to_end_seconds, [3.0, 4.0, np.nan])
    np.testing.assert_array_equal(found.ttft_seconds, [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(found.tpot_seconds, [0.5, np.nan, np.nan])
    assert found.n_failed == 1


@given(
    st.lists(st.floats(0.001, 100), min_size=1, max_size=60),
    st.integers(0, 20),
    st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)
def test_failures_never_make_a_system_look_faster(
    seconds: list[float], n_failed: int, q: float
) -> None:
    found = distribution(seconds, n_failed)
    assert found is not None
    assert found.at_worst[q] >= found.quantiles[q].value
    low, high = found.quantiles[q].low, found.quantiles[q].high
    assert low is None or low <= found.quantiles[q].value
    assert high is None or high >= found.quantiles[q].value
