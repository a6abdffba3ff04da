"""Ratings: evalsuite beside FastChat's method, arena-rank, evalica and choix, on the same battles.

Each peer runs in a virtual environment of its own, made on first use under ``.bench/``, and starts
from the same battles in the form its interface takes (names are always strings). A time is the best
of the repeats that fit into a few seconds, from the frame to ratings with intervals, in a warm
process; arena-rank's first call, which compiles, is shown apart. Draws that a peer would need
minutes for are timed in part and scaled up (marked ~). ``off`` is the largest difference from
evalsuite's ratings, in points.

- FastChat: ``fastchat/serve/monitor/rating_systems.py`` (lm-sys/FastChat 2bdb2e0), the method
  behind the Arena's leaderboard, written out below: unique (a, b, winner) counts, L-BFGS-B, and a
  multinomial bootstrap refitted draw by draw in a pool of processes.
- arena-rank 0.1.1: its fit with sandwich intervals; its own bootstrap (a pool of JAX processes)
  does not finish in ten minutes and is left out.
- evalica 0.4.2: ``bradley_terry`` and ``bootstrap`` (percentile).
- choix 0.4.1: ``ilsr_pairwise_dense`` on a matrix of wins; it has no intervals, so the same
  multinomial bootstrap is put around it.

Targets on a 2-core machine: 50,000 battles of 20 models with 1,000 bootstraps at most 1 s and 25
times faster than FastChat's method; 140,000 of 53 at most 8 s and 10 times faster; 5,000,000 of
200, one fit with clustered intervals, at most 3 s. All fits agree with evalsuite's within 0.05
points.

    python benchmarks/ratings.py [--peers fastchat,choix] [--check]

``--check`` exits with 1 and names each row that falls short.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

CACHE = Path(__file__).resolve().parents[1] / ".bench"
PEERS = {
    "fastchat": ("numpy", "scipy", "pandas"),
    "arena-rank": ("arena-rank==0.1.1",),
    "evalica": ("evalica==0.4.2",),
    "choix": ("choix==0.4.1", "pandas"),
}
SIZES = {"small": (50_000, 20), "middle": (140_000, 53), "large": (5_000_000, 200)}
DRAWS = 1_000
BATTLES_A_PROMPT = 10
PATIENCE_SECONDS = 6.0
POINTS = 400 / math.log(10)
TARGET_SECONDS = {"small": 1.0, "middle": 8.0, "large": 3.0}
TARGET_RATIO = {"small": 25.0, "middle": 10.0}
AGREEMENT_POINTS = 0.05

Frame = pd.DataFrame
Result = dict[str, Any]


def battles(size: str) -> Frame:
    """Synthetic battles, seed 0: abilities of SD 1 log-odds, a quarter ties, 10 a prompt."""
    n, k = SIZES[size]
    rng = np.random.default_rng(0)
    ability = rng.normal(size=k)
    a = rng.integers(k, size=n)
    b = (a + rng.integers(1, k, size=n)) % k
    won = rng.random(n) < 1 / (1 + np.exp(ability[b] - ability[a]))
    code = np.where(rng.random(n) < 0.25, 1, np.where(won, 2, 0))
    names = np.array([f"model-{index:03d}" for index in range(k)])
    winner = np.array(["model_b", "tie", "model_a"])[code]
    prompt = rng.integers(n // BATTLES_A_PROMPT, size=n)
    return Frame({"model_a": names[a], "model_b": names[b], "winner": winner, "cluster": prompt})


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    """Least seconds of as many runs as fit into the patience, 1 to 5, and the last result."""
    least, spent = math.inf, 0.0
    for _ in range(5):
        began = time.perf_counter()
        result = work()
        taken = time.perf_counter() - began
        least, spent = min(least, taken), spent + taken
        if spent + taken > PATIENCE_SECONDS:
            break
    return least, result


def points(names: list[str], log_odds: Any) -> dict[str, float]:
    """Centred ratings in points by name."""
    values = np.asarray(log_odds, dtype=np.float64)
    return dict(zip(names, (POINTS * (values - values.mean())).tolist(), strict=True))


def run_evalsuite(frame: Frame, size: str) -> Result:
    """The public function, from names to intervals; the Arena's columns renamed beforehand."""
    from evalsuite.ratings import Intervals, rate

    outcome = frame["winner"].map({"model_a": 1.0, "tie": 0.5, "model_b": 0.0})
    tidy = frame.rename(columns={"model_a": "a", "model_b": "b"}).assign(outcome=outcome)
    tidy = tidy.drop(columns="winner")
    fit, rated = best(lambda: rate(tidy))
    table = rated.table
    done: Result = {
        "fit": fit,
        "fit_note": "clustered intervals",
        "ratings": dict(zip(table["model"], table["rating"] - table["rating"].mean(), strict=True)),
    }
    if size != "large":
        by_battle = Intervals(method="bootstrap", draws=DRAWS, clustered=False)
        by_prompt = Intervals(method="bootstrap", draws=DRAWS)
        done["bootstrap"], _ = best(lambda: rate(tidy, intervals=by_battle))
        done["clustered_bootstrap"], _ = best(lambda: rate(tidy, intervals=by_prompt))
    return done


