"""``evalsuite data``: the datasets of the library, and what is wrong or shared in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalsuite.contamination import Piece
    from evalsuite.datasets import Dataset
    from evalsuite.task import Split, Task

data_app = typer.Typer(
    help="The datasets of the library: where they are, whether they are right.",
    no_args_is_help=True,
)
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[DATASET]...", help="Datasets (default: all).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Everything, for programs.")]


@data_app.command("list", short_help="Where each dataset is, how large, on what terms.")
def list_datasets(
    names: Names = None,
    files: Annotated[bool, typer.Option("--files", help="A line for each file.")] = False,
    rows: Annotated[bool, typer.Option("--rows", help="Count rows, by reading the files.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the datasets: files, sizes, licence, and where each was found."""
    from rich.console import Console

    from evalsuite.reporting.datasets import DatasetsTable, datasets_json

    datasets = _datasets(names)
    counted = _counted(datasets) if rows else None
    if as_json:
        typer.echo(datasets_json(datasets, counted))
    else:
        Console().print(DatasetsTable(datasets=datasets, by_file=files, rows=counted))


@data_app.command("fetch", short_help="Fetch what is missing, and verify it.")
def fetch(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="All datasets of the library.")] = False,
) -> None:
    """Fetch what is not on this machine yet; what was cut short is taken up where it ended."""
    from evalsuite.errors import DataMissing, UserError

    if bool(names) == every:
        raise UserError("what to fetch? Name datasets (evalsuite data list shows them), or --all")
    failed: list[str] = []
    for dataset in _datasets(names):
        typer.echo(f"{dataset.name}: licence {dataset.licence or 'unknown'}; {dataset.source}")
        for key, file in dataset.files.items():
            if file.url is None and dataset.copy(key) is None and every:
                typer.echo(f"  {file.path}: no published copy; only a mirror has it")
                continue
            try:
                with _progress(file.path) as tell:
                    path = dataset.path(key, tell=tell)
                typer.echo(f"  {file.path}: verified, {path}")
            except DataMissing as missing:
                failed.append(str(missing))
    fail_with(failed)


@data_app.command("verify", short_help="Compare every file with its hash.")
def verify(names: Names = None) -> None:
    """Compare every file that is here with its recorded hash; exit code 2 for a mismatch."""
    from evalsuite.errors import DataMissing

    right, wrong, missing = 0, list[str](), 0
    for dataset in _datasets(names):
        for key in dataset.files:
            if dataset.copy(key) is None:
                missing += 1
                continue
            try:
                dataset.path(key)
                right += 1
            except DataMissing as mismatch:
                wrong.append(str(mismatch))
    typer.echo(f"{right:,} files as recorded, {len(wrong):,} not, {missing:,} not on this machine")
    fail_with(wrong)


