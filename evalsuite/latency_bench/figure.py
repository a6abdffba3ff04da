"""How many queries were answered within what time, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evalsuite.latency_bench.records import Measurement
from evalsuite.reporting.latency_curves import Curve, curves_scene
from evalsuite.reporting.scene import Scene, write_scene


def draw_measurements(measurements: Sequence[Measurement]) -> Scene | None:
    """The share of all queries answered within t seconds of when they were due.

    A failed query is never answered, so a line with failures ends below 100 %. None where nothing
    was answered.
    """
    curves = []
    for measured in measurements:
        timings = measured.timings()
        seconds = np.sort(timings.end_to_end_seconds[timings.answered])
        if seconds.size:
            n, options = timings.answered.size, measured.options
            load = options.scenario if options.rate is None else f"{options.rate:.3g}/s"
            curves.append(Curve(name=measured.system, seconds=seconds, n=n, note=load))
    title = "Share of all queries that were answered"
    return curves_scene(curves, title=title, axis="time from when a query was due (log scale)")


def write_figure(measurements: Sequence[Measurement], path: Path) -> bool:
    """Write the picture to ``path``, ``.png`` or ``.svg``; False where there is nothing to draw.

    Raises:
        UserError: another suffix.
        ExtraMissing: a PNG is asked for and matplotlib is not installed.
    """
    scene = draw_measurements(measurements)
    if scene is not None:
        write_scene(scene, path)
    return scene is not None
