"""How much a right program takes, beside reference solutions, measured from outside of it.

A program that times itself can say what it likes. Here each program runs as a process of its own,
and the kernel says what that took: processor seconds, instructions where the machine counts them,
peak memory. What the program computed meanwhile is compared too, so a program that does nothing
when it is timed has no figures. Only right programs have them.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evalsuite.errors import EvalsuiteError
from evalsuite.records import Score
from evalsuite.scoring.sandbox.contract import Limits
from evalsuite.scoring.sandbox.program import ProgramRun, run_program
from evalsuite.scoring.sandbox.view import interpreter

Unit = Literal["instructions", "cpu_seconds"]

RUNS = 5
LEAST_CORRECT = 10
"""Right answers to one problem below which EvalPerf gives no score for it."""

_LIMITS = Limits(
    cpu_seconds=60, wall_seconds=300.0, memory_bytes=4 << 30, output_bytes=64 << 20, processes=64
)
# Calls are read and results are written outside of what is repeated by the program's own choice.
_SCRIPT = """\

if __name__ == "__main__":
    import json as _json, sys as _sys

    _calls = eval(_sys.stdin.read(), {{"inf": float("inf"), "nan": float("nan")}})
    _out = [{function}(*_arguments) for _arguments in _calls]
    _sys.stdout.write("\\n{mark}" + _json.dumps(_out, default=repr))
