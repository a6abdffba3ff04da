"""What a report can be written as: each format by the suffix of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from evalsuite.errors import UserError

if TYPE_CHECKING:
    from evalsuite.analysis.latency import ServiceLevel
    from evalsuite.analysis.summary import Summary
    from evalsuite.store import Run


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What a report may be told.

    ``title`` stands in place of the run's name. ``samples`` is the most that a page's explorer
    holds, None as many as keep the file small. ``figure`` is what ``.svg`` and ``.png`` draw.
    ``limits`` are what an answer must keep to, to count as goodput.
    """

    title: str | None = None
    samples: int | None = None
    figure: str = "plane"
    limits: ServiceLevel | None = None


def write_reports(
    run: Run, paths: Sequence[Path], options: ReportOptions, summary: Summary | None = None
) -> None:
    """Write one report of ``run`` to each of ``paths``; it is analysed once.

    ``summary`` is what analysis made of ``run``, where that is known already and no other title is
    wanted.

    Raises:
        UserError: a path has another suffix than those of ``FORMATS``; nothing is written then.
        ExtraMissing: a PNG is asked for and matplotlib is not installed.
    """
    from evalsuite.analysis.summary import summarise

    writers = [writer_of(path) for path in paths]
    if options.title is not None:
        run = replace(run, manifest=msgspec.structs.replace(run.manifest, name=options.title))
    summary = summary or summarise(run, limits=options.limits)
    for path, write in zip(paths, writers, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        write(run, summary, path, options)


def writer_of(path: Path) -> Writer:
    """What writes a report to ``path``; UserError names the suffixes there are."""
    writer = FORMATS.get(path.suffix.lower())
    if writer is None:
        *names, last = FORMATS
        raise UserError(f"{path}: a report ends in {', '.join(names)} or {last}")
    return writer


def _html(run: Run, summary: Summary, path: Path, options: ReportOptions) -> None:
    from evalsuite.reporting.html import write_html
    from evalsuite.reporting.sections import sections_holding

    write_html(run, summary, path, sections_holding(options.samples))


def _markdown(run: Run, summary: Summary, path: Path, options: ReportOptions) -> None:
    from evalsuite.reporting.markdown import to_markdown

    path.write_text(to_markdown(summary), encoding="utf-8")


def _csv(run: Run, summary: Summary, path: Path, options: ReportOptions) -> None:
    from evalsuite.reporting.csv_table import to_csv

    path.write_text(to_csv(summary), encoding="utf-8", newline="")


def _json(run: Run, summary: Summary, path: Path, options: ReportOptions) -> None:
    from evalsuite.reporting.json_report import to_json

    path.write_text(to_json(summary), encoding="utf-8")


def _parquet(run: Run, summary: Summary, path: Path, options: ReportOptions) -> None:
    from evalsuite.reporting.parquet_table import write_parquet

    write_parquet(summary, path)


def _figure(run: Run, summary: Summary, path: Path, options: ReportOptions) -> None:
    from evalsuite.reporting.figures import write_figure

    write_figure(run, summary, path, figure=options.figure)


Writer = Callable[["Run", "Summary", Path, ReportOptions], None]
FORMATS: Mapping[str, Writer] = {
    ".html": _html,
    ".md": _markdown,
    ".csv": _csv,
    ".json": _json,
    ".parquet": _parquet,
    ".svg": _figure,
    ".png": _figure,
}
"""Suffix of a report's file -> what writes it."""
