"""How much memory computing takes: what the process grows by meanwhile, at its peak.

Several models share a process. What it grows by while one is loaded says little of the model: the
first one brings its libraries along. What one gave back, the next takes without growth; so memory
that is free is handed back (``malloc_trim`` of glibc) before a batch is measured. Then the same
batch takes the same, whichever model came before. Of a GPU it is what torch's allocator holds, as
``torch.cuda.max_memory_allocated`` counts it.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROCESS = Path("/proc/self")
_RESET_PEAK = "5"  # proc(5), clear_refs: set the peak of resident memory to what it is now
_ALL_OF_FIRST = 16
_EVERY = 16


class MemoryWatch:
    """The memory of one model that computes batches, on the thread of its device.

    The first ``_ALL_OF_FIRST`` batches are measured and every ``_EVERY``-th after that: handing
    memory back takes a third of a millisecond, and the batch has to ask for it again. What the very
    first one takes is mostly libraries', so it counts only where there is no other.
    """

    def __init__(self, device: str, cuda: Any = None, process: Path | None = None) -> None:
        """``cuda`` is ``torch.cuda`` for a model on a GPU, found where it is None."""
        self.n_batches = 0
        self.n_measured = 0
        self.process_bytes: int | None = None
        self._first: int | None = None
        self._later: int | None = None
        self._vram: int | None = None
        self._device = device
        self._cuda = cuda
        self._process = process or PROCESS
        self._resets = True

    @property
    def working_ram(self) -> int | None:
        """The most that a measured batch grew the process by; None where nothing was measured."""
        return self._first if self._later is None else self._later

    @property
    def working_vram(self) -> int | None:
        """The most that a batch took of the GPU's memory; None on a CPU, and before any batch."""
        return self._vram

    @property
    def ram_basis(self) -> str:
        """How resident memory was found."""
        return "peak growth by a batch" if self._resets else "growth by a batch, not its peak"

    @contextmanager
    def working(self) -> Iterator[None]:
        """Measure the batch that is computed inside, or do nothing where it is not its turn."""
        measured = self.n_batches < _ALL_OF_FIRST or self.n_batches % _EVERY == 0
        self.n_batches += 1
        with self._on_gpu():
            if measured:
                with self._in_ram():
                    yield
            else:
                yield

    @contextmanager
    def _in_ram(self) -> Iterator[None]:
        _hand_back()()
        before = self._reset()
        yield
        after = self._peak()
        if before is None or after is None:
            return
        grown = max(0, after - before)
        if self.n_batches == 1:
            self._first = grown
        else:
            self._later = max(self._later or 0, grown)
        self.n_measured += 1
        self.process_bytes = max(self.process_bytes or 0, after)

    @contextmanager
    def _on_gpu(self) -> Iterator[None]:
        if not self._device.startswith("cuda"):
            yield
            return
        if self._cuda is None:
            import torch

            self._cuda = torch.cuda
        self._cuda.reset_peak_memory_stats(self._device)
        before = self._cuda.memory_allocated(self._device)
        yield
        grown = self._cuda.max_memory_allocated(self._device) - before
        self._vram = max(self._vram or 0, grown)

    def _reset(self) -> int | None:
        """Resident bytes now; the peak starts from there, where this process may set it."""
        if self._resets:
            try:
                (self._process / "clear_refs").write_text(_RESET_PEAK)
            except OSError:
                self._resets = False
        return resident_bytes(self._process)

    def _peak(self) -> int | None:
        """The highest resident memory since the reset; what it is now where there was none."""
        if not self._resets:
            return resident_bytes(self._process)
        try:
            status = (self._process / "status").read_text()
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return None


def resident_bytes(process: Path = PROCESS) -> int | None:
    """Resident memory of this process; None where neither Linux nor psutil tells it."""
    try:
        return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        pass
    if process != PROCESS:
        return None
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.Process().memory_info().rss)


@functools.cache
def _hand_back() -> Callable[[], object]:
    """What gives free memory back to the system; nothing where the C library cannot."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0)
