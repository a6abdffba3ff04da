"""A self-contained HTML page a judge, and a leaderboard: no network, no script, text as text."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from evalsuite.analysis import numbers
from evalsuite.analysis.judges.audit import Audit, JudgeAudit
from evalsuite.analysis.judges.figure import SECTIONS, Figure
from evalsuite.reporting import judge_words as words
from evalsuite.reporting.judge_attacks import (
    ATTACK_TITLES,
    attack_cells,
    attack_notes,
    by_effect,
)
from evalsuite.reporting.plain import visible

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = "templates"
INDEX = "index.html"
AXES = {"share": (0.0, 1.0), "coefficient": (-1.0, 1.0)}
WIDTH, MARGIN = 160.0, 5.0


@dataclass(frozen=True)
class Whisker:
    """A figure on its axis, in pixels; ``wanted`` is where a judge without fault would be."""

    value: float
    low: float | None
    high: float | None
    wanted: float | None
    label: str


def judge_page(item: JudgeAudit, *, index: str | None = None) -> str:
    """The page of one judge; ``index`` is a link to the leaderboard."""
    sections = {
        title: [(figure, words.figure_cells(figure), whisker(figure)) for figure in figures]
        for title, figures in words.shown(item).items()
    }
    return _rendered(
        "judge.html.j2",
        item=item,
        headline=words.headline(item),
        sections=sections,
        attacks=_attacks(item),
        index=index,
        width=WIDTH,
        bounds=words.bounds,
    )


def _attacks(item: JudgeAudit) -> dict[str, object] | None:
    """What the page's table of attacks shows; None where none was put to the judge."""
    found = item.attacked
    if found is None:
        return None
    return {
        "after": SECTIONS["attacks"],
        "titles": ATTACK_TITLES,
        "rows": [(result, attack_cells(found, result)) for result in by_effect(found)],
        "notes": attack_notes(found),
    }


def board_page(audit: Audit, links: Mapping[tuple[str, str], str]) -> str:
    """The leaderboards; ``links`` are (judge, criterion) -> page."""
    return _rendered("judges.html.j2", audit=audit, links=links, words=words)


def write_pages(audit: Audit, folder: Path) -> list[Path]:
    """Write ``index.html`` and a page a judge into ``folder``; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    links: dict[tuple[str, str], str] = {}
    for item in audit.judges:
        links[item.judge, item.criterion] = _file_name(item, set(links.values()))
    written = [folder / INDEX]
    written[0].write_text(board_page(audit, links), encoding="utf-8")
    for item in audit.judges:
        path = folder / links[item.judge, item.criterion]
        path.write_text(judge_page(item, index=INDEX), encoding="utf-8")
        written.append(path)
    return written


def whisker(figure: Figure) -> Whisker | None:
    """Where value and interval lie on the axis of the figure's unit; None where it has no axis."""
    estimate = figure.estimate
    if estimate is None or figure.unit not in AXES:
        return None
    low, high = AXES[figure.unit]

    def at(value: float | None) -> float | None:
        if value is None:
            return None
        inside = min(max(value, low), high)
        return round(MARGIN + (inside - low) / (high - low) * (WIDTH - 2 * MARGIN), 1)

    value = at(estimate.value)
    assert value is not None
    return Whisker(
        value=value,
        low=at(estimate.low),
        high=at(estimate.high),
        wanted=at(figure.wanted),
        label=f"{figure.title}: {words.written(estimate.value, figure.unit)}",
    )


def _file_name(item: JudgeAudit, taken: set[str]) -> str:
    """A file name made of the judge's; numbered where two judges would share it."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", item.name).strip("-.") or "judge"
    name, number = f"{stem}.html", 2
    while name.lower() in {other.lower() for other in taken} | {INDEX}:
        name, number = f"{stem}-{number}.html", number + 1
    return name


def _rendered(template: str, **values: object) -> str:
    style = _source("report.css") + _source("judge.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template(template)
        .render(**values, style=style, style_hash=f"sha256-{digest}")
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evalsuite.reporting", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(visible=_visible, count=numbers.count, percent=numbers.percent)
    return environment


def _visible(text: str) -> str:
    """``text`` made safe to show, with the percent sign kept on the line of its number."""
    return visible(text).replace(" %", "\N{NO-BREAK SPACE}%")


def _source(name: str) -> str:
    return files("evalsuite.reporting").joinpath(TEMPLATES, name).read_text(encoding="utf-8")
