"""Latency that cannot mislead: percentiles with their bounds, failures beside them, goodput.

Arrays are (n,) in seconds, one value a request; NaN is unknown and is never taken for 0. A request
that failed has no latency, so it is missing from every percentile: ``Distribution.at_worst`` says
what the percentile is when whoever failed waits for ever.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalsuite.analysis.clusters import Floats, numbers_of
from evalsuite.analysis.intervals import (
    LEVEL,
    Estimate,
    fewest_for_percentile,
    percentile,
    proportion,
)
from evalsuite.analysis.measure import numbers

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = (0.5, 0.9, 0.95, 0.99)
LOADGEN_CONFIDENCE = 0.99
Shown = Literal["held", "missed", "not shown"]


@dataclass(frozen=True, kw_only=True)
class Timings:
    """What n requests took, each array (n,); NaN where unknown, and where the request failed.

    ``end_to_end_seconds`` is what the caller felt and ``ttft_seconds`` the part of it up to the
    first token, waiting and retries included. ``tpot_seconds`` is the time per output token after
    the first. ``queue_seconds`` is waiting before the attempt that was answered and
    ``service_seconds`` that attempt. ``answered`` is False where a request failed.
    """

    end_to_end_seconds: Floats
    ttft_seconds: Floats
    tpot_seconds: Floats
    queue_seconds: Floats
    service_seconds: Floats
    output_tokens: Floats
    answered: NDArray[np.bool_]

    @property
    def n_failed(self) -> int:
        """Requests without an answer."""
        return int((~self.answered).sum())


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One kind of time over the ``n`` requests of which it is known.

    ``quantiles`` are order statistics with their intervals. ``at_worst`` are the same with the
    ``n_failed`` failed requests as infinitely slow. ``n_unknown`` requests were answered and this
    time of theirs is not known. ``sd`` is the sample standard deviation, None for one value.
    """

    n: int
    n_unknown: int
    n_failed: int
    mean: float
    sd: float | None
    quantiles: Mapping[float, Estimate]
    at_worst: Mapping[float, float]


@dataclass(frozen=True, kw_only=True)
class ServiceLevel:
    """What a request must keep to, in seconds; None is no limit."""

    ttft_seconds: float | None = None
    tpot_seconds: float | None = None
    end_to_end_seconds: float | None = None

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return (self.ttft_seconds, self.tpot_seconds, self.end_to_end_seconds) != (None,) * 3


@dataclass(frozen=True, kw_only=True)
class Goodput:
    """Requests that met every limit, of all that were made; a failed one met none.

    ``per_second`` is over the whole duration. It and ``share`` are None where, of ``n_unknown``
    requests, nobody knows whether they met a limit (no first token without a stream).
    """

    n: int
    n_met: int
    n_failed: int
    n_unknown: int
    share: Estimate | None
    per_second: float | None


def time_per_output_token(
    end_to_end_seconds: ArrayLike, ttft_seconds: ArrayLike, output_tokens: ArrayLike
) -> Floats:
    """(end to end - time to first token) / (output tokens - 1), as vLLM's benchmark defines it.

    Tokens are the endpoint's count: a chunk of a stream is not a token. NaN where any of it is
    unknown, and for an answer of a single token, which has no time between tokens.
    """
    tokens = np.asarray(output_tokens, dtype=float)
    rest = np.asarray(end_to_end_seconds, dtype=float) - np.asarray(ttft_seconds, dtype=float)
    found: Floats = np.full(tokens.shape, np.nan)
    np.divide(rest, tokens - 1, out=found, where=tokens > 1)
    return found


def timings_of(responses: pd.DataFrame, calls: pd.DataFrame) -> Timings:
    """The timings of ``responses`` that were felt live, with their ``calls`` (tables of a run).

    An answer that was recorded, cached or resumed has no latency and is left out; failures are in.
    The first token, and service, are of answers of exactly one call: of a hybrid nobody knows
    which call's first token its caller would have seen.
    """
    failed = (responses["status"] == "system_error").to_numpy(dtype=bool)
    live = ~np.isnan(numbers(responses, "seconds"))
    rows = responses[live | failed]
    single = calls[calls["phase"] == "answer"].drop_duplicates("response_key", keep=False)
    single = single.set_index("response_key").reindex(rows["key"])
    answered = (rows["status"] == "ok").to_numpy(dtype=bool)
    seconds = np.where(answered, numbers(rows, "seconds"), np.nan)
    service = np.where(answered, numbers(single, "service_seconds"), np.nan)
    first = seconds - service + numbers(single, "first_token_seconds")
    tokens = np.where(answered, numbers(rows, "output_tokens"), np.nan)
    return Timings(
        end_to_end_seconds=seconds,
        ttft_seconds=first,
        tpot_seconds=time_per_output_token(seconds, first, tokens),
        queue_seconds=np.where(answered, numbers(rows, "queue_seconds"), np.nan),
        service_seconds=service,
        output_tokens=tokens,
        answered=answered,
    )


def distributions(
    timings: Timings, *, quantiles: Sequence[float] = QUANTILES, level: float = LEVEL
) -> dict[str, Distribution]:
    """A distribution of each kind of time that is known of any request."""
    kinds = {
        "end_to_end": timings.end_to_end_seconds,
        "ttft": timings.ttft_seconds,
        "tpot": timings.tpot_seconds,
        "queue": timings.queue_seconds,
        "service": timings.service_seconds,
    }
    found = {
        name: distribution(values[timings.answered], timings.n_failed, quantiles, level=level)
        for name, values in kinds.items()
    }
    return {name: each for name, each in found.items() if each is not None}


