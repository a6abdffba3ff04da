"""The parts of the Markdown report by system: money, time, energy, failures, slices, repeats."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalsuite.analysis.summary import Summary
from evalsuite.reporting import (
    energy,
    failures,
    markdown_text,
    pass_at_k,
    scorecard,
    slices,
    spend,
    tie_groups,
    times,
)
from evalsuite.reporting.columns import Cell


def after_systems(summary: Summary) -> list[tuple[str, str]]:
    """(title, body) of what follows the table of systems; a body is "" where there is nothing."""
    return [
        ("Ties", markdown_text.bullets(tie_groups.tie_sentences(summary.ties))),
        (
            scorecard.HEADING,
            scorecard.to_markdown(summary.scorecards).rstrip() if summary.scorecards else "",
        ),
    ]


def after_comparisons(summary: Summary) -> list[tuple[str, str]]:
    """(title, body) of what follows the comparisons; a body is "" where there is nothing."""
    found = slices.slice_sentences(summary.slices)
    return [
        (slices.HEADING, _lines(slices.help_words(summary.slices), found) if found else ""),
        (spend.HEADING, _spend(summary)),
        (times.HEADING, _times(summary)),
        (energy.HEADING, _energy(summary)),
        (pass_at_k.HEADING, _repeats(summary)),
        ("Failures", _failures(summary)),
    ]


def _spend(summary: Summary) -> str:
    rows = [
        (item.system, spend.cost_cells(item, system)) for item, system in spend.spend_rows(summary)
    ]
    sentences = [spend.spend_sentence(item) for item in summary.spend]
    return _part(spend.HELP, spend.COST_TITLES, rows, sentences)


def _times(summary: Summary) -> str:
    rows = [(item.system, times.time_cells(item)) for item in summary.latencies if item.times]
    return _part(times.HELP, times.TITLES, rows, times.part_notes(summary.latencies))


def _energy(summary: Summary) -> str:
    rows = energy.energy_rows(summary)
    return _part(energy.HELP, energy.TITLES, rows, energy.energy_sentences(summary))


def _repeats(summary: Summary) -> str:
    ks = pass_at_k.ks_of(summary.repeated)
    rows = [(item.system, pass_at_k.repeated_cells(item, ks)) for item in summary.repeated]
    return _part(pass_at_k.HELP, pass_at_k.titles(ks), rows, ())


def _failures(summary: Summary) -> str:
    failing = failures.failing(summary)
    rows = [(item.system, failures.system_cells(item)) for item in failing]
    sentences = [
        *(failures.failure_sentence(item) for item in failing),
        *failures.judge_errors(summary.judges),
    ]
    return _part(failures.HELP, failures.SYSTEM_TITLES, rows, sentences)


def _part(
    help_words: str,
    titles: Sequence[str],
    rows: Iterable[tuple[str, Sequence[Cell]]],
    sentences: Iterable[str],
) -> str:
    """A table of systems with what it means and what is to be said of it; "" without rows."""
    cells = [
        [markdown_text.escape(name), *map(markdown_text.cell_words, row)] for name, row in rows
    ]
    if not cells:
        return markdown_text.bullets(sentences)
    table = markdown_text.table(["system", *titles], cells)
    return "\n\n".join(
        part for part in (table, help_words, markdown_text.bullets(sentences)) if part
    )


def _lines(help_words: str, sentences: Iterable[str]) -> str:
    return f"{help_words}\n\n{markdown_text.bullets(sentences)}"
