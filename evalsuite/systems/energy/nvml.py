"""NVML: what NVIDIA's driver counts of its GPUs, through the package nvidia-ml-py.

From Volta on a GPU counts its own energy (``nvmlDeviceGetTotalEnergyConsumption``, millijoules
since the driver was loaded; it moves every 20 to 100 ms). Of an older one the power is sampled and
added up, which is an estimate and is called one.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from evalsuite.systems.energy.counters import CounterLost, Found

SAMPLE_SECONDS = 0.05


class NvmlEnergy:
    """The energy counter of one GPU."""

    sampled = False
    longest_seconds: float | None = None

    def __init__(self, nvml: Any, handle: Any, name: str) -> None:
        """CounterLost where the GPU has none."""
        self.name = name
        self._nvml = nvml
        self._handle = handle
        self.joules()

    def joules(self) -> float:
        """Joules since the driver was loaded."""
        try:
            return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1e3
        except self._nvml.NVMLError as error:
            raise CounterLost(f"{self.name}: {error}") from None

    def close(self) -> None:
        """Nothing is held open."""


class SampledPower:
    """Joules as the sum of sampled power x time, by the trapezoid rule, in a thread of its own."""

    sampled = True
    longest_seconds: float | None = None

    def __init__(
        self,
        nvml: Any,
        handle: Any,
        name: str,
        clock: Callable[[], float] = time.perf_counter,
        every_seconds: float = SAMPLE_SECONDS,
    ) -> None:
        """CounterLost where the GPU does not say its power either."""
        self.name = name
        self._nvml = nvml
        self._handle = handle
        self._clock = clock
        self._joules = 0.0
        self._lost: CounterLost | None = None
        self._lock = threading.Lock()
        self._at, self._watts = clock(), self._power()
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self._sample, args=(every_seconds,), name="evalsuite-power", daemon=True
        )
        self._thread.start()

    def joules(self) -> float:
        """Joules since it was opened, up to this moment."""
        with self._lock:
            if self._lost is not None:
                raise self._lost
            self._add()
            return self._joules

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join()

    def _sample(self, every_seconds: float) -> None:
        while not self._over.wait(every_seconds):
            with self._lock:
                try:
                    self._add()
                except CounterLost as lost:
                    self._lost = lost
                    return

    def _add(self) -> None:
        watts, now = self._power(), self._clock()
        self._joules += (watts + self._watts) / 2 * (now - self._at)
        self._at, self._watts = now, watts

    def _power(self) -> float:
        try:
            return float(self._nvml.nvmlDeviceGetPowerUsage(self._handle)) / 1e3
        except self._nvml.NVMLError as error:
            raise CounterLost(f"{self.name}: {error}") from None


def nvml_counter(device: str) -> Found:
    """The counter of torch's ``device`` ("cuda:0"), found by the GPU's own id.

    The numbers of torch and of NVML differ where CUDA_VISIBLE_DEVICES is set.
    """
    nvml, problem, remedy = loaded()
    if nvml is None:
        return Found(counters=(), problem=problem, remedy=remedy)
    uuid = _uuid(int(device.rpartition(":")[2]))
    if uuid is None:
        return Found(counters=(), problem=f"torch does not say which GPU {device} is")
    try:
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        name = f"NVML GPU {nvml.nvmlDeviceGetIndex(handle)}"
    except nvml.NVMLError as error:
        return Found(counters=(), problem=f"NVML does not know {device}: {error}")
    return _counter_of(nvml, handle, name)


def nvml_counters() -> Found:
    """The counters of all GPUs of this machine, whether they are used or not."""
    nvml, problem, remedy = loaded()
    if nvml is None:
        return Found(counters=(), problem=problem, remedy=remedy)
    found = []
    try:
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            found.append(_counter_of(nvml, handle, f"NVML GPU {index}"))
    except nvml.NVMLError as error:
        return Found(counters=(), problem=f"NVML lists no GPU: {error}")
    counters = tuple(counter for each in found for counter in each.counters)
    said = "; ".join(each.problem for each in found if each.problem)
    return Found(counters=counters, problem=said if counters or said else "NVML lists no GPU")


def loaded() -> tuple[Any, str, str]:
    """The module with its library initialised, or None with the problem and its remedy."""
    try:
        import pynvml
    except ImportError:
        remedy = "pip install 'evalsuite[energy]'"
        return None, "the package nvidia-ml-py is not installed", remedy
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return None, f"no NVML library answers ({error})", ""
    return pynvml, "", ""


def _uuid(index: int) -> str | None:
    """The id of the GPU that torch calls ``index``."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    uuid = getattr(torch.cuda.get_device_properties(index), "uuid", None)
    return None if uuid is None else str(uuid)


def _counter_of(nvml: Any, handle: Any, name: str) -> Found:
    try:
        return Found(counters=(NvmlEnergy(nvml, handle, name),))
    except CounterLost:
        pass
    try:
        sampled = SampledPower(nvml, handle, name)
    except CounterLost as lost:
        return Found(counters=(), problem=f"{lost}: it says neither its energy nor its power")
    return Found(
        counters=(sampled,), problem=f"{name} counts no energy: its power is sampled, an estimate"
    )
