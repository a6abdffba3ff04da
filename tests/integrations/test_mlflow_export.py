from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.summary import summarise
from evalsuite.cli import main
from evalsuite.errors import ExtraMissing, UserError
from evalsuite.integrations.mlflow_content import legal_keys
from evalsuite.integrations.mlflow_export import MlflowExport, export_to_mlflow
from evalsuite.store import Run
from tests.integrations.conftest import Start

mlflow = pytest.importorskip("mlflow", reason="needs mlflow-skinny")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


def exported(run: Run, folder: Path, **options: Any) -> tuple[Any, MlflowExport]:
    uri = (folder / "mlruns").as_uri()
    done = export_to_mlflow(run, tracking_uri=uri, **options)
    return mlflow.MlflowClient(tracking_uri=uri), done


def test_every_system_is_a_run_below_that_of_the_whole(written: Run, tmp_path: Path) -> None:
    client, done = exported(written, tmp_path, experiment="mine")
    assert client.get_experiment(done.experiment_id).name == "mine"
    whole = client.get_run(done.run_id)
    assert whole.info.run_name == "by-hand" and whole.info.status == "FINISHED"
    assert whole.info.start_time == 1_700_000_000_000
    assert whole.data.params["tasks"] == '["t"]'
    assert "mlflow.note.content" in whole.data.tags
    assert set(done.run_ids) == {"small", "api", "both"}
    assert set(done.outcomes.values()) == {"created"}
    for name, run_id in done.run_ids.items():
        run = client.get_run(run_id)
        assert run.info.run_name == name
        assert run.data.tags["mlflow.parentRunId"] == done.run_id
        assert run.data.tags["evalsuite.fingerprint"] == "e" * 16


def test_metrics_are_the_figures_that_are_known(written: Run, tmp_path: Path) -> None:
    client, done = exported(written, tmp_path)
    summary = summarise(written)
    small, api = (client.get_run(done.run_ids[name]).data for name in ("small", "api"))
    figures = summary.system("small").figures
    assert figures.success_rate is not None and figures.usd_per_success is not None
    assert small.metrics["success_rate"] == figures.success_rate.value == 0.75
    assert small.metrics["success_rate.low"] == figures.success_rate.low
    assert small.metrics["usd_per_success"] == pytest.approx(0.004 / 3)
    assert small.metrics["tasks/t/success_rate"] == 0.75
    assert small.metrics["tasks/t/exact"] == 0.75
    assert small.metrics["latency.p50"] == pytest.approx(0.1)
    assert small.params["price.usd_per_machine_hour"] == "0.1"
    assert small.params["fingerprint"] == "f" * 16
    assert api.metrics["n_system_errors"] == 1
    assert api.params["config.base_url"] == "http://models.example:8000/v1"
    for unknown in ("usd", "usd_per_success", "input_tokens"):
        assert unknown not in api.metrics
    assert "joules" not in small.metrics


def test_an_infinite_figure_is_named_and_no_number(written: Run, tmp_path: Path) -> None:
    responses, scores = written.responses.copy(), written.scores.copy()
    responses["success"] = responses["success"].where(responses["success"].isna(), False)
    scores["value"] = 0.0
    client, done = exported(written.with_frames(responses=responses, scores=scores), tmp_path)
    data = client.get_run(done.run_ids["small"]).data
    assert data.metrics["success_rate"] == 0.0
    assert "usd_per_success" not in data.metrics
    assert "usd_per_success" in data.tags["evalsuite.infinite"].split(", ")


def test_the_report_and_the_manifest_are_artifacts(written: Run, tmp_path: Path) -> None:
    client, done = exported(written, tmp_path, tables=True)
    names = {item.path for item in client.list_artifacts(done.run_id)}
    assert names == {
        *("report.html", "report.md", "figures.csv", "summary.json", "manifest.json", "tables")
    }
    tables = {item.path for item in client.list_artifacts(done.run_id, "tables")}
    assert "tables/responses.parquet" in tables
    kept = client.download_artifacts(done.run_id, "manifest.json", str(tmp_path))
    assert json.loads(Path(kept).read_text())["name"] == "by-hand"


