"""Judging the answers of a run: a run of its own, in the run's folder, for each judge.

``RUN/judging/NAME`` is a run folder like any other: its samples are questions about answers, its
systems are judges. So whatever judges is journalled, resumed, priced, budgeted and replayed as
whatever answers, and what it takes is never mixed with what the answers took. No answer is asked
for again. ``RUN/verdicts.parquet`` holds the verdicts of all judges.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalsuite.errors import ConfigError, StoppedEarly, UserError
from evalsuite.experiment import Experiment, ExperimentFile
from evalsuite.judging.settling import FILE as SETTLING
from evalsuite.judging.settling import write_settling
from evalsuite.judging_setup import FOLDER, JudgingRun, prepare
from evalsuite.library.bound_judges import BoundJudge, Specs
from evalsuite.records import Verdict, VerdictRole
from evalsuite.running.events import Event
from evalsuite.running.journal import Journal
from evalsuite.running.judge_task import QuestionId
from evalsuite.running.judge_verdicts import overall, panel, unasked, verdicts_of
from evalsuite.session import Session
from evalsuite.store import Run, load_run
from evalsuite.tables import TableWriter, verdict_row

TABLE = "verdicts.parquet"
FEWEST_ANSWERS = 20
"""Answers from which on a share of failures is judged, as in any session."""


def judge_experiment(experiment: Experiment, folder: Path, tell: Callable[[Event], None]) -> None:
    """Let all judges of ``experiment`` judge its run in ``folder``; raises as ``judge``."""
    settings = experiment.settings
    for bound in experiment.judges:
        try:
            judge(load_run(folder), bound, specs=experiment.systems, settings=settings, tell=tell)
        except StoppedEarly as stopped:
            stopped.folder = folder  # the run is what a reader wants, not that of the judge
            raise


def judge(
    run: Run,
    bound: BoundJudge,
    *,
    specs: Specs,
    settings: ExperimentFile,
    tell: Callable[[Event], None],
) -> None:
    """Let ``bound`` judge the answers of ``run``, and write its verdicts.

    Args:
        run: finished, or stopped early: what it holds is judged.
        bound: the judge and who applies it.
        specs: the systems that may judge, by name, with the members of hybrids.
        settings: of the experiment: configurations of these systems, seed, limits.
        tell: called with every Event.

    Raises:
        ConfigError: a model would judge its own answers, or a judge's question cannot be made.
        StoppedEarly, Interrupted: as in a run; what was judged is written, and the same call goes
            on.
    """
    judging = prepare(run, bound, specs=specs, settings=settings)
    said = f"judging: {bound.binding.title}, by {', '.join(bound.binding.by)}"
    tell(Event(kind="note", at=time.time(), text=said))
    limits = _limits(run.path, bound, settings)
    limited = replace(
        judging,
        experiment=replace(
            judging.experiment, settings=judging.experiment.settings.model_copy(update=limits)
        ),
    )
    if bound.binding.active is not None:
        _judge_in_rounds(limited, bound, tell)
        return

    def finish(journal: Journal) -> None:
        rows, _ = _given_verdicts(judging, bound, journal)
        _write(judging.folder, list(_verdicts(judging, bound, rows)))
        (judging.folder / SETTLING).unlink(missing_ok=True)
        gather(run.path)

    Session(limited.experiment, judging.folder, tell, finish=finish).run()


def _judge_in_rounds(judging: JudgingRun, bound: BoundJudge, tell: Callable[[Event], None]) -> None:
    """Ask in rounds what it takes to settle an order, a session each; see ``judging_rounds``."""
    from evalsuite.judging_rounds import Rounds, asking, pool_of

    settings, began = judging.experiment.settings, time.monotonic()
    pool = pool_of(judging.tasks, judging.judged, seed=settings.seed)
    rounds = Rounds(pool, bound.binding, _on_record(judging.folder))
    if not rounds.wanted:
        raise ConfigError(
            f"judge {bound.binding.title!r}: `most` is less than a pair on one sample takes"
        )

    def finish(journal: Journal) -> None:
        rows, failed = _given_verdicts(judging, bound, journal)
        table = rounds.took(rows, failed, lambda rows: list(_verdicts(judging, bound, rows)))
        _write(judging.folder, table)
        write_settling(judging.folder, rounds.settling())
        gather(judging.folder.parent.parent)

    while rounds.wanted:
        tell(Event(kind="note", at=time.time(), text=rounds.words()))
        limits = {
            "max_seconds": _seconds_left(settings.max_seconds, began),
            "max_errors": _errors_left(settings.max_errors, rounds.n_failed, len(rounds.rows)),
        }
        asked = asking(judging.experiment, judging.tasks, rounds.wanted)
        experiment = replace(asked, settings=settings.model_copy(update=limits))
        try:
            Session(experiment, judging.folder, tell, finish=finish).run()
        except StoppedEarly:
            _errors_left(settings.max_errors, rounds.n_failed, len(rounds.rows))
            raise


def gather(folder: Path) -> None:
    """Write the verdicts of all judges of the run in ``folder`` as one table, in one step."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = sorted((folder / FOLDER).glob(f"*/{TABLE}"))
    part = folder / f".{TABLE}.part"
    whole = pa.concat_tables([pq.read_table(path) for path in parts])
    pq.write_table(whole, part, compression="zstd")
    os.replace(part, folder / TABLE)


