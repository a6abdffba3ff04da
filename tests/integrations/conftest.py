from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalsuite.store import Run, load_run, write_manifest
from tests.analysis.frames import Given, Hop, build_run, system, task
from tests.servers.processes import started

SERVERS = Path(__file__).resolve().parents[1] / "servers"
HOSTILE = "</script>\x1b[31m\u202e=cmd|'/c calc'!A0"


@dataclass(frozen=True)
class Program:
    """A running server of ``tests/servers``."""

    address: str

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=10) as reply:
            return json.load(reply)


@contextmanager
def program(name: str, *options: str) -> Iterator[Program]:
    with started(SERVERS / name, *options) as address:
        yield Program(address)


Start = Callable[..., Program]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts server programs and ends them."""
    with ExitStack() as stack:
        yield lambda name, *options: stack.enter_context(program(name, *options))


def on_disk(run: Run) -> Run:
    """``run``, written to its folder and read from there."""
    from evalsuite.tables import TABLES, TableWriter

    run.path.mkdir(parents=True, exist_ok=True)
    write_manifest(run.path, run.manifest)
    for name, columns in TABLES.items():
        with TableWriter(run.path, name) as writer:
            rows = run.read(name, list(columns)).astype(object)
            rows = rows.where(rows.notna(), None)
            for row in rows.itertuples(index=False, name=None):
                writer.add(
                    tuple(_plain(value, columns[c]) for value, c in zip(row, columns, strict=True))
                )
    return load_run(run.path)


def _plain(value: Any, kind: str) -> Any:
    return int(value) if kind == "integer" and value is not None else value


@pytest.fixture
def written(tmp_path: Path) -> Run:
    """A model, an endpoint, a cascade of both that asks a tool; failures, unknowns; on disk."""
    small = Hop(role="tier_1", member="small", reason="first tier", usd=0.001, text="no")
    large = Hop(role="tier_2", member="api", reason="0.31 below 0.7", usd=0.02, text=HOSTILE)
    tool = Hop(role="search", member="search", reason="looked up", usd=0.0)
    answers = [
        *(Given(sample=str(i), system="small", success=i > 0) for i in range(4)),
        Given(sample="0", system="api", hops=[Hop(member="api", usd=None, input_tokens=None)]),
        Given(
            sample="1",
            system="api",
            success=None,
            error_kind="rate_limited",
            error_message=f"429 {HOSTILE}",
            hops=[Hop(member="api", status="error", usd=None, seconds=0.5)],
            seconds=0.5,
        ),
        Given(
            sample="2",
            system="api",
            seconds=None,
            hops=[Hop(member="api", usd=0.02, seconds=None, recorded=True)],
        ),
        Given(
            sample="3",
            system="api",
            hops=[Hop(member="api", cached=True, seconds=None)],
            seconds=None,
        ),
        *(
            Given(sample=str(i), system="both", hops=[small, tool, large], text=HOSTILE)
            for i in range(4)
        ),
    ]
    run = build_run(
        tmp_path / "run",
        [task("t", "reasoning", 4)],
        [
            system("small", parameters=1000, price={"usd_per_machine_hour": 0.1}),
            system(
                "api",
                pattern="openai",
                config={"base_url": "http://models.example:8000/v1", "temperature": 0.2},
            ),
            system("both", "hybrid", {"tier_1": "small", "tier_2": "api"}),
        ],
        answers,
        prompts={"0": f"What is 7 + 5? {HOSTILE}"},
    )
    calls = run.calls.copy()
    calls["request_key"] = [None if member == "search" else "r" * 16 for member in calls.member]
    return on_disk(run.with_frames(calls=calls))
