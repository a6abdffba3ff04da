"""A machine that is not there: a clock that goes on when told, and counters at the OS boundary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from evalsuite.systems.energy.counters import CounterLost


class Clock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.then: Callable[[float], None] = lambda seconds: None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.then(seconds)
        self.now += seconds


class Stepping:
    """A counter that moves every ``period`` seconds, of a machine that takes ``watts``."""

    sampled = False
    longest_seconds: float | None = None

    def __init__(self, clock: Clock, period: float, name: str = "X") -> None:
        self.name = name
        self.watts = 10.0
        self.broken = False
        self.closed = False
        self._clock = clock
        self._period = period
        self._true = 0.0
        self._at = clock.now
        self._shown = 0.0
        self._shown_at = clock.now

    def run(self, seconds: float) -> None:
        """Let ``seconds`` pass at the present ``watts``, showing whole periods only."""
        left = seconds
        while left > 1e-12:
            next_step = self._shown_at + self._period - self._at
            part = min(left, next_step)
            self._true += self.watts * part
            self._at += part
            left -= part
            if part >= next_step - 1e-12:
                self._shown, self._shown_at = self._true, self._at

    @property
    def true_joules(self) -> float:
        return self._true

    def joules(self) -> float:
        if self.broken:
            raise CounterLost(f"{self.name}: gone")
        return self._shown

    def close(self) -> None:
        self.closed = True


def domain(root: Path, folder: str, name: str, energy_uj: int, most: int = 262_143_328_850) -> Path:
    """One domain of a powercap tree; the default range is a Skylake's."""
    path = root / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / "name").write_text(f"{name}\n")
    (path / "energy_uj").write_text(f"{energy_uj}\n")
    (path / "max_energy_range_uj").write_text(f"{most}\n")
    return path / "energy_uj"


def two_sockets(root: Path) -> dict[str, Path]:
    """The tree of a two-socket Xeon: packages, their cores and memory, and the platform."""
    made = {"psys": domain(root, "intel-rapl:2", "psys", 9_000_000)}
    for socket in (0, 1):
        made[f"package-{socket}"] = domain(
            root, f"intel-rapl:{socket}", f"package-{socket}", 1_000_000 * (socket + 1)
        )
        made[f"core-{socket}"] = domain(root, f"intel-rapl:{socket}:0", "core", 700_000)
        made[f"dram-{socket}"] = domain(root, f"intel-rapl:{socket}:1", "dram", 500_000)
    domain(root, "intel-rapl-mmio:0", "package-0", 1_000_000)
    return made


class NVMLError(Exception):
    """As pynvml's."""


def fake_nvml(*gpus: Any) -> Any:
    """``pynvml`` with the functions that are used, over ``gpus`` with ``uuid``, ``mj``, ``mw``.

    ``mj`` (energy) and ``mw`` (power) are called; what they raise is raised.
    """

    def by_uuid(uuid: str) -> Any:
        for gpu in gpus:
            if uuid == gpu.uuid:
                return gpu
        raise NVMLError("Not Found")

    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: len(gpus),
        nvmlDeviceGetHandleByIndex=lambda index: gpus[index],
        nvmlDeviceGetHandleByUUID=by_uuid,
        nvmlDeviceGetIndex=lambda gpu: gpus.index(gpu),
        nvmlDeviceGetTotalEnergyConsumption=lambda gpu: gpu.mj(),
        nvmlDeviceGetPowerUsage=lambda gpu: gpu.mw(),
    )


def unsupported() -> int:
    """What a GPU before Volta answers."""
    raise NVMLError("Not Supported")
