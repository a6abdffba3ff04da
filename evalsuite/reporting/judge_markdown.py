"""Judges as Markdown, for a pull request or a paper's notes."""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite.analysis.judges.attacks import Attacked
from evalsuite.analysis.judges.audit import Audit, JudgeAudit
from evalsuite.analysis.judges.board import Board
from evalsuite.analysis.numbers import count, percent
from evalsuite.reporting import judge_words as words
from evalsuite.reporting.judge_attacks import (
    ATTACK_TITLES,
    attack_cells,
    attack_notes,
    by_effect,
)
from evalsuite.reporting.markdown_text import escape


def audit_markdown(audit: Audit, title: str = "Judges on trial") -> str:
    """Leaderboards and every judge's figures as GitHub-flavoured Markdown; names are escaped."""
    parts = [f"# {escape(title)}"]
    for board in audit.boards:
        if len(board.places) > 1:
            parts += _board(board, audit.boards)
    for item in audit.judges:
        parts += _judge(item)
    if words.unused(audit):
        parts.append(words.unused(audit))
    return "\n\n".join(parts) + "\n"


def _board(board: Board, boards: Sequence[Board]) -> list[str]:
    rows = []
    for place in board.places:
        cells = [
            f"{cell.main} ({cell.small})" if cell.small else cell.main
            for cell in words.board_cells(board, place)
        ]
        rows.append([escape(place.judge), *cells])
    titles = [escape(name) for name in words.board_titles(board)]
    name = words.board_name(board, boards)
    heading = f"## Leaderboard: {escape(name)}" if name else "## Leaderboard"
    lines = [f"- {line}" for line in (*words.panel_lines(board), *words.mind(board))]
    return [
        heading,
        escape(words.board_headline(board)),
        _table(["judge", *titles], rows),
        "\n".join(lines),
        words.explained(board),
    ]


def _judge(item: JudgeAudit) -> list[str]:
    rows = []
    for title, figures in words.shown(item).items():
        for figure in figures:
            value, between, n, without, note = words.figure_cells(figure)
            rows.append([title, figure.title, value, between, n, without, escape(note)])
    parts = [
        f"## {escape(item.name)}",
        escape(words.headline(item)),
        _table(["", "figure", *words.FIGURE_TITLES[:-1], "note"], rows),
    ]
    if item.attacked is not None:
        parts += _attacks(item.attacked)
    if item.domains:
        domains = [
            [
                escape(entry.domain),
                percent(entry.accuracy.value) if entry.accuracy else "–",
                words.bounds(entry.accuracy, "share"),
                count(entry.accuracy.n) if entry.accuracy else "0",
                count(entry.n_failed),
            ]
            for entry in item.domains
        ]
        parts.append(_table(["domain", "agrees", "interval", "n", "no verdict"], domains))
    if item.doubts:
        parts.append("\n".join(f"- {escape(line)}" for line in item.doubts))
    return parts


def _attacks(item: Attacked) -> list[str]:
    """Every attack, the worst first."""
    rows = [
        [result.id, *map(escape, attack_cells(item, result)), escape(result.says)]
        for result in by_effect(item)
    ]
    lines = [f"- {escape(line)}" for line in attack_notes(item)]
    return [_table(["attack", *ATTACK_TITLES, "what it tries"], rows), "\n".join(lines)]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---", *["---:" for _ in titles[1:]]], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
