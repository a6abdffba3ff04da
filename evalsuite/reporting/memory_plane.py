"""Layout of the memory-quality plane: is a better system worth the memory that it takes?

Drawn as the cost-quality plane is (``evalsuite.reporting.plane``), with bytes for dollars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalsuite.analysis.footprint import Candidate, SystemFootprint, on_front
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.numbers import interval, percent
from evalsuite.analysis.summary import Summary, SystemFigures
from evalsuite.reporting import plane
from evalsuite.reporting.axes import Axis, log_values, share_values
from evalsuite.reporting.energy import bytes_words, parameters_words
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.plane import LANE, LONGEST, Box, Mark, Plane


def lay_out_memory(summary: Summary, *, width: int, height: int) -> Plane | None:
    """Place the comparable systems of ``summary``; None where fewer than two have known memory.

    x is bytes of memory on a log axis, y the macro success rate. Those whose models are not all
    here, or of unknown memory, have a lane of their own.
    """
    footprints = {item.system: item for item in summary.footprints}
    systems = [
        item
        for item in summary.systems
        if item.comparable and item.figures.macro_success_rate and item.entry.name in footprints
    ]
    known = {name: size for name, size in _memory(systems, footprints).items() if size}
    if len(known) < 2:
        return None
    has_lane = len(known) < len(systems)
    frame = Box(50, 14, width - 14, height - 46)
    low, high = min(known.values()) / 1.6, max(known.values()) * 1.6
    x = Axis(low, high, frame.left, frame.right - (LANE if has_lane else 0), log=True)
    y = plane.rate_axis(systems, frame)
    front = _front_names(systems, footprints, known)
    lane = frame.right - LANE / 2
    bare = [
        _mark(item, footprints[item.entry.name], x, y, lane, front=item.entry.name in front)
        for item in systems
    ]
    marks, key = plane.labelled(bare, frame)
    return Plane(
        width=width,
        height=height,
        frame=frame,
        x_ticks=x.ticks(log_values(x.low, x.high, max(3, round(width / 110))), bytes_words),
        y_ticks=y.ticks(share_values(y.low, y.high), lambda value: f"{100 * value:.0f} %"),
        free_at=None,
        unknown_at=lane if has_lane else None,
        front=plane.front_line(bare, x.end),
        marks=marks,
        key=key,
        description=" ".join(f"{mark.title}." for mark in bare),
    )


def _memory(
    systems: Sequence[SystemFigures], footprints: Mapping[str, SystemFootprint]
) -> dict[str, int]:
    """Bytes of memory of those that are here as a whole."""
    found = {}
    for item in systems:
        footprint = footprints[item.entry.name]
        if footprint.whole and footprint.memory_bytes:
            found[item.entry.name] = footprint.memory_bytes
    return found


def _front_names(
    systems: Sequence[SystemFigures],
    footprints: Mapping[str, SystemFootprint],
    known: Mapping[str, int],
) -> set[str]:
    candidates = [
        Candidate(footprint=footprints[item.entry.name], rate=rate, joules=None)
        for item in systems
        if item.entry.name in known and (rate := item.figures.macro_success_rate) is not None
    ]
    return {item.footprint.system for item in on_front(candidates)}


def _mark(
    item: SystemFigures, footprint: SystemFootprint, x: Axis, y: Axis, lane: float, *, front: bool
) -> Mark:
    rate = item.figures.macro_success_rate
    assert rate is not None
    name, memory = item.entry.name, footprint.memory_bytes
    if footprint.whole and memory:
        at_x = x.at(memory)
        words = f"{bytes_words(memory)} of memory"
        if footprint.parameters is not None:
            words += f", {parameters_words(footprint.parameters)} parameters"
    else:
        at_x, words = lane, "memory not known here"
    top, bottom = _whiskers(rate, y)
    return Mark(
        name=name,
        label=one_line(name, LONGEST),
        kind=item.entry.kind,
        front=front,
        x=round(at_x, 1),
        y=round(y.at(rate.value), 1),
        left=None,
        right=None,
        top=top,
        bottom=bottom,
        label_x=0.0,
        label_y=0.0,
        anchor="start",
        leader=False,
        title=f"{one_line(name)}: {percent(rate.value)} right ({interval(rate, percent)}), {words}",
    )


def _whiskers(rate: Estimate, y: Axis) -> tuple[float | None, float | None]:
    return (
        None if rate.high is None else y.at(rate.high),
        None if rate.low is None else y.at(rate.low),
    )
