"""evalsuite, whole: a task without code, a priced endpoint, journal, scores, tables, progress.

Writing the HTML report and starting up are not part of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from measuring import Ask, Given, report

import evalsuite
from evalsuite.reporting.progress import progress_display


def begin(given: Given) -> Ask:
    """An experiment in a fresh folder each time: nothing is resumed."""

    def ask(path: Path) -> tuple[int, int]:
        experiment = {
            "name": "overhead",
            "tasks": [
                {
                    "name": "sums",
                    "data": str(path),
                    "id": "id",
                    "prompt": "{{ question }}",
                    "target": "answer",
                    "scorer": "number",
                    "max_output_tokens": 64,
                }
            ],
            "systems": {
                "stub": {
                    "backend": "openai",
                    "model": "stub",
                    "base_url": given.base_url,
                    "api_key_env": None,
                    "usd_per_million_input_tokens": 0.15,
                    "usd_per_million_output_tokens": 0.6,
                }
            },
            "concurrency": given.concurrency,
        }
        out = given.work / "run"
        with progress_display(quiet=False, as_json=False) as progress:
            done = evalsuite.run(experiment, out=out, tell=progress.tell)
        responses = done.responses
        shutil.rmtree(out)
        assert responses.usd.notna().all() and responses.seconds.notna().all()
        return int((responses.status == "ok").sum()), int(responses.success.sum())

    return ask


if __name__ == "__main__":
    report(begin)
