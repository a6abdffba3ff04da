"""A drawing as plain shapes, written as SVG or as PNG (by matplotlib): the same bytes each time.

A layout decides where everything goes, in pixels; here is how it looks. Colours are by role
(``ink``, ``muted``, ``grid`` ...), so that an SVG follows its reader's light or dark setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evalsuite.errors import ExtraMissing, UserError
from evalsuite.reporting.plain import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Colour = Literal["ink", "muted", "grid", "lane", "front", "model", "hybrid", "c1", "c2", "c3", "c4"]
Anchor = Literal["start", "middle", "end"]

DOTS_PER_PIXEL = 2
LIGHT: dict[str, str] = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#59636e",
    "grid": "#dfe3e8",
    "lane": "#f5f6f8",
    "front": "#15724a",
    "model": "#1f5fbf",
    "hybrid": "#c2410c",
    "c1": "#15724a",
    "c2": "#7c3aed",
    "c3": "#8a6100",
    "c4": "#0e7490",
}
DARK: dict[str, str] = {
    "paper": "#14171b",
    "ink": "#e7eaee",
    "muted": "#9ba6b2",
    "grid": "#2b3138",
    "lane": "#1b1f24",
    "front": "#5fd3a0",
    "model": "#82b1ff",
    "hybrid": "#ff9a62",
    "c1": "#5fd3a0",
    "c2": "#c4a7ff",
    "c3": "#e3b341",
    "c4": "#5cc8dd",
}
FONT = 'system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif'


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """A line through ``points``; ``dash`` is on and off, in pixels."""

    points: tuple[tuple[float, float], ...]
    colour: Colour
    width: float = 1.0
    opacity: float = 1.0
    dash: tuple[float, float] | None = None
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A filled rectangle."""

    left: float
    top: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A circle, or a ``diamond``, of ``size`` pixels."""

    x: float
    y: float
    colour: Colour
    diamond: bool = False
    size: float = 12.0
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Label:
    """Text whose baseline is at ``y``."""

    x: float
    y: float
    text: str
    colour: Colour = "muted"
    anchor: Anchor = "middle"
    bold: bool = False
    size: float = 12.5


Shape = Stroke | Block | Dot | Label


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Shapes in a ``width`` x ``height`` view box, the first at the back, and what they show."""

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]


def write_scene(scene: Scene, path: Path) -> None:
    """Write ``scene`` to ``path``, by its suffix.

    Raises:
        UserError: neither ``.svg`` nor ``.png``.
        ExtraMissing: a PNG is asked for and matplotlib is not installed.
    """
    if path.suffix == ".svg":
        path.write_text(to_svg(scene), encoding="utf-8")
    elif path.suffix == ".png":
        _write_png(scene, path)
    else:
        raise UserError(f"{path}: a figure ends in .svg or .png")


