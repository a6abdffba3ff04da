"""Browsing what there is: ``list`` and ``show``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evalsuite.cli.data import fail_with
from evalsuite.cli.options import print_summary

KINDS = ("tasks", "datasets", "families", "scorers", "systems")


def list_library(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KIND] [WORD]",
            help="tasks (unless said), datasets, families, scorers or systems; and words in it.",
            show_default=False,
        ),
    ] = None,
    family: Annotated[
        list[str] | None, typer.Option("--family", "-f", help="Tasks of this family; repeatable.")
    ] = None,
    folder: Annotated[
        list[Path] | None,
        typer.Option("--folder", help="A further folder of task files; repeatable."),
    ] = None,
    sizes: Annotated[
        bool, typer.Option("--sizes", help="Count the samples of each split, by reading them.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for programs.")] = False,
) -> None:
    """List the task library, or what tasks and experiments are made of."""
    kind, *rest = words if words and words[0] in KINDS else ["tasks", *(words or ())]
    if kind in ("tasks", "datasets", "families"):
        _list_tasks(kind, rest, family or [], folder or [], sizes=sizes, as_json=as_json)
        return
    from evalsuite.errors import UserError

    if family or folder or sizes:
        raise UserError(f"--family, --folder and --sizes are of tasks, not of {kind}")
    _list_parts(kind, rest, as_json=as_json)


def _list_tasks(
    kind: str,
    words: list[str],
    families: list[str],
    folders: list[Path],
    *,
    sizes: bool,
    as_json: bool,
) -> None:
    from rich.console import Console

    from evalsuite import catalog
    from evalsuite.reporting import catalog as pages
    from evalsuite.reporting.datasets import DatasetsTable, datasets_json

    loaded = catalog.load_tasks(catalog.task_files(folders))
    tasks = catalog.matching(loaded.tasks.values(), families=families, words=words)
    if kind == "tasks":
        counted = {task.name: catalog.split_sizes(task) for task in tasks} if sizes else None
        if as_json:
            typer.echo(pages.tasks_json(tasks, loaded.broken, counted))
        else:
            Console().print(pages.TasksTable(tasks, counted))
    elif kind == "datasets":
        datasets = catalog.datasets_of(tasks)
        if as_json:
            typer.echo(datasets_json(datasets.values()))
        else:
            Console().print(DatasetsTable(datasets=list(datasets.values())))
    else:
        _print_pairs(
            [
                (
                    family,
                    f"{len(of)} task{'s' * (len(of) != 1)}: {', '.join(task.name for task in of)}",
                )
                for family, of in pages.by_family(tasks)
            ],
            as_json=as_json,
        )
    fail_with([str(error) for error in loaded.broken.values()])


def _list_parts(kind: str, words: list[str], *, as_json: bool) -> None:
    from evalsuite.catalog import shipped_systems
    from evalsuite.scoring.named import SCORERS

    pairs = (
        [(name, f"{one.decides}: {one.summary}") for name, one in sorted(SCORERS.items())]
        if kind == "scorers"
        else shipped_systems()
    )
    found = [
        pair for pair in pairs if all(word.lower() in " ".join(pair).lower() for word in words)
    ]
    _print_pairs(found, as_json=as_json)


def _print_pairs(pairs: list[tuple[str, str]], *, as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps(dict(pairs), indent=2))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold")
    for name, words in pairs:
        table.add_row(name, words)
    Console().print(table)


def show(
    subject: Annotated[
        list[str],
        typer.Argument(metavar="[task] NAME | RUN", help="A task's name, or a run's folder."),
    ],
    variant: Annotated[
        str | None, typer.Option(help="Another wording of the task; the page names them.")
    ] = None,
    shots: Annotated[int, typer.Option(min=0, help="How many examples to show.")] = 0,
    form: Annotated[str, typer.Option(help="chat or completion.")] = "chat",
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    sample: Annotated[str | None, typer.Option(help="Id of a sample (default: the first).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Request and scores as JSON.")] = False,
    every_task: Annotated[
        bool, typer.Option("--tasks", help="Every task of a run, also where they are many.")
    ] = False,
) -> None:
    """Show the results of a run; or a task: a sample as it is sent, and as it is scored."""
    from evalsuite import api
    from evalsuite.errors import UserError

    name = subject[-1]
    if len(subject) > 2 or (len(subject) == 2 and subject[0] != "task"):
        raise UserError("show one thing: a task's name, or a run's folder")
    if len(subject) == 1 and Path(name).is_dir():
        print_summary(api.load(Path(name)), every_task=every_task)
        return
    task = _asked(api.get_task(name), variant, shots, form)
    if split not in ("train", "validation", "test"):
        raise UserError(f"--split {split!r}: write test, validation or train")
    file = name if name.endswith(".py") else None
    _show_task(task, split, sample, file, as_json=as_json)


def _asked(task: Any, variant: str | None, shots: int, form: str) -> Any:
    from evalsuite.errors import UserError
    from evalsuite.prompting import PLAIN, Prompting, prompted

    if form not in ("chat", "completion"):
        raise UserError(f"--form {form!r}: write chat or completion")
    way = Prompting(
        variant=variant or PLAIN, shots=shots, form="chat" if form == "chat" else "completion"
    )
    return task if way == Prompting() else prompted(task, way)


def _show_task(
    task: Any, split: Any, sample: str | None, file: str | None, *, as_json: bool
) -> None:
    from rich.console import Console

    from evalsuite.errors import UserError
    from evalsuite.reporting.task_page import task_json, task_page

    try:
        if as_json:
            typer.echo(task_json(task, split=split, sample_id=sample))
        else:
            Console().print(task_page(task, split=split, sample_id=sample, reference=file))
    except LookupError as error:
        raise UserError(str(error)) from None
