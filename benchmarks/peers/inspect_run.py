"""inspect-ai: a task of JSON rows, ``generate`` and ``match``; ``INSPECT_LIVE_LOG`` is 1 or 0."""

from __future__ import annotations

import os
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import FieldSpec, json_dataset
from inspect_ai.model import get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate
from measuring import Ask, Given, report


def begin(given: Given) -> Ask:
    """Default settings but for the display, the number of connections and, if asked, the log."""
    live = os.environ["INSPECT_LIVE_LOG"] == "1"

    def ask(path: Path) -> tuple[int, int]:
        model = get_model("openai-api/stub/stub", base_url=given.base_url, api_key="none")
        dataset = json_dataset(str(path), FieldSpec(input="question", target="answer", id="id"))
        task = Task(dataset=dataset, solver=generate(), scorer=match(numeric=True))
        (log,) = eval(
            task,
            model=model,
            display="none",
            log_dir=str(given.work / "logs"),
            log_realtime=None if live else False,
            max_connections=given.concurrency,
            max_tokens=64,
            temperature=0.0,
        )
        assert log.status == "success", log.error
        assert log.results is not None
        accuracy = log.results.scores[0].metrics["accuracy"].value
        n = log.results.completed_samples
        return n, round(n * accuracy)

    return ask


if __name__ == "__main__":
    report(begin)
