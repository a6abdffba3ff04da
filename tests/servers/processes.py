"""Starting the server programs of this folder, and asking them what they saw."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STUB = Path(__file__).with_name("stub.py")


@dataclass(frozen=True)
class StubServer:
    """A running ``stub.py``."""

    address: str

    @property
    def base_url(self) -> str:
        """What a client is told."""
        return f"{self.address}/v1"

    def stats(self, *, contents: bool = False) -> dict[str, Any]:
        """What was asked and answered; see ``stub.py``."""
        return self._get("/stats?contents=1" if contents else "/stats")

    def next_epoch(self) -> int:
        """Begin a new epoch and return its number."""
        return self._get("/epoch")

    def set_fault_rate(self, rate: float) -> None:
        """The share of requests that fail from now on."""
        self._get(f"/faults?rate={rate:g}")

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.address + path, timeout=10) as reply:
            return json.load(reply)


@contextmanager
def started(script: Path, *options: str) -> Iterator[str]:
    """``script`` in a process of its own, which says its port first; the address, till the end."""
    process = subprocess.Popen(
        [sys.executable, str(script), *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def running_stub(**options: float) -> Iterator[StubServer]:
    """A stub server in a process of its own; ``latency_ms=5`` is its ``--latency-ms 5``."""
    stated = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    with started(STUB, *stated) as address:
        yield StubServer(address)
