"""The summary as Markdown, for a pull request, a README or a paper's notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from evalsuite.analysis.numbers import (
    MINUS,
    NOT_APPLICABLE,
    UNKNOWN,
    concurrency_words,
    count,
    duration,
    interval,
    money,
    points,
    times,
)
from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import decision, hybrid_sentence, verdict
from evalsuite.reporting import amortisation, judges, members
from evalsuite.reporting.columns import Cell, rate_cell, systems_columns
from evalsuite.reporting.members import member_cells, member_rows
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.prompts import HELP, TITLES, flip_sentences, sensitivity_cells

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def to_markdown(summary: Summary) -> str:
    """A whole report as GitHub-flavoured Markdown; names and messages are escaped."""
    words = verdict(summary)
    parts = [
        f"# {escape(summary.manifest.name)}",
        f"**{escape(words.headline)}**",
        *_section("Verdict", _bullets([*words.comparisons, *words.families])),
        *_section("Systems", _systems(summary)),
        *_section("Success by task", _tasks(summary)),
        *_section("Sensitivity to the prompt", _prompts(summary)),
        *_section("Judges", _judges(summary)),
        *_section("Comparisons", _comparisons(summary)),
        *_section(
            "Inside the hybrids",
            _bullets(hybrid_sentence(item) for item in summary.systems if item.hybrid),
        ),
        *_section("Against its members", _members(summary)),
        *_section("Failures", _failures(summary)),
        *_section("Preparation", _fits(summary)),
        *_section(amortisation.HEADING, _amortised(summary)),
        *_section("Figures over whole tasks", _corpus(summary)),
        *_section("Mind", _bullets(words.caveats)),
        *_section("How it was run", _conditions(summary)),
    ]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """``text`` on one line with everything Markdown or HTML could act on made literal."""
    return SPECIAL.sub(r"\\\1", one_line(text, 2000)).replace("&", "&amp;")


def _section(title: str, body: str) -> list[str]:
    return [f"## {title}", body] if body else []


def _systems(summary: Summary) -> str:
    columns = systems_columns()
    n_tasks = len(summary.manifest.tasks)
    rows = [
        [
            ("**" if item.on_pareto_front else "")
            + escape(item.entry.name)
            + ("**" if item.on_pareto_front else "")
            + ("" if item.comparable else f" ({len(item.tasks)} of {n_tasks} tasks only)"),
            escape(item.entry.pattern) + (", baseline" if item.baseline else ""),
            *(_cell(column.cell(item)) for column in columns),
        ]
        for item in summary.systems
    ]
    table = _table(["system", "kind", *(column.title for column in columns)], rows)
    notes = "; ".join(f"*{column.title}*: {column.help}" for column in columns)
    return (
        f"{table}\n\nBold: no comparable system is both cheaper and right more often. "
        f"Unknown is not zero. {notes}."
    )


def _tasks(summary: Summary) -> str:
    names = [item.entry.name for item in summary.systems]
    found = {(item.task, item.system): item.figures for item in summary.tasks}
    rows = []
    for task in summary.manifest.tasks:
        cells = [found.get((task.name, name)) for name in names]
        rows.append(
            [
                escape(task.name),
                escape(task.family),
                count(task.n_samples),
                *(
                    _cell(rate_cell(item.success_rate)) if item else NOT_APPLICABLE
                    for item in cells
                ),
            ]
        )
    return _table(["task", "family", "n", *map(escape, names)], rows)


def _prompts(summary: Summary) -> str:
    parts = [HELP] if summary.prompts else []
    for group in summary.prompts:
        rows = [
            [escape(item.system), *(_cell(cell) for cell in sensitivity_cells(item))]
            for item in group.systems
        ]
        ways = ", ".join(map(escape, group.prompts))
        parts.append(f"**{escape(group.task)}**, asked in {len(group.prompts)} ways: {ways}.")
        parts.append(_table(["system", *TITLES], rows))
        if group.flips:
            parts.append(
                f"Ranking flips between these prompts:\n\n{_bullets(flip_sentences(group.flips))}"
            )
    return "\n\n".join(parts)


def _judges(summary: Summary) -> str:
    if not summary.judges:
        return ""
    who = [
        [escape(judges.title_of(item)), escape(item.by), *map(_cell, judges.judge_cells(item))]
        for item in summary.judges
    ]
    said = [
        [escape(judges.title_of(item)), *map(_cell, judges.mark_cells(item, mark))]
        for item in summary.judges
        for mark in item.marks
    ]
    parts = [
        judges.HELP,
        _table(["judge", "by", *judges.JUDGE_TITLES], who),
        _table(["judge", *judges.MARK_TITLES], said) if said else "",
        _bullets(note for item in summary.judges for note in judges.judge_notes(item)),
    ]
    return "\n\n".join(part for part in parts if part)


def _comparisons(summary: Summary) -> str:
    rows = []
    for item in summary.comparisons:
        success, ratio = item.success, item.usd_ratio
        rows.append(
            [
                escape(item.a),
                escape(item.b),
                count(item.n_pairs),
                f"{points(success.difference.value)} ({interval(success.difference, points)})"
                if success
                else NOT_APPLICABLE,
                f"{item.adjusted_p:.3f}" if item.adjusted_p is not None else NOT_APPLICABLE,
                decision(item),
                f"{times(ratio.value)} ({interval(ratio, times)})" if ratio else UNKNOWN,
            ]
        )
    titles = [
        "A",
        "B",
        "pairs",
        f"A {MINUS} B, points (95 % CI)",
        "p (Holm)",
        "decision",
        "cost A / B",
    ]
    return _table(titles, rows) if rows else ""


def _members(summary: Summary) -> str:
    rows = [
        [escape(name), *(_cell(cell) for cell in member_cells(item))]
        for name, item in member_rows(summary)
    ]
    return f"{_table(['hybrid', *members.TITLES], rows)}\n\n{members.HELP}" if rows else ""


def _failures(summary: Summary) -> str:
    rows = [
        [escape(item.task), escape(item.system), escape(kind), count(n)]
        for item in summary.tasks
        for kind, n in item.figures.failures.items()
    ]
    return _table(["task", "system", "kind", "answers"], rows) if rows else ""


def _fits(summary: Summary) -> str:
    rows = [
        [
            escape(fit.system),
            escape(fit.task),
            f"{count(fit.n_samples)} of {escape(fit.split)}",
            duration(fit.seconds),
            money(fit.usd),
            escape(fit.note),
        ]
        for item in summary.systems
        for fit in item.fits
    ]
    titles = ["system", "task", "samples", "time", "cost", "what was chosen"]
    return _table(titles, rows) if rows else ""


def _amortised(summary: Summary) -> str:
    rows = [
        [escape(item.system), *map(_cell, amortisation.amortised_cells(item))]
        for item in summary.amortised
    ]
    if not rows:
        return ""
    words = _bullets(
        f"{item.system}. {amortisation.break_even_words(item)}" for item in summary.amortised
    )
    return f"{_table(['system', *amortisation.TITLES], rows)}\n\n{amortisation.HELP}\n\n{words}"


def _corpus(summary: Summary) -> str:
    rows = [
        [
            escape(item.task),
            escape(item.system),
            escape(figure.metric),
            "undefined" if figure.value is None else f"{figure.value:.3f}",
            count(figure.n),
        ]
        for item in summary.tasks
        for figure in item.corpus
    ]
    return _table(["task", "system", "metric", "value", "n"], rows) if rows else ""


def _conditions(summary: Summary) -> str:
    manifest = summary.manifest
    hardware = ", ".join(f"{key} {value}" for key, value in manifest.hardware.items())
    lines = [
        f"experiment fingerprint {manifest.fingerprint}, seed {manifest.seed}, "
        f"{manifest.repeats} repeat{'s' * (manifest.repeats != 1)}, "
        f"concurrency {concurrency_words(manifest.concurrency)}",
        f"sandbox {manifest.sandbox_features or manifest.sandbox}",
        f"evalsuite {manifest.evalsuite_version}, Python {manifest.python}",
        f"hardware: {hardware or 'unknown'}",
        *(
            f"{task.name} v{task.version}, {task.split}, data {task.data_hash}, "
            f"success: {task.success} ≥ {task.success_at:g}"
            for task in manifest.tasks
        ),
    ]
    return _bullets(lines)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _cell(cell: Cell) -> str:
    return escape(cell.main) + (f" ({escape(cell.small)})" if cell.small else "")


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)
