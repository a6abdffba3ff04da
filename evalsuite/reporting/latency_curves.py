"""How many answers were there within what time: a curve for every system that was timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.measure import numbers
from evalsuite.analysis.numbers import count, duration
from evalsuite.analysis.summary import Summary
from evalsuite.reporting.axes import Axis, log_values
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.scene import (
    Colour,
    Label,
    Scene,
    Shape,
    Stroke,
    step_points,
    straight,
)
from evalsuite.store import Run

COLOURS: tuple[Colour, ...] = ("model", "hybrid", "c1", "c2", "c3", "c4")
DASHES: tuple[tuple[float, float] | None, ...] = (None, (7, 3), (2, 3))
MOST_STEPS = 400
WIDTH, PLOT, LEFT, TOP, ROW = 920.0, 560.0, 62.0, 40.0, 22.0
SHARES = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line: sorted ``seconds`` of those that were answered, of ``n`` that were asked.

    ``note`` says under what load, where that is not the same for all.
    """

    name: str
    seconds: Floats
    n: int
    note: str = ""

    @property
    def at(self) -> tuple[Floats, Floats]:
        """Times (k,) and the share (k,) of ``n`` answered by then, at most ``MOST_STEPS``."""
        size = len(self.seconds)
        ranks = np.unique(np.linspace(0, size - 1, min(size, MOST_STEPS)).round().astype(int))
        return self.seconds[ranks], (ranks + 1) / self.n

    def quantile(self, q: float) -> float | None:
        """The order statistic of ``q`` among the ``n``; None where so many were never answered."""
        rank = int(self.n * q)
        return float(self.seconds[rank]) if rank < len(self.seconds) else None


def draw_latency(run: Run, summary: Summary) -> Scene | None:
    """The seconds of every system of ``summary``, end to end; None where none was timed.

    A system's curve is over its answers whose latency is known, failed ones that took time too.
    """
    responses = run.read("responses", ["system", "seconds"])
    names = [item.entry.name for item in summary.systems]
    curves, untimed = [], []
    for name in names:
        seconds = numbers(responses[responses["system"] == name], "seconds")
        known = np.sort(seconds[~np.isnan(seconds)])
        if known.size:
            curves.append(Curve(name=name, seconds=known, n=known.size))
        else:
            untimed.append(one_line(name))
    note = f"Latency unknown: {', '.join(untimed)}." if untimed else ""
    title = "Share of answers that were there within a time, end to end"
    return curves_scene(curves, title=title, axis="time (log scale)", note=note)


def curves_scene(curves: Sequence[Curve], *, title: str, axis: str, note: str = "") -> Scene | None:
    """``curves`` over a log axis of seconds, with a key that names n, p50 and p95."""
    if not curves:
        return None
    positive = [curve.seconds[curve.seconds > 0] for curve in curves]
    lows = [float(values[0]) for values in positive if values.size]
    high = max(float(curve.seconds[-1]) for curve in curves)
    low = min(lows) if lows else 1e-3
    x = Axis(low / 1.3, max(high, low) * 1.3, LEFT, LEFT + PLOT, log=True)
    height = max(400.0, TOP + ROW * (2 * len(curves) + 1) + 30)
    bottom = height - 56
    y = Axis(0.0, 1.0, bottom, TOP)
    words = [_words(curve) for curve in curves]
    return Scene(
        width=WIDTH,
        height=height,
        title=title,
        description=" ".join([*(f"{text}." for text in words), note]).strip(),
        shapes=(
            *_frame(x, y, title, axis),
            *_lines(curves, x, y),
            *_key(curves),
            *([Label(x=LEFT, y=height - 8, text=note, anchor="start", size=11)] if note else []),
        ),
    )


def _words(curve: Curve) -> str:
    return f"{one_line(curve.name, 60)}: {_figures(curve)}"


def _figures(curve: Curve) -> str:
    quantiles = [
        f"p{100 * q:g} {'never' if (at := curve.quantile(q)) is None else duration(at)}"
        for q in (0.5, 0.95)
    ]
    note = [one_line(curve.note)] if curve.note else []
    return ", ".join([*note, *quantiles, f"n {count(curve.n)}"])


def _frame(x: Axis, y: Axis, title: str, axis: str) -> Iterator[Shape]:
    yield Label(x=LEFT, y=20, text=title, colour="ink", anchor="start", bold=True)
    for share in SHARES:
        at = y.at(share)
        yield straight(x.start, at, x.end, at, "grid")
        yield Label(x=x.start - 8, y=at + 4, text=f"{100 * share:.0f} %", anchor="end")
    for tick in x.ticks(log_values(x.low, x.high, 6), duration):
        yield straight(tick.at, y.start, tick.at, y.end, "grid")
        yield Label(x=tick.at, y=y.start + 18, text=tick.label)
    yield straight(x.start, y.start, x.end, y.start, "muted")
    yield Label(x=(x.start + x.end) / 2, y=y.start + 38, text=axis)


def _looks(index: int) -> tuple[Colour, tuple[float, float] | None]:
    return COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]


def _lines(curves: Sequence[Curve], x: Axis, y: Axis) -> Iterator[Shape]:
    for index, curve in enumerate(curves):
        seconds, shares = curve.at
        colour, dash = _looks(index)
        corners = step_points(
            [x.at(float(seconds[0])), *(x.at(float(value)) for value in seconds)],
            [y.start, *(y.at(float(share)) for share in shares)],
        )
        points = (*corners, (x.end, y.at(float(shares[-1]))))
        yield Stroke(points=points, colour=colour, width=1.8, dash=dash, title=_words(curve))


def _key(curves: Sequence[Curve]) -> Iterator[Shape]:
    left = LEFT + PLOT + 20
    for index, curve in enumerate(curves):
        colour, dash = _looks(index)
        at = TOP + 14 + 2 * ROW * index
        ends = ((left, at - 4), (left + 26, at - 4))
        yield Stroke(points=ends, colour=colour, width=2.4, dash=dash)
        name = one_line(curve.name, 34)
        yield Label(x=left + 34, y=at, text=name, colour="ink", anchor="start")
        yield Label(x=left + 34, y=at + 16, text=_figures(curve), anchor="start", size=11)