def to_svg(scene: Scene, *, identifier: str = "figure", styled: bool = True) -> str:
    """``scene`` as an SVG document, with a title and a description for those who cannot see it.

    ``identifier`` must be unique among the figures of one page. A page whose policy admits no
    inline style takes it without ``styled``, and has ``style_of(identifier)`` in its own style.
    """
    name = escape(identifier)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" width="{scene.width:g}" '
        f'height="{scene.height:g}" viewBox="0 0 {scene.width:g} {scene.height:g}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{_text(scene.title)}</title>',
        f'<desc id="{name}-desc">{_text(scene.description)}</desc>',
        *([f"<style>{style_of(name)}</style>"] if styled else []),
        '<rect class="paper" width="100%" height="100%"/>',
        *(_svg(shape) for shape in scene.shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def style_of(name: str) -> str:
    """The style of the SVG whose ``identifier`` is ``name``."""

    def variables(colours: dict[str, str]) -> str:
        return " ".join(f"--{key}: {value};" for key, value in colours.items())

    rules: list[str] = []
    for key in LIGHT:
        rules.append(f".{name} .f-{key} {{ fill: var(--{key}); }}")
        rules.append(f".{name} .s-{key} {{ stroke: var(--{key}); fill: none; }}")
    return (
        f"\n.{name} {{ color-scheme: light dark; {variables(LIGHT)} font: 12.5px {FONT}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ .{name} {{ {variables(DARK)} }} }}\n"
        f".{name} .paper {{ fill: var(--paper); }} .{name} .bold {{ font-weight: 600; "
        "paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }\n"
        + "\n".join(rules)
        + "\n"
    )


def _svg(shape: Shape) -> str:
    if isinstance(shape, Stroke):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        dash = (
            "" if shape.dash is None else f' stroke-dasharray="{shape.dash[0]:g} {shape.dash[1]:g}"'
        )
        faint = "" if shape.opacity == 1 else f' opacity="{shape.opacity:g}"'
        head = f'<polyline class="s-{shape.colour}" points="{points}" '
        return _titled(
            f'{head}stroke-width="{shape.width:g}"{dash}{faint}', "polyline", shape.title
        )
    if isinstance(shape, Block):
        return (
            f'<rect class="f-{shape.colour}" x="{shape.left:.1f}" y="{shape.top:.1f}" '
            f'width="{shape.width:.1f}" height="{shape.height:.1f}"/>'
        )
    if isinstance(shape, Dot):
        half = shape.size / 2
        if shape.diamond:
            path = f"M{shape.x:.1f} {shape.y - half * 1.25:.1f}" + "".join(
                f"l{x * half * 1.25:g} {y * half * 1.25:g}" for x, y in ((1, 1), (-1, 1), (-1, -1))
            )
            return _titled(f'<path class="f-{shape.colour}" d="{path}z"', "path", shape.title)
        head = (
            f'<circle class="f-{shape.colour}" cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{half:g}"'
        )
        return _titled(head, "circle", shape.title)
    bold = " bold" if shape.bold else ""
    size = "" if shape.size == 12.5 else f' font-size="{shape.size:g}"'
    return (
        f'<text class="f-{shape.colour}{bold}" x="{shape.x:.1f}" y="{shape.y:.1f}" '
        f'text-anchor="{shape.anchor}"{size}>{_text(shape.text)}</text>'
    )


def _titled(head: str, element: str, title: str) -> str:
    return f"{head}><title>{_text(title)}</title></{element}>" if title else f"{head}/>"


def _text(text: str) -> str:
    """``text`` on one line, with nothing in it that is markup or moves anything."""
    return escape(one_line(text, 4000))


def _write_png(scene: Scene, path: Path) -> None:
    axes = png_axes(scene.width, scene.height)
    for depth, shape in enumerate(scene.shapes, start=2):
        _draw(axes, shape, depth)
    save_png(axes, path)


def png_axes(width: float, height: float) -> Axes:
    """Empty axes of so many pixels, the origin at the top left; ExtraMissing where nothing draws.

    One inch is 100 pixels, so type of 12.5 px is 9 pt.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ExtraMissing("matplotlib", "figures", "Drawing a PNG") from None
    figure = Figure(figsize=(width / 100, height / 100), dpi=100 * DOTS_PER_PIXEL)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    return axes


def save_png(axes: Axes, path: Path) -> None:
    """What was drawn on ``axes``, with no date and no version: the same drawing, the same bytes."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.savefig(path, format="png", facecolor="white", metadata={"Software": None})


def _draw(axes: Axes, shape: Shape, depth: int) -> None:
    colour = LIGHT[shape.colour]
    if isinstance(shape, Stroke):
        xs, ys = zip(*shape.points, strict=True)
        (line,) = axes.plot(xs, ys, color=colour, linewidth=shape.width * 0.72, zorder=depth)
        line.set_alpha(shape.opacity)
        if shape.dash is not None:
            line.set_dashes([part / shape.width for part in shape.dash])
    elif isinstance(shape, Block):
        right, bottom = shape.left + shape.width, shape.top + shape.height
        axes.fill_between([shape.left, right], shape.top, bottom, color=colour, zorder=depth)
    elif isinstance(shape, Dot):
        form, size = ("D", 0.82) if shape.diamond else ("o", 0.72)
        axes.plot(
            shape.x,
            shape.y,
            form,
            color=colour,
            markeredgecolor="white",
            markersize=shape.size * size,
            zorder=depth,
        )
    else:
        _write(axes, shape, depth)


def _write(axes: Axes, label: Label, depth: int) -> None:
    from matplotlib.patheffects import withStroke

    text = axes.text(
        label.x,
        label.y,
        one_line(label.text).replace("$", r"\$"),
        color=LIGHT[label.colour],
        fontsize=label.size * 0.72,
        fontweight="bold" if label.bold else "normal",
        ha={"start": "left", "middle": "center", "end": "right"}[label.anchor],
        va="baseline",
        zorder=depth,
    )
    if label.bold:
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])


def straight(
    x1: float, y1: float, x2: float, y2: float, colour: Colour, width: float = 1.0
) -> Stroke:
    """A straight line."""
    return Stroke(points=((x1, y1), (x2, y2)), colour=colour, width=width)


def step_points(xs: Sequence[float], ys: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The corners of a step function that is ``ys[i]`` from ``xs[i]`` on."""
    before = None
    for x, y in zip(xs, ys, strict=True):
        if before is not None:
            yield x, before
        yield x, y
        before = y
