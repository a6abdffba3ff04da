"""Energy and size of real runs: estimated where nothing counts, counted where something does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evalsuite
from evalsuite.embedded import model_path
from evalsuite.systems.energy import meter, rapl
from tests.systems.energy.machine import domain

pytest.importorskip("torch", reason="needs the extra hf")
pytest.importorskip("sklearn", reason="needs the extra classical")

SYSTEMS: dict[str, Any] = {
    "nano": "embedded/nano",
    "linear": "classical/logistic_regression",
    "stated": {
        "backend": "classical",
        "model": "majority",
        "watts": 20,
        "usd_per_kwh": 0.3,
        "grams_co2e_per_kwh": 400,
    },
    "cascade": {"hybrid": "cascade", "tiers": ["linear", "nano"], "threshold": 0.9},
}
EXPERIMENT: dict[str, Any] = {
    "name": "energy",
    "tasks": ["tabular/rows", "reasoning/arithmetic"],
    "systems": SYSTEMS,
    "limit": 6,
    "train_limit": 60,
}


@pytest.fixture
def no_counters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rapl, "POWERCAP", tmp_path / "no-powercap")


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A powercap tree whose package takes 20 W, or so, as long as the test goes on."""
    file = domain(tmp_path / "powercap", "intel-rapl:0", "package-0", 5_000_000)
    monkeypatch.setattr(rapl, "POWERCAP", tmp_path / "powercap")
    monkeypatch.setattr(meter, "REST_SECONDS", 0.2)
    over, began = threading.Event(), time.perf_counter()

    def count() -> None:
        while not over.wait(0.001):
            part = file.with_name("part")
            part.write_text(str(5_000_000 + int(20e6 * (time.perf_counter() - began))))
            os.replace(part, file)

    thread = threading.Thread(target=count)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.usefixtures("no_counters")
def test_without_counters_energy_is_assumed_and_says_so(tmp_path: Path) -> None:
    done = evalsuite.run(EXPERIMENT, out=tmp_path / "run")
    calls = done.calls[done.calls.phase == "answer"].set_index("system")
    nano, stated = calls.loc["nano"], calls.loc["stated"]
    assert nano.joules_basis.unique().tolist() == [
        "assumed: 3.5 W a busy vCPU (Cloud Carbon Footprint, AWS average) x 1 x machine seconds"
    ]
    assert nano.joules.tolist() == pytest.approx((3.5 * nano.machine_seconds).tolist())
    assert nano.idle_joules.tolist() == pytest.approx((0.74 * nano.machine_seconds).tolist())
    assert stated.joules_basis.unique().tolist() == ["estimated: 20 W stated x machine seconds"]
    assert stated.usd.tolist() == pytest.approx((stated.joules / 3.6e6 * 0.3).tolist())
    assert stated.usd_basis.unique().tolist() == ["kwh"] and stated.idle_joules.isna().all()
    cascade = calls.loc["cascade"].groupby("response_key").joules.sum()
    whole = done.responses.set_index("key").joules.loc[cascade.index]
    assert whole.tolist() == pytest.approx(cascade.tolist())
    assert done.manifest.idle_power == ()
    fit = done.fits.set_index("system").usd["stated"]
    assert fit is not None and fit > 0


@pytest.mark.usefixtures("no_counters")
def test_what_models_take_up_is_in_the_manifest(tmp_path: Path) -> None:
    done = evalsuite.run(EXPERIMENT, out=tmp_path / "run")
    found = {item.system: item for item in done.manifest.footprints}
    assert set(found) == {"nano", "linear", "stated"}, "a hybrid has none of its own"
    nano = found["nano"].size
    assert found["nano"].where == "here" and nano is not None and nano.parameters is not None
    weights = model_path("nano") / "model.safetensors"
    assert nano.disk_bytes == weights.stat().st_size
    assert (nano.ram_bytes or 0) >= 4 * nano.parameters, "float32 in memory"
    assert (nano.ram_bytes or 0) < 200 * 2**20 < (nano.process_bytes or 0)
    assert nano.vram_bytes is None and nano.ram_basis.startswith("weights + ")
    linear = found["linear"].size
    assert linear is not None and linear.disk_basis == "what was learnt, pickled"
    assert 100 < (linear.disk_bytes or 0) < 10**6 and linear.parameters is None


@pytest.mark.usefixtures("no_counters")
def test_a_session_that_asks_nothing_forgets_no_size(tmp_path: Path) -> None:
    first = evalsuite.run(EXPERIMENT, out=tmp_path / "run")
    again = evalsuite.run(EXPERIMENT, out=tmp_path / "run")
    assert again.manifest.sessions == 2
    sizes = [
        {item.system: item.size for item in done.manifest.footprints} for done in (first, again)
    ]
    for system in ("nano", "linear"):
        before, after = sizes[0][system], sizes[1][system]
        assert before is not None and after is not None
        assert (after.ram_bytes, after.disk_bytes) == (before.ram_bytes, before.disk_bytes)
    joules = [done.responses.set_index("key").joules.sort_index() for done in (first, again)]
    assert joules[0].equals(joules[1]), "a reused answer keeps what it took"


@pytest.mark.usefixtures("counting")
def test_where_a_counter_is_it_is_read_and_never_zero(tmp_path: Path) -> None:
    done = evalsuite.run(EXPERIMENT, out=tmp_path / "run")
    refused = done.calls[done.calls.status == "error"]
    assert set(refused.joules_basis) == {"nothing was computed"} and not refused.joules.any()
    assert set(refused.error_kind) == {"not_learnable"}
    calls = done.calls[done.calls.status == "ok"]
    assert set(calls.joules_basis) == {"measured: RAPL package-0"}, "though watts are stated"
    assert (calls.joules > 0).all() and (calls.idle_joules > 0).all()
    (idle,) = done.manifest.idle_power
    assert idle.counter == "RAPL package-0" and (idle.watts or 0) > 0
    least = (idle.watts or 0) * calls.machine_seconds
    assert (calls.idle_joules >= 0.999 * least).all(), "the window is around the work"


@pytest.mark.usefixtures("no_counters")
def test_the_first_token_of_a_local_model_has_a_time(tmp_path: Path) -> None:
    done = evalsuite.run(EXPERIMENT, out=tmp_path / "run")
    calls = done.calls[done.calls.system == "nano"].set_index("task")
    written = calls.loc["reasoning/arithmetic"]
    assert (written.first_token_seconds > 0).all()
    assert (written.first_token_seconds <= written.service_seconds).all()
    assert calls.loc["tabular/rows"].first_token_seconds.isna().all(), "choices have no tokens"
