"""A server that nobody here wrote: ``transformers serve`` over an embedded model, end to end."""

from __future__ import annotations

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
    command += ["--device", "cpu", "--host", "127.0.0.1", "--port", str(port)]
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


def run(systems: dict[str, Any], out: Path, **task: Any) -> evalsuite.Run:
    rows = [f'{{"id": "{n}", "a": {3 * n + 2}, "b": {n + 5}}}' for n in range(6)]
    data = out.with_suffix(".jsonl")
    data.write_text("\n".join(rows), encoding="utf-8")
    sums = {
        "name": "sums",
        "data": str(data),
        "id": "id",
        "prompt": "What is {{ a }} + {{ b }}?",
        "target": "b",
        "scorer": "number",
        "max_output_tokens": 16,
        **task,
    }
    return evalsuite.run({"name": "serve", "tasks": [sums], "systems": systems}, out=out)


def of(done: evalsuite.Run, system: str) -> Any:
    return done.calls[done.calls["system"] == system].sort_values("sample_id")


def test_every_way_of_asking_gives_what_the_model_says_in_this_process(
    served: Served, tmp_path: Path
) -> None:
    systems = {
        "here": "embedded/nano",
        "chat": served.system(),
        "streamed": served.system(stream=True),
        "responses": served.system(api="responses", extra={"stream": None}),
    }
    del systems["responses"]
    done = run(systems, tmp_path / "run")
    assert (done.calls.status == "ok").all()
    here = of(done, "here")
    for name in ("chat", "streamed"):
        there = of(done, name)
        assert there.text.tolist() == here.text.tolist()
        assert there.input_tokens.tolist() == here.input_tokens.tolist()
        assert there.output_tokens.tolist() == here.output_tokens.tolist()
        assert set(there.tokens_counted_by) == {"provider"}
        assert (there.service_seconds > 0).all()
    assert of(done, "chat").first_token_seconds.isna().all()
    streamed = of(done, "streamed")
    assert (streamed.first_token_seconds > 0).all()
    assert (streamed.first_token_seconds <= streamed.service_seconds).all()
    print(done.manifest.notes)
    print(of(done, "chat")[["text", "output_tokens"]])


def test_what_it_ignores_is_said_once(served: Served, tmp_path: Path) -> None:
    systems = {
        "logprobs": served.system(logprobs=True),
        "streamed": served.system(logprobs=True, stream=True),
    }
    done = run(systems, tmp_path / "run")
    assert (done.calls.status == "ok").all()
    assert done.calls.mean_logprob.isna().all()
    about = [note for note in done.manifest.notes if "log-probabilities" in note]
    print(done.manifest.notes)
    assert about
