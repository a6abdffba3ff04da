"""What a gate has to go by, after the first look and after doubtful systems were asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evalsuite.analysis.answers import SampleAnswers, answers_of, sample_pins
from evalsuite.analysis.baseline import Baseline, usd_bases
from evalsuite.analysis.gate_config import GateFile, Metric, MetricRule
from evalsuite.analysis.gate_figures import Lined, Measured, line_up_pair, measure_figure
from evalsuite.analysis.gate_samples import critical_samples
from evalsuite.errors import UserError

if TYPE_CHECKING:
    from evalsuite.store import Run

Pair = tuple[str, str]
"""A task and a system."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The answers of every gated pair, and the figures they give.

    ``clusters`` names, by task, the samples that may be compared and their clusters. ``then`` and
    ``now`` hold what became of each sample; ``runs`` says from which run a pair's ``now`` is.
    """

    run: Run
    baseline: Baseline
    config: GateFile
    clusters: Mapping[str, Mapping[str, str]]
    then: Mapping[Pair, Mapping[str, SampleAnswers]]
    now: Mapping[Pair, Mapping[str, SampleAnswers]]
    runs: Mapping[Pair, Run]
    asked_again: frozenset[Pair]
    lined: Mapping[Pair, Lined]
    measured: Mapping[tuple[Pair, Metric], Measured]


def first_look(run: Run, baseline: Baseline, pairs: Sequence[Pair], config: GateFile) -> Evidence:
    """The evidence of ``run`` itself on ``pairs``, all of which it answered."""
    answers = answers_of(run)
    return _measured(
        Evidence(
            run=run,
            baseline=baseline,
            config=config,
            clusters=_comparable(run, baseline),
            then={(task, name): baseline.systems[name].answers[task] for task, name in pairs},
            now={pair: answers[pair] for pair in pairs},
            runs=dict.fromkeys(pairs, run),
            asked_again=frozenset(),
            lined={},
            measured={},
        )
    )


def second_look(evidence: Evidence, fresh: Sequence[Run], pairs: Sequence[Pair]) -> Evidence:
    """``evidence`` with the answers of ``pairs`` taken from ``fresh`` runs, which hold all repeats.

    Raises:
        UserError: a fresh run is of another system or other samples, or a pair is in none.
    """
    now, runs = dict(evidence.now), dict(evidence.runs)
    left = set(pairs)
    for run in fresh:
        for pair, answers in answers_of(run).items():
            if pair in left:
                _refuse_another(run, evidence.run, pair)
                left.remove(pair)
                now[pair], runs[pair] = answers, run
    if left:
        task, name = min(left)
        raise UserError(f"asked again, but {name} was not asked {task}: another experiment?")
    return _measured(replace(evidence, now=now, runs=runs, asked_again=frozenset(pairs)))


def doubtful(evidence: Evidence) -> list[Pair]:
    """The pairs worth asking again: a figure looks worse, or a critical sample fails.

    Where an inconclusive gate fails, what is undecided is asked again too.
    """
    config, found = evidence.config, set()
    for (pair, metric), measured in evidence.measured.items():
        rule, test = config.rules[metric], measured.test
        if test is None or measured.harmless:
            continue
        worse = test.p_value < config.screen and test.loss.value > rule.min_effect
        if worse or (config.strict and not within_margin(measured, rule)):
            found.add(pair)
    for item in critical_samples(config.critical, evidence.now, evidence.then, evidence.now):
        if item.verdict == "failed":
            found.add((item.task, item.system))
    return [pair for pair in evidence.now if pair in found]


def within_margin(measured: Measured, rule: MetricRule) -> bool:
    """Whether the figure is shown to have lost less than the margin."""
    if measured.harmless:
        return True
    return measured.test is not None and measured.test.shows_within(rule.margin)


def _measured(evidence: Evidence) -> Evidence:
    lined = {pair: _lined(evidence, pair) for pair in evidence.now}
    manifest = evidence.run.manifest
    measured = {
        (pair, metric): measure_figure(
            metric, lined[pair], evidence.baseline, manifest, evidence.config
        )
        for pair in evidence.now
        for metric in evidence.config.rules
    }
    return replace(evidence, lined=lined, measured=measured)


def _lined(evidence: Evidence, pair: Pair) -> Lined:
    task, name = pair
    bases = (evidence.baseline.systems[name].usd_bases, usd_bases(evidence.runs[pair], name))
    return line_up_pair(
        pair, evidence.then[pair], evidence.now[pair], evidence.clusters[task], bases
    )


def _comparable(run: Run, baseline: Baseline) -> dict[str, dict[str, str]]:
    """By task, the clusters of the samples whose content is what it was for the baseline."""
    pins = sample_pins(run)
    found: dict[str, dict[str, str]] = {task: {} for task in pins}
    rows = zip(run.samples["task"], run.samples["sample_id"], run.samples["cluster"], strict=True)
    for task, sample, cluster in rows:
        known = baseline.tasks.get(task)
        pinned = known.samples.get(sample) if known else None
        if pinned is not None and pinned.split()[0] == pins[task][sample].split()[0]:
            found[task][sample] = cluster
    return found


def _refuse_another(fresh: Run, run: Run, pair: Pair) -> None:
    """A verdict on fresh repeats must be one on the same system and the same samples."""
    task, name = pair
    for what, value in (("system", _fingerprint), ("task", _hashes)):
        then, now = value(run, pair), value(fresh, pair)
        if then != now:
            subject = name if what == "system" else task
            raise UserError(
                f"asked again, but {what} {subject} is not what it was in the run "
                f"({then} / {now}): give the experiment that the run is of"
            )


def _fingerprint(run: Run, pair: Pair) -> str:
    return {entry.name: entry.fingerprint for entry in run.manifest.systems}.get(pair[1], "absent")


def _hashes(run: Run, pair: Pair) -> str:
    entries = {entry.name: entry for entry in run.manifest.tasks}
    entry = entries.get(pair[0])
    return f"{entry.data_hash} {entry.prompt_hash}" if entry else "absent"
