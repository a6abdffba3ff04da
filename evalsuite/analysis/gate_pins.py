"""Whether a run may be judged by a baseline at all, and if not, in what exactly they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.answers import answered_pairs, sample_pins
from evalsuite.analysis.baseline import Baseline, task_pins
from evalsuite.analysis.gate_config import Allowed, GateFile
from evalsuite.analysis.gate_result import Mismatch
from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean

if TYPE_CHECKING:
    from evalsuite.store import Run

NAMED = 3
"""So many samples are named in a message; the rest is counted."""
NO_SANDBOX = "not needed"


def gated_pairs(baseline: Baseline, config: GateFile) -> list[tuple[str, str]]:
    """Every (task, system) of ``baseline`` that ``config`` gates.

    Raises:
        ConfigError: ``config`` names a task or a system that the baseline does not have.
    """
    for what, wanted, known in (
        ("task", config.tasks, baseline.tasks),
        ("system", config.systems, baseline.systems),
    ):
        for name in wanted or ():
            if name not in known:
                hint = did_you_mean(name, known, otherwise=f"it has {', '.join(known)}")
                raise ConfigError(f"the baseline has no {what} {name!r}; {hint}")
    return [
        (task, name)
        for name, system in baseline.systems.items()
        for task in system.answers
        if (config.tasks is None or task in config.tasks)
        and (config.systems is None or name in config.systems)
    ]


def mismatches(
    baseline: Baseline, run: Run, pairs: Sequence[tuple[str, str]], allow: Sequence[Allowed]
) -> list[Mismatch]:
    """In what ``run`` differs from ``baseline`` so that ``pairs`` must not be compared.

    What ``allow`` puts up with is left out. A system that changed is no mismatch: judging that is
    what a gate is for.
    """
    found = [*_missing(run, pairs), *_of_the_whole(baseline, run, pairs)]
    entries = {task.name: task for task in run.manifest.tasks}
    pins = sample_pins(run)
    for task in sorted({task for task, _ in pairs} & set(entries)):
        found += _samples(task, baseline.tasks[task].samples, pins[task])
        then, now = baseline.tasks[task].pins, task_pins(entries[task])
        hashed = {"data_hash", "prompt_hash", "n_samples"}
        for name in sorted({*then, *now} - hashed):
            if then.get(name) != now.get(name):
                text = f"{task}: {name} {then.get(name)!r} in the baseline, {now.get(name)!r} now"
                found.append(Mismatch(kind="scorer", text=text))
    return [item for item in found if item.kind is None or item.kind not in allow]


def _missing(run: Run, pairs: Sequence[tuple[str, str]]) -> list[Mismatch]:
    answered = answered_pairs(run)
    absent: dict[str, list[str]] = {}
    for task, system in pairs:
        if (task, system) not in answered:
            absent.setdefault(system, []).append(task)
    return [
        Mismatch(kind="missing", text=f"{system}: no answers in this run to {', '.join(tasks)}")
        for system, tasks in absent.items()
    ]


def _of_the_whole(baseline: Baseline, run: Run, pairs: Sequence[tuple[str, str]]) -> list[Mismatch]:
    manifest = run.manifest
    found = []
    if not pairs:
        found.append(Mismatch(kind=None, text="the baseline holds nothing of what is gated"))
    if baseline.evalsuite_version != manifest.evalsuite_version:
        text = (
            f"scored by evalsuite {baseline.evalsuite_version}, "
            f"this run by {manifest.evalsuite_version}: scorers may differ"
        )
        found.append(Mismatch(kind="version", text=text))
    if NO_SANDBOX not in (baseline.sandbox, manifest.sandbox) and (
        baseline.sandbox != manifest.sandbox
    ):
        text = f"code ran in sandbox {baseline.sandbox!r}, in this run in {manifest.sandbox!r}"
        found.append(Mismatch(kind="sandbox", text=text))
    return found


def _samples(task: str, then: dict[str, str], now: dict[str, str]) -> list[Mismatch]:
    """Which samples of ``task`` are not what they were; pins are "content prompt"."""
    common = [sample for sample in then if sample in now]
    content = [one for one in common if then[one].split()[0] != now[one].split()[0]]
    prompts = [
        one for one in common if one not in content and then[one].split()[1] != now[one].split()[1]
    ]
    lists: list[tuple[Allowed, str, list[str]]] = [
        ("samples", "differ in inputs, target, metadata or cluster", content),
        ("samples", "of the baseline are not in this run", [one for one in then if one not in now]),
        ("samples", "of this run are not in the baseline", [one for one in now if one not in then]),
        ("prompt", "are asked with another prompt", prompts),
    ]
    return [
        Mismatch(kind=kind, text=f"{task}: {_named(which, len(then))} {what}")
        for kind, what, which in lists
        if which
    ]


def _named(samples: Sequence[str], n: int) -> str:
    more = f" and {len(samples) - NAMED} more" if len(samples) > NAMED else ""
    return f"{len(samples)} of {n} samples ({', '.join(samples[:NAMED])}{more})"
