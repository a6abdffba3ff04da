"""Metrics of `evaluate`, made and loaded without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalsuite.records import Answer, Sample
from evalsuite.scoring.from_evaluate import evaluate_metrics
from evalsuite.task import Graded

evaluate = pytest.importorskip("evaluate")
pytestmark = pytest.mark.filterwarnings("ignore")

# One import a line: `import evaluate, datasets` is taken for a package "evaluate,".
METRIC = """
import datasets
import evaluate


class SameLength(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="",
            citation="",
            inputs_description="",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions, references, scale=1.0):
        pairs = list(zip(predictions, references))
        same = sum(len(a) == len(b) for a, b in pairs)
        return {"same_length": scale * same / len(pairs), "pairs": len(pairs)}
"""


@pytest.fixture
def metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "same_length"
    folder.mkdir()
    (folder / "same_length.py").write_text(METRIC)
    for name in ("HF_METRICS_CACHE", "HF_MODULES_CACHE"):
        monkeypatch.setattr(evaluate.config, name, tmp_path / name)
    monkeypatch.setattr(evaluate.loading, "HF_MODULES_CACHE", tmp_path / "m", raising=False)
    return evaluate.load(str(folder), cache_dir=str(tmp_path / "cache"))


def graded(number: int, text: str | None) -> Graded:
    answer = None if text is None else Answer(text=text)
    sample = Sample(id=str(number), inputs={}, target="four")
    return Graded(sample=sample, answer=answer, scores={})


def test_a_metric_loaded_from_a_folder(metric: Any) -> None:
    rows = [graded(1, "five"), graded(2, "six"), graded(3, None), graded(4, "nine")]
    metrics = evaluate_metrics(metric, ["same_length", "pairs"], scale=2.0)
    assert {name: one(rows) for name, one in metrics.items()} == {"same_length": 1.0, "pairs": 4.0}
    assert metrics["same_length"]([graded(1, None)]) is None
    with pytest.raises(KeyError, match="computes same_length, pairs, and no 'rouge1'"):
        evaluate_metrics(metric, ["rouge1"])["rouge1"](rows)
