"""Runs of these families from end to end, with models that are learnt in a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import evalsuite

Data = Callable[[str], Path]


def test_learnt_models_beat_the_commonest_label(data: Data, tmp_path: Path) -> None:
    for family in ("classification", "log_analysis", "fake_news", "recommendation"):
        data(family)
    tasks = [
        "classification/banking77",
        "classification/tweeteval_irony",
        "fake_news/liar_plus_binary",
        "logs/openssh",
        "logs/bgl_anomaly",
        "recommendation/tallrec_book",
    ]
    content = {
        "name": "labels",
        "tasks": tasks,
        "systems": {"learnt": "classical/tfidf_linear", "commonest": "classical/majority"},
        "limit": 30,
    }
    done = evalsuite.run(content, out=tmp_path / "run")
    assert len(done.responses) == 2 * 30 * len(tasks)
    assert set(done.responses.status) == {"ok"} and done.responses.success.notna().all()
    right = done.responses.groupby(["task", "system"]).success.mean()
    assert right["classification/banking77", "learnt"] > 0.5
    assert right["classification/banking77", "commonest"] < 0.1
    figures = done.corpus.set_index(["task", "system", "metric"]).value
    assert figures["logs/openssh", "learnt", "parsing_accuracy"] == right["logs/openssh", "learnt"]
    assert figures["classification/tweeteval_irony", "learnt", "f1_irony"] >= 0
