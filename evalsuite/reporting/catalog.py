"""Tasks as a person browses them in the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from evalsuite.errors import DataMissing
from evalsuite.task import Task

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


def tasks_table(tasks: Sequence[Task]) -> Table:
    """One line a task: its name, what it asks, the score that decides, its licence."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("task", no_wrap=True, style="cyan")
    table.add_column("what it asks", ratio=1, min_width=20)
    table.add_column("success", overflow="fold")
    table.add_column("licence", max_width=20)
    for task in tasks:
        table.add_row(task.name, task.summary, task.success, task.licence)
    return table


def task_page(task: Task) -> Group:
    """A task with its first test sample: what is asked, what is expected, how it is scored."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    facts = Table.grid(padding=(0, 2))
    rows = {
        "task": task.name,
        "asks": task.summary,
        "success": f"{task.success} >= {task.success_at:g}",
        "source": task.source,
        "licence": task.licence,
        "reference": task.reference,
        "run it": f"evalsuite run --task {task.name} --system embedded/nano",
    }
    for name, value in rows.items():
        if value:
            facts.add_row(Text(name, style="bold"), Text(value))
    try:
        sample = next(iter(islice(task.samples("test"), 1)), None)
    except DataMissing as missing:
        return Group(facts, Text(str(missing), style="yellow"))
    if sample is None:
        return Group(facts)
    parts = [
        Panel(Text(m.content), title=m.role, title_align="left") for m in task.messages(sample)
    ]
    target = json.dumps(sample.target, ensure_ascii=False, indent=None)[:2000]
    expected = Panel(Text(target), title=f"expected ({sample.id})", title_align="left")
    return Group(facts, *parts, expected)
