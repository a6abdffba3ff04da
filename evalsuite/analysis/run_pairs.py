"""Two runs side by side: what differs, and each system of one against one of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.answers import SampleAnswers, answers_of, sample_pins
from evalsuite.analysis.flips import Flip, Moved, Side, flip_of, moved_samples
from evalsuite.analysis.multiplicity import benjamini_hochberg, holm
from evalsuite.analysis.pair_figures import (
    PairedAnswers,
    Ratio,
    Share,
    cost_ratio,
    latency_ratio,
    success_share,
    valid_share,
)
from evalsuite.analysis.run_differences import run_differences
from evalsuite.analysis.slices import traits
from evalsuite.errors import UserError
from evalsuite.hints import did_you_mean
from evalsuite.prompting import base_name

if TYPE_CHECKING:
    from evalsuite.store import Run

SHOWN_FLIPS = 50
"""So many losses and so many gains are kept with their texts; all are counted."""
FEWEST_IN_SLICE = 5
"""Smaller slices are left out: nothing could be seen in them."""

Answers = Mapping[tuple[str, str], Mapping[str, SampleAnswers]]


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The success of one part of the samples: those whose ``trait`` has this ``value``.

    ``adjusted_p`` is Benjamini and Hochberg's over all slices of the pair: for exploration.
    """

    trait: str
    value: str
    success: Share
    adjusted_p: float


@dataclass(frozen=True, kw_only=True)
class SystemPair:
    """System ``a`` of the first run against system ``b`` of the second, on common samples.

    ``n_left_out`` counts those that one side never scored, ``n_same_answers`` those to which both
    gave the same answers, repeat by repeat. ``adjusted_p`` is Holm's over the pairs. ``n_lost`` and
    ``n_gained`` count all flips, of which ``flips`` has the largest losses, then the largest gains.
    """

    a: str
    b: str
    n_tasks: int
    n_left_out: int
    n_same_answers: int
    success: Share | None
    valid: Share | None
    cost: Ratio
    latency: Ratio
    adjusted_p: float | None
    slices: tuple[Slice, ...]
    n_lost: int
    n_gained: int
    flips: tuple[Flip, ...]

    @property
    def distinguishable(self) -> bool:
        """Whether success differs by more than chance: by the corrected test and by the interval.

        Both, so that a sentence never says one thing and its interval another.
        """
        if self.success is None or self.adjusted_p is None or self.adjusted_p >= 0.05:
            return False
        low, high = self.success.difference.low, self.success.difference.high
        return low is not None and high is not None and (low > 0 or high < 0)


@dataclass(frozen=True, kw_only=True)
class RunPair:
    """Two runs: what differs in how they were made, and how their systems compare."""

    a: str
    b: str
    differences: tuple[str, ...]
    systems: tuple[SystemPair, ...]


def compare_runs(
    a: Run, b: Run, systems: tuple[str, str] | None = None, *, seed: int = 0
) -> RunPair:
    """Compare run ``a`` with run ``b`` on the samples that both have with the same content.

    Args:
        a: a run.
        b: another one, or the same.
        systems: one system of each; every name that both have unless given.
        seed: of permutation tests.

    Raises:
        UserError: there is nothing to compare: no common samples, no common systems.
    """
    pairs = _paired_names(a, b, systems)
    clusters = _common_clusters(a, b)
    if not clusters:
        raise UserError(f"{a.path} and {b.path} have no sample in common: nothing to compare")
    of_a, of_b, known = answers_of(a), answers_of(b), traits(a)
    found = []
    for name_a, name_b in pairs:
        paired, n_left_out = _paired(of_a, of_b, (name_a, name_b), clusters)
        sides = Side(run=a, system=name_a), Side(run=b, system=name_b)
        found.append(_system_pair(paired, n_left_out, sides, known, seed))
    tested = {index: item.success.p_value for index, item in enumerate(found) if item.success}
    by_index = dict(zip(tested, holm(list(tested.values())), strict=True))
    return RunPair(
        a=str(a.path),
        b=str(b.path),
        differences=run_differences(a, b, pairs),
        systems=tuple(
            replace(item, adjusted_p=by_index.get(index)) for index, item in enumerate(found)
        ),
    )


def _paired_names(a: Run, b: Run, systems: tuple[str, str] | None) -> list[tuple[str, str]]:
    names_a, names_b = (
        [entry.name for entry in run.manifest.systems if entry.reported] for run in (a, b)
    )
    if systems is None:
        common = [name for name in names_a if name in names_b]
        if not common:
            raise UserError(
                f"no system of {a.path} ({', '.join(names_a)}) has the name of one of {b.path} "
                f"({', '.join(names_b)}); name one of each with --systems"
            )
        if a.path == b.path:
            raise UserError(f"{a.path} against itself: name two systems with --systems")
        return [(name, name) for name in common]
    for run, names, name in ((a, names_a, systems[0]), (b, names_b, systems[1])):
        if name not in names:
            hint = did_you_mean(name, names, otherwise=f"it has {', '.join(names)}")
            raise UserError(f"{run.path} has no system {name!r}; {hint}")
    return [systems]


