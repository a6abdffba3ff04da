"""A server that nobody here wrote: ``transformers serve`` over an embedded model, end to end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import evalsuite
from evalsuite.embedded import model_path

for package in ("torch", "transformers", "fastapi", "uvicorn", "openai"):
    pytest.importorskip(package, reason="`transformers serve` needs transformers[serving]")

MODEL = str(model_path("nano"))
LONGEST_START_SECONDS = 120.0


@dataclass(frozen=True)
class Served:
    base_url: str
    log: Path

    def system(self, **more: Any) -> dict[str, Any]:
        return {
            "backend": "openai",
            "model": MODEL,
            "base_url": self.base_url,
            "api_key_env": None,
            "max_retries": 0,
            **more,
        }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", MODEL]
    command += ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/health", process, folder / "log")
        yield Served(f"http://127.0.0.1:{port}/v1", folder / "log")
    finally:
        process.terminate()
        process.wait()


def wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(int(LONGEST_START_SECONDS / 0.2)):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"no {address} after {LONGEST_START_SECONDS:g} s: {log.read_text()}")


def rows(path: Path) -> str:
    """Writes four sums to ``path``."""
    sums = [{"id": n, "a": 3 * n + 2, "b": n + 5, "sum": 4 * n + 7} for n in range(4)]
    path.write_text("\n".join(map(json.dumps, sums)), encoding="utf-8")
    return str(path)


def run(systems: dict[str, Any], out: Path, **task: Any) -> evalsuite.Run:
    asked = {
        "name": "sums",
        "data": rows(out.with_suffix(".jsonl")),
        "id": "id",
        "prompt": "What is {{ a }} + {{ b }}?",
        "target": "sum",
        "scorer": "number",
        "max_output_tokens": 12,
        **task,
    }
    return evalsuite.run({"name": "serve", "tasks": [asked], "systems": systems}, out=out)


def calls_of(done: evalsuite.Run, system: str) -> Any:
    return done.calls[done.calls["system"] == system].sort_values("sample_id")


def notes_of(done: evalsuite.Run, words: str) -> list[str]:
    return [note for note in done.manifest.notes if words in note]


def test_every_way_of_asking_gives_what_the_model_says_in_this_process(
    served: Served, tmp_path: Path
) -> None:
    systems = {
        "here": "embedded/nano",
        "chat": served.system(),
        "streamed chat": served.system(stream=True),
        "responses": served.system(api="responses"),
        "streamed responses": served.system(api="responses", stream=True),
    }
    done = run(systems, tmp_path / "run")
    assert (done.calls.status == "ok").all()
    here = calls_of(done, "here")
    for name in list(systems)[1:]:
        there = calls_of(done, name)
        assert there.text.tolist() == here.text.tolist()
        assert there.input_tokens.tolist() == here.input_tokens.tolist()
        assert there.output_tokens.tolist() == here.output_tokens.tolist()
        assert set(there.tokens_counted_by) == {"provider"}
        assert (there.service_seconds > 0).all()
        if name.startswith("streamed"):
            assert (there.first_token_seconds > 0).all()
            assert (there.first_token_seconds <= there.service_seconds).all()
    assert calls_of(done, "chat").first_token_seconds.isna().all()
    assert done.responses.success.notna().all()
    # It streams the Responses API also where that was not asked for.
    assert calls_of(done, "responses").first_token_seconds.notna().all()


def test_log_probabilities_that_it_ignores_are_missed_once(served: Served, tmp_path: Path) -> None:
    systems = {
        "chat": served.system(logprobs=True),
        "streamed": served.system(logprobs=True, stream=True),
    }
    done = run(systems, tmp_path / "run")
    assert (done.calls.status == "ok").all()
    assert done.calls.mean_logprob.isna().all()
    assert len(notes_of(done, "log-probabilities were asked for; there are none")) == 1
    assert len(notes_of(done, "the answers are signed")) == 1
    assert "Ignoring unsupported fields in the request: {'logprobs'}" in served.log.read_text()


def test_choices_it_cannot_score_are_failures_with_a_reason(served: Served, tmp_path: Path) -> None:
    systems = {
        "scored": served.system(api="completions"),
        "generated": served.system(api="completions", choice_score="generate"),
    }
    choices = [str(4 * n + 7) for n in range(4)]
    done = run(systems, tmp_path / "run", scorer="choice", choices=choices)
    scored = calls_of(done, "scored")
    assert set(scored.error_kind) == {"no_loglikelihood"}
    assert scored.text.isna().all()
    assert notes_of(done, "choices cannot be scored")
    generated = calls_of(done, "generated")
    answered = generated[generated.status == "ok"]
    assert answered.output_tokens.between(1, 12).all()
    assert len(answered) >= 2  # the model may end at once, which is no answer
    assert set(generated.error_kind.dropna()) <= {"empty_answer"}


def test_a_schema_that_it_ignores_is_found_out(served: Served, tmp_path: Path) -> None:
    task = tmp_path / "typed_sums.py"
    task.write_text(TYPED_SUMS, encoding="utf-8")
    content = {"name": "typed", "tasks": [str(task)], "systems": {"m": served.system()}}
    done = evalsuite.run(content, out=tmp_path / "run")
    assert (done.calls.status == "ok").all()
    assert len(notes_of(done, "a JSON schema was asked for; the answer is not JSON")) == 1
    assert "{'response_format'}" in served.log.read_text()


TYPED_SUMS = '''
"""Sums whose answer should be JSON."""

from evalsuite.records import Sample, Score
from evalsuite.task import Task

TASK = Task(
    name="typed/sums",
    family="typed",
    summary="Sums whose answer should be JSON.",
    samples=lambda split: [Sample(id=str(n), inputs={"n": n}, target=2 * n) for n in range(3, 9)],
    prompt=lambda sample: f"What is {sample.inputs['n']} + {sample.inputs['n']}?",
    score=lambda sample, answer: [Score(name="right", value=float(answer.text == sample.target))],
    success="right",
    output_schema={"type": "object", "properties": {"sum": {"type": "integer"}}},
    max_output_tokens=24,
)
'''
