"""One bill, four ways: as charged, as made, with a cold cache, at list prices.

Which of them is meant decides who is cheaper: a provider's cache, a batch and a response cache
lower what one run was charged, and the next run may have none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.measure import known_total, numbers, text_or_none
from evalsuite.records import Manifest
from evalsuite.systems.price import Price, token_usd

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("billed_usd", "usd", "cache_cold_usd", "list_usd")
_SAME_HOWEVER_ASKED = ("machine_hour", "no model", "not billed")
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

    rows = [_otherwise(row, prices) for row in calls.to_dict("records")]
    cold, listed = np.array(rows, dtype=float).reshape(-1, 2).T
    return pd.DataFrame(
        {
            "billed_usd": numbers(calls, "billed_usd"),
            "usd": numbers(calls, "usd"),
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


def _otherwise(row: Mapping[Any, Any], prices: Mapping[str, Price]) -> tuple[float, float]:
    """The cache-cold and the list cost of one call, NaN where unknown."""
    unknown = (np.nan, np.nan)
    usd = _number(row["usd"])
    if usd is None:
        return unknown
    if text_or_none(row["usd_basis"]) in _SAME_HOWEVER_ASKED:
        return usd, usd
    price = prices.get(row["member"])
    if price is None or bool(row["recorded"]):
        return unknown
    made, cold, listed = _by_tokens(row, price)
    if made is None or cold is None or listed is None:
        return unknown
    if abs(made - usd) > _RELATIVE_ROUNDING * max(abs(made), abs(usd)):
        return unknown
    return cold, listed


def _by_tokens(
    row: Mapping[Any, Any], price: Price
) -> tuple[float | None, float | None, float | None]:
    """As made, cache-cold and list cost of the tokens of one call."""
    counts = [_count(row["input_tokens"]), _count(row["output_tokens"])]
    reasoning = _count(row["reasoning_tokens"])
    cached = _count(row["cached_input_tokens"])
    return (
        token_usd(price, *counts, cached_input_tokens=cached, reasoning_tokens=reasoning),
        token_usd(price, *counts, reasoning_tokens=reasoning),
        token_usd(price.list_price or price, *counts, reasoning_tokens=reasoning),
    )


def _number(value: Any) -> float | None:
    import pandas as pd

    return None if pd.isna(value) else float(value)


def _count(value: Any) -> int | None:
    known = _number(value)
    return None if known is None else int(known)
