"""The task library as a person browses it in the terminal, and as a program reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from evalsuite.analysis.numbers import UNKNOWN
from evalsuite.reporting.plain import one_line
from evalsuite.task import Published, Split, Task

Sizes = Mapping[str, Mapping[Split, int | None]]
"""Task name -> split -> number of samples, None where not known."""

_GAP = 2
_LEAST_SUMMARY_CELLS = 24
_SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class _Column:
    title: str
    cell: Callable[[Task], str]
    most_cells: int


@dataclass(frozen=True)
class TasksTable:
    """The tasks by family, one line each; what matters least is left out where it is narrow."""

    tasks: Sequence[Task]
    sizes: Sizes | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.tasks:
            yield Text("no task matches", style="yellow")
            return
        columns, left_out = self._fitting(options.max_width)
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))
        table.add_column("task", no_wrap=True, style="cyan")
        table.add_column("what it asks", min_width=_LEAST_SUMMARY_CELLS)
        for column in columns:
            table.add_column(
                column.title, no_wrap=True, overflow="ellipsis", max_width=column.most_cells
            )
        for family, tasks in by_family(self.tasks):
            if table.row_count:
                table.add_row()
            table.add_row(Text(f"{family} ({len(tasks)})", style="bold"), style="bold")
            for task in tasks:
                cells = [column.cell(task) for column in columns]
                summary = one_line(task.summary)
                table.add_row(task.name, summary, *map(Text, cells))
        yield table
        n = len(self.tasks)
        yield Text(f"{n:,} task{'s' * (n != 1)}; one with a sample: evalsuite show NAME", "dim")
        if left_out:
            yield Text(f"wider terminals show: {', '.join(left_out)}", "dim")

    def _fitting(self, width: int) -> tuple[list[_Column], list[str]]:
        """The columns that fit beside names and summaries, the most important first."""
        sizes = self.sizes
        every = [
            _Column(title="success", cell=lambda task: task.success, most_cells=20),
            _Column(title="licence", cell=lambda task: one_line(task.licence), most_cells=18),
            _Column(title="published", cell=_first_published, most_cells=44),
        ]
        if sizes is not None:
            title = "/".join(("train", "val", "test"))
            every.insert(0, _Column(title=title, cell=lambda t: _sizes(t, sizes), most_cells=20))
        names = max(cell_len(task.name) for task in self.tasks)
        room = width - names - _GAP - _LEAST_SUMMARY_CELLS
        columns, left_out = list[_Column](), list[str]()
        for column in every:
            cells = [cell_len(column.cell(task)) for task in self.tasks]
            if not any(cells):
                continue
            need = _GAP + min(column.most_cells, max(cell_len(column.title), *cells))
            if need <= room and not left_out:
                columns.append(column)
                room -= need
            else:
                left_out.append(column.title)
        return columns, left_out


def tasks_json(
    tasks: Sequence[Task], broken: Mapping[str, Exception], sizes: Sizes | None = None
) -> str:
    """The same for programs: an object of ``tasks`` and ``broken`` (name -> what is wrong).

    null is unknown. ASCII, so that no name in it can drive a terminal.
    """
    content = {
        "tasks": [_entry(task, None if sizes is None else sizes[task.name]) for task in tasks],
        "broken": {name: str(error) for name, error in broken.items()},
    }
    return json.dumps(content, indent=2)


def by_family(tasks: Sequence[Task]) -> Iterator[tuple[str, list[Task]]]:
    """The families in alphabetical order, each with its tasks."""
    for family in sorted({task.family for task in tasks}):
        yield family, [task for task in tasks if task.family == family]


def figure(published: Published) -> str:
    """A published figure in words: ``micro_f1 0.476, UH-RiTUAL``."""
    return f"{published.metric} {published.value:.4g}, {one_line(published.system, 60)}"


def _first_published(task: Task) -> str:
    if not task.published:
        return ""
    more = len(task.published) - 1
    return figure(task.published[0]) + (f" (and {more} more)" if more else "")


def _sizes(task: Task, sizes: Sizes) -> str:
    if task.endless:
        return "endless"
    of_task = sizes[task.name]
    return "/".join(UNKNOWN if of_task[s] is None else f"{of_task[s]:,}" for s in _SPLITS)


def _entry(task: Task, sizes: Mapping[Split, int | None] | None) -> dict[str, object]:
    return {
        "name": task.name,
        "family": task.family,
        "summary": task.summary,
        "success": task.success,
        "success_at": task.success_at,
        "corpus": list(task.corpus),
        "variants": ["plain", *task.variants],
        "few_shot": task.shot is not None,
        "learnable": task.learnable,
        "runs_code": task.runs_code,
        "endless": task.endless,
        "default_limit": task.default_limit,
        "samples": None if sizes is None else dict(sizes),
        "datasets": [dataset.name for dataset in task.data],
        "licence": task.licence,
        "source": task.source,
        "reference": task.reference,
        "baselines": list(task.baselines),
        "published": [asdict(one) for one in task.published],
        "version": task.version,
    }
