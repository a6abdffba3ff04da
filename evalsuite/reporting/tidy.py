"""The figures of a summary as one long table: a figure a row, whatever part of it they are from.

The table is read off the summary's own structure, so a figure that analysis adds is in it by
itself. What says whose a figure is (a task, a system, a role) becomes columns; what is counted or
measured becomes rows; words become neither.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.summary import Summary

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class FigureRow:
    """One figure.

    ``scope`` is the part of the summary that it is from (``systems``, ``tasks``, ``roles`` ...);
    ``task``, ``system``, ``other`` (of a comparison) and ``part`` (a role, a score, a kind of
    failure) say whose it is, None where that says nothing. ``value`` is None where the figure is
    unknown, and infinite where it is; so are the bounds of its interval ``low``, ``high`` at
    ``level``, obtained by ``method``. ``n`` observations are behind it.
    """

    scope: str
    task: str | None
    system: str | None
    other: str | None
    part: str | None
    figure: str
    unit: str | None
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    level: float | None
    method: str | None


COLUMNS = tuple(field.name for field in dataclasses.fields(FigureRow))
TEXTS = ("scope", "task", "system", "other", "part", "figure", "unit", "method")
_DESCRIBES = frozenset({"manifest", "parts", "price", "config", "reported", "n", "level"})
"""Fields that are settings, or are said in a column of their own."""
_SAYS_NOTHING = frozenset({"key", "note", "split", "method", "fingerprint", "model", "source"})
"""Words that do not tell one item of a collection from another."""
_TELLS = frozenset({"criterion", "side", "role"})
"""Words that do so beside the name of a system, and where they are the name of one."""
_WHOSE = frozenset({"system", "entry", "a", "hybrid", "other"})
"""Fields that say which system the figures of a record are of."""
_OPENED = frozenset({"figures", "entry"})
"""Fields whose own fields belong to what holds them."""
_SCALAR = re.compile(r"\b(Estimate|float|int|bool)\b")
_SHARES = (
    *("rate", "share", "success", "difference", "detectable", "escalation", "agreement"),
    *("recovered", "random", "worst", "best", "valid", "executable", "readable", "ran"),
)
_UNITS = {
    "ratio": "ratio",
    "rank": "rank",
    **{
        word: word
        for word in ("usd", "seconds", "joules", "watts", "bytes", "tokens", "grams", "calls")
    },
    **dict.fromkeys(("p", "p_value"), "probability"),
    **dict.fromkeys(_SHARES, "share"),
    "answers": "answers",
}
"""The unit of a figure by a word in its name; the first that occurs decides."""
_PER = {
    "success": "success",
    "thousand": "1,000 answers",
    "response": "answer",
    "answer": "answer",
    "request": "request",
    "call": "call",
}


@dataclass(frozen=True)
class _Whose:
    """Where the walk is: the scope, whose figures these are, and the path inside."""

    systems: frozenset[str]
    tasks: frozenset[str]
    scope: str = ""
    task: str | None = None
    system: str | None = None
    other: str | None = None
    parts: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    n: int | None = None


def tidy(summary: Summary) -> Iterator[FigureRow]:
    """Every figure of ``summary``, in its order."""
    manifest = summary.manifest
    yield from _record(
        summary,
        _Whose(
            systems=frozenset(entry.name for entry in manifest.systems),
            tasks=frozenset(entry.name for entry in manifest.tasks),
        ),
    )


def tidy_frame(summary: Summary) -> pd.DataFrame:
    """``tidy`` as a frame with the columns ``COLUMNS``; unknown is null."""
    import pandas as pd

    rows = [dataclasses.astuple(row) for row in tidy(summary)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = {name: "str" if name in TEXTS else "float64" for name in COLUMNS}
    return frame.astype({**kinds, "n": "Int64"})


def unit_of(figure: str, scope: str = "systems") -> str | None:
    """The unit that the name of a figure of ``scope`` states, None where it states none.

    ``latency.p95`` is in seconds, ``usd_per_success`` in usd per success, and what begins with
    ``n_`` is a count.
    """
    name = figure.rpartition(".")[2]
    if name.startswith("n_"):
        return "count"
    if scope.startswith("latencies.times"):
        return "seconds"
    what, _, per = f"_{name}".partition("_per_")
    if not what:
        return f"joules per {per}" if scope == "energy" else None
    words = {*what.split("_"), what[1:]}
    for word, unit in _UNITS.items():
        if word in words:
            return f"{unit} per {_PER[per]}" if per in _PER else unit
    return "seconds" if "latency" in figure.split(".") else None


def _walk(value: Any, whose: _Whose) -> Iterator[FigureRow]:
    if isinstance(value, Estimate):
        yield _row(whose, value.value, value)
    elif isinstance(value, bool | int | float) or value is None:
        yield _row(whose, value, None)
    elif _is_record(value):
        yield from _record(value, whose)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, _keyed(whose, str(key)))
    elif isinstance(value, tuple | list):
        for item in value:
            if _is_record(item):
                yield from _record(item, whose, in_collection=True)
            elif isinstance(item, tuple) and len(item) == 2 and not _is_record(item[0]):
                yield from _walk(item[1], _keyed(whose, str(item[0])))


def _record(record: Any, whose: _Whose, *, in_collection: bool = False) -> Iterator[FigureRow]:
    """The figures of one record; of an item of a collection, its words say whose they are."""
    fields = _fields(record)
    values = {name: getattr(record, name) for name in fields}
    here = _identified(values, whose, in_collection=in_collection)
    for name, value in values.items():
        if name in _DESCRIBES or (value is None and not _SCALAR.search(fields[name])):
            continue
        if isinstance(value, tuple | list | Mapping):
            yield from _walk(value, replace(here, scope=_inside(here, name), path=()))
        elif name in _OPENED:
            yield from _walk(value, here)
        elif not isinstance(value, str):
            yield from _walk(value, replace(here, path=(*here.path, name)))


def _inside(here: _Whose, name: str) -> str:
    """The scope of the items of the field ``name``."""
    above = [part for part in (here.scope, *here.path) if part]
    return ".".join(above if above and above[-1] == name else [*above, name])


def _fields(record: Any) -> dict[str, str]:
    """The fields of a record with their types, as they are written."""
    if isinstance(record, msgspec.Struct):
        return {field.name: str(field.type) for field in msgspec.structs.fields(record)}
    return {field.name: str(field.type) for field in dataclasses.fields(record)}


def _identified(values: Mapping[str, Any], whose: _Whose, *, in_collection: bool) -> _Whose:
    """``whose`` with what the fields of a record say of whose its figures are."""
    words = {name: value for name, value in values.items() if isinstance(value, str)}
    entry = values.get("entry")
    if entry is not None:
        words["system"] = entry.name
    task = words.pop("task", whose.task)
    system = words.pop("system", words.pop("a", words.pop("hybrid", whose.system)))
    other = words.pop("other", words.pop("b", words.pop("single", whose.other)))
    labels = [
        value
        for name, value in words.items()
        if name in _TELLS or (name not in _SAYS_NOTHING and value not in whose.systems)
        if name in _TELLS or not _WHOSE & values.keys()
    ]
    roles = values.get("roles")
    if isinstance(roles, tuple) and roles and all(isinstance(role, str) for role in roles):
        labels.append(" > ".join(roles))
    counts = (values.get("n"), values.get("n_attempted"))
    return replace(
        whose,
        task=task,
        system=system,
        other=other,
        parts=(*whose.parts, *labels) if in_collection else whose.parts,
        n=next((n for n in counts if isinstance(n, int)), None),
    )


def _keyed(whose: _Whose, key: str) -> _Whose:
    """Inside a mapping or a list of pairs: whose figures stand under ``key``."""
    if whose.system is None and key in whose.systems:
        return replace(whose, system=key)
    if whose.task is None and key in whose.tasks:
        return replace(whose, task=key)
    return replace(whose, parts=(*whose.parts, key))


def _row(whose: _Whose, value: float | None, estimate: Estimate | None) -> FigureRow:
    path = whose.path or (whose.scope.rpartition(".")[2],)
    unit = "boolean" if isinstance(value, bool) else unit_of(".".join(path), whose.scope)
    alike = unit != "count" and not path[-1].endswith("_per_call") and "fit" not in path[-1]
    return FigureRow(
        scope=whose.scope or "run",
        task=whose.task,
        system=whose.system,
        other=whose.other,
        part=" / ".join(whose.parts) or None,
        figure=".".join(path),
        unit=unit,
        value=_known(value),
        low=None if estimate is None else _known(estimate.low),
        high=None if estimate is None else _known(estimate.high),
        n=estimate.n if estimate is not None else whose.n if alike else None,
        level=None if estimate is None else estimate.level,
        method=None if estimate is None else estimate.method,
    )


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _is_record(value: Any) -> bool:
    return isinstance(value, msgspec.Struct) or (
        dataclasses.is_dataclass(value) and not isinstance(value, type)
    )
