"""What a notebook imports and the command line calls: run, load, report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.catalog import load_task, task_files
from evalsuite.experiment import Experiment, load_experiment, make_experiment, named_task
from evalsuite.running.events import Event
from evalsuite.store import Run, load_run
from evalsuite.task import Task

if TYPE_CHECKING:
    from evalsuite.analysis.summary import Summary
    from evalsuite.deciding import Decided
    from evalsuite.reporting.formats import ReportOptions
    from evalsuite.running.plan import Plan

__all__ = [
    "Experiment",
    "Run",
    "ad_hoc",
    "get_task",
    "judge",
    "load",
    "plan",
    "report",
    "run",
    "summarise",
    "tasks",
]


def run(
    experiment: Experiment | Mapping[str, Any] | Path | str,
    *,
    out: Path | str | None = None,
    tell: Callable[[Event], None] | None = None,
    **overrides: Any,
) -> Run:
    """Run an experiment to its end, or go on with it where an earlier session stopped.

    Args:
        experiment: a YAML file, the same content as a mapping, or a checked Experiment.
        out: the run's folder; ``runs/<name>`` unless given. What it already holds is not asked
            again as long as task, system, prompt and settings are the same.
        tell: called with every Event, for progress.
        overrides: top-level keys of the experiment to replace (``limit=20``).

    Returns:
        The finished run.

    Works in a notebook too: the engine's event loop lives in a thread of its own.

    Raises:
        UserError: something in the experiment cannot be; nothing was spent, or all of it is saved.
        StoppedEarly: a budget or ``max_errors`` was reached. ``load`` gives what there is; the same
            call goes on, with a higher limit where the run's own was reached.
        Interrupted: Ctrl-C was pressed; the same call goes on.
    """
    from evalsuite.judging_runs import judge_experiment
    from evalsuite.session import Session

    checked = check(experiment, **overrides)
    folder = Path(out) if out is not None else Path("runs") / checked.settings.name
    silent = tell or (lambda event: None)
    Session(checked, folder, silent).run()
    judge_experiment(checked, folder, silent)
    return load_run(folder)


def run_until_decided(
    experiment: Experiment | Mapping[str, Any] | Path | str,
    a: str,
    b: str,
    *,
    margin: float | None = None,
    alpha: float = 0.05,
    out: Path | str | None = None,
    tell: Callable[[Event], None] | None = None,
    **overrides: Any,
) -> Decided:
    """Ask only as many samples as it takes to tell systems ``a`` and ``b`` apart.

    Args:
        experiment: as for ``run``, with one task and ``order: random``.
        a: a reported system.
        b: another.
        margin: the difference in success rate below which the two count as equivalent (0.02 for 2
            points); without one, only a difference can be decided.
        alpha: the chance of a wrong verdict, whenever it comes.
        out: as for ``run``.
        tell: as for ``run``.
        overrides: as for ``run``.

    Raises as ``run`` does.
    """
    from evalsuite.deciding import run_until_decided as run_on
    from evalsuite.judging_runs import judge_experiment

    checked = check(experiment, **overrides)
    folder = Path(out) if out is not None else Path("runs") / checked.settings.name
    silent = tell or (lambda event: None)
    decided = run_on(checked, a, b, margin=margin, alpha=alpha, folder=folder, tell=silent)
    judge_experiment(checked, folder, silent)
    return decided


def judge(
    run: Run | Path | str,
    *,
    judge: str,
    by: str | Sequence[str],
    further: Mapping[str, Any] | None = None,
    tell: Callable[[Event], None] | None = None,
    **options: Any,
) -> Run:
    """Let a judge judge the answers of a finished run; no answer is asked for again.

    Args:
        run: the run, or its folder.
        judge: a shipped judge, or a ``.yaml`` file.
        by: the system that applies it, or several: of the run's experiment, of ``further``, or a
            model in short ("embedded/nano").
        further: further systems that may judge, as in an experiment.
        tell: called with every Event.
        options: further keys of an entry of ``judges:`` (``aggregate``, ``pairs``, ``repeats``).

    Returns:
        The run with its ``.verdicts``. The same call again asks only what has no answer yet.

    Raises as ``run`` does.
    """
    from evalsuite.judging_runs import judge as judge_run
    from evalsuite.judging_setup import bound_to

    done = run if isinstance(run, Run) else load_run(run)
    content = {"judge": judge, "by": by, **options}
    bound, specs, settings = bound_to(done, content, further or {}, base=Path.cwd())
    judge_run(done, bound, specs=specs, settings=settings, tell=tell or (lambda event: None))
    return load_run(done.path)


def plan_judging(
    run: Run | Path | str,
    *,
    judge: str,
    by: str | Sequence[str],
    further: Mapping[str, Any] | None = None,
    **options: Any,
) -> Plan:
    """The calls that ``judge`` would make from scratch, with their tokens and cost as ranges.

    Where pairs are chosen while judging, from the first round to all that could be asked.
    """
    from evalsuite.judging_rounds import plan_of_rounds
    from evalsuite.judging_setup import bound_to, prepare
    from evalsuite.running.plan import plan as make_plan

    done = run if isinstance(run, Run) else load_run(run)
    content = {"judge": judge, "by": by, **options}
    bound, specs, settings = bound_to(done, content, further or {}, base=Path.cwd())
    judging = prepare(done, bound, specs=specs, settings=settings)
    if bound.binding.active is not None:
        return plan_of_rounds(judging.experiment, judging.tasks, judging.judged, bound.binding)
    return make_plan(judging.experiment)


def plan(experiment: Experiment | Mapping[str, Any] | Path | str, **overrides: Any) -> Plan:
    """The calls that ``run`` would make from scratch, with their tokens and cost as ranges.

    Those of judges stand apart, in ``.judges``.
    """
    from evalsuite.judging_plans import plan_judges
    from evalsuite.running.plan import plan as make_plan

    checked = check(experiment, **overrides)
    return replace(make_plan(checked), judges=plan_judges(checked))


def load(path: Path | str) -> Run:
    """Read a finished run: ``.manifest`` and tidy frames (``.responses``, ``.calls`` ...)."""
    return load_run(path)


def check(experiment: Experiment | Mapping[str, Any] | Path | str, **overrides: Any) -> Experiment:
    """Read an experiment and check it: every task loads, every system's configuration is valid.

    ``overrides`` replace top-level keys. Raises ConfigError, in one line with file and line.
    """
    if isinstance(experiment, Experiment):
        return experiment
    if isinstance(experiment, Mapping):
        return make_experiment({**experiment, **overrides})
    return load_experiment(Path(experiment), overrides)


def ad_hoc(tasks: Sequence[str], systems: Sequence[str]) -> dict[str, Any]:
    """An experiment without a file: every task x every system, named after both."""
    words = "-".join([*tasks, *systems])
    return {
        "name": re.sub(r"[^A-Za-z0-9._]+", "-", words).strip("-.")[:80],
        "tasks": list(tasks),
        "systems": {name: name for name in systems},
    }


def recorded_experiment(
    file: Path, *, tasks: Sequence[str], by: Mapping[str, str], answers: Mapping[str, str]
) -> dict[str, Any]:
    """An experiment that replays a table of recorded answers, each column as a system.

    Args:
        file: CSV or JSON Lines, also gzipped.
        tasks: what the answers were given to.
        by: how rows are found: ``{"prompt": column}``, ``{"sample_id": column}`` or
            ``{"inputs.<name>": column}``.
        answers: name of each system -> the column that holds its answers.
    """
    from evalsuite.systems.imports import recorded_systems

    return {
        "name": re.sub(r"[^A-Za-z0-9._]+", "-", file.name.partition(".")[0]),
        "tasks": list(tasks),
        "systems": recorded_systems(file.resolve(), key=by, answers=answers),
    }


def summarise(done: Run) -> Summary:
    """What the analysis makes of a run: rates, cost per success, latency, comparisons."""
    from evalsuite.analysis.summary import summarise as make_summary

    return make_summary(done)


def report(
    runs: Run | Path | str | Sequence[Run | Path | str],
    path: Path | str,
    *,
    title: str | None = None,
    samples: int | None = None,
    figure: str = "plane",
) -> Path:
    """Write one report of a run, or of several together, as one file; its folder is made.

    Args:
        runs: a run or its folder, or several: their systems and tasks stand in one report, as
            ``evalsuite.pooling.pool`` puts them together.
        path: ends in .html (everything), .md (the tables), .json (all figures as they were
            computed), .csv or .parquet (a figure a row), .svg or .png (one figure).
        title: what stands in place of the run's name.
        samples: the most samples that the page holds; None as many as keep the file small.
        figure: what .svg and .png draw: "plane" (cost and quality) or "latency".

    Raises:
        UserError: another suffix or figure, runs that cannot stand together, nothing to draw.
    """
    from evalsuite.reporting.formats import ReportOptions

    target = Path(path)
    options = ReportOptions(title=title, samples=samples, figure=figure)
    write_reports(runs, [target], options)
    return target


def write_reports(
    runs: Run | Path | str | Sequence[Run | Path | str],
    paths: Sequence[Path],
    options: ReportOptions,
) -> None:
    """Write one report of ``runs`` to each of ``paths``; they are read and analysed once."""
    from evalsuite.reporting.formats import write_reports as write
    from evalsuite.reporting.formats import writer_of

    for path in paths:
        writer_of(path)  # a mistake in the last one is said before any work is done
    several = [runs] if isinstance(runs, Run | Path | str) else list(runs)
    loaded = [item if isinstance(item, Run) else load_run(item) for item in several]
    if len(loaded) == 1:
        write(loaded[0], paths, options)
        return
    from evalsuite.pooling import pool

    write(pool(loaded), paths, options)


def get_task(name: str) -> Task:
    """The task called ``name`` in the catalog, or in the ``.py`` file ``name``.

    A name may say how it is asked: ``reasoning/gsm8k@5-shot``.
    """
    return named_task(name, base=Path.cwd())


def tasks() -> list[Task]:
    """Every task of the catalog, by name."""
    return [load_task(path) for _, path in sorted(task_files().items())]
