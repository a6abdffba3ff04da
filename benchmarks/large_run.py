"""A large run, made up: what a folder of evalsuite holds after a million answers.

Ten systems (seven models, three hybrids that ask two of them) answered five tasks. Two tasks have
clusters of five samples; a model in a hundred answers failed, some scores are missing or were read
from no form, one model has no price, and hybrids escalate where samples are hard. Texts are words
of a few hundred characters. Everything goes through the schemas of ``evalsuite.tables``; columns
that are not made up here are null. The same sizes and seed give the same run.

    python benchmarks/large_run.py FOLDER [--samples 20000] [--seed 0]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from large_run_parts import HYBRIDS, MODELS, TASKS, Hybrid, Model, manifest, named, roles_of
from numpy.typing import NDArray

from evalsuite.store import write_manifest
from evalsuite.tables import TABLES, schema_of

ROW_GROUP = 5000
REASONS = ("first tier", "mean_logprob below", "answers disagree", "second tier", "checked")
KINDS = ("timeout", "rate_limited", "content_filter")
Columns = dict[str, Any]
Floats = NDArray[np.float64]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=20_000, help="of each of the 5 tasks")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.perf_counter()
    rows = write_run(arguments.folder, n_samples=arguments.samples, seed=arguments.seed)
    print(f"{rows} in {time.perf_counter() - began:.0f} s")


def write_run(folder: Path, *, n_samples: int, seed: int = 0) -> dict[str, int]:
    """Write the run of ``n_samples`` a task to ``folder``; returns the rows of each table."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    words = _words(rng)
    with ExitStack() as stack:
        tables = {name: stack.enter_context(_Table(folder, name)) for name in TABLES}
        for task, _, in_cluster in TASKS:
            samples = _samples(task, n_samples, in_cluster, words, rng)
            tables["samples"].add(samples, n_samples)
            # What is hard for one model is hard for the others too.
            ease = rng.normal(size=n_samples) + np.repeat(
                rng.normal(size=n_samples // in_cluster + 1), in_cluster
            )[:n_samples] * (in_cluster > 1)
            for model in MODELS:
                _answer(tables, task, samples, model, None, ease, words, rng)
            for hybrid in HYBRIDS:
                _answer(tables, task, samples, named(hybrid.first), hybrid, ease, words, rng)
        tables["fits"].add(_fits(), len(TASKS))
        tables["corpus"].add(*_corpus(n_samples))
    write_manifest(folder, manifest(n_samples, seed))
    return {name: table.n for name, table in tables.items()}


class _Table:
    """A table that is written in row groups, as evalsuite's own writer does."""

    def __init__(self, folder: Path, name: str) -> None:
        self.n = 0
        self._schema = schema_of(name)
        self._writer = pq.ParquetWriter(
            folder / f"{name}.parquet", self._schema, compression="zstd"
        )

    def add(self, columns: Mapping[str, Any], n: int) -> None:
        """``n`` rows; a column that is not named is null."""
        arrays = [
            pa.array(columns[item.name], item.type, from_pandas=True)
            if item.name in columns
            else pa.nulls(n, item.type)
            for item in self._schema
        ]
        self._writer.write_table(
            pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=ROW_GROUP
        )
        self.n += n

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()


def _samples(task: str, n: int, in_cluster: int, words: str, rng: np.random.Generator) -> Columns:
    asked = _texts(words, n, 250, rng)
    ids = [f"{task}-{number}" for number in range(n)]
    clusters = [f"passage-{number // in_cluster}" for number in range(n)]
    subjects = rng.integers(0, 12, n)
    return {
        "task": [task] * n,
        "sample_id": ids,
        "cluster": ids if in_cluster == 1 else clusters,
        "inputs": [f'{{"question":"{text}"}}' for text in asked],
        "target": [f'"{number % 97}"' for number in range(n)],
        "metadata": [f'{{"subject":"subject {of}","level":{of % 4}}}' for of in subjects],
        "messages": [f'[{{"role":"user","content":"{text}"}}]' for text in asked],
    }


def _answer(
    tables: Mapping[str, _Table],
    task: str,
    samples: Columns,
    model: Model,
    hybrid: Hybrid | None,
    ease: Floats,
    words: str,
    rng: np.random.Generator,
) -> None:
    """The answers of one system to one task, with their calls and scores."""
    n = ease.size
    system = hybrid.name if hybrid else model.name
    again = named(hybrid.second) if hybrid else None
    share = hybrid.share if hybrid else 0.0
    second = ease < np.quantile(ease, share) if 0 < share < 1 else np.full(n, share == 1.0)
    skill = np.where(second, again.right if again else 0.0, model.right)
    success = _chance(skill, ease) > rng.random(n)
    failed, unscored = rng.random(n) < 0.01, rng.random(n) < 0.002
    keys = _keys(n, rng)
    hops = [_calls(model, n, rng)]
    if again:
        hops.append(_calls(again, n, rng))
        hops[1]["usd"] = np.where(second, hops[1]["usd"], 0.0)
        hops[1]["seconds"] = np.where(second, hops[1]["seconds"], 0.0)
    texts = _texts(words, n, 300, rng)
    about = {"task": [task] * n, "sample_id": samples["sample_id"], "system": [system] * n}
    about["repeat"] = np.zeros(n, dtype=int)
    status = np.where(failed, "system_error", "ok")
    errors = np.where(failed, np.array(KINDS)[rng.integers(0, 3, n)], None)
    tables["responses"].add(
        {
            **about,
            "key": keys,
            "cluster": samples["cluster"],
            "status": status,
            "error_kind": errors,
            "error_message": np.where(failed, "the endpoint did not answer", None),
            "success": np.where(failed | unscored, None, success),
            "text": np.where(failed, None, np.array(texts, dtype=object)),
            "started_at": 1.7e9 + np.cumsum(hops[0]["seconds"]),
            "seconds": sum(hop["seconds"] for hop in hops),
            "n_calls": 1 + second if hybrid else np.ones(n, dtype=int),
            "n_cached_calls": np.zeros(n, dtype=int),
            **{
                name: sum(hop[name] for hop in hops)
                for name in ("usd", "joules", "input_tokens", "output_tokens", "queue_seconds")
            },
            "billed_usd": sum(hop["usd"] for hop in hops),
        },
        n,
    )
    roles = list(roles_of(hybrid)) if hybrid else [""]
    asked = [(model, np.ones(n, dtype=bool)), *([(again, second)] if again else ())]
    for ordinal, (member, rows) in enumerate(asked):
        hop = {**hops[ordinal], "member": member, "role": roles[ordinal], "ordinal": ordinal}
        _add_calls(tables["calls"], about, hop, keys, rows, errors, words, rng)
    _add_scores(tables["scores"], about, keys, success, failed, unscored, words, rng)


def _calls(model: Model, n: int, rng: np.random.Generator) -> Columns:
    """What ``n`` calls of a model took."""
    spread = rng.lognormal(0.0, 0.5, n)
    queue = rng.exponential(0.01, n)
    return {
        "usd": np.full(n, np.nan) if model.usd is None else model.usd * spread,
        "joules": np.full(n, np.nan) if model.joules is None else model.joules * spread,
        "seconds": model.seconds * spread + queue,
        "queue_seconds": queue,
        "service_seconds": model.seconds * spread,
        "first_token_seconds": 0.3 * model.seconds * spread,
        "input_tokens": np.round(200 * rng.lognormal(0.0, 0.2, n)),
        "output_tokens": np.ceil(60 * spread),
    }


def _add_calls(
    table: _Table,
    about: Columns,
    took: Columns,
    keys: Sequence[str],
    rows: NDArray[np.bool_],
    errors: NDArray[np.object_],
    words: str,
    rng: np.random.Generator,
) -> None:
    member, role, ordinal = (took.pop(name) for name in ("member", "role", "ordinal"))
    kept = np.flatnonzero(rows)
    n = kept.size
    if not n:
        return
    texts = _texts(words, n, 300, rng)
    table.add(
        {
            **{name: [values[i] for i in kept] for name, values in about.items()},
            **{name: values[kept] for name, values in took.items()},
            "billed_usd": took["usd"][kept],
            "response_key": [keys[i] for i in kept],
            "key": _keys(n, rng),
            "request_key": _keys(n, rng),
            "ordinal": np.full(n, ordinal),
            "phase": ["answer"] * n,
            "role": [role] * n,
            "member": [member.name] * n,
            "model": [f"org/{member.name}"] * n,
            "reason": [
                f"{REASONS[ordinal]} {value:.3f}" if role else "asked" for value in rng.random(n)
            ],
            "status": np.where(np.equal(errors[kept], None), "ok", "error"),
            "error_kind": errors[kept],
            "text": texts,
            "answer": [f'{{"text":"{text}"}}' for text in texts] if role else [None] * n,
            "usd_basis": ["tokens" if member.usd is not None else None] * n,
            "joules_basis": ["watts" if member.joules is not None else None] * n,
            "started_at": 1.7e9 + np.cumsum(took["seconds"])[kept],
            "machine_seconds": took["service_seconds"][kept],
            "batch_size": np.ones(n, dtype=int),
            "retries": (rng.random(n) < 0.02).astype(int),
            "backoff_seconds": np.zeros(n),
            "recorded": np.zeros(n, dtype=bool),
            "cached": np.zeros(n, dtype=bool),
        },
        n,
    )


def _add_scores(
    table: _Table,
    about: Columns,
    keys: Sequence[str],
    success: NDArray[np.bool_],
    failed: NDArray[np.bool_],
    unscored: NDArray[np.bool_],
    words: str,
    rng: np.random.Generator,
) -> None:
    n = success.size
    unread = ~success & (rng.random(n) < 0.05)
    status = np.select(
        [failed, unscored, unread], ["system_error", "scorer_error", "format_error"], "scored"
    )
    unknown = failed | unscored
    overlap = np.clip(success * 0.5 + rng.random(n) / 2, 0, 1)
    for name, values, decides in (("exact", success, True), ("overlap", overlap, False)):
        if not decides and about["task"][0] not in ("extraction/records", "tools/calls"):
            continue
        table.add(
            {
                **about,
                "response_key": keys,
                "name": [name] * n,
                "value": np.where(unknown, np.nan, values),
                "status": status,
                "explanation": _texts(words, n, 60, rng),
                "decides": [decides] * n,
            },
            n,
        )


def _fits() -> Columns:
    tasks = [name for name, _, _ in TASKS]
    return {
        "key": [f"fit-{name}" for name in tasks],
        "task": tasks,
        "system": ["router"] * len(tasks),
        "split": ["validation"] * len(tasks),
        "n_samples": [200] * len(tasks),
        "seconds": [30.0] * len(tasks),
        "usd": [0.4] * len(tasks),
        "note": ["threshold 0.41"] * len(tasks),
    }


def _corpus(n_samples: int) -> tuple[Columns, int]:
    systems = [one.name for one in (*MODELS, *HYBRIDS)]
    n = len(systems)
    return {
        "task": ["classification/intents"] * n,
        "system": systems,
        "metric": ["macro_f1"] * n,
        "value": np.linspace(0.5, 0.9, n),
        "n": [n_samples] * n,
    }, n


def _chance(skill: Floats, ease: Floats) -> Floats:
    """How likely an answer is right: ``skill`` at an ease of 0."""
    return np.asarray(1 / (1 + np.exp(-np.log(skill / (1 - skill)) - ease)))


def _keys(n: int, rng: np.random.Generator) -> list[str]:
    return [f"{key:016x}" for key in rng.integers(0, 2**63, n)]


def _words(rng: np.random.Generator) -> str:
    """A long text of made-up words, which texts are cut from."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(rng.choice(letters, size)) for size in rng.integers(2, 10, 4000)]
    return " ".join(words[i] for i in rng.integers(0, len(words), 200_000))


def _texts(words: str, n: int, mean: int, rng: np.random.Generator) -> list[str]:
    lengths = np.clip(rng.lognormal(np.log(mean), 0.5, n), 10, 4000).astype(int)
    starts = rng.integers(0, len(words) - 4000, n)
    return [words[at : at + size] for at, size in zip(starts, lengths, strict=True)]


if __name__ == "__main__":
    main()
