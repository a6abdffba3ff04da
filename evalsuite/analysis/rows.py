"""The rows of a run that its figures are made of: only the columns needed, cut by system and task.

A run of a million answers is read once, without its texts. Columns of few different words become
categories in sorted order, which compare, group and sort as the words do, and keys become numbers:
cutting then moves hardly any text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Codes
from evalsuite.analysis.measure import Figures, labelled, measure, numbers
from evalsuite.records import SystemEntry

if TYPE_CHECKING:
    import pandas as pd

    from evalsuite.store import Run

RESPONSES = (
    *("key", "task", "sample_id", "cluster", "system", "repeat", "status", "error_kind"),
    *("error_message", "started_at", "queue_seconds"),
    *("success", "seconds", "usd", "billed_usd", "joules", "input_tokens", "output_tokens"),
    "idle_joules",
)
CALLS = (
    *("response_key", "task", "system", "ordinal", "phase", "role", "member", "reason", "status"),
    *("usd", "joules", "input_tokens", "output_tokens", "seconds", "queue_seconds"),
    *("service_seconds", "retries", "recorded", "cached", "error_kind", "usd_basis"),
    *("billed_usd", "cached_input_tokens", "reasoning_tokens", "machine_seconds"),
    *("first_token_seconds", "joules_basis"),
)
SCORES = ("response_key", "task", "system", "name", "value", "status", "decides")
DRAFTS = (
    *("response_key", "task", "sample_id", "repeat", "system", "phase", "role", "member", "status"),
    *("answer", "text", "output_tokens", "machine_seconds", "batch_size", "recorded", "cached"),
)
"""What figures of drafted tokens take of calls, texts included."""
DRAFTING = ("speculative", "principled")
"""Patterns that draft tokens."""
_TEXTS = ("key", "response_key", "sample_id", "cluster", "error_message")
_WORDS = (
    *("task", "system", "phase", "role", "member", "status", "error_kind", "name"),
    *("usd_basis", "joules_basis"),
)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Answers for the record, and the calls and scores of these systems, as frames.

    ``responses`` are labelled (``measure.labelled``); columns are those of ``RESPONSES``, ``CALLS``
    and ``SCORES``, and ``answer``: the place of the answer in the run's own table, which joins them
    without texts. ``success`` is 1, 0 or NaN.
    """

    responses: pd.DataFrame
    calls: pd.DataFrame
    scores: pd.DataFrame

    def of(self, system: str | None = None, tasks: Collection[str] | None = None) -> Rows:
        """The part of one ``system``, of some ``tasks``, or of both, without texts."""

        def part(frame: pd.DataFrame, places: Mapping[tuple[str, str], Codes]) -> pd.DataFrame:
            wanted = [
                at
                for (name, task), at in places.items()
                if (system is None or name == system) and (tasks is None or task in tasks)
            ]
            at = np.sort(np.concatenate(wanted)) if wanted else np.empty(0, dtype=np.intp)
            if at.size and at[-1] - at[0] + 1 == at.size:
                return frame.iloc[at[0] : at[-1] + 1]  # one stretch, as runs are written: no copy
            return frame.iloc[at]

        return Rows(**{name: part(*found) for name, found in self._placed.items()})

    @cached_property
    def _placed(self) -> dict[str, tuple[pd.DataFrame, dict[tuple[str, str], Codes]]]:
        """Each table without its texts, and where the rows of each (system, task) stand in it."""
        found: dict[str, tuple[pd.DataFrame, dict[tuple[str, str], Codes]]] = {}
        for name in ("responses", "calls", "scores"):
            frame: pd.DataFrame = getattr(self, name)
            systems, tasks = frame["system"].array, frame["task"].array
            n_tasks = len(tasks.categories)
            pairs = systems.codes.astype(np.intp) * n_tasks + tasks.codes
            order = np.argsort(pairs, kind="stable")
            sizes = np.bincount(pairs, minlength=len(systems.categories) * n_tasks)
            parts = np.split(order, np.cumsum(sizes)[:-1]) if sizes.size else []
            places = {
                (
                    str(systems.categories[pair // n_tasks]),
                    str(tasks.categories[pair % n_tasks]),
                ): at
                for pair, at in enumerate(parts)
                if at.size
            }
            found[name] = frame.drop(columns=[text for text in _TEXTS if text in frame]), places
        return found

    @property
    def systems(self) -> list[str]:
        """Those that answered, by name."""
        return sorted(map(str, self.responses["system"].unique()))

    @property
    def tasks(self) -> list[str]:
        """Those that were answered, by name."""
        return sorted(map(str, self.responses["task"].unique()))


class Measured:
    """Figures of systems in tasks, each made once: a run of one task has them three times over."""

    def __init__(self, rows: Rows, *, seed: int) -> None:
        """``rows`` are of the whole run; ``seed`` is for bootstraps."""
        self._rows, self._seed = rows, seed
        answered = rows.responses.groupby(["system", "task"], observed=True)["success"].count()
        self._n_scored = {
            (str(a), str(b)): int(n)
            for (a, b), n in zip(answered.index.tolist(), answered, strict=True)
        }
        self._found: dict[tuple[str, tuple[str, ...]], Figures] = {}

    def tasks(self, system: str, *, scored: bool = False) -> tuple[str, ...]:
        """Those that ``system`` answered, or has scored answers in, by name."""
        return tuple(
            task for (name, task), n in self._n_scored.items() if name == system and n >= scored
        )

    def of(self, system: str, tasks: Collection[str]) -> Figures:
        """The figures of ``system`` in those of ``tasks`` that it answered."""
        asked = tuple(task for task in self.tasks(system) if task in tasks)
        if (system, asked) not in self._found:
            part = self._rows.of(system, asked)
            self._found[system, asked] = measure(
                part.responses, part.calls, part.scores, seed=self._seed
            )
        return self._found[system, asked]


def rows_of(run: Run, systems: Collection[str]) -> Rows:
    """What ``run`` holds of ``systems``."""
    responses = run.read("responses", RESPONSES)
    keys = responses["key"]

    def kept(frame: pd.DataFrame, answer: NDArray[np.intp]) -> pd.DataFrame:
        words = {word: _sorted(frame[word]) for word in _WORDS if word in frame}
        found = frame.assign(answer=answer, **words)
        held = found["system"].isin(list(systems)).to_numpy()
        return found if held.all() else found[held]

    def read(table: str, columns: Sequence[str]) -> pd.DataFrame:
        frame = run.read(table, columns)
        return kept(frame, positions(frame["response_key"], keys))

    responses = responses.assign(success=numbers(responses, "success"))
    return Rows(
        responses=labelled(kept(responses, np.arange(len(keys)))),
        calls=read("calls", CALLS),
        scores=read("scores", SCORES),
    )


def positions(keys: pd.Series, among: pd.Series) -> NDArray[np.intp]:
    """Where each of ``keys`` (n,) first stands in ``among``; -1 where it does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(keys) or not len(among):
        return np.full(len(keys), -1)
    found = pc.index_in(
        pa.array(keys, pa.large_string(), from_pandas=True),
        value_set=pa.array(among, pa.large_string(), from_pandas=True),
    )
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.intp)


def drafts_of(run: Run, entry: SystemEntry) -> pd.DataFrame | None:
    """The calls of ``run`` with all that figures of drafted tokens need; None where none drafted.

    Tokens are drafted by a hybrid of a pattern of ``DRAFTING``, or by a member of its at any depth.
    ``response_key`` is the place of the answer, as ``answer`` is in ``Rows``.
    """
    entries = {item.name: item for item in run.manifest.systems}

    def drafts(name: str, seen: frozenset[str]) -> bool:
        item = entries.get(name)
        if item is None or name in seen:
            return False
        members = set(item.roles.values())
        return item.pattern in DRAFTING or any(drafts(one, seen | {name}) for one in members)

    if not drafts(entry.name, frozenset()):
        return None
    calls, keys = run.read("calls", DRAFTS), run.read("responses", ["key"])["key"]
    return calls.assign(response_key=positions(calls["response_key"], keys))


def _sorted(names: pd.Series) -> pd.Categorical:
    import pandas as pd

    codes, found = pd.factorize(names, sort=True)
    return pd.Categorical.from_codes(codes, categories=found)
