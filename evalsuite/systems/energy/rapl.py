"""RAPL: the energy counters of Intel's and AMD's processors, as Linux shows them in powercap.

A package counts its cores, caches and integrated graphics; ``dram`` below it the memory. The other
domains below a package (``core``, ``uncore``) are parts of it and would be counted twice, and so
would ``psys``, the whole platform. See the kernel's documentation, power/powercap/powercap.rst.
"""

from __future__ import annotations

import re
from pathlib import Path

from evalsuite.systems.energy.counters import CounterLost, Found

POWERCAP = Path("/sys/class/powercap")
_MOST_WATTS = 500.0  # no package takes more for long: how soon a counter may have gone round
_TOP = re.compile(r"intel-rapl:\d+")
_BELOW = re.compile(r"intel-rapl:\d+:\d+")


class RaplDomain:
    """One domain. Its file counts microjoules and goes round at ``max_energy_range_uj``."""

    sampled = False

    def __init__(self, folder: Path, name: str) -> None:
        """CounterLost where the files in ``folder`` cannot be read."""
        self.name = name
        self._file = folder / "energy_uj"
        self._round = _number(folder / "max_energy_range_uj")
        self._last = _number(self._file)
        self._counted = 0
        self.longest_seconds: float | None = self._round / 1e6 / _MOST_WATTS

    def joules(self) -> float:
        """Joules since it was opened; right as long as it is read once a round."""
        now = _number(self._file)
        step = now - self._last
        self._counted += step if step >= 0 else step + self._round
        self._last = now
        return self._counted / 1e6

    def close(self) -> None:
        """Nothing is held open."""


def rapl(root: Path | None = None) -> Found:
    """The packages below ``root`` with their memory, all or none.

    None where any of them cannot be read, because a part would be taken for the whole.
    """
    root = root or POWERCAP
    tops = sorted(path for path in root.glob("intel-rapl:*") if _TOP.fullmatch(path.name))
    packages = [path for path in tops if _name(path).startswith("package")]
    if not packages:
        return Found(
            counters=(),
            problem="the processor shows no energy counter, as in most virtual machines",
        )
    folders = [(path, _name(path)) for path in packages]
    for path in sorted(root.glob("intel-rapl:*")):
        above = root / path.name.rpartition(":")[0]
        if _BELOW.fullmatch(path.name) and above in packages and _name(path) == "dram":
            folders.append((path, f"{_name(above)} dram"))
    try:
        domains = tuple(RaplDomain(path, f"RAPL {name}") for path, name in folders)
    except CounterLost as lost:
        return Found(
            counters=(),
            problem=f"the processor's energy counter cannot be read ({lost})",
            remedy=f"let this user read it: chmod a+r {root}/intel-rapl:*/energy_uj",
        )
    return Found(counters=domains)


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text().strip()
    except OSError:
        return ""


def _number(file: Path) -> int:
    try:
        return int(file.read_text())
    except OSError as error:
        raise CounterLost(f"{file.name}: {error.strerror}") from None
    except ValueError:
        raise CounterLost(f"{file.name} holds no number") from None
