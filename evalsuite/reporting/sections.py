"""The sections of the HTML report, in the order of the page.

A section is a template, ``templates/sections/<id>.html.j2``, and what it shows of a run. One that
has nothing to show is left out of the page and of its navigation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalsuite.analysis.summary import Summary
from evalsuite.analysis.verdict import MARGIN, decision, verdict
from evalsuite.reporting import (
    amortisation,
    energy,
    failures,
    judges,
    members,
    methods,
    pass_at_k,
    plane,
    prompts,
    scorecard,
    slices,
    spend,
    strips,
    tie_groups,
    times,
)
from evalsuite.reporting.columns import telling_columns
from evalsuite.reporting.explorer import explore
from evalsuite.reporting.forest import forest
from evalsuite.reporting.heat import FEW, heat
from evalsuite.reporting.memory_plane import lay_out_memory
from evalsuite.store import Run

WIDE, NARROW = 1120, 350
"""Figures are drawn for both, so that type keeps its size on a telephone."""
SHOWN = 5
"""Sentences of a list that are shown at once; the rest is folded."""

Shown = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """One section.

    ``context`` gives what its template needs beside ``summary`` and ``manifest``, None where there
    is nothing to show; ``title`` is its name in the navigation.
    """

    id: str
    title: str
    context: Callable[[Run, Summary], Shown | None]


def _verdict(run: Run, summary: Summary) -> Shown:
    return {"verdict": verdict(summary), "SHOWN": SHOWN}


def _plane(run: Run, summary: Summary) -> Shown | None:
    wide = plane.lay_out(summary, width=WIDE, height=470)
    if wide is None or len(wide.marks) < 2:
        return None
    return {"planes": [wide, plane.lay_out(summary, width=NARROW, height=400)]}


def _systems(run: Run, summary: Summary) -> Shown:
    columns, silent = telling_columns(summary.systems)
    ties = tie_groups.tie_sentences(summary.ties)
    return {"columns": columns, "silent": silent, "ties": ties, "FEW": FEW}


def _tasks(run: Run, summary: Summary) -> Shown:
    return {"heat": heat(summary), "FEW": FEW}


def _prompts(run: Run, summary: Summary) -> Shown | None:
    return {"prompts": prompts} if summary.prompts else None


def _judges(run: Run, summary: Summary) -> Shown | None:
    return {"judges": judges} if summary.judges else None


def _comparisons(run: Run, summary: Summary) -> Shown | None:
    if not summary.comparisons:
        return None
    return {
        "decision": decision,
        "forest": forest(summary.comparisons),
        "MARGIN": MARGIN,
        "FEW": FEW,
    }


def _latency(run: Run, summary: Summary) -> Shown:
    widths = (WIDE, NARROW)
    latencies = summary.latencies
    return {
        "strips": [strips.lay_out(run, summary, width=width) for width in widths],
        "MOST_DOTS": strips.MOST_DOTS,
        "times": times,
        "latencies": latencies,
        "parts": list(times.part_rows(latencies)),
        "notes": times.part_notes(latencies),
        "limited": any(item.limits is not None for item in latencies),
    }


def _energy(run: Run, summary: Summary) -> Shown | None:
    rows = energy.energy_rows(summary)
    if not rows:
        return None
    wide = lay_out_memory(summary, width=WIDE, height=470)
    planes = [wide, lay_out_memory(summary, width=NARROW, height=400)] if wide else []
    return {"energy": energy, "rows": rows, "planes": planes}


def _hybrids(run: Run, summary: Summary) -> Shown | None:
    if not any(item.hybrid for item in summary.systems):
        return None
    return {"members": members, "member_rows": members.member_rows(summary)}


def _scorecard(run: Run, summary: Summary) -> Shown:
    shown, silent = scorecard.telling(summary.scorecards)
    return {"scorecard": scorecard, "shown": shown, "silent": silent}


def _slices(run: Run, summary: Summary) -> Shown | None:
    if not summary.slices.slices:
        return None
    return {
        "slices": slices,
        "sentences": slices.slice_sentences(summary.slices),
        "traits": slices.by_trait(summary.slices),
        "SHOWN": SHOWN,
        "FEW": FEW,
    }


def _repeats(run: Run, summary: Summary) -> Shown | None:
    ks = pass_at_k.ks_of(summary.repeated)
    return {"pass_at_k": pass_at_k, "ks": ks} if summary.repeated else None


def _spend(run: Run, summary: Summary) -> Shown:
    return {
        "spend": spend,
        "rows": spend.spend_rows(summary),
        "divided": [item for item in summary.spend if spend.hop_parts(item)],
        "several": [item for item in summary.spend if len(item.roles) > 1],
        "judging": spend.judge_sentences(summary.judges),
    }


def _failures(run: Run, summary: Summary) -> Shown:
    return {
        "failures": failures,
        "failing": failures.failing(summary),
        "judge_errors": failures.judge_errors(summary.judges),
    }


def _fits(run: Run, summary: Summary) -> Shown | None:
    return {} if any(item.fits for item in summary.systems) else None


def _amortisation(run: Run, summary: Summary) -> Shown | None:
    return {"amortisation": amortisation} if summary.amortised else None


def _methods(run: Run, summary: Summary) -> Shown:
    return {"methods": methods.methods(run, summary)}


def _conditions(run: Run, summary: Summary) -> Shown:
    return {"parts": run.parts, "prices": methods.prices(summary.manifest.systems)}


def _samples(run: Run, summary: Summary) -> Shown:
    return {"explorer": explore(run, summary)}


SECTIONS: Sequence[Section] = (
    Section("plane", "Cost and quality", _plane),
    Section("verdict", "Why", _verdict),
    Section("systems", "Systems", _systems),
    Section("scorecard", "Scorecard", _scorecard),
    Section("tasks", "Tasks", _tasks),
    Section("slices", "Slices", _slices),
    Section("repeats", "Repeats", _repeats),
    Section("prompts", "Prompts", _prompts),
    Section("judges", "Judges", _judges),
    Section("comparisons", "Comparisons", _comparisons),
    Section("spend", "Spend", _spend),
    Section("latency", "Latency", _latency),
    Section("energy", "Energy and size", _energy),
    Section("hybrids", "Hybrids", _hybrids),
    Section("failures", "Failures", _failures),
    Section("fits", "Preparation", _fits),
    Section("amortisation", "Break-even", _amortisation),
    Section("methods", "Methods", _methods),
    Section("conditions", "Conditions", _conditions),
    Section("samples", "Samples", _samples),
)


def sections_holding(most_samples: int | None) -> Sequence[Section]:
    """The sections of a page that holds at most ``most_samples``; None as many as fit it well."""
    if most_samples is None:
        return SECTIONS

    def samples(run: Run, summary: Summary) -> Shown:
        return {"explorer": explore(run, summary, most_samples=most_samples)}

    return [replace(item, context=samples) if item.id == "samples" else item for item in SECTIONS]
