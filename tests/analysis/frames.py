"""Small runs, written by hand: each answer is one line, and the frames follow from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evalsuite.records import SCHEMA_VERSION, Manifest, SystemEntry, TaskEntry, total
from evalsuite.store import Run, in_memory, no_verdicts
from evalsuite.tables import TABLES


@dataclass(frozen=True, kw_only=True)
class Hop:
    """One call of an answer."""

    role: str = ""
    member: str = "small"
    reason: str = "asked"
    status: str = "ok"
    usd: float | None = 0.001
    seconds: float | None = 0.1
    queue_seconds: float | None = 0.02
    service_seconds: float | None = 0.08
    first_token_seconds: float | None = None
    machine_seconds: float | None = None
    input_tokens: int | None = 10
    output_tokens: int | None = 2
    joules: float | None = None
    idle_joules: float | None = None
    joules_basis: str | None = None
    retries: int = 0
    recorded: bool = False
    cached: bool = False
    text: str = "yes"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What one system answered for one sample; ``success`` None is a failure."""

    task: str = "t"
    sample: str = "0"
    system: str = "small"
    success: bool | None = True
    cluster: str | None = None
    repeat: int = 0
    error_kind: str | None = None
    error_message: str | None = None
    score_status: str = "scored"
    text: str | None = "yes"
    seconds: float | None = 0.1
    started_at: float = 1_700_000_000.0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    hops: Sequence[Hop] = field(default_factory=lambda: (Hop(),))

    @property
    def key(self) -> str:
        return f"{self.task}/{self.system}/{self.sample}/{self.repeat}"


def task(name: str = "t", family: str = "reasoning", n: int = 1) -> TaskEntry:
    return TaskEntry(
        name=name,
        family=family,
        summary=f"what {name} is about",
        version=1,
        split="test",
        n_samples=n,
        data_hash="d" * 16,
        prompt_hash="p" * 16,
        success="exact",
        success_at=1.0,
        source="made up",
        licence="CC0",
        reference="",
    )


def system(
    name: str, kind: str = "model", roles: dict[str, str] | None = None, **more: Any
) -> SystemEntry:
    return SystemEntry(
        name=name,
        kind="hybrid" if kind == "hybrid" else "model",
        pattern=more.pop("pattern", "cascade" if kind == "hybrid" else "transformers"),
        model=None if kind == "hybrid" else f"org/{name}",
        fingerprint="f" * 16,
        roles=roles or {},
        price=more.pop("price", {}),
        parameters=more.pop("parameters", None),
        config=more.pop("config", {}),
        **more,
    )


def manifest(tasks: Sequence[TaskEntry], systems: Sequence[SystemEntry]) -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name="by-hand",
        experiment={"name": "by-hand"},
        fingerprint="e" * 16,
        started_at=1_700_000_000.0,
        finished_at=1_700_000_100.0,
        complete=True,
        sessions=1,
        tasks=tuple(tasks),
        systems=tuple(systems),
        repeats=1,
        seed=0,
        concurrency=4,
        sandbox="full",
        evalsuite_version="0.1.0",
        code=None,
        python="3.11.7",
        packages={"numpy": "2.0"},
        hardware={"cpu_count": 2, "cpu": "a <fast> one"},
    )


def build_run(
    path: Path,
    tasks: Sequence[TaskEntry],
    systems: Sequence[SystemEntry],
    answers: Sequence[Given],
    *,
    fits: Sequence[dict[str, Any]] = (),
    corpus: Sequence[dict[str, Any]] = (),
    prompts: dict[str, str] | None = None,
) -> Run:
    samples = {(item.task, item.sample): item for item in answers}
    rows: dict[str, list[dict[str, Any]]] = {
        "samples": [_sample(item, prompts or {}) for item in samples.values()],
        "responses": [_response(item) for item in answers],
        "practice": [],
        "calls": [row for item in answers for row in _calls(item)],
        "scores": [_score(item) for item in answers],
        "fits": list(fits),
        "corpus": list(corpus),
    }
    frames = {
        name: pd.DataFrame(
            [{column: row.get(column) for column in columns} for row in rows[name]],
            columns=list(columns),
        )
        for name, columns in TABLES.items()
    }
    tables = {"verdicts": no_verdicts, **in_memory(frames)}
    return Run(path=path, manifest=manifest(tasks, systems), tables=tables)


def _sample(item: Given, prompts: dict[str, str]) -> dict[str, Any]:
    prompt = prompts.get(item.sample, f"question {item.sample}?")
    return {
        "task": item.task,
        "sample_id": item.sample,
        "cluster": item.cluster or item.sample,
        "inputs": json.dumps({"question": prompt}),
        "target": json.dumps("yes"),
        "metadata": json.dumps(item.metadata),
        "messages": json.dumps([{"role": "user", "content": prompt}]),
    }


def _response(item: Given) -> dict[str, Any]:
    return {
        "key": item.key,
        "task": item.task,
        "sample_id": item.sample,
        "cluster": item.cluster or item.sample,
        "system": item.system,
        "repeat": item.repeat,
        "status": "system_error" if item.error_kind else "ok",
        "error_kind": item.error_kind,
        "error_message": item.error_message,
        "success": item.success,
        "text": None if item.error_kind else item.text,
        "started_at": item.started_at,
        "seconds": item.seconds,
        "n_calls": len(item.hops),
        "usd": total(hop.usd for hop in item.hops),
        "billed_usd": total(0.0 if hop.cached else hop.usd for hop in item.hops),
        "n_cached_calls": sum(hop.cached for hop in item.hops),
        "joules": total(hop.joules for hop in item.hops),
        "idle_joules": total(hop.idle_joules for hop in item.hops),
        "input_tokens": total(hop.input_tokens for hop in item.hops),
        "output_tokens": total(hop.output_tokens for hop in item.hops),
        "queue_seconds": total(hop.queue_seconds for hop in item.hops),
    }


def _calls(item: Given) -> list[dict[str, Any]]:
    return [
        {
            "response_key": item.key,
            "task": item.task,
            "sample_id": item.sample,
            "system": item.system,
            "repeat": item.repeat,
            "ordinal": ordinal,
            "phase": "answer",
            "key": f"{item.key}#{ordinal}",
            "model": f"org/{hop.member}",
            "started_at": 1_700_000_000.0,
            "backoff_seconds": 0.0,
            "error_kind": "timeout" if hop.status == "error" else None,
            **{name: value for name, value in vars(hop).items()},
        }
        for ordinal, hop in enumerate(item.hops)
    ]


def _score(item: Given) -> dict[str, Any]:
    status = "system_error" if item.error_kind else item.score_status
    return {
        "response_key": item.key,
        "task": item.task,
        "sample_id": item.sample,
        "system": item.system,
        "repeat": item.repeat,
        "name": "exact",
        "value": None if item.success is None else float(item.success),
        "status": status,
        "explanation": "compared exactly",
        "decides": True,
    }
