"""Two runs compared, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from evalsuite.analysis.flips import Flip
from evalsuite.analysis.run_pairs import RunPair, SystemPair
from evalsuite.reporting import compare_words as words
from evalsuite.reporting.gate_json import json_value
from evalsuite.reporting.gate_words import ARROW, OUTCOMES
from evalsuite.reporting.markdown_text import escape

SHOWN = 400
"""So many characters of a text are shown."""


def comparison_markdown(compared: RunPair, *, flips: int) -> str:
    """``compared`` as GitHub-flavoured Markdown, at most ``flips`` losses and gains a system."""
    slices = words.slice_rows(compared)
    parts = [
        f"# {escape(compared.a)} {ARROW} {escape(compared.b)}",
        "## What differs",
        _bullets(compared.differences or ("nothing: the same run",)),
        "## Systems",
        _bullets(map(words.pair_sentence, compared.systems)),
        _table(words.SYSTEM_COLUMNS, map(words.system_cells, compared.systems)),
    ]
    if slices:
        parts += ["## Slices", _table(words.SLICE_COLUMNS, slices)]
    for pair in compared.systems:
        chosen = words.chosen_flips(pair.flips, flips)
        if chosen:
            parts += [_flips_title(pair), f"{OUTCOMES.capitalize()}.", *map(_flip, chosen)]
    return "\n\n".join(parts) + "\n"


def comparison_json(compared: RunPair) -> str:
    """``compared`` as JSON: everything; unknown is null."""
    return (
        json.dumps({"evalsuite_compare": 1, **json_value(compared)}, indent=1, ensure_ascii=False)
        + "\n"
    )


def _flips_title(pair: SystemPair) -> str:
    return (
        f"## Flips of {escape(words.pair_name(pair))}: "
        f"{pair.n_lost:,} lost, {pair.n_gained:,} gained"
    )


def _flip(flip: Flip) -> str:
    sides = _table(("A", "B"), [(flip.answer_before or "(none)", flip.answer_now or "(none)")])
    return (
        f"**{escape(words.flip_title(flip))}**\n\n"
        f"asked: {_cut(flip.prompt)}\n\nexpected: {_cut(flip.target)}\n\n{sides}"
    )


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape(line)}" for line in lines)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    lines += ["| " + " | ".join(_cut(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cut(text: str) -> str:
    return escape(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")
