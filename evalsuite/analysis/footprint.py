"""What each system takes up: parameters, files and memory of the models that answer for it here.

A hybrid takes up what its members do together, each counted once. What runs behind an endpoint
takes up nothing here and an unknown amount there, so a sum over it is of the rest and says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evalsuite.analysis.compare import Comparison
from evalsuite.analysis.intervals import Estimate
from evalsuite.records import Footprint, Manifest, Size, SystemEntry, total


@dataclass(frozen=True, kw_only=True)
class SystemFootprint:
    """One system: sums over the ``here`` of its models, None where any of those is unknown.

    ``memory_bytes`` is RAM and GPU memory together, without the process itself; ``process_bytes``
    is the whole process at its peak while one of these models answered. ``elsewhere`` are models
    whose size nobody here knows. ``bases`` say how the bytes were found.
    """

    system: str
    here: tuple[str, ...]
    elsewhere: tuple[str, ...]
    parameters: int | None
    disk_bytes: int | None
    ram_bytes: int | None
    vram_bytes: int | None
    process_bytes: int | None
    bases: tuple[str, ...]

    @property
    def memory_bytes(self) -> int | None:
        """RAM and GPU memory; None where any of it is unknown, or nothing of the system is here."""
        if self.ram_bytes is None:
            return None
        return self.ram_bytes + (self.vram_bytes or 0)

    @property
    def whole(self) -> bool:
        """Whether the sums are all that the system takes up."""
        return bool(self.here) and not self.elsewhere


@dataclass(frozen=True, kw_only=True)
class Trade:
    """What the ``larger`` system gives for what it takes more of than the ``smaller`` one.

    ``difference`` is its success rate less the other's (in shares), with the interval of their
    comparison where one was made. Ratios are larger / smaller, None where either is unknown.
    """

    larger: str
    smaller: str
    difference: float
    comparison: Comparison | None
    memory_ratio: float
    parameters_ratio: float | None
    disk_ratio: float | None
    joules_ratio: float | None


def system_footprints(manifest: Manifest) -> tuple[SystemFootprint, ...]:
    """The footprints of all reported systems of a run, in the manifest's order."""
    entries = {entry.name: entry for entry in manifest.systems}
    taken = {item.system: item for item in manifest.footprints}
    return tuple(
        _summed(entry.name, list(dict.fromkeys(_models(entry, entries))), taken)
        for entry in manifest.systems
        if entry.reported
    )


def _models(entry: SystemEntry, entries: Mapping[str, SystemEntry]) -> Iterator[str]:
    """The models that may answer for ``entry``, at any depth."""
    if entry.kind == "model":
        yield entry.name
    for member in entry.roles.values():
        yield from _models(entries[member], entries) if member in entries else (member,)


def _summed(system: str, models: Sequence[str], taken: Mapping[str, Footprint]) -> SystemFootprint:
    here = {name: size for name in models if (size := _size_here(taken.get(name))) is not None}
    sizes = list(here.values())
    processes = [size.process_bytes for size in sizes if size.process_bytes is not None]
    on_gpu = [size for size in sizes if size.vram_bytes is not None]
    bases = [
        f"{kind}: {basis}"
        for size in sizes
        for kind, basis in (
            ("disk", size.disk_basis),
            ("RAM", size.ram_basis),
            ("GPU memory", size.vram_basis),
        )
        if basis
    ]
    return SystemFootprint(
        system=system,
        here=tuple(here),
        elsewhere=tuple(name for name in models if name not in here),
        parameters=_sum([size.parameters for size in sizes]),
        disk_bytes=_sum([size.disk_bytes for size in sizes]),
        ram_bytes=_sum([size.ram_bytes for size in sizes]),
        vram_bytes=_sum([size.vram_bytes for size in on_gpu]),
        process_bytes=max(processes, default=None),
        bases=tuple(dict.fromkeys(bases)),
    )


def _size_here(footprint: Footprint | None) -> Size | None:
    return None if footprint is None or footprint.where != "here" else footprint.size


def _sum(values: Sequence[int | None]) -> int | None:
    """Sum of ``values``; None if there are none, or any is unknown."""
    whole = total(values) if values else None
    return None if whole is None else int(whole)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A system as ``trades`` weighs it; ``rate`` is its success rate, ``joules`` per request."""

    footprint: SystemFootprint
    rate: Estimate
    joules: float | None


def on_front(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those than which none is both right more often and smaller, the smallest first."""
    found: list[Candidate] = []
    for item in sorted(candidates, key=lambda item: (_memory(item), -item.rate.value)):
        if not found or item.rate.value > found[-1].rate.value:
            found.append(item)
    return found


def trades(
    candidates: Sequence[Candidate], comparisons: Mapping[tuple[str, str], Comparison]
) -> tuple[Trade, ...]:
    """Each step along the front of success rate and memory, from the smallest system on.

    Only systems that are here as a whole, with known memory, can be weighed. ``comparisons`` are by
    (larger, smaller).
    """
    front = on_front([item for item in candidates if math.isfinite(_memory(item))])
    found = []
    for smaller, larger in pairwise(front):
        names = larger.footprint.system, smaller.footprint.system
        sides = larger.footprint, smaller.footprint
        found.append(
            Trade(
                larger=names[0],
                smaller=names[1],
                difference=larger.rate.value - smaller.rate.value,
                comparison=comparisons.get(names),
                memory_ratio=_memory(larger) / _memory(smaller),
                parameters_ratio=_ratio(*(side.parameters for side in sides)),
                disk_ratio=_ratio(*(side.disk_bytes for side in sides)),
                joules_ratio=_ratio(larger.joules, smaller.joules),
            )
        )
    return tuple(found)


def _memory(item: Candidate) -> float:
    """Bytes of memory; infinite where they are unknown or not all here."""
    known = item.footprint.memory_bytes
    return float(known) if known and item.footprint.whole else math.inf


def _ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None
