"""The gate: is this run worse than its baseline? Yes, no, or not to be told from this much.

A figure has *regressed* where a paired, clustered, Holm-corrected one-sided test says that it is
worse, by at least the smallest effect worth a blame. It *passes* where its bound shows that it is
worse by less than the margin. Anything else is *inconclusive*.

With two stages, systems that look doubtful on the answers at hand are asked again, and the verdict
is on all their repeats. Nothing can be blamed but by the test of the second stage, which holds its
risk whether or not there was a first one; so looking first cannot raise the rate of false alarms
(a futility stop: Jennison and Turnbull, 1999, Group Sequential Methods, ch. 10).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evalsuite.analysis.answers import SCORED, SYSTEM_ERROR, answered_pairs
from evalsuite.analysis.baseline import Baseline
from evalsuite.analysis.gate_config import GateFile, Metric, too_many
from evalsuite.analysis.gate_evidence import (
    Evidence,
    Pair,
    doubtful,
    first_look,
    second_look,
    within_margin,
)
from evalsuite.analysis.gate_figures import Measured
from evalsuite.analysis.gate_pins import gated_pairs, mismatches
from evalsuite.analysis.gate_result import Failures, Finding, FindingVerdict, GateResult
from evalsuite.analysis.gate_samples import critical_samples, gate_flips
from evalsuite.analysis.multiplicity import holm
from evalsuite.analysis.run_differences import config_changes

if TYPE_CHECKING:
    from evalsuite.store import Run

AskAgain = Callable[[Sequence[Pair]], Sequence["Run"]]
"""Asks the systems of some (task, system) pairs again, and returns runs that hold all repeats."""


def gate(
    run: Run,
    baseline: Baseline,
    config: GateFile | None = None,
    *,
    baseline_name: str = "baseline",
    ask_again: AskAgain | None = None,
) -> GateResult:
    """Judge ``run`` by ``baseline``.

    Args:
        run: a run of the same tasks, finished or stopped early.
        baseline: what ``evalsuite.analysis.baseline`` reads or makes.
        config: what to ask; the usual gate unless given.
        baseline_name: what messages call the baseline.
        ask_again: makes it a gate of two stages.

    Raises:
        ConfigError: ``config`` names a task, system or sample that there is not.
        UserError: ``ask_again`` ran something else than ``run`` was.
    """
    config = config or GateFile()
    pairs = gated_pairs(baseline, config)
    unlike = mismatches(baseline, run, pairs, config.allow)
    result = GateResult(
        verdict="incompatible",
        run=run.manifest.name,
        baseline=baseline_name,
        config=config,
        mismatches=tuple(unlike),
    )
    if unlike:
        return result
    answered = answered_pairs(run)
    evidence = first_look(run, baseline, [pair for pair in pairs if pair in answered], config)
    result = replace(
        result,
        changed=tuple(_changed_systems(run, baseline, pairs)),
        notes=tuple(_notes(run, baseline, config)),
    )
    again = doubtful(evidence) if ask_again and not _spoilt(evidence) else []
    if ask_again and again:
        evidence = second_look(evidence, ask_again(again), again)
    failures = _failures(evidence)
    result = replace(result, failures=failures, n_asked_again=len(again))
    if _spoilt(evidence):
        return replace(result, verdict="unreliable", stopped=_stopped(evidence))
    return _judged(result, evidence, screened=ask_again is not None)


def _judged(result: GateResult, evidence: Evidence, *, screened: bool) -> GateResult:
    """``result`` with findings and verdict."""
    # Given what differs, a comparison in which nothing does cannot fail, so it needs no correction
    # (Tarone, 1990, Biometrics 46).
    tests = {
        key: measured.test
        for key, measured in evidence.measured.items()
        if measured.test is not None and measured.test.can_fail
    }
    # After a screen, what was not asked again cannot fail: as if its p-value had been 1. It still
    # counts in the correction, because it could have been asked again.
    final = [
        test.p_value if not screened or pair in evidence.asked_again else 1.0
        for (pair, _), test in tests.items()
    ]
    adjusted = dict(zip(tests, holm(final), strict=True))
    findings = tuple(
        _finding(evidence, pair, metric, measured, adjusted.get((pair, metric)))
        for (pair, metric), measured in evidence.measured.items()
    )
    criticals = critical_samples(
        evidence.config.critical, evidence.now, evidence.then, evidence.now
    )
    verdicts = {item.verdict for item in findings}
    critical_verdicts = {item.verdict for item in criticals}
    if "regressed" in verdicts or "failed" in critical_verdicts:
        result = replace(result, verdict="regressed")
    elif "inconclusive" in verdicts or "unknown" in critical_verdicts or "pass" not in verdicts:
        result = replace(result, verdict="inconclusive")
    else:
        result = replace(result, verdict="pass")
    flips, n_flips = gate_flips(evidence.lined.values(), evidence.runs)
    return replace(
        result,
        findings=findings,
        criticals=criticals,
        flips=flips,
        n_flips=n_flips,
        n_comparisons=len(tests),
    )


def _finding(
    evidence: Evidence, pair: Pair, metric: Metric, measured: Measured, adjusted_p: float | None
) -> Finding:
    rule, test, lined = evidence.config.rules[metric], measured.test, evidence.lined[pair]
    verdict: FindingVerdict = "inconclusive"
    why = measured.why
    if test is None:
        asked_for = evidence.config.metrics is not None and metric in evidence.config.metrics
        nothing_to_judge = metric != "success" and not (asked_for and metric in TIMED)
        verdict = "not gated" if nothing_to_judge else "inconclusive"
    elif adjusted_p is not None and test.shows_loss(
        adjusted_p, min_effect=rule.min_effect, alpha=evidence.config.alpha
    ):
        verdict = "regressed"
    elif within_margin(measured, rule):
        verdict, why = "pass", measured.harmless
    needed = None
    if test is not None and verdict == "inconclusive":
        needed = test.samples_needed(rule.margin, alpha=evidence.config.alpha)
    return Finding(
        task=pair[0],
        system=pair[1],
        metric=metric,
        rule=rule,
        verdict=verdict,
        why=why,
        test=test,
        adjusted_p=adjusted_p,
        n_left_out=lined.n_left_out,
        repeats_then=lined.repeats_then,
        repeats_now=lined.repeats_now,
        samples_needed=needed,
        asked_again=pair in evidence.asked_again,
    )


TIMED: frozenset[Metric] = frozenset({"cost", "latency"})
"""Figures that a run may not have: gated where they exist, unless they were asked for by name."""


def _failures(evidence: Evidence) -> tuple[Failures, ...]:
    """Of each pair that has any, the answers that failed or stayed without a score."""
    found = []
    for (task, name), answers in evidence.now.items():
        letters = Counter(letter for item in answers.values() for letter in item.outcomes)
        n = letters.total()
        failed = n - sum(letters[letter] for letter in SCORED)
        if not failed:
            continue
        run = evidence.runs[task, name]
        rows = run.responses[(run.responses["task"] == task) & (run.responses["system"] == name)]
        kinds = Counter(str(kind) for kind in rows["error_kind"].dropna())
        unscored = failed - letters[SYSTEM_ERROR]
        if unscored:
            kinds["scorer_error"] = unscored
        found.append(
            Failures(
                task=task,
                system=name,
                n_answers=n,
                kinds=dict(kinds.most_common()),
                over_budget=too_many(failed, n, evidence.config.max_errors),
            )
        )
    return tuple(found)


def _spoilt(evidence: Evidence) -> bool:
    over_budget = any(item.over_budget for item in _failures(evidence))
    return over_budget or _stopped(evidence) is not None


def _stopped(evidence: Evidence) -> str | None:
    """Why a run that the verdict would rest on ended before all its answers were there."""
    for run in (evidence.run, *evidence.runs.values()):
        if not run.manifest.complete:
            return run.manifest.stopped or "the run is not finished"
    return None


def _changed_systems(run: Run, baseline: Baseline, pairs: Iterable[Pair]) -> list[str]:
    """In words, what of the gated systems is not what it was; all of it is being judged."""
    entries = {entry.name: entry for entry in run.manifest.systems}
    found = []
    for name in sorted({name for _, name in pairs} & set(entries)):
        then, now = baseline.systems[name].entry, entries[name]
        if then.price != now.price:
            found.append(f"{name}: prices {then.price} -> {now.price}")
        if then.fingerprint != now.fingerprint:
            prints = f"{then.fingerprint} -> {now.fingerprint}"
            found.append(f"{name}: {prints} ({config_changes(then, now)})")
    return found


def _notes(run: Run, baseline: Baseline, config: GateFile) -> list[str]:
    manifest = run.manifest
    tasks = {task.name for task in manifest.tasks} - set(baseline.tasks)
    reported = {entry.name for entry in manifest.systems if entry.reported}
    new = sorted(tasks | (reported - set(baseline.systems)))
    found = []
    if new:
        found.append(f"not gated, because the baseline does not have it: {', '.join(new)}")
    if config.allow:
        found.append(f"allowed to differ from the baseline: {', '.join(config.allow)}")
    return found
