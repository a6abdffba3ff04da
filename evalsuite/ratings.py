"""Pairwise ratings, usable alone: a tidy frame of battles in, a tidy frame of ratings out.

>>> import pandas as pd
>>> from evalsuite import ratings
>>> battles = pd.DataFrame({"a": ["x", "x", "y"], "b": ["y", "y", "x"], "outcome": [1, 0.5, 1]})
>>> table = ratings.rate(battles).table

``docs/ratings.md`` explains the figures.
"""

from __future__ import annotations

from evalsuite.judging.battles import check_battles, read_battles
from evalsuite.judging.choosing import first_pairs, next_clusters, pairs_to_settle
from evalsuite.judging.covariates import relative_difference
from evalsuite.judging.elo import online_elo
from evalsuite.judging.length_control import fit_length_control, length_controlled_win_rates
from evalsuite.judging.likelihood import NoFiniteEstimate
from evalsuite.judging.outcomes import Ties
from evalsuite.judging.pairs import next_pairs, win_probabilities
from evalsuite.judging.ratings import Intervals, Ratings, rate, rate_by
from evalsuite.judging.repeats import repeated_battles
from evalsuite.judging.scale import Scale
from evalsuite.judging.standing import Standing, standing

__all__ = [
    "Intervals",
    "NoFiniteEstimate",
    "Ratings",
    "Scale",
    "Standing",
    "Ties",
    "check_battles",
    "first_pairs",
    "fit_length_control",
    "length_controlled_win_rates",
    "next_clusters",
    "next_pairs",
    "online_elo",
    "pairs_to_settle",
    "rate",
    "rate_by",
    "read_battles",
    "relative_difference",
    "repeated_battles",
    "standing",
    "win_probabilities",
]
