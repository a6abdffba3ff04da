"""One task asked in several ways: how much the way matters, and whether more than chance would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import (
    Codes,
    Floats,
    cluster_codes,
    cluster_sums,
    resampled_totals,
)
from evalsuite.analysis.intervals import (
    FEWEST_CLUSTERS_TO_RESAMPLE,
    LEVEL,
    RESAMPLES,
    Estimate,
    proportion,
)
from evalsuite.analysis.many import block_means, friedman
from evalsuite.analysis.measure import cluster_labels, numbers
from evalsuite.analysis.multiplicity import holm
from evalsuite.analysis.paired import sign_flip_p
from evalsuite.prompting import PLAIN, base_name

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
NOTHING_VARIES = "nothing varies: no interval"


@dataclass(frozen=True, kw_only=True)
class PromptRate:
    """The success rate under one prompt; ``prompt`` is what the task's name says of it."""

    prompt: str
    rate: float


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """One system on one task that was asked in several ways.

    Everything is over the ``n`` samples (and repeats) that were scored under every prompt;
    ``n_left_out`` were scored under some only. ``prompts`` are in the order of the run. ``mean`` is
    over prompts, ``spread`` the best rate less the worst one, as a share, with the interval of
    ``spread_of``. ``adjusted_p`` is Holm's over the tasks and systems of the run; None where there
    were no samples for a test.
    """

    task: str
    system: str
    prompts: tuple[PromptRate, ...]
    n: int
    n_left_out: int
    mean: Estimate
    spread: Estimate
    p_value: float | None
    adjusted_p: float | None

    @property
    def best(self) -> PromptRate:
        """The prompt with the highest rate, the first one among equals."""
        return max(self.prompts, key=lambda item: item.rate)

    @property
    def worst(self) -> PromptRate:
        """The prompt with the lowest rate, the first one among equals."""
        return min(self.prompts, key=lambda item: item.rate)

    @property
    def exceeds_chance(self) -> bool:
        """Whether the prompts differ by more than chance: by the test and by the interval."""
        low = self.spread.low
        return self.adjusted_p is not None and self.adjusted_p < ALPHA and (low or 0.0) > 0


@dataclass(frozen=True, kw_only=True)
class RankingFlip:
    """Two systems of which one is ahead under some prompts and the other under others.

    ``shown`` says that under at least one prompt each was ahead by more than chance: exact or
    permutation p-values (``sign_flip_p``), times the number of pairs and prompts of the task.
    """

    a: str
    b: str
    a_ahead: tuple[str, ...]
    b_ahead: tuple[str, ...]
    shown: bool


