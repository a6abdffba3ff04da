"""Energy and size in words and cells, shared by the terminal, Markdown and HTML."""

from __future__ import annotations

from evalsuite.analysis.energy import UNKNOWN_BASIS, EnergyFigures
from evalsuite.analysis.footprint import Candidate, SystemFootprint, Trade, trades
from evalsuite.analysis.numbers import (
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    energy,
    interval,
    money,
    percent,
    points,
    times,
)
from evalsuite.analysis.summary import Summary
from evalsuite.reporting.columns import Cell
from evalsuite.systems.energy.estimates import NOT_COMPUTED

HEADING = "Energy and size"
HELP = (
    "Energy is of all calls behind the answers, failed ones included; idle is the part of it that "
    "the same machine takes in as much time when nothing runs. How says whether a counter measured "
    "it. Memory is what the models take besides the process that they run in; disk is their "
    "weights' files. What is behind an endpoint takes up nothing here, and its energy is unknown."
)
TITLES = ("J / request", "J / right", "idle", "how", "parameters", "memory", "disk")
"""What the columns of ``energy_cells`` are called."""
NOT_HERE = "not here"
_BYTES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))
_COUNTS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, ""))


def energy_cells(
    figures: EnergyFigures | None, footprint: SystemFootprint | None
) -> tuple[Cell, ...]:
    """A system's row, a cell for each of ``TITLES``; None is a part that nobody has."""
    return (*_energy_cells(figures), *_size_cells(footprint))


def energy_rows(summary: Summary) -> list[tuple[str, tuple[Cell, ...]]]:
    """(system, its cells), as the systems are ordered; empty where nothing at all is known."""
    energies = {item.system: item for item in summary.energy}
    footprints = {item.system: item for item in summary.footprints}
    if not any(item.known_joules for item in energies.values()) and not any(
        item.here for item in footprints.values()
    ):
        return []
    names = [item.entry.name for item in summary.systems]
    return [
        (name, energy_cells(energies.get(name), footprints.get(name)))
        for name in names
        if name in energies or name in footprints
    ]


def energy_lines(summary: Summary) -> list[str]:
    """A line a system, for where there is no room for a table, and what more quality takes."""
    lines = [f"{name}: {_line(cells)}" for name, cells in energy_rows(summary)]
    return [*lines, *(trade_words(trade) for trade in trades_of(summary))]


def _line(cells: tuple[Cell, ...]) -> str:
    request, right, idle, how, parameters, memory, disk = (cell.main for cell in cells)
    taken = f"{request} a request, {right} a right answer ({how}; {idle} of it idling)"
    if UNKNOWN in (request, right):
        taken = f"energy {UNKNOWN}"
    if memory == NOT_HERE:
        return f"{taken}; {NOT_HERE}"
    return f"{taken}; {parameters} parameters, {memory} of memory, {disk} on disk"


def energy_sentences(summary: Summary) -> list[str]:
    """What is to be said of the whole table: what more quality takes, and how it was found."""
    found = [trade_words(trade) for trade in trades_of(summary)]
    mixed = [item.system for item in summary.energy if _mixes(item)]
    if mixed:
        found.append(
            f"Energy that was measured and energy that was estimated are added up in one figure "
            f"for {', '.join(mixed)}."
        )
    bases = dict.fromkeys(basis for item in summary.energy for basis in item.bases)
    known = [basis for basis in bases if basis not in (UNKNOWN_BASIS, NOT_COMPUTED)]
    if known:
        found.append(f"How energy was obtained: {'; '.join(known)}.")
    for power in summary.manifest.idle_power:
        watts = UNKNOWN if power.watts is None else f"{power.watts:.3g} W"
        found.append(
            f"{power.counter} at rest, models loaded: {watts}, over {power.seconds:g} s before "
            "anything was asked."
        )
    for item in summary.energy:
        found += _tariff_words(item)
    sizes = [basis for item in summary.footprints for basis in item.bases]
    if sizes:
        found.append(f"How sizes were found: {'; '.join(dict.fromkeys(sizes))}.")
    found += _process_words(summary.footprints)
    return found


def trades_of(summary: Summary) -> tuple[Trade, ...]:
    """The steps from the smallest comparable system to the one that is right most often."""
    energies = {item.system: item for item in summary.energy}
    footprints = {item.system: item for item in summary.footprints}
    candidates = []
    for item in summary.systems:
        name, rate = item.entry.name, item.figures.macro_success_rate
        if item.comparable and rate is not None and name in footprints:
            taken = energies[name].per_request if name in energies else None
            joules = taken.value if taken else None
            candidates.append(Candidate(footprint=footprints[name], rate=rate, joules=joules))
    names = [candidate.footprint.system for candidate in candidates]
    compared = {
        (a, b): comparison
        for a in names
        for b in names
        if a != b and (comparison := summary.comparison(a, b)) is not None
    }
    return trades(candidates, compared)


