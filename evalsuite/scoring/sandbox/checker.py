"""The trusted process that a benchmark's check runs in, and nothing else.

A check computes with values that a stranger chose (``range(f(x))``, ``"a" * f(x)``), so it gets a
process that can be ended. It is reused from check to check. Jobs and verdicts are lines of JSON
on standard input and output.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

from evalsuite.scoring.sandbox.contract import CannotCross, Limits, SandboxBroken
from evalsuite.scoring.sandbox.judge import Setting, judge_check

_MEMORY_BYTES = 4 << 30


def main() -> None:
    """Answer jobs until standard input closes."""
    if sys.platform.startswith("linux"):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, hard))
    # What a check prints is nobody's answer, and what it reads is no job.
    jobs, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nothing, standard)
    for line in jobs:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """The verdict on one job, or why there is none, in plain data."""
    setting = Setting(
        tier=job["tier"],
        limits=Limits(**job["limits"]),
        packages=tuple(job["packages"]),
        objects=job["objects"],
    )
    try:
        verdict = judge_check(
            job["source"], job["entry_point"], job["check"], setting, job["context"]
        )
    except SandboxBroken as error:
        return {"broken": str(error)}
    except CannotCross as error:
        return {"cannot_cross": str(error)}
    except Exception as error:  # the check's own text does not even load
        return {"check_failed": f"{type(error).__name__}: {error}"}
    return {
        "passed": verdict.passed,
        "kind": verdict.kind,
        "detail": verdict.detail,
        "cpu_seconds": verdict.cpu_seconds,
        "peak_memory_bytes": verdict.peak_memory_bytes,
    }
