"""Measure trained runs of one rung and write its model folder and cards.

``python -m evalsuite.embedded.evaluate --name nano --runs SEED0 SEED1 SEED2 --out DIR``

Each run is an output folder of :mod:`evalsuite.embedded.train`. The first one is what
is shipped, decided before anything was measured; the others only say how far another
seed would have landed. Everything a reader compares models by is of the test split.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from evalsuite.analysis.intervals import wilson
from evalsuite.embedded.card import readme
from evalsuite.embedded.generation import Answer, answer
from evalsuite.embedded.grading import grade
from evalsuite.embedded.items import FAMILIES, Item, Split, items
from evalsuite.scoring.labels import auroc

__all__ = ["main", "measure"]

_KEPT = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)


@dataclass(frozen=True, slots=True)
class _Row:
    item: Item
    answer: Answer
    right: bool


def measure(folder: Path, split: Split, count: int, *, seed: int) -> dict[str, Any]:
    """Success by family and level of one model.

    Args:
        folder: A folder that ``from_pretrained`` reads.
        split: The split to ask from.
        count: Items of each family.
        seed: Seed of the stream of items.
    """
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.train(False)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    asked = [i for f in FAMILIES for i in itertools.islice(items(f, split, seed=seed), count)]
    answers = answer(model, tokenizer, asked)
    right = grade(asked, [a.text for a in answers])
    rows = [_Row(*row) for row in zip(asked, answers, right, strict=True)]
    families = {f: _family([row for row in rows if row.item.family == f]) for f in FAMILIES}
    return {
        "split": split,
        "seed": seed,
        "items_per_family": count,
        "macro": round(sum(f["rate"] for f in families.values()) / len(families), 4),
        "families": families,
    }


def _family(rows: list[_Row]) -> dict[str, Any]:
    level = {str(k): _share([r for r in rows if r.item.level == k]) for k in range(1, 5)}
    confidence = auroc([r.answer.mean_logprob for r in rows], [r.right for r in rows])
    tokens = sorted(r.answer.tokens for r in rows)
    return {
        **_share(rows),
        "levels": level,
        "auroc": None if confidence is None else round(confidence, 3),
        "output_tokens": {"mean": round(sum(tokens) / len(tokens), 1), "max": tokens[-1]},
    }


def _share(rows: list[_Row]) -> dict[str, Any]:
    n, successes = len(rows), sum(row.right for row in rows)
    if not n:
        return {"n": 0, "successes": 0, "rate": None, "low": None, "high": None}
    low, high = wilson(successes, n)
    return {
        "n": n,
        "successes": successes,
        "rate": round(successes / n, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _over_seeds(tests: list[dict[str, Any]]) -> dict[str, Any]:
    """Each family's (and the macro) rate over the trained seeds."""
    columns = {f: [t["families"][f]["rate"] for t in tests] for f in FAMILIES}
    columns["macro"] = [t["macro"] for t in tests]
    return {
        name: {
            "rates": rates,
            "mean": round(sum(rates) / len(rates), 4),
            "min": min(rates),
            "max": max(rates),
        }
        for name, rates in columns.items()
    }


def _parameters(folder: Path) -> int:
    model = LlamaForCausalLM.from_pretrained(folder)
    return sum(p.numel() for p in model.parameters())


def _last_probe(run: Path) -> dict[str, Any]:
    """The training run's own last look at validation, by which it was watched."""
    lines = (run / "validation.jsonl").read_text().splitlines()
    last: dict[str, Any] = json.loads(lines[-1])
    return last


def main(arguments: list[str] | None = None) -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Measure one rung and write its cards.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--runs", nargs="+", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--items", type=int, default=500, help="test items a family")
    parser.add_argument("--validation-items", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026, help="seed of the items asked")
    parser.add_argument("--hardware", default="one thread of a server CPU")
    parser.add_argument("--not-reached", nargs="*", default=[], help="what to admit to")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    shipped = options.runs[0] / "model"
    card = _card(options, shipped)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in _KEPT:
        shutil.copyfile(shipped / name, options.out / name)
    (options.out / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    (options.out / "README.md").write_text(readme(card))
    for file in options.out.iterdir():
        file.chmod(0o644)
    print(json.dumps({"macro": card["test"]["macro"]}))


def _card(options: argparse.Namespace, shipped: Path) -> dict[str, Any]:
    training = json.loads((shipped / "training.json").read_text())
    tests = [
        measure(run / "model", "test", options.items, seed=options.seed) for run in options.runs
    ]
    seeds = [json.loads((r / "model" / "training.json").read_text())["seed"] for r in options.runs]
    return {
        "version": 1,
        "name": options.name,
        "parameters": _parameters(shipped),
        "weights_bytes": (shipped / "model.safetensors").stat().st_size,
        "training": {**training, "threads": 1, "hardware": options.hardware},
        "validation": {
            "while_training": _last_probe(options.runs[0]),
            "final": measure(shipped, "validation", options.validation_items, seed=options.seed),
        },
        "test": tests[0],
        "seeds": {"trained": seeds, **_over_seeds(tests)},
        "not_reached": options.not_reached,
    }


if __name__ == "__main__":
    main()