def _common_clusters(a: Run, b: Run) -> dict[tuple[str, str], str]:
    """The cluster of every (task, sample) that both runs have with the same content, in order."""
    pins_a, pins_b = sample_pins(a), sample_pins(b)
    found = {}
    rows = zip(a.samples["task"], a.samples["sample_id"], a.samples["cluster"], strict=True)
    for task, sample, cluster in rows:
        other = pins_b.get(task, {}).get(sample)
        if other is not None and other.split()[0] == pins_a[task][sample].split()[0]:
            # Ways to ask one task are no independent tasks: they share its clusters.
            label = f"{base_name(task)}\N{INFORMATION SEPARATOR ONE}{cluster}"
            found[str(task), str(sample)] = label
    return found


def _paired(
    of_a: Answers,
    of_b: Answers,
    names: tuple[str, str],
    clusters: Mapping[tuple[str, str], str],
) -> tuple[PairedAnswers, int]:
    """The samples that both systems scored, side by side, and how many were left out."""
    kept: list[tuple[tuple[str, str], SampleAnswers, SampleAnswers]] = []
    n_left_out = 0
    for task, sample in clusters:
        first = of_a.get((task, names[0]), {}).get(sample)
        second = of_b.get((task, names[1]), {}).get(sample)
        if first is None or second is None:
            continue
        if first.n_scored and second.n_scored:
            kept.append(((task, sample), first, second))
        else:
            n_left_out += 1
    keys = tuple(key for key, _, _ in kept)
    paired = PairedAnswers(
        samples=keys,
        tasks=np.array([base_name(task) for task, _ in keys], dtype=str),
        clusters=np.array([clusters[key] for key in keys], dtype=str),
        a=tuple(first for _, first, _ in kept),
        b=tuple(second for _, _, second in kept),
    )
    return paired, n_left_out


def _system_pair(
    paired: PairedAnswers,
    n_left_out: int,
    sides: tuple[Side, Side],
    known: Mapping[str, Mapping[tuple[str, str], str]],
    seed: int,
) -> SystemPair:
    moved = moved_samples(
        Moved(task=task, system=sides[1].system, sample_id=sample, before=first, now=second)
        for (task, sample), first, second in zip(paired.samples, paired.a, paired.b, strict=True)
    )
    lost = [item for item in moved if item.by < 0]
    gained = [item for item in reversed(moved) if item.by > 0]
    alike = (
        first.answer is not None and first.answer == second.answer
        for first, second in zip(paired.a, paired.b, strict=True)
    )
    return SystemPair(
        a=sides[0].system,
        b=sides[1].system,
        n_tasks=len(set(paired.tasks.tolist())),
        n_left_out=n_left_out,
        n_same_answers=sum(alike),
        success=success_share(paired, seed=seed),
        valid=valid_share(paired, seed=seed),
        cost=cost_ratio(paired),
        latency=latency_ratio(paired),
        adjusted_p=None,
        slices=_slices(paired, known, seed),
        n_lost=len(lost),
        n_gained=len(gained),
        flips=tuple(flip_of(item, *sides) for item in (*lost[:SHOWN_FLIPS], *gained[:SHOWN_FLIPS])),
    )


def _slices(
    paired: PairedAnswers, known: Mapping[str, Mapping[tuple[str, str], str]], seed: int
) -> tuple[Slice, ...]:
    parts: list[tuple[str, str, Share]] = []
    for trait, values in known.items():
        labels = np.array([values.get(key, "") for key in paired.samples], dtype=str)
        for value in sorted(set(labels.tolist()) - {""}):
            inside = labels == value
            if not FEWEST_IN_SLICE <= int(inside.sum()) < len(labels):
                continue
            share = success_share(paired.part(inside), seed=seed)
            if share is not None:
                parts.append((trait, value, share))
    adjusted = benjamini_hochberg([share.p_value for _, _, share in parts])
    return tuple(
        Slice(trait=trait, value=value, success=share, adjusted_p=p)
        for (trait, value, share), p in zip(parts, adjusted, strict=True)
    )


def by_surprise(slices: Sequence[Slice]) -> list[Slice]:
    """``slices``, the least likely to be chance first."""
    return sorted(slices, key=lambda item: (item.success.p_value, item.trait, item.value))