def trade_words(trade: Trade) -> str:
    """One step in a sentence: what is gained, with its interval, and what it takes."""
    pair = trade.comparison.success if trade.comparison else None
    difference = trade.difference if pair is None else pair.difference.value
    bounds = "" if pair is None else interval(pair.difference, points)
    gained = f"{points(difference)} points right against {trade.smaller}"
    gained += f" (95 % CI {bounds})" if bounds else ""
    if trade.comparison is not None and not trade.comparison.distinguishable:
        gained += ", which may be chance,"
    takes = [f"{times(trade.memory_ratio)} x the memory"]
    for ratio, what in (
        (trade.parameters_ratio, "the parameters"),
        (trade.disk_ratio, "the disk"),
        (trade.joules_ratio, "the joules per request"),
    ):
        if ratio is not None:
            takes.append(f"{times(ratio)} x {what}")
    listed = takes[0] if len(takes) == 1 else f"{', '.join(takes[:-1])} and {takes[-1]}"
    return f"{trade.larger}: {gained} for {listed}."


def bytes_words(n: float | None) -> str:
    """Bytes in the decimal unit that reads best: ``347 kB``, ``1.42 GB``."""
    return UNKNOWN if n is None else _scaled(n, _BYTES, " ")


def parameters_words(n: int | None) -> str:
    """A number of parameters: ``172k``, ``1.24B``."""
    return UNKNOWN if n is None else _scaled(n, _COUNTS, "")


def _scaled(n: float, units: tuple[tuple[float, str], ...], space: str) -> str:
    for size, unit in units:
        if n >= size:
            value = n / size
            digits = f"{value:.0f}" if value >= 99.5 or size == 1 else f"{value:.3g}"
            return f"{digits}{space}{unit}".rstrip()
    return f"0{space}{units[-1][1]}".rstrip()


def _energy_cells(figures: EnergyFigures | None) -> tuple[Cell, ...]:
    if figures is None:
        return (Cell(NOT_APPLICABLE),) * 4
    request, right = figures.per_request, figures.per_success
    if request is None or right is None:
        missing = f"{count(figures.n_unknown_calls)} of {count(figures.n_calls)} calls"
        least = f"at least {energy(figures.known_joules)} in all" if figures.known_joules else ""
        return Cell(UNKNOWN, missing), Cell(UNKNOWN, least), Cell(UNKNOWN), _how(figures)
    small = "" if right.value == float("inf") else interval(right, energy)
    return (
        Cell(energy(request.value), interval(request, energy), request.value),
        Cell(energy(right.value), small or f"no success for {energy(figures.joules)}", right.value),
        _idle(figures),
        _how(figures),
    )


def _idle(figures: EnergyFigures) -> Cell:
    if figures.idle_joules is None:
        return Cell(UNKNOWN)
    if not figures.joules:
        return Cell(energy(figures.idle_joules), value=0.0)
    share = figures.idle_joules / figures.joules
    return Cell(percent(share), f"{energy(figures.idle_joules)} of {energy(figures.joules)}", share)


def _how(figures: EnergyFigures) -> Cell:
    kinds = figures.kinds
    if not kinds:
        return Cell(UNKNOWN, "no call")
    said = " and ".join(kinds)
    return Cell(said if len(kinds) == 1 else f"mixed: {said}")


def _mixes(figures: EnergyFigures) -> bool:
    """Whether what was measured and what was not are in one sum."""
    sorts = {kind == "measured" for kind in figures.kinds if kind in _SORTS}
    return figures.joules is not None and len(sorts) > 1


_SORTS = ("measured", "estimated", "assumed")


def _size_cells(footprint: SystemFootprint | None) -> tuple[Cell, ...]:
    if footprint is None or not footprint.here:
        where = ", ".join(footprint.elsewhere) if footprint else ""
        return (Cell(NOT_HERE, where), Cell(NOT_HERE), Cell(NOT_HERE))
    rest = f"and {', '.join(footprint.elsewhere)}, not here" if footprint.elsewhere else ""
    memory = footprint.memory_bytes
    on_gpu = footprint.vram_bytes
    gpu = "" if on_gpu is None else f"{bytes_words(on_gpu)} of it on the GPU"
    return (
        Cell(parameters_words(footprint.parameters), rest, footprint.parameters),
        Cell(bytes_words(memory), gpu or rest, memory),
        Cell(bytes_words(footprint.disk_bytes), rest, footprint.disk_bytes),
    )


def _tariff_words(item: EnergyFigures) -> list[str]:
    said = []
    if item.energy_usd is not None:
        said.append(f"{money(item.energy_usd)} of electricity")
    if item.grams_co2e is not None:
        said.append(f"{item.grams_co2e:.3g} g CO2e")
    if not said or item.kilowatt_hours is None:
        return []
    return [f"{item.system}: {item.kilowatt_hours:.3g} kWh, {' and '.join(said)} as stated."]


def _process_words(footprints: tuple[SystemFootprint, ...]) -> list[str]:
    peaks = [item.process_bytes for item in footprints if item.process_bytes is not None]
    if not peaks:
        return []
    return [
        f"The whole process, with its libraries and every model that was loaded, took at most "
        f"{bytes_words(max(peaks))} of RAM."
    ]