@data_app.command("check", short_help="Check tasks: ids, splits, choices, rendering.")
def check(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TASK]...", help="Tasks, .py files, experiments (default: the library)."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Samples of each split to read.")
    ] = None,
    across: Annotated[
        bool, typer.Option("--across", help="Also look for questions that two tasks share.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check samples: ids, splits, choices, rendering; exit code 2 where there is a problem."""
    from rich.console import Console

    from evalsuite.contamination import TaskCheck, check_task, shared_questions
    from evalsuite.errors import DataMissing, UserError
    from evalsuite.reporting.datasets import check_lines, checks_json, shared_lines

    done, missing, failed = list[TaskCheck](), dict[str, str](), list[str]()
    here = list[Any]()
    console = Console()
    for name in tasks or _library():
        try:
            found = [(task, check_task(task, limit=limit)) for task in _tasks(name)]
        except DataMissing as error:
            missing[name] = str(error)
            continue
        except UserError as error:
            failed.append(f"{name}: {error}")
            continue
        for task, checked in found:
            here.append(task)
            done.append(checked)
            failed += [f"{checked.task}: {problem}" for problem in checked.problems]
            if not as_json:
                console.print(*check_lines(checked), sep="\n", highlight=False)
    shared = list(shared_questions(here)) if across else []
    if as_json:
        typer.echo(checks_json(done, missing, shared))
    else:
        for pair in shared:
            console.print(*shared_lines(pair), sep="\n", highlight=False)
        for name, why in missing.items():
            typer.echo(f"{name}  not checked: {why}")
    fail_with([f"problems: {len(failed)}; the first: {failed[0]}"] if failed else [])


@data_app.command("overlap", short_help="Find samples that stand in another text.")
def overlap(
    task: Annotated[str, typer.Argument(help="A task's name, or its .py file.")],
    corpus: Annotated[
        str, typer.Option("--with", help="A file, another task, or a split of this one.")
    ],
    ngram: Annotated[int, typer.Option(min=1, help="Words in an n-gram.")] = 13,
    share: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Least share of n-grams found (default: any one)."),
    ] = None,
    common_above: Annotated[
        int | None, typer.Option(min=1, help="Leave out n-grams of more documents than this.")
    ] = None,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Compare numbers, which translations keep.")
    ] = False,
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    column: Annotated[str | None, typer.Option(help="The column of a file of rows.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find the samples that stand in another text, word for word (GPT-3's and PaLM's rules)."""
    from rich.console import Console

    from evalsuite import api
    from evalsuite.contamination import first_samples, ngram_overlap, number_overlap
    from evalsuite.reporting.datasets import overlap_json, overlap_lines

    chosen = api.get_task(task)
    samples = first_samples(chosen, _split(split))
    pieces = _pieces(chosen, corpus, column)
    found = (
        number_overlap(samples, pieces)
        if numbers
        else ngram_overlap(samples, pieces, ngram=ngram, share=share, common_above=common_above)
    )
    if as_json:
        typer.echo(overlap_json(chosen.name, split, corpus, found))
    else:
        lines = overlap_lines(chosen.name, split, corpus, found)
        Console().print(*lines, sep="\n", highlight=False)


def fail_with(lines: Sequence[str]) -> None:
    """End with exit code 2 and these lines; return where there are none."""
    from evalsuite.errors import UserError

    if lines:
        for line in lines[:-1]:
            typer.echo(f"evalsuite: {line}", err=True)
        raise UserError(lines[-1])


# -- parts ---------------------------------------------------------------------------------------


def _library() -> list[str]:
    from evalsuite.catalog import task_files

    return sorted(task_files())


def _tasks(name: str) -> list[Task]:
    """The task called ``name``, or those of the experiment in that file."""
    from evalsuite import api

    if Path(name).suffix in (".yaml", ".yml"):
        return [planned.task for planned in api.check(name).tasks]
    return [api.get_task(name)]


def _datasets(names: Sequence[str] | None) -> list[Dataset]:
    """The datasets called ``names``, all of the library where none is; files may be broken."""
    from evalsuite import catalog
    from evalsuite.errors import UserError
    from evalsuite.hints import did_you_mean

    loaded = catalog.load_tasks(catalog.task_files())
    known = catalog.datasets_of(loaded.tasks.values())
    for error in loaded.broken.values():
        typer.echo(f"evalsuite: {error}", err=True)
    for name in names or ():
        if name not in known:
            hint = did_you_mean(name, known, otherwise="evalsuite data list shows them all")
            raise UserError(f"no dataset {name!r}: {hint}")
    return [known[name] for name in sorted(names or known)]


def _counted(datasets: Iterable[Dataset]) -> dict[tuple[str, str], int]:
    return {
        (dataset.name, key): sum(1 for _ in dataset.rows(key))
        for dataset in datasets
        for key in dataset.files
        if dataset.copy(key) is not None
    }


def _split(word: str) -> Split:
    from typing import get_args

    from evalsuite.errors import UserError
    from evalsuite.task import Split

    found: dict[str, Split] = {split: split for split in get_args(Split)}
    if word not in found:
        raise UserError(f"--split {word!r}: write test, validation or train")
    return found[word]


def _pieces(task: Task, corpus: str, column: str | None) -> Iterator[Piece]:
    """The corpus: a split of ``task``, a file, or the test split of another task."""
    from evalsuite import api
    from evalsuite.contamination import file_pieces, first_samples, sample_pieces
    from evalsuite.errors import UserError

    if corpus in ("train", "validation", "test"):
        return sample_pieces(first_samples(task, _split(corpus)))
    path = Path(corpus)
    if path.is_file() and path.suffix != ".py":
        return file_pieces(path, column=column)
    if path.suffix not in ("", ".py"):
        raise UserError(f"{corpus}: no such file")
    return sample_pieces(first_samples(api.get_task(corpus), "test"))


@contextmanager
def _progress(name: str) -> Iterator[Any]:
    """What is told of a download: a bar on a terminal, else a line where it begins."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from evalsuite.reporting.datasets import size_words

    console = Console()
    if not console.is_terminal:
        told: list[int] = []

        def tell_line(have: int, whole: int | None) -> None:
            if not told:
                typer.echo(f"  {name}: fetching {size_words(whole) if whole else ''}".rstrip())
            told.append(have)

        yield tell_line
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=console, transient=True) as bar:
        job = bar.add_task(name, total=None)
        yield lambda have, whole: bar.update(job, completed=have, total=whole)