def fastchat_counts(frame: Frame) -> tuple[Any, Any, Any, list[str]]:
    """Unique (a, b, winner), how often each was seen, and the models' names."""
    codes, names = pd.factorize(pd.concat([frame["model_a"], frame["model_b"]]))
    rows = np.full((len(frame), 3), 1, dtype=np.int32)
    rows[:, :2] = codes.reshape(2, -1).T
    rows[frame["winner"] == "model_a", 2] = 2
    rows[frame["winner"] == "model_b", 2] = 0
    unique, counts = np.unique(rows, return_counts=True, axis=0)
    return unique[:, :2], unique[:, 2] / 2.0, counts.astype(np.float64), list(names)


def fastchat_fit(weights: Any, pairs: Any, outcomes: Any, k: int) -> Any:
    """(K,) ratings in units of 400 points: L-BFGS-B on the weighted cross-entropy."""
    from scipy.optimize import minimize
    from scipy.special import expit

    steepness = math.log(10.0)

    def loss(ratings: Any) -> tuple[float, Any]:
        sides = ratings[pairs]
        p = expit(steepness * (sides[:, 0] - sides[:, 1]))
        likelihood = (np.log(p) * outcomes + np.log(1.0 - p) * (1.0 - outcomes)) * weights
        slope = -steepness * (outcomes - p) * weights
        gradient = np.zeros_like(ratings)
        np.add.at(gradient, pairs, slope[:, None] * np.array([1.0, -1.0]))
        return -likelihood.sum(), gradient

    options = {"maxiter": 100, "gtol": 1e-6}
    return minimize(loss, np.zeros(k), jac=True, method="L-BFGS-B", options=options)["x"]


def run_fastchat(frame: Frame, size: str) -> Result:
    """FastChat's method: fit, and for all but the large data its bootstrap."""
    import multiprocessing
    from functools import partial

    def fit() -> tuple[list[str], Any]:
        pairs, outcomes, counts, names = fastchat_counts(frame)
        return names, fastchat_fit(counts, pairs, outcomes, len(names))

    def bootstrap() -> Any:
        pairs, outcomes, counts, names = fastchat_counts(frame)
        rng = np.random.default_rng(0)
        draws = rng.multinomial(len(frame), counts / counts.sum(), size=DRAWS) / len(frame)
        work = partial(fastchat_fit, pairs=pairs, outcomes=outcomes, k=len(names))
        with multiprocessing.Pool(os.cpu_count()) as pool:
            return np.quantile(list(pool.imap_unordered(work, draws)), [0.025, 0.975], axis=0)

    seconds, (names, ratings) = best(fit)
    done: Result = {"fit": seconds, "fit_note": "no intervals"}
    done["ratings"] = points(names, math.log(10.0) * ratings)
    if size != "large":
        done["bootstrap"], _ = best(bootstrap)
    return done


def run_arena_rank(frame: Frame, size: str) -> Result:
    """Fit with sandwich intervals, for which battles are independent; the first call compiles."""
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    def fit() -> Any:
        data = PairDataset.from_pandas(frame)
        found = BradleyTerry(len(data.competitors)).compute_ratings_and_cis(data)
        return data.competitors, np.asarray(found["ratings"]), np.asarray(found["rating_lower"])

    began = time.perf_counter()
    fit()
    first = time.perf_counter() - began
    seconds, (names, ratings, _) = best(fit)
    return {
        "fit": seconds,
        "fit_note": f"independent intervals; first call {first:.1f} s",
        "ratings": points(names, ratings / POINTS),
    }


def run_evalica(frame: Frame, size: str) -> Result:
    """Fit, and a percentile bootstrap of 10 draws, scaled up."""
    import evalica

    code = {"model_a": evalica.Winner.X, "model_b": evalica.Winner.Y, "tie": evalica.Winner.Draw}
    a, b = frame["model_a"].tolist(), frame["model_b"].tolist()
    winners = frame["winner"].map(code).tolist()
    exact = {"tolerance": 1e-12, "limit": 10_000}
    seconds, fitted = best(lambda: evalica.bradley_terry(a, b, winners, **exact))
    done: Result = {"fit": seconds, "fit_note": "no intervals"}
    done["ratings"] = points(list(fitted.scores.index), np.log(fitted.scores.to_numpy()))
    if size != "large":
        few = 10
        taken, _ = best(
            lambda: evalica.bootstrap(
                evalica.bradley_terry,
                a,
                b,
                winners,
                n_resamples=few,
                bootstrap_method="percentile",
                random_state=0,
            )
        )
        done["bootstrap"], done["scaled"] = taken * DRAWS / few, True
    return done


