"""NVML through a module in the place of pynvml; no machine here has a GPU."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from evalsuite.systems.energy.counters import CounterLost
from evalsuite.systems.energy.nvml import NvmlEnergy, SampledPower, nvml_counter, nvml_counters
from tests.systems.energy.machine import Clock, NVMLError, fake_nvml, unsupported

FIRST = "11111111-2222-3333-4444-555555555555"
SECOND = "66666666-7777-8888-9999-000000000000"


def gpu(uuid: str, mj: Any = lambda: 1_000, mw: Any = lambda: 55_000) -> SimpleNamespace:
    return SimpleNamespace(uuid=f"GPU-{uuid}", mj=mj, mw=mw)


@pytest.fixture
def torch_sees_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA_VISIBLE_DEVICES=1: what torch calls cuda:0 is NVML's second."""
    cuda = SimpleNamespace(
        is_available=lambda: True,
        get_device_properties=lambda index: SimpleNamespace(uuid=[SECOND][index]),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))


@pytest.mark.usefixtures("torch_sees_the_second")
def test_a_gpu_is_found_by_its_id_and_not_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter([20_000_000, 20_000_000, 20_055_000])
    nvml = fake_nvml(gpu(FIRST), gpu(SECOND, mj=lambda: next(counted)))
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    (counter,) = nvml_counter("cuda:0").counters
    assert counter.name == "NVML GPU 1" and not counter.sampled
    assert [counter.joules(), counter.joules()] == [20_000.0, 20_055.0]  # millijoules
    counter.close()


@pytest.mark.usefixtures("torch_sees_the_second")
def test_an_old_gpu_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    old = gpu(SECOND, mj=unsupported)
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(gpu(FIRST), old))
    found = nvml_counter("cuda:0")
    (counter,) = found.counters
    try:
        assert counter.sampled and "sampled, an estimate" in found.problem
    finally:
        counter.close()
    old.mw = unsupported
    assert nvml_counter("cuda:0").counters == ()
    assert "neither its energy nor its power" in nvml_counter("cuda:0").problem


def test_sampled_power_is_summed_by_trapezoids() -> None:
    clock, watts = Clock(), iter([50_000, 150_000, 150_000])
    old = gpu(FIRST, mw=lambda: next(watts))
    counter = SampledPower(fake_nvml(old), old, "NVML GPU 0", clock, every_seconds=3600)
    clock.sleep(2.0)
    assert counter.joules() == 200.0  # (50 + 150) / 2 W x 2 s
    clock.sleep(1.0)
    assert counter.joules() == 350.0
    counter.close()


def test_the_thread_samples_by_itself_and_a_lost_gpu_is_told() -> None:
    old = gpu(FIRST)
    counter = SampledPower(fake_nvml(old), old, "NVML GPU 0", every_seconds=0.001)
    old.mw = unsupported
    counter._thread.join(timeout=10)
    with pytest.raises(CounterLost, match="Not Supported"):
        counter.joules()
    counter.close()


@pytest.mark.usefixtures("torch_sees_the_second")
def test_what_cannot_be_found_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(gpu(FIRST)))
    assert "does not know cuda:0: Not Found" in nvml_counter("cuda:0").problem
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "which GPU cuda:0 is" in nvml_counter("cuda:0").problem
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert nvml_counter("cuda:0").remedy == "pip install 'evalsuite[energy]'"


def test_the_library_of_this_machine_answers_or_is_named() -> None:
    pytest.importorskip("pynvml", reason="nvidia-ml-py is not installed")
    found = nvml_counters()
    assert found.counters or "no NVML library answers" in found.problem
    for counter in found.counters:
        counter.close()


def test_all_gpus_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(gpu(FIRST), gpu(SECOND)))
    assert [counter.name for counter in nvml_counters().counters] == ["NVML GPU 0", "NVML GPU 1"]
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml())
    assert nvml_counters().problem == "NVML lists no GPU"


def test_a_counter_that_stops_answering_is_lost() -> None:
    one = gpu(FIRST)
    counter = NvmlEnergy(fake_nvml(one), one, "NVML GPU 0")

    def gone() -> int:
        raise NVMLError("GPU is lost")

    one.mj = gone
    with pytest.raises(CounterLost, match="NVML GPU 0: GPU is lost"):
        counter.joules()
