"""Two runs compared, in words and cells, shared by the terminal and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite.analysis.flips import Flip
from evalsuite.analysis.numbers import (
    EN_DASH,
    NOT_APPLICABLE,
    count,
    interval,
    percent,
    points,
    significant,
)
from evalsuite.analysis.pair_figures import Ratio, Share
from evalsuite.analysis.run_pairs import RunPair, Slice, SystemPair, by_surprise
from evalsuite.reporting.gate_words import ARROW, p_value

RATIO_COLUMNS = ("cost B / A", "latency B / A")
SYSTEM_COLUMNS = (
    "system",
    "right A",
    "right B",
    "B - A, points (95 % CI)",
    "p (Holm)",
    "shown from",
    *RATIO_COLUMNS,
    "lost, gained",
    "n",
)
SLICE_COLUMNS = (
    "system",
    "slice",
    "right A",
    "right B",
    "B - A, points (95 % CI)",
    "p (BH)",
    "shown from",
    "n",
)
SHOWN_SLICES = 12


def pair_name(pair: SystemPair) -> str:
    """The system, or both where they have different names."""
    return pair.a if pair.a == pair.b else f"{pair.a} {ARROW} {pair.b}"


def pair_sentence(pair: SystemPair) -> str:
    """One pair of systems in words: what differs, by how much, how sure, what n could show."""
    name, share = pair_name(pair), pair.success
    if share is None:
        return f"{name}: no common sample was scored on both sides."
    parts = [
        f"{name}: {percent(share.a)} {ARROW} {percent(share.b)} right, {_decision(pair, share)}",
        f"cost {_ratio_words(pair.cost)}, latency {_ratio_words(pair.latency)}",
        f"{count(pair.n_same_answers)} of {count(share.n_samples)} samples answered alike; "
        f"{count(pair.n_lost)} lost, {count(pair.n_gained)} gained",
    ]
    valid = pair.valid
    if valid is not None and min(valid.a, valid.b) < 1 - 1e-9:
        change = f"{points(valid.difference.value)} points, {_bounds(valid)}"
        parts.append(f"readable {percent(valid.a)} {ARROW} {percent(valid.b)} ({change})")
    if pair.n_left_out:
        parts.append(f"{count(pair.n_left_out)} samples left out, never scored on one side")
    return "; ".join(parts) + "."


def system_cells(pair: SystemPair) -> tuple[str, ...]:
    """The cells of ``SYSTEM_COLUMNS``."""
    share = pair.success
    if share is None:
        return (pair_name(pair), *[NOT_APPLICABLE] * (len(SYSTEM_COLUMNS) - 1))
    return (
        pair_name(pair),
        percent(share.a),
        percent(share.b),
        _change(share),
        p_value(pair.adjusted_p),
        _from(share),
        _ratio_cell(pair.cost),
        _ratio_cell(pair.latency),
        f"{count(pair.n_lost)}, {count(pair.n_gained)}",
        count(share.n_samples),
    )


def slice_rows(compared: RunPair) -> list[tuple[str, ...]]:
    """The cells of ``SLICE_COLUMNS`` for the slices least likely to be chance, of all systems."""
    owners: list[tuple[SystemPair, Slice]] = [
        (pair, part) for pair in compared.systems for part in by_surprise(pair.slices)
    ]
    owners.sort(key=lambda owned: owned[1].success.p_value)
    return [
        (
            pair_name(pair),
            f"{part.trait} {part.value}",
            percent(part.success.a),
            percent(part.success.b),
            _change(part.success),
            p_value(part.adjusted_p),
            _from(part.success),
            count(part.success.n_samples),
        )
        for pair, part in owners[:SHOWN_SLICES]
    ]


def flip_title(flip: Flip) -> str:
    """Which sample, and what became of it on both sides."""
    return f"{flip.task} {flip.sample_id}: {flip.before} {ARROW} {flip.now}"


def chosen_flips(flips: Sequence[Flip], most: int) -> list[Flip]:
    """At most ``most`` of the losses, then at most ``most`` of the gains."""
    lost = [flip for flip in flips if flip.rate_now < flip.rate_before]
    gained = [flip for flip in flips if flip.rate_now > flip.rate_before]
    return [*lost[:most], *gained[:most]]


def _decision(pair: SystemPair, share: Share) -> str:
    tasks = f"{count(pair.n_tasks)} task{'s' * (pair.n_tasks != 1)}"
    known = (
        f"{points(share.difference.value)} points, {_bounds(share)}, {count(share.n_samples)} "
        f"samples in {tasks}, corrected p {p_value(pair.adjusted_p)}"
    )
    if pair.distinguishable:
        return f"distinguishable ({known})"
    return f"not distinguishable ({known}; so many samples show {_smallest(share)})"


def _smallest(share: Share) -> str:
    if share.smallest_detectable is None:
        return "nothing, being one cluster"
    if share.smallest_detectable > 1:
        return "no difference at all"
    return f"differences from about {100 * share.smallest_detectable:.1f} points"


def _bounds(share: Share) -> str:
    return f"95 % CI {interval(share.difference, points)}"


def _change(share: Share) -> str:
    return f"{points(share.difference.value)} ({interval(share.difference, points)})"


def _from(share: Share) -> str:
    smallest = share.smallest_detectable
    if smallest is None or smallest > 1:
        return EN_DASH
    return f"{100 * smallest:.1f} points"


def _ratio_words(ratio: Ratio) -> str:
    if ratio.ratio is None:
        return f"not comparable ({ratio.why})"
    return f"x {_ratio_cell(ratio)}"


def _ratio_cell(ratio: Ratio) -> str:
    if ratio.ratio is None:
        return EN_DASH
    return f"{significant(ratio.ratio.value)} ({interval(ratio.ratio, significant)})"
