"""How many queries were answered within what time, as a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evalsuite.errors import ExtraMissing
from evalsuite.latency_bench.records import Measurement

INK, MUTED, GRID = "#1b1f24", "#59636e", "#dfe3e8"
COLOURS = ("#1f5fbf", "#c2410c", "#15724a", "#7c3aed", "#b45309", "#0e7490")


def write_figure(measurements: Sequence[Measurement], path: Path) -> None:
    """Draw the share of all queries answered within t seconds of when they were due.

    A failed query is never answered, so a line with failures ends below 100 %. Raises ExtraMissing
    where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ExtraMissing("matplotlib", "figures", "Drawing a figure") from None
    figure = Figure(figsize=(8.0, 4.2), dpi=160)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.09, 0.14, 0.87, 0.78))
    for at, measured in enumerate(measurements):
        timings = measured.timings()
        seconds = np.sort(timings.end_to_end_seconds[timings.answered])
        share = np.arange(1, seconds.size + 1) / timings.answered.size
        options = measured.options
        load = options.scenario if options.rate is None else f"server {options.rate:.3g}/s"
        label = f"{measured.system}, {load}, n = {timings.answered.size}"
        colour = COLOURS[at % len(COLOURS)]
        axes.step(seconds, share, where="post", color=colour, linewidth=1.5, label=label)
    for q in (0.5, 0.95):
        axes.axhline(q, color=GRID, linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 0.95, 1.0])
    axes.set_yticklabels(["0", "25 %", "50 %", "75 %", "95 %", "100 %"])
    axes.set_xlabel("seconds from when a query was due", color=INK, fontsize=9)
    axes.set_title("Share of all queries that were answered", color=INK, fontsize=10, loc="left")
    axes.tick_params(colors=MUTED, labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    figure.savefig(path, format="png", facecolor="white", metadata={"Software": None})
