"""Success by slice of the samples: where a small system is as good, and where the best one changes.

A slice is one value of a trait (``slice_traits``). Slices are looked at to find something, and many
are: only differences that survive a correction over all of them are called differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.answer_calls import AnswerCalls, Positions
from evalsuite.analysis.clusters import Floats, cluster_codes
from evalsuite.analysis.compare import ALPHA
from evalsuite.analysis.flips_of_sums import flip_p_of_sums
from evalsuite.analysis.intervals import Estimate, proportion, wilson
from evalsuite.analysis.measure import numbers
from evalsuite.analysis.multiplicity import benjamini_hochberg
from evalsuite.analysis.paired import mean_difference
from evalsuite.analysis.ranking import MARGIN
from evalsuite.analysis.slice_traits import Trait, traits_of
from evalsuite.prompting import base_name

if TYPE_CHECKING:
    import pandas as pd

    from evalsuite.store import Run

MOST_SYSTEMS = 30
Standing = Literal["reference", "better", "close", "worse", "undecided"]
_SEPARATOR = "\N{INFORMATION SEPARATOR ONE}"


@dataclass(frozen=True, kw_only=True)
class SliceCell:
    """One system in one slice.

    ``rate`` is over the ``n`` scored answers, pooled. ``difference`` is to the reference on the
    ``n_pairs`` answers that were scored for both, and ``adjusted_p`` of "there is none" corrected
    over all slices. ``standing`` says what is shown:

    - "better", "worse": than the reference, after the correction;
    - "close": it loses less than ``MARGIN``, by the lower bound of ``difference``;
    - "undecided": none of these, at this n;
    - "reference": it is the reference.
    """

    system: str
    n: int
    n_successes: int
    rate: Estimate | None
    n_pairs: int
    difference: Estimate | None
    adjusted_p: float | None
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The samples with one ``value`` of a ``trait``.

    ``cells`` are of the systems that were scored in it, in the order of the ranking; ``leader`` is
    the one with the highest rate. ``cheapest`` is the cheapest system that is not shown to be worse
    than the reference (which may be itself), ``cheapest_shown`` whether it is shown to be close or
    better, and ``usd_ratio`` its spend over the reference's on the answers that both attempted,
    None where that is unknown.
    """

    trait: str
    value: str
    n_samples: int
    cells: tuple[SliceCell, ...]
    leader: str | None
    cheapest: str | None
    cheapest_shown: bool
    usd_ratio: float | None

    def cell(self, system: str) -> SliceCell | None:
        """The cell of ``system``; None where it was not scored here."""
        return next((item for item in self.cells if item.system == system), None)


@dataclass(frozen=True, kw_only=True)
class Slices:
    """All slices of a run.

    ``reference`` is the best comparable system, None where there is none: then nothing is compared.
    ``n_tests`` differences were corrected for together (Benjamini and Hochberg, 1995): of those
    that are called differences, at most a share of ``ALPHA`` is false on average. ``n_without`` has
    by trait the samples without one of its values. ``left_out`` are systems beyond the first.
    """

    reference: str | None
    systems: tuple[str, ...]
    n_tests: int
    slices: tuple[Slice, ...]
    n_without: dict[str, int]
    left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Table:
    """Outcomes (n, systems) of samples and repeats; clusters (n,), one a row where ``plain``."""

    success: Floats
    usd: Floats
    attempted: NDArray[np.bool_]
    clusters: NDArray[np.intp]
    plain: bool


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A slice before the correction, with dollars an answer, and over the reference's."""

    slice: Slice
    usd_each: dict[str, float | None]
    usd_ratios: dict[str, float | None]


