"""The cost-quality plane as a PNG, for a README or a paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.analysis.summary import Summary
from evalsuite.errors import ExtraMissing, UserError
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.plane import LANE, Mark, Plane, lay_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 920, 470
DOTS_PER_PIXEL = 2
INK, MUTED, GRID, LANE_FILL, FRONT = "#1b1f24", "#59636e", "#dfe3e8", "#f5f6f8", "#15724a"
COLOURS = {"model": "#1f5fbf", "hybrid": "#c2410c"}


def write_plane(summary: Summary, path: Path) -> None:
    """Draw success rate against cost, with intervals and the efficient front, as a PNG.

    Raises:
        ExtraMissing: matplotlib is not installed.
        UserError: no system was scored in every task, so there is nothing to compare.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ExtraMissing("matplotlib", "figures", "Drawing a figure") from None
    plane = lay_out(summary, width=WIDTH, height=HEIGHT)
    if plane is None:
        raise UserError(
            f"{summary.manifest.name}: no system was scored in every task; nothing to draw"
        )
    # One inch is 100 of the layout's pixels, so a 12.5 px label is 9 pt.
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100 * DOTS_PER_PIXEL)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(HEIGHT, 0)
    axes.set_axis_off()
    _draw_frame(axes, plane)
    for mark in plane.marks:
        _draw_mark(axes, mark)
    # No date and no version in the file: the same run draws the same bytes.
    figure.savefig(path, format="png", facecolor="white", metadata={"Software": None})


def _draw_frame(axes: Axes, plane: Plane) -> None:
    frame = plane.frame
    lanes = [
        (plane.free_at, frame.left, "free"),
        (plane.unknown_at, frame.right - LANE, "unknown"),
    ]
    for at, left, words in lanes:
        if at is not None:
            axes.fill_between([left, left + LANE], frame.top, frame.bottom, color=LANE_FILL)
            _write(axes, at, frame.bottom + 14, words)
    for tick in plane.y_ticks:
        axes.plot([frame.left, frame.right], [tick.at] * 2, color=GRID, linewidth=0.8, zorder=1)
        _write(axes, frame.left - 7, tick.at, tick.label, align="right")
    for tick in plane.x_ticks:
        axes.plot([tick.at] * 2, [frame.top, frame.bottom], color=GRID, linewidth=0.8, zorder=1)
        _write(axes, tick.at, frame.bottom + 14, tick.label)
    axes.plot([frame.left, frame.right], [frame.bottom] * 2, color=MUTED, linewidth=0.8)
    middle = (frame.left + frame.right) / 2
    title = "US dollars per 1,000 samples (log scale); up: share right, mean over tasks; 95 % CI"
    _write(axes, middle, frame.bottom + 34, title)
    if len(plane.front) > 1:
        xs, ys = zip(*plane.front, strict=True)
        axes.plot(xs, ys, color=FRONT, linewidth=1.2, linestyle=(0, (5, 4)), zorder=2)


def _draw_mark(axes: Axes, mark: Mark) -> None:
    from matplotlib.patheffects import withStroke

    colour = COLOURS[mark.kind]
    whisker: dict[str, Any] = {"color": colour, "linewidth": 1.2, "alpha": 0.55, "zorder": 3}
    if mark.left is not None and mark.right is not None:
        axes.plot([mark.left, mark.right], [mark.y] * 2, **whisker)
    if mark.top is not None and mark.bottom is not None:
        axes.plot([mark.x] * 2, [mark.top, mark.bottom], **whisker)
    if mark.leader:
        ends = [mark.x, mark.label_x], [mark.y, mark.label_y - 4]
        axes.plot(*ends, color=MUTED, linewidth=0.6, zorder=2)
    shape = "D" if mark.kind == "hybrid" else "o"
    axes.plot(mark.x, mark.y, shape, color=colour, markersize=8, markeredgecolor="white", zorder=4)
    anchor = {"start": "left", "end": "right", "middle": "center"}[mark.anchor]
    name = axes.text(
        mark.label_x,
        mark.label_y,
        one_line(mark.name).replace("$", r"\$"),
        color=INK,
        fontsize=9,
        fontweight="bold",
        ha=anchor,
        va="baseline",
        zorder=5,
    )
    name.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _write(axes: Axes, x: float, y: float, text: str, align: str = "center") -> None:
    axes.text(
        x, y, text.replace("$", r"\$"), color=MUTED, fontsize=9, ha=align, va="center", zorder=2
    )
