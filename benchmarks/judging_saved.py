"""What judging saves that chooses its pairs, and how often it settles an order wrongly.

Simulated judging: every prompt gives every system a luck of its own that all its pairs share
(normal, log-odds), a judge turns its verdict round in 10 % of the questions and calls 10 % ties,
and each pair is asked about in both orders.

Errors. The chance that anything is ever settled wrongly, for equal systems, for unequal ones, and
for systems that are exactly the margin apart (where "tied" is wrong), is counted over whole paths:
every pair is judged on every prompt, and each first time that a bet was won counts, at whatever
prompt. No way to choose pairs and no look at the results can have more errors than that. Target: at
most alpha, 5 %, within four standard errors of the simulation.

Savings. Questions asked, of all there are, until the wanted order is settled or nothing is left:
as ``evalsuite judge --pairs active`` chooses them, and for comparison where every pair that is open
is judged on the next prompts, neighbours or not ("all open pairs"). Targets: where all pairs can be
settled, more than half is saved; and never is more asked than by all open pairs (within 5 %).

    python benchmarks/judging_saved.py [--runs 6] [--paths 150] [--seed 0] [--check]

``--check`` exits with 1 and names each row that falls short.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from evalsuite.judging.choosing import first_pairs, next_clusters
from evalsuite.judging.standing import CIRCLE, OPEN, Pair, Standing, standing

ALPHA, FLIPPED, TIES, FIRST = 0.05, 0.1, 0.1, 3


@dataclass(frozen=True, kw_only=True)
class World:
    """Systems of these strengths (log-odds), judged on so many prompts."""

    name: str
    strengths: tuple[float, ...]
    prompts: int
    luck: float = 0.5
    top: int | None = None
    margin: float | None = None

    @property
    def systems(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(f"m{place}" for place in range(len(self.strengths)))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure, and what it may be at most."""

    name: str
    value: float
    most: float


def rungs(k: int, step: float) -> tuple[float, ...]:
    """Strengths of ``k`` systems ``step`` apart, best first."""
    return tuple(step * (k - 1) / 2 - step * place for place in range(k))


# A score of 0.6 after turned verdicts and ties: exactly the margin of 0.1 from one half.
AT_MARGIN = float(np.log(1 / (0.5 - 0.1 / ((1 - 2 * FLIPPED) * (1 - TIES))) - 1))
ERRORS = (
    World(name="5 equal systems", strengths=(0.0,) * 5, prompts=200, luck=1.0),
    World(name="5 systems, 0.3 apart", strengths=rungs(5, 0.3), prompts=200, luck=1.0),
    World(
        name="2 systems, the margin apart",
        strengths=(AT_MARGIN, 0.0),
        prompts=1000,
        luck=0.0,
        margin=0.1,
    ),
)
SAVINGS = (
    World(name="5 systems, 1 apart, 500 prompts", strengths=rungs(5, 1.0), prompts=500),
    World(name="the same, the best only", strengths=rungs(5, 1.0), prompts=500, top=1),
    World(name="8 systems, 0.8 apart, 500 prompts", strengths=rungs(8, 0.8), prompts=500),
    World(name="5 systems, 0.5 apart, 200 prompts", strengths=rungs(5, 0.5), prompts=200),
    World(name="4 equal systems, 600 prompts", strengths=(0.0,) * 4, prompts=600),
    World(name="the same, margin 0.1", strengths=(0.0,) * 4, prompts=600, margin=0.1),
)
SETTLED = {0, 1, 2}
"""The worlds of SAVINGS in which everything wanted can be settled long before the end."""


def outcomes(world: World, rng: np.random.Generator) -> dict[tuple[int, int], np.ndarray]:
    """Of every pair (prompts, 2): the first's outcome in either order, prompts as they come."""
    k = len(world.strengths)
    strength = np.array(world.strengths) + world.luck * rng.normal(size=(world.prompts, k))
    found = {}
    for i, j in combinations(range(k), 2):
        chance = 1 / (1 + np.exp(strength[:, j] - strength[:, i]))
        won = np.repeat((rng.random(world.prompts) < chance)[:, None], 2, axis=1)
        won ^= rng.random(won.shape) < FLIPPED
        found[i, j] = np.where(rng.random(won.shape) < TIES, 0.5, won)
    return found


def stand(
    world: World, found: Mapping[tuple[int, int], np.ndarray], done: Mapping[tuple[int, int], int]
) -> Standing:
    """How the systems stand when each pair was judged on the first ``done`` prompts of its own."""
    first, second, outcome, cluster = [], [], [], []
    for number, ((i, j), results) in enumerate(found.items()):
        n = done[i, j]
        first.append(np.full(2 * n, i))
        second.append(np.full(2 * n, j))
        outcome.append(results[:n].ravel())
        prompts = np.random.default_rng(number).permutation(world.prompts)[:n]
        cluster.append(np.repeat(prompts, 2))
    names = np.array(world.systems)
    battles = pd.DataFrame(
        {
            "a": names[np.concatenate(first)],
            "b": names[np.concatenate(second)],
            "outcome": np.concatenate(outcome),
            "cluster": np.concatenate(cluster),
        }
    )
    return standing(battles, top=world.top, alpha=ALPHA, margin=world.margin, systems=world.systems)


