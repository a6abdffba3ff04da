"""The baseline file: what a blessed run answered, sample by sample, pinned by hashes.

A baseline is committed beside the code it judges, so it is one JSON file with one line a sample:
small enough to review, and a diff shows which samples changed. It holds no answers, only what
became of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from evalsuite.analysis.answers import SampleAnswers, answers_of, sample_pins
from evalsuite.records import SystemEntry, TaskEntry

if TYPE_CHECKING:
    from evalsuite.store import Run

FORMAT = 1
MACHINE_HOUR = "machine_hour"
"""The basis of dollars that depend on how fast the machine was (``systems.price.usd_of``)."""
UNPINNED = frozenset({"name", "family", "summary", "source", "licence", "reference"})
"""What a task says about itself that can change no figure; everything else of it is pinned."""

SPREAD_OUT = {
    (),
    ("tasks",),
    ("tasks", "*"),
    ("tasks", "*", "samples"),
    ("systems",),
    ("systems", "*"),
    ("systems", "*", "answers"),
    ("systems", "*", "answers", "*"),
}
"""Where in the file each key has a line of its own; "*" stands for a name."""


class UnreadableBaseline(Exception):
    """There is no baseline in the file, or none that this version reads; the message says why."""


class BaselineTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a task was: its pins by name, and of each sample the hashes "content prompt"."""

    pins: dict[str, Any]
    samples: dict[str, str]


class BaselineSystem(msgspec.Struct, frozen=True, kw_only=True):
    """A system as it was, on what its dollars rest, and its answers by task and sample."""

    entry: SystemEntry
    usd_bases: tuple[str, ...]
    answers: dict[str, dict[str, SampleAnswers]]


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """A blessed run. ``repeats`` is the number of answers a sample; ``run`` its fingerprint.

    Without ``timings`` it holds nothing that another machine would measure otherwise: no seconds,
    and no dollars that rest on machine-hours.
    """

    evalsuite_baseline: int
    name: str
    run: str
    evalsuite_version: str
    code: str | None
    sandbox: str
    repeats: int
    timings: bool
    concurrency: int | None
    hardware: dict[str, Any]
    tasks: dict[str, BaselineTask]
    systems: dict[str, BaselineSystem]


def baseline_of(run: Run, *, timings: bool = False) -> Baseline:
    """The baseline that blessing ``run`` makes: every task, every system that was reported.

    ``timings`` keeps seconds and machine-hour dollars, for a gate that runs on the same machine.
    Without them, blessing an unchanged system anew leaves the file as it was.
    """
    manifest = run.manifest
    bases = {entry.name: usd_bases(run, entry.name) for entry in manifest.systems}
    answers = {
        (task, system): {
            sample: item if timings else _portable(item, bases[system])
            for sample, item in of_task.items()
        }
        for (task, system), of_task in answers_of(run).items()
    }
    pins = sample_pins(run)
    return Baseline(
        evalsuite_baseline=FORMAT,
        name=manifest.name,
        run=manifest.fingerprint,
        evalsuite_version=manifest.evalsuite_version,
        code=manifest.code,
        sandbox=manifest.sandbox,
        repeats=manifest.repeats,
        timings=timings,
        concurrency=manifest.concurrency,
        hardware=manifest.hardware,
        tasks={
            task.name: BaselineTask(pins=task_pins(task), samples=pins[task.name])
            for task in sorted(manifest.tasks, key=lambda task: task.name)
        },
        systems={
            entry.name: BaselineSystem(
                entry=entry,
                usd_bases=bases[entry.name],
                answers={
                    task: of_task
                    for (task, system), of_task in sorted(answers.items())
                    if system == entry.name
                },
            )
            for entry in sorted(manifest.systems, key=lambda entry: entry.name)
            if entry.reported
        },
    )


def _portable(item: SampleAnswers, bases: Iterable[str]) -> SampleAnswers:
    """``item`` without what rests on the machine it was measured on."""
    usd = None if MACHINE_HOUR in bases else item.usd
    return msgspec.structs.replace(item, usd=usd, seconds=None)


def task_pins(task: TaskEntry) -> dict[str, Any]:
    """What of ``task`` decides its figures: hashes, split, version, what counts as a success."""
    return {
        name: value
        for name, value in sorted(msgspec.structs.asdict(task).items())
        if name not in UNPINNED
    }


