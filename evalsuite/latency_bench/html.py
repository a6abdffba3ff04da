"""A measurement as one HTML file: no network, no script, a policy that admits its style alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files

from evalsuite.analysis.latency import QUANTILES
from evalsuite.latency_bench import pages
from evalsuite.latency_bench.figure import draw_measurements
from evalsuite.latency_bench.records import Measurement, RateFound
from evalsuite.reporting.plain import visible
from evalsuite.reporting.scene import style_of, to_svg

TEMPLATES = "templates"
FIGURE = "curves"


def bench_html(measured: Sequence[Measurement], found: Mapping[str, RateFound]) -> str:
    """A page of all that was ``measured``, and of the rates that were ``found`` for each system.

    Each measurement has its table of percentiles with intervals, what it is over and what it cannot
    say; one drawing shows all of them.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("evalsuite.reporting", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    scene = draw_measurements(measured)
    style = "".join(map(_source, ("report.css", "bench_latency.css"))) + style_of(FIGURE)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    drawing = None if scene is None else to_svg(scene, identifier=FIGURE, styled=False)
    return environment.get_template("bench_latency.html.j2").render(
        measured=measured,
        found=found,
        quantiles=[f"p{100 * q:g}" for q in QUANTILES],
        load_words=pages.load_words,
        rows=pages.time_rows,
        lines=pages.lines,
        rate_words=pages.rate_words,
        drawing=None if drawing is None else Markup(drawing),
        style=style,
        style_hash=f"sha256-{digest}",
    )


def _source(name: str) -> str:
    source = files("evalsuite.reporting").joinpath(TEMPLATES, name)
    return source.read_text(encoding="utf-8")
