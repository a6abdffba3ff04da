"""Runs to MLflow: the evaluation as a run, every system as a run below it.

Exporting again writes what has changed and makes no second copy: runs are found by the tag
``evalsuite.key``.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.errors import ExtraMissing, UserError
from evalsuite.integrations.mlflow_content import Content, parent_content, system_contents
from evalsuite.integrations.reaching import check_reachable
from evalsuite.reporting.formats import ReportOptions, write_reports
from evalsuite.reporting.plain import one_line
from evalsuite.store import Run

if TYPE_CHECKING:
    from mlflow import MlflowClient

KEY = "evalsuite.key"
MOST_METRICS, MOST_OTHERS = 1000, 100
"""What MLflow takes at a time."""
Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, kw_only=True)
class MlflowExport:
    """Where a run went: the experiment, the run of the whole, and a run for each system by name.

    ``outcomes`` says of each, the whole under "", whether it was new, had changed, or was there.
    """

    tracking_uri: str
    experiment_id: str
    run_id: str
    run_ids: Mapping[str, str]
    outcomes: Mapping[str, Outcome]


def export_to_mlflow(
    run: Run,
    *,
    tracking_uri: str | None = None,
    experiment: str | None = None,
    tables: bool = False,
) -> MlflowExport:
    """Log ``run`` to MLflow.

    Args:
        run: a finished run.
        tracking_uri: a server (http or https), or a store that the installed MLflow can open; None
            takes what MLflow itself is set to (``MLFLOW_TRACKING_URI``).
        experiment: the MLflow experiment, made where there is none; None takes the run's name.
        tables: also upload the run's Parquet tables, which hold every prompt and answer.

    Raises:
        ExtraMissing: MLflow is not installed.
        UserError: nothing answers at the address, or the store refuses; in one line.
    """
    try:
        import mlflow
    except ImportError:
        raise ExtraMissing("mlflow-skinny", "mlflow", "Exporting to MLflow") from None
    uri = tracking_uri or mlflow.get_tracking_uri()
    if uri.startswith(("http://", "https://")):
        check_reachable(uri, option="--tracking-uri")
    summary = summarise(run)
    parent = parent_content(summary)
    with _one_line(uri):
        client = mlflow.MlflowClient(tracking_uri=uri)
        experiment_id = _experiment(client, experiment or run.manifest.name)
        times = _milliseconds(run)
        run_id, outcome = _put(client, experiment_id, parent, times, run, {})
        outcomes: dict[str, Outcome] = {"": outcome}
        run_ids: dict[str, str] = {}
        below = {"mlflow.parentRunId": run_id}
        for content, item in zip(system_contents(summary, parent), summary.systems, strict=True):
            name = item.entry.name
            run_ids[name], outcomes[name] = _put(client, experiment_id, content, times, run, below)
        _upload(client, run_id, run, summary, tables=tables)
    return MlflowExport(
        tracking_uri=uri,
        experiment_id=experiment_id,
        run_id=run_id,
        run_ids=run_ids,
        outcomes=outcomes,
    )


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name))
    if found.lifecycle_stage != "active":
        raise UserError(f"MLflow's experiment {name!r} was deleted; restore it or name another one")
    return str(found.experiment_id)


def _milliseconds(run: Run) -> tuple[int, int]:
    """When ``run`` began and ended, as MLflow counts."""
    started = run.manifest.started_at
    return round(1000 * started), round(1000 * (run.manifest.finished_at or started))


def _put(
    client: MlflowClient,
    experiment_id: str,
    content: Content,
    times: tuple[int, int],
    run: Run,
    above: Mapping[str, str],
) -> tuple[str, Outcome]:
    """Make the MLflow run of ``content``, or bring it up to date where it is there."""
    from mlflow.entities import Metric, Param, RunTag

    started, ended = times
    tags = {**content.tags, **above, KEY: content.key}
    found = client.search_runs(
        [experiment_id], filter_string=f"tags.`{KEY}` = '{content.key}'", max_results=1
    )
    if found:
        run_id, data = found[0].info.run_id, found[0].data
        metrics = {k: v for k, v in content.metrics.items() if data.metrics.get(k) != v}
        tags = {k: v for k, v in tags.items() if data.tags.get(k) != v}
        params = {k: v for k, v in content.params.items() if k not in data.params}
        outcome: Outcome = "updated" if metrics or tags or params else "unchanged"
        measured = time.time_ns() // 1_000_000  # the latest of a metric's values is shown
    else:
        made = client.create_run(
            experiment_id, start_time=started, run_name=content.name, tags=tags
        )
        run_id, tags = made.info.run_id, {}
        metrics, params = dict(content.metrics), dict(content.params)
        outcome, measured = "created", ended
    for some in _some(metrics.items(), MOST_METRICS):
        client.log_batch(run_id, metrics=[Metric(k, v, measured, 0) for k, v in some])
    for some in _some(params.items(), MOST_OTHERS):
        client.log_batch(run_id, params=[Param(k, v) for k, v in some])
    for some in _some(tags.items(), MOST_OTHERS):
        client.log_batch(run_id, tags=[RunTag(k, v) for k, v in some])
    if outcome != "unchanged":
        status = "FINISHED" if run.manifest.complete else "KILLED"
        with redirect_stdout(io.StringIO()):  # it prints addresses, and stdout is for results
            client.set_terminated(run_id, status, end_time=ended)
    return run_id, outcome


def _upload(client: MlflowClient, run_id: str, run: Run, summary: Summary, *, tables: bool) -> None:
    """The report in its formats, the manifest and, where wanted, the tables."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("report.html", "report.md", "figures.csv", "summary.json")
        write_reports(run, [Path(folder, name) for name in names], ReportOptions(), summary)
        for name in names:
            client.log_artifact(run_id, str(Path(folder, name)))
    client.log_artifact(run_id, str(run.path / "manifest.json"))
    if tables:
        for file in sorted(run.path.glob("*.parquet")):
            client.log_artifact(run_id, str(file), "tables")


def _some(items: Any, most: int) -> Iterator[list[tuple[str, Any]]]:
    stream = iter(items)
    while chunk := list(islice(stream, most)):
        yield chunk


@contextmanager
def _one_line(uri: str) -> Iterator[None]:
    """Turn what MLflow refuses into one line that says what to do."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        text = str(error)
        if "MLFLOW_ALLOW_FILE_STORE" in text:
            raise UserError(
                f"{uri}: MLflow keeps runs in files only if MLFLOW_ALLOW_FILE_STORE=true is set"
            ) from None
        if "unsupported URI" in text or "No module named" in text:
            raise UserError(
                f"{uri}: mlflow-skinny opens no database; pip install mlflow, or give the "
                "--tracking-uri of a server"
            ) from None
        raise UserError(f"MLflow at {uri}: {one_line(text, 400)}") from None
    except ModuleNotFoundError as error:
        raise UserError(f"{uri}: this store of MLflow's needs {error.name}") from None
