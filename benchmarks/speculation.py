"""Speculative decoding: is it the target's own answer, and is it faster, on the embedded models?

Every sample of the quickstart that has a text answer is answered by the target alone and with
drafts, one after the other in one thread, a batch of one both times, so that both meet the same
load; which goes first alternates. Printed for each pair and number of drafts:

- same: greedy answers with the same text, finish reason and number of tokens;
- logprob: the largest difference of a token's log-probability (float32 sums in another order);
- accepted: accepted / drafted tokens, and of those that were judged (not behind a rejected one);
- a step: tokens a step of the target (1.00 without drafts), and (1 - a^(k+1)) / (1 - a), which
  independent drafts would give;
- c: seconds of a drafted token over those of a step;
- speed-up: tokens a second of the whole job over the target's alone, with a 95 % interval over
  samples, and what the formula expects of it.

Target: all greedy answers are the same. There is none for speed: the embedded models are so small
that a draft costs nearly what a step does, so drafting is expected to be slower here.

    python benchmarks/speculation.py [--limit 100] [--gammas 2,4] [--quick] [--check]

``--quick``: 10 samples a task, one pair, 4 drafts. ``--check`` exits with 1 where an answer
differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import Floats
from evalsuite.experiment import load_experiment
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Joint
from evalsuite.systems.completing import row_of, written
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.encoding import encode
from evalsuite.systems.hybrids.speculative import SpeculativeSpec
from evalsuite.systems.resources import Resources
from evalsuite.systems.transformers import TransformersSpec

QUICKSTART = Path(__file__).resolve().parents[1] / "reports" / "quickstart" / "experiment.yaml"
PAIRS = (("pico", "micro"), ("nano", "micro"), ("pico", "nano"))


@dataclass(kw_only=True)
class Measured:
    """One pair at one number of drafts, over ``seconds`` (alone, drafted) of each sample."""

    draft: str
    target: str
    gamma: int
    differing: list[str] = field(default_factory=list)
    largest: float = 0.0
    rounds: list[list[int]] = field(default_factory=list)
    tokens: int = 0
    draft_seconds: float = 0.0
    target_seconds: float = 0.0
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def add(
        self, request: Request, alone: Answer, joint: Joint, seconds: tuple[float, float]
    ) -> None:
        """One sample's two answers."""
        found = joint.answer
        mine, other = found.token_logprobs or (), alone.token_logprobs or ()
        same = (found.text, found.finish_reason) == (alone.text, alone.finish_reason)
        if not same or len(mine) != len(other):
            self.differing.append(f"{request.task} {request.sample_id}")
        else:
            self.largest = max(
                [self.largest, *(abs(a - b) for a, b in zip(mine, other, strict=True))]
            )
        data = joint.shares["draft"].data
        assert data is not None
        self.rounds += data["speculation"]["rounds"]
        self.tokens += len(mine)
        self.draft_seconds += joint.shares["draft"].machine_seconds
        self.target_seconds += joint.shares["target"].machine_seconds
        self.seconds.append(seconds)

    def line(self) -> str:
        """A row of the table."""
        drafted = sum(k for k, _ in self.rounds)
        accepted = sum(a for _, a in self.rounds)
        judged = sum(min(k, a + 1) for k, a in self.rounds)
        alpha = accepted / judged
        steps = len(self.rounds)
        expected = sum(
            k + 1 if alpha == 1 else (1 - alpha ** (k + 1)) / (1 - alpha) for k, _ in self.rounds
        )
        cost = (self.draft_seconds / drafted) / (self.target_seconds / steps)
        speed = bca(np.array(self.seconds), _ratio, np.arange(len(self.seconds)))
        assert speed is not None
        bounds = "no interval" if speed.low is None else f"{speed.low:.2f} to {speed.high:.2f}"
        n = len(self.seconds)
        would = expected / steps / (self.draft_seconds / self.target_seconds + 1)
        return (
            f"{self.draft + ' for ' + self.target:<16} {self.gamma:>6} "
            f"{n - len(self.differing):>5} of {n:<5} {self.largest:>8.1e} "
            f"{accepted / drafted:>8.1%} {alpha:>7.1%} {self.tokens / steps:>7.2f} "
            f"{expected / steps:>8.2f} {cost:>5.2f} {speed.value:>6.2f} ({bounds}) {would:>8.2f}"
        )


def _ratio(totals: Floats) -> Floats:
    whole = totals.sum(axis=-2)
    return np.asarray(whole[..., 0] / whole[..., 1])


def requests(limit: int) -> list[Request]:
    """What the quickstart asks that has a text answer, at most ``limit`` samples a task."""
    experiment = load_experiment(QUICKSTART)
    seed = experiment.settings.seed
    asked = [
        planned.task.request(sample, split="test", seed=seed, repeat=0)
        for planned in experiment.tasks
        for sample in islice(planned.task.samples("test"), min(limit, planned.limit or limit))
    ]
    return [request for request in asked if request.choices is None]


def alone(request: Request, decoder: Decoder) -> Answer:
    """The target's own answer."""
    encoded = encode(request, decoder.tokenizer)
    row = row_of(request, encoded.prompt, decoder.context)
    return written(decoder, row, decoder.generate([row])[0])


def measure(
    draft: str, target: str, gamma: int, models: dict[str, Decoder], asked: Sequence[Request]
) -> Measured:
    """Both ways for every one of ``asked``."""
    measured = Measured(draft=draft, target=target, gamma=gamma)
    spec = SpeculativeSpec(draft=draft, target=target, gamma=gamma)
    decoders = {"draft": models[draft], "target": models[target]}
    for number, request in enumerate(asked):
        seconds = {}
        for way in ("alone", "drafted") if number % 2 else ("drafted", "alone"):
            began = time.perf_counter()
            if way == "alone":
                own = alone(request, models[target])
            else:
                joint = spec.work(request, decoders)
            seconds[way] = time.perf_counter() - began
        measured.add(request, own, joint, (seconds["alone"], seconds["drafted"]))
    return measured


def main() -> int:
    """Print the table; 1 with ``--check`` where an answer differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--gammas", default="2,4")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    models = {
        name: TransformersSpec(model=f"embedded/{name}").open(Resources()).decoder
        for name in ("pico", "nano", "micro")
    }
    asked = requests(10 if options.quick else options.limit)
    print(f"{len(asked)} samples with text answers of {QUICKSTART.parent.name}, batches of one")
    print(
        f"{'pair':<16} {'drafts':>6} {'same':>14} {'logprob':>8} {'accepted':>8} {'judged':>7} "
        f"{'a step':>7} {'expected':>8} {'c':>5} {'speed-up (95 % CI)':>21} {'expected':>8}"
    )
    differing: list[str] = []
    for draft, target in PAIRS[:1] if options.quick else PAIRS:
        for gamma in [4] if options.quick else map(int, options.gammas.split(",")):
            measured = measure(draft, target, gamma, models, asked)
            print(measured.line(), flush=True)
            differing += [f"{draft} for {target}: {name}" for name in measured.differing]
    for name in differing:
        print(f"not the target's own answer: {name}")
    return int(bool(differing) and options.check)


if __name__ == "__main__":
    sys.exit(main())
