"""The summary as Markdown, for a pull request, a README or a paper's notes."""

from __future__ import annotations

from collections.abc import Iterable

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
from evalsuite.reporting.columns import rate_cell, systems_columns
from evalsuite.reporting.heat import FEW, HeatCell, heat, leaders
from evalsuite.reporting.markdown_details import after_comparisons, after_systems
from evalsuite.reporting.markdown_text import bullets, cell_words, escape, table
from evalsuite.reporting.members import member_cells, member_rows
from evalsuite.reporting.prompts import HELP, TITLES, flip_sentences, sensitivity_cells


def to_markdown(summary: Summary) -> str:
    """A whole report as GitHub-flavoured Markdown; names and messages are escaped."""
    words = verdict(summary)
    parts = [
        f"# {escape(summary.manifest.name)}",
        f"**{escape(words.headline)}**",
        *_section("Verdict", bullets([*words.comparisons, *words.families])),
        *_section("Systems", _systems(summary)),
        *_sections(after_systems(summary)),
        *_section("Success by task", _tasks(summary)),
        *_section("Sensitivity to the prompt", _prompts(summary)),
        *_section("Judges", _judges(summary)),
        *_section("Comparisons", _comparisons(summary)),
        *_section(
            "Inside the hybrids",
            bullets(hybrid_sentence(item) for item in summary.systems if item.hybrid),
        ),
        *_section("Against its members", _members(summary)),
        *_sections(after_comparisons(summary)),
        *_section("Preparation", _fits(summary)),
        *_section(amortisation.HEADING, _amortised(summary)),
        *_section("Figures over whole tasks", _corpus(summary)),
        *_section("Mind", bullets(words.caveats)),
        *_section("How it was run", _conditions(summary)),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, body: str) -> list[str]:
    return [f"## {title}", body] if body else []


def _sections(parts: Iterable[tuple[str, str]]) -> list[str]:
    return [line for title, body in parts for line in _section(title, body)]


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
            *(cell_words(column.cell(item)) for column in columns),
        ]
        for item in summary.systems
    ]
    shown = table(["system", "kind", *(column.title for column in columns)], rows)
    notes = "; ".join(f"*{column.title}*: {column.help}" for column in columns)
    return (
        f"{shown}\n\nBold: no comparable system is both cheaper and right more often. "
        f"Unknown is not zero. {notes}."
    )


def _tasks(summary: Summary) -> str:
    """Every task; of many, the families with their leaders first, and every task folded."""
    everything = _every_task(summary)
    if len(summary.manifest.tasks) <= FEW:
        return everything
    rows = [
        [
            escape(item.family),
            count(item.n_tasks),
            escape(item.system) if item.system else "nobody in all tasks",
            cell_words(rate_cell(item.rate)) if item.rate else NOT_APPLICABLE,
            count(item.rate.n) if item.rate else NOT_APPLICABLE,
            count(item.n_tied) if item.system else NOT_APPLICABLE,
        ]
        for item in leaders(summary)
    ]
    families = table(["family", "tasks", "right most often", "right", "n", "as good"], rows)
    return (
        f"{families}\n\n*as good*: systems that cannot be told apart from it.\n\n"
        f"<details><summary>Every task</summary>\n\n{everything}\n\n</details>"
    )


def _every_task(summary: Summary) -> str:
    names = [item.entry.name for item in summary.systems]
    rows = [
        [
            escape(row.task.name),
            escape(row.task.family),
            count(row.task.n_samples),
            *(_rate(item) for item in row.cells),
        ]
        for family in heat(summary)
        for row in family.rows
    ]
    return table(["task", "family", "n", *map(escape, names)], rows)


def _rate(item: HeatCell | None) -> str:
    if item is None:
        return NOT_APPLICABLE
    return cell_words(item.cell) + (f" {escape(item.note)}" if item.note else "")


def _prompts(summary: Summary) -> str:
    parts = [HELP] if summary.prompts else []
    for group in summary.prompts:
        rows = [
            [escape(item.system), *(cell_words(cell) for cell in sensitivity_cells(item))]
            for item in group.systems
        ]
        ways = ", ".join(map(escape, group.prompts))
        parts.append(f"**{escape(group.task)}**, asked in {len(group.prompts)} ways: {ways}.")
        parts.append(table(["system", *TITLES], rows))
        if group.flips:
            parts.append(
                f"Ranking flips between these prompts:\n\n{bullets(flip_sentences(group.flips))}"
            )
    return "\n\n".join(parts)


def _judges(summary: Summary) -> str:
    if not summary.judges:
        return ""
    who = [
        [escape(judges.title_of(item)), escape(item.by), *map(cell_words, judges.judge_cells(item))]
        for item in summary.judges
    ]
    said = [
        [escape(judges.title_of(item)), *map(cell_words, judges.mark_cells(item, mark))]
        for item in summary.judges
        for mark in item.marks
    ]
    parts = [
        judges.HELP,
        table(["judge", "by", *judges.JUDGE_TITLES], who),
        table(["judge", *judges.MARK_TITLES], said) if said else "",
        bullets(note for item in summary.judges for note in judges.judge_notes(item)),
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
    return table(titles, rows) if rows else ""


def _members(summary: Summary) -> str:
    rows = [
        [escape(name), *(cell_words(cell) for cell in member_cells(item))]
        for name, item in member_rows(summary)
    ]
    return f"{table(['hybrid', *members.TITLES], rows)}\n\n{members.HELP}" if rows else ""


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
    return table(titles, rows) if rows else ""


def _amortised(summary: Summary) -> str:
    rows = [
        [escape(item.system), *map(cell_words, amortisation.amortised_cells(item))]
        for item in summary.amortised
    ]
    if not rows:
        return ""
    words = bullets(
        f"{item.system}. {amortisation.break_even_words(item)}" for item in summary.amortised
    )
    return f"{table(['system', *amortisation.TITLES], rows)}\n\n{amortisation.HELP}\n\n{words}"


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
    return table(["task", "system", "metric", "value", "n"], rows) if rows else ""


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
    return bullets(lines)
