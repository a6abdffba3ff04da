"""Sums put to a stub server: an experiment, and what its answers must be.

The sums of a file are distinct multiples of three, so that an answer, which is the sum or one more,
says which question it answers.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.servers.processes import StubServer
from tests.servers.stub import answer_to, content_hash


def prompt_of(row: dict[str, Any]) -> str:
    """The prompt of a row, as the template below renders it."""
    return f"What is {row['a']} + {row['b']}? End with #### N"


def write_sums(path: Path, n: int, *, first: int = 100, seed: int = 0) -> list[dict[str, Any]]:
    """Write ``n`` rows to ``path`` (JSON Lines) and return them; their sums begin at ``first``."""
    dice = random.Random(seed)
    rows = []
    for index in range(n):
        total = 3 * (first + index)
        a = dice.randrange(1, total)
        rows.append({"id": f"{first + index}", "a": a, "b": total - a, "sum": total})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rows


def sums_task(data: Path, **more: Any) -> dict[str, Any]:
    """A task without code over a file of ``write_sums``."""
    return {
        "name": "sums",
        "data": str(data),
        "id": "id",
        "prompt": "What is {{ a }} + {{ b }}? End with #### N",
        "target": "sum",
        "scorer": "number",
        "max_output_tokens": 32,
        **more,
    }


def stub_system(server: StubServer, model: str = "large", **more: Any) -> dict[str, Any]:
    """A system that asks ``server``; priced, quick to try again."""
    return {
        "backend": "openai",
        "model": model,
        "base_url": server.base_url,
        "api_key_env": None,
        "backoff_seconds": 0.005,
        "usd_per_million_input_tokens": 10.0,
        "usd_per_million_output_tokens": 100.0,
        **more,
    }


def expected_text(row: dict[str, Any], model: str = "large") -> str:
    """What the stub answers to a row."""
    return answer_to(model, prompt_of(row))[0]


def expected_success(row: dict[str, Any], model: str = "large") -> bool:
    """Whether that is right."""
    return expected_text(row, model).endswith(f"#### {row['sum']}")


def hash_of(row: dict[str, Any], model: str) -> str:
    """What the stub files the question under."""
    return content_hash(model, prompt_of(row))
