"""Which of several systems is better than which, as far as it is settled by battles so far.

Two systems are settled by their own battles: by bets (``judging.bets``) that may be looked at after
every battle, and however the next pair is chosen, at no cost in error. For whatever is chosen, the
battles of a pair come in an order that was drawn before anything was judged, so all that choosing
can do is to stop somewhere on a path that was there before; and a bet that is right holds on the
whole path. All pairs that there are share ``alpha`` equally (Bonferroni), so the chance that any
order is ever settled wrongly is at most ``alpha``, whatever was looked at.

What is settled is carried on: who is better than the better one is better. That takes preferences
to be transitive on average, as every rating does. Where the battles say that they are not, the
circle is named and nothing in it is settled. Ratings only say in which order to look at what is
open: no order is settled by a fitted model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.errors import ConfigError
from evalsuite.judging.battles import check_battles
from evalsuite.judging.bets import log_wealth
from evalsuite.judging.ratings import rate

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Verdict = Literal["a_better", "b_better", "tied", "open"]
Pair = tuple[str, str]

ABOVE, BELOW, TIED, OPEN, CIRCLE = ">", "<", "~", "?", "circle"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be settled, and how surely.

    Attributes:
        top: how many places at the top, without an order among them; None for the whole order.
        alpha: chance that anything is ever settled wrongly.
        margin: systems count as tied where the mean score of one against the other is surely
            within this of one half; None: only a difference can be settled.
    """

    top: int | None = None
    alpha: float = 0.05
    margin: float | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError where a value cannot be."""
        if self.top is not None and self.top < 1:
            raise ConfigError(f"top {self.top}: settle 1 place at the top or more")
        if not 0 < self.alpha < 1:
            raise ConfigError(f"alpha {self.alpha:g}: it lies between 0 and 1")
        if self.margin is not None and not 0 < self.margin < 0.5:
            raise ConfigError(f"margin {self.margin:g}: it lies between 0 and 0.5, around one half")


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Two systems and their battles.

    Attributes:
        a: name.
        b: name.
        verdict: what their own battles settle.
        n: clusters (prompts) on which they were judged.
        settled_at: of these, how many it took; None while open.
        score: mean score of ``a`` over clusters, 1 a win and 0.5 a tie; None where n is 0.
        log_e: natural log of the evidence so far: "a_better", "b_better"; and with a margin
            "not_far_above" and "not_far_below", which settle a tie together.
    """

    a: str
    b: str
    verdict: Verdict
    n: int
    settled_at: int | None
    score: float | None
    log_e: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """How K systems stand, best first.

    Attributes:
        systems: names; who is settled to be better comes first, then who is rated higher.
        meetings: every pair (a, b) with a before b in ``systems``.
        above: (K, K), whether it is settled that one is better than the other, by their own battles
            or through others.
        tied: (K, K), whether it is settled that they are within the margin of each other.
        strengths: (K,) log-odds, 0 where a system was never judged.
        spread: (K, K) standard error of the difference of two, infinite where nothing says it.
        mean_square: of a cluster's difference in [-1, 1]: how much one says.
        bar: log evidence at which a pair is settled: log(2 x pairs / alpha).
        wanted: what is to be settled.
    """

    systems: tuple[str, ...]
    meetings: Mapping[Pair, Meeting]
    above: Flags
    tied: Flags
    strengths: Floats
    spread: Floats
    mean_square: float
    bar: float
    wanted: Wanted

    def sign(self, i: int, j: int) -> str:
        """How the systems at places ``i`` and ``j`` stand: ">", "<", "~", "?" or "circle"."""
        up, down = bool(self.above[i, j]), bool(self.above[j, i])
        if up and down:
            return CIRCLE
        if up or down:
            return ABOVE if up else BELOW
        return TIED if self.tied[i, j] else OPEN

    def wanted_pairs(self) -> list[tuple[int, int]]:
        """The places (i, j), i < j, whose order is wanted."""
        k, top = len(self.systems), self.wanted.top
        pairs = combinations(range(k), 2)
        return [(i, j) for i, j in pairs if top is None or i < min(top, k) <= j]

    def open_pairs(self) -> list[tuple[int, int]]:
        """The places (i, j), i < j, whose order is wanted and not settled."""
        return [(i, j) for i, j in self.wanted_pairs() if self.sign(i, j) in (OPEN, CIRCLE)]

    @property
    def settled(self) -> bool:
        """Whether everything wanted is settled."""
        return not self.open_pairs()

    @property
    def circle(self) -> tuple[str, ...]:
        """The systems whose settled orders run in a circle; empty where none do."""
        return tuple(name for place, name in enumerate(self.systems) if self.above[place, place])

    @property
    def signs(self) -> tuple[str, ...]:
        """How each system stands to the next: ">", "~" or "?"."""
        signs = [self.sign(place, place + 1) for place in range(len(self.systems) - 1)]
        return tuple(OPEN if sign == CIRCLE else sign for sign in signs)

    @property
    def table(self) -> pd.DataFrame:
        """Every pair a row: ``a``, ``b``, ``standing``, ``clusters``, ``score``, ``settled_at``.

        ``standing`` is ">", "~", "?" or "circle" for a against b; where ``settled_at`` is missing
        it was settled through others. ``score`` is a's mean score, missing where they never met.
        """
        rows = []
        for i, j in combinations(range(len(self.systems)), 2):
            met = self.meetings[self.systems[i], self.systems[j]]
            rows.append(
                {
                    "a": met.a,
                    "b": met.b,
                    "standing": self.sign(i, j),
                    "clusters": met.n,
                    "score": np.nan if met.score is None else met.score,
                    "settled_at": met.settled_at,
                }
            )
        return pd.DataFrame(rows).astype({"settled_at": "Int64"})


