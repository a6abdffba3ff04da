"""One self-contained HTML file: no network, no inline handlers, model output only as text."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.analysis import numbers
from evalsuite.analysis.speculation import speculation_sentence
from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import headline
from evalsuite.reporting.cards import cards
from evalsuite.reporting.columns import rate_cell
from evalsuite.reporting.plain import visible
from evalsuite.reporting.prompts import tasks_words
from evalsuite.reporting.sections import SECTIONS, Section
from evalsuite.store import Run

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"
STYLES = ("report.css", "page.css", "explorer.css")
SCRIPTS = (
    "page.js",
    *("explorer_text.js", "explorer_data.js", "explorer_search.js", "explorer_filter.js"),
    *("explorer_diff.js", "explorer_calls.js", "explorer_sample.js", "explorer_controls.js"),
    *("explorer_list.js", "explorer.js"),
)
TIES = re.compile(r" (?=%)|(?<=%) (?=CI\b)|(?<=\bn) (?=\d)|(?<=\d) (?=points\b)")
BREAKS = re.compile(r"(?<=[/_-])(?=\w)")
LONGEST_NAME = 120
LONGEST_TEXT = 4_000
LONGEST_BLOCK = 200_000
"""Characters of a name, a text and a block of configuration that the page shows."""


@dataclass(frozen=True)
class Block:
    """An inline style or script, and the hash by which the page's own policy admits it alone."""

    source: str
    hash: str


@dataclass(frozen=True)
class Rendered:
    """A section as it stands on the page."""

    id: str
    title: str
    html: str


def write_html(
    run: Run, summary: Summary, path: Path, sections: Sequence[Section] = SECTIONS
) -> None:
    """Write the report of ``run``, of which ``summary`` was made, to ``path`` (UTF-8)."""
    path.write_text(to_html(run, summary, sections), encoding="utf-8")


def to_html(run: Run, summary: Summary, sections: Sequence[Section] = SECTIONS) -> str:
    """The report as one HTML document that opens in any browser, offline."""
    environment = _environment()
    return environment.get_template("report.html.j2").render(
        summary=summary,
        manifest=summary.manifest,
        headline=headline(summary),
        cards=cards(summary),
        tasks_words=tasks_words([task.name for task in summary.manifest.tasks]),
        sections=list(_rendered(environment, run, summary, sections)),
        styles=[_block(name) for name in STYLES],
        scripts=[_block(name) for name in SCRIPTS],
    )


def _rendered(
    environment: Environment, run: Run, summary: Summary, sections: Iterable[Section]
) -> Iterator[Rendered]:
    from markupsafe import Markup

    for section in sections:
        context = section.context(run, summary)
        if context is None:
            continue
        template = environment.get_template(f"sections/{section.id}.html.j2")
        html = template.render(summary=summary, manifest=summary.manifest, **context)
        yield Rendered(id=section.id, title=section.title, html=Markup(html))


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evalsuite.reporting", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        concurrency=numbers.concurrency_words,
        money=numbers.money,
        percent=numbers.percent,
        points=numbers.points,
        times=numbers.times,
        count=numbers.count,
        duration=numbers.duration,
        energy=numbers.energy,
        bounds=_bounds,
        rate=rate_cell,
        drafting=speculation_sentence,
        visible=_shown,
        name=_name,
        plain_name=_plain_name,
        block=_shown_block,
        sort_value=_sort_value,
        p_value=_p_value,
        tied=_tied,
        moment=_moment,
        pretty=_pretty,
    )
    return environment


def _block(name: str) -> Block:
    source = files("evalsuite.reporting").joinpath(TEMPLATES, name).read_text(encoding="utf-8")
    digest = hashlib.sha256(source.encode()).digest()
    return Block(source=source, hash=f"sha256-{base64.b64encode(digest).decode()}")


def _shown(text: str) -> str:
    """``text`` with nothing that could act; of a very long one the beginning, and its length."""
    return cut(visible(text[: LONGEST_TEXT + 1]), LONGEST_TEXT, len(text))


def _shown_block(text: str) -> str:
    """The same for text that keeps its lines and is long by nature."""
    return cut(visible(text[: LONGEST_BLOCK + 1]), LONGEST_BLOCK, len(text))


def _plain_name(text: str) -> str:
    """A name on one line, of a very long one the beginning, and its length."""
    head = " ".join(visible(text[: LONGEST_NAME + 1]).split())
    return cut(head, LONGEST_NAME, len(text))


def _name(text: str) -> str:
    """The same as markup, for text of an element: a line may end after ``/``, ``_`` or ``-``."""
    from markupsafe import Markup, escape

    parts = BREAKS.split(_plain_name(text))
    return Markup("<wbr>").join(escape(part) for part in parts)


def cut(text: str, most: int, length: int) -> str:
    """``text``, or its first ``most`` characters and that ``length`` there were."""
    return text if length <= most else f"{text[:most]}… ({length:,} characters)"


def _sort_value(value: float | None) -> str:
    """The attribute that a table sorts by; "" where the figure is unknown."""
    from markupsafe import Markup

    if value is None or math.isnan(value):
        return ""
    number = "Infinity" if math.isinf(value) else f"{value:.9g}"
    return Markup(' data-value="{}"').format(number)


def _p_value(p: float | None) -> str:
    """A p value to three decimals, never a zero."""
    if p is None:
        return numbers.NOT_APPLICABLE
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _bounds(estimate: Any, unit: str) -> str:
    """The interval of ``estimate`` written as its ``unit`` is."""
    write = {
        "money": numbers.money,
        "percent": numbers.percent,
        "points": numbers.points,
        "times": numbers.times,
        "duration": numbers.duration,
    }[unit]
    return numbers.interval(estimate, write)


def _tied(text: str) -> str:
    """``text`` with its percent signs, "95 % CI" and "n 500" kept on one line each."""
    return TIES.sub("\N{NO-BREAK SPACE}", text)


def _moment(seconds: float | None) -> str:
    """A time stamp in UTC, to the minute."""
    if seconds is None:
        return numbers.UNKNOWN
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _pretty(value: object) -> str:
    """Configuration as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
