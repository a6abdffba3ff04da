"""Where content is: tasks, judges and reports are files, found by path, loaded when asked for."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, get_args

from evalsuite.datasets import Dataset
from evalsuite.datasets.naming import rows_named
from evalsuite.errors import ConfigError, DataMissing, EvalsuiteError, UserError
from evalsuite.hints import did_you_mean
from evalsuite.modules import import_file
from evalsuite.task import Split, Task


class Loaded(NamedTuple):
    """The tasks that could be loaded, by name, and what is wrong with each of the others."""

    tasks: Mapping[str, Task]
    broken: Mapping[str, UserError]


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
    """Import the file at ``path`` and return its ``TASK``.

    The samples of the task are streamed with errors over a row of a data file told as BadData.

    Raises:
        ConfigError: If there is no such file, or no task in it, or it cannot be imported. The
            message names the line; the error that was met is the cause.
        UserError: What the file raises of that kind (an extra that is not installed).
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such task file")
    try:
        task = getattr(import_file(path), "TASK", None)
    except EvalsuiteError:
        raise
    except Exception as error:
        raise ConfigError(_import_failure(path, error)) from error
    if not isinstance(task, Task):
        raise ConfigError(f"{path}: a task file ends in `TASK = Task(...)`, and this one does not")
    return replace(task, samples=rows_named(task.samples))


def load_tasks(files: Mapping[str, Path]) -> Loaded:
    """Every task of ``files`` that can be loaded; one broken file does not hide the others."""
    tasks: dict[str, Task] = {}
    broken: dict[str, UserError] = {}
    for name, path in sorted(files.items()):
        try:
            tasks[name] = load_task(path)
        except UserError as error:
            broken[name] = error
    return Loaded(tasks, broken)


def datasets_of(tasks: Iterable[Task]) -> dict[str, Dataset]:
    """The datasets that ``tasks`` read, by name; the files of two of one name are put together.

    Raises:
        ConfigError: If two datasets of one name have different files under one key or path.
    """
    found: dict[str, Dataset] = {}
    for task in tasks:
        for dataset in task.data:
            known = found.setdefault(dataset.name, dataset)
            if known == dataset:
                continue
            for key, file in dataset.files.items():
                if known.files.get(key, file) != file:
                    raise ConfigError(
                        f"{task.name}: another task has a dataset {dataset.name!r} with another "
                        f"file {key!r}; give this one a name of its own"
                    )
            found[dataset.name] = replace(known, files={**known.files, **dataset.files})
    return found


def _import_failure(path: Path, error: Exception) -> str:
    """Where in ``path`` the import failed, and of what; also where it failed further inside."""
    said = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if isinstance(error, SyntaxError):
        return f"{error.filename or path}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename) == path]
    if not own:
        return f"{path}: {said}"
    inside = frames[-1]
    further = "" if inside == own[-1] else f" (at {inside.filename}:{inside.lineno})"
    return f"{path}:{own[-1].lineno}: {said}{further}"


def matching(
    tasks: Iterable[Task], *, families: Sequence[str] = (), words: Sequence[str] = ()
) -> list[Task]:
    """The ``tasks`` of any of the ``families`` (all where none is named) that have all ``words``.

    A word is looked for in the name, the summary, the licence, the reference, and the names of
    datasets and variants; case does not matter.

    Raises:
        ConfigError: For a family that no task has.
    """
    every = list(tasks)
    known = sorted({task.family for task in every})
    for family in families:
        if family not in known:
            hint = did_you_mean(family, known, otherwise=f"there are {', '.join(known)}")
            raise ConfigError(f"no family of tasks {family!r}: {hint}")
    wanted = [word.lower() for word in words]
    chosen = [task for task in every if not families or task.family in families]
    return [task for task in chosen if all(word in _searched(task) for word in wanted)]


def _searched(task: Task) -> str:
    named = [*(dataset.name for dataset in task.data), *task.variants]
    texts = [task.name, task.family, task.summary, task.licence, task.reference, *named]
    return "\n".join(texts).lower()


def split_sizes(task: Task) -> dict[Split, int | None]:
    """How many samples each split has, counted by reading them; None where nobody can know.

    That is a split without end, and one whose data is not on this machine.
    """
    sizes: dict[Split, int | None] = {}
    for split in get_args(Split):
        try:
            sizes[split] = None if task.endless else sum(1 for _ in task.samples(split))
        except DataMissing:
            sizes[split] = None
    return sizes


def shipped_systems() -> list[tuple[str, str]]:
    """What can stand for a system in an experiment, each with the first line about it."""
    from evalsuite.embedded import names
    from evalsuite.systems.build import BACKENDS, HYBRIDS  # with pydantic, which is slow to import

    models = [(f"embedded/{name}", "a shipped model, run by transformers") for name in names()]
    backends = [(f"backend: {name}", _first_line(at)) for name, at in BACKENDS.items()]
    hybrids = [(f"hybrid: {name}", _first_line(at)) for name, at in HYBRIDS.items()]
    return [*models, *backends, *hybrids]


def _first_line(target: str) -> str:
    """The first line of the docstring of a module that need not be imported for it."""
    spec = find_spec(target.partition(":")[0])
    assert spec is not None and spec.origin is not None
    said = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return said.partition("\n\n")[0].replace("\n", " ")