def standing(
    battles: pd.DataFrame,
    *,
    top: int | None = None,
    alpha: float = 0.05,
    margin: float | None = None,
    systems: Sequence[str] | None = None,
) -> Standing:
    """How systems stand by their ``battles``: what is settled, and what is open.

    Battles of a pair on one cluster (a prompt, in both orders) are one bet, on their mean. Rows
    come in the order in which the prompts were drawn, which must not depend on who won; how many of
    a pair were judged may depend on anything.

    Args:
        battles: one a row, as ``check_battles`` takes them; without weights.
        top: what is to be settled: who are the best ``top``; the whole order unless given.
        alpha: chance that any order is ever settled wrongly, at this look or any other.
        margin: with it a tie can be settled: a mean score surely within this of one half.
        systems: all that are compared, also those without a battle; those in ``battles`` unless
            given. Every pair of them counts for ``alpha``.

    Raises:
        ConfigError: the battles or options cannot be.
    """
    wanted = Wanted(top=top, alpha=alpha, margin=margin)
    if "weight" in battles:
        raise ConfigError("battles with weights cannot be bet on: drop the column weight")
    judged = battles[battles["outcome"].notna()] if "outcome" in battles else battles
    found = check_battles(battles).models if len(judged) or systems is None else ()
    names = tuple(systems) if systems is not None else found
    unknown = sorted(set(found) - set(names))
    if unknown:
        raise ConfigError(f"battles of {unknown[0]!r}, which is not among the systems compared")
    if len(names) < 2:
        raise ConfigError(f"an order needs two systems, not {len(names)}")
    differences = _differences(judged, names)
    pairs = len(names) * (len(names) - 1) // 2
    bar = float(np.log(2 * pairs / alpha))
    met = {pair: _meeting(pair, values, bar, wanted) for pair, values in differences.items()}
    strengths, spread = _rated(judged, names)
    return _standing(names, met, strengths, spread, bar, wanted, _mean_square(differences.values()))


