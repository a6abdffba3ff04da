"""What a reader of a summary must mind: what was left out, failed, unpriced, cached or picked."""

from __future__ import annotations

from evalsuite.analysis.numbers import count, money, percent
from evalsuite.analysis.summary import Summary
from evalsuite.prompting import base_name


def _unfinished(summary: Summary) -> list[str]:
    """Of a run that was stopped at a limit: why, and who has how many of their answers."""
    if summary.manifest.stopped is None:
        return []
    short = [
        f"{item.entry.name} {count(item.figures.n_attempted)} of {count(item.n_wanted)}"
        for item in summary.systems
        if item.figures.n_attempted < item.n_wanted
    ]
    told = {item.entry.name for item in summary.systems}
    entries = summary.manifest.systems
    none = [f"{entry.name} 0" for entry in entries if entry.reported and entry.name not in told]
    return [
        f"The run was stopped early ({summary.manifest.stopped}). Answers there are: "
        f"{', '.join([*short, *none]) or 'all'}."
    ]


def _of_the_ranking(summary: Summary) -> list[str]:
    """Who is in no ranking and why, and what counts as one task in it."""
    found: list[str] = []
    systems = summary.systems
    partial = [item.entry.name for item in systems if not item.comparable and not item.baseline]
    baselines = [item for item in systems if item.baseline]
    if baselines:
        names = ", ".join(item.entry.name for item in baselines)
        of = sorted({base_name(task) for item in baselines for task in item.tasks})
        found.append(
            f"Baselines, answered because a task names them: {names} (for {', '.join(of)}). One "
            "of them is called best only where it is shown to beat the best system asked for."
        )
    for group in summary.prompts:
        found.append(
            f"{group.task} was asked in {len(group.prompts)} ways, which count as one task in "
            "every figure over tasks."
        )
    if partial:
        found.append(
            "Not in the overall ranking, for want of scored answers in every task: "
            + ", ".join(partial)
            + "."
        )
    return found


def caveats(summary: Summary) -> tuple[str, ...]:
    """Every caveat of ``summary`` as a sentence, what was stopped early first."""
    systems = summary.systems
    found = _unfinished(summary)
    found += _of_the_ranking(summary)
    without = [item.family for item in summary.families if not item.systems]
    if without:
        found.append(f"No system has scored answers in every task of: {', '.join(without)}.")
    for item in systems:
        figures = item.figures
        failed = figures.n_system_errors + figures.n_scorer_errors
        if failed:
            found.append(
                f"{item.entry.name}: {count(failed)} of {count(figures.n_attempted)} answers "
                "failed or could not be scored; rates leave them out "
                f"(counted as wrong: {percent(figures.success_rate_at_worst)})."
            )
    unpriced = [
        f"{item.entry.name} ({count(item.figures.n_unpriced)} of "
        f"{count(item.figures.n_attempted)} answers)"
        for item in systems
        if item.figures.usd is None
    ]
    if unpriced:
        found.append(f"Cost unknown, for want of a price: {', '.join(unpriced)}.")
    prepared = [f"{item.entry.name} {money(item.fit_usd)}" for item in systems if item.fits]
    if prepared:
        found.append(f"Costs leave out preparation, paid once: {', '.join(prepared)}.")
    cached = [
        f"{item.entry.name} {count(item.figures.n_cached_calls)} of {count(item.figures.n_calls)}"
        for item in systems
        if item.figures.n_cached_calls
    ]
    if cached:
        found.append(
            f"Calls answered by the response cache: {', '.join(cached)}. They cost here what they "
            "cost when they were made, were not billed again, and have no latency."
        )
    found.extend(f"{note[:1].upper()}{note[1:]}." for note in summary.manifest.notes)
    if summary.best is not None and len(systems) > 1:
        found.append(
            "The leader was picked on these very samples, which flatters it a little; "
            f"p-values are corrected (Holm) for {len(summary.comparisons)} comparisons, "
            "intervals are not."
        )
    return tuple(found)