def run_choix(frame: Frame, size: str) -> Result:
    """Fit of the matrix of wins, and a multinomial bootstrap of 20 draws around it, scaled up."""
    import choix

    def wins(weights: Any, pairs: Any, outcomes: Any, k: int) -> Any:
        cells = pairs[:, 0] * k + pairs[:, 1]
        back = pairs[:, 1] * k + pairs[:, 0]
        won = np.bincount(cells, weights * outcomes, k * k)
        return (won + np.bincount(back, weights * (1 - outcomes), k * k)).reshape(k, k)

    def fit() -> Any:
        pairs, outcomes, counts, names = fastchat_counts(frame)
        matrix = wins(counts, pairs.astype(np.int64), outcomes, len(names))
        return names, choix.ilsr_pairwise_dense(matrix, max_iter=1_000, tol=1e-12)

    few = 20

    def bootstrap() -> Any:
        pairs, outcomes, counts, names = fastchat_counts(frame)
        draws = np.random.default_rng(0).multinomial(len(frame), counts / counts.sum(), size=few)
        k = len(names)
        return [
            choix.ilsr_pairwise_dense(
                wins(draw, pairs.astype(np.int64), outcomes, k), max_iter=1_000
            )
            for draw in draws
        ]

    seconds, (names, ratings) = best(fit)
    done: Result = {"fit": seconds, "fit_note": "no intervals", "ratings": points(names, ratings)}
    if size != "large":
        taken, _ = best(bootstrap)
        done["bootstrap"], done["scaled"] = taken * DRAWS / few, True
    return done


RUN: dict[str, Callable[[Frame, str], Result]] = {
    "evalsuite": run_evalsuite,
    "fastchat": run_fastchat,
    "arena-rank": run_arena_rank,
    "evalica": run_evalica,
    "choix": run_choix,
}


def environment(peer: str) -> Path:
    """The Python of the peer's own environment, made if it is not there."""
    if peer == "evalsuite":
        return Path(sys.executable)
    folder = CACHE / peer
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        print(f"making {folder.name}'s environment", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *PEERS[peer]]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        ready.touch()
    return python


def measured(peer: str, size: str) -> Result:
    """What a fresh process of ``peer`` measured."""
    command = [str(environment(peer)), __file__, "--worker", peer, "--size", size]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def off(result: Result, ours: Result) -> float:
    """Largest difference in rating points."""
    return max(abs(result["ratings"][name] - value) for name, value in ours["ratings"].items())


def report(size: str, found: dict[str, Result]) -> list[str]:
    """Print the table of one size; return a line for each target missed."""
    ours = found["evalsuite"]
    n, k = SIZES[size]
    print(f"\n{n:,} battles of {k} models")
    print(f"{'':<12}{'fit s':>9}{'ratio':>8}{f'{DRAWS} boot s':>13}{'ratio':>8}{'off':>9}  fit has")
    missed = []
    for peer, result in found.items():
        boot = result.get("bootstrap")
        cells = f"{result['fit']:>9.3f}{result['fit'] / ours['fit']:>7.1f}x"
        if boot is None:
            cells += f"{'':>21}"
        else:
            sign = "~" if result.get("scaled") else ""
            cells += f"{f'{sign}{boot:.2f}':>13}{boot / ours['bootstrap']:>7.0f}x"
        print(f"{peer:<12}{cells}{off(result, ours):>9.5f}  {result['fit_note']}")
        if off(result, ours) > AGREEMENT_POINTS:
            missed.append(f"{size}: {peer} is {off(result, ours):.3f} points off")
    if "clustered_bootstrap" in ours:
        print(f"evalsuite's bootstrap of whole prompts: {ours['clustered_bootstrap']:.2f} s")
    seconds = ours.get("bootstrap", ours["fit"])
    if seconds > TARGET_SECONDS[size]:
        missed.append(f"{size}: {seconds:.2f} s, target {TARGET_SECONDS[size]:g} s")
    if size in TARGET_RATIO and "fastchat" in found:
        ratio = found["fastchat"]["bootstrap"] / ours["bootstrap"]
        if ratio < TARGET_RATIO[size]:
            missed.append(
                f"{size}: {ratio:.1f} times FastChat's speed, target {TARGET_RATIO[size]:g}"
            )
    return missed


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated [all]")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--worker", choices=RUN, help=argparse.SUPPRESS)
    parser.add_argument("--size", choices=SIZES, default="small", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(RUN[arguments.worker](battles(arguments.size), arguments.size)))
        return 0
    peers = [peer for peer in arguments.peers.split(",") if peer]
    if unknown := [peer for peer in peers if peer not in PEERS]:
        parser.error(f"no peer {unknown[0]}; there are {', '.join(PEERS)}")
    missed = []
    for size in SIZES:
        found = {peer: measured(peer, size) for peer in ("evalsuite", *peers)}
        missed += report(size, found)
    for line in missed if arguments.check else []:
        print(f"falls short: {line}")
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
