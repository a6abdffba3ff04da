"""When answers are scored: while an endpoint works, or after a local model has.

Scoring takes processor time. An endpoint's answers are scored as they come in, in one thread, so a
person sees how it goes; a local model's wait until all of them are there, because scoring beside
it would make it look slower and dearer than it is. Both read only what is on record.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from evalsuite.records import Response, Sample, Score
from evalsuite.running.events import Event
from evalsuite.running.grading import scorer_key, scores_of
from evalsuite.running.journal import Journal
from evalsuite.task import Task

_BATCH = 200
_GATHERING_SECONDS = 0.01
LONGEST_BACKLOG = 2000


class ScoringPass:
    """Scores the answers of a run and puts the scores on record."""

    def __init__(self, journal: Journal, tell: Callable[[Event], None]) -> None:
        """``tell`` hears of every score, from whichever thread made it."""
        self._journal = journal
        self._tell = tell
        self._waiting: deque[tuple[Task, Sample, Response]] = deque()
        self._at_work = False
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    @property
    def backlog(self) -> int:
        """Answers that wait for their scores."""
        return len(self._waiting)

    def score_soon(self, task: Task, sample: Sample, response: Response) -> None:
        """Score an answer in the thread; an error of it reaches the next caller."""
        self._raise_error()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="evalsuite-score", daemon=True)
            self._thread.start()
        self._waiting.append((task, sample, response))

    def catch_up(self) -> None:
        """Return when everything handed in has been scored."""
        while self._waiting or self._at_work:
            self._raise_error()
            time.sleep(_GATHERING_SECONDS)
        self._raise_error()

    def score_recorded(self, task: Task, system: str) -> None:
        """Score the answers of ``system`` that are on record, several at a time.

        Code is run in processes of its own, so threads are enough.
        """
        self._journal.flush()
        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers, thread_name_prefix="evalsuite-score") as pool:
            for batch in _batches(self._journal.current(task.name, system)):
                for _ in pool.map(lambda item: self._score(task, *item), batch):
                    pass

    def close(self) -> None:
        """End the thread; what waits is left to the next session."""
        if self._thread is not None:
            self._ended.set()
            self._thread.join()

    def _work(self) -> None:
        """Look every few milliseconds: waking up for each answer costs more than its score."""
        while not self._ended.wait(_GATHERING_SECONDS):
            self._at_work = True
            try:
                while self._waiting and not self._ended.is_set():
                    self._score(*self._waiting.popleft())
            except BaseException as error:  # told to the thread that hands in the next one
                self._error = error
                return
            finally:
                self._at_work = False

    def _score(self, task: Task, sample: Sample, response: Response) -> None:
        scorer = scorer_key(task, sample, response)
        scores = self._journal.known_scores(response.key, scorer)
        known = scores is not None
        if scores is None:
            scores = scores_of(task, sample, response)
            self._journal.put_scores(response.key, scorer, scores)
        self._tell(
            Event(
                kind="scored",
                at=time.time(),
                task=task.name,
                system=response.system,
                reused=known,
                success=_succeeded(task, scores),
            )
        )

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error


def _succeeded(task: Task, scores: list[Score]) -> bool | None:
    return task.succeeded({score.name: score for score in scores})


def _batches(items: Iterator[tuple[Sample, Response]]) -> Iterator[list[tuple[Sample, Response]]]:
    while batch := list(itertools.islice(items, _BATCH)):
        yield batch