def slices_of(
    run: Run,
    responses: pd.DataFrame,
    calls: AnswerCalls,
    ranked: Sequence[str],
    reference: str | None,
) -> Slices:
    """Slice the ``responses`` of the systems ``ranked`` (best first) by what is known of samples.

    Args:
        run: the run, whose samples are read.
        responses: rows of its table of that name.
        calls: those of ``responses``.
        ranked: systems, best first; those beyond ``MOST_SYSTEMS`` are left out.
        reference: the system that the others are compared with, or None.
    """
    samples = run.read("samples", ["task", "sample_id", "cluster", "metadata", "inputs"])
    families = {task.name: task.family for task in run.manifest.tasks}
    systems = list(ranked[:MOST_SYSTEMS])
    traits = traits_of(samples, families) if systems else ()
    found: list[_Found] = []
    if traits:
        table = _table(samples, responses, calls, systems)
        repeats = len(table.clusters) // len(samples)
        for trait in traits:
            codes = np.repeat(trait.codes, repeats)
            found.extend(_sliced(trait, codes, repeats, table, systems, reference))
    slices, n_tests = _corrected(found)
    return Slices(
        reference=reference,
        systems=tuple(systems),
        n_tests=n_tests,
        slices=slices,
        n_without={trait.name: trait.n_without for trait in traits},
        left_out=tuple(ranked[MOST_SYSTEMS:]),
    )


def _table(
    samples: pd.DataFrame, responses: pd.DataFrame, calls: AnswerCalls, systems: Sequence[str]
) -> _Table:
    import pandas as pd

    at = _samples_of(responses, samples)
    repeat = responses["repeat"].to_numpy(dtype=np.intp)
    repeats = int(repeat.max(initial=0)) + 1
    rows, shape = at * repeats + repeat, (len(samples) * repeats, len(systems))
    success, usd, attempted = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, bool)
    for column, system in enumerate(systems):
        mine = calls.responses_of[system]
        mine = mine[at[mine] >= 0]
        of_system = responses.iloc[mine]
        success[rows[mine], column] = numbers(of_system, "success")
        usd[rows[mine], column] = numbers(of_system, "usd")
        attempted[rows[mine], column] = True
    bases = samples["task"].map({name: base_name(name) for name in samples["task"].unique()})
    clusters, names = pd.factorize(bases.str.cat(samples["cluster"], sep=_SEPARATOR))
    return _Table(
        success=success,
        usd=usd,
        attempted=attempted,
        clusters=np.repeat(clusters, repeats),
        plain=repeats == 1 and len(names) == len(samples),
    )


def _samples_of(responses: pd.DataFrame, samples: pd.DataFrame) -> Positions:
    """The row (n,) of ``samples`` that each of ``responses`` answers; -1 where it is not there."""
    import pandas as pd

    ids = [samples["sample_id"], responses["sample_id"]]
    codes, names = pd.factorize(pd.concat(ids, ignore_index=True))
    of_task, tasks = pd.factorize(samples["task"])
    theirs, asked = pd.factorize(responses["task"])
    same = pd.Index(tasks.astype(str)).get_indexer(asked.astype(str))
    of_samples = of_task * len(names) + codes[: len(samples)]
    of_responses = same[theirs] * len(names) + codes[len(samples) :]
    order = np.argsort(of_samples)
    at = order[np.searchsorted(of_samples, of_responses, sorter=order) % len(samples)]
    return np.where(of_samples[at] == of_responses, at, -1)


def _sliced(
    trait: Trait,
    codes: NDArray[np.intp],
    repeats: int,
    table: _Table,
    systems: Sequence[str],
    reference: str | None,
) -> Iterator[_Found]:
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes + 1, minlength=len(trait.values) + 1))
    other = systems.index(reference) if reference in systems else None
    for value, rows in zip(trait.values, np.split(order, ends[:-1])[1:], strict=True):
        part = replace(
            table,
            success=table.success[rows],
            usd=table.usd[rows],
            attempted=table.attempted[rows],
            clusters=table.clusters[rows],
            plain=table.plain or cluster_codes(table.clusters[rows])[1] == len(rows),
        )
        cells = [_cell(part, at, system, other) for at, system in enumerate(systems)]
        scored = tuple(cell for cell in cells if cell.n)
        yield _Found(
            slice=Slice(
                trait=trait.name,
                value=value,
                n_samples=len(rows) // repeats,
                cells=scored,
                leader=max(scored, key=_rate_of).system if scored else None,
                cheapest=None,
                cheapest_shown=False,
                usd_ratio=None,
            ),
            usd_each={system: _usd_each(part, at) for at, system in enumerate(systems)},
            usd_ratios={
                system: None if other is None else _usd_ratio(part, at, other)
                for at, system in enumerate(systems)
            },
        )


