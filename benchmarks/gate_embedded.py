"""The gate on real models: an unchanged one, run 20 times with sampling, and damaged checkpoints.

The embedded models answer sampled (temperature 0.7) word problems and entity texts, 5 answers a
sample; that run is blessed. Then the very same systems are run anew 20 times, with one answer a
sample and another seed each time, and gated in two stages: blaming more than one of the 20 runs
misses the target. Last, the smaller model's weights get noise, more and more of it, under the same
name: the gate must catch every damage that costs 10 points or more.

    python benchmarks/gate_embedded.py [--runs 20] [--limit 60] [--quick] [--check]

``--quick`` makes 3 runs of one model on 30 samples of one task. ``--check`` exits with 1 where a
target is missed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import evalsuite
from evalsuite import gates
from evalsuite.analysis.gate_result import GateResult
from evalsuite.embedded import model_path

TASKS = ("reasoning/arithmetic", "ner/entities")
MODELS = {"small": "embedded/nano", "large": "embedded/micro"}
DAMAGED = "small"
NOISE = (0.02, 0.05, 0.1, 0.2)
"""Standard deviation of the noise, relative to that of each weight matrix."""
COSTLY = 0.10
TASK_FILE = """\
from dataclasses import replace
from pathlib import Path

from evalsuite.catalog import find_task

TASK = replace(find_task({name!r}, base=Path.cwd()), name={warm!r}, temperature=0.7)
"""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A folder with sampled tasks, and what is run in it."""

    folder: Path
    tasks: tuple[str, ...]
    models: dict[str, str]
    limit: int

    def experiment(self, **systems: str) -> dict[str, Any]:
        """The experiment, with some ``systems`` in the place of the usual ones."""
        return {
            "name": "gated",
            "tasks": [str(self.folder / f"{_file_name(task)}.py") for task in self.tasks],
            "systems": {**self.models, **systems},
            "limit": self.limit,
        }

    def written(self, **systems: str) -> Path:
        """The same as a file, as ``evalsuite gate --experiment`` wants it."""
        import yaml

        path = self.folder / "experiment.yaml"
        path.write_text(yaml.safe_dump(self.experiment(**systems)), encoding="utf-8")
        return path


def prepare(folder: Path, tasks: Sequence[str], models: dict[str, str], limit: int) -> Bench:
    """Write sampled variants of ``tasks`` into ``folder``."""
    for task in tasks:
        warm = f"sampled/{_file_name(task)}"
        content = TASK_FILE.format(name=task, warm=warm)
        (folder / f"{_file_name(task)}.py").write_text(content, encoding="utf-8")
    return Bench(folder=folder, tasks=tuple(tasks), models=models, limit=limit)


def bless(bench: Bench) -> Path:
    """Run 5 answers a sample and bless them."""
    run = evalsuite.run(bench.experiment(), out=bench.folder / "base", repeats=5, seed=1)
    gates.bless(run, bench.folder / "baseline.json")
    return bench.folder / "baseline.json"


def gated(bench: Bench, name: str, seed: int, **systems: str) -> GateResult:
    """One answer a sample, gated in two stages."""
    experiment = bench.written(**systems)
    run = evalsuite.run(experiment, out=bench.folder / name, seed=seed)
    return gates.gate(run, bench.folder / "baseline.json", experiment=experiment)


def damaged(bench: Bench, noise: float) -> str:
    """A copy of the damaged model's folder with noise on its weights, as a system."""
    import torch
    from safetensors.torch import load_file, save_file

    source = model_path(bench.models[DAMAGED].removeprefix("embedded/"))
    folder = bench.folder / f"damaged-{noise:g}"
    shutil.copytree(source, folder)
    random = torch.Generator().manual_seed(0)
    weights = load_file(folder / "model.safetensors")
    for key, values in weights.items():
        size = noise * float(values.float().std())
        hit = values.float() + size * torch.randn(values.shape, generator=random)
        weights[key] = hit.to(values.dtype)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return f"transformers/{folder}"


def success_loss(result: GateResult, system: str) -> float:
    """Mean loss of success of ``system`` over its tasks, as a share."""
    losses = [
        item.test.loss.value
        for item in result.findings
        if item.system == system and item.metric == "success" and item.test is not None
    ]
    return float(np.mean(losses))


def _file_name(task: str) -> str:
    return task.rpartition("/")[2]


def measure(bench: Bench, runs: int, noise: Sequence[float]) -> list[str]:
    """Print what happens, and return the targets that were missed."""
    missed = []
    bless(bench)
    verdicts: dict[str, int] = {}
    asked_again = 0
    for number in range(runs):
        result = gated(bench, f"unchanged-{number}", seed=100 + number)
        verdicts[result.verdict] = verdicts.get(result.verdict, 0) + 1
        asked_again += result.n_asked_again
    pairs = len(bench.tasks) * len(bench.models)
    print(
        f"unchanged, {runs} runs of {pairs} (task, system) pairs: {verdicts}; "
        f"{asked_again} of {runs * pairs} pairs asked again"
    )
    if verdicts.get("regressed", 0) > max(1, runs // 20):
        missed.append(f"unchanged system blamed in {verdicts['regressed']} of {runs} runs")
    for level in noise:
        result = gated(bench, f"run-damaged-{level:g}", seed=7, **{DAMAGED: damaged(bench, level)})
        loss = success_loss(result, DAMAGED)
        blamed = sorted({item.system for item in result.of("regressed")})
        print(
            f"noise {level:4g}: {100 * loss:5.1f} points lost, {result.verdict}, "
            f"blamed: {', '.join(blamed) or 'nobody'}"
        )
        if loss >= COSTLY and result.verdict != "regressed":
            missed.append(f"noise {level:g} costs {100 * loss:.1f} points and was not caught")
        if set(blamed) - {DAMAGED}:
            missed.append(f"noise {level:g}: {blamed} blamed, but only {DAMAGED} was damaged")
    return missed


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="runs of the unchanged systems [20]")
    parser.add_argument("--limit", type=int, default=60, help="samples a task [60]")
    parser.add_argument("--quick", action="store_true", help="3 runs, one model, one task")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    arguments = parser.parse_args()
    quick = arguments.quick
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = prepare(
            Path(folder),
            TASKS[-1:] if quick else TASKS,
            {DAMAGED: MODELS[DAMAGED]} if quick else MODELS,
            30 if quick else arguments.limit,
        )
        missed = measure(bench, 3 if quick else arguments.runs, NOISE[-1:] if quick else NOISE)
    print(f"{time.monotonic() - began:.0f} s")
    for line in missed if arguments.check else ():
        print(f"falls short: {line}")
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
