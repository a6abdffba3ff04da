"""Runs for gates, written by hand: a letter an answer, as a baseline keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from evalsuite.analysis.gate_config import GateFile, load_gate_file
from evalsuite.analysis.gate_result import Finding, GateResult
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

RIGHT = ["1"] * 40
STATUS = {"1": "scored", "0": "scored", "f": "format_error", "x": "system_error", "s": "scored"}


def run_of(
    path: Path,
    answers: Mapping[str, Mapping[str, Sequence[str]]],
    *,
    clusters: Sequence[str] | None = None,
    usd: Mapping[str, float | None] | float | None = 0.001,
    seconds: Mapping[str, float | None] | float | None = 0.1,
    basis: str | None = "tokens",
    texts: Mapping[str, str] | None = None,
    prints: Mapping[str, str] | None = None,
    **manifest: Any,
) -> Run:
    """A run of ``answers[system][task]``, a word of outcome letters for each sample in order.

    ``usd`` and ``seconds`` are of every answer, or by system. ``texts`` are what is answered, by
    letter; ``prints`` the systems' fingerprints. ``manifest`` replaces fields of the manifest.
    """
    said = {"1": "right", "0": "wrong", "f": "???", **(texts or {})}
    given = [
        Given(
            task=task_name,
            sample=f"{task_name}-{number}",
            system=name,
            success={"1": True, "0": False, "f": False}.get(letter),
            cluster=clusters[number] if clusters else None,
            repeat=repeat,
            error_kind="timeout" if letter == "x" else None,
            score_status=STATUS[letter],
            text=said.get(letter),
            seconds=of_system(seconds, name),
            hops=(Hop(member=name, usd=of_system(usd, name)),),
        )
        for name, tasks in answers.items()
        for task_name, words in tasks.items()
        for number, word in enumerate(words)
        for repeat, letter in enumerate(word)
    ]
    sizes = {name: len(words) for tasks in answers.values() for name, words in tasks.items()}
    made = build_run(
        path,
        [task(name, n=n) for name, n in sizes.items()],
        [
            msgspec.structs.replace(system(name), fingerprint=(prints or {}).get(name, "f" * 16))
            for name in answers
        ],
        given,
    )
    calls = made.calls.assign(usd_basis=basis)
    changed = msgspec.structs.replace(
        made.manifest,
        repeats=max(
            len(word) for tasks in answers.values() for ws in tasks.values() for word in ws
        ),
        **manifest,
    )
    return replace(made.with_frames(calls=calls), manifest=changed)


def of_system(value: Mapping[str, float | None] | float | None, name: str) -> float | None:
    return value.get(name) if isinstance(value, Mapping) else value


def changed_samples(run: Run, column: str, values: Mapping[str, Any]) -> Run:
    """``run`` with ``column`` of some samples, by id, replaced."""
    samples = run.samples.copy()
    for sample, value in values.items():
        samples.loc[samples["sample_id"] == sample, column] = value
    return run.with_frames(samples=samples)


def without_samples(run: Run, names: Sequence[str]) -> Run:
    """``run`` that never had the samples of these ids."""

    def kept(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[~frame["sample_id"].isin(names)].reset_index(drop=True)

    return run.with_frames(
        samples=kept(run.samples), responses=kept(run.responses), scores=kept(run.scores)
    )


def with_manifest(run: Run, **manifest: Any) -> Run:
    """``run`` with fields of its manifest replaced."""
    return replace(run, manifest=msgspec.structs.replace(run.manifest, **manifest))


def lost(n: int, of: int = 40) -> list[str]:
    return ["0"] * n + ["1"] * (of - n)


def asks(**keys: Any) -> GateFile:
    return load_gate_file(None, keys)


def only(result: GateResult, metric: str = "success", system: str = "small") -> Finding:
    [found] = [item for item in result.findings if item.metric == metric and item.system == system]
    return found
