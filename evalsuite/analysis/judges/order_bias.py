"""Does the place of an answer decide: flips between orders, and the share of first-shown wins."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.analysis.intervals import LEVEL, proportion
from evalsuite.analysis.judges.figure import Figure, absent
from evalsuite.analysis.judges.human import both_orders
from evalsuite.analysis.judges.units import known
from evalsuite.analysis.paired import sign_flip_p
from evalsuite.judging.orders import SIDES

Flags = NDArray[np.bool_]


def order_figures(rows: pd.DataFrame, *, level: float = LEVEL) -> list[Figure]:
    """Figures of one judge's pairwise ``rows``; none where nobody wrote which came first."""
    if rows["shown_first"].isna().all():
        why = "column shown_first does not say which answer came first"
        return [
            absent("order", "flips", "verdict changes with the order", "share", why),
            absent("order", "first_shown_wins", "first-shown answer wins", "share", why),
        ]
    return [*_flips(rows, level), _first_shown(rows, level)]


def turned(one: pd.Series, other: pd.Series) -> tuple[Flags, Flags]:
    """Which pairs (n,) got another verdict in the ``other`` order, and which another winner.

    Both are verdicts (n,) about the systems ("a", "b" or "tie") of the same pairs. From or to a tie
    is another verdict, but no other winner.
    """
    changed = (one != other).to_numpy(dtype=bool)
    decided = (one.isin(SIDES) & other.isin(SIDES)).to_numpy(dtype=bool)
    return changed, changed & decided


def _flips(rows: pd.DataFrame, level: float) -> list[Figure]:
    both = both_orders(rows)
    title = "verdict changes with the order"
    if both.empty:
        return [absent("order", "flips", title, "share", "no pair was shown in both orders")]
    given = known(both, "first_a", "first_b")
    if given.empty:
        return [absent("order", "flips", title, "share", "no pair has a verdict in both orders")]
    n_failed = len(both) - len(given)
    changed, reversed_ = turned(given["first_a"], given["first_b"])
    found = [
        Figure(
            section="order",
            name="flips",
            title=title,
            unit="share",
            estimate=proportion(changed.astype(float), given["cluster"], level=level),
            n_without=n_failed,
            note="of pairs with a verdict in both orders; from or to a tie counts",
            wanted=0.0,
        ),
        Figure(
            section="order",
            name="reversals",
            title="winner reversed by the order",
            unit="share",
            estimate=proportion(reversed_.astype(float), given["cluster"], level=level),
            n_without=n_failed,
            wanted=0.0,
        ),
    ]
    return found


def _first_shown(rows: pd.DataFrame, level: float) -> Figure:
    """Of verdicts that name a winner, those for the first-shown answer."""
    placed = rows[rows["shown_first"].notna()]
    decided = placed[placed["value"].isin(SIDES)]
    first = (decided["value"] == decided["shown_first"]).to_numpy(dtype=float)
    clusters = decided["cluster"].to_numpy()
    if not len(first):
        why = "no verdict names a winner"
        return absent("order", "first_shown_wins", "first-shown answer wins", "share", why)
    n_orders = placed.groupby("unit")["shown_first"].nunique()
    fair = "; fair only where the order was drawn at random" if (n_orders < 2).any() else ""
    return Figure(
        section="order",
        name="first_shown_wins",
        title="first-shown answer wins",
        unit="share",
        estimate=proportion(first, clusters, level=level),
        n_without=len(placed) - len(decided),
        p_value=sign_flip_p(2 * first - 1, clusters),
        note=f"of verdicts that name a winner{fair}",
        wanted=0.5,
    )
