"""Where a row of a run's tables belongs, and which samples a page holds.

A *slot* is one answer that there may be: ``slot = (sample * n_systems + system) * n_repeats +
repeat``, where ``sample`` is a row of the run's samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evalsuite.reporting.explorer_pack import Integers, strings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Places:
    """The samples of a run and the systems that answered them, to find rows by.

    ``keys`` are those of all samples, sorted, and ``key_rows`` the rows they are of; a key is made
    of the indices of a task and an id among ``tasks`` and ``ids``.
    """

    keys: Integers
    key_rows: Integers
    tasks: pa.Array
    ids: pa.Array
    systems: tuple[str, ...]
    n_repeats: int

    @property
    def n_samples(self) -> int:
        """How many samples there are."""
        return len(self.keys)

    @property
    def slots_a_sample(self) -> int:
        """How many answers a sample may have."""
        return len(self.systems) * self.n_repeats

    def samples(self, frame: pd.DataFrame) -> Integers:
        """The sample of each row (task, sample_id), or -1."""
        if not len(self.keys):
            return np.full(len(frame), -1)
        keys = _keys(frame, self.tasks, self.ids)
        found = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[found] == keys, self.key_rows[found], -1)

    def system_codes(self, names: pd.Series) -> Integers:
        """Which of ``systems`` each of ``names`` is, or -1."""
        import pyarrow as pa

        return _codes(names, pa.array(self.systems, type=pa.large_string()))

    def slots(self, frame: pd.DataFrame) -> Integers:
        """The slot of each row (task, sample_id, system, repeat), or -1."""
        sample, system = self.samples(frame), self.system_codes(frame["system"])
        repeat = frame["repeat"].to_numpy(dtype=np.int64)
        slot = (sample * len(self.systems) + system) * self.n_repeats + repeat
        return np.where((sample >= 0) & (system >= 0), slot, -1)


def places(samples: pd.DataFrame, systems: Sequence[str], n_repeats: int) -> Places:
    """The places of ``samples`` (task, sample_id)."""
    tasks, ids = strings(samples["task"]).unique(), strings(samples["sample_id"]).unique()
    keys = _keys(samples, tasks, ids)
    order = np.argsort(keys, kind="stable")
    return Places(
        keys=keys[order],
        key_rows=order,
        tasks=tasks,
        ids=ids,
        systems=tuple(systems),
        n_repeats=n_repeats,
    )


def in_turns(tasks: Integers, first: NDArray[np.bool_], most: int) -> Integers:
    """At most ``most`` samples, the tasks taking turns; of a task those that come ``first`` first.

    ``tasks`` has the task of each. The samples come by task, and of a task in their own order.
    """
    order = np.lexsort((~first, tasks))
    sorted_tasks = tasks[order]
    turn = np.arange(len(order)) - np.searchsorted(sorted_tasks, sorted_tasks)
    kept = order[np.lexsort((sorted_tasks, turn))[:most]]
    return kept[np.lexsort((kept, tasks[kept]))]


def _keys(frame: pd.DataFrame, tasks: pa.Array, ids: pa.Array) -> Integers:
    """A number a sample; -1 where its task or its id is unknown."""
    task, sample = _codes(frame["task"], tasks), _codes(frame["sample_id"], ids)
    return np.where((task >= 0) & (sample >= 0), task * len(ids) + sample, -1)


def _codes(column: pd.Series, values: pa.Array) -> Integers:
    import pyarrow.compute as pc

    return np.asarray(pc.index_in(strings(column), value_set=values).fill_null(-1), dtype=np.int64)
