"""One session of a run: from a checked experiment to tables on disk, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import platform
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from evalsuite import __version__
from evalsuite.compaction import compact
from evalsuite.datasets import fetches_told
from evalsuite.errors import Interrupted, StoppedEarly, UserError
from evalsuite.experiment import Experiment
from evalsuite.records import SCHEMA_VERSION, Manifest, fingerprint
from evalsuite.running.cache import cache_path
from evalsuite.running.engine import Answered, Engine, Stop, opened_cache, opened_systems
from evalsuite.running.environment import code_revision, hardware, package_versions
from evalsuite.running.events import Event
from evalsuite.running.journal import Journal
from evalsuite.running.opened import OpenedSystem, footprints, refuse_unpriced
from evalsuite.scoring.sandbox import Tier, describe, required_tier
from evalsuite.store import read_manifest, write_manifest
from evalsuite.systems.resources import Resources

_NO_SANDBOX: Literal["not needed"] = "not needed"
# What may differ between two runs of the same thing.
_NOT_OF_THE_RUN = {
    "description",
    "concurrency",
    "cache",
    "max_usd",
    "max_tokens",
    "max_seconds",
    "max_errors",
    "judges",
}


class Session:
    """One attempt at a run, in a thread with an event loop of its own (a notebook has one)."""

    def __init__(
        self,
        experiment: Experiment,
        folder: Path,
        tell: Callable[[Event], None],
        *,
        finish: Callable[[Journal], None] | None = None,
    ) -> None:
        """Nothing happens before ``run``. ``finish`` is called when the tables are written."""
        self._experiment = experiment
        self._folder = folder
        self._tell = tell
        self._and_then = finish
        self._stop = Stop()
        self._error: BaseException | None = None
        self._cancel: Callable[[], object] = lambda: None

    def run(self) -> None:
        """Run to the end; Ctrl-C once finishes what is in flight, twice stops at once.

        Raises Interrupted or StoppedEarly where it ended before all answers were there.
        """
        over = threading.Event()
        thread = threading.Thread(target=self._thread, args=(over,), name="evalsuite-engine")
        thread.start()
        # Not ``thread.is_alive()``: an interrupted join says that a running thread is over.
        while not over.is_set():
            try:
                over.wait(0.2)
            except KeyboardInterrupt:
                if self._stop.asked:
                    self._cancel()
                self._stop.asked = True
                text = "finishing what is in flight; Ctrl-C again stops at once"
                self._tell(Event(kind="stopping", at=time.time(), text=text))
        thread.join()
        if self._error is not None:
            raise self._error
        if self._stop.why is not None:
            stopped = StoppedEarly(
                f"stopped: {self._stop.why}; what was answered is in {self._folder}, "
                "and the same command with a higher limit goes on"
            )
            stopped.folder = self._folder
            raise stopped
        if self._stop.asked:
            raise Interrupted(
                f"stopped; what was answered is in {self._folder}, and the same command goes on"
            )

    def _thread(self, over: threading.Event) -> None:
        try:
            with fetches_told(self._note):
                asyncio.run(self._run())
        except asyncio.CancelledError:
            return
        except BaseException as error:
            self._error = error
        finally:
            over.set()

    async def _run(self) -> None:
        loop, work = asyncio.get_running_loop(), asyncio.current_task()
        assert work is not None
        self._cancel = partial(loop.call_soon_threadsafe, work.cancel)
        resources = Resources(folder=self._folder, say=self._note)
        await asyncio.to_thread(_require_ready, self._experiment)
        with closing(Journal(self._folder)) as journal:
            async with (
                opened_systems(self._experiment, resources) as systems,
                opened_cache(_cache_of(self._experiment), resources.say_once) as cache,
            ):
                refuse_unpriced(self._experiment.settings.max_usd, systems)
                manifest = _manifest(self._experiment, systems, self._folder)
                idle = await asyncio.to_thread(resources.meter.rest)
                manifest = msgspec.structs.replace(manifest, idle_power=idle)
                write_manifest(self._folder, manifest)
                answered = await Engine(
                    self._experiment,
                    journal,
                    stop=self._stop,
                    tell=self._tell,
                    systems=systems,
                    cache=cache,
                    resources=resources,
                ).run()
                taken = footprints(systems, manifest.footprints)
            manifest = msgspec.structs.replace(manifest, notes=resources.notes, footprints=taken)
            if answered.complete or self._stop.why is not None:
                await asyncio.to_thread(self._finish, journal, manifest, answered)

    def _finish(self, journal: Journal, manifest: Manifest, answered: Answered) -> None:
        tasks = [planned.task for planned in self._experiment.tasks]
        compact(self._folder, journal, tasks, answered.fit_keys)
        if self._and_then is not None:
            self._and_then(journal)
        finished = msgspec.structs.replace(
            manifest,
            tasks=answered.tasks,
            finished_at=time.time(),
            complete=answered.complete,
            stopped=self._stop.why,
        )
        write_manifest(self._folder, finished)

    def _note(self, text: str) -> None:
        self._tell(Event(kind="note", at=time.time(), text=text))


def _require_ready(experiment: Experiment) -> None:
    """Return where this machine has what scoring needs; the task's own UserError where not."""
    for planned in experiment.tasks:
        try:
            if planned.task.ready is not None:
                planned.task.ready()
        except UserError as error:
            error.args = (f"task {planned.task.name}: {error}",)
            raise


def _cache_of(experiment: Experiment) -> Path | None:
    """The file of the response cache, None where the experiment uses none."""
    wanted = experiment.settings.cache
    if wanted is False:
        return None
    return cache_path() if wanted is True else Path(os.path.expanduser(wanted))


def _manifest(
    experiment: Experiment, systems: Mapping[str, OpenedSystem], folder: Path
) -> Manifest:
    """The manifest of a session that begins now; an earlier session's start is kept."""
    earlier = read_manifest(folder) if (folder / "manifest.json").exists() else None
    settings, sandbox = experiment.settings, _sandbox(experiment)
    content = settings.model_dump(mode="json", exclude_defaults=True)
    identity = {key: value for key, value in content.items() if key not in _NOT_OF_THE_RUN}
    entries = [
        system.entry(reported=name in experiment.reported) for name, system in systems.items()
    ]
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=settings.name,
        experiment=content,
        fingerprint=fingerprint([identity, [entry.fingerprint for entry in entries]]),
        started_at=earlier.started_at if earlier else time.time(),
        finished_at=None,
        complete=False,
        sessions=earlier.sessions + 1 if earlier else 1,
        tasks=(),
        systems=tuple(entries),
        repeats=settings.repeats,
        seed=settings.seed,
        concurrency=settings.concurrency,
        sandbox=sandbox,
        sandbox_features="" if sandbox == _NO_SANDBOX else describe(sandbox),
        evalsuite_version=__version__,
        code=code_revision(),
        python=platform.python_version(),
        packages=package_versions(),
        hardware=hardware(),
        footprints=earlier.footprints if earlier else (),
    )


def _sandbox(experiment: Experiment) -> Tier | Literal["not needed"]:
    """The tier that candidate code will run in; UserError now rather than after the answers."""
    needed = any(planned.task.runs_code for planned in experiment.tasks)
    return required_tier() if needed else _NO_SANDBOX
