"""Traits of a run's samples as columns, by which its figures can be sliced.

A trait is known before anything is answered: how many hops an answer took, or whether it was
escalated, is no trait of a sample, because another system would have taken others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES = 20
FEWEST_SAMPLES = 10
"""A trait with more values is an id, a date, a text; of fewer samples nothing can be said."""
TRIED = 2000
LENGTH = "length of the question"
THIRDS = ("shortest third", "middle third", "longest third")


@dataclass(frozen=True, kw_only=True)
class Trait:
    """One way to divide samples.

    ``codes`` (n,) say which of ``values`` each sample has, -1 for none; a value has at least
    ``FEWEST_SAMPLES`` samples. ``n_without`` samples have none, or a rarer one.
    """

    name: str
    values: tuple[str, ...]
    codes: NDArray[np.intp]
    n_without: int


def traits_of(samples: pd.DataFrame, families: Mapping[str, str]) -> tuple[Trait, ...]:
    """The traits by which ``samples`` can be sliced.

    Args:
        samples: rows of the table of that name: task, metadata, inputs.
        families: of the tasks, by name.

    Returns:
        ``task`` and ``family`` where there are several, the keys of metadata that hold a few plain
        values, and thirds by the length of the inputs within each task.
    """
    import pandas as pd

    tasks, names = pd.factorize(samples["task"])
    task_names = [str(name) for name in names]
    codes, several = pd.factorize(np.array([families[name] for name in task_names], dtype=object))
    found = [_trait("task", tasks, task_names)]
    if len(several) < len(task_names):  # else it says what the task says
        found.append(_trait("family", codes[tasks], list(several)))
    for key, values in _metadata(samples["metadata"]).items():
        name = f"metadata {key}" if key in ("task", "family", LENGTH) else key
        found.append(_trait(name, *values))
    found.append(_trait(LENGTH, _thirds(samples["inputs"], tasks), THIRDS))
    return tuple(trait for trait in found if trait is not None)


def _trait(name: str, codes: NDArray[np.intp], values: Sequence[str]) -> Trait | None:
    """The trait with its rare values left out; None where it does not divide the samples."""
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    kept = np.flatnonzero(counts >= FEWEST_SAMPLES)
    if not 2 <= len(kept) <= MOST_VALUES:
        return None
    order = [int(at) for at in kept]
    if name != LENGTH:
        order.sort(key=lambda at: _key(values[at]))
    new = np.full(len(values) + 1, -1, dtype=np.intp)  # the last one is for -1
    new[order] = np.arange(len(order))
    return Trait(
        name=name,
        values=tuple(values[at] for at in order),
        codes=new[codes],
        n_without=int((new[codes] < 0).sum()),
    )


def _key(value: str) -> tuple[bool, float, str]:
    """Numbers by size before words by name."""
    try:
        return (False, float(value), value)
    except ValueError:
        return (True, 0.0, value)


def _metadata(column: pd.Series) -> dict[str, tuple[NDArray[np.intp], list[str]]]:
    """By key, the code (n,) of each sample's value, -1 for none, and the values."""
    import pandas as pd

    rows, texts = pd.factorize(column)
    decode = msgspec.json.Decoder().decode
    keys = _promising(decode(text) for text in texts[:: max(1, len(texts) // TRIED)])
    if not keys:
        return {}
    values: dict[str, dict[str, int]] = {key: {} for key in keys}
    codes = {key: np.full(len(texts) + 1, -1, dtype=np.intp) for key in keys}
    for at, text in enumerate(texts):
        content = decode(text)
        if not isinstance(content, dict):
            continue
        for key in list(values):
            value = content.get(key)
            if isinstance(value, str | int | float):
                known = values[key]
                codes[key][at] = known.setdefault(str(value), len(known))
                if len(known) > MOST_VALUES * FEWEST_SAMPLES:
                    del values[key], codes[key]
    return {key: (codes[key][rows], list(known)) for key, known in values.items()}


def _promising(contents: Any) -> list[str]:
    """The keys that hold a few plain values in some of the metadata."""
    seen: dict[str, Counter[str]] = {}
    for content in contents:
        for key, value in content.items() if isinstance(content, dict) else ():
            if isinstance(value, str | int | float):
                seen.setdefault(str(key), Counter())[str(value)] += 1
    return [key for key, values in seen.items() if len(values) <= MOST_VALUES * FEWEST_SAMPLES]


def _thirds(inputs: pd.Series, tasks: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which third (n,) each sample is in by the length of its ``inputs`` within its task.

    Samples of one length are in one third, so a third may hold more or nothing.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.utf8_length(pa.array(inputs, pa.string())).to_numpy(zero_copy_only=False)
    lengths = np.nan_to_num(np.asarray(lengths, dtype=np.float64))
    thirds = np.full(lengths.size, -1, dtype=np.intp)
    for task in range(int(tasks.max(initial=-1)) + 1):
        inside = np.flatnonzero(tasks == task)
        ordered = np.sort(lengths[inside])
        cuts = ordered[[max(0, inside.size // 3 - 1), max(0, 2 * inside.size // 3 - 1)]]
        thirds[inside] = np.searchsorted(cuts, lengths[inside], side="left")
    return thirds