"""
_MARK = "\x1fresults "


class NotMeasured(EvalsuiteError):
    """A program that could not be measured: it failed, or gave other results than the first."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a program took for given calls, over several runs.

    Args:
        cpu_seconds: User and system, the minimum of the runs, because noise only ever adds.
        instructions: In user space, the minimum of the runs; None where this machine counts none.
        peak_memory_bytes: Largest resident size, the median of the runs.
        runs: How often it ran.
    """

    cpu_seconds: float
    instructions: int | None
    peak_memory_bytes: int
    runs: int

    def amount(self, unit: Unit) -> float:
        """The cost in one unit.

        Raises:
            NotMeasured: If instructions were not counted.
        """
        if unit == "cpu_seconds":
            return self.cpu_seconds
        if self.instructions is None:
            raise NotMeasured("this machine counts no instructions")
        return float(self.instructions)


def measure(run: Callable[[], ProgramRun], *, runs: int = RUNS) -> tuple[Cost, bytes]:
    """The cost of a program that ``run`` runs once, and its standard output.

    Raises:
        NotMeasured: If a run fails, or writes something else than the first.
    """
    done = [run() for _ in range(runs)]
    for one in done:
        if one.exit_code != 0 or one.truncated:
            why = "ran out of time" if one.timed_out else f"ended with {one.exit_code}"
            raise NotMeasured(f"the program {why}: {one.stderr.decode(errors='replace')[-200:]}")
        if one.stdout != done[0].stdout:
            raise NotMeasured("the program gives other results from run to run")
    counted = [one.instructions for one in done if one.instructions is not None]
    cost = Cost(
        cpu_seconds=min(one.cpu_seconds for one in done),
        instructions=min(counted) if len(counted) == runs else None,
        peak_memory_bytes=int(statistics.median(one.peak_memory_bytes for one in done)),
        runs=runs,
    )
    return cost, done[0].stdout


def measure_python(
    source: str, entry_point: str, calls: Sequence[Sequence[Any]], *, runs: int = RUNS
) -> tuple[Cost, list[Any]]:
    """The cost of a Python program for ``calls`` of one function, and what they returned.

    A fresh interpreter reads the calls, makes them one after the other and writes the results. So
    the cost holds the interpreter's start (some 15 ms, 10 MB), which is the same for all programs;
    calls should take much longer than that.

    Args:
        source: The program.
        entry_point: The function.
        calls: The arguments of each call, plain values.
        runs: How often to run it.

    Raises:
        NotMeasured: If a run fails, or gives other results than the first.
        SandboxUnavailable: If this machine does not offer the required tier.
        SandboxBroken: If the program could not be started.
    """
    script = source + _SCRIPT.format(function=entry_point, mark="\\x1fresults ")
    cost, output = measure(
        lambda: run_program(
            [interpreter(), "-I", "-S", "main.py"],
            files={"main.py": script.encode("utf-8", "surrogatepass")},
            stdin=repr([tuple(arguments) for arguments in calls]).encode("utf-8", "surrogatepass"),
            limits=_LIMITS,
            env={"PYTHONHASHSEED": "0"},
        ),
        runs=runs,
    )
    *_, results = output.decode("utf-8", "replace").rpartition(_MARK)
    try:
        return cost, list(json.loads(results))
    except (ValueError, TypeError, RecursionError):
        raise NotMeasured("the program wrote no results") from None


# --- beside references --------------------------------------------------------------------------


def common_unit(costs: Sequence[Cost]) -> Unit:
    """Instructions where all of these were counted, else processor seconds."""
    return "instructions" if all(c.instructions is not None for c in costs) else "cpu_seconds"


def beyond(amount: float, references: Sequence[float]) -> float:
    """Share of the references' range that a program leaves behind: 1 as the best, 0 as the worst.

    (max - clip(amount, min, max)) / (max - min) over the references, for which see Mercury (Du et
    al. 2024, arXiv:2402.07844) as bigcode-evaluation-harness computes it. (Mercury's own repository
    instead clips the seconds to 0..1, so that the fastest of references from 0.2 to 5.2 seconds
    has 0.2.) Where all references take the same, 1 for at most that and 0 for more.

    Raises:
        ValueError: Without references.
    """
    if not references:
        raise ValueError("Beyond needs at least one reference")
    fastest, slowest = min(references), max(references)
    if fastest == slowest:
        return float(amount <= slowest)
    return (slowest - min(max(amount, fastest), slowest)) / (slowest - fastest)


@dataclass(frozen=True, kw_only=True)
class Dps:
    """Differential performance: the fastest reference that a program is at least as fast as.

    Args:
        score: That reference's score, 0 to 100.
        normalised: 100 (j + 1) / n for the j-th of n references, the slowest first.
        matched: j; None for a program slower than all, which scores 0.
    """

    score: float
    normalised: float
    matched: int | None


def dps(amount: float, references: Sequence[float], scores: Sequence[float] | None = None) -> Dps:
    """Differential performance score of one right program.

    Source: Liu et al. (2024), arXiv:2408.06450, as EvalPerf computes it.

    Args:
        amount: What the program took.
        references: What representatives of the clusters of reference solutions took.
        scores: Of the same: the percentage of all reference solutions that are no faster. By
            default each reference stands for as many.

    Raises:
        ValueError: Without references, or with another number of scores.
    """
    if not references or (scores is not None and len(scores) != len(references)):
        raise ValueError("DPS needs at least one reference, and a score for each")
    n = len(references)
    order = sorted(range(n), key=lambda at: -references[at])
    for j in range(n - 1, -1, -1):
        if amount <= references[order[j]]:
            normalised = 100 * (j + 1) / n
            score = normalised if scores is None else scores[order[j]]
            return Dps(score=score, normalised=normalised, matched=j)
    return Dps(score=0.0, normalised=0.0, matched=None)


def mean_of_correct(values: Sequence[float], *, least: int = LEAST_CORRECT) -> float | None:
    """Mean of a figure over the right answers to one problem; None for fewer than ``least``."""
    return math.fsum(values) / len(values) if len(values) >= max(1, least) else None


def joules(cost: Cost, watts: float) -> float:
    """Estimated energy of a run: the stated ``watts`` of one busy core times processor seconds.

    An estimate, to be shown as one. Over right programs only it is "energy given correct".
    """
    return watts * cost.cpu_seconds


def score_efficiency(
    source: str,
    entry_point: str,
    calls: Sequence[Sequence[Any]],
    references: Sequence[str],
    *,
    watts: float | None = None,
    runs: int = RUNS,
) -> list[Score]:
    """Efficiency of a program that was found right; no scores where it is not right on ``calls``.

    Scores: ``cpu_seconds``, ``peak_memory_bytes``, ``instructions`` where counted, ``beyond``,
    ``dps`` and ``dps_norm`` beside the references, and ``joules`` where ``watts`` are stated. They
    exist for right programs only, so that their means are means over right answers.

    Args:
        source: The program.
        entry_point: The function.
        calls: The arguments of each call, plain values; large enough to take time.
        references: Right programs, at least two of different speed.
        watts: Of one busy core.
        runs: How often to run each program.

    Raises:
        NotMeasured: If a reference cannot be measured, or they give different results.
    """
    measured = [measure_python(one, entry_point, calls, runs=runs) for one in references]
    expected = measured[0][1]
    if any(results != expected for _, results in measured):
        raise NotMeasured("the references give different results")
    try:
        cost, results = measure_python(source, entry_point, calls, runs=runs)
    except NotMeasured:
        return []
    if results != expected:
        return []
    costs = [reference for reference, _ in measured]
    unit = common_unit([cost, *costs])
    amounts = [reference.amount(unit) for reference in costs]
    place = dps(cost.amount(unit), amounts)
    how = f"by {unit}, least of {runs} runs, beside {len(costs)} references"
    figures = {
        "cpu_seconds": (cost.cpu_seconds, f"least of {runs} runs"),
        "peak_memory_bytes": (float(cost.peak_memory_bytes), f"median of {runs} runs"),
        "beyond": (beyond(cost.amount(unit), amounts), how),
        "dps": (place.score, how),
        "dps_norm": (place.normalised, how),
    }
    if cost.instructions is not None:
        figures["instructions"] = (float(cost.instructions), f"least of {runs} runs")
    if watts is not None:
        estimate = f"estimated: {watts:g} W x processor seconds"
        figures["joules"] = (joules(cost, watts), estimate)
    return [Score(name=n, value=value, explanation=why) for n, (value, why) in figures.items()]
