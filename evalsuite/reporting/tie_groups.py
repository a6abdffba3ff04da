"""Which systems cannot be told apart, in words, for the terminal, Markdown and HTML."""

from __future__ import annotations

from evalsuite.analysis.numbers import count
from evalsuite.analysis.tie_groups import TieGroups


def tie_sentences(ties: TieGroups | None) -> list[str]:
    """Who is tied with whom: a sentence a group of two or more, and how it was found."""
    if ties is None:
        return []
    said = []
    for group in ties.groups:
        if len(group) > 1:
            said.append(f"Not told apart: {', '.join(group)}.")
    if not said:
        said.append("Every system is told apart from every other.")
    pairs = f"{count(ties.n_pairs)} pair{'s' * (ties.n_pairs != 1)}"
    said.append(
        f"Corrected (Holm) for {pairs}; all ranges of ranks hold at once with 95 %."
        + (f" Left out, beyond the first: {', '.join(ties.left_out)}." if ties.left_out else "")
    )
    return said
