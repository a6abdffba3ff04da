"""What a task needs, of the machine and of data, is seen to before anything is asked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import evalsuite
from evalsuite import api
from evalsuite.errors import UserError
from evalsuite.reporting.dry_run import dry_run_json
from evalsuite.running.events import Event
from tests.datasets.file_server import file_server

TASK = """
from evalsuite.errors import UserError
from evalsuite.records import Sample, Score
from evalsuite.task import Task


def ready():
    raise UserError("no abacus on this machine")


TASK = Task(
    name="mine/abacus", family="mine", summary="counts", ready=ready,
    samples=lambda split: [Sample(id="1", inputs={}, target="1")],
    prompt=lambda sample: "How many?",
    score=lambda sample, answer: [Score(name="same", value=1.0)],
    success="same",
)
"""


def test_a_run_stops_before_it_has_a_folder(tmp_path: Path) -> None:
    (tmp_path / "abacus.py").write_text(TASK)
    content = api.ad_hoc([str(tmp_path / "abacus.py")], ["embedded/pico"])
    with pytest.raises(UserError, match=r"^task mine/abacus: no abacus on this machine$"):
        evalsuite.run(content, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_dry_run_says_it_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "abacus.py").write_text(TASK)
    planned = api.plan(api.ad_hoc([str(tmp_path / "abacus.py")], ["embedded/pico"]))
    assert planned.unready == ("mine/abacus: no abacus on this machine",)
    assert planned.rows[0].samples == 1
    assert '"mine/abacus: no abacus on this machine"' in dry_run_json(planned)


FETCHED = """
from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Sample, Score
from evalsuite.task import Task

FILE = DataFile(path="toy/rows.jsonl", sha256={sha256!r}, url={url!r})
DATA = Dataset(name="toy", licence="CC0-1.0", source="here", files={{"test": FILE}})
TASK = Task(
    name="mine/fetched", family="mine", summary="fetched", data=(DATA,),
    samples=lambda split: [
        Sample(id=str(row["n"]), inputs={{}}, target="x") for row in DATA.rows("test")
    ],
    prompt=lambda sample: "What?",
    score=lambda sample, answer: [Score(name="same", value=1.0)],
    success="same", max_output_tokens=1,
)
"""


def test_a_run_tells_the_licence_before_it_fetches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path / "mirror"))
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EVALSUITE_OFFLINE", raising=False)
    content = b'{"n": 1}\n'
    (tmp_path / "said.jsonl").write_text('{"id": "1", "said": "x"}\n')
    with file_server(content) as server:
        sha256 = hashlib.sha256(content).hexdigest()
        (tmp_path / "own.py").write_text(FETCHED.format(sha256=sha256, url=server.url))
        recorded = api.recorded_experiment(
            tmp_path / "said.jsonl",
            tasks=[str(tmp_path / "own.py")],
            by={"sample_id": "id"},
            answers={"said": "said"},
        )
        events: list[Event] = []
        evalsuite.run(recorded, out=tmp_path / "run", tell=events.append)
        evalsuite.run(recorded, out=tmp_path / "again", tell=events.append)
        notes = [event.text for event in events if event.kind == "note"]
        expected = f"fetching toy/rows.jsonl (toy, licence CC0-1.0) from {server.url}"
        assert notes == [expected]
        assert len(server.requests) == 1
