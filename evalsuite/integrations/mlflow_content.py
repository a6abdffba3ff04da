"""What of a run becomes an MLflow run: names, parameters, metrics and tags, within its limits."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import headline
from evalsuite.records import Manifest, SystemEntry, fingerprint
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.tidy import FigureRow, tidy

LONGEST_KEY, LONGEST_PARAM, LONGEST_TAG = 250, 6000, 5000
OF_A_TASK = frozenset(
    {
        *("n_attempted", "n_scored", "n_system_errors", "n_scorer_errors", "n_successes"),
        *("success_rate", "usd", "usd_per_success", "usd_per_thousand", "joules_per_success"),
        *("latency.p50", "latency.p95"),
    }
)
"""Figures of a system on one task that become metrics; of a system over all tasks, all do."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """One MLflow run. ``key`` identifies it: what has the same key is the same run."""

    name: str
    key: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


def parent_content(summary: Summary) -> Content:
    """The evaluation as a whole; its systems are runs below it."""
    manifest = summary.manifest
    params = legal(
        {
            "tasks": [task.name for task in manifest.tasks],
            "repeats": manifest.repeats,
            "seed": manifest.seed,
            "concurrency": manifest.concurrency,
            "sandbox": manifest.sandbox,
            "fingerprint": manifest.fingerprint,
        }
    )
    tags = {
        **_common_tags(manifest),
        "mlflow.note.content": headline(summary),
        "evalsuite.stopped": manifest.stopped,
        "evalsuite.best": summary.best,
    }
    return Content(
        name=one_line(manifest.name),
        key=fingerprint(["evaluation", manifest.fingerprint, manifest.started_at, params]),
        params=params,
        metrics={},
        tags=_tags(tags),
    )


def system_contents(summary: Summary, parent: Content) -> Iterator[Content]:
    """Each system of the evaluation."""
    rows: dict[str, list[FigureRow]] = {item.entry.name: [] for item in summary.systems}
    for row in tidy(summary):
        if row.system in rows and row.other is None:
            rows[row.system].append(row)
    for item in summary.systems:
        metrics, infinite = metrics_of(rows[item.entry.name])
        params = _params(item.entry)
        tags = {
            **_common_tags(summary.manifest),
            "evalsuite.system": item.entry.name,
            "evalsuite.kind": item.entry.kind,
            "evalsuite.comparable": str(item.comparable).lower(),
            "evalsuite.infinite": ", ".join(infinite) or None,
        }
        yield Content(
            name=one_line(item.entry.name),
            key=fingerprint(["system", parent.key, item.entry.name, params]),
            params=params,
            metrics=metrics,
            tags=_tags(tags),
        )


def metrics_of(rows: Iterable[FigureRow]) -> tuple[dict[str, float], list[str]]:
    """The known, finite figures of one system, with their bounds, and the names of infinite ones.

    A figure over all tasks keeps its name; one of a task is below ``tasks/TASK/``.
    """
    named: dict[str, float | None] = {}
    for row in rows:
        name = _metric(row)
        if name is None:
            continue
        named[name] = row.value
        if row.low is not None:
            named[f"{name}.low"] = row.low
        if row.high is not None:
            named[f"{name}.high"] = row.high
    known = {name: value for name, value in named.items() if value is not None}
    keys = legal_keys(known)
    finite = {keys[name]: value for name, value in known.items() if math.isfinite(value)}
    return finite, [keys[name] for name, value in known.items() if not math.isfinite(value)]


def _metric(row: FigureRow) -> str | None:
    """What a figure is called in MLflow; None where it does not become a metric."""
    if row.unit == "boolean":
        return None
    if row.scope in ("tasks.scores", "tasks.corpus"):
        wanted = row.figure in ("mean", "value")
        return f"tasks/{row.task}/{row.part}" if wanted else None
    if row.part is not None:
        return None
    if row.task is not None:
        wanted = row.scope == "tasks" and row.figure in OF_A_TASK
        return f"tasks/{row.task}/{row.figure}" if wanted else None
    if "." in row.scope:
        return None
    return row.figure if row.scope == "systems" else f"{row.scope}.{row.figure}"


def _params(entry: SystemEntry) -> dict[str, str]:
    """How a system is set up: what it is, what it costs, and every key of its configuration."""
    return legal(
        {
            "kind": entry.kind,
            "pattern": entry.pattern,
            "model": entry.model,
            "parameters": entry.parameters,
            "fingerprint": entry.fingerprint,
            **{f"role.{role}": name for role, name in entry.roles.items()},
            **{f"price.{key}": value for key, value in entry.price.items()},
            **{f"config.{key}": value for key, value in entry.config.items()},
        }
    )


def legal(params: Mapping[str, Any]) -> dict[str, str]:
    """``params`` as MLflow takes them: legal names, values as text; unknown ones are left out."""
    known = {name: value for name, value in params.items() if value is not None}
    keys = legal_keys(known)
    return {keys[name]: _value(value)[:LONGEST_PARAM] for name, value in known.items()}


def legal_keys(names: Iterable[str]) -> dict[str, str]:
    """A legal MLflow key for each of ``names``, and different ones for different names.

    Legal are letters, digits, ``_ - . / :`` and spaces, 250 of them, that are a path of their own;
    a colon is not, on Windows. What had to be changed gets a hash of what it was.
    """
    return {name: name if _is_legal(name) else _legal_key(name) for name in names}


def _is_legal(name: str) -> bool:
    alone = posixpath.normpath(name) == name and not name.startswith(("/", "."))
    return bool(re.fullmatch(r"[\w.\- /]+", name, re.ASCII)) and alone and len(name) <= LONGEST_KEY


def _legal_key(name: str) -> str:
    parts = [
        re.sub(r"[^\w.\- ]", "_", part, flags=re.ASCII).strip(". ") for part in name.split("/")
    ]
    path = "/".join(part for part in parts if part)[: LONGEST_KEY - 20].rstrip("./ ")
    return f"{path or 'name'}_{fingerprint(name)[:8]}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _common_tags(manifest: Manifest) -> dict[str, str | None]:
    return {
        "evalsuite.fingerprint": manifest.fingerprint,
        "evalsuite.version": manifest.evalsuite_version,
        "evalsuite.python": manifest.python,
        "evalsuite.hardware": json.dumps(manifest.hardware, ensure_ascii=False),
        "mlflow.source.name": "evalsuite",
        "mlflow.source.git.commit": manifest.code,
    }


def _tags(tags: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value[:LONGEST_TAG] for name, value in tags.items() if value is not None}
