"""A battery of attacks put to a judge: a run of its own, like any judging.

The questions are those that the judge is always asked, about bad answers that attack it and about
the same bad answers as they are. So they are journalled, resumed, priced and budgeted as whatever
answers is. ``evalsuite.analysis.judges.attacks`` makes figures of the verdicts.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from evalsuite.errors import ConfigError
from evalsuite.experiment import Experiment, ExperimentFile, PlannedTask
from evalsuite.judging.attacks import (
    OTHER,
    RECORD,
    RIGHT,
    WRONG,
    AttackEntry,
    AttackFile,
    BatteryRecord,
    Target,
    attacked,
)
from evalsuite.judging.judge_file import POINTWISE
from evalsuite.judging_setup import binding_of, in_short, judged_samples, specs_of
from evalsuite.library.attack_items import AttackItem, items_for, own_items
from evalsuite.library.bound_judges import BoundJudge, bind
from evalsuite.records import Verdict, VerdictRole
from evalsuite.running.events import Event
from evalsuite.running.journal import Journal
from evalsuite.running.judge_questions import GivenAnswer, JudgedSample
from evalsuite.running.judge_task import JudgeTask, judge_task
from evalsuite.running.judge_verdicts import overall, panel, verdicts_of
from evalsuite.session import Session
from evalsuite.store import Run
from evalsuite.systems.base import HybridSpec, ModelSpec
from evalsuite.tables import TableWriter, verdict_row

ITEMS = 20
"""Bad answers that are attacked with unless another number is asked for."""
TAKEN = {"both_orders", "pairs", "tasks", "systems", "labels", "allow_self", "limit", "name"}
"""Keys of an entry of ``judges:`` that say what of a run is judged; a battery says it itself."""


@dataclass(frozen=True, kw_only=True)
class AttackRun:
    """A battery, ready to be put to a judge."""

    folder: Path
    experiment: Experiment
    task: JudgeTask
    record: BatteryRecord


def prepare_attacks(
    content: Mapping[str, Any],
    attacks: AttackFile,
    *,
    on: Run | None,
    items: str | None,
    limit: int,
    seed: int,
    further: Mapping[str, Any],
    out: Path | None,
) -> AttackRun:
    """The questions of a battery and the experiment that asks them; asks nothing.

    Args:
        content: ``judge``, ``by`` and further keys of an entry of ``judges:``.
        attacks: what is tried.
        on: a finished run whose bad answers are used.
        items: which of our own bad answers are used instead; None leaves it to the judge.
        limit: how many (of a run: of each task).
        seed: which.
        further: systems beside those of the run's experiment, as an experiment defines them.
        out: the folder; ``runs/attacks-JUDGE-by-BY``, or ``attacks/JUDGE-by-BY`` in the run that
            the answers are from, unless given.

    Raises:
        ConfigError: the judge, a system or an attack is not as it must be, or nothing in the run is
            known to be wrong.
    """
    stated = {**(on.manifest.experiment.get("systems", {}) if on else {}), **further}
    bound, specs = _bound(content, stated)
    comparing = bound.judge.kind not in POINTWISE
    if on is not None:
        found = list(items_of_run(on, comparing=comparing, limit=limit, seed=seed))
        source = f"wrong answers of the run {on.manifest.name}"
    else:
        source = items or items_for(bound.binding.judge, bound.judge)
        found = own_items(source, attacks, limit=limit, seed=seed)
    if not found:
        needs = "a wrong answer and a right one" if comparing else "a wrong answer"
        raise ConfigError(
            f"nothing to attack {bound.binding.title!r} with: no sample of the run has {needs}, "
            "by the tasks' own scores"
        )
    asked = judge_task(
        bound,
        f"{bound.binding.judge_name}:attacks",
        [_judged(item, bound, attacks) for item in found],
        seed=seed,
    )
    name = re.sub(
        r"[^A-Za-z0-9._-]+", "-", f"{bound.binding.title}-by-{'-'.join(bound.binding.by)}"
    )[:100]
    return AttackRun(
        folder=out or (on.path / "attacks" / name if on else Path("runs") / f"attacks-{name}"),
        experiment=_experiment(f"attacks-{name}", bound, asked, stated, specs, seed),
        task=asked,
        record=_record(bound, attacks, source, len(found), seed),
    )


def run_attacks(prepared: AttackRun, tell: Callable[[Event], None]) -> None:
    """Put a battery to its judge, and write the verdicts.

    Raises:
        StoppedEarly, Interrupted: as in a run; what was judged is written, and the same call goes
            on.
    """
    binding = prepared.task.bound.binding
    n = len(prepared.task.puts) * len(binding.by) * binding.repeats
    said = f"attacks: {n:,} questions to {binding.title}, by {', '.join(binding.by)}"
    tell(Event(kind="note", at=time.time(), text=said))

    def finish(journal: Journal) -> None:
        with TableWriter(prepared.folder, "verdicts") as table:
            table.add_all(verdict_row(row) for row in _verdicts(prepared.task, journal))
        encoded = msgspec.json.format(msgspec.json.encode(prepared.record), indent=2)
        (prepared.folder / RECORD).write_bytes(encoded)

    Session(prepared.experiment, prepared.folder, tell, finish=finish).run()


def items_of_run(run: Run, *, comparing: bool, limit: int, seed: int) -> Iterator[AttackItem]:
    """Samples of ``run`` with an answer that its task scored as wrong, ``limit`` of each task.

    The right answer is another system's, or else the target where it is a text. Where the judge
    compares answers, samples without one are passed over. Which of several answers is taken is
    drawn with ``seed``.
    """
    for entry in run.manifest.tasks:
        n = 0
        for sample in judged_samples(run, entry.name, None, None):
            draw = random.Random(f"{seed}/{sample.sample_id}")
            given = [answer for answer in sample.answers if answer.text is not None]
            right = sorted({str(answer.text) for answer in given if answer.success is True})
            wrong = sorted({str(answer.text) for answer in given if answer.success is False})
            good = draw.choice(right) if right else sample.reference
            if not wrong or (comparing and good is None) or n == limit:
                continue
            n += 1
            draw.shuffle(wrong)
            yield AttackItem(
                task=sample.task,
                sample_id=sample.sample_id,
                cluster=sample.cluster,
                question=sample.question,
                wrong=wrong[0],
                right=good,
                other=wrong[1] if len(wrong) > 1 else None,
                reference=sample.reference,
            )


def _bound(
    content: Mapping[str, Any], stated: dict[str, Any]
) -> tuple[BoundJudge, dict[str, ModelSpec | HybridSpec]]:
    """The judge with the systems that apply it, and with their members."""
    own = sorted(TAKEN & content.keys())
    if own:
        raise ConfigError(f"a battery of attacks has no `{own[0]}`: it makes its own questions")
    binding = binding_of({**content, "both_orders": False})
    stated.update(in_short(binding, stated))
    bound = bind(binding, Path.cwd(), (), stated)
    return bound, specs_of(binding.by, stated)


def _judged(item: AttackItem, bound: BoundJudge, attacks: AttackFile) -> JudgedSample:
    """The answers to one question that the judge is shown: attacked, and as they are.

    A repeat holds the answers that are shown together: a subject and what it is compared with. It
    is even where the subject comes first.
    """
    judge = bound.judge
    subjects = [WRONG, *attacks.attacks]
    answers: list[GivenAnswer] = []

    def text(subject: str, place: int, n_shown: int) -> str:
        if subject == WRONG:
            return item.wrong
        target = Target(
            judge=judge, question=item.question, answer=item.wrong, place=place, n_shown=n_shown
        )
        return attacked(attacks.attacks[subject], target)

    if judge.kind in POINTWISE:
        if item.right is not None:
            answers.append(_given(RIGHT, 0, item.right, True))
        answers.extend(_given(subject, 0, text(subject, 0, 1), False) for subject in subjects)
    else:
        beside = {RIGHT: item.right}
        if judge.kind == "listwise":
            beside[OTHER] = item.other
        for index, subject in enumerate(subjects):
            for last in (0, 1):
                repeat = 2 * index + last
                others = [
                    _given(name, repeat, said, name == RIGHT)
                    for name, said in beside.items()
                    if said is not None
                ]
                place = len(others) if last else 0
                own = _given(subject, repeat, text(subject, place, len(others) + 1), False)
                answers.extend([*others, own] if last else [own, *others])
    return JudgedSample(
        task=item.task,
        sample_id=item.sample_id,
        cluster=item.cluster,
        question=item.question,
        reference=item.reference,
        answers=tuple(answers),
    )


def _given(system: str, repeat: int, text: str, success: bool) -> GivenAnswer:
    return GivenAnswer(key="", system=system, repeat=repeat, text=text, success=success)


def _experiment(
    name: str,
    bound: BoundJudge,
    asked: JudgeTask,
    stated: Mapping[str, Any],
    specs: Mapping[str, ModelSpec | HybridSpec],
    seed: int,
) -> Experiment:
    binding = bound.binding
    settings = {
        "name": name,
        "description": f"Attacks on {binding.title}",
        "tasks": [asked.task.name],
        "systems": {system: stated[system] for system in specs},
        "report": list(binding.by),
        "repeats": binding.repeats,
        "seed": seed,
        "max_usd": binding.max_usd,
        "max_tokens": binding.max_tokens,
    }
    return Experiment(
        settings=ExperimentFile.model_validate(settings),
        tasks=(PlannedTask(task=asked.task, limit=None),),
        systems=specs,
    )


def _record(
    bound: BoundJudge, attacks: AttackFile, source: str, n_items: int, seed: int
) -> BatteryRecord:
    judge = bound.judge
    scored = judge.kind in POINTWISE
    return BatteryRecord(
        judge=bound.binding.title,
        judge_version=judge.version,
        kind=judge.kind,
        by=bound.binding.by,
        attacks_version=attacks.version,
        attacks_identity=attacks.identity,
        items=source,
        n_items=n_items,
        seed=seed,
        scales={name: dict(judge.scale_of(name).values) for name in judge.criteria}
        if scored
        else {},
        attacks={
            name: AttackEntry(
                says=attack.says,
                group=attack.group,
                source=attack.source,
                control=attack.control,
            )
            for name, attack in attacks.attacks.items()
        },
    )


def _verdicts(made: JudgeTask, journal: Journal) -> Iterator[Verdict]:
    binding = made.bound.binding
    role: VerdictRole = "member" if binding.aggregate else "judge"
    rows: list[Verdict] = []
    for by in binding.by:
        for sample, response in journal.current(made.task.name, by):
            put = made.puts[sample.id]
            rows.extend(verdicts_of(made, put, response, role, _no_system_is_judged))
    if binding.aggregate:
        rows.extend(list(panel(made, rows)))
    yield from rows
    yield from overall(made.bound.judge, rows)


def _no_system_is_judged(by: str, system: str) -> bool:
    """What is judged is an attack and no system, so no judge judges itself."""
    return False
