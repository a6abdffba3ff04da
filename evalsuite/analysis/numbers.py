"""How figures are written for people: units, significant digits, and words for the unknown."""

from __future__ import annotations

import math
from collections.abc import Callable

from evalsuite.analysis.intervals import Estimate

UNKNOWN = "unknown"
MINUS = "\N{MINUS SIGN}"
EN_DASH = "\N{EN DASH}"
NOT_APPLICABLE = EN_DASH
INFINITE = "\N{INFINITY}"


def money(usd: float | None) -> str:
    """US dollars with about three significant digits: ``$1,234``, ``$0.0420``, ``$3.1e-07``."""
    if usd is None:
        return UNKNOWN
    if math.isinf(usd):
        return INFINITE
    if usd == 0:
        return "$0"
    size = abs(usd)
    if size >= 100:
        return f"${usd:,.0f}"
    if size >= 1:
        return f"${usd:.2f}"
    if size < 1e-5:
        return f"${usd:.1e}"
    return f"${usd:.{2 - math.floor(math.log10(size))}f}"


def percent(share: float | None) -> str:
    """A share as percent: ``88.2 %``."""
    return NOT_APPLICABLE if share is None else f"{100 * share:.1f} %"


def rate_bounds(estimate: Estimate | None) -> str:
    """The bounds of a share, in percent without the sign that its value already carries."""
    return interval(estimate, percent).replace(" %", "")


def points(difference: float) -> str:
    """A difference of shares as signed percentage points: ``+1.2``."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text.replace("-", MINUS)


def duration(seconds: float | None) -> str:
    """Seconds in the unit that reads best: ``0.42 ms``, ``420 ms``, ``4.20 s``, ``12 min``."""
    if seconds is None:
        return NOT_APPLICABLE
    if seconds < 0.01:
        return f"{1000 * seconds:.2f} ms"
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def energy(joules: float | None) -> str:
    """Joules in the unit that reads best; unknown where there was no counter or estimate."""
    if joules is None:
        return UNKNOWN
    if math.isinf(joules):
        return INFINITE
    if joules >= 1000:
        return f"{joules / 1000:,.1f} kJ"
    return f"{joules:.3g} J"


def count(n: float | None) -> str:
    """A whole number with thousands separators."""
    return UNKNOWN if n is None else f"{n:,.0f}"


def times(ratio: float | None) -> str:
    """A ratio: ``0.58``, or ``1/200`` below a tenth, where that reads better."""
    if ratio is None:
        return UNKNOWN
    if math.isinf(ratio):
        return INFINITE
    if 0 < ratio < 0.1:
        return f"1/{significant(1 / ratio)}"
    return significant(ratio)


def significant(value: float) -> str:
    """Two significant digits below 100 (two decimals below 10), whole numbers above."""
    if value >= 100:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{value:.0f}" if value >= 9.995 else f"{value:.2f}"


def interval(estimate: Estimate | None, write: Callable[[float], str]) -> str:
    """The bounds of ``estimate``, the only one it has, or why there are none.

    "" where there is no estimate. An infinite upper bound is no bound.
    """
    if estimate is None:
        return ""
    low, high = estimate.low, estimate.high
    if low is None and high is None:
        return "no interval" if math.isinf(estimate.value) else "n too small"
    if low is None:
        assert high is not None
        return f"\N{LESS-THAN OR EQUAL TO} {write(high)}"
    if high is None or math.isinf(high):
        return f"\N{GREATER-THAN OR EQUAL TO} {write(low)}"
    lower, upper = write(low), write(high)
    if lower[0] in f"+{MINUS}" or upper[0] in f"+{MINUS}":
        return f"{lower} to {upper}"
    return f"{_without_unit(lower, upper)}{EN_DASH}{upper.removeprefix('$')}"


def _without_unit(low: str, high: str) -> str:
    """``low`` without the trailing unit it shares with ``high``."""
    number, _, unit = low.partition(" ")
    return number if unit and high.endswith(f" {unit}") else low


def concurrency_words(most: int | None) -> str:
    """How many answers were in flight, from the ``concurrency`` of a manifest."""
    return "as found out (local models 8)" if most is None else str(most)