def usd_bases(run: Run, system: str) -> tuple[str, ...]:
    """How the dollars of ``system``'s answers were obtained: "tokens", "machine_hour" ..."""
    calls = run.calls[(run.calls["system"] == system) & (run.calls["phase"] == "answer")]
    return tuple(sorted({str(basis) for basis in calls["usd_basis"].dropna()}))


def read_baseline(path: Path) -> Baseline:
    """Read the baseline in ``path``.

    Raises:
        UnreadableBaseline: there is no such file, it is not a baseline, or one of another format.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableBaseline(
            f"{path}: no such file; `evalsuite bless RUN --baseline {path}` makes one of a good run"
        ) from None
    except OSError as error:
        raise UnreadableBaseline(f"{path}: cannot be read: {error.strerror}") from None
    try:
        written = msgspec.json.decode(content)
        found = written.get("evalsuite_baseline") if isinstance(written, dict) else None
        if found is None:
            raise UnreadableBaseline(f"{path}: not a baseline of evalsuite")
        if found != FORMAT:
            raise UnreadableBaseline(
                f"{path}: a baseline of format {found}; this evalsuite reads format {FORMAT}: "
                "bless a run anew"
            )
        return msgspec.convert(written, Baseline)
    except msgspec.MsgspecError as error:
        raise UnreadableBaseline(f"{path}: not a baseline: {error}") from None


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write ``baseline`` so that a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(encoded(baseline), encoding="utf-8")
    os.replace(part, path)


def encoded(baseline: Baseline) -> str:
    """``baseline`` as JSON text: sorted by name, samples in the order of their task, one a line."""
    return "".join(_lines(msgspec.to_builtins(baseline), ())) + "\n"


def _lines(value: Any, at: tuple[str, ...]) -> Iterator[str]:
    names = tuple(key if level % 2 == 0 else "*" for level, key in enumerate(at))
    if not value or names not in SPREAD_OUT:
        yield json.dumps(value, ensure_ascii=False)
        return
    indent = " " * (len(at) + 1)
    yield "{"
    for index, (key, item) in enumerate(value.items()):
        yield f"{',' if index else ''}\n{indent}{json.dumps(key, ensure_ascii=False)}: "
        yield from _lines(item, (*at, key))
    yield f"\n{' ' * len(at)}}}"


def changes(old: Baseline, new: Baseline) -> list[str]:
    """What ``new`` has that ``old`` had not, in words: for whoever blesses it."""
    found = [
        *_named_changes("task", old.tasks, new.tasks),
        *_named_changes("system", old.systems, new.systems),
    ]
    for name in sorted(set(old.tasks) & set(new.tasks)):
        before, now = old.tasks[name], new.tasks[name]
        keys = sorted({*before.pins, *now.pins})
        changed = [key for key in keys if before.pins.get(key) != now.pins.get(key)]
        if changed:
            found.append(f"{name}: {', '.join(changed)}")
    for name in sorted(set(old.systems) & set(new.systems)):
        system, was = new.systems[name], old.systems[name]
        if system.entry.fingerprint != was.entry.fingerprint:
            prints = f"{was.entry.fingerprint} -> {system.entry.fingerprint}"
            found.append(f"{name}: fingerprint {prints}")
        for task in sorted(set(system.answers) & set(was.answers)):
            differing = _differing(was.answers[task], system.answers[task])
            if differing:
                rates = f"{_rate(was.answers[task])} -> {_rate(system.answers[task])}"
                found.append(f"{name} on {task}: {differing} samples came out otherwise, {rates}")
    if (old.repeats, old.evalsuite_version) != (new.repeats, new.evalsuite_version):
        found.append(
            f"{old.repeats} repeats of evalsuite {old.evalsuite_version} -> "
            f"{new.repeats} of {new.evalsuite_version}"
        )
    return found


def _named_changes(what: str, old: Iterable[str], new: Iterable[str]) -> list[str]:
    return [
        *(f"{what} {name} is new" for name in sorted(set(new) - set(old))),
        *(f"{what} {name} is gone" for name in sorted(set(old) - set(new))),
    ]


def _differing(old: Mapping[str, SampleAnswers], new: Mapping[str, SampleAnswers]) -> int:
    return sum(
        old[sample].success_rate != new[sample].success_rate for sample in set(old) & set(new)
    )


def _rate(answers: Mapping[str, SampleAnswers]) -> str:
    rates = [item.success_rate for item in answers.values() if item.success_rate is not None]
    return f"{100 * sum(rates) / len(rates):.1f} %" if rates else "nothing scored"
