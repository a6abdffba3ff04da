"""``evalsuite rate-battles``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalsuite.cli.options import named, number


def rate_battles(
    file: Annotated[
        Path, typer.Argument(help="Battles: a, b, outcome (CSV, JSON Lines or Parquet).")
    ],
    ties: Annotated[str, typer.Option(help="half, davidson or rao_kupper.")] = "half",
    covariate: Annotated[
        list[str] | None, typer.Option(help="A column, a's value minus b's; repeatable.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="A column: rate each category by itself.")] = None,
    anchor: Annotated[
        list[str] | None, typer.Option(help="MODEL=RATING, instead of a mean of 1000.")
    ] = None,
    bootstrap: Annotated[
        int | None, typer.Option(help="Draws of a bootstrap, instead of sandwich intervals.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    out: Annotated[Path | None, typer.Option(help="A .csv to write the ratings to.")] = None,
    settle: Annotated[
        str | None, typer.Option(help="Say whether an order is settled: all, best or top:N.")
    ] = None,
    next_pairs: Annotated[
        int | None,
        typer.Option("--next", min=1, help="Pairs to have judged next to settle the order."),
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="Chance that any order is ever settled wrongly.")
    ] = 0.05,
    margin: Annotated[
        float | None, typer.Option(help="A tie is a mean score surely within this of one half.")
    ] = None,
) -> None:
    """Rate models by pairwise verdicts (Bradley-Terry), with intervals that know of clusters."""
    from rich.console import Console

    from evalsuite.cli.settling import top_of
    from evalsuite.judging.files import rate_file, stand_file, write_ratings
    from evalsuite.ratings import Intervals, Scale
    from evalsuite.reporting.ratings import ratings_page
    from evalsuite.reporting.standing import standing_page

    top = top_of(settle or "all")
    anchors = dict(named(entry, "--anchor", "MODEL=RATING") for entry in anchor or [])
    rated = rate_file(
        file,
        by=by,
        ties=ties,
        covariates=covariate or [],
        intervals=Intervals(method="bootstrap", draws=bootstrap, seed=seed) if bootstrap else None,
        scale=Scale(anchors={name: number(text, "--anchor") for name, text in anchors.items()}),
    )
    for category, ratings in rated.items():
        Console().print(ratings_page(ratings, category))
    if settle is not None or next_pairs is not None:
        for category, item in stand_file(file, by=by, top=top, alpha=alpha, margin=margin).items():
            Console().print(standing_page(item, next_pairs, category))
    if out is not None:
        write_ratings(rated, out)