def in_own_order(
    world: World, found: Mapping[tuple[int, int], np.ndarray]
) -> dict[tuple[int, int], np.ndarray]:
    """``outcomes`` with the prompts of each pair in the order that ``stand`` asks them in."""
    return {
        pair: results[np.random.default_rng(number).permutation(world.prompts)]
        for number, (pair, results) in enumerate(found.items())
    }


def is_wrong(world: World, reached: Standing) -> bool:
    """Whether any order that was settled, by battles or through others, is not so."""
    places = [int(name[1:]) for name in reached.systems]
    for i, j in combinations(range(len(places)), 2):
        better = world.strengths[places[i]] - world.strengths[places[j]]
        sign = reached.sign(i, j)
        if sign == CIRCLE or (sign == ">" and better <= 0) or (sign == "<" and better >= 0):
            return True
        if sign == "~" and abs(better) >= AT_MARGIN:
            return True
    return False


def errors(world: World, paths: int, seed: int) -> Row:
    """Share of whole paths on which anything is settled wrongly."""
    wrong = 0
    for path in range(paths):
        found = in_own_order(world, outcomes(world, np.random.default_rng([seed, 1, path])))
        wrong += is_wrong(world, stand(world, found, dict.fromkeys(found, world.prompts)))
    most = ALPHA + 4 * np.sqrt(ALPHA * (1 - ALPHA) / paths)
    return Row(name=f"wrong: {world.name}", value=wrong / paths, most=most)


Choose = Callable[[Standing, Mapping[Pair, int]], dict[Pair, int]]


def all_open(reached: Standing, left: Mapping[Pair, int]) -> dict[Pair, int]:
    """Every wanted pair that is open, on a quarter more prompts than it was judged on."""
    names = reached.systems
    pairs = [(names[i], names[j]) for i, j in reached.open_pairs()]
    room = {pair: left.get(pair, left.get(pair[::-1], 0)) for pair in pairs}
    return {
        pair: min(max(2, -(-reached.meetings[pair].n // 4)), room[pair])
        for pair in pairs
        if room[pair]
    }


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One simulated judging: the share of all questions asked, of wanted orders settled ..."""

    asked: float
    settled: float
    rounds: int
    wrong: bool


def judged(world: World, choose: Choose, seed: tuple[int, ...]) -> Judged:
    """Judge ``world`` in rounds until ``choose`` has nothing more to ask."""
    found = in_own_order(world, outcomes(world, np.random.default_rng(seed)))
    names, done, rounds = world.systems, dict.fromkeys(found, 0), 1
    for a, b in first_pairs(names):
        done[names.index(a), names.index(b)] = FIRST
    while True:
        reached = stand(world, found, done)
        left = {(names[i], names[j]): world.prompts - n for (i, j), n in done.items()}
        chosen = choose(reached, left)
        if not chosen:
            break
        rounds += 1
        for a, b in chosen:
            i, j = sorted((names.index(a), names.index(b)))
            done[i, j] += chosen[a, b]
    wanted = reached.wanted_pairs()
    open_pairs = [pair for pair in wanted if reached.sign(*pair) in (OPEN, CIRCLE)]
    return Judged(
        asked=sum(done.values()) / (world.prompts * len(done)),
        settled=1 - len(open_pairs) / len(wanted),
        rounds=rounds,
        wrong=is_wrong(world, reached),
    )


def savings(number: int, world: World, runs: int, seed: int) -> list[Row]:
    """Print what was asked, by both ways to choose; the rows that are held against a target."""
    shares = {}
    for name, choose in (("active", next_clusters), ("all open pairs", all_open)):
        done = [judged(world, choose, (seed, 2, number, run)) for run in range(runs)]
        asked = float(np.mean([one.asked for one in done]))
        shares[name] = asked
        print(
            f"{world.name:<36}{name:<16}{asked:>7.1%}{1 - asked:>8.1%}"
            f"{np.mean([one.settled for one in done]):>9.1%}"
            f"{np.mean([one.rounds for one in done]):>8.1f}"
            f"{sum(one.wrong for one in done):>7}"
        )
    rows = [
        Row(
            name=f"asked: {world.name}, against all open pairs",
            value=shares["active"] / shares["all open pairs"],
            most=1.05,
        )
    ]
    if number in SETTLED:
        rows.append(Row(name=f"asked: {world.name}", value=shares["active"], most=0.5))
    return rows


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=6, help="judgings of each kind [6]")
    parser.add_argument("--paths", type=int, default=150, help="whole paths of each kind [150]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    arguments = parser.parse_args()
    began = time.perf_counter()
    print(f"{'':<36}{'pairs':<16}{'asked':>7}{'saved':>8}{'settled':>9}{'rounds':>8}{'wrong':>7}")
    rows = [
        row
        for number, world in enumerate(SAVINGS)
        for row in savings(number, world, arguments.runs, arguments.seed)
    ]
    rows += [errors(world, arguments.paths, arguments.seed) for world in ERRORS]
    print()
    for row in rows:
        print(f"{row.name:<72}{row.value:>7.3f}   target {row.most:.3f} at most")
    print(f"{time.perf_counter() - began:.0f} s")
    missed = [row for row in rows if row.value > row.most] if arguments.check else []
    for row in missed:
        print(f"falls short: {row.name}: {row.value:.3f}, target {row.most:.3f} at most")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
