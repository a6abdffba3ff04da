"""What the systems of one run share: device threads, endpoint limits, counters, notes, a folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from evalsuite.systems.energy.meter import Meter
from evalsuite.systems.limits import Limiter

_SHORTEST_SECRET = 4


class Resources:
    """Shared by all systems of a run, nested ones included.

    Local models share one worker thread a device: two models computing at once on one machine
    would each look slower than they are; in turn, machine seconds are exact and waiting is
    recorded as queueing. Models of one endpoint share its limiter. ``meter`` has the energy
    counters of the devices in use.
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        say: Callable[[str], None] = lambda text: None,
        meter: Meter | None = None,
    ) -> None:
        """``folder`` is where a system may keep state of the run; ``say`` shows a note."""
        self.folder = folder
        self.meter = meter or Meter()
        self._say = say
        self._said: dict[str, None] = {}
        self._workers: dict[str, ThreadPoolExecutor] = {}
        self._limiters: dict[str, Limiter] = {}
        self._secrets: set[str] = set()
        self._lock = threading.Lock()

    def worker(self, device: str) -> ThreadPoolExecutor:
        """The single-threaded executor of ``device`` ("cpu", "cuda:0"), started when asked for."""
        if device not in self._workers:
            self._workers[device] = ThreadPoolExecutor(1, thread_name_prefix=f"evalsuite-{device}")
        return self._workers[device]

    def limiter(self, endpoint: str) -> Limiter:
        """The limiter of ``endpoint`` (address and account), the same for all who ask for it."""
        if endpoint not in self._limiters:
            self._limiters[endpoint] = Limiter()
        return self._limiters[endpoint]

    def say_once(self, text: str) -> None:
        """Tell the user, and the run's manifest, something that concerns who reads the figures."""
        with self._lock:
            if text in self._said:
                return
            self._said[text] = None
        self._say(text)

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that was said, in order."""
        return tuple(self._said)

    def keep_secret(self, secret: str | None) -> None:
        """Never let ``secret`` (a key, the value of a header) into a record or a message."""
        if secret and len(secret) >= _SHORTEST_SECRET:
            self._secrets.add(secret)

    def redacted(self, text: str) -> str:
        """``text`` with every secret replaced by ``***``."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def close(self) -> None:
        """Let running work finish and end the threads."""
        for worker in self._workers.values():
            worker.shutdown(wait=True, cancel_futures=True)
        self._workers.clear()
        self.meter.close()
