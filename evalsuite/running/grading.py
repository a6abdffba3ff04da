"""The scoring pass: answers that are on record get their scores; no model is asked anything."""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite import __version__
from evalsuite.errors import UserError
from evalsuite.records import Response, Sample, Score, fingerprint
from evalsuite.task import Task


def scorer_key(task: Task, sample: Sample, response: Response) -> str:
    """Identity of how a response is scored: task, target, choices; under another, it is done anew.

    A failure and the answer that a later session got under the same key are scored apart.
    """
    choices = list(task.choices(sample)) if task.choices else None
    decides = [task.name, task.version, task.success, task.success_at]
    return fingerprint(
        [decides, sample.target, sample.metadata, choices, response.error_kind, __version__]
    )


def scores_of(task: Task, sample: Sample, response: Response) -> list[Score]:
    """The scores of one response.

    A failed system gets its deciding score as ``system_error`` without a value; a scorer that
    raises is our failure and not the system's, so its score is a ``scorer_error`` without a value.
    """
    if response.answer is None:
        explanation = f"{response.error_kind}: {response.error_message}"
        return [
            Score(name=task.success, value=None, status="system_error", explanation=explanation)
        ]
    try:
        scores: Sequence[Score] = task.score(sample, response.answer)
    except UserError:  # an extra or a sandbox is missing: to be mended, not to be counted
        raise
    except Exception as error:
        explanation = f"{type(error).__name__}: {error}"
        return [
            Score(name=task.success, value=None, status="scorer_error", explanation=explanation)
        ]
    return list(scores)
