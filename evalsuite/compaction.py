"""From the journal of a run to its tables, in one pass over what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from evalsuite.records import Response, Sample, Score
from evalsuite.running.grading import scorer_key
from evalsuite.running.journal import Journal
from evalsuite.tables import (
    Row,
    TableWriter,
    call_row,
    fit_row,
    response_row,
    sample_row,
    score_row,
)
from evalsuite.task import Graded, Task


def compact(folder: Path, journal: Journal, tasks: Iterable[Task], fit_keys: Iterable[str]) -> None:
    """Write the journal's current responses, with what belongs to them, as Parquet tables.

    Rows stream from the journal; only the answers of one task are held at once, for corpus metrics.
    """
    names = ("samples", "responses", "practice", "calls", "scores", "fits", "corpus")
    with ExitStack() as stack:
        writers = {name: stack.enter_context(TableWriter(folder, name)) for name in names}
        for task in tasks:
            writers["samples"].add_all(_sample_rows(task, journal))
            graded = _write_answers(task, journal, writers)
            for row in _corpus_rows(task, graded):
                writers["corpus"].add(row)
            _write_practice(task, journal, writers)
        fits = (journal.fit(key) for key in fit_keys)
        writers["fits"].add_all(fit_row(fit) for fit in fits if fit is not None)


def _sample_rows(task: Task, journal: Journal) -> Iterator[Row]:
    for sample, prompt in journal.samples(task.name):
        yield sample_row(task.name, sample, prompt.messages, prompt.choices)


def _write_answers(
    task: Task, journal: Journal, writers: Mapping[str, TableWriter]
) -> dict[str, list[Graded]]:
    """Write the answers for the record; returns them, by system, if corpus metrics want them."""
    graded: dict[str, list[Graded]] = {}
    add_response, add_call = writers["responses"].add, writers["calls"].add
    add_score, decides = writers["scores"].add, task.success
    for sample, response in journal.current(task.name):
        found = journal.scores(response.key, scorer_key(task, sample, response)) or []
        scores = {score.name: score for score in found}
        add_response(response_row(response, sample.cluster or sample.id, task.succeeded(scores)))
        for ordinal, call in enumerate(response.calls):
            add_call(call_row(response, call, ordinal))
        for score in scores.values():
            add_score(score_row(response, score, score.name == decides))
        if task.corpus:
            graded.setdefault(response.system, []).append(_graded(sample, response, scores))
    return graded


def _write_practice(task: Task, journal: Journal, writers: Mapping[str, TableWriter]) -> None:
    for response in journal.practice(task.name):
        scores = {score.name: score for score in journal.last_scores(response.key)}
        success = task.succeeded(scores)
        writers["practice"].add(response_row(response, response.sample_id, success))
        for ordinal, call in enumerate(response.calls):
            writers["calls"].add(call_row(response, call, ordinal))


def _graded(sample: Sample, response: Response, scores: Mapping[str, Score]) -> Graded:
    return Graded(sample=sample, answer=response.answer, scores=scores)


def _corpus_rows(task: Task, graded: Mapping[str, list[Graded]]) -> Iterator[Row]:
    for system, items in graded.items():
        for metric, function in task.corpus.items():
            yield (task.name, system, metric, function(items), len(items))
