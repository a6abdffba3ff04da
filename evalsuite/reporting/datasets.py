"""Datasets, what is wrong with them, and what they share, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from evalsuite.analysis.numbers import UNKNOWN, percent
from evalsuite.datasets import DataFile, Dataset
from evalsuite.reporting.plain import one_line

if TYPE_CHECKING:
    from evalsuite.contamination import Overlap, SharedQuestions, TaskCheck

_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_NAMED = 10
_GAP = 2
_WIDEST = 30
_LEAST_SOURCE_CELLS = 20
_LEAST_IMPORTANT = ("stored", "files", "rows", "licence")

Rows = Mapping[tuple[str, str], int]
"""(dataset, file) -> rows that were counted."""


@dataclass(frozen=True, kw_only=True)
class FileState:
    """A file of a dataset and where it is; ``place`` None is nowhere on this machine."""

    dataset: str
    key: str
    file: DataFile
    place: str | None
    path: str | None
    stored_bytes: int | None


def file_states(datasets: Iterable[Dataset]) -> Iterator[FileState]:
    """Every file of every dataset, as it is on this machine; nothing is read."""
    for dataset in datasets:
        for key, file in dataset.files.items():
            copy = dataset.copy(key)
            yield FileState(
                dataset=dataset.name,
                key=key,
                file=file,
                place=copy.place if copy else None,
                path=str(copy.path) if copy else None,
                stored_bytes=copy.stored_bytes if copy else None,
            )


@dataclass(frozen=True, kw_only=True)
class DatasetsTable:
    """One line a dataset (or a file): how much of it there is here, and on what terms."""

    datasets: Sequence[Dataset]
    by_file: bool = False
    rows: Rows | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        titles = ["dataset", "file" if self.by_file else "files", "stored", "here", "licence"]
        if self.rows is not None:
            titles.insert(2, "rows")
        lines = [line for dataset in self.datasets for line in self._lines(dataset)]
        widths = [
            min(_WIDEST, max(cell_len(str(cell)) for cell in column))
            for column in zip(titles, *(cells for cells, _ in lines), strict=True)
        ]
        shown = list(range(len(titles)))
        for title in _LEAST_IMPORTANT:
            if sum(widths[i] + _GAP for i in shown) > options.max_width and title in titles:
                shown.remove(titles.index(title))
        room = options.max_width - sum(widths[i] + _GAP for i in shown)
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))
        for i in shown:
            right = titles[i] in ("rows", "stored")
            table.add_column(
                titles[i],
                justify="right" if right else "left",
                style="cyan" if i == 0 else None,
                no_wrap=True,
                overflow="ellipsis",
                max_width=widths[i],
            )
        if room >= _LEAST_SOURCE_CELLS:
            table.add_column("source", no_wrap=True, overflow="ellipsis", max_width=room)
        for cells, source in lines:
            table.add_row(
                *(cells[i] for i in shown), *([source] if room >= _LEAST_SOURCE_CELLS else [])
            )
        yield table

    def _lines(self, dataset: Dataset) -> Iterator[tuple[list[Text], str]]:
        states = list(file_states([dataset]))
        for group in [[state] for state in states] if self.by_file else [states]:
            cells = [Text(dataset.name), Text(group[0].key if self.by_file else str(len(group)))]
            if self.rows is not None:
                cells.append(Text(_rows(group, self.rows)))
            cells += [Text(_stored(group)), _here(group), Text(one_line(dataset.licence))]
            yield cells, one_line(dataset.source)


def datasets_json(datasets: Iterable[Dataset], rows: Rows | None = None) -> str:
    """The same for programs, with every path, hash and address. ASCII; null is unknown."""
    content = [
        {
            "name": dataset.name,
            "licence": dataset.licence,
            "source": dataset.source,
            "files": [
                {
                    **asdict(state.file),
                    "key": state.key,
                    "place": state.place,
                    "here": state.path,
                    "stored_bytes": state.stored_bytes,
                    "rows": None if rows is None else rows.get((dataset.name, state.key)),
                }
                for state in file_states([dataset])
            ],
        }
        for dataset in datasets
    ]
    return json.dumps(content, indent=2)


def size_words(size: int) -> str:
    """Bytes as people read them: ``812 B``, ``4.2 MB``."""
    for least, unit in _SIZES:
        if size >= least * 0.9995:
            scaled = size / least
            return f"{scaled:.1f} {unit}" if scaled < 99.95 else f"{scaled:.0f} {unit}"
    return f"{size} B"


def _rows(states: Sequence[FileState], rows: Rows) -> str:
    counts = [rows.get((state.dataset, state.key)) for state in states]
    known = [count for count in counts if count is not None]
    return f"{sum(known):,}" if len(known) == len(counts) else UNKNOWN


def _stored(states: Sequence[FileState]) -> str:
    sizes = [state.stored_bytes for state in states if state.stored_bytes is not None]
    return size_words(sum(sizes)) if sizes else ""


def _here(states: Sequence[FileState]) -> Text:
    """``mirror``, ``cache``, or what is missing and how much of that can be fetched."""
    missing = [state for state in states if state.place is None]
    places = list(dict.fromkeys(state.place for state in states if state.place))
    if not missing:
        return Text(" and ".join(places))
    n = sum(state.file.url is not None for state in missing)
    can = "to fetch" if n == len(missing) else f"{n} to fetch" if n else "mirror only"
    some = f"{len(missing)} of {len(states)} missing" if len(states) > 1 else "missing"
    return Text(f"{some}, {can}", style="yellow")


# --- checks -------------------------------------------------------------------------------------


def check_lines(check: TaskCheck) -> Iterator[Text]:
    """What was found in a task: its sizes, then a line a problem and a note."""
    sizes = ", ".join(f"{split} {n:,}" for split, n in check.sizes.items())
    state = f"{len(check.problems)} problems" if check.problems else "ok"
    state = "1 problem" if len(check.problems) == 1 else state
    yield Text.assemble((check.task, "cyan"), f"  {sizes}  ", (state, "bold"))
    for problem in check.problems:
        yield Text(f"  problem: {one_line(problem, 300)}", style="red")
    for note in check.notes:
        yield Text(f"  note: {one_line(note, 300)}", style="dim")


def shared_lines(shared: SharedQuestions) -> Iterator[Text]:
    """How many questions two tasks share, as words and as numbers tell it."""
    yield Text.assemble((shared.task, "cyan"), " and ", (shared.other, "cyan"), " share questions")
    for found in (shared.by_words, shared.by_numbers):
        share = UNKNOWN if found.share is None else percent(found.share)
        said = f"{len(found.contaminated):,} of {found.judged:,} ({share})"
        yield Text(f"  {said}: {found.rule}", style="yellow")


def checks_json(
    checks: Sequence[TaskCheck], missing: Mapping[str, str], shared: Sequence[SharedQuestions]
) -> str:
    """The same for programs; ``missing`` says of tasks why they could not be checked."""
    content = {
        "tasks": [asdict(check) for check in checks],
        "not_checked": dict(missing),
        "shared": [asdict(pair) for pair in shared],
    }
    return json.dumps(content, indent=2)


def overlap_lines(task: str, split: str, corpus: str, overlap: Overlap) -> Iterator[Text]:
    """How many samples are contaminated, of how many, by which rule, and which they are."""
    share = UNKNOWN if overlap.share is None else percent(overlap.share)
    yield Text.assemble(
        (task, "cyan"),
        f" ({split}) in {one_line(corpus)}: ",
        (f"{len(overlap.contaminated):,} of {overlap.judged:,} samples ({share})", "bold"),
        " contaminated",
    )
    words = "" if overlap.words is None else f", {overlap.words:,} words"
    yield Text(f"  {overlap.rule}; {overlap.documents:,} documents{words}", style="dim")
    if overlap.too_short:
        yield Text(f"  {len(overlap.too_short):,} samples are too short to judge", style="yellow")
    for one in overlap.contaminated[:_NAMED]:
        yield Text(f"  {one_line(one.id)}  {one.found:,} of {one.ngrams:,} found")
    if len(overlap.contaminated) > _NAMED:
        more = len(overlap.contaminated) - _NAMED
        yield Text(f"  and {more:,} more; all of them with --json", style="dim")


def overlap_json(task: str, split: str, corpus: str, overlap: Overlap) -> str:
    """The same for programs, with the id of every contaminated sample."""
    content = {
        "task": task,
        "split": split,
        "corpus": corpus,
        "samples": overlap.samples,
        "judged": overlap.judged,
        "share": overlap.share,
        "rule": overlap.rule,
        "documents": overlap.documents,
        "words": overlap.words,
        "contaminated": [
            {"id": one.id, "ngrams": one.ngrams, "found": one.found} for one in overlap.contaminated
        ],
        "too_short": list(overlap.too_short),
    }
    return json.dumps(content, indent=2)
