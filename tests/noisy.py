"""A backend whose answers are right with a chance that each sample names: sampling, in no time.

Used by experiments as ``backend: .../tests/noisy.py:NoisySpec``. Whether an answer is right depends
on the seed, the repeat, the sample and ``label`` alone, so that runs can be repeated.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Completion, Request
from evalsuite.systems.base import Fitted, Model, ModelSpec, Practice
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources


class NoisySpec(ModelSpec):
    """``penalty`` lowers every sample's chance; ``fail`` and ``unreadable`` name samples."""

    backend: str
    label: str = "noisy"
    penalty: float = 0.0
    output_tokens: int = 10
    fail: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()

    def open(self, resources: Resources) -> Model:
        return NoisyModel(self)


class NoisyModel:
    """Adds two numbers, sometimes."""

    def __init__(self, spec: NoisySpec) -> None:
        self.name = spec.label
        self.identity: Mapping[str, Any] = {"label": spec.label, "penalty": spec.penalty}
        self.price = Price(
            usd_per_million_input_tokens=1.0, usd_per_million_output_tokens=10.0, source="test"
        )
        self._spec = spec

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        spec, row = self._spec, request.inputs["columns"]
        if request.sample_id in spec.fail:
            raise CallFailed("the server is away", kind="server_error", billed=False)
        luck = random.Random(f"{spec.label}/{request.seed}/{request.repeat}/{request.sample_id}")
        right = luck.random() < row["chance"] - spec.penalty
        text = str(row["a"] + row["b"] + (not right))
        if request.sample_id in spec.unreadable:
            text = "no idea"
        return Completion(
            answer=Answer(text=text), input_tokens=20, output_tokens=spec.output_tokens
        )

    async def fit(self, practice: Practice) -> Fitted | None:
        return None

    async def close(self) -> None:
        return None


def write_experiment(
    folder: Path,
    systems: Mapping[str, Mapping[str, Any]],
    *,
    n: int = 60,
    prompt: str = "{{ a }} + {{ b }} = ?",
    file: str = "experiment.yaml",
    **settings: Any,
) -> Path:
    """An experiment over ``n`` sums, two of three nearly always right and a third in between.

    Sums come in clusters of three. ``systems`` gives the fields of each NoisySpec.
    """
    rows = [
        {
            "id": f"q{i}",
            "a": i,
            "b": 2 * i,
            "chance": (0.99, 0.5, 0.97)[i % 3],
            "of": f"c{i // 3}",
            "sum": 3 * i,
        }
        for i in range(n)
    ]
    (folder / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    content = {
        "name": "noisy",
        "tasks": [
            {
                "name": "mine/sums",
                "data": "sums.jsonl",
                "prompt": prompt,
                "target": "sum",
                "scorer": "number",
                "id": "id",
                "cluster": "of",
            }
        ],
        "systems": {
            system: {"backend": f"{Path(__file__).resolve()}:NoisySpec", **fields}
            for system, fields in systems.items()
        },
        **settings,
    }
    path = folder / file
    path.write_text(yaml.safe_dump(content))
    return path