def _differences(judged: pd.DataFrame, names: Sequence[str]) -> dict[Pair, Floats]:
    """Of every pair, the mean of 2 x outcome - 1 of its first in each cluster, in their order."""
    place = {name: index for index, name in enumerate(names)}
    found = {pair: np.zeros(0) for pair in combinations(names, 2)}
    if not len(judged):
        return found
    a, b = (judged[side].astype(str).map(place).to_numpy(dtype=np.int64) for side in "ab")
    value = 2 * judged["outcome"].to_numpy(dtype=np.float64) - 1
    cluster = pd.factorize(judged["cluster"])[0] if "cluster" in judged else np.arange(len(judged))
    frame = pd.DataFrame(
        {
            "first": np.minimum(a, b),
            "second": np.maximum(a, b),
            "cluster": cluster,
            "value": np.where(a < b, value, -value),
        }
    )
    means = frame.groupby(["first", "second", "cluster"], sort=False, as_index=False).mean()
    code = (means["first"] * len(names) + means["second"]).to_numpy(dtype=np.int64)
    value = means["value"].to_numpy(dtype=np.float64)
    for one in np.unique(code):
        found[names[one // len(names)], names[one % len(names)]] = value[code == one]
    return found


def _meeting(pair: Pair, values: Floats, bar: float, wanted: Wanted) -> Meeting:
    """What the bets on one pair have come to; the first of them that was won counts."""
    paths = {"a_better": log_wealth(values), "b_better": log_wealth(-values)}
    if wanted.margin is not None:
        far = 2 * wanted.margin
        paths["not_far_below"] = log_wealth(values, -far)
        paths["not_far_above"] = log_wealth(-values, -far)
    first = {name: _reached(path, bar) for name, path in paths.items()}
    when: dict[Verdict, int | None] = {"a_better": first["a_better"], "b_better": first["b_better"]}
    if wanted.margin is not None:
        below, above = first["not_far_below"], first["not_far_above"]
        when["tied"] = None if below is None or above is None else max(below, above)
    reached: list[tuple[int, Verdict]] = [(at, what) for what, at in when.items() if at is not None]
    settled_at: int | None = None
    verdict: Verdict = "open"
    if reached:
        settled_at, verdict = min(reached)
    return Meeting(
        a=pair[0],
        b=pair[1],
        verdict=verdict,
        n=len(values),
        settled_at=settled_at,
        score=float(values.mean() + 1) / 2 if len(values) else None,
        log_e={name: float(path[-1]) if len(path) else 0.0 for name, path in paths.items()},
    )


def _reached(path: Floats, bar: float) -> int | None:
    """After how many units ``path`` was at ``bar`` first."""
    over = path >= bar
    return int(over.argmax()) + 1 if over.any() else None


def _rated(judged: pd.DataFrame, names: Sequence[str]) -> tuple[Floats, Floats]:
    """(K,) log-odds, and (K, K) standard errors of their differences, infinite where unknown."""
    strengths = np.zeros(len(names))
    spread = np.full((len(names), len(names)), np.inf)
    if not len(judged):
        return strengths, spread
    rated = rate(judged)
    at = np.array([names.index(name) for name in rated.models])
    k = len(at)
    strengths[at] = rated.parameters[:k]
    own = np.diag(rated.covariance[:k, :k])
    variance = own[:, None] + own[None, :] - 2 * rated.covariance[:k, :k]
    known = rated.parts[:, None] == rated.parts[None, :]
    spread[np.ix_(at, at)] = np.where(known, np.sqrt(np.maximum(variance, 0.0)), np.inf)
    return strengths, spread


def _mean_square(differences: Iterable[Floats]) -> float:
    """Of all clusters' differences and one more of 1, so that a few are not overheard."""
    values = np.concatenate(list(differences))
    return float((values @ values + 1) / (len(values) + 1))


def _standing(
    names: Sequence[str],
    met: Mapping[Pair, Meeting],
    strengths: Floats,
    spread: Floats,
    bar: float,
    wanted: Wanted,
    mean_square: float,
) -> Standing:
    k = len(names)
    above, tied = np.zeros((k, k), dtype=bool), np.zeros((k, k), dtype=bool)
    for i, j in combinations(range(k), 2):
        verdict = met[names[i], names[j]].verdict
        above[i, j], above[j, i] = verdict == "a_better", verdict == "b_better"
        tied[i, j] = tied[j, i] = verdict == "tied"
    for through in range(k):  # Warshall (1962): who is above through the first, the second ...
        above |= np.outer(above[:, through], above[through])
    order = _order(above, strengths)
    grid = np.ix_(order, order)
    ordered = tuple(names[place] for place in order)
    return Standing(
        systems=ordered,
        meetings={pair: _turned(met, pair) for pair in combinations(ordered, 2)},
        above=above[grid],
        tied=tied[grid],
        strengths=strengths[order],
        spread=spread[grid],
        mean_square=mean_square,
        bar=bar,
        wanted=wanted,
    )


def _order(above: Flags, strengths: Floats) -> list[int]:
    """Nobody before who is settled to be better; of those that may come next, the highest rated."""
    left, order = list(range(len(strengths))), list[int]()
    while left:
        free = [i for i in left if not any(above[j, i] and not above[i, j] for j in left)]
        best = max(free or left, key=lambda i: (strengths[i], -i))
        order.append(best)
        left.remove(best)
    return order


def _turned(met: Mapping[Pair, Meeting], pair: Pair) -> Meeting:
    """The meeting of ``pair`` with its first as ``a``."""
    if pair in met:
        return met[pair]
    other = met[pair[1], pair[0]]
    turned: dict[str, Any] = {
        "a_better": "b_better",
        "b_better": "a_better",
        "not_far_above": "not_far_below",
        "not_far_below": "not_far_above",
    }
    return Meeting(
        a=other.b,
        b=other.a,
        verdict=turned.get(other.verdict, other.verdict),
        n=other.n,
        settled_at=other.settled_at,
        score=None if other.score is None else 1 - other.score,
        log_e={turned[name]: value for name, value in other.log_e.items()},
    )