def test_exporting_again_changes_what_has_changed_and_copies_nothing(
    written: Run, tmp_path: Path
) -> None:
    client, first = exported(written, tmp_path)
    _, second = exported(written, tmp_path)
    assert second.run_ids == first.run_ids and second.run_id == first.run_id
    assert set(second.outcomes.values()) == {"unchanged"}
    responses = written.responses.copy()
    responses.loc[responses["system"] == "small", "usd"] = 0.0001
    _, third = exported(written.with_frames(responses=responses), tmp_path)
    assert third.run_ids == first.run_ids
    assert third.outcomes["small"] == "updated"
    data = client.get_run(first.run_ids["small"]).data
    assert data.metrics["usd"] == pytest.approx(0.0004)  # less than before, and the latest
    assert len(client.search_runs([first.experiment_id])) == 4


def test_another_configuration_is_another_run(written: Run, tmp_path: Path) -> None:
    client, first = exported(written, tmp_path)
    dearer = [
        msgspec.structs.replace(entry, price={"usd_per_machine_hour": 9.0})
        if entry.name == "small"
        else entry
        for entry in written.manifest.systems
    ]
    manifest = msgspec.structs.replace(written.manifest, systems=tuple(dearer))
    _, second = exported(replace(written, manifest=manifest), tmp_path)
    assert second.run_id == first.run_id
    assert second.run_ids["api"] == first.run_ids["api"]
    assert second.run_ids["small"] != first.run_ids["small"]
    assert client.get_run(first.run_ids["small"]).data.params["price.usd_per_machine_hour"] == "0.1"


def test_a_server_gets_the_same_as_a_store(written: Run, tmp_path: Path, start: Start) -> None:
    server = start("mlflow_tracking.py")
    done = export_to_mlflow(written, tracking_uri=server.address)
    again = export_to_mlflow(written, tracking_uri=server.address)
    assert set(done.outcomes.values()) == {"created"}
    assert set(again.outcomes.values()) == {"unchanged"} and again.run_ids == done.run_ids
    state = server.get("/state")
    assert list(state["experiments"]) == ["by-hand"] and len(state["runs"]) == 4
    client, local = exported(written, tmp_path)
    for name, run_id in done.run_ids.items():
        sent, kept = state["runs"][run_id], client.get_run(local.run_ids[name]).data
        assert sent["status"] == "FINISHED"
        assert sent["params"] == kept.params
        assert {k: v[-1]["value"] for k, v in sent["metrics"].items()} == kept.metrics
    folder = f"{done.experiment_id}/{done.run_id}/artifacts"
    assert state["artifacts"][f"{folder}/report.html"] > 10_000


@given(st.lists(st.text(min_size=1), unique=True, max_size=8))
def test_any_name_becomes_a_legal_key_and_no_two_the_same(names: list[str]) -> None:
    from mlflow.utils.validation import _validate_metric, _validate_param

    keys = legal_keys(names)
    assert len(set(keys.values())) == len(names)
    for key in keys.values():
        _validate_metric(key, 1.0, 0, 0)
        _validate_param(key, "x")


def test_legal_names_are_kept() -> None:
    names = ["success_rate", "tasks/reasoning/gsm8k/latency.p95", "a b-c"]
    assert legal_keys(names) == {name: name for name in names}
    assert legal_keys(["gsm8k@5-shot"])["gsm8k@5-shot"].startswith("gsm8k_5-shot_")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://127.0.0.1:9", "nothing answers there"),
        ("sqlite:///x.db", "pip install mlflow"),
        ("nonsense://x", "nonsense"),
    ],
)
def test_a_store_that_cannot_be_used_is_one_line(written: Run, uri: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        export_to_mlflow(written, tracking_uri=uri)
    assert "\n" not in str(refused.value)


def test_a_file_store_needs_mlflows_consent(
    written: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE")
    with pytest.raises(UserError, match="MLFLOW_ALLOW_FILE_STORE=true"):
        exported(written, tmp_path)


def test_a_missing_extra_is_named(written: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ExtraMissing, match=r"evalsuite\[mlflow\]"):
        export_to_mlflow(written)


def test_the_command_line(
    written: Run,
    tmp_path: Path,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", start("mlflow_tracking.py").address)

    def evalsuite(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        return code, *capsys.readouterr()

    code, said, _ = evalsuite("export", "mlflow", "run")
    assert code == 0 and said.startswith("exported: run to MLflow run ")
    assert "(4 created)" in said and len(said.splitlines()) == 1
    _, said, _ = evalsuite("export", "otel", "run", "--out", "traces/x.jsonl")
    assert said == "exported: 12 traces of 32 spans to traces/x.jsonl\n"
    code, _, problem = evalsuite("export", "otel", "run", "--out", "x", "--endpoint", "http://y")
    assert code == 2 and problem == "evalsuite: --endpoint or --out, not both\n"
