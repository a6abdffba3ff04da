from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from evalsuite.datasets import read_rows
from evalsuite.scoring.sandbox.program import run_python
from evalsuite.task import Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]


def test_recorded_programs_as_published(load: Load, data: Data) -> None:
    """Program-of-Thoughts: .852 of 1000, of which 999 are recorded. No program is run here."""
    data("reasoning/svamp")
    task = load("reasoning/svamp")
    samples = {sample.inputs["question"]: sample for sample in task.samples("test")}
    assert len(samples) == 1000
    recorded = data("reasoning/recorded/svamp_pot_codex/codex_pot_fewshot.jsonl.gz")
    said = []
    for row in read_rows(recorded):
        question = f"{row['passage'].strip().rstrip('.')}. {row['question'].strip()}"
        printed = "" if row["executed"] is None else str(row["executed"])
        said.append((samples[question], printed))
    done = tally(task, said)
    assert (done.right, len(said)) == (851, 999)
    assert round(done.right / len(said), 3) == 0.852
    assert done.statuses["format_error"] == 1


def test_targets_are_right(load: Load, data: Data) -> None:
    data("reasoning/svamp")
    task = load("reasoning/svamp")
    done = tally(task, ((s, f"The answer is {s.target}.") for s in task.samples("test")))
    assert done.right == 1000


def test_recorded_programs_in_the_sandbox(data: Data) -> None:
    """The first 30 of 999; what models wrote is run nowhere else.

    The recording holds the magnitude of what a program prints (run_svamp.py counts ``abs(ans)``),
    so that a difference the wrong way round is right. Over all 999, 20 programs print the negative
    and 848 print the target.
    """
    recorded = data("reasoning/recorded/svamp_pot_codex/codex_pot_fewshot.jsonl.gz")
    printed = []
    for row in islice(read_rows(recorded), 30):
        done = run_python(f"{row['generated'][0]}\nprint(float(ans))")
        assert (done.exit_code, abs(float(done.stdout))) == (0, row["executed"])
        printed.append(float(done.stdout))
    assert [value for value in printed if value < 0] == [-422.0]
