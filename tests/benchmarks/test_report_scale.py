from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

import evalsuite
from evalsuite.store import COLUMNS

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("report_scale")


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("large_run")


def test_the_made_up_run_is_one_that_evalsuite_reads(large: Any, tmp_path: Path) -> None:
    rows = large.write_run(tmp_path / "run", n_samples=30)
    run = evalsuite.load(tmp_path / "run")
    assert {name: len(getattr(run, name)) for name in rows} == rows
    assert all(list(getattr(run, name).columns) == list(COLUMNS[name]) for name in rows)
    assert rows["responses"] == 10 * 5 * 30 and rows["scores"] == 10 * 7 * 30
    assert run.responses["key"].is_unique
    summary = evalsuite.summarise(run)
    assert len(summary.systems) == 10 and len(summary.tasks) == 50
    # Dearer models are right more often, and the one without a price is not on the front.
    order = {item.entry.name: item.figures.success_rate for item in summary.systems}
    assert order["nano"].value < order["medium"].value < order["largest"].value
    assert summary.system("own-endpoint").figures.usd is None
    cascade = summary.system("cascade").hybrid
    assert cascade is not None and 0.3 < cascade.escalation.value < 0.6
    assert "cascade" in summary.against_members


def test_one_size_and_seed_are_one_run(large: Any, tmp_path: Path) -> None:
    for name in ("one", "again"):
        large.write_run(tmp_path / name, n_samples=10, seed=3)
    one, again = ((tmp_path / name / "calls.parquet").read_bytes() for name in ("one", "again"))
    assert one == again


def test_every_row_is_measured(scale: Any, large: Any, tmp_path: Path) -> None:
    large.write_run(tmp_path / "run", n_samples=10)
    found = scale.measure(tmp_path / "run", tmp_path, 1)
    assert set(found) == set(scale.ORDER)
    for (taken,) in found.values():
        assert 0 < taken.cpu_seconds < 120 and 20 < taken.peak_mib < 2000
    assert (tmp_path / "report.html").stat().st_size > 10_000
    lines = scale.table(found).splitlines()
    assert [line[:28].strip() for line in lines[1:]] == list(scale.ORDER)


def test_a_program_that_fails_is_no_measurement(scale: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with 2"):
        scale.taken(scale.inner("nonsense", tmp_path))


def test_check_names_what_falls_short(scale: Any) -> None:
    def took(seconds: float, cpu: float, mib: float) -> list[Any]:
        slow = scale.Taken(seconds=seconds + 9, cpu_seconds=cpu + 9, peak_mib=mib + 9)
        return [slow, scale.Taken(seconds=seconds, cpu_seconds=cpu, peak_mib=mib)]

    found = {
        scale.REPORT: took(31.0, 40.0, 2100.0),
        scale.LOAD: took(5.0, 14.0, 3000.0),
        scale.TOUCH: took(0.6, 0.4, 80.0),
        scale.PEER: took(9.0, 10.0, 3000.0),
    }
    assert scale.shortfalls(found) == [
        "the report took 31.0 s, target 30 s",
        "the report took 2100 MiB, target 2048 MiB",
        "loading all tables took 1.40 times the CPU of pandas, target 1.3",
        "loading without a table took 0.60 s, target 0.5 s",
    ]
    found[scale.REPORT], found[scale.LOAD] = took(30.0, 40.0, 2048.0), took(5.0, 13.0, 3000.0)
    found[scale.TOUCH] = took(0.5, 0.4, 80.0)
    assert scale.shortfalls(found) == []
