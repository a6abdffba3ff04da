"""Layout of the latency figure: one row a system, a strip of answers under a quartile box.

However many answers there are, ``MOST_DOTS`` of a system are drawn: those at evenly spaced ranks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.measure import numbers
from evalsuite.analysis.numbers import count, duration
from evalsuite.analysis.summary import Summary
from evalsuite.records import SystemEntry
from evalsuite.reporting.axes import Axis, Tick, log_values
from evalsuite.reporting.plain import one_line
from evalsuite.store import Run

ROW = 44
LONGEST = 26
"""Characters of a name beside its strip; the rest of a longer one is in the table."""
MOST_DOTS = 160


@dataclass(frozen=True)
class Strip:
    """One system's answers: quantiles and dots in pixels; ``thinned`` if it has more than dots."""

    name: str
    kind: str
    y: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    dots: tuple[tuple[float, float], ...]
    thinned: bool
    title: str
    label: str


@dataclass(frozen=True)
class Strips:
    """Everything the template draws, in pixels of a ``width`` x ``height`` view box."""

    width: int
    height: int
    left: float
    right: float
    ticks: tuple[Tick, ...]
    rows: tuple[Strip, ...]


def lay_out(run: Run, summary: Summary, *, width: int) -> Strips | None:
    """Place the end-to-end seconds of every system that was timed; None where none was."""
    responses = run.read("responses", ["system", "seconds"])
    seconds, names = numbers(responses, "seconds"), responses["system"]
    timed: list[tuple[SystemEntry, Floats]] = []
    for item in summary.systems:
        mine = (names == item.entry.name).to_numpy(dtype=bool)
        known = np.sort(seconds[mine & (seconds > 0)])
        if known.size:
            timed.append((item.entry, known))
    if not timed:
        return None
    low = min(float(values[0]) for _, values in timed)
    high = max(float(values[-1]) for _, values in timed)
    axis = Axis(low / 1.3, high * 1.3, 14, width - 14, log=True)
    rows = tuple(_strip(entry, values, axis, row) for row, (entry, values) in enumerate(timed))
    return Strips(
        width=width,
        height=len(timed) * ROW + 34,
        left=axis.start,
        right=axis.end,
        ticks=axis.ticks(log_values(axis.low, axis.high, max(3, round(width / 110))), _tick),
        rows=rows,
    )


def _tick(seconds: float) -> str:
    """A round number of seconds in its unit; ticks carry one significant digit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * 0.999:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0e} s"


def _strip(entry: SystemEntry, values: Floats, axis: Axis, row: int) -> Strip:
    # the order statistics that the table has, so that the two never differ
    quantiles = [float(values[int(values.size * q)]) for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
    at = [round(axis.at(value), 1) for value in quantiles]
    middle = row * ROW + 27
    stride = max(1, math.ceil(values.size / MOST_DOTS))
    dots = tuple(
        # a fixed pattern of heights keeps equal values apart and the file the same every time
        (round(axis.at(float(value)), 1), middle + (index * 7 % 11) - 5)
        for index, value in enumerate(values[::stride])
    )
    return Strip(
        name=one_line(entry.name, LONGEST),
        kind=entry.kind,
        y=middle,
        p5=at[0],
        p25=at[1],
        p50=at[2],
        p75=at[3],
        p95=at[4],
        dots=dots,
        thinned=stride > 1,
        title=(
            f"{one_line(entry.name)}: median {duration(quantiles[2])}, "
            f"quartiles {duration(quantiles[1])} to "
            f"{duration(quantiles[3])}, 5th to 95th percentile {duration(quantiles[0])} to "
            f"{duration(quantiles[4])}, n {count(values.size)}"
        ),
        label=f"median {duration(quantiles[2])}, n {count(values.size)}",
    )
