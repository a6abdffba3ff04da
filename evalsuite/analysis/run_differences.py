"""In what two runs differ before any answer is looked at: data, prompts, systems, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from evalsuite.analysis.answers import sample_pins
from evalsuite.analysis.baseline import task_pins
from evalsuite.records import Manifest, SystemEntry

if TYPE_CHECKING:
    from evalsuite.store import Run

CONDITIONS = ("repeats", "seed", "concurrency", "sandbox", "evalsuite_version", "code", "python")


def run_differences(a: Run, b: Run, systems: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """What differs between ``a`` and ``b``, a line each; nothing where they are one run."""
    if a.manifest == b.manifest:
        return ()
    return (
        *_names("task", _tasks(a), _tasks(b)),
        *_names("system", _systems(a), _systems(b)),
        *_task_lines(a, b),
        *_system_lines(a.manifest, b.manifest, systems),
        *_conditions(a.manifest, b.manifest),
    )


def config_changes(a: SystemEntry, b: SystemEntry) -> str:
    """The settings that differ, as "key old -> new", or words for none."""
    return _changed(a.config, b.config) or "the same configuration, other content"


def _task_lines(a: Run, b: Run) -> list[str]:
    pins_a, pins_b = sample_pins(a), sample_pins(b)
    entries_a, entries_b = _tasks(a), _tasks(b)
    found = []
    for task in sorted(set(entries_a) & set(entries_b)):
        then, now = pins_a[task], pins_b[task]
        common = [one for one in then if one in now]
        content = sum(then[one].split()[0] != now[one].split()[0] for one in common)
        prompts = sum(then[one].split()[1] != now[one].split()[1] for one in common)
        if len(common) < max(len(then), len(now)):
            counts = f"{len(then)} and {len(now)} samples, {len(common)} in common"
            found.append(f"{task}: {counts}")
        if content:
            found.append(f"{task}: {content} samples differ in content; they are left out")
        if prompts:
            found.append(f"{task}: {prompts} samples are asked with another prompt")
        before, after = (
            {key: value for key, value in task_pins(entry).items() if key not in _HASHED}
            for entry in (entries_a[task], entries_b[task])
        )
        changed = _changed(before, after)
        if changed:
            found.append(f"{task}: {changed}")
    return found


_HASHED = {"data_hash", "prompt_hash", "n_samples"}


def _system_lines(a: Manifest, b: Manifest, systems: Iterable[tuple[str, str]]) -> list[str]:
    of_a = {entry.name: entry for entry in a.systems}
    of_b = {entry.name: entry for entry in b.systems}
    found = []
    for name_a, name_b in systems:
        then, now = of_a[name_a], of_b[name_b]
        if then.fingerprint != now.fingerprint:
            names = name_a if name_a == name_b else f"{name_a} -> {name_b}"
            prints = f"{then.fingerprint} -> {now.fingerprint}"
            found.append(f"{names}: {prints} ({config_changes(then, now)})")
        prices = _changed(then.price, now.price)
        if prices:
            found.append(f"{name_a}: price: {prices}")
    return found


def _conditions(a: Manifest, b: Manifest) -> list[str]:
    found = [
        f"{name.replace('_', ' ')}: {getattr(a, name)} -> {getattr(b, name)}"
        for name in CONDITIONS
        if getattr(a, name) != getattr(b, name)
    ]
    for name, then, now in (
        ("hardware", a.hardware, b.hardware),
        ("packages", a.packages, b.packages),
    ):
        changed = _changed(then, now)
        if changed:
            found.append(f"{name}: {changed}")
    return found


def _names(what: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    return [
        *(f"{what} {name} only in A" for name in sorted(set(a) - set(b))),
        *(f"{what} {name} only in B" for name in sorted(set(b) - set(a))),
    ]


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {a.get(key)!r} -> {b.get(key)!r}"
        for key in sorted({*a, *b})
        if a.get(key) != b.get(key)
    )


def _tasks(run: Run) -> dict[str, Any]:
    return {entry.name: entry for entry in run.manifest.tasks}


def _systems(run: Run) -> dict[str, SystemEntry]:
    return {entry.name: entry for entry in run.manifest.systems if entry.reported}