def distribution(
    seconds: ArrayLike,
    n_failed: int = 0,
    quantiles: Sequence[float] = QUANTILES,
    *,
    level: float = LEVEL,
) -> Distribution | None:
    """The distribution of ``seconds`` (n,) of answered requests; None where none is known."""
    values = np.asarray(seconds, dtype=float)
    known = np.sort(values[~np.isnan(values)])
    if known.size == 0:
        return None
    estimates: dict[float, Estimate] = {}
    for q in quantiles:
        estimate = percentile(known, q, level=level)
        assert estimate is not None  # there are values
        estimates[q] = estimate
    worst = np.concatenate([known, np.full(n_failed, np.inf)])
    return Distribution(
        n=known.size,
        n_unknown=values.size - known.size,
        n_failed=n_failed,
        mean=float(known.mean()),
        sd=float(known.std(ddof=1)) if known.size > 1 else None,
        quantiles=estimates,
        at_worst={
            q: float(worst[min(worst.size - 1, math.floor(worst.size * q))]) for q in quantiles
        },
    )


def linear_percentile(values: ArrayLike, q: float) -> float | None:
    """The ``q`` quantile (0 to 1) of ``values`` (n,), interpolated between two of them.

    As numpy and the Berkeley Function Calling Leaderboard have it; for comparing with their
    figures. It may lie where nothing was measured. None where there are no values.
    """
    known = numbers_of(values)
    return float(np.quantile(known, q)) if known.size else None


def percentile_ranks(
    n: int, q: float, *, level: float = LEVEL
) -> tuple[int | None, int | None] | None:
    """Ranks (from 1) of the order statistics that bound the ``q`` quantile of n observations.

    A rank is None where ``n`` is too small for that bound; for n = 100 and the 95th percentile
    they are 90 and 100. None where there are no observations. See ``intervals.percentile``.
    """
    estimate = percentile(np.arange(1, n + 1), q, level=level)
    if estimate is None:
        return None
    low, high = estimate.low, estimate.high
    return None if low is None else int(low), None if high is None else int(high)


def minimum_queries(q: float, *, confidence: float = LOADGEN_CONFIDENCE, n_over: int = 1) -> int:
    """Fewest queries that show the ``q`` quantile to be within a bound that ``n_over`` pass.

    The least n with P(Binomial(n, 1 - q) <= n_over) <= 1 - confidence: 64 for the 90th percentile,
    662 for the 99th and 6636 for the 99.9th. Source: early stopping of MLPerf LoadGen
    (mlcommons/inference, ``loadgen/early_stopping.cc``), whose confidence is 0.99.
    """
    return fewest_for_percentile(q, confidence=confidence, n_above=n_over)


def shown(
    n: int, n_missed: int, attainment: float, *, confidence: float = LOADGEN_CONFIDENCE
) -> Shown:
    """Whether n requests, ``n_missed`` of which passed a limit, show that enough of all keep it.

    "held" where ``minimum_queries`` for that many misses is at most ``n``, as LoadGen passes a run;
    "missed" where the share that kept it is below ``attainment``; else n is too small to say.
    """
    if n - n_missed < attainment * n:
        return "missed"
    enough = minimum_queries(attainment, confidence=confidence, n_over=n_missed) <= n
    return "held" if enough else "not shown"


def met(timings: Timings, limits: ServiceLevel) -> Floats:
    """Whether each request (n,) met every limit: 1, 0, or NaN where nobody knows.

    A failed request met none. An answer of one token has no time per output token that could be
    too long.
    """
    kept = np.ones(timings.answered.size)
    unknown = np.zeros(timings.answered.size, dtype=bool)
    single = timings.output_tokens <= 1
    for limit, values, exempt in (
        (limits.ttft_seconds, timings.ttft_seconds, False),
        (limits.tpot_seconds, timings.tpot_seconds, single),
        (limits.end_to_end_seconds, timings.end_to_end_seconds, False),
    ):
        if limit is None:
            continue
        kept[(values > limit) & ~np.asarray(exempt)] = 0.0
        unknown |= np.isnan(values) & ~np.asarray(exempt)
    kept[unknown & (kept == 1.0)] = np.nan
    kept[~timings.answered] = 0.0
    return kept


def goodput(timings: Timings, limits: ServiceLevel, seconds: float) -> Goodput:
    """Requests a second that met all ``limits``, over a measurement of ``seconds``.

    Source: Zhong et al. (2024), DistServe, arXiv:2401.09670; vLLM's ``--goodput``. The share has
    Wilson's interval.

    Raises:
        ValueError: the measurement has no duration.
    """
    if not seconds > 0:
        raise ValueError(f"a measurement has a duration above 0, not {seconds}")
    kept = met(timings, limits)
    n_unknown = int(np.isnan(kept).sum())
    known = n_unknown == 0 and kept.size > 0
    n_met = int(np.nansum(kept))
    return Goodput(
        n=kept.size,
        n_met=n_met,
        n_failed=timings.n_failed,
        n_unknown=n_unknown,
        share=proportion(kept, np.arange(kept.size)) if known else None,
        per_second=n_met / seconds if known else None,
    )
