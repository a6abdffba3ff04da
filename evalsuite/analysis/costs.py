"""One bill, four ways: as charged, as made, with a cold cache, at list prices.

Which of them is meant decides who is cheaper: a provider's cache, a batch and a response cache
lower what one run was charged, and the next run may have none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.measure import known_total, numbers
from evalsuite.records import Manifest
from evalsuite.systems.price import Price

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("billed_usd", "usd", "cache_cold_usd", "list_usd")
_SAME_HOWEVER_ASKED = (
    "machine_hour",
    "kwh",
    "machine_hour + kwh",
    "no model",
    "not billed",
)
_RELATIVE_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Dollars of ``n_calls`` calls; None where any of them is unknown.

    ``billed_usd`` is what the run was charged: answers from the response cache and recordings are
    0. ``usd`` is what the calls cost when they are made, with the tokens that the provider had in
    its cache at their reduced price. ``cache_cold_usd`` has all input at the full price, at the
    same rates otherwise. ``list_usd`` is that without the discount of a batch or a service tier.
    ``n_unknown`` counts the calls without a cache-cold or list cost.
    """

    n_calls: int
    billed_usd: float | None
    usd: float | None
    cache_cold_usd: float | None
    list_usd: float | None
    n_unknown: int


def costs_of(calls: pd.DataFrame, prices: Mapping[str, Price]) -> Costs:
    """The costs of ``calls``, rows of the table of that name, by the ``prices`` of its members."""
    each = call_costs(calls, prices)
    unknown = np.isnan(each["cache_cold_usd"]) | np.isnan(each["list_usd"])
    sums = {name: known_total(numbers(each, name)) for name in COLUMNS}
    return Costs(n_calls=len(calls), n_unknown=int(unknown.sum()), **sums)


def call_costs(calls: pd.DataFrame, prices: Mapping[str, Price]) -> pd.DataFrame:
    """A row for each of ``calls``, with the columns of ``COLUMNS`` in dollars; NaN is unknown.

    ``prices`` are by ``member``, as ``prices_of`` reads them from a manifest. A call whose ``usd``
    does not follow from them was charged at another price (an earlier session's): what it would
    cost otherwise is unknown. So is that of a recording, which has no prices.
    """
    import pandas as pd

    usd = numbers(calls, "usd")
    same = calls["usd_basis"].isin(_SAME_HOWEVER_ASKED).to_numpy(dtype=bool)
    cold = np.where(same, usd, np.nan)
    listed = cold.copy()
    by_token = ~same & ~np.isnan(usd) & ~calls["recorded"].to_numpy(dtype=bool)
    codes, members = pd.factorize(calls["member"])
    for code, member in enumerate(members):
        price = prices.get(member)
        rows = np.flatnonzero(by_token & (codes == code))
        if price is None or not rows.size:
            continue
        tokens = calls.iloc[rows]
        made, at_cold, at_list = _by_tokens(tokens, price)
        size = np.maximum(np.abs(made), np.abs(usd[rows]))
        follows = np.abs(made - usd[rows]) <= _RELATIVE_ROUNDING * size
        follows &= ~np.isnan(at_cold) & ~np.isnan(at_list)
        cold[rows[follows]], listed[rows[follows]] = at_cold[follows], at_list[follows]
    return pd.DataFrame(
        {
            "billed_usd": numbers(calls, "billed_usd"),
            "usd": usd,
            "cache_cold_usd": cold,
            "list_usd": listed,
        },
        index=calls.index,
    )


def prices_of(manifest: Manifest) -> dict[str, Price]:
    """The price of every model of a run, as its manifest states it; hybrids have none."""
    return {
        entry.name: msgspec.convert(entry.price, Price)
        for entry in manifest.systems
        if entry.kind == "model"
    }


def usd_per_thousand_calls(
    input_tokens: ArrayLike, output_tokens: ArrayLike, price: Price
) -> float | None:
    """Dollars of 1,000 calls of mean size, as the Berkeley Function Calling Leaderboard has it.

    (mean input tokens x input price + mean output tokens x output price) / 1000 with prices by the
    million, each mean over the calls (n,) whose count is known and above 0: a count of 0 is an
    endpoint that did not count. Source: ShishirPatil/gorilla at 897e068d,
    ``eval_runner_helper.py``. None where a price is unknown or no call was counted. Unlike the
    figures of a run, it is of the calls that were counted, and says nothing of the others.
    """
    means = []
    for tokens in (input_tokens, output_tokens):
        counts = np.asarray(tokens, dtype=float)
        counted = counts[counts > 0]
        if counted.size == 0:
            return None
        means.append(float(counted.mean()))
    rates = (price.usd_per_million_input_tokens, price.usd_per_million_output_tokens)
    if rates[0] is None or rates[1] is None:
        return None
    return (means[0] * rates[0] + means[1] * rates[1]) / 1000


def _by_tokens(calls: pd.DataFrame, price: Price) -> tuple[Floats, Floats, Floats]:
    """As made, cache-cold and list cost (n,) of the tokens of ``calls``, all of one member."""
    given, out, cached, reasoning = (
        numbers(calls, name)
        for name in ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens")
    )
    none = np.zeros(given.size)
    return (
        _token_usd(price, given, out, np.nan_to_num(cached), reasoning),
        _token_usd(price, given, out, none, reasoning),
        _token_usd(price.list_price or price, given, out, none, reasoning),
    )


def _token_usd(
    price: Price, given: Floats, out: Floats, cached: Floats, reasoning: Floats
) -> Floats:
    """``systems.price.token_usd`` of each call (n,), NaN where it is unknown."""
    found = np.full(given.size, np.nan)
    starts = [tier.above_input_tokens for tier in price.tiers or ()]
    reached = np.searchsorted(np.array(starts, dtype=float), given, side="left")
    for index in range(len(starts) + 1):
        rows = (reached == index) & ~np.isnan(given)
        if rows.any():
            rates = price.at(starts[index - 1] + 1) if index else price
            found[rows] = _at_rates(rates, given[rows], out[rows], cached[rows], reasoning[rows])
    return found


def _at_rates(
    price: Price, given: Floats, out: Floats, cached: Floats, reasoning: Floats
) -> Floats:
    """Dollars of calls (n,) that all have the rates of ``price``."""
    input_rate, output_rate = (
        price.usd_per_million_input_tokens,
        price.usd_per_million_output_tokens,
    )
    if input_rate is None or output_rate is None:
        return np.full(given.size, np.nan)
    cached_rate = price.usd_per_million_cached_input_tokens
    cached_rate = input_rate if cached_rate is None else cached_rate
    input_usd = (given - cached) * input_rate + cached * cached_rate
    reasoning_rate = price.usd_per_million_reasoning_tokens
    if reasoning_rate is None or reasoning_rate == output_rate:
        return np.asarray((input_usd + out * output_rate) / 1e6)
    output_usd = (out - reasoning) * output_rate
    return np.asarray((input_usd + output_usd + reasoning * reasoning_rate) / 1e6)
