"""What the page filters and sorts by: a few bytes an answer, as typed arrays.

Arrays have one entry a slot (``explorer_places``), a sample, or a (sample, system).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.measure import numbers
from evalsuite.reporting.explorer_pack import Integers
from evalsuite.reporting.explorer_places import Places
from evalsuite.store import Run

if TYPE_CHECKING:
    import pandas as pd

RIGHT, WRONG, NO_ANSWER, NOT_SCORED = 1, 2, 3, 4
"""Outcomes; 0 is an answer that was not asked for."""
UNREADABLE = 8
"""A bit beside an outcome: the answer could not be read as the task demands."""
JUDGED, AGREES, DISAGREES, NO_VERDICT, SELF_JUDGED = (1 << bit for bit in range(5))
"""What one judge made of a system's answers to a sample; the bits after them are its labels."""
FIRST_LABEL = 5
MOST_LABELS = 32 - FIRST_LABEL
MOST_SLICES, MOST_SLICE_VALUES = 8, 40

Arrays = dict[str, NDArray[Any]]
_SAMPLE = ["task", "sample_id"]
_SLOT = [*_SAMPLE, "system", "repeat"]
_FIGURES = ["usd", "seconds"]


def answers(run: Run, places: Places) -> tuple[Arrays, list[str]]:
    """Of every slot: its outcome, dollars and seconds (NaN: unknown), calls, and its error.

    Calls are at most 255, which is that or more. The error is an entry of the list of kinds,
    counted from 1; 0 is none.
    """
    rows = run.read("responses", [*_SLOT, *_FIGURES, "n_calls", "success", "status", "error_kind"])
    slot = places.slots(rows)
    rows, slot = rows[slot >= 0], slot[slot >= 0]
    size = places.n_samples * places.slots_a_sample
    found: Arrays = {name: np.full(size, np.nan, dtype="<f4") for name in _FIGURES}
    for name, array in found.items():
        array[slot] = numbers(rows, name)
    codes, kinds = rows["error_kind"].factorize(sort=True)
    found["errors"] = np.zeros(size, dtype="<u2")
    found["errors"][slot] = codes + 1
    found["calls"] = np.zeros(size, dtype=np.uint8)
    found["calls"][slot] = rows["n_calls"].clip(upper=255)
    found["outcomes"] = np.zeros(size, dtype=np.uint8)
    found["outcomes"][slot] = _outcomes(rows)
    scores = run.read("scores", [*_SLOT, "status", "decides"])
    unread = scores[(scores["status"] == "format_error") & scores["decides"].astype(bool)]
    unread_slot = places.slots(unread)
    found["outcomes"][unread_slot[unread_slot >= 0]] |= UNREADABLE
    return found, [str(kind) for kind in kinds]


def noteworthy(outcomes: NDArray[np.uint8], places: Places) -> NDArray[np.bool_]:
    """Samples (n,) that systems disagree on, or that an answer is missing for."""
    states = (outcomes & ~np.uint8(UNREADABLE)).reshape(places.n_samples, -1)
    disagree = (states == RIGHT).any(axis=1) & (states == WRONG).any(axis=1)
    found: NDArray[np.bool_] = disagree | (states >= NO_ANSWER).any(axis=1)
    return found


def verdicts(run: Run, places: Places) -> tuple[Arrays, list[dict[str, Any]]]:
    """What each judge made of each (sample, system), and the judges with their labels.

    An answer that was judged in pairs has the labels of its pairs.
    """
    columns = ["judge", "verdict", "status", "agrees", "self_judged"]
    rows = run.read("verdicts", [*_SAMPLE, *columns, "system", "system_a", "system_b"])
    sample = places.samples(rows)
    found: Arrays = {}
    judges: list[dict[str, Any]] = []
    for number, name in enumerate(sorted(set(rows["judge"]))):
        own = (rows["judge"] == name).to_numpy(dtype=bool) & (sample >= 0)
        bits, labels = _verdict_bits(rows[own])
        array = np.zeros(places.n_samples * len(places.systems), dtype="<u4")
        for column in ("system", "system_a", "system_b"):
            system = places.system_codes(rows[own][column])
            at = (sample[own] * len(places.systems) + system)[system >= 0]
            np.bitwise_or.at(array, at, bits[system >= 0])
        found[f"judge{number}"] = array
        judges.append({"name": name, "labels": labels})
    return found, judges


def slices(run: Run, rows: Integers) -> tuple[Arrays, list[dict[str, Any]]]:
    """Which value each field of the metadata of samples ``rows`` has, where there are few of them.

    An entry is one of the values of the field, counted from 1; 0 is none.
    """
    columns: dict[str, dict[int, str]] = {}
    for sample, text in enumerate(run.read("samples", ["metadata"])["metadata"].iloc[rows]):
        decoded = msgspec.json.decode(text) if isinstance(text, str) and text != "{}" else {}
        for field, value in decoded.items() if isinstance(decoded, dict) else ():
            if isinstance(value, bool | int | str):
                columns.setdefault(field, {})[sample] = _word(value)
    found: Arrays = {}
    fields: list[dict[str, Any]] = []
    for field, column in sorted(columns.items()):
        values = _sorted(set(column.values()))
        if not 2 <= len(values) <= MOST_SLICE_VALUES or len(fields) == MOST_SLICES:
            continue
        code = {value: number for number, value in enumerate(values, start=1)}
        array = np.zeros(len(rows), dtype=np.uint8)
        array[list(column)] = [code[value] for value in column.values()]
        found[f"slice{len(fields)}"] = array
        fields.append({"name": field, "values": values})
    return found, fields


def layout(arrays: Arrays) -> tuple[list[tuple[str, str, int]], bytes]:
    """(name, type, entries) of ``arrays`` in the order in which their bytes follow, and these.

    Wide entries come first, so that every array begins where its type may begin.
    """
    order = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    described = [(name, array.dtype.str[1:], len(array)) for name, array in order]
    return described, b"".join(array.tobytes() for _, array in order)


def _outcomes(rows: pd.DataFrame) -> NDArray[np.uint8]:
    success = numbers(rows, "success")  # 1, 0, or NaN
    failed = (rows["status"] == "system_error").to_numpy(dtype=bool)
    found = np.where(failed, NO_ANSWER, NOT_SCORED).astype(np.uint8)
    found[success == 1] = RIGHT
    found[success == 0] = WRONG
    return found


def _verdict_bits(rows: pd.DataFrame) -> tuple[NDArray[np.uint32], list[str]]:
    agrees = numbers(rows, "agrees")  # 1, 0, or NaN
    bits = np.full(len(rows), JUDGED, dtype=np.uint32)
    bits[agrees == 1] |= AGREES
    bits[agrees == 0] |= DISAGREES
    bits[(rows["status"] != "judged").to_numpy(dtype=bool)] |= NO_VERDICT
    bits[rows["self_judged"].to_numpy(dtype=bool)] |= SELF_JUDGED
    codes, labels = rows["verdict"].factorize(sort=True)
    known = (codes >= 0) & (codes < MOST_LABELS)
    bits[known] |= np.uint32(1) << (FIRST_LABEL + codes[known]).astype(np.uint32)
    return bits, [str(label) for label in labels[:MOST_LABELS]]


def _word(value: bool | int | str) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _sorted(values: set[str]) -> Sequence[str]:
    """``values`` as people sort them: numbers by size."""
    try:
        return sorted(values, key=float)
    except ValueError:
        return sorted(values)
