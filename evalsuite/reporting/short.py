"""Figures that change while somebody looks on: short, and of steady width."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len

from evalsuite.reporting.plain import one_line


def span(seconds: float) -> str:
    """Seconds as a person counts them: ``<1 s``, ``41 s``, ``2 min 5 s``, ``1 h 12 min``."""
    whole = round(seconds)
    if seconds < 1:
        return "<1 s"
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10:
        return f"{minutes} min {rest} s"
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def compact(n: float) -> str:
    """A whole number in at most five characters up to a billion: ``312``, ``6.1k``, ``61k``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if n >= size * 0.9995:
            scaled = n / size
            return f"{scaled:.1f}{unit}" if scaled < 9.95 else f"{scaled:.0f}{unit}"
    return f"{n:.0f}"


def rate(per_second: float) -> str:
    """Answers a second: ``1,240``, ``41.2``, ``0.25``, ``0.004``."""
    if per_second >= 99.95:
        return f"{per_second:,.0f}"
    if per_second >= 9.995:
        return f"{per_second:.1f}"
    return f"{per_second:.2f}" if per_second >= 0.095 else f"{per_second:.3f}"


def kinds(errors: Mapping[str, int], cells: int | None = None) -> str:
    """Failures by kind, the most frequent first: ``rate_limited 3, timeout 1``.

    In at most ``cells`` characters where that is given, the rest is one number: ``rate_limited 3,
    other 1``, or ``4`` where there is room for no kind at all.
    """
    ordered = sorted(errors.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{one_line(kind, 60)} {n:,}" for kind, n in ordered]
    whole = ", ".join(parts)
    if cells is None or cell_len(whole) <= cells:
        return whole
    for kept in range(len(parts) - 1, 0, -1):
        rest = sum(n for _, n in ordered[kept:])
        text = ", ".join([*parts[:kept], f"other {rest:,}"])
        if cell_len(text) <= cells:
            return text
    return f"{sum(errors.values()):,}"
