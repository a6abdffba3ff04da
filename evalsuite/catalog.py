"""Where content is: tasks, judges and reports are files, found by path, loaded when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.modules import import_file
from evalsuite.task import Task


def content_folder(kind: str) -> Path:
    """The folder of shipped "tasks", "judges" or "reports": in the wheel, or in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "content" / kind
    return installed if installed.is_dir() else package.parent / kind


def task_files(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """Task name -> file, over the shipped tasks and the user's ``folders``.

    A name is the path below its folder without ``.py``. A name found twice is refused: which of
    two tasks was meant is not for us to guess.
    """
    found: dict[str, Path] = {}
    for folder in (content_folder("tasks"), *folders):
        if not folder.is_dir():
            raise ConfigError(f"{folder}: no such task folder")
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).with_suffix("").as_posix()
            if path.name.startswith("_") or found.get(name) == path:
                continue
            if name in found:
                raise ConfigError(f"task {name!r} exists twice: {found[name]} and {path}")
            found[name] = path
    return found


def find_task(reference: str, *, base: Path, folders: Sequence[Path] = ()) -> Task:
    """The task ``reference``: a name in the catalog, or a ``.py`` file relative to ``base``."""
    if reference.endswith(".py"):
        return load_task((base / reference).resolve())
    files = task_files(folders)
    if reference not in files:
        every = "`evalsuite list` shows them all"
        hint = did_you_mean(reference, files, otherwise=every, cutoff=0.5)
        raise ConfigError(f"unknown task {reference!r}: {hint}")
    return load_task(files[reference])


def load_task(path: Path) -> Task:
    """Import the file at ``path`` and return its ``TASK``; errors in it keep their traceback."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such task file")
    task = getattr(import_file(path), "TASK", None)
    if not isinstance(task, Task):
        raise ConfigError(f"{path}: a task file ends in `TASK = Task(...)`, and this one does not")
    return task
