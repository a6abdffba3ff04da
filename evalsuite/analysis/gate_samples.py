"""Single samples: those that may not fail, and those that came out otherwise than before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.answers import SampleAnswers
from evalsuite.analysis.flips import Flip, Moved, Side, flip_of, moved_samples
from evalsuite.analysis.gate_figures import Lined
from evalsuite.analysis.gate_result import CriticalSample, CriticalVerdict
from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean

if TYPE_CHECKING:
    from evalsuite.store import Run

SHOWN = 20
"""So many flips are kept with their texts; all are counted."""
Answers = Mapping[tuple[str, str], Mapping[str, SampleAnswers]]


def critical_samples(
    critical: Mapping[str, Sequence[str]],
    pairs: Iterable[tuple[str, str]],
    then: Answers,
    now: Answers,
) -> tuple[CriticalSample, ...]:
    """Each critical sample under each system: it passes with most of its scored repeats.

    Raises:
        ConfigError: a critical task is not gated, or has no such sample.
    """
    gated = list(pairs)
    tasks = {task for task, _ in gated}
    found = []
    for task, samples in critical.items():
        if task not in tasks:
            raise ConfigError(f"critical: {task!r} is not gated; {_hint(task, tasks)}")
        for name in (system for gated_task, system in gated if gated_task == task):
            known = now.get((task, name), {})
            for sample in samples:
                if sample not in known:
                    raise ConfigError(
                        f"critical: {task} has no sample {sample!r}; {_hint(sample, known)}"
                    )
                before = then.get((task, name), {}).get(sample)
                found.append(
                    CriticalSample(
                        task=task,
                        system=name,
                        sample_id=sample,
                        verdict=_critical_verdict(known[sample]),
                        before=before.outcomes if before else "",
                        now=known[sample].outcomes,
                    )
                )
    return tuple(found)


def _critical_verdict(answers: SampleAnswers) -> CriticalVerdict:
    rate = answers.success_rate
    if rate is None:
        return "unknown"
    return "pass" if rate > 0.5 else "failed"


def gate_flips(
    lined: Iterable[Lined], runs: Mapping[tuple[str, str], Run]
) -> tuple[tuple[Flip, ...], int]:
    """The samples that came out otherwise, the largest losses first, and how many there are.

    ``runs`` says of each (task, system) which run its answers are from. What was answered for the
    baseline is not known.
    """
    moved = moved_samples(
        Moved(task=pair.task, system=pair.system, sample_id=sample, before=then, now=now)
        for pair in lined
        for sample, then, now in zip(pair.samples, pair.then, pair.now, strict=True)
    )
    shown = [
        flip_of(item, None, Side(run=runs[item.task, item.system], system=item.system))
        for item in moved[:SHOWN]
    ]
    return tuple(shown), len(moved)


def _hint(word: str, known: Iterable[str]) -> str:
    names = list(known)
    return did_you_mean(word, names, otherwise=f"it has {', '.join(names[:5])}", cutoff=0.5)