@dataclass(frozen=True, kw_only=True)
class TaskPrompts:
    """A task that was asked in several ways: what became of each system, and of their order."""

    task: str
    prompts: tuple[str, ...]
    systems: tuple[Sensitivity, ...]
    flips: tuple[RankingFlip, ...]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What one system made of a task: successes (n, k prompts), NaN where there is none."""

    success: Floats
    items: Codes
    clusters: Codes


def prompt_sensitivity(
    tasks: Sequence[str], responses: pd.DataFrame, *, seed: int = 0
) -> tuple[TaskPrompts, ...]:
    """Sensitivity to the prompt, for every task that ``tasks`` has several ways to ask.

    Args:
        tasks: full names, as in a manifest.
        responses: columns of ``evalsuite.store``.
        seed: of bootstraps and permutations.
    """
    ways: dict[str, list[str]] = {}
    for task in tasks:
        ways.setdefault(base_name(task), []).append(task)
    found = [
        _task_prompts(base, names, responses, seed)
        for base, names in ways.items()
        if len(names) > 1
    ]
    tested = [item.p_value for group in found for item in group.systems if item.p_value is not None]
    adjusted = iter(holm(tested))
    return tuple(
        replace(
            group,
            systems=tuple(
                item if item.p_value is None else replace(item, adjusted_p=next(adjusted))
                for item in group.systems
            ),
        )
        for group in found
    )


def spread_of(table: Floats, clusters: ArrayLike, *, seed: int) -> Estimate:
    """The highest column mean of ``table`` (n, k) less the lowest, with its 95 % interval.

    Of many prompts the best and the worst differ by chance alone, so the interval allows for all
    pairs at once, as Tukey's range does: half its width is the 95 % quantile of the range of the
    errors of the k means, from a bootstrap of clusters around them. No true spread is further from
    the seen one than that range, since a range changes by no more than the range of what is added.
    Source: Tukey (1953), The problem of multiple comparisons; the quantile by resampling whole
    rows: Westfall and Young (1993), Resampling-based multiple testing. No bounds for fewer than 5
    clusters, or where every row is constant, because nothing then says how much could vary.
    """
    n = len(table)
    codes, n_clusters = cluster_codes(clusters, n)
    sums = cluster_sums(np.column_stack([table, np.ones(n)]), codes, n_clusters)
    means = table.mean(axis=0)
    value = float(np.ptp(means))
    if n_clusters < FEWEST_CLUSTERS_TO_RESAMPLE or bool((np.ptp(table, axis=1) == 0).all()):
        few = n_clusters < FEWEST_CLUSTERS_TO_RESAMPLE
        method = f"{n_clusters} clusters: no interval" if few else NOTHING_VARIES
        return Estimate(value=value, low=None, high=None, n=n, method=method)
    strata = np.zeros(n_clusters, dtype=np.intp)
    totals = resampled_totals(sums, strata, seed=seed, resamples=RESAMPLES)[:, 0, :]
    errors = totals[:, :-1] / totals[:, -1:] - means
    reach = float(np.quantile(np.ptp(errors, axis=1), LEVEL))
    reach *= (n_clusters / (n_clusters - 1)) ** 0.5
    return Estimate(
        value=value,
        low=max(0.0, value - reach),
        high=min(1.0, value + reach),
        n=n,
        method="simultaneous range, cluster bootstrap",
    )


def prompts_p(table: Floats, clusters: ArrayLike, *, seed: int) -> float:
    """p-value of "the prompts do as well as each other" for successes ``table`` (n, k).

    Two prompts: ``sign_flip_p``, the exact McNemar test for clusters of one sample. More: the F of
    Friedman's test (Iman and Davenport, 1980) on the clusters' means, whose chi-square is Cochran's
    Q (1950) for clusters of one. 1 where nothing differs.
    """
    if table.shape[1] == 2:
        return sign_flip_p(table[:, 0] - table[:, 1], clusters, seed=seed)
    blocks = block_means(table, clusters)
    return friedman(blocks).f_p if len(blocks) > 1 else 1.0


def _task_prompts(
    base: str, names: Sequence[str], responses: pd.DataFrame, seed: int
) -> TaskPrompts:
    rows = responses[responses["task"].isin(names)]
    rows = rows.assign(
        item=_items(rows), value=numbers(rows, "success"), label=cluster_labels(rows)
    )
    asked = {
        str(system): _asked(group, names)
        for system, group in rows.groupby("system", sort=True)
        if set(group["task"]) == set(names)
    }
    prompts = tuple(name.removeprefix(base).removeprefix("@") or PLAIN for name in names)
    found = [_sensitivity(base, name, prompts, item, seed) for name, item in asked.items()]
    systems = [item for item in found if item is not None]
    systems.sort(key=lambda item: (-item.mean.value, item.system))
    return TaskPrompts(
        task=base,
        prompts=prompts,
        systems=tuple(systems),
        flips=_flips(asked, prompts, seed),
    )


def _asked(rows: pd.DataFrame, names: Sequence[str]) -> _Asked:
    """The answers of one system, a sample (and repeat) a row, a prompt a column."""
    items, row = np.unique(rows["item"], return_inverse=True)
    success, clusters = np.full((len(items), len(names)), np.nan), np.zeros(len(items), np.intp)
    column = {name: at for at, name in enumerate(names)}
    success[row, rows["task"].map(column).to_numpy(dtype=np.intp)] = rows["value"]
    clusters[row] = rows["label"]
    return _Asked(success=success, items=items, clusters=clusters)


def _items(rows: pd.DataFrame) -> Codes:
    """The sample and repeat of each row (n,), as a number, the same for all prompts."""
    import pandas as pd

    samples, names = pd.factorize(rows["sample_id"], sort=True)
    repeat = rows["repeat"].to_numpy(dtype=np.intp)
    return np.asarray(samples + len(names) * repeat, dtype=np.intp)


def _sensitivity(
    task: str, system: str, prompts: Sequence[str], asked: _Asked, seed: int
) -> Sensitivity | None:
    whole = ~np.isnan(asked.success).any(axis=1)
    some = ~np.isnan(asked.success).all(axis=1)
    table, clusters = asked.success[whole], asked.clusters[whole]
    mean = proportion(table.ravel(), np.repeat(clusters, table.shape[1]))
    if mean is None:
        return None
    return Sensitivity(
        task=task,
        system=system,
        prompts=tuple(
            PromptRate(prompt=prompt, rate=float(rate))
            for prompt, rate in zip(prompts, table.mean(axis=0), strict=True)
        ),
        n=len(table),
        n_left_out=int(some.sum() - whole.sum()),
        mean=mean,
        spread=spread_of(table, clusters, seed=seed),
        p_value=prompts_p(table, clusters, seed=seed),
        adjusted_p=None,
    )


def _flips(
    asked: Mapping[str, _Asked], prompts: Sequence[str], seed: int
) -> tuple[RankingFlip, ...]:
    pairs = list(combinations(sorted(asked), 2))
    n_tests = len(pairs) * len(prompts)
    found = []
    for a, b in pairs:
        both, at_a, at_b = np.intersect1d(asked[a].items, asked[b].items, return_indices=True)
        differences = asked[a].success[at_a] - asked[b].success[at_b]
        whole = ~np.isnan(differences).any(axis=1)
        if not len(both) or not whole.any():
            continue
        differences, clusters = differences[whole], asked[a].clusters[at_a][whole]
        lead = differences.mean(axis=0)
        if not lead.min() < 0 < lead.max():
            continue
        p_values = [sign_flip_p(column, clusters, seed=seed) for column in differences.T]
        sure = np.minimum(1.0, np.array(p_values) * n_tests) < ALPHA
        found.append(
            RankingFlip(
                a=a,
                b=b,
                a_ahead=tuple(p for p, by in zip(prompts, lead, strict=True) if by > 0),
                b_ahead=tuple(p for p, by in zip(prompts, lead, strict=True) if by < 0),
                shown=bool((sure & (lead > 0)).any() and (sure & (lead < 0)).any()),
            )
        )
    return tuple(found)
