"""The benchmark's own arithmetic, on hand-made answers; the models are in tests/systems."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evalsuite.records import Answer, Message, Request
from evalsuite.systems.base import Joint, Share

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "speculation.py"
REQUEST = Request(
    task="t", sample_id="7", inputs={}, messages=(Message(role="user", content="hello"),)
)


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("speculation_benchmark", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def answer(text: str = "yes", *, logprobs: tuple[float, ...] = (-0.1, -0.2)) -> Answer:
    return Answer(text=text, finish_reason="stop", token_logprobs=logprobs)


def joint(found: Answer, rounds: list[list[int]]) -> Joint:
    def share(seconds: float, data: Any = None) -> Share:
        return Share(reason="", input_tokens=1, output_tokens=1, machine_seconds=seconds, data=data)

    data = {"speculation": {"rounds": rounds}}
    return Joint(answer=found, shares={"draft": share(0.2, data), "target": share(0.4)})


def test_an_answer_that_differs_is_named(benchmark: ModuleType) -> None:
    measured = benchmark.Measured(draft="small", target="large", gamma=4)
    near = answer(logprobs=(-0.1, -0.2001))
    measured.add(REQUEST, answer(), joint(near, [[4, 1]]), (1.0, 2.0))
    assert measured.differing == [] and measured.largest == pytest.approx(1e-4)
    measured.add(REQUEST, answer(), joint(answer("no"), [[4, 1]]), (1.0, 2.0))
    shorter = answer(logprobs=(-0.1,))
    measured.add(REQUEST, answer(), joint(shorter, [[4, 1]]), (1.0, 2.0))
    assert measured.differing == ["t 7", "t 7"]


def test_a_row_by_hand(benchmark: ModuleType) -> None:
    """Per answer 4 drafts of which 1 stands and 2 are judged: alpha 1/2, 1.9375 tokens expected."""
    measured = benchmark.Measured(draft="small", target="large", gamma=4)
    for _ in range(4):
        measured.add(REQUEST, answer(), joint(answer(), [[4, 1]]), (1.0, 2.0))
    words = measured.line().split()
    assert words[:8] == ["small", "for", "large", "4", "4", "of", "4", "0.0e+00"]
    # c = (0.2 / 4) / 0.4; the formula's speed-up is 1.9375 / (4 c + 1).
    assert words[8:14] == ["25.0%", "50.0%", "2.00", "1.94", "0.12", "0.50"]
    assert words[-1] == "1.29"
