"""What a notebook imports and the command line calls: run, load, report."""

from __future__ import annotations

import asyncio
import platform
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from evalsuite import __version__
from evalsuite.catalog import find_task, load_task, task_files
from evalsuite.errors import Interrupted, UserError
from evalsuite.experiment import Experiment, load_experiment, make_experiment
from evalsuite.records import SCHEMA_VERSION, Manifest, fingerprint
from evalsuite.running.engine import Engine, Event, Stop, opened_systems
from evalsuite.running.environment import code_revision, hardware, package_versions
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem
from evalsuite.scoring.sandbox import required_tier
from evalsuite.store import Run, compact, load_run, read_manifest, write_manifest
from evalsuite.task import Task

if TYPE_CHECKING:
    from evalsuite.analysis.summary import Summary

__all__ = ["Experiment", "Run", "ad_hoc", "get_task", "load", "report", "run", "summarise", "tasks"]


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
        Interrupted: Ctrl-C was pressed; the same call goes on.
    """
    checked = _checked(experiment, overrides)
    folder = Path(out) if out is not None else Path("runs") / checked.settings.name
    session = _Session(checked, folder, tell or (lambda event: None))
    session.run_in_thread()
    return load_run(folder)


def load(path: Path | str) -> Run:
    """Read a finished run: ``.manifest`` and tidy frames (``.responses``, ``.calls`` ...)."""
    return load_run(path)


def _checked(
    experiment: Experiment | Mapping[str, Any] | Path | str, overrides: Mapping[str, Any]
) -> Experiment:
    if isinstance(experiment, Experiment):
        return experiment
    if isinstance(experiment, Mapping):
        return make_experiment({**experiment, **overrides})
    return load_experiment(Path(experiment), overrides)


class _Session:
    """One attempt at a run, in a thread with an event loop of its own."""

    def __init__(self, experiment: Experiment, folder: Path, tell: Callable[[Event], None]) -> None:
        self._experiment = experiment
        self._folder = folder
        self._tell = tell
        self._stop = Stop()
        self._error: BaseException | None = None
        self._cancel: Callable[[], object] = lambda: None

    def run_in_thread(self) -> None:
        """Run to the end; Ctrl-C once finishes what is in flight, twice stops at once."""
        thread = threading.Thread(target=self._thread, name="evalsuite-engine")
        thread.start()
        while thread.is_alive():
            try:
                thread.join(0.2)
            except KeyboardInterrupt:
                if self._stop.asked:
                    self._cancel()
                self._stop.asked = True
                text = "finishing what is in flight; Ctrl-C again stops at once"
                self._tell(Event(kind="note", text=text))
        if self._error is not None:
            raise self._error
        if self._stop.asked:
            raise Interrupted(
                f"stopped; what was answered is in {self._folder}, and the same command goes on"
            )

    def _thread(self) -> None:
        try:
            asyncio.run(self._run())
        except asyncio.CancelledError:
            return
        except BaseException as error:
            self._error = error

    async def _run(self) -> None:
        loop, work = asyncio.get_running_loop(), asyncio.current_task()
        assert work is not None
        self._cancel = partial(loop.call_soon_threadsafe, work.cancel)
        with closing(Journal(self._folder)) as journal:
            async with opened_systems(self._experiment) as systems:
                manifest = _manifest(self._experiment, systems, self._folder)
                write_manifest(self._folder, manifest)
                engine = Engine(
                    self._experiment, journal, stop=self._stop, tell=self._tell, systems=systems
                )
                answered = await engine.run()
            if answered.complete:
                tasks = [planned.task for planned in self._experiment.tasks]
                await asyncio.to_thread(compact, self._folder, journal, tasks, answered.fit_keys)
                finished = msgspec.structs.replace(
                    manifest, tasks=answered.tasks, finished_at=time.time(), complete=True
                )
                write_manifest(self._folder, finished)


def _manifest(
    experiment: Experiment, systems: Mapping[str, OpenedSystem], folder: Path
) -> Manifest:
    """The manifest of a session that begins now; an earlier session's start is kept."""
    earlier = read_manifest(folder) if (folder / "manifest.json").exists() else None
    settings = experiment.settings
    content = settings.model_dump(mode="json", exclude_defaults=True)
    entries = [
        system.entry(reported=name in experiment.reported) for name, system in systems.items()
    ]
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=settings.name,
        experiment=content,
        fingerprint=fingerprint([content, [entry.fingerprint for entry in entries]]),
        started_at=earlier.started_at if earlier else time.time(),
        finished_at=None,
        complete=False,
        sessions=earlier.sessions + 1 if earlier else 1,
        tasks=(),
        systems=tuple(entries),
        repeats=settings.repeats,
        seed=settings.seed,
        concurrency=settings.concurrency,
        sandbox=_sandbox(experiment),
        evalsuite_version=__version__,
        code=code_revision(),
        python=platform.python_version(),
        packages=package_versions(),
        hardware=hardware(),
    )


def _sandbox(experiment: Experiment) -> str:
    """The tier that candidate code will run in; UserError now rather than after the answers."""
    needed = any(planned.task.runs_code for planned in experiment.tasks)
    return required_tier() if needed else "not needed"


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


def report(done: Run, path: Path | str) -> Path:
    """Write the report of ``done`` as one file.

    ``path`` ends in .html (everything), .md (the tables) or .png (the cost-quality plane).
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".md":
        from evalsuite.reporting.markdown import to_markdown

        target.write_text(to_markdown(summarise(done)), encoding="utf-8")
    elif target.suffix == ".html":
        from evalsuite.reporting.html import write_html

        write_html(done, summarise(done), target)
    elif target.suffix == ".png":
        from evalsuite.reporting.figures import write_plane

        write_plane(summarise(done), target)
    else:
        raise UserError(f"{target}: a report ends in .html, .md or .png")
    return target


def get_task(name: str) -> Task:
    """The task called ``name`` in the catalog, or in the ``.py`` file ``name``."""
    return find_task(name, base=Path.cwd())


def tasks() -> list[Task]:
    """Every task of the catalog, by name."""
    return [load_task(path) for _, path in sorted(task_files().items())]
