"""One answer of one system, traced: what it said or how it failed, what it took, and its calls."""

from __future__ import annotations

import time
import traceback
from functools import partial

from evalsuite.errors import CallFailed, EvalsuiteError
from evalsuite.records import Answer, Phase, Request, Response, Sample
from evalsuite.running.fitting import Fits
from evalsuite.running.tracing import Execute, Means, Trace
from evalsuite.task import Task


async def respond(
    means: Means,
    fits: Fits,
    *,
    key: str,
    request_key: str,
    phase: Phase,
    task: Task,
    name: str,
    request: Request,
) -> Response:
    """Ask the system ``name`` and put its answer, or its failure, on record under ``key``.

    The latency is what was felt until the answer came; calls that are still under way then are
    waited for, because they cost all the same.

    Raises:
        EvalsuiteError: whatever is not one answer's failure but ends the run.
    """
    trace = Trace(
        means,
        key=key,
        request=request,
        request_key=request_key,
        fitted_for=partial(fits.get, task),
        phase=phase,
        execute=_tools_of(task, request),
    )
    answer: Answer | None = None
    error_kind: str | None = None
    error_message: str | None = None
    started_at, began = time.time(), time.perf_counter()
    try:
        answer = await trace.ask(name, request)
    except CallFailed as failure:
        error_kind, error_message = failure.kind, str(failure)
    except EvalsuiteError:
        raise
    except Exception as error:
        # A system's own bug is that sample's failure, with its traceback.
        error_kind = f"exception:{type(error).__name__}"
        error_message = traceback.format_exc(limit=-3)
    seconds = time.perf_counter() - began
    await trace.settled()
    return Response(
        key=key,
        task=task.name,
        sample_id=request.sample_id,
        system=name,
        repeat=request.repeat,
        status="system_error" if answer is None else "ok",
        started_at=started_at,
        answer=answer,
        error_kind=error_kind,
        error_message=means.redacted(error_message) if error_message else None,
        seconds=seconds if trace.whole else None,
        calls=trace.calls,
    )


def _tools_of(task: Task, request: Request) -> Execute | None:
    """The tools of a task, given what a system may see of the sample."""
    if task.execute is None:
        return None
    return partial(task.execute, Sample(id=request.sample_id, inputs=request.inputs))
