"""Ratings in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalsuite.judging.ratings import Ratings

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


def ratings_page(ratings: Ratings, title: str = "") -> Group:
    """The ratings with intervals and ranks, the effects, how it was done, and what to mind.

    ``ranks`` are those that the data cannot exclude.
    """
    from rich.console import Group
    from rich.text import Text

    parts = [_ratings_table(ratings, title)]
    if len(ratings.effects):
        parts.append(_effects_table(ratings))
    lines = [Text(_legend(ratings), style="dim")]
    lines += [Text(f"• {note}", style="yellow") for note in ratings.notes]
    return Group(*parts, *lines, Text(""))


def _ratings_table(ratings: Ratings, title: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    several = ratings.parts.max() > 0
    table = Table(box=None, header_style="bold", pad_edge=False, title=title or None)
    table.title_justify = "left"
    for name in (*(["part"] if several else []), "rank", "model", "rating"):
        table.add_column(name, justify="left" if name == "model" else "right", overflow="fold")
    for name in (f"{ratings.intervals.level:.0%} interval", "ranks", "battles"):
        table.add_column(name, justify="right")
    for row in ratings.table.to_dict("records"):
        low, high = f"{row['low']:,.0f}", f"{row['high']:,.0f}"
        span = f"{row['rank_low']}" + (
            f" – {row['rank_high']}" if row["rank_high"] > row["rank_low"] else ""
        )
        table.add_row(
            *([str(row["part"] + 1)] if several else []),
            str(row["rank"]),
            Text(str(row["model"]), style="cyan"),
            Text(f"{row['rating']:,.0f}", style="bold"),
            f"{low} – {high}",
            span,
            f"{row['battles']:,}",
        )
    return table


def _effects_table(ratings: Ratings) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("effect")
    table.add_column("log-odds per unit", justify="right")
    table.add_column(f"{ratings.intervals.level:.0%} interval", justify="right")
    for row in ratings.effects.to_dict("records"):
        table.add_row(
            row["effect"], f"{row['log_odds']:.3f}", f"{row['low']:.3f} – {row['high']:.3f}"
        )
    return table


def _legend(ratings: Ratings) -> str:
    units = (
        "battles taken as independent"
        if ratings.n_clusters is None
        else f"{ratings.n_clusters:,} clusters"
    )
    how = ratings.intervals
    errors = (
        "sandwich errors"
        if how.method == "sandwich"
        else f"{how.draws:,} bootstrap draws, seed {how.seed}"
    )
    return (
        f"{ratings.n_battles:,} battles, {units}; ties: {ratings.ties}; {errors}; "
        f"{ratings.scale.points:g} points are odds of {ratings.scale.base:g} to 1."
    )