def _cell(part: _Table, at: int, system: str, other: int | None) -> SliceCell:
    """One system against the one in column ``other``; its p-value is not corrected yet."""
    success = part.success[:, at]
    known = ~np.isnan(success)
    n, n_right = int(known.sum()), int(np.nansum(success))
    both = known & ~np.isnan(part.success[:, other]) if other is not None else known[:0]
    compared = other is not None and other != at and bool(both.any())
    difference, p_value = None, None
    if compared:
        theirs = part.success[both, other]
        labels = part.clusters[both]
        difference = mean_difference(success[both], theirs, labels)
        p_value = flip_p_of_sums(_sums(success[both] - theirs, labels, part.plain))
    return SliceCell(
        system=system,
        n=n,
        n_successes=n_right,
        rate=_rate(success[known], part.clusters[known], part.plain),
        n_pairs=int(both.sum()),
        difference=difference,
        adjusted_p=p_value,
        standing="reference" if other == at else "undecided",
    )


def _rate(success: Floats, clusters: NDArray[np.intp], plain: bool) -> Estimate | None:
    if not plain:
        return proportion(success, clusters)
    if not success.size:
        return None
    n, n_right = success.size, float(success.sum())
    low, high = wilson(n_right, n)
    return Estimate(value=n_right / n, low=low, high=high, n=n, method="Wilson")


def _sums(differences: Floats, clusters: NDArray[np.intp], plain: bool) -> Floats:
    if plain:
        return np.asarray(differences[differences != 0])
    codes = clusters - clusters.min()
    return np.asarray(np.bincount(codes, differences), dtype=np.float64)


def _usd_each(part: _Table, at: int) -> float | None:
    """Dollars an attempted answer; None where there are none, or one's cost is unknown."""
    usd = part.usd[part.attempted[:, at], at]
    return float(usd.mean()) if usd.size and not np.isnan(usd).any() else None


def _usd_ratio(part: _Table, at: int, other: int) -> float | None:
    both = part.attempted[:, at] & part.attempted[:, other]
    own, theirs = float(part.usd[both, at].sum()), float(part.usd[both, other].sum())
    return own / theirs if theirs > 0 and not np.isnan(own) else None


def _rate_of(cell: SliceCell) -> float:
    return cell.n_successes / cell.n


def _corrected(found: Sequence[_Found]) -> tuple[tuple[Slice, ...], int]:
    """The slices with their standings and cheapest systems, and how many tests there were."""
    tested = [
        cell.adjusted_p
        for item in found
        for cell in item.slice.cells
        if cell.adjusted_p is not None
    ]
    adjusted = iter(benjamini_hochberg(tested))
    slices = []
    for item in found:
        cells = tuple(
            cell if cell.adjusted_p is None else _standing(cell, next(adjusted))
            for cell in item.slice.cells
        )
        slices.append(_with_cheapest(replace(item.slice, cells=cells), item))
    return tuple(slices), len(tested)


def _standing(cell: SliceCell, adjusted_p: float) -> SliceCell:
    assert cell.difference is not None
    low, value = cell.difference.low, cell.difference.value
    standing: Standing = "undecided"
    if adjusted_p < ALPHA and value > 0:
        standing = "better"
    elif low is not None and low > -MARGIN:
        standing = "close"
    elif adjusted_p < ALPHA:
        standing = "worse"
    return replace(cell, adjusted_p=adjusted_p, standing=standing)


def _with_cheapest(item: Slice, found: _Found) -> Slice:
    """The cheapest of the systems that are not shown to be worse than the reference."""
    priced = [
        (usd, cell)
        for cell in item.cells
        if cell.standing != "worse" and (usd := found.usd_each[cell.system]) is not None
    ]
    if not any(cell.standing == "reference" for cell in item.cells) or not priced:
        return item
    cheapest = min(priced, key=lambda pair: pair[0])[1]
    return replace(
        item,
        cheapest=cheapest.system,
        cheapest_shown=cheapest.standing != "undecided",
        usd_ratio=found.usd_ratios[cheapest.system],
    )
