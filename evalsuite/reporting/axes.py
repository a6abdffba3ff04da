"""Axes of the report's figures: positions and readable ticks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its position in pixels and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """Maps values between ``low`` and ``high`` to pixels ``start`` .. ``end``."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Pixels of ``value``, held inside the axis."""
        low, high, here = (self._scaled(x) for x in (self.low, self.high, value))
        share = (here - low) / (high - low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def ticks(self, values: list[float], write: Callable[[float], str]) -> tuple[Tick, ...]:
        """Ticks at those ``values`` that lie on the axis."""
        inside = (value for value in values if self.low <= value <= self.high * (1 + 1e-9))
        return tuple(Tick(round(self.at(value), 1), write(value)) for value in inside)

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value


def log_values(low: float, high: float, most: int) -> list[float]:
    """At most about ``most`` round values between positive ``low`` and ``high``."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    powers = list(range(first, last + 1))
    if len(powers) > 2:
        return [10.0**power for power in powers[:: math.ceil(len(powers) / most)]]
    fine = [step * 10.0**power for power in range(first - 1, last + 1) for step in (1, 2, 5)]
    inside = [value for value in fine if low * 0.999 <= value <= high * 1.001]
    return inside[:: math.ceil(len(inside) / most)] if inside else []


def share_values(low: float, high: float) -> list[float]:
    """Round shares (0..1) between ``low`` and ``high``, about five of them."""
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if (high - low) / step <= 6)
    first, last = math.ceil(round(low / step, 6)), math.floor(round(high / step, 6))
    return [index * step for index in range(first, last + 1)]