def _given_verdicts(
    judging: JudgingRun, bound: BoundJudge, journal: Journal
) -> tuple[dict[tuple[str, QuestionId], list[Verdict]], set[tuple[str, QuestionId]]]:
    """The verdicts of the session by who gave them and on what question, and which calls failed."""
    role: VerdictRole = "member" if bound.binding.aggregate else "judge"
    rows: dict[tuple[str, QuestionId], list[Verdict]] = {}
    failed = set[tuple[str, QuestionId]]()

    def is_own(by: str, system: str) -> bool:
        return (by, system) in judging.own

    for made in judging.tasks:
        for by in bound.binding.by:
            for sample, response in journal.current(made.task.name, by):
                about = (by, (made.task.name, sample.id))
                put = made.puts[sample.id]
                rows.setdefault(about, []).extend(verdicts_of(made, put, response, role, is_own))
                if response.answer is None:
                    failed.add(about)
    return rows, failed


def _verdicts(
    judging: JudgingRun,
    bound: BoundJudge,
    given: Mapping[tuple[str, QuestionId], Sequence[Verdict]],
) -> Iterator[Verdict]:
    """Every row of the table: the verdicts that were given, and those that follow from them."""
    binding = bound.binding
    role: VerdictRole = "member" if binding.aggregate else "judge"
    for made in judging.tasks:
        rows: list[Verdict] = []
        for by in binding.by:
            for sample_id in made.puts:
                rows.extend(given.get((by, (made.task.name, sample_id)), ()))
            rows.extend(unasked(made, by, role, binding.repeats))
        if binding.aggregate:
            rows.extend(list(panel(made, rows)))
        yield from rows
        yield from overall(bound.judge, rows)


def _write(folder: Path, rows: Iterable[Verdict]) -> None:
    with TableWriter(folder, "verdicts") as table:
        table.add_all(verdict_row(row) for row in rows)


def _limits(folder: Path, bound: BoundJudge, settings: ExperimentFile) -> dict[str, Any]:
    """What this judging may spend: its own limits, and what is left of the experiment's."""
    title = bound.binding.title
    journals = [folder / "journal.sqlite", *(folder / FOLDER).glob("*/journal.sqlite")]
    elsewhere = [path for path in journals if path.exists() and path.parent.name != title]
    spent = [_spent(path) for path in elsewhere]
    limits: dict[str, Any] = {}
    for index, name in enumerate(("max_usd", "max_tokens")):
        own, whole = getattr(bound.binding, name), getattr(settings, name)
        used = sum(each[index] for each in spent)
        if whole is not None and whole <= used:
            raise StoppedEarly(f"{name} {whole:g} is used up before {title!r} judged anything")
        most = [each for each in (own, None if whole is None else whole - used) if each is not None]
        limits[name] = min(most, default=None)
    return limits


def _spent(journal: Path) -> tuple[float, int]:
    query = "SELECT coalesce(sum(usd_at_most), 0), coalesce(sum(tokens_at_most), 0) FROM calls"
    ((usd, tokens),) = _rows_of(journal, query)
    return usd, tokens


def _seconds_left(most: float | None, began: float) -> float | None:
    """What earlier rounds have left of ``max_seconds``."""
    if most is None:
        return None
    left = most - (time.monotonic() - began)
    if left <= 0:
        raise StoppedEarly(f"stopped: max_seconds {most:g} are over; the same command goes on")
    return left


def _errors_left(most: int | str | None, failed: int, answers: int) -> int | str | None:
    """What earlier rounds have left of ``max_errors``; StoppedEarly where it is nothing.

    A share is of the answers of all rounds, and judged from the 20th on.
    """
    if most is None:
        return None
    allowed = most if isinstance(most, int) else float(most.removesuffix("%")) / 100 * answers
    if failed > allowed and (isinstance(most, int) or answers >= FEWEST_ANSWERS):
        raise StoppedEarly(
            f"stopped: {failed} of {answers} answers failed; max_errors {most}; what was answered "
            "is kept, and the same command with a higher limit goes on"
        )
    return most - failed if isinstance(most, int) else most


def _on_record(folder: Path) -> set[QuestionId]:
    """The questions that earlier sessions of a judging asked for the record; none at first."""
    journal = folder / "journal.sqlite"
    if not journal.exists():
        return set()
    query = "SELECT DISTINCT task, sample_id FROM responses WHERE phase = 'answer'"
    return {(str(task), str(sample)) for task, sample in _rows_of(journal, query)}


def _rows_of(journal: Path, query: str) -> list[tuple[Any, ...]]:
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.Error as error:
        raise UserError(f"cannot read {journal}: {error}") from error
